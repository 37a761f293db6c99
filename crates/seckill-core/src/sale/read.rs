//! What a sale tells. Due holds count as free; nothing changes.

use super::{Outlet, ReservationState, Sale, SaleState, Stock, Terms};
use crate::ids::{ReservationId, Slot};
use crate::time::{Moment, Timestamp};

/// A reservation as a reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation<'a> {
    /// Its id.
    pub id: ReservationId,
    /// Whose.
    pub user: &'a [u8],
    /// Units.
    pub qty: u64,
    /// Units paid back.
    pub refunded: u64,
    /// State; a due hold has expired.
    pub state: ReservationState,
    /// The deadline shown to the buyer, while it is held.
    pub deadline: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    /// Payload.
    pub data: Option<&'a [u8]>,
}

/// What a user has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Units held.
    pub held: u64,
    /// Units paid and not paid back.
    pub confirmed: u64,
    /// Units offered.
    pub offered: u64,
    /// The place in the line, from 1; 0 if the user does not wait.
    pub position: u64,
    /// All reservations, ascending by age.
    pub reservations: Vec<ReservationId>,
}

/// Where a sale is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Before START.
    Scheduled,
    /// Stopped until an operator opens it, because another process life goes on with it.
    Frozen,
    /// RESERVE is served.
    Open,
    /// Stopped for now.
    Paused,
    /// After END.
    Ended,
    /// Closed by an operator.
    Closed,
}

impl Window {
    /// The word in replies.
    pub fn word(self) -> &'static str {
        match self {
            Window::Scheduled => "SCHEDULED",
            Window::Frozen => "FROZEN",
            Window::Open => "OPEN",
            Window::Paused => "PAUSED",
            Window::Ended => "ENDED",
            Window::Closed => "CLOSED",
        }
    }
}

impl Sale {
    /// The terms.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The state that an operator set.
    pub fn state(&self) -> SaleState {
        self.state
    }

    /// Where events go.
    pub fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// The key of the filter of those who may ask; empty for none.
    pub fn filter(&self) -> &[u8] {
        &self.filter
    }

    /// Units to sell.
    pub fn stock(&self) -> Stock {
        self.stock
    }

    /// The epoch of the newest change.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Events in the epoch.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When the newest change was made.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// Units that are neither held, confirmed nor offered, due ones not counted; `None` if unlimited.
    pub fn available(&self) -> Option<u64> {
        match self.stock {
            Stock::Unlimited => None,
            Stock::Limited(total) => Some(total.saturating_sub(self.held + self.confirmed + self.offered)),
        }
    }

    /// Units that reservations have beyond the stock, because some of them were adopted; due holds included.
    pub fn oversold(&self) -> u64 {
        self.beyond_stock(self.held + self.confirmed + self.offered)
    }

    /// Units that reservations have beyond the stock.
    pub fn oversold_at(&self, now: Timestamp) -> u64 {
        self.beyond_stock(self.kept_at(now) + self.confirmed)
    }

    fn beyond_stock(&self, given: u64) -> u64 {
        match self.stock {
            Stock::Unlimited => 0,
            Stock::Limited(total) => given.saturating_sub(total),
        }
    }

    /// Units that a RESERVE could take; `None` if unlimited.
    pub fn available_at(&self, now: Timestamp) -> Option<u64> {
        match self.stock {
            Stock::Unlimited => None,
            Stock::Limited(total) => Some(total.saturating_sub(self.kept_at(now) + self.confirmed)),
        }
    }

    /// Units held and not due.
    pub fn held_at(&self, now: Timestamp) -> u64 {
        self.kept_at(now) - self.offered_at(now)
    }

    /// Units offered and not due.
    pub fn offered_at(&self, now: Timestamp) -> u64 {
        if self.offered == 0 { 0 } else { self.offered - self.due_offered(now) }
    }

    /// Units held or offered and not due: they may come back.
    pub fn kept_at(&self, now: Timestamp) -> u64 {
        self.held + self.offered - self.due_units(now)
    }

    /// Units paid and not paid back.
    pub fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// Number of reservations.
    pub fn reservations(&self) -> u32 {
        self.table.len()
    }

    /// Number of users.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Where the sale is in its life.
    pub fn window(&self, moment: Moment) -> Window {
        let now = self.clamped(moment.now);
        if self.is_frozen(moment) {
            return Window::Frozen;
        }
        match self.state {
            SaleState::Paused => Window::Paused,
            SaleState::Closed => Window::Closed,
            SaleState::Open if self.terms.start.is_some_and(|start| now < start) => Window::Scheduled,
            SaleState::Open if self.terms.end.is_some_and(|end| now >= end) => Window::Ended,
            SaleState::Open => Window::Open,
        }
    }

