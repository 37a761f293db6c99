//! Is an effect that came over the wire one that this sale could have decided?

use super::row::{AGE_MS_MAX, HOLD_MS_MAX, QTY_MAX};
use super::{Change, DATA_BYTES_MAX, Effect, ReservationState, Sale, Stock, TOKEN_BYTES_MAX, USER_BYTES_MAX};
use crate::bounds::{COUNT_MAX, DURATION_MS_MAX};
use crate::ids::{ReservationId, Slot};
use crate::time::Timestamp;

/// Why an effect does not fit the sale that it was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inconsistent(pub &'static str);

impl Sale {
    /// Accepts an effect that [`Sale::apply`] can make.
    ///
    /// # Errors
    /// [`Inconsistent`] says what does not fit; the copy has diverged, or the effect came twice.
    pub fn check(&self, effect: &Effect<'_>) -> Result<(), Inconsistent> {
        holds(effect.at >= self.clock, "it is older than the newest change")?;
        holds(effect.at.0 <= COUNT_MAX, "its time is out of range")?;
        holds(effect.epoch >= self.epoch && effect.epoch <= i32::MAX as u32, "its epoch is not the sale's")?;
        let seq = if effect.change.has_event() { self.next_seq(effect.epoch) } else { 0 };
        holds(effect.seq == seq, "its sequence number is not the next")?;
        match effect.change {
            Change::Reserved { .. } => self.check_reserved(effect),
            Change::Adopted { .. } => self.check_adopted(effect),
            Change::Waitlisted { id, user, qty, token, data } => {
                self.check_new(effect, id, user, qty, (token, data))?;
                holds(self.queued_user(user).is_none(), "the user waits already")
            }
            Change::Offered { id, deadline } => self.check_offered(id, deadline),
            Change::Accepted { id, deadline, token } => self.check_accepted(id, deadline, token),
            Change::Confirmed { id } => self.check_confirmed(id),
            Change::Released { id } => self.check_unsettled(id),
            Change::Expired { id } => {
                let state = self.table.row(self.check_known(id)?).state();
                holds(state.has_deadline(), "the reservation is not held")
            }
            Change::Extended { id, deadline } => self.check_extended(id, deadline),
            Change::Refunded { id, units, token, .. } => self.check_refunded(id, units, token),
            Change::Restocked { delta, total, token } => self.check_restocked(delta, total, token),
            Change::Voided { user, token, until } => self.check_voided(effect.at, user, token, until),
            Change::Altered { terms, opened, .. } => {
                let known = opened == self.opened || opened == effect.epoch;
                holds(known, "it was opened in another epoch")?;
                terms.checked().map(|_| ()).map_err(|why| Inconsistent(why.0))
            }
        }
    }

    fn check_reserved(&self, effect: &Effect<'_>) -> Result<(), Inconsistent> {
        let Change::Reserved { id, user, qty, deadline, token, data } = effect.change else { return Ok(()) };
        self.check_new(effect, id, user, qty, (token, data))?;
        holds(self.available().is_none_or(|left| qty <= left), "there is not enough stock")?;
        check_hold(effect, deadline)
    }

    /// What every new reservation must be like.
    fn check_new(
        &self,
        effect: &Effect<'_>,
        id: ReservationId,
        user: &[u8],
        qty: u64,
        (token, data): (Option<&[u8]>, Option<&[u8]>),
    ) -> Result<(), Inconsistent> {
        check_user(user)?;
        check_token(token)?;
        holds(data.is_none_or(|data| data.len() <= DATA_BYTES_MAX), "its payload is too long")?;
        holds((1..=QTY_MAX).contains(&qty), "its quantity is out of range")?;
        let number = self.next_number(effect.epoch);
        holds(
            number.map(|number| ReservationId::new(effect.epoch, number)) == Some(id),
            "its id is not the next",
        )?;
        self.check_room(effect)?;
        let first = self.users.first(user, &self.table);
        let known = first.zip(token).and_then(|(first, token)| self.request(first, token));
        holds(known.is_none(), "its token was used")
    }

    /// There is room for one more reservation.
    fn check_room(&self, effect: &Effect<'_>) -> Result<(), Inconsistent> {
        let young = effect.at.since(self.created) <= AGE_MS_MAX;
        holds(young && self.table.len() < u32::MAX - 1, "the sale is full")
    }

    fn check_adopted(&self, effect: &Effect<'_>) -> Result<(), Inconsistent> {
        let Change::Adopted { id, user, qty, deadline } = effect.change else { return Ok(()) };
        check_user(user)?;
        holds((1..=QTY_MAX).contains(&qty), "its quantity is out of range")?;
        holds(id.number() > 0 && id.epoch() < effect.epoch, "its id is not of an earlier epoch")?;
        holds(self.ids.slot(id).is_none(), "the reservation is known")?;
        self.check_room(effect)?;
        check_hold(effect, deadline)
    }

    /// The reservation of a user that waits or is offered units.
    pub(super) fn queued_user(&self, user: &[u8]) -> Option<Slot> {
        self.users.first(user, &self.table).and_then(|first| self.queued(first))
    }

    fn check_offered(&self, id: ReservationId, deadline: Timestamp) -> Result<(), Inconsistent> {
        let row = self.table.row(self.check_known(id)?);
        holds(row.state() == ReservationState::Waiting, "the reservation does not wait")?;
        holds(self.available().is_none_or(|left| row.qty() <= left), "there is not enough stock")?;
        let in_range = (1..=HOLD_MS_MAX).contains(&deadline.since(row.created(self.created)));
        holds(in_range, "its deadline is out of range")
    }

