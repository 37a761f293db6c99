//! Which holds fall due when, at no cost for an ordinary hold.
//!
//! Holds of one length fall due in the order in which they were made, so the table itself is the queue:
//! a *run* is a stretch of slots in order of due time with a cursor before which nothing is held.
//! A shorter HOLD or GRACE begins another run. What fits no run, such as an extended hold,
//! is *pinned*: it stands in an ordered set.

use std::collections::BTreeSet;

use super::table::Table;
use crate::ids::Slot;
use crate::time::Timestamp;

/// Runs at most; a hold that would need one more is pinned.
const RUNS_MAX: usize = 32;

/// The holds of a sale by due time.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    runs: Vec<Run>,
    pinned: BTreeSet<(Timestamp, Slot)>,
}

#[derive(Clone, Debug)]
struct Run {
    /// The first that is held, and when it falls due.
    cursor: u32,
    earliest_due: Timestamp,
    end: u32,
    latest_due: Timestamp,
}

/// Tells when the hold at a slot falls due.
pub trait DueAt: Fn(Slot) -> Timestamp {}
impl<F: Fn(Slot) -> Timestamp> DueAt for F {}

impl Deadlines {
    /// True if a new hold due at `due` must be pinned because it fits no run.
    pub fn must_pin(&self, due: Timestamp) -> bool {
        self.runs.len() >= RUNS_MAX && self.runs.last().is_some_and(|run| due < run.latest_due)
    }

    /// Takes in the plain hold at `slot`, the newest of the table.
    pub fn add(&mut self, slot: Slot, due: Timestamp) {
        let end = slot.0 + 1;
        match self.runs.last_mut() {
            Some(run) if due >= run.latest_due => (run.end, run.latest_due) = (end, due),
            _ => self.runs.push(Run { cursor: slot.0, earliest_due: due, end, latest_due: due }),
        }
    }

    /// Takes in a hold with a deadline of its own.
    pub fn pin(&mut self, slot: Slot, due: Timestamp) {
        self.pinned.insert((due, slot));
    }

    /// Drops a pinned hold.
    pub fn unpin(&mut self, slot: Slot, due: Timestamp) {
        self.pinned.remove(&(due, slot));
    }

    /// Moves a cursor that stands at `slot` over what is no longer held.
    /// To be called after a plain hold at `slot` ended.
    pub fn settle(&mut self, slot: Slot, table: &Table, due_at: impl DueAt) {
        let Some(at) = self.runs.iter().position(|run| run.cursor == slot.0) else { return };
        let run = &mut self.runs[at];
        match table.next_plain_hold(run.cursor, run.end) {
            Some(next) => (run.cursor, run.earliest_due) = (next.0, due_at(next)),
            None => {
                self.runs.remove(at);
            }
        }
    }

    /// When the next hold falls due.
    #[inline]
    pub fn next(&self) -> Option<Timestamp> {
        let runs = self.runs.iter().map(|run| run.earliest_due);
        runs.chain(self.pinned.first().map(|(due, _)| *due)).min()
    }

    /// At most `limit` holds that are due at `now`.
    pub fn due(&self, now: Timestamp, limit: usize, table: &Table, due_at: impl DueAt) -> Vec<Slot> {
        let pinned = self.pinned_due(now);
        let plain = self.runs.iter().flat_map(|run| {
            let next = |from: u32| table.next_plain_hold(from, run.end).filter(|slot| due_at(*slot) <= now);
            std::iter::successors(next(run.cursor), move |slot| next(slot.0 + 1))
        });
        pinned.chain(plain).take(limit).collect()
    }

    /// Those with a deadline of their own that are due at `now`.
    pub fn pinned_due(&self, now: Timestamp) -> impl Iterator<Item = Slot> + '_ {
        self.pinned.iter().take_while(move |(due, _)| *due <= now).map(|(_, slot)| *slot)
    }

    /// Units of all holds that are due at `now`.
    pub fn due_units(&self, now: Timestamp, table: &Table, due_at: impl DueAt) -> u64 {
        let pinned: u64 = self.pinned_due(now).map(|slot| table.row(slot).qty()).sum();
        let is_due = |slot| due_at(slot) <= now;
        let plain = self.runs.iter().map(|run| table.plain_units(run.cursor, run.end, now, is_due));
        pinned + plain.sum::<u64>()
    }

    /// Bytes on the heap, about.
    pub fn memory_bytes(&self) -> usize {
        self.runs.capacity() * size_of::<Run>() + self.pinned.len() * 24
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hold_that_would_need_a_run_too_many_is_pinned() {
        let mut deadlines = Deadlines::default();
        let due = |n: usize| Timestamp(1000 - n as u64);
        for n in 0..RUNS_MAX {
            assert!(!deadlines.must_pin(due(n)));
            deadlines.add(Slot(n as u32), due(n));
        }
        let [earlier, same, later] = [RUNS_MAX, RUNS_MAX - 1, 0].map(|n| deadlines.must_pin(due(n)));
        assert_eq!((earlier, same, later), (true, false, false));
        assert_eq!(deadlines.runs.len(), RUNS_MAX);
    }

    #[test]
    fn a_hold_due_earlier_than_the_last_begins_a_run() {
        let mut deadlines = Deadlines::default();
        let dues = [10, 10, 11, 10, 9].map(Timestamp);
        let runs = [0, 1, 2, 3, 4].map(|n| {
            deadlines.add(Slot(n), dues[n as usize]);
            deadlines.runs.len()
        });
        assert_eq!(runs, [1, 1, 1, 2, 3]);
        assert_eq!(deadlines.next(), Some(Timestamp(9)));
    }
}
