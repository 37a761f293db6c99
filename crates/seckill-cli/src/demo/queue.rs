//! A part of the crowd: one thread and one connection.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::crowd::{Crowd, Told, name};
use super::habits::{HOLD, Habit, Intent};
use crate::answer::{Answer, Status, Verb};
use crate::link::{self, Link, Payment};
use crate::timeline::Timeline;

/// Those who wait for returned units ask so often on each connection.
const ASK_EVERY: Duration = Duration::from_millis(40);
const LONGEST_NAP: Duration = Duration::from_millis(50);
/// A connection that breaks so often in a row stays closed.
const MOST_BREAKS: u32 = 3;

/// What one part of the crowd saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub timeline: Timeline,
    /// Reservation, buyer, and what the buyer was told.
    pub told: Vec<(u64, u32, Told)>,
}

/// Something to do, ordered by nothing that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Click { buyer: u32, visit: u32 },
    Echo { buyer: u32 },
    Pay { buyer: u32, id: u64 },
    PayLate { buyer: u32, id: u64 },
    Release { buyer: u32, id: u64 },
}

/// A part of the crowd.
pub struct Queue<'a> {
    crowd: &'a Crowd,
    link: Link,
    agenda: BinaryHeap<Reverse<(Duration, Task)>>,
    /// Sold out so far, and ready to ask again, with the number of the next visit.
    waiting: VecDeque<(u32, u32)>,
    asks_next: Duration,
    breaks: u32,
    seen: Seen,
}

/// Whether a request is a buyer's own or the second of a double click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    First,
    Echo,
}

impl<'a> Queue<'a> {
    /// The queue number `at` of `queues`; second clicks come through the queue after the first one's.
    pub fn new(crowd: &'a Crowd, link: Link, at: usize, queues: usize) -> Self {
        let mut agenda = BinaryHeap::new();
        for (buyer, plan) in (0u32..).zip(&crowd.buyers) {
            if buyer as usize % queues == at {
                agenda.push(Reverse((plan.arrives, Task::Click { buyer, visit: 0 })));
            }
            if let Habit::DoubleClicks(after) = plan.habit
                && (buyer as usize + 1) % queues == at
            {
                agenda.push(Reverse((plan.arrives + after, Task::Echo { buyer })));
            }
        }
        let asks_next = crowd.last_call;
        Queue { crowd, link, agenda, waiting: VecDeque::new(), asks_next, breaks: 0, seen: Seen::default() }
    }

    /// Serves everybody in it.
    pub fn run(mut self) -> Seen {
        while !self.is_done() {
            let now = self.crowd.begun.elapsed();
            let due = self.agenda.peek().map(|Reverse((due, _))| *due);
            if due.is_some_and(|due| due <= now) {
                if let Some(Reverse((_, task))) = self.agenda.pop() {
                    self.perform(task);
                }
            } else if self.asks_next <= now && self.still_waits() {
                self.asks_next = now + ASK_EVERY;
                if let Some((buyer, visit)) = self.waiting.pop_front() {
                    self.ask_again(buyer, visit);
                }
            } else {
                let ask = self.still_waits().then_some(self.asks_next);
                let next = due.into_iter().chain(ask).min().unwrap_or(now + LONGEST_NAP);
                thread::sleep(next.saturating_sub(now).min(LONGEST_NAP));
            }
        }
        self.seen
    }

    fn is_done(&self) -> bool {
        let gone = self.crowd.stop.is_asked() || self.crowd.is_abandoned.load(Ordering::Relaxed);
        let finished = self.agenda.is_empty() && !self.still_waits();
        gone || finished || self.breaks >= MOST_BREAKS || self.crowd.begun.elapsed() > self.crowd.gives_up
    }

    fn still_waits(&self) -> bool {
        !self.waiting.is_empty() && !self.crowd.is_over.load(Ordering::Relaxed)
    }

