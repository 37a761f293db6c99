//! Which request is due when: an open loop, in which nobody waits for the answer to somebody else.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::args::Until;

/// How much longer than planned a run may take to send what has become due.
const OVERTIME: Duration = Duration::from_secs(5);

/// Hands out the requests in the order in which they become due.
pub struct Pace {
    rate: Option<f64>,
    total: Option<u64>,
    planned: Option<Duration>,
    together: u64,
    next: AtomicU64,
}

impl Pace {
    pub fn new(rate: Option<u32>, until: Until, together: u16) -> Self {
        let rate = rate.map(f64::from);
        let (total, planned) = match (until, rate) {
            (Until::Requests(total), rate) => {
                (Some(total), rate.map(|rate| Duration::from_secs_f64(total as f64 / rate)))
            }
            (Until::Elapsed(planned), Some(rate)) => {
                (Some(((planned.as_secs_f64() * rate) as u64).max(1)), Some(planned))
            }
            (Until::Elapsed(planned), None) => (None, Some(planned)),
        };
        Pace { rate, total, planned, together: u64::from(together), next: AtomicU64::new(0) }
    }

    /// The next requests to send together; nothing when all are taken, or the time is over.
    pub fn take(&self, now: Duration) -> Option<Range<u64>> {
        if self.is_late(now) {
            return None;
        }
        let first = self.next.fetch_add(self.together, Ordering::Relaxed);
        let end = first + self.together;
        let end = self.total.map_or(end, |total| end.min(total));
        (first < end).then_some(first..end)
    }

    /// When a request is due, from the start of the run; nothing if it is due as soon as there is a connection.
    pub fn due(&self, request: u64) -> Option<Duration> {
        self.rate.map(|rate| Duration::from_secs_f64(request as f64 / rate))
    }

    /// The requests that were due and never sent, as the run took too long.
    pub fn unsent(&self) -> Range<u64> {
        let total = self.total.unwrap_or(0);
        self.next.load(Ordering::Relaxed).min(total)..total
    }

    /// How far the run is, of how much.
    pub fn progress(&self, now: Duration) -> (u64, u64) {
        match (self.total, self.planned) {
            (Some(total), _) => (self.next.load(Ordering::Relaxed).min(total), total),
            (None, planned) => {
                let planned = planned.unwrap_or_default();
                (now.min(planned).as_millis() as u64, planned.as_millis() as u64)
            }
        }
    }

    fn is_late(&self, now: Duration) -> bool {
        let limit = match (self.planned, self.rate) {
            (Some(planned), Some(_)) => Some(planned * 2 + OVERTIME),
            (planned, None) if self.total.is_none() => planned,
            _ => None,
        };
        limit.is_some_and(|limit| now >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_rate_decides_how_many_and_when() {
        let pace = Pace::new(Some(100), Until::Elapsed(SECOND * 3), 1);
        assert_eq!((pace.due(0), pace.due(50)), (Some(Duration::ZERO), Some(SECOND / 2)));
        let taken = std::iter::from_fn(|| pace.take(SECOND)).map(|range| range.end - range.start);
        assert_eq!(taken.sum::<u64>(), 300);
        assert_eq!(pace.unsent(), 300..300);
    }

    #[test]
    fn requests_go_out_together_and_no_more_than_asked_for() {
        let pace = Pace::new(None, Until::Requests(10), 4);
        let taken: Vec<Range<u64>> = std::iter::from_fn(|| pace.take(SECOND * 9_999)).collect();
        assert_eq!(taken, [0..4, 4..8, 8..10]);
        assert_eq!(pace.progress(SECOND), (10, 10));
    }

    #[test]
    fn what_a_slow_server_did_not_get_is_left_over() {
        let pace = Pace::new(Some(10), Until::Elapsed(SECOND * 2), 1);
        assert_eq!(pace.take(SECOND * 8), Some(0..1));
        assert_eq!(pace.take(SECOND * 9), None);
        assert_eq!(pace.unsent(), 1..20);
    }

    #[test]
    fn without_a_rate_time_alone_ends_it() {
        let pace = Pace::new(None, Until::Elapsed(SECOND * 2), 1);
        assert_eq!((pace.due(7), pace.take(SECOND)), (None, Some(0..1)));
        assert_eq!(pace.take(SECOND * 2), None);
        assert_eq!((pace.progress(SECOND), pace.unsent().count()), ((1_000, 2_000), 0));
    }
}
