//! The traffic: one thread and one connection each, all taking from one pace.

use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use redis::Cmd;

use super::pace::Pace;
use crate::answer::{Status, Verb};
use crate::latency::Latencies;
use crate::link::{self, Link, Payment};
use crate::random::Random;
use crate::stop::Stop;
use crate::tally::Tally;
use crate::timeline::Timeline;

const LONGEST_NAP: Duration = Duration::from_millis(50);
/// A connection that breaks so often in a row stays closed.
const MOST_BREAKS: u32 = 5;
/// So many latencies are enough to describe those that follow from a rate.
const FEW: u64 = 10_000;
const BREATH: Duration = Duration::from_millis(200);

/// What all connections share.
pub struct Drive {
    pub sale: String,
    pub buyers: u64,
    pub qty: u32,
    pub confirm: u8,
    /// Sets this run's request tokens apart from those of every other run.
    pub run: u64,
    pub pace: Pace,
    pub tally: Tally,
    pub begun: Instant,
    pub stop: Stop,
}

/// What one connection measured.
pub struct Measured {
    pub reserve: Latencies,
    pub confirm: Latencies,
    pub timeline: Timeline,
}

impl Measured {
    pub fn new() -> Self {
        Measured { reserve: Latencies::new(), confirm: Latencies::new(), timeline: Timeline::default() }
    }

    pub fn merge(&mut self, other: Measured) {
        self.reserve.merge(&other.reserve);
        self.confirm.merge(&other.confirm);
        self.timeline.merge(other.timeline);
    }

    /// Requests that were due and never sent: each has waited until the end.
    pub fn wait_in_vain(&mut self, pace: &Pace, unsent: Range<u64>, end: Duration) {
        // They wait ever less, one after the other, so a few stand for all.
        let together = ((unsent.end - unsent.start) / FEW).max(1);
        let mut next = unsent.start;
        while next < unsent.end {
            let count = together.min(unsent.end - next);
            let due = pace.due(next).unwrap_or(end);
            self.reserve.record_many(end.saturating_sub(due), count);
            next += count;
        }
    }
}

/// One connection at work.
pub struct Driver<'a> {
    drive: &'a Drive,
    link: Link,
    random: Random,
    measured: Measured,
    breaks: u32,
}

impl<'a> Driver<'a> {
    pub fn new(drive: &'a Drive, link: Link, at: usize) -> Self {
        let random = Random::seeded(drive.run ^ ((at as u64 + 1) << 40));
        Driver { drive, link, random, measured: Measured::new(), breaks: 0 }
    }

    /// Sends until there is nothing left to send.
    pub fn run(mut self) -> Measured {
        while !self.drive.stop.is_asked() && self.breaks < MOST_BREAKS {
            let Some(requests) = self.drive.pace.take(self.drive.begun.elapsed()) else { break };
            if !self.wait_for(requests.end - 1) {
                break;
            }
            let ids = self.reserve(requests);
            self.pay(ids);
        }
        self.measured
    }

    /// Waits until a request is due; false if the user asked for the end meanwhile.
    fn wait_for(&self, request: u64) -> bool {
        let Some(due) = self.drive.pace.due(request) else { return true };
        loop {
            let left = due.saturating_sub(self.drive.begun.elapsed());
            if left.is_zero() || self.drive.stop.is_asked() {
                return left.is_zero();
            }
            thread::sleep(left.min(LONGEST_NAP));
        }
    }

    /// Reserves for some users, and gives the reservations that were made.
    fn reserve(&mut self, requests: Range<u64>) -> Vec<u64> {
        let commands: Vec<Cmd> = requests.clone().map(|request| self.command(request)).collect();
        let sent = self.drive.begun.elapsed();
        let outcomes = self.link.ask(&commands);
        let answered = self.drive.begun.elapsed();
        self.breathe();
        let mut ids = Vec::new();
        for (request, outcome) in requests.zip(outcomes) {
            // From when it was due, not from when there was time for it: the wait is part of the answer.
            let from = self.drive.pace.due(request).unwrap_or(sent);
            self.measured.timeline.at(answered).requests += 1;
            let Some(answer) = self.drive.tally.count(Verb::Reserve, outcome) else { continue };
            self.measured.reserve.record(answered.saturating_sub(from));
            match answer.status {
                Status::Reserved => {
                    self.measured.timeline.at(answered).reserved += 1;
                    ids.extend(answer.id());
                }
                Status::Confirmed => self.measured.timeline.at(answered).confirmed += 1,
                Status::SoldOut => self.measured.timeline.at(answered).sold_out += 1,
                _ => {}
            }
        }
        ids
    }

    fn command(&mut self, request: u64) -> Cmd {
        let buyer = self.random.below(self.drive.buyers);
        let token = format!("{:x}-{request:x}", self.drive.run);
        let mut command = link::reserve(&self.drive.sale, &format!("buyer-{buyer}"), &token);
        if self.drive.qty > 1 {
            command.arg("QTY").arg(self.drive.qty);
        }
        command
    }

    /// Pays for as many as the share says.
    fn pay(&mut self, ids: Vec<u64>) {
        let share = u64::from(self.drive.confirm);
        let paid = ids.into_iter().filter(|_| self.random.chance(share));
        let commands: Vec<Cmd> =
            paid.map(|id| link::confirm(&self.drive.sale, id, Payment::InTime)).collect();
        if commands.is_empty() {
            return;
        }
        let sent = self.drive.begun.elapsed();
        let outcomes = self.link.ask(&commands);
        let answered = self.drive.begun.elapsed();
        self.breathe();
        for outcome in outcomes {
            let Some(answer) = self.drive.tally.count(Verb::Confirm, outcome) else { continue };
            self.measured.confirm.record(answered.saturating_sub(sent));
            if answer.status == Status::Confirmed {
                self.measured.timeline.at(answered).confirmed += 1;
            }
        }
    }

    /// A broken connection is opened again, but not in a hurry.
    fn breathe(&mut self) {
        if self.link.is_broken() {
            self.breaks += 1;
            thread::sleep(BREATH);
        } else {
            self.breaks = 0;
        }
    }
}

/// What a load can be answered; whatever else comes is shown and makes the run a failure.
pub fn expects(verb: Verb, status: Status) -> bool {
    use Status::{Confirmed, Expired, NoSale, NotFound, Refunded, Released, Voided, Waitlisted};
    match verb {
        // Every token is new, so none can have ended already.
        Verb::Reserve => {
            !matches!(status, NoSale | NotFound | Expired | Released | Refunded | Voided | Waitlisted)
        }
        Verb::Confirm => matches!(status, Confirmed | Expired),
        Verb::Release => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Until;

    #[test]
    fn what_was_never_sent_counts_as_waiting_until_the_end() {
        let second = Duration::from_secs(1);
        let pace = Pace::new(Some(100_000), Until::Elapsed(second), 1);
        let mut measured = Measured::new();
        measured.wait_in_vain(&pace, 50_000..100_000, second * 2);
        let waited = measured.reserve.summary().unwrap();
        assert_eq!(waited.count, 50_000);
        assert!((1_000_000..1_003_000).contains(&(waited.p50_us - 250_000)), "{waited:?}");
        assert!((1_500_000..1_502_000).contains(&waited.max_us), "{waited:?}");
        measured.wait_in_vain(&pace, 7..7, second);
        assert_eq!(measured.reserve.summary().unwrap().count, 50_000);
    }
}
