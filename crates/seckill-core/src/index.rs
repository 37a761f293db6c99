//! A hash index of 32-bit cells that grows without a long stall.
//!
//! Extendible hashing (Fagin, Nievergelt, Pippenger, Strong 1979): a directory of small segments,
//! of which one at a time grows or splits, so no insertion ever moves more than one segment.
//! A cell holds a slot and, in the bits that the slot does not need, a tag of the hash:
//! a probe seldom looks at a key that is not the one sought. Keys stay where they are;
//! the caller compares them and hashes them again when a segment is rearranged.

use crate::ids::Slot;

/// Cells of a segment that splits instead of growing, by the quarter of the hashes that it is in.
/// All segments fill at one pace; with one size they would all split at the same time,
/// and insertions at that time would be dear. The sizes are those that allocators have.
const SEGMENT_CELLS: [usize; 4] = [512, 640, 768, 896];
/// When a segment is full, in percent of its cells, by the quarter of that quarter: for the same reason.
const FULL_PERCENT: [usize; 4] = [85, 82, 79, 76];
/// Cells of the first segment.
const FIRST_CELLS: usize = 16;
/// A segment splits only while the directory has fewer entries than one for this many slots;
/// beyond, it grows: equal hashes must not double the directory for ever.
const SLOTS_PER_ENTRY_MIN: usize = 64;
/// Bits of a slot in a new segment.
const SLOT_BITS_MIN: u32 = 12;

/// An index from hashes to slots. Slots up to 2^32 - 2; nothing is ever removed.
#[derive(Clone, Debug)]
pub struct Index {
    directory: Vec<u32>,
    depth: u32,
    segments: Vec<Segment>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Segment {
    /// 0 is empty, else `tag << slot_bits | slot + 1`.
    cells: Box<[u32]>,
    len: u32,
    depth: u8,
    slot_bits: u8,
}

impl Default for Index {
    fn default() -> Index {
        let first = Segment::new(FIRST_CELLS, 0, SLOT_BITS_MIN as u8);
        Index { directory: vec![0], depth: 0, segments: vec![first], len: 0 }
    }
}

impl Index {
    /// The slot under `hash` for which `is_it` holds.
    pub fn find(&self, hash: u64, is_it: impl Fn(Slot) -> bool) -> Option<Slot> {
        self.segments[self.segment_of(hash)].seek(hash, is_it).ok()
    }

    /// Adds `slot` under `hash`. `hash_of` gives the hash of any slot added before.
    pub fn insert(&mut self, hash: u64, slot: Slot, hash_of: impl Fn(Slot) -> u64) {
        let mut at = self.segment_of(hash);
        while self.segments[at].is_full(hash) {
            self.make_room(at, hash, &hash_of);
            at = self.segment_of(hash);
        }
        self.segments[at].insert(hash, slot);
        self.len += 1;
    }

    /// The slot under `hash` for which `is_it` holds; if there is none, adds `slot`.
    pub fn find_or_insert(
        &mut self,
        hash: u64,
        slot: Slot,
        is_it: impl Fn(Slot) -> bool,
        hash_of: impl Fn(Slot) -> u64,
    ) -> Option<Slot> {
        let at = self.segment_of(hash);
        let segment = &mut self.segments[at];
        match segment.seek(hash, is_it) {
            Ok(found) => return Some(found),
            Err(_) if segment.is_full(hash) => self.insert(hash, slot, hash_of),
            Err(free) => {
                segment.put(free, hash, slot);
                self.len += 1;
            }
        }
        None
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let cells: usize = self.segments.iter().map(|segment| segment.cells.len() * 4).sum();
        cells + self.segments.capacity() * size_of::<Segment>() + self.directory.capacity() * 4
    }

    /// Number of allocations.
    pub fn allocations(&self) -> usize {
        self.segments.len() + 2
    }

    /// Each block of cells.
    pub fn blocks_mut(&mut self) -> impl Iterator<Item = &mut Box<[u32]>> {
        self.segments.iter_mut().map(|segment| &mut segment.cells)
    }

    fn segment_of(&self, hash: u64) -> usize {
        self.directory[prefix(hash, self.depth)] as usize
    }

