//! The wait list: who joins, who is offered what came back, who takes it.
//!
//! Nobody who comes passes those who wait. A group that wants more units than there are is given time:
//! units are gathered for it, for as long as an offer stands. After that others pass, until nothing is left;
//! each who passes doubles the group's next time, so that it does not starve.

use super::row::HOLD_MS_MAX;
use super::waitlist::{Lack, Passing};
use super::{Change, Effect, Refusal, ReservationState, Reserve, Sale, SaleState, Stock, Window};
use crate::ids::{ReservationId, Slot};
use crate::time::{Moment, Timestamp};

/// How many of the line are looked at for somebody whom few units are enough for.
const LOOKED_AT_MAX: usize = 1000;

impl Sale {
    /// The offer that is to be made now, if one is: the first in line gets what came back.
    pub fn offer(&self, moment: Moment) -> Option<Effect<'static>> {
        if self.waitlist.is_empty() {
            return None;
        }
        let now = self.clamped(moment.now);
        if self.window(moment) != Window::Open {
            return None;
        }
        let slot = self.next_in_line(now, self.available()?)?;
        let deadline = self.deadline_for(slot, now, self.terms.offer_ms());
        Some(self.stamped(moment, Change::Offered { id: self.ids.id(slot), deadline }))
    }

    /// From when on an offer can be made, if nothing changes before.
    pub fn next_offer(&self) -> Option<Timestamp> {
        let head = self.waitlist.first()?;
        let left = self.available().filter(|left| *left > 0)?;
        if self.state != SaleState::Open {
            return None;
        }
        let enough = self.table.row(head).qty() <= left;
        let ready = if enough { self.clock } else { self.waitlist.gathering_until()? };
        let ready = ready.max(self.terms.start.unwrap_or_default());
        self.terms.end.is_none_or(|end| ready < end).then_some(ready)
    }

    /// When there is something to do without being asked: a hold falls due, or an offer can be made.
    pub fn next_task(&self) -> Option<Timestamp> {
        self.next_due().into_iter().chain(self.next_offer()).min()
    }

    /// The place of a reservation in the line, from 1; 0 if it does not wait.
    pub fn position(&self, id: ReservationId) -> u64 {
        self.ids.slot(id).map_or(0, |slot| self.waitlist.position(slot))
    }

    /// Reservations that wait.
    pub fn waiting(&self) -> u64 {
        self.waitlist.len()
    }

    /// The reservation that waits, or is offered units, of the user whose first row stands at `first`.
    pub(super) fn queued(&self, first: Slot) -> Option<Slot> {
        let slot = self.waitlist.of_repeat(first).unwrap_or(first);
        self.table.row(slot).state().is_queued().then_some(slot)
    }

    /// A user who was offered units takes them; one who waits goes on waiting.
    pub(super) fn decide_accept<'a>(
        &self,
        now: Timestamp,
        slot: Slot,
        reserve: &Reserve<'a>,
    ) -> Result<Change<'a>, Refusal> {
        let id = self.ids.id(slot);
        if self.state_at(slot, now) != ReservationState::Offered {
            return Err(Refusal::Standing(id));
        }
        let hold_ms = self.terms.hold_ms;
        let deadline = (hold_ms > 0).then(|| self.deadline_for(slot, now, hold_ms));
        let token = reserve.token.filter(|token| self.table.token(slot) != Some(token));
        Ok(Change::Accepted { id, deadline, token })
    }

    /// True if a request that finds nothing can wait instead.
    pub(super) fn can_wait(&self, reserve: &Reserve<'_>) -> bool {
        let fits = !matches!(self.stock, Stock::Limited(total) if total < reserve.qty);
        reserve.waits && fits && self.waitlist.len() < self.terms.waiting_max
    }

    /// True if whoever comes must not take any of `left` units, because others wait for them.
    pub(super) fn must_queue(&self, now: Timestamp, left: u64) -> bool {
        !self.is_gathered_enough(now) || self.next_in_line(now, left).is_some()
    }

    /// Who is to be offered some of `left` units.
    fn next_in_line(&self, now: Timestamp, left: u64) -> Option<Slot> {
        let fits = |slot: &Slot| self.table.row(*slot).qty() <= left;
        let head = self.waitlist.first().filter(|_| left > 0)?;
        if fits(&head) {
            return Some(head);
        }
        if self.is_gathered_enough(now) { self.waitlist.iter().take(LOOKED_AT_MAX).find(fits) } else { None }
    }

    /// True if units were gathered for the first in line for long enough.
    fn is_gathered_enough(&self, now: Timestamp) -> bool {
        self.waitlist.gathering_until().is_some_and(|until| until <= now)
    }

    /// `ms` from now, as far as a row can count.
    fn deadline_for(&self, slot: Slot, now: Timestamp, ms: u64) -> Timestamp {
        now.after(ms).min(self.table.row(slot).created(self.created).after(HOLD_MS_MAX))
    }

    /// Keeps account of the line after a change.
    pub(super) fn turn_line(&mut self, effect: &Effect<'_>) {
        if self.waitlist.is_idle() {
            return;
        }
        let passing = match effect.change {
            Change::Offered { .. } | Change::Reserved { .. } => Passing::Somebody,
            _ => Passing::Nobody,
        };
        let head = self.waitlist.first().map(|head| self.table.row(head).qty());
        let lack = match (head, self.available()) {
            (Some(wanted), Some(left)) if (1..wanted).contains(&left) => Lack::Some,
            _ => Lack::None,
        };
        self.waitlist.turn(effect.at, self.terms.offer_ms(), passing, lack);
    }
}
