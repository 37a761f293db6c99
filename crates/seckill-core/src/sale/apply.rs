//! Makes it so. Cannot fail. The only way a sale changes: on a primary, a replica and from a log.

use super::ledgers::Restocked;
use super::table::{Buyer, NewRow};
use super::{Change, Effect, ReservationState, Sale, Stock, Terms};
use crate::ids::{ReservationId, Slot};
use crate::time::Timestamp;

impl Sale {
    /// Makes the change. The effect was decided by this sale in this state, or [`Sale::check`] accepted it.
    pub fn apply(&mut self, effect: &Effect<'_>) {
        self.clock = self.clock.max(effect.at);
        if effect.epoch != self.epoch {
            (self.epoch, self.seq, self.numbered) = (effect.epoch, 0, 0);
        }
        self.seq = self.seq.max(effect.seq);
        self.voids.forget(effect.at);
        match effect.change {
            Change::Reserved { id, user, qty, deadline, token, data } => {
                let hold_ms = deadline.map_or(0, |deadline| deadline.since(effect.at));
                let state = if hold_ms > 0 { ReservationState::Held } else { ReservationState::Confirmed };
                self.push(id, user, effect.at, (qty, state, hold_ms), (token, data));
            }
            Change::Adopted { id, user, qty, deadline } => {
                let hold_ms = deadline.map_or(0, |deadline| deadline.since(effect.at));
                self.apply_adopted(id, user, effect.at, (qty, hold_ms));
            }
            Change::Waitlisted { id, user, qty, token, data } => {
                self.push(id, user, effect.at, (qty, ReservationState::Waiting, 0), (token, data));
            }
            Change::Offered { id, deadline } => self.apply_offered(id, deadline),
            Change::Accepted { id, deadline, token } => self.apply_accepted(id, deadline, token),
            Change::Confirmed { id } => self.resolve(id, ReservationState::Confirmed),
            Change::Released { id } => self.resolve(id, ReservationState::Released),
            Change::Expired { id } => self.resolve(id, ReservationState::Expired),
            Change::Extended { id, deadline } => self.apply_extended(id, deadline),
            Change::Refunded { id, units, token, restock } => {
                if !restock {
                    self.shrink(effect.at, units);
                }
                self.apply_refunded(id, units, token);
            }
            Change::Restocked { delta, total, token } => self.apply_restocked(delta, total, token),
            Change::Voided { user, token, until } => self.voids.insert(user, token, until),
            Change::Altered { terms, state, opened, filter } => {
                self.filter = filter.into();
                self.apply_terms(terms);
                (self.state, self.opened) = (state, opened);
            }
        }
        self.turn_line(effect);
    }

    /// A new reservation.
    fn push(
        &mut self,
        id: ReservationId,
        user: &[u8],
        at: Timestamp,
        (qty, state, hold_ms): (u64, ReservationState, u64),
        (token, data): (Option<&[u8]>, Option<&[u8]>),
    ) {
        let buyer = self.users.enter(user, Slot(self.table.len()), &self.table);
        let age_ms = at.since(self.created);
        self.numbered = id.number();
        self.ids.push(id);
        self.add_row(NewRow { buyer, qty, state, age_ms, hold_ms, pinned: false, token, data });
    }

    /// The deadline is any, so it stands in an index of its own.
    fn apply_adopted(&mut self, id: ReservationId, user: &[u8], at: Timestamp, (qty, hold_ms): (u64, u64)) {
        let buyer = self.users.enter(user, Slot(self.table.len()), &self.table);
        let age_ms = at.since(self.created);
        let (state, pinned) = (state_of(hold_ms), hold_ms > 0);
        self.ids.push(id);
        self.add_row(NewRow { buyer, qty, state, age_ms, hold_ms, pinned, token: None, data: None });
    }

    /// Appends a row, whose user was taken in, and takes it into every other index and total.
    pub(super) fn add_row(&mut self, mut new: NewRow<'_>) -> Slot {
        let slot = Slot(self.table.len());
        let due = self.created.after(new.age_ms).after(new.hold_ms).after(self.grace_ms(slot));
        let kept = new.state.has_deadline();
        new.pinned |= kept && self.deadlines.must_pin(due);
        self.table.push(&new, due);
        match (kept, new.pinned) {
            (true, false) => self.deadlines.add(slot, due),
            (true, true) => self.deadlines.pin(slot, due),
            (false, _) => {}
        }
        let earlier = match new.buyer {
            Buyer::Known(first) => self.live_units(first),
            Buyer::New(_) => 0,
        };
        self.users.add(slot, &new, earlier, &self.table);
        self.count_in(new.state, new.qty);
        let first = if let Buyer::Known(first) = new.buyer { first } else { slot };
        if new.state.is_queued() {
            self.waitlist.enter(first, slot);
        }
        if new.state == ReservationState::Waiting {
            self.waitlist.add(slot);
        }
        slot
    }

    /// Units come into a state.
    fn count_in(&mut self, state: ReservationState, qty: u64) {
        match state {
            ReservationState::Held => self.held += qty,
            ReservationState::Confirmed => self.confirmed += qty,
            ReservationState::Offered => self.offered += qty,
            ReservationState::Released
            | ReservationState::Expired
            | ReservationState::Refunded
            | ReservationState::Waiting => {}
        }
    }

