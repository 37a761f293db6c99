//! The wait list on paper.

use seckill_core::ids::ReservationId;
use seckill_core::sale::{HOLD_MS_MAX, Refusal, ReservationState, Reserve};

use super::{Bytes, Done, Entry, Naive};

/// How many of the line are looked at for somebody whom few units are enough for.
const LOOKED_AT: usize = 1_000;
const YEAR_MS: u64 = 365 * 24 * 60 * 60 * 1_000;

/// A deadline, as far from the reservation as one can be.
fn latest(e: &Entry, deadline: u64) -> u64 {
    deadline.min(e.created + HOLD_MS_MAX)
}

/// How long units are gathered for the first in line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    head: Option<ReservationId>,
    until: Option<u64>,
    passed: u32,
}

/// Did anybody get units?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// No.
    Nobody,
    /// Yes.
    Somebody,
}

impl Naive {
    /// Those who wait, the first first.
    pub fn line(&self) -> impl Iterator<Item = &Entry> {
        let entries = if self.ever_waited { &self.entries[..] } else { &[] };
        entries.iter().filter(|e| e.state == ReservationState::Waiting)
    }

    /// The place in the line, from 1; 0 for whoever does not wait.
    pub fn position(&self, id: ReservationId) -> u64 {
        self.line().position(|e| e.id == id).map_or(0, |before| before as u64 + 1)
    }

    /// How long an offer stands.
    fn offer_ms(&self) -> u64 {
        match (self.terms.offer_ms, self.terms.hold_ms) {
            (0, 0) => 900_000,
            (0, hold_ms) => hold_ms,
            (offer_ms, _) => offer_ms,
        }
    }

    /// The offer that is to be made now.
    pub fn offer(&self, now: u64) -> Option<Done> {
        let now = self.time(now);
        if !self.is_open(now) || self.total.is_none() {
            return None;
        }
        self.next_in_line(now, self.unsettled())
            .map(|e| Done::Offered(e.id, latest(e, now + self.offer_ms())))
    }

    /// Makes an offer.
    pub fn make_offer(&mut self, now: u64, epoch: u32, offer: Done) {
        let Done::Offered(id, deadline) = offer else { panic!("{offer:?} is none") };
        self.turn(self.time(now), epoch);
        self.seq += 1;
        let e = self.entry_mut(id);
        (e.state, e.deadline) = (ReservationState::Offered, Some(deadline));
        self.turn_line(Passing::Somebody);
    }

    /// Where the units in a reservation's hands are until a deadline.
    pub fn sold_out(&self, now: u64) -> Refusal {
        let kept = [ReservationState::Held, ReservationState::Offered].map(|state| self.units_in(state, now));
        Refusal::SoldOut { held: kept.iter().sum() }
    }

    pub(super) fn queued(&self, now: u64, user: &[u8]) -> Option<&Entry> {
        let queued = [ReservationState::Waiting, ReservationState::Offered];
        self.entries.iter().find(|e| e.user == user && queued.contains(&e.seen(now)))
    }

    pub(super) fn accept(&self, now: u64, e: &Entry) -> Result<Done, Refusal> {
        let hold_ms = self.terms.hold_ms;
        match e.seen(now) {
            ReservationState::Offered => {
                Ok(Done::Accepted(e.id, (hold_ms > 0).then(|| latest(e, now + hold_ms))))
            }
            _ => Err(Refusal::Standing(e.id)),
        }
    }

    pub(super) fn take_offer(&mut self, id: ReservationId, deadline: Option<u64>, token: Option<Bytes>) {
        let e = self.entry_mut(id);
        match deadline {
            Some(deadline) => (e.state, e.deadline) = (ReservationState::Held, Some(deadline)),
            None => e.state = ReservationState::Confirmed,
        }
        let user = e.user;
        let answer = token.filter(|token| e.token != Some(token)).map(|token| (user, token, id));
        self.answers.extend(answer);
    }

    pub(super) fn answered(&self, user: &[u8], token: &[u8]) -> Option<&Entry> {
        let answer = self.answers.iter().find(|(u, t, _)| *u == user && *t == token);
        answer.and_then(|(_, _, id)| self.entry(*id))
    }

    pub(super) fn unsettled_entry(&self, now: u64, id: ReservationId) -> Result<&Entry, Refusal> {
        let e = self.entry(id).ok_or(Refusal::NotFound)?;
        match e.seen(now) {
            ReservationState::Held | ReservationState::Waiting | ReservationState::Offered => Ok(e),
            _ => Err(Refusal::Standing(id)),
        }
    }

    pub(super) fn can_wait(&self, reserve: &Reserve<'_>) -> bool {
        let fits = self.total.is_some_and(|total| reserve.qty <= total);
        reserve.waits && fits && (self.line().count() as u64) < self.terms.waiting_max
    }

    /// While others wait: can whoever comes have units?
    pub(super) fn turn_of(&self, now: u64, qty: u64) -> Result<(), Refusal> {
        let left = self.available(now).expect("nobody waits for what is unlimited");
        let theirs = !self.is_gathered(now) || self.next_in_line(now, left).is_some();
        if theirs || left < qty { Err(self.sold_out(now)) } else { Ok(()) }
    }

    fn next_in_line(&self, now: u64, left: u64) -> Option<&Entry> {
        let head = self.line().next().filter(|_| left > 0)?;
        if head.qty <= left {
            return Some(head);
        }
        self.line().take(LOOKED_AT).find(|e| self.is_gathered(now) && e.qty <= left)
    }

    fn is_gathered(&self, now: u64) -> bool {
        self.patience.until.is_some_and(|until| until <= now)
    }

    pub(super) fn turn_line(&mut self, passing: Passing) {
        let head = self.line().next().map(|e| (e.id, e.qty));
        let id = head.map(|(id, _)| id);
        if id != self.patience.head {
            self.patience = Patience { head: id, until: None, passed: 0 };
        } else if id.is_some() && passing == Passing::Somebody {
            self.patience.passed = (self.patience.passed + 1).min(20);
        }
        let left = if head.is_some() { self.unsettled() } else { 0 };
        let lacks = self.total.is_some() && head.is_some_and(|(_, qty)| left > 0 && left < qty);
        let ms = self.offer_ms().saturating_mul(1 << self.patience.passed).min(YEAR_MS);
        self.patience.until = if lacks { self.patience.until.or(Some(self.clock + ms)) } else { None };
    }
}