    /// A reservation.
    pub fn reservation(&self, id: ReservationId, now: Timestamp) -> Option<Reservation<'_>> {
        let slot = self.ids.slot(id)?;
        let row = self.table.row(slot);
        let state = self.state_at(slot, now);
        let kept = state.has_deadline();
        Some(Reservation {
            id,
            user: self.table.user(slot),
            qty: row.qty(),
            refunded: self.refunds.of(slot),
            state,
            deadline: row.deadline(self.created).filter(|_| kept),
            created: row.created(self.created),
            data: self.table.data(slot),
        })
    }

    /// What a user has.
    pub fn holdings(&self, user: &[u8], now: Timestamp) -> Holdings {
        let Some(first) = self.users.first(user, &self.table) else { return Holdings::default() };
        let single = [first];
        let slots = self.users.repeat(first).map_or(&single[..], |repeat| &repeat.slots);
        let mut holdings = Holdings::default();
        for slot in slots {
            holdings.reservations.push(self.ids.id(*slot));
            match self.state_at(*slot, now) {
                ReservationState::Held => holdings.held += self.live_units(*slot),
                ReservationState::Confirmed => holdings.confirmed += self.live_units(*slot),
                ReservationState::Offered => holdings.offered += self.live_units(*slot),
                ReservationState::Waiting => holdings.position = self.waitlist.position(*slot),
                ReservationState::Released | ReservationState::Expired | ReservationState::Refunded => {}
            }
        }
        holdings
    }

    /// Looks at `count` reservations from `from` on; returns those in `state` and where to go on.
    pub fn scan(
        &self,
        from: ReservationId,
        state: Option<ReservationState>,
        count: usize,
        now: Timestamp,
    ) -> (Option<ReservationId>, Vec<ReservationId>) {
        let mut ids = self.ids.range(from, count.saturating_add(1));
        let next = if ids.len() > count { ids.pop() } else { None };
        ids.retain(|id| {
            let found = self.ids.slot(*id).map(|slot| self.state_at(slot, now));
            state.is_none() || found == state
        });
        (next, ids)
    }

    /// Bytes on the heap and of the sale itself, about.
    pub fn memory_bytes(&self) -> usize {
        let names = self.outlet.stream.len() + self.outlet.group.len() + self.filter.len();
        let ledgers = self.refunds.units.len() * 24
            + self.refunds.parts.keys().map(|(_, token)| 64 + token.len()).sum::<usize>()
            + self.answers.keys().map(|(_, token)| 64 + token.len()).sum::<usize>()
            + self.restocks.keys().map(|token| 64 + token.len()).sum::<usize>()
            + self.voids.iter().map(|((user, token), _)| 2 * (64 + user.len() + token.len())).sum::<usize>();
        size_of::<Sale>()
            + names
            + ledgers
            + self.ids.memory_bytes()
            + self.table.memory_bytes()
            + self.users.memory_bytes()
            + self.deadlines.memory_bytes()
            + self.waitlist.memory_bytes()
            + self.graces.capacity() * 16
    }

    /// Number of allocations, about: the work of freeing the sale.
    pub fn allocations(&self) -> usize {
        self.table.allocations() + self.users.allocations()
    }

    /// The reservation that a user's request made.
    pub fn find_request(&self, user: &[u8], token: &[u8]) -> Option<ReservationId> {
        let first = self.users.first(user, &self.table)?;
        self.request(first, token).map(|slot| self.ids.id(slot))
    }

    /// The row that a user's request made, or took as an offer.
    pub(super) fn request(&self, first: Slot, token: &[u8]) -> Option<Slot> {
        self.users.request(first, token, &self.table).or_else(|| self.answered(first, token))
    }

    /// The row of the offer that a user's request took under a token of its own.
    pub(super) fn answered(&self, first: Slot, token: &[u8]) -> Option<Slot> {
        if self.answers.is_empty() { None } else { self.answers.get(&(first, token.into())).copied() }
    }

    /// Live units of the user whose first row stands at `first`.
    pub(super) fn user_units(&self, first: Slot) -> u64 {
        self.users.repeat(first).map_or_else(|| self.live_units(first), |repeat| repeat.units)
    }

    /// The newest live row of the user whose first row stands at `first`.
    pub(super) fn newest_live(&self, first: Slot) -> Option<Slot> {
        match self.users.repeat(first) {
            Some(repeat) => repeat.live.last().copied(),
            None => self.table.row(first).state().is_live().then_some(first),
        }
    }

    /// The deadline of a hold or an offer; none of what is confirmed.
    pub(super) fn live_deadline(&self, slot: Slot) -> Option<Timestamp> {
        let row = self.table.row(slot);
        row.deadline(self.created).filter(|_| row.state().has_deadline())
    }
}
