//! What would happen. Changes nothing.

use super::refusal::Misuse;
use super::row::{AGE_MS_MAX, HOLD_MS_MAX};
use super::{
    Adopt, Change, EPOCH_MAX, Effect, OnFailover, Part, Refusal, Request, ReservationState, Reserve, Sale,
    SaleState, Standing, Stock, Terms,
};
use crate::bounds::COUNT_MAX;
use crate::ids::{ReservationId, Slot};
use crate::time::{Moment, Timestamp};

/// Reservations that a sale can have.
const ROWS_MAX: u32 = u32::MAX - 1;
/// Lives of a sale that follow each other within this time get neighbouring epochs.
/// After a longer silence the epoch leaps, because a life in between may have been lost with all it wrote.
const EPOCH_TICK_MS: u64 = 10_000;

impl Sale {
    /// What `request` would change at this moment.
    ///
    /// # Errors
    /// The [`Refusal`] if it changes nothing. Where due holds stand in the way,
    /// [`Sale::obstacles`] names them: expire them and decide again.
    pub fn decide<'a>(&self, moment: Moment, request: &Request<'a>) -> Result<Effect<'a>, Refusal> {
        let now = self.clamped(moment.now);
        let change = match *request {
            Request::Reserve(ref reserve) => self.decide_reserve(moment, now, reserve),
            Request::Confirm { id, late } => self.decide_confirm(now, id, late),
            Request::Release { id } => self.unsettled(now, id).map(|_| Change::Released { id }),
            Request::Extend { id, ms } => self.decide_extend(now, id, ms),
            Request::Refund { id, part, restock } => self.decide_refund(id, part, restock),
            Request::Void { user, token, ms } => self.decide_void(now, user, token, ms),
            Request::Restock { delta, token } => self.decide_restock(now, delta, token),
            Request::Adopt(ref adopt) => self.decide_adopt(now, adopt),
            Request::Alter { terms, state, filter } => Ok(self.altered(moment, terms, state, filter)),
        }?;
        Ok(self.stamped(moment, change))
    }

    /// The effect that ends a due hold.
    pub fn expire(&self, moment: Moment, id: ReservationId) -> Effect<'static> {
        self.stamped(moment, Change::Expired { id })
    }

    /// The sale's time: the server's, which never runs backwards here.
    pub(super) fn clamped(&self, now: Timestamp) -> Timestamp {
        now.max(self.clock)
    }

    /// The epoch of a change made now.
    pub(super) fn epoch_at(&self, moment: Moment) -> u32 {
        if !moment.fresh {
            return self.epoch;
        }
        let ticks = self.clamped(moment.now).since(self.clock) / EPOCH_TICK_MS;
        (u64::from(self.epoch) + 1).saturating_add(ticks).min(u64::from(EPOCH_MAX)) as u32
    }

    pub(super) fn next_seq(&self, epoch: u32) -> u64 {
        if epoch == self.epoch { self.seq + 1 } else { 1 }
    }

    pub(super) fn next_number(&self, epoch: u32) -> Option<u32> {
        if epoch == self.epoch { self.numbered.checked_add(1) } else { Some(1) }
    }

    fn next_id(&self, moment: Moment) -> Option<ReservationId> {
        let epoch = self.epoch_at(moment);
        self.next_number(epoch).map(|number| ReservationId::new(epoch, number))
    }

    pub(super) fn stamped<'a>(&self, moment: Moment, change: Change<'a>) -> Effect<'a> {
        let epoch = match change {
            Change::Adopted { id, .. } => self.epoch_at(moment).max(id.epoch() + 1),
            _ => self.epoch_at(moment),
        };
        let seq = if change.has_event() { self.next_seq(epoch) } else { 0 };
        Effect { at: self.clamped(moment.now), epoch, seq, change }
    }

    /// True if nothing can be reserved until an operator opens the sale: another life goes on with it.
    pub fn is_frozen(&self, moment: Moment) -> bool {
        self.terms.on_failover == OnFailover::Freeze && (moment.fresh || self.epoch != self.opened)
    }

    /// A sale that is frozen stays so unless it is opened, or its terms are to go on.
    fn altered<'a>(
        &self,
        moment: Moment,
        terms: Terms,
        state: Option<SaleState>,
        filter: &'a [u8],
    ) -> Change<'a> {
        let stays = self.is_frozen(moment) && state != Some(SaleState::Open);
        let opened = if stays { self.opened } else { self.epoch_at(moment) };
        Change::Altered { terms, state: state.unwrap_or(self.state), opened, filter }
    }

    /// True if an ALTER like this would leave the sale as it is.
    pub fn stays(&self, moment: Moment, terms: &Terms, state: Option<SaleState>, filter: &[u8]) -> bool {
        let opens = state == Some(SaleState::Open) && self.is_frozen(moment);
        *terms == self.terms
            && *filter == *self.filter
            && state.is_none_or(|state| state == self.state)
            && !opens
    }

    fn decide_reserve<'a>(
        &self,
        moment: Moment,
        now: Timestamp,
        reserve: &Reserve<'a>,
    ) -> Result<Change<'a>, Refusal> {
        let first = self.users.first(reserve.user, &self.table);
        self.check_request(now, first, reserve)?;
        self.check_window(moment, reserve.tier)?;
        if let Some(slot) = first.and_then(|first| self.queued(first)) {
            return self.decide_accept(now, slot, reserve);
        }
        self.check_quota(first, reserve.qty)?;
        let taken = self.check_units(now, reserve.qty);
        let waits = matches!(taken, Err(Refusal::SoldOut { .. })) && self.can_wait(reserve);
        if !waits {
            taken?;
        }
        let id = self.room_for(moment)?;
        let Reserve { user, qty, token, data, .. } = *reserve;
        if waits {
            return Ok(Change::Waitlisted { id, user, qty, token, data });
        }
        let deadline = (self.terms.hold_ms > 0).then(|| now.after(self.terms.hold_ms));
        Ok(Change::Reserved { id, user, qty, deadline, token, data })
    }

    /// Room for one more reservation: its id.
    pub(super) fn room_for(&self, moment: Moment) -> Result<ReservationId, Refusal> {
        let full = self.is_full(self.clamped(moment.now));
        self.next_id(moment).filter(|_| !full).ok_or(Refusal::Misuse(Misuse::Full))
    }

    fn is_full(&self, now: Timestamp) -> bool {
        self.table.len() >= ROWS_MAX || now.since(self.created) > AGE_MS_MAX
    }

    /// An id is adopted in an epoch later than its own, so that it is never given out again.
    fn decide_adopt<'a>(&self, now: Timestamp, adopt: &Adopt<'a>) -> Result<Change<'a>, Refusal> {
        let Adopt { id, user, qty, standing } = *adopt;
        if self.ids.slot(id).is_some() {
            return Err(Refusal::Standing(id));
        }
        let misuse = |what| Err(Refusal::Misuse(what));
        if id.number() == 0 || id.epoch() >= EPOCH_MAX {
            return misuse(Misuse::StrangeId);
        }
        if self.is_full(now) {
            return misuse(Misuse::Full);
        }
        let deadline = match standing {
            Standing::Confirmed => None,
            Standing::Held(Some(until)) => Some(until.max(now.after(1))),
            Standing::Held(None) if self.terms.hold_ms == 0 => return misuse(Misuse::Deadline),
            Standing::Held(None) => Some(now.after(self.terms.hold_ms)),
        };
        if deadline.is_some_and(|deadline| deadline.since(now) > HOLD_MS_MAX) {
            return misuse(Misuse::HoldRange);
        }
        Ok(Change::Adopted { id, user, qty, deadline })
    }

    /// Was this request decided before, or given up?
    pub(super) fn check_request(
        &self,
        now: Timestamp,
        first: Option<Slot>,
        reserve: &Reserve<'_>,
    ) -> Result<(), Refusal> {
        let Some(token) = reserve.token else { return Ok(()) };
        if let Some(slot) = first.and_then(|first| self.users.request(first, token, &self.table)) {
            let same = self.table.row(slot).qty() == reserve.qty && self.table.data(slot) == reserve.data;
            return match (same, self.state_at(slot, now)) {
                (true, ReservationState::Offered) => Ok(()),
                (true, _) => Err(Refusal::Standing(self.ids.id(slot))),
                (false, _) => Err(Refusal::Mismatch),
            };
        }
        if let Some(slot) = first.and_then(|first| self.answered(first, token)) {
            return Err(Refusal::Standing(self.ids.id(slot)));
        }
        match self.voids.until(reserve.user, token, now) {
            Some(_) => Err(Refusal::Voided),
            None => Ok(()),
        }
    }

    /// Says whether a request would come to be judged by who asks: it was not decided before, and the sale is open.
    ///
    /// # Errors
    /// The [`Refusal`] that [`Sale::decide`] gives too.
    pub fn preview(&self, moment: Moment, reserve: &Reserve<'_>) -> Result<(), Refusal> {
        let first = self.users.first(reserve.user, &self.table);
        self.check_request(self.clamped(moment.now), first, reserve)?;
        self.check_window(moment, reserve.tier)
    }

    pub(super) fn check_window(&self, moment: Moment, tier: u32) -> Result<(), Refusal> {
        let now = self.clamped(moment.now);
        if self.is_frozen(moment) {
            return Err(Refusal::Frozen);
        }
        match self.state {
            SaleState::Open => {}
            SaleState::Paused => return Err(Refusal::Paused),
            SaleState::Closed => return Err(Refusal::Ended),
        }
        let start = self.terms.start.map(|start| self.terms.access.start_for(start, tier));
        if let Some(start) = start.filter(|start| now < *start) {
            return Err(Refusal::NotOpen { start, wait_ms: start.since(now) });
        }
        if self.terms.end.is_some_and(|end| now >= end) {
            return Err(Refusal::Ended);
        }
        Ok(())
    }

    pub(super) fn check_quota(&self, first: Option<Slot>, qty: u64) -> Result<(), Refusal> {
        let per_user = self.terms.per_user;
        let units = first.map_or(0, |first| self.user_units(first));
        if per_user == 0 || units + qty <= per_user {
            return Ok(());
        }
        let newest = first.and_then(|first| self.newest_live(first));
        let newest = newest.map(|slot| (self.ids.id(slot), self.live_deadline(slot)));
        Err(Refusal::Duplicate { newest, units, per_user })
    }

    /// Are there units for somebody who comes now?
    pub(super) fn check_units(&self, now: Timestamp, qty: u64) -> Result<(), Refusal> {
        match self.waiting() {
            0 => self.check_stock(now, qty),
            _ => self.check_turn(now, qty),
        }
    }

    /// Those who wait come first.
    fn check_turn(&self, now: Timestamp, qty: u64) -> Result<(), Refusal> {
        let Some(left) = self.available_at(now) else { return Ok(()) };
        if qty > left || self.must_queue(now, left) {
            return Err(Refusal::SoldOut { held: self.kept_at(now) });
        }
        self.check_stock(now, qty)
    }

    /// Due holds are named as free but stand in the way until they are expired.
    fn check_stock(&self, now: Timestamp, qty: u64) -> Result<(), Refusal> {
        if self.available().is_none_or(|left| qty <= left) {
            return Ok(());
        }
        match self.available_at(now) {
            Some(left) if left > 0 => Err(Refusal::Short { left }),
            _ => Err(Refusal::SoldOut { held: self.kept_at(now) }),
        }
    }

    /// The hold `id`, if it is one that is not due.
    fn hold(&self, now: Timestamp, id: ReservationId) -> Result<Slot, Refusal> {
        let slot = self.ids.slot(id).ok_or(Refusal::NotFound)?;
        if self.state_at(slot, now) == ReservationState::Held { Ok(slot) } else { Err(Refusal::Standing(id)) }
    }

    /// The reservation `id`, if it is one that has not come to its end.
    fn unsettled(&self, now: Timestamp, id: ReservationId) -> Result<Slot, Refusal> {
        let slot = self.ids.slot(id).ok_or(Refusal::NotFound)?;
        let state = self.state_at(slot, now);
        let unsettled = state == ReservationState::Held || state.is_queued();
        if unsettled { Ok(slot) } else { Err(Refusal::Standing(id)) }
    }

    fn decide_confirm(
        &self,
        now: Timestamp,
        id: ReservationId,
        late: bool,
    ) -> Result<Change<'static>, Refusal> {
        let slot = self.ids.slot(id).ok_or(Refusal::NotFound)?;
        let row = self.table.row(slot);
        if late && row.state() == ReservationState::Expired {
            self.check_stock(now, row.qty()).map_err(|_| Refusal::SoldOut { held: self.kept_at(now) })?;
            return Ok(Change::Confirmed { id });
        }
        let taken = matches!(self.state_at(slot, now), ReservationState::Held | ReservationState::Offered);
        if taken { Ok(Change::Confirmed { id }) } else { Err(Refusal::Standing(id)) }
    }

    fn decide_extend(&self, now: Timestamp, id: ReservationId, ms: u64) -> Result<Change<'static>, Refusal> {
        let slot = self.hold(now, id)?;
        let row = self.table.row(slot);
        let old = row.deadline(self.created).unwrap_or(now);
        let longest_ms = if self.terms.hold_ms_max == 0 { HOLD_MS_MAX } else { self.terms.hold_ms_max };
        let cap = row.created(self.created).after(longest_ms.min(HOLD_MS_MAX));
        let wanted = now.after(ms);
        let deadline = wanted.min(cap);
        if deadline > old {
            return Ok(Change::Extended { id, deadline });
        }
        Err(Refusal::Unmoved { id, capped: wanted > old })
    }

    fn decide_refund<'a>(
        &self,
        id: ReservationId,
        part: Option<Part<'a>>,
        restock: bool,
    ) -> Result<Change<'a>, Refusal> {
        let slot = self.ids.slot(id).ok_or(Refusal::NotFound)?;
        let row = self.table.row(slot);
        let left = row.qty() - self.refunds.of(slot);
        let Some(part) = part else {
            let confirmed = row.state() == ReservationState::Confirmed;
            let whole = Change::Refunded { id, units: left, token: None, restock };
            return if confirmed { Ok(whole) } else { Err(Refusal::Standing(id)) };
        };
        match self.refunds.part(slot, part.token) {
            Some(qty) if qty == part.qty => return Err(Refusal::Standing(id)),
            Some(_) => return Err(Refusal::Mismatch),
            None => {}
        }
        match row.state() {
            ReservationState::Confirmed if part.qty <= left => {
                Ok(Change::Refunded { id, units: part.qty, token: Some(part.token), restock })
            }
            ReservationState::Confirmed | ReservationState::Refunded => Err(Refusal::Short { left }),
            ReservationState::Held
            | ReservationState::Released
            | ReservationState::Expired
            | ReservationState::Waiting
            | ReservationState::Offered => Err(Refusal::Standing(id)),
        }
    }

    fn decide_void<'a>(
        &self,
        now: Timestamp,
        user: &'a [u8],
        token: &'a [u8],
        ms: u64,
    ) -> Result<Change<'a>, Refusal> {
        let first = self.users.first(user, &self.table);
        if let Some(slot) = first.and_then(|first| self.request(first, token)) {
            let id = self.ids.id(slot);
            return self.unsettled(now, id).map(|_| Change::Released { id });
        }
        let until = now.after(ms);
        match self.voids.until(user, token, now) {
            Some(longer) if longer >= until => Err(Refusal::Voided),
            _ => Ok(Change::Voided { user, token, until }),
        }
    }

    fn decide_restock<'a>(
        &self,
        now: Timestamp,
        delta: i64,
        token: Option<&'a [u8]>,
    ) -> Result<Change<'a>, Refusal> {
        let Stock::Limited(total) = self.stock else { return Err(Refusal::Misuse(Misuse::Unlimited)) };
        if let Some(done) = token.and_then(|token| self.restocks.get(token)) {
            let ledgers = Refusal::Restocked { available: done.available, total: done.total };
            return Err(if done.delta == delta { ledgers } else { Refusal::Mismatch });
        }
        let available = self.available().unwrap_or(0);
        if delta < 0 && delta.unsigned_abs() > available {
            return Err(Refusal::Short { left: self.available_at(now).unwrap_or(0) });
        }
        match total.checked_add_signed(delta).filter(|total| *total <= COUNT_MAX) {
            Some(total) => Ok(Change::Restocked { delta, total, token }),
            None => Err(Refusal::Misuse(Misuse::StockRange)),
        }
    }
}