    fn check_accepted(
        &self,
        id: ReservationId,
        deadline: Option<Timestamp>,
        token: Option<&[u8]>,
    ) -> Result<(), Inconsistent> {
        check_token(token)?;
        let slot = self.check_known(id)?;
        let row = self.table.row(slot);
        holds(row.state() == ReservationState::Offered, "nothing is offered")?;
        let age_ms = |deadline: Timestamp| deadline.since(row.created(self.created));
        let in_range = |deadline| (1..=HOLD_MS_MAX).contains(&age_ms(deadline));
        holds(deadline.is_none_or(in_range), "its deadline is out of range")?;
        let known = token.and_then(|token| self.request(self.table.first_of(slot), token));
        holds(known.is_none(), "its token was used")
    }

    fn check_unsettled(&self, id: ReservationId) -> Result<(), Inconsistent> {
        let state = self.table.row(self.check_known(id)?).state();
        holds(state == ReservationState::Held || state.is_queued(), "the reservation is not held")
    }

    fn check_confirmed(&self, id: ReservationId) -> Result<(), Inconsistent> {
        let slot = self.check_known(id)?;
        let row = self.table.row(slot);
        let enough = self.available().is_none_or(|left| row.qty() <= left);
        match row.state() {
            ReservationState::Held | ReservationState::Offered => Ok(()),
            ReservationState::Waiting => Err(Inconsistent("the reservation waits")),
            ReservationState::Expired => holds(enough, "there is not enough stock"),
            ReservationState::Confirmed | ReservationState::Released | ReservationState::Refunded => {
                Err(Inconsistent("the reservation was resolved before"))
            }
        }
    }

    fn check_extended(&self, id: ReservationId, deadline: Timestamp) -> Result<(), Inconsistent> {
        let row = self.table.row(self.check_held(id)?);
        let later = row.deadline(self.created).is_some_and(|old| deadline > old);
        let in_range = deadline.since(row.created(self.created)) <= HOLD_MS_MAX;
        holds(later && in_range, "its deadline is out of range")
    }

    fn check_refunded(
        &self,
        id: ReservationId,
        units: u64,
        token: Option<&[u8]>,
    ) -> Result<(), Inconsistent> {
        check_token(token)?;
        let slot = self.check_known(id)?;
        let row = self.table.row(slot);
        holds(row.state() == ReservationState::Confirmed, "the reservation is not confirmed")?;
        holds((1..=row.qty() - self.refunds.of(slot)).contains(&units), "its quantity is out of range")?;
        holds(token.is_none_or(|token| self.refunds.part(slot, token).is_none()), "its token was used")
    }

    fn check_restocked(&self, delta: i64, total: u64, token: Option<&[u8]>) -> Result<(), Inconsistent> {
        check_token(token)?;
        let Stock::Limited(old) = self.stock else { return Err(Inconsistent("the sale is unlimited")) };
        holds(
            old.checked_add_signed(delta) == Some(total) && total <= COUNT_MAX,
            "its total is not the sum",
        )?;
        holds(
            total >= self.held + self.confirmed + self.offered || delta >= 0,
            "it takes more than is available",
        )?;
        holds(token.is_none_or(|token| !self.restocks.contains_key(token)), "its token was used")
    }

    fn check_voided(
        &self,
        at: Timestamp,
        user: &[u8],
        token: &[u8],
        until: Timestamp,
    ) -> Result<(), Inconsistent> {
        check_user(user)?;
        check_token(Some(token))?;
        holds(until.since(at) <= DURATION_MS_MAX, "its end is out of range")?;
        let longer = self.voids.until(user, token, at).is_some_and(|old| old >= until);
        holds(!longer, "the request was given up before")?;
        let first = self.users.first(user, &self.table);
        let known = first.and_then(|first| self.request(first, token));
        holds(known.is_none(), "its token was used")
    }

    fn check_held(&self, id: ReservationId) -> Result<Slot, Inconsistent> {
        let slot = self.check_known(id)?;
        holds(self.table.row(slot).state() == ReservationState::Held, "the reservation is not held")?;
        Ok(slot)
    }

    fn check_known(&self, id: ReservationId) -> Result<Slot, Inconsistent> {
        self.ids.slot(id).ok_or(Inconsistent("the reservation is unknown"))
    }
}

/// A new hold ends in time.
fn check_hold(effect: &Effect<'_>, deadline: Option<Timestamp>) -> Result<(), Inconsistent> {
    let in_range = |deadline: Timestamp| (1..=HOLD_MS_MAX).contains(&deadline.since(effect.at));
    holds(deadline.is_none_or(in_range), "its deadline is out of range")
}

pub(super) fn check_user(user: &[u8]) -> Result<(), Inconsistent> {
    holds((1..=USER_BYTES_MAX).contains(&user.len()), "its user has a wrong length")
}

pub(super) fn check_token(token: Option<&[u8]>) -> Result<(), Inconsistent> {
    let fits = |token: &[u8]| (1..=TOKEN_BYTES_MAX).contains(&token.len());
    holds(token.is_none_or(fits), "its token has a wrong length")
}

pub(super) fn holds(truth: bool, otherwise: &'static str) -> Result<(), Inconsistent> {
    if truth { Ok(()) } else { Err(Inconsistent(otherwise)) }
}
