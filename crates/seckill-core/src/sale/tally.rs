//! How RESERVE was answered: counters and the traffic curve, in memory only.

use std::collections::VecDeque;

use super::Refusal;
use crate::time::Timestamp;

/// Seconds that the curve keeps.
pub const CURVE_SECONDS: usize = 600;

/// How a RESERVE ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Units were taken.
    Reserved,
    /// The user has them already, or reached the quota.
    Duplicate,
    /// Nothing, or not enough, was there.
    SoldOut,
    /// Too many requests.
    Limited,
    /// Before the start.
    NotOpen,
    /// After the end.
    Ended,
    /// Refused for another reason.
    Refused,
    /// The same request as before: answered again.
    Repeated,
}

impl Outcome {
    /// How a refused RESERVE counts.
    pub fn of(refusal: &Refusal) -> Outcome {
        match refusal {
            Refusal::Duplicate { .. } => Outcome::Duplicate,
            Refusal::SoldOut { .. } | Refusal::Short { .. } => Outcome::SoldOut,
            Refusal::Limited { .. } => Outcome::Limited,
            Refusal::NotOpen { .. } => Outcome::NotOpen,
            Refusal::Ended => Outcome::Ended,
            Refusal::Standing(_) => Outcome::Repeated,
            Refusal::Mismatch
            | Refusal::Restocked { .. }
            | Refusal::Voided
            | Refusal::NotFound
            | Refusal::Frozen
            | Refusal::Paused
            | Refusal::BadTicket(_)
            | Refusal::Ineligible(_)
            | Refusal::Unmoved { .. }
            | Refusal::Misuse(_) => Outcome::Refused,
        }
    }
}

/// One second of the traffic curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Unix time in seconds.
    pub at: u64,
    /// Requests in all.
    pub requests: u32,
    /// Units were taken.
    pub reserved: u32,
    /// Nothing was there.
    pub soldout: u32,
    /// Too many requests.
    pub limited: u32,
    /// The user has them already.
    pub duplicate: u32,
}

impl Second {
    /// Requests that ended in any other way.
    pub fn other(&self) -> u32 {
        self.requests - self.reserved - self.soldout - self.limited - self.duplicate
    }
}

/// The counters of a sale since this process began, and its last ten minutes.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    requests: u64,
    by_outcome: [u64; 8],
    curve: VecDeque<Second>,
}

impl Tally {
    /// Counts a RESERVE.
    pub fn count(&mut self, outcome: Outcome, now: Timestamp) {
        self.requests += 1;
        self.by_outcome[outcome as usize] += 1;
        let second = self.second(now.0 / 1000);
        second.requests += 1;
        match outcome {
            Outcome::Reserved => second.reserved += 1,
            Outcome::Duplicate => second.duplicate += 1,
            Outcome::SoldOut => second.soldout += 1,
            Outcome::Limited => second.limited += 1,
            Outcome::NotOpen | Outcome::Ended | Outcome::Refused | Outcome::Repeated => {}
        }
    }

    /// Requests in all.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Requests that ended this way.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.by_outcome[outcome as usize]
    }

    /// The last `seconds` before and with the second of `now`, quiet ones left out.
    pub fn curve(&self, now: Timestamp, seconds: usize) -> impl Iterator<Item = Second> + '_ {
        let from = (now.0 / 1000 + 1).saturating_sub(seconds as u64);
        self.curve.iter().copied().filter(move |second| second.at >= from)
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.curve.capacity() * size_of::<Second>()
    }

    /// The second to count in; a clock that steps back counts in the newest.
    fn second(&mut self, at: u64) -> &mut Second {
        let newest = self.curve.back().map_or(0, |second| second.at);
        if self.curve.is_empty() || at > newest {
            let oldest = at.saturating_sub(CURVE_SECONDS as u64);
            while self.curve.len() >= CURVE_SECONDS || self.curve.front().is_some_and(|s| s.at <= oldest) {
                self.curve.pop_front();
            }
            self.curve.push_back(Second { at, ..Second::default() });
        }
        let last = self.curve.len() - 1;
        &mut self.curve[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_forgets_what_is_older_than_ten_minutes() {
        let mut tally = Tally::default();
        for second in 0..2000u64 {
            tally.count(Outcome::SoldOut, Timestamp(second * 1000));
            tally.count(Outcome::NotOpen, Timestamp(second * 1000 + 999));
        }
        let curve: Vec<_> = tally.curve(Timestamp(1_999_000), 10_000).collect();
        assert_eq!((curve.len(), curve[0].at), (600, 1400));
        assert!(curve.iter().all(|s| (s.requests, s.soldout, s.other()) == (2, 1, 1)));
        assert_eq!(
            tally.curve(Timestamp(1_999_000), 3).map(|s| s.at).collect::<Vec<_>>(),
            [1997, 1998, 1999]
        );
        assert_eq!((tally.requests(), tally.of(Outcome::NotOpen)), (4000, 2000));
    }
}