    /// A reservation ceases to wait, to be offered units, or to hold any.
    fn leave(&mut self, slot: Slot) {
        let row = self.table.row(slot);
        match row.state() {
            ReservationState::Held => self.held -= row.qty(),
            ReservationState::Offered => self.offered -= row.qty(),
            ReservationState::Waiting => self.waitlist.remove(slot),
            ReservationState::Confirmed
            | ReservationState::Released
            | ReservationState::Expired
            | ReservationState::Refunded => {}
        }
        if row.state().is_queued() {
            self.waitlist.leave(self.table.first_of(slot), slot);
        }
    }

    /// Whoever waited has units until `deadline`.
    fn apply_offered(&mut self, id: ReservationId, deadline: Timestamp) {
        let Some(slot) = self.ids.slot(id) else { return };
        self.waitlist.remove(slot);
        self.keep_until(slot, ReservationState::Offered, deadline);
        let units = self.live_units(slot);
        self.users.changed(slot, 0, units, &self.table);
    }

    fn apply_accepted(&mut self, id: ReservationId, deadline: Option<Timestamp>, token: Option<&[u8]>) {
        let Some(slot) = self.ids.slot(id) else { return };
        if let Some(token) = token {
            self.answers.insert((self.table.first_of(slot), token.into()), slot);
        }
        let Some(deadline) = deadline else { return self.resolve(id, ReservationState::Confirmed) };
        let old_due = self.due_at(slot);
        self.leave(slot);
        self.deadlines.unpin(slot, old_due);
        self.keep_until(slot, ReservationState::Held, deadline);
    }

    /// Brings a reservation into a state that ends at `deadline`.
    fn keep_until(&mut self, slot: Slot, state: ReservationState, deadline: Timestamp) {
        let row = self.table.row(slot);
        self.table.pin(slot, deadline.since(row.created(self.created)));
        self.table.set_state(slot, state);
        self.deadlines.pin(slot, self.due_at(slot));
        self.count_in(state, row.qty());
    }

    /// Ends a hold, an offer or a wait, or confirms what has expired.
    fn resolve(&mut self, id: ReservationId, state: ReservationState) {
        let Some(slot) = self.ids.slot(id) else { return };
        let row = self.table.row(slot);
        let old_units = self.live_units(slot);
        let due = self.due_at(slot);
        self.leave(slot);
        self.table.set_state(slot, state);
        match (row.state().has_deadline(), row.marks().pinned) {
            (true, true) => self.deadlines.unpin(slot, due),
            (true, false) => self.settle(slot),
            (false, _) => {}
        }
        self.count_in(state, row.qty());
        self.users.changed(slot, old_units, self.live_units(slot), &self.table);
    }

    /// A plain hold at `slot` ended, or has a deadline of its own from now on.
    fn settle(&mut self, slot: Slot) {
        let mut deadlines = std::mem::take(&mut self.deadlines);
        deadlines.settle(slot, &self.table, |slot| self.due_at(slot));
        self.deadlines = deadlines;
    }

    fn apply_extended(&mut self, id: ReservationId, deadline: Timestamp) {
        let Some(slot) = self.ids.slot(id) else { return };
        let row = self.table.row(slot);
        let old_due = self.due_at(slot);
        self.table.pin(slot, deadline.since(row.created(self.created)));
        if row.marks().pinned {
            self.deadlines.unpin(slot, old_due);
        } else {
            self.settle(slot);
        }
        self.deadlines.pin(slot, self.due_at(slot));
    }

    fn apply_refunded(&mut self, id: ReservationId, units: u64, token: Option<&[u8]>) {
        let Some(slot) = self.ids.slot(id) else { return };
        let old_units = self.live_units(slot);
        self.refunds.add(slot, units, token);
        self.confirmed -= units;
        if units == old_units {
            self.table.set_state(slot, ReservationState::Refunded);
        }
        self.users.changed(slot, old_units, old_units - units, &self.table);
    }

    /// Takes units that are about to come back out of the stock; those that were oversold never were in it.
    fn shrink(&mut self, at: Timestamp, units: u64) {
        if let Stock::Limited(total) = self.stock {
            let rest = (total + self.oversold_at(at)).saturating_sub(units);
            self.stock = Stock::Limited(total.min(rest));
        }
    }

    fn apply_restocked(&mut self, delta: i64, total: u64, token: Option<&[u8]>) {
        self.stock = Stock::Limited(total);
        if let Some(token) = token {
            let available = self.available().unwrap_or(0);
            self.restocks.insert(token.into(), Restocked { delta, available, total });
        }
    }

    /// Holds made so far keep their GRACE.
    fn apply_terms(&mut self, terms: Terms) {
        let next = Slot(self.table.len());
        if terms.grace_ms != self.terms.grace_ms {
            self.graces.retain(|(from, _)| *from < next);
            self.graces.push((next, terms.grace_ms));
        }
        self.terms = terms;
    }
}

/// A reservation without a deadline is confirmed.
fn state_of(hold_ms: u64) -> ReservationState {
    if hold_ms > 0 { ReservationState::Held } else { ReservationState::Confirmed }
}
