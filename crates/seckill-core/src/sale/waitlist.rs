//! Who waits, in the order in which they came, and how long units are gathered for whoever is first.

use std::collections::BTreeMap;

use crate::bounds::DURATION_MS_MAX;
use crate::ids::Slot;
use crate::time::Timestamp;

/// Slots of a block.
const BLOCK_SLOTS: u32 = 1024;
const WORD_BITS: u32 = 64;
const WORDS: usize = (BLOCK_SLOTS / WORD_BITS) as usize;
/// The patience is doubled so often at most.
const PASSED_MAX: u8 = 20;

/// The reservations that wait. Slots are given in the order in which reservations are made, so the line is a set.
#[derive(Clone, Debug, Default)]
pub struct WaitList {
    blocks: BTreeMap<u32, Block>,
    len: u64,
    /// Reservations that wait, or are offered units, of users who have earlier ones; by the user's first.
    repeats: BTreeMap<Slot, Slot>,
    patience: Patience,
}

/// Who of a block waits: a bit a slot.
#[derive(Clone, Debug, Default)]
struct Block {
    bits: [u64; WORDS],
    len: u32,
}

/// Units come back one by one, and the first in line wants several: they are gathered for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Who is first.
    head: Option<Slot>,
    /// While units are there that are too few for the first: until when they are kept for it.
    pub(crate) until: Option<Timestamp>,
    /// How often others passed: each doubles how long units are gathered the next time.
    pub(crate) passed: u8,
}

impl WaitList {
    /// Number of those who wait.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True if nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True if nobody waits, and nothing is remembered of whoever did.
    pub(super) fn is_idle(&self) -> bool {
        self.is_empty() && self.patience == Patience::default()
    }

    /// The first in line.
    pub fn first(&self) -> Option<Slot> {
        self.iter().next()
    }

    /// All of the line, in order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.blocks
            .iter()
            .flat_map(|(at, block)| block.iter().map(move |offset| Slot(*at * BLOCK_SLOTS + offset)))
    }

    /// The place of `slot` in the line, from 1; 0 if it does not wait.
    pub fn position(&self, slot: Slot) -> u64 {
        let (at, offset) = address(slot);
        let Some(block) = self.blocks.get(&at).filter(|block| block.has(offset)) else { return 0 };
        let before: u64 = self.blocks.range(..at).map(|(_, block)| u64::from(block.len)).sum();
        before + block.rank(offset)
    }

    /// Puts `slot` into the line.
    pub(super) fn add(&mut self, slot: Slot) {
        let (at, offset) = address(slot);
        let block = self.blocks.entry(at).or_default();
        if block.set(offset) {
            self.len += 1;
        }
    }

    /// Takes `slot` out of the line.
    pub(super) fn remove(&mut self, slot: Slot) {
        let (at, offset) = address(slot);
        let Some(block) = self.blocks.get_mut(&at) else { return };
        if block.clear(offset) {
            self.len -= 1;
        }
        if block.len == 0 {
            self.blocks.remove(&at);
        }
    }

    /// The reservation that waits, or is offered units, of a user whose first is another.
    pub(super) fn of_repeat(&self, first: Slot) -> Option<Slot> {
        if self.repeats.is_empty() { None } else { self.repeats.get(&first).copied() }
    }

    /// A user's reservation began to wait.
    pub(super) fn enter(&mut self, first: Slot, slot: Slot) {
        if first != slot {
            self.repeats.insert(first, slot);
        }
    }

    /// A user's reservation neither waits nor is offered units any more.
    pub(super) fn leave(&mut self, first: Slot, slot: Slot) {
        if self.of_repeat(first) == Some(slot) {
            self.repeats.remove(&first);
        }
    }

    /// How long units are gathered for the first in line.
    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// Until when units are gathered for the first in line, if they are.
    pub(super) fn gathering_until(&self) -> Option<Timestamp> {
        self.patience.until
    }

    /// A change was made: somebody passed the first or not, and what is left is too little for the first or not.
    pub(super) fn turn(&mut self, at: Timestamp, offer_ms: u64, passing: Passing, lack: Lack) {
        let head = self.first();
        if head != self.patience.head {
            self.patience = Patience { head, until: None, passed: 0 };
        } else if passing == Passing::Somebody && head.is_some() {
            self.patience.passed = (self.patience.passed + 1).min(PASSED_MAX);
        }
        let ms = offer_ms.saturating_mul(1 << self.patience.passed).min(DURATION_MS_MAX);
        self.patience.until = match lack {
            Lack::None => None,
            Lack::Some => self.patience.until.or(Some(at.after(ms))),
        };
    }

    /// Takes up what was stored.
    pub(super) fn restore_patience(&mut self, stored: Patience) {
        let first = self.first().map(|_| Patience { passed: stored.passed.min(PASSED_MAX), ..stored });
        self.patience = Patience { head: self.first(), ..first.unwrap_or_default() };
    }

    /// Bytes on the heap, about.
    pub fn memory_bytes(&self) -> usize {
        self.blocks.len() * (size_of::<Block>() + 16) + self.repeats.len() * 16
    }
}