    fn make_room(&mut self, at: usize, hash: u64, hash_of: impl Fn(Slot) -> u64) {
        let segment = &self.segments[at];
        let entries: Vec<(u64, Slot)> = segment.slots().map(|slot| (hash_of(slot), slot)).collect();
        let sparse = (SLOTS_PER_ENTRY_MIN << segment.depth) > self.len;
        let most = SEGMENT_CELLS[prefix(hash, 2)];
        if segment.cells.len() >= most && !sparse {
            self.split(at, hash, entries);
        } else {
            let next = next_size(segment.cells.len());
            let cells = if sparse { next } else { next.min(most) };
            self.segments[at] = Segment::of(cells, segment.depth, segment.slot_bits, &entries);
        }
    }

    fn split(&mut self, at: usize, hash: u64, entries: Vec<(u64, Slot)>) {
        let most = SEGMENT_CELLS[prefix(hash, 2)];
        let old_depth = u32::from(self.segments[at].depth);
        if old_depth == self.depth {
            self.directory = self.directory.iter().flat_map(|segment| [*segment, *segment]).collect();
            self.depth += 1;
        }
        let depth = old_depth + 1;
        let sides: (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(hash, _)| prefix(*hash, depth) & 1 == 0);
        let slot_bits = self.segments[at].slot_bits;
        let [low, high] = [sides.0, sides.1]
            .map(|entries| Segment::of(size_for(entries.len(), most), depth as u8, slot_bits, &entries));
        let new = self.segments.len() as u32;
        self.segments[at] = low;
        self.segments.push(high);
        let span = 1usize << (self.depth - depth);
        let first = ((prefix(hash, old_depth) << 1) | 1) * span;
        self.directory[first..first + span].fill(new);
    }
}

impl Segment {
    fn new(cells: usize, depth: u8, slot_bits: u8) -> Segment {
        Segment { cells: vec![0; cells].into_boxed_slice(), len: 0, depth, slot_bits }
    }

    fn of(cells: usize, depth: u8, slot_bits: u8, entries: &[(u64, Slot)]) -> Segment {
        let mut segment = Segment::new(cells, depth, slot_bits);
        entries.iter().for_each(|(hash, slot)| segment.insert(*hash, *slot));
        segment
    }

    fn is_full(&self, hash: u64) -> bool {
        (self.len as usize + 1) * 100 > self.cells.len() * FULL_PERCENT[prefix(hash, 4) & 3]
    }

    /// The slot for which `is_it` holds, or the free cell where it would be.
    fn seek(&self, hash: u64, is_it: impl Fn(Slot) -> bool) -> Result<Slot, usize> {
        let bits = u32::from(self.slot_bits);
        let tag = tag(hash, bits);
        let mut at = self.home(hash);
        loop {
            let cell = self.cells[at];
            if cell == 0 {
                return Err(at);
            }
            let slot = slot_in(cell, bits);
            if tag_in(cell, bits) == tag && is_it(slot) {
                return Ok(slot);
            }
            at = self.step(at);
        }
    }

    fn insert(&mut self, hash: u64, slot: Slot) {
        let mut at = self.home(hash);
        while self.cells[at] != 0 {
            at = self.step(at);
        }
        self.put(at, hash, slot);
    }

    /// Puts `slot` into a free cell.
    fn put(&mut self, at: usize, hash: u64, slot: Slot) {
        let needed = u32::BITS - (slot.0 + 1).leading_zeros();
        if needed > u32::from(self.slot_bits) {
            self.widen(needed);
        }
        let bits = u32::from(self.slot_bits);
        self.cells[at] = shifted(tag(hash, bits), bits) | (slot.0 + 1);
        self.len += 1;
    }

    /// Gives slots `bits` bits; the tags lose their upper ones.
    fn widen(&mut self, bits: u32) {
        let old = u32::from(self.slot_bits);
        for cell in self.cells.iter_mut().filter(|cell| **cell != 0) {
            let tag = tag_in(*cell, old) & tag_mask(bits);
            *cell = shifted(tag, bits) | (slot_in(*cell, old).0 + 1);
        }
        self.slot_bits = bits as u8;
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let bits = u32::from(self.slot_bits);
        self.cells.iter().filter(|cell| **cell != 0).map(move |cell| slot_in(*cell, bits))
    }

    fn home(&self, hash: u64) -> usize {
        ((u64::from(hash as u32) * self.cells.len() as u64) >> 32) as usize
    }