    /// Whoever got a reservation by a second click need not ask again.
    fn ask_again(&mut self, buyer: u32, visit: u32) {
        if self.crowd.holds[buyer as usize].load(Ordering::Relaxed) == 0 {
            self.click(buyer, visit, Origin::First);
        }
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Click { buyer, visit } => self.click(buyer, visit, Origin::First),
            Task::Echo { buyer } => self.click(buyer, 0, Origin::Echo),
            Task::Pay { buyer, id } => self.pay(buyer, id, Payment::InTime),
            Task::PayLate { buyer, id } => self.pay(buyer, id, Payment::Late),
            Task::Release { buyer, id } => self.release(buyer, id),
        }
    }

    fn send(&mut self, verb: Verb, command: redis::Cmd) -> Option<Answer> {
        let outcome = self.link.ask(&[command]).pop()?;
        self.breaks = if self.link.is_broken() { self.breaks + 1 } else { 0 };
        self.crowd.tally.count(verb, outcome)
    }

    fn click(&mut self, buyer: u32, visit: u32, origin: Origin) {
        let command = link::reserve(&self.crowd.sale, &name(buyer), &format!("{buyer}-{visit}"));
        let answer = self.send(Verb::Reserve, command);
        let now = self.crowd.begun.elapsed();
        self.seen.timeline.at(now).requests += 1;
        let status = answer.as_ref().map(|answer| answer.status);
        if visit == 0 && origin == Origin::First && status != Some(Status::NotOpen) {
            self.crowd.arrived.fetch_add(1, Ordering::Relaxed);
            self.plan_return(buyer, now);
        }
        match (status, answer) {
            (Some(Status::Reserved), Some(answer)) => self.hold(buyer, visit, &answer, now),
            (Some(Status::SoldOut), Some(answer)) => self.sold_out(buyer, visit, origin, &answer, now),
            (Some(Status::NotOpen), Some(answer)) => {
                let to_go = Duration::from_millis(answer.number(1).unwrap_or(1).max(1) as u64);
                let task = match origin {
                    Origin::First => Task::Click { buyer, visit },
                    Origin::Echo => Task::Echo { buyer },
                };
                self.agenda.push(Reverse((now + to_go, task)));
            }
            _ => {}
        }
    }

    fn plan_return(&mut self, buyer: u32, now: Duration) {
        if let Habit::ComesBack(after) = self.crowd.buyers[buyer as usize].habit {
            self.agenda.push(Reverse((now + after, Task::Click { buyer, visit: 1 })));
        }
    }

    /// A reservation, unless the other click's answer told of it first.
    fn hold(&mut self, buyer: u32, visit: u32, answer: &Answer, now: Duration) {
        let Some(id) = answer.id() else {
            return self.crowd.tally.fail("RESERVE answered RESERVED without an id".to_owned());
        };
        match self.crowd.holds[buyer as usize].swap(id, Ordering::Relaxed) {
            known if known == id => {
                self.crowd.repeated.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // The same request: it must not have taken twice.
            known if known != 0 && visit == 0 => {
                self.crowd.tally.fail("a double click took a second reservation".to_owned());
            }
            _ => {}
        }
        self.crowd.reserved.fetch_add(1, Ordering::Relaxed);
        self.seen.timeline.at(now).reserved += 1;
        self.seen.told.push((id, buyer, Told::Reserved));
        let (after, task) = match self.crowd.buyers[buyer as usize].intent {
            // Whoever waited for the last units does not let them go again.
            _ if now > self.crowd.last_call => (Duration::from_millis(100), Task::Pay { buyer, id }),
            Intent::Pays(after) => (after, Task::Pay { buyer, id }),
            Intent::PaysLate(after) => (HOLD + after, Task::PayLate { buyer, id }),
            Intent::Releases(after) => (after, Task::Release { buyer, id }),
            Intent::Forgets => return,
        };
        self.agenda.push(Reverse((now + after, task)));
    }

    fn sold_out(&mut self, buyer: u32, visit: u32, origin: Origin, answer: &Answer, now: Duration) {
        self.seen.timeline.at(now).sold_out += 1;
        match answer.number(0) {
            // Nothing is held any more, so nothing comes back.
            Some(0) => self.crowd.is_over.store(true, Ordering::Relaxed),
            // Somebody who came back waits already.
            Some(_) if origin == Origin::First && visit != 1 => {
                self.waiting.push_back((buyer, visit.max(1) + 1));
            }
            Some(_) => {}
            None => self.crowd.tally.fail("RESERVE answered SOLDOUT without what is held".to_owned()),
        }
    }

    fn pay(&mut self, buyer: u32, id: u64, payment: Payment) {
        let command = link::confirm(&self.crowd.sale, id, payment);
        let Some(answer) = self.send(Verb::Confirm, command) else { return };
        match answer.status {
            Status::Confirmed => {
                let now = self.crowd.begun.elapsed();
                self.seen.timeline.at(now).confirmed += 1;
                self.seen.told.push((id, buyer, Told::Confirmed));
                if payment == Payment::Late {
                    self.crowd.late_confirmed.fetch_add(1, Ordering::Relaxed);
                }
            }
            Status::SoldOut => {
                self.crowd.refunds.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn release(&mut self, buyer: u32, id: u64) {
        let command = link::release(&self.crowd.sale, id);
        if self.send(Verb::Release, command).is_some_and(|answer| answer.status == Status::Released) {
            self.seen.told.push((id, buyer, Told::Released));
        }
    }
}
