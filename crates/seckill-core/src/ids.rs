//! Reservation ids, and where each reservation stands in the table.

use std::collections::BTreeMap;
use std::fmt;

/// Bits of an id below its epoch.
const NUMBER_BITS: u32 = 32;

/// A sale's reservation id: `epoch × 2^32 + number`, numbers from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationId(pub u64);

impl ReservationId {
    /// The largest id: it stays positive in a signed 64-bit integer.
    pub const MAX: ReservationId = ReservationId(i64::MAX as u64);

    /// The id with this number in this epoch.
    pub fn new(epoch: u32, number: u32) -> ReservationId {
        ReservationId((u64::from(epoch) << NUMBER_BITS) | u64::from(number))
    }

    /// The epoch that gave this id out.
    pub fn epoch(self) -> u32 {
        (self.0 >> NUMBER_BITS) as u32
    }

    /// The number inside the epoch.
    pub fn number(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A reservation's place in the table, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// The two-way map between ids and slots: a few straight runs, one for each epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// First slot and first id of each run, in order of slots.
    runs: Vec<(Slot, ReservationId)>,
    /// First id of each run to its place in `runs`.
    by_id: BTreeMap<ReservationId, usize>,
    len: u32,
}

impl Ids {
    /// Number of ids.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// True when no id was given out.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The newest id.
    pub fn last(&self) -> Option<ReservationId> {
        self.len.checked_sub(1).map(|last| self.id(Slot(last)))
    }

    /// The id at `slot`, which must be below `len`.
    pub fn id(&self, slot: Slot) -> ReservationId {
        let at = self.runs.partition_point(|(first, _)| *first <= slot);
        match at.checked_sub(1).and_then(|run| self.runs.get(run)) {
            Some((first, id)) => ReservationId(id.0 + u64::from(slot.0 - first.0)),
            None => ReservationId(0),
        }
    }

    /// Where `id` stands.
    pub fn slot(&self, id: ReservationId) -> Option<Slot> {
        let (first_id, run) = self.by_id.range(..=id).next_back()?;
        let (first, _) = self.runs.get(*run)?;
        let offset = u32::try_from(id.0 - first_id.0).ok()?;
        (offset < self.run_len(*run)).then(|| Slot(first.0 + offset))
    }

    /// Puts `id` at the next slot. Ids must not repeat.
    pub fn push(&mut self, id: ReservationId) {
        if self.last().map(|last| last.0 + 1) != Some(id.0) {
            self.by_id.insert(id, self.runs.len());
            self.runs.push((Slot(self.len), id));
        }
        self.len += 1;
    }

    /// At most `count` ids from `from` on, ascending.
    pub fn range(&self, from: ReservationId, count: usize) -> Vec<ReservationId> {
        let first_run = self.by_id.range(..=from).next_back().map_or(from, |(first, _)| *first);
        let ids = self.by_id.range(first_run..).flat_map(|(first, run)| {
            let end = first.0 + u64::from(self.run_len(*run));
            (first.0.max(from.0)..end).map(ReservationId)
        });
        ids.take(count).collect()
    }

    /// The runs as (first id, length), in order of slots: what is written to disk.
    pub fn runs(&self) -> impl Iterator<Item = (ReservationId, u32)> + '_ {
        self.runs.iter().enumerate().map(|(run, (_, first))| (*first, self.run_len(run)))
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.runs.capacity() * size_of::<(Slot, ReservationId)>() + self.by_id.len() * 24
    }

    fn run_len(&self, run: usize) -> u32 {
        let first = self.runs.get(run).map_or(self.len, |(slot, _)| slot.0);
        let end = self.runs.get(run + 1).map_or(self.len, |(slot, _)| slot.0);
        end - first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_later_epochs_keep_their_slots() {
        let mut ids = Ids::default();
        let given = [(0, 1), (0, 2), (3, 1), (3, 2), (3, 3), (7, 1)].map(|(e, n)| ReservationId::new(e, n));
        given.iter().for_each(|id| ids.push(*id));
        for (slot, id) in given.iter().enumerate() {
            assert_eq!(ids.id(Slot(slot as u32)), *id);
            assert_eq!(ids.slot(*id), Some(Slot(slot as u32)));
        }
        for absent in [(0, 0), (0, 3), (2, 1), (3, 4), (7, 2), (9, 1)] {
            assert_eq!(ids.slot(ReservationId::new(absent.0, absent.1)), None, "{absent:?}");
        }
        assert_eq!(ids.range(ReservationId::new(0, 2), 3), given[1..4].to_vec());
        assert_eq!(ids.range(ReservationId::new(4, 0), 9), given[5..].to_vec());
        assert_eq!(ids.range(ReservationId(0), 99), given.to_vec());
    }

    #[test]
    fn an_adopted_id_below_the_newest_epoch_is_listed_in_its_place() {
        let mut ids = Ids::default();
        for (e, n) in [(0, 1), (2, 1), (0, 9), (2, 2)] {
            ids.push(ReservationId::new(e, n));
        }
        assert_eq!(ids.slot(ReservationId::new(0, 9)), Some(Slot(2)));
        let all: Vec<_> = ids.range(ReservationId(0), 9).iter().map(|id| (id.epoch(), id.number())).collect();
        assert_eq!(all, [(0, 1), (0, 9), (2, 1), (2, 2)]);
    }

    #[test]
    fn a_long_run_is_listed_to_its_end() {
        let mut ids = Ids::default();
        (1..=2_000).for_each(|number| ids.push(ReservationId(number)));
        assert_eq!(ids.range(ReservationId(0), usize::MAX).len(), 2_000);
        assert_eq!(ids.range(ReservationId(1_500), usize::MAX).len(), 501);
    }
}