    fn step(&self, at: usize) -> usize {
        if at + 1 == self.cells.len() { 0 } else { at + 1 }
    }
}

/// The upper `depth` bits of a hash.
fn prefix(hash: u64, depth: u32) -> usize {
    if depth == 0 { 0 } else { (hash >> (64 - depth)) as usize }
}

fn tag_mask(slot_bits: u32) -> u32 {
    u32::MAX.checked_shr(slot_bits).unwrap_or(0)
}

fn tag(hash: u64, slot_bits: u32) -> u32 {
    ((hash >> 32) as u32) & tag_mask(slot_bits)
}

fn tag_in(cell: u32, slot_bits: u32) -> u32 {
    cell.checked_shr(slot_bits).unwrap_or(0)
}

fn shifted(tag: u32, slot_bits: u32) -> u32 {
    tag.checked_shl(slot_bits).unwrap_or(0)
}

fn slot_in(cell: u32, slot_bits: u32) -> Slot {
    let mask = u32::MAX >> (32 - slot_bits);
    Slot((cell & mask) - 1)
}

/// From 2^k to 1.5 × 2^k or a little more, to 2^(k + 1).
fn next_size(cells: usize) -> usize {
    let power = 1 << cells.ilog2();
    if cells < power + power / 2 { power + power / 2 } else { power * 2 }
}

/// Cells for half of a segment that was split: its whole size at once, for it will be needed.
fn size_for(len: usize, cells: usize) -> usize {
    let mut cells = cells;
    while len * 3 > cells * 2 {
        cells = next_size(cells);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(key: u32) -> u64 {
        // splitmix64
        let mut z = u64::from(key).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[test]
    fn every_slot_is_found_while_the_index_grows() {
        let mut index = Index::default();
        for n in 0..200_000 {
            assert_eq!(index.find(hash(n), |slot| slot.0 == n), None);
            index.insert(hash(n), Slot(n), |slot| hash(slot.0));
            if n % 997 == 0 {
                let missing = (0..=n).find(|m| index.find(hash(*m), |slot| slot.0 == *m).is_none());
                assert_eq!(missing, None, "after {n}");
            }
        }
        assert_eq!((0..200_000).find(|m| index.find(hash(*m), |slot| slot.0 == *m).is_none()), None);
        assert_eq!(index.len(), 200_000);
    }

    #[test]
    fn a_cell_costs_less_than_eight_bytes() {
        let mut index = Index::default();
        for n in 0..400_000u32 {
            index.insert(hash(n), Slot(n), |slot| hash(slot.0));
            if n > 2_000 && n % 10_007 == 0 {
                let each = index.memory_bytes() as f64 / f64::from(n);
                assert!(each < 8.0, "{each} bytes a cell at {n}");
            }
        }
    }

    #[test]
    fn growth_costs_the_same_at_every_size() {
        let mut index = Index::default();
        let hashed = std::cell::Cell::new(0);
        let hash_of = |slot: Slot| {
            hashed.set(hashed.get() + 1);
            hash(slot.0)
        };
        let mut next = 0;
        for end in
            std::iter::successors(Some(100_000u32), |end| Some(end + end / 50)).take_while(|e| *e < 800_000)
        {
            let (from, before) = (next, hashed.get());
            (from..end).for_each(|n| index.insert(hash(n), Slot(n), hash_of));
            next = end;
            let each = f64::from(hashed.get() - before) / f64::from(end - from);
            assert!(from == 0 || each < 3.0, "{each} slots moved for each of those from {from} to {end}");
        }
    }

    #[test]
    fn equal_hashes_do_not_hang() {
        let mut index = Index::default();
        for n in 0..5_000 {
            index.insert(7, Slot(n), |_| 7);
        }
        assert_eq!(index.find(7, |slot| slot.0 == 4_999), Some(Slot(4_999)));
        assert_eq!(index.find(7, |_| false), None);
    }

    #[test]
    fn the_largest_slot_is_kept() {
        let mut index = Index::default();
        let slots = [0, 4094, 4095, 1 << 20, u32::MAX - 2, u32::MAX - 1];
        for slot in slots {
            index.insert(hash(slot), Slot(slot), |slot| hash(slot.0));
        }
        for slot in slots {
            assert_eq!(index.find(hash(slot), |found| found.0 == slot), Some(Slot(slot)));
        }
    }
}
