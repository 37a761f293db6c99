//! Holds whose time is over.

use super::{Refusal, Request, ReservationState, Sale};
use crate::ids::{ReservationId, Slot};
use crate::time::Timestamp;

impl Sale {
    /// When the next hold falls due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// True if a hold is due.
    pub fn has_due(&self, now: Timestamp) -> bool {
        self.next_due().is_some_and(|due| due <= self.clamped(now))
    }

    /// At most `limit` holds that are due.
    pub fn due(&self, now: Timestamp, limit: usize) -> Vec<ReservationId> {
        let slots = self.deadlines.due(self.clamped(now), limit, &self.table, |slot| self.due_at(slot));
        slots.into_iter().map(|slot| self.ids.id(slot)).collect()
    }

    /// Units of all holds that are due.
    pub fn due_units(&self, now: Timestamp) -> u64 {
        if self.has_due(now) {
            self.deadlines.due_units(self.clamped(now), &self.table, |slot| self.due_at(slot))
        } else {
            0
        }
    }

    /// Units of all offers that are due.
    pub(super) fn due_offered(&self, now: Timestamp) -> u64 {
        let is_offer = |slot: &Slot| self.table.row(*slot).state() == ReservationState::Offered;
        let due = self.deadlines.pinned_due(self.clamped(now)).filter(is_offer);
        due.map(|slot| self.table.row(slot).qty()).sum()
    }

    /// The due holds, at most `limit`, for which alone `request` was refused.
    pub fn obstacles(
        &self,
        now: Timestamp,
        request: &Request<'_>,
        refusal: &Refusal,
        limit: usize,
    ) -> Vec<ReservationId> {
        if !self.has_due(now) {
            return Vec::new();
        }
        match *refusal {
            Refusal::Standing(id) => self.due_hold(now, id).into_iter().collect(),
            Refusal::Duplicate { .. } => self.due_of_user(now, request, limit),
            // What falls due while others wait is theirs.
            Refusal::SoldOut { .. } if matches!(request, Request::Reserve(_)) && self.waiting() > 0 => {
                Vec::new()
            }
            Refusal::SoldOut { .. } | Refusal::Short { .. } => self.due_for_units(now, request, limit),
            Refusal::Mismatch
            | Refusal::Restocked { .. }
            | Refusal::Voided
            | Refusal::NotFound
            | Refusal::Frozen
            | Refusal::Paused
            | Refusal::Ended
            | Refusal::NotOpen { .. }
            | Refusal::BadTicket(_)
            | Refusal::Ineligible(_)
            | Refusal::Limited { .. }
            | Refusal::Unmoved { .. }
            | Refusal::Misuse(_) => Vec::new(),
        }
    }

    /// The state at `slot` as a reader sees it: a due hold has expired.
    pub(super) fn state_at(&self, slot: Slot, now: Timestamp) -> ReservationState {
        let state = self.table.row(slot).state();
        if state.has_deadline() && self.due_at(slot) <= self.clamped(now) {
            return ReservationState::Expired;
        }
        state
    }

    fn due_hold(&self, now: Timestamp, id: ReservationId) -> Option<ReservationId> {
        let slot = self.ids.slot(id)?;
        let kept = self.table.row(slot).state().has_deadline();
        (kept && self.state_at(slot, now) == ReservationState::Expired).then_some(id)
    }

    fn due_of_user(&self, now: Timestamp, request: &Request<'_>, limit: usize) -> Vec<ReservationId> {
        let Request::Reserve(reserve) = request else { return Vec::new() };
        let Some(first) = self.users.first(reserve.user, &self.table) else { return Vec::new() };
        let due = |slot| self.due_hold(now, self.ids.id(slot));
        match self.users.repeat(first) {
            Some(repeat) => repeat.live.iter().filter_map(|slot| due(*slot)).take(limit).collect(),
            None => due(first).into_iter().collect(),
        }
    }

    /// As many due holds as free the units that the request lacks; none if all of them would not do.
    fn due_for_units(&self, now: Timestamp, request: &Request<'_>, limit: usize) -> Vec<ReservationId> {
        let wanted = match *request {
            Request::Reserve(ref reserve) => reserve.qty,
            Request::Confirm { id, .. } => self.ids.slot(id).map_or(0, |slot| self.table.row(slot).qty()),
            Request::Restock { delta, .. } => delta.unsigned_abs(),
            Request::Release { .. }
            | Request::Extend { .. }
            | Request::Refund { .. }
            | Request::Void { .. }
            | Request::Adopt(_)
            | Request::Alter { .. } => return Vec::new(),
        };
        let mut lacking = (wanted + self.oversold()).saturating_sub(self.available().unwrap_or(wanted));
        if self.due_units(now) < lacking {
            return Vec::new();
        }
        let mut due = self.due(now, limit);
        let enough = due.iter().position(|id| {
            lacking = lacking.saturating_sub(self.ids.slot(*id).map_or(0, |slot| self.table.row(slot).qty()));
            lacking == 0
        });
        due.truncate(enough.map_or(due.len(), |last| last + 1));
        due
    }
}