/// Did anybody get units before the first in line?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passing {
    Nobody,
    Somebody,
}

/// Are units there, but too few for the first in line?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    None,
    Some,
}

impl Patience {
    /// What was stored of it.
    pub(crate) fn stored(until: Option<Timestamp>, passed: u8) -> Patience {
        Patience { head: None, until, passed }
    }
}

impl Block {
    fn has(&self, offset: u32) -> bool {
        self.bits[(offset / WORD_BITS) as usize] >> (offset % WORD_BITS) & 1 == 1
    }

    /// True if it was not set.
    fn set(&mut self, offset: u32) -> bool {
        let new = !self.has(offset);
        self.bits[(offset / WORD_BITS) as usize] |= 1 << (offset % WORD_BITS);
        self.len += u32::from(new);
        new
    }

    /// True if it was set.
    fn clear(&mut self, offset: u32) -> bool {
        let old = self.has(offset);
        self.bits[(offset / WORD_BITS) as usize] &= !(1 << (offset % WORD_BITS));
        self.len -= u32::from(old);
        old
    }

    /// How many are set up to `offset`.
    fn rank(&self, offset: u32) -> u64 {
        let word = (offset / WORD_BITS) as usize;
        let before: u32 = self.bits[..word].iter().map(|bits| bits.count_ones()).sum();
        let upto = u64::MAX >> (WORD_BITS - 1 - offset % WORD_BITS);
        u64::from(before + (self.bits[word] & upto).count_ones())
    }

    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.bits.iter().zip(0u32..).flat_map(|(bits, word)| {
            let next = |rest: &u64| Some(rest & (rest - 1)).filter(|rest| *rest > 0);
            let rests = std::iter::successors(Some(*bits).filter(|bits| *bits > 0), next);
            rests.map(move |rest| word * WORD_BITS + rest.trailing_zeros())
        })
    }
}

fn address(slot: Slot) -> (u32, u32) {
    (slot.0 / BLOCK_SLOTS, slot.0 % BLOCK_SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_line_is_what_a_set_would_say() {
        let (mut line, mut set, mut state) = (WaitList::default(), BTreeSet::new(), 7u64);
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let slot = Slot((state >> 40) as u32 % 3_000);
            if state >> 33 & 1 == 0 {
                line.add(slot);
                set.insert(slot);
            } else {
                line.remove(slot);
                set.remove(&slot);
            }
            assert_eq!((line.len() as usize, line.first()), (set.len(), set.first().copied()));
            let position = if set.contains(&slot) { set.range(..=slot).count() as u64 } else { 0 };
            assert_eq!(line.position(slot), position);
        }
        assert!(line.iter().eq(set.iter().copied()));
        set.iter().for_each(|slot| line.remove(*slot));
        assert!(line.is_empty() && line.blocks.is_empty());
    }

    #[test]
    fn patience_doubles_with_each_who_passes_and_is_new_for_another_first() {
        let mut line = WaitList::default();
        [3, 9].into_iter().for_each(|slot| line.add(Slot(slot)));
        line.turn(Timestamp(10), 100, Passing::Nobody, Lack::Some);
        assert_eq!(line.gathering_until(), Some(Timestamp(110)));
        line.turn(Timestamp(50), 100, Passing::Nobody, Lack::Some);
        assert_eq!(line.gathering_until(), Some(Timestamp(110)), "it goes on");
        line.turn(Timestamp(120), 100, Passing::Somebody, Lack::Some);
        assert_eq!(line.gathering_until(), Some(Timestamp(110)), "others pass until nothing is left");
        line.turn(Timestamp(130), 100, Passing::Nobody, Lack::None);
        assert_eq!(line.gathering_until(), None);
        line.turn(Timestamp(200), 100, Passing::Nobody, Lack::Some);
        assert_eq!(line.gathering_until(), Some(Timestamp(400)));
        line.remove(Slot(3));
        line.turn(Timestamp(300), 100, Passing::Nobody, Lack::Some);
        assert_eq!(line.gathering_until(), Some(Timestamp(400)), "100 ms for the next one");
        for _ in 0..100 {
            line.turn(Timestamp(300), 100, Passing::Somebody, Lack::None);
        }
        line.turn(Timestamp(300), u64::MAX, Passing::Nobody, Lack::Some);
        assert_eq!(line.gathering_until(), Some(Timestamp(300 + DURATION_MS_MAX)));
    }
}
