//! A sale taken apart for storing, and the one constructor that puts it together again.
//!
//! The builder believes nothing: what it accepts is a sale that could have come about by changes.

use super::check::{check_token, check_user};
use super::ledgers::Restocked;
use super::row::{AGE_MS_MAX, HOLD_MS_MAX, QTY_MAX};
use super::table::{Buyer, NewRow};
use super::{
    DATA_BYTES_MAX, EPOCH_MAX, Outlet, Patience, ReservationState, Sale, SaleState, Seed, Stock, Terms,
};
use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use crate::ids::{ReservationId, Slot};
use crate::time::Timestamp;

/// All of a sale but its reservations and what was done under tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) terms: Terms,
    pub(crate) state: SaleState,
    pub(crate) outlet: Outlet,
    pub(crate) filter: Box<[u8]>,
    pub(crate) created: Timestamp,
    pub(crate) clock: Timestamp,
    pub(crate) epoch: u32,
    pub(crate) seq: u64,
    pub(crate) numbered: u32,
    pub(crate) opened: u32,
    pub(crate) stock: Stock,
    pub(crate) held: u64,
    pub(crate) confirmed: u64,
    pub(crate) oversold: u64,
    pub(crate) offered: u64,
    pub(crate) patience: Patience,
    pub(crate) id_runs: Vec<(ReservationId, u32)>,
    pub(crate) graces: Vec<(u32, u64)>,
}

/// Something that was done beside making and resolving reservations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail<'a> {
    /// Units of a reservation were paid back.
    Refund { slot: u32, units: u64 },
    /// A part of a refund was done under a token.
    Part { slot: u32, token: &'a [u8], units: u64 },
    /// A restock was done under a token.
    Restock { token: &'a [u8], delta: i64, available: u64, total: u64 },
    /// An offer was taken under a token.
    Answer { slot: u32, token: &'a [u8] },
    /// A request was given up.
    Void { user: &'a [u8], token: &'a [u8], until: Timestamp },
}

/// Puts a stored sale together.
#[derive(Debug)]
pub(crate) struct Builder {
    sale: Sale,
    head: Head,
    ids: std::vec::IntoIter<(ReservationId, u32)>,
    run: Option<(ReservationId, u32)>,
    graces: std::vec::IntoIter<(u32, u64)>,
    grace: Option<(u32, u64)>,
}

impl Builder {
    /// Begins with all but the reservations.
    ///
    /// # Errors
    /// [`Invalid`] if no sale can have this head.
    pub fn new(head: Head, seed: Seed) -> Result<Builder, Invalid> {
        check_head(&head)?;
        let mut sale = Sale::new(head.terms, head.stock, head.outlet.clone(), head.created, seed)?;
        sale.state = head.state;
        sale.filter = head.filter.clone();
        sale.graces.clear();
        let mut ids = head.id_runs.clone().into_iter();
        let mut graces = head.graces.clone().into_iter();
        let (run, grace) = (ids.next(), graces.next());
        Ok(Builder { sale, head, ids, run, graces, grace })
    }

    /// Adds the next reservation.
    ///
    /// # Errors
    /// [`Invalid`] if it cannot stand there.
    pub fn push(&mut self, row: &NewRow<'_>) -> Result<(), Invalid> {
        let id = self.next_id().ok_or(Invalid("more reservations than ids"))?;
        self.check_row(row)?;
        self.take_graces();
        self.sale.ids.push(id);
        if let Buyer::New(user) = row.buyer {
            self.sale.users.enter(user, Slot(self.sale.table.len()), &self.sale.table);
        }
        self.sale.add_row(*row);
        Ok(())
    }

    /// Adds what was done beside.
    ///
    /// # Errors
    /// [`Invalid`] if it cannot have been done.
    pub fn push_tail(&mut self, tail: &Tail<'_>) -> Result<(), Invalid> {
        match *tail {
            Tail::Refund { slot, units } => self.push_refund(slot, units),
            Tail::Part { slot, token, units } => {
                check_token(Some(token)).map_err(|why| Invalid(why.0))?;
                let known = slot < self.sale.table.len() && (1..=QTY_MAX).contains(&units);
                valid(known, "a refund of nothing")?;
                let twice = self.sale.refunds.parts.insert((Slot(slot), token.into()), units);
                valid(twice.is_none(), "a refund twice")
            }
            Tail::Restock { token, delta, available, total } => {
                check_token(Some(token)).map_err(|why| Invalid(why.0))?;
                valid(available <= total && total <= COUNT_MAX, "a restock out of range")?;
                let twice = self.sale.restocks.insert(token.into(), Restocked { delta, available, total });
                valid(twice.is_none(), "a restock twice")
            }
            Tail::Answer { slot, token } => self.push_answer(slot, token),
            Tail::Void { user, token, until } => {
                check_user(user).and_then(|()| check_token(Some(token))).map_err(|why| Invalid(why.0))?;
                valid(until.since(self.head.clock) <= DURATION_MS_MAX, "a void out of range")?;
                self.sale.voids.insert(user, token, until);
                Ok(())
            }
        }
    }

    /// The sale, if its totals are what its reservations make.
    ///
    /// # Errors
    /// [`Invalid`] if something is missing or does not add up.
    pub fn finish(mut self) -> Result<Sale, Invalid> {
        valid(self.next_id().is_none(), "fewer reservations than ids")?;
        self.take_graces();
        valid(self.grace.is_none() && !self.sale.graces.is_empty(), "a grace beyond the reservations")?;
        let refunded = |slot: &Slot| self.sale.table.row(*slot).state() == ReservationState::Refunded;
        let all = (0..self.sale.table.len()).map(Slot).filter(refunded).count();
        let listed = self.sale.refunds.units.keys().filter(|slot| refunded(slot)).count();
        valid(all == listed, "refunds that are not listed")?;
        valid(
            (self.sale.held, self.sale.confirmed, self.sale.offered)
                == (self.head.held, self.head.confirmed, self.head.offered),
            "totals that differ",
        )?;
        let known = self.sale.oversold() == self.head.oversold;
        valid(known, "more units given out than there are")?;
        self.sale.clock = self.head.clock;
        self.sale.epoch = self.head.epoch;
        self.sale.seq = self.head.seq;
        self.sale.numbered = self.head.numbered;
        self.sale.opened = self.head.opened;
        valid(
            self.head.patience.until.is_none_or(|until| until.since(self.head.clock) <= DURATION_MS_MAX),
            "units gathered for too long",
        )?;
        self.sale.waitlist.restore_patience(self.head.patience);
        Ok(self.sale)
    }

    fn next_id(&mut self) -> Option<ReservationId> {
        while let Some((_, 0)) = self.run {
            self.run = self.ids.next();
        }
        let (id, left) = self.run?;
        self.run = Some((ReservationId(id.0 + 1), left - 1));
        Some(id)
    }

    fn take_graces(&mut self) {
        while let Some((from, grace_ms)) = self.grace.filter(|(from, _)| *from <= self.sale.table.len()) {
            self.sale.graces.push((Slot(from), grace_ms));
            self.grace = self.graces.next();
        }
    }

    fn check_row(&self, row: &NewRow<'_>) -> Result<(), Invalid> {
        let sale = &self.sale;
        valid((1..=QTY_MAX).contains(&row.qty), "a quantity out of range")?;
        valid(
            row.age_ms <= AGE_MS_MAX.min(self.head.clock.since(self.head.created)),
            "a creation out of range",
        )?;
        valid(row.hold_ms <= HOLD_MS_MAX, "a hold out of range")?;
        valid(!row.state.has_deadline() || row.hold_ms > 0, "a hold without a deadline")?;
        valid(row.state != ReservationState::Offered || row.pinned, "an offer that is not pinned")?;
        let plain = row.hold_ms == 0 && !row.pinned;
        valid(row.state != ReservationState::Waiting || plain, "a deadline of who waits")?;
        valid(!row.pinned || row.hold_ms > 0, "a pin without a deadline")?;
        valid(row.data.is_none_or(|data| data.len() <= DATA_BYTES_MAX), "a payload too long")?;
        check_token(row.token).map_err(|why| Invalid(why.0))?;
        match row.buyer {
            Buyer::New(user) => {
                check_user(user).map_err(|why| Invalid(why.0))?;
                valid(sale.users.first(user, &sale.table).is_none(), "a user twice")
            }
            Buyer::Known(first) => {
                let known = first.0 < sale.table.len() && sale.table.first_of(first) == first;
                valid(known, "a user that is not there")?;
                let used = row.token.and_then(|token| sale.users.request(first, token, &sale.table));
                valid(used.is_none(), "a token twice")?;
                valid(!row.state.is_queued() || sale.queued(first).is_none(), "a user who waits twice")
            }
        }
    }

    fn push_answer(&mut self, slot: u32, token: &[u8]) -> Result<(), Invalid> {
        check_token(Some(token)).map_err(|why| Invalid(why.0))?;
        let sale = &mut self.sale;
        valid(slot < sale.table.len(), "an answer to nothing")?;
        let slot = Slot(slot);
        let taken = sale.table.row(slot);
        valid(!taken.state().is_queued(), "an answer to an offer that stands")?;
        let first = sale.table.first_of(slot);
        valid(sale.request(first, token).is_none(), "a token twice")?;
        sale.answers.insert((first, token.into()), slot);
        Ok(())
    }

    fn push_refund(&mut self, slot: u32, units: u64) -> Result<(), Invalid> {
        let sale = &mut self.sale;
        valid(slot < sale.table.len(), "a refund of nothing")?;
        let slot = Slot(slot);
        let row = sale.table.row(slot);
        let fits = match row.state() {
            ReservationState::Confirmed => (1..row.qty()).contains(&units),
            ReservationState::Refunded => units == row.qty(),
            ReservationState::Held
            | ReservationState::Released
            | ReservationState::Expired
            | ReservationState::Waiting
            | ReservationState::Offered => false,
        };
        valid(fits && sale.refunds.of(slot) == 0, "a refund of what was not paid")?;
        sale.refunds.add(slot, units, None);
        if row.state() == ReservationState::Confirmed {
            sale.confirmed -= units;
            sale.users.changed(slot, row.qty(), row.qty() - units, &sale.table);
        }
        Ok(())
    }
}

impl Sale {
    /// All but the reservations and what was done under tokens.
    pub(crate) fn head(&self) -> Head {
        Head {
            terms: self.terms,
            state: self.state,
            outlet: self.outlet.clone(),
            filter: self.filter.clone(),
            created: self.created,
            clock: self.clock,
            epoch: self.epoch,
            seq: self.seq,
            numbered: self.numbered,
            opened: self.opened,
            stock: self.stock,
            held: self.held,
            confirmed: self.confirmed,
            oversold: self.oversold(),
            offered: self.offered,
            patience: self.waitlist.patience(),
            id_runs: self.ids.runs().collect(),
            graces: self.graces.iter().map(|(from, grace_ms)| (from.0, *grace_ms)).collect(),
        }
    }

    /// Every reservation, by slot.
    pub(crate) fn rows(&self) -> impl Iterator<Item = NewRow<'_>> {
        (0..self.table.len()).map(Slot).map(|slot| {
            let row = self.table.row(slot);
            let first = self.table.first_of(slot);
            let buyer = if first == slot { Buyer::New(self.table.user(slot)) } else { Buyer::Known(first) };
            NewRow {
                buyer,
                qty: row.qty(),
                state: row.state(),
                age_ms: row.age_ms(),
                hold_ms: row.hold_ms(),
                pinned: row.marks().pinned,
                token: self.table.token(slot),
                data: self.table.data(slot),
            }
        })
    }

    /// What was done beside, in a fixed order.
    pub(crate) fn tails(&self) -> impl Iterator<Item = Tail<'_>> {
        let refunds =
            self.refunds.units.iter().map(|(slot, units)| Tail::Refund { slot: slot.0, units: *units });
        let parts = self.refunds.parts.iter();
        let parts = parts.map(|((slot, token), units)| Tail::Part { slot: slot.0, token, units: *units });
        let restocks = self.restocks.iter().map(|(token, done)| {
            let Restocked { delta, available, total } = *done;
            Tail::Restock { token, delta, available, total }
        });
        let answers = self.answers.iter().map(|((_, token), slot)| Tail::Answer { slot: slot.0, token });
        let voids = self.voids.iter().map(|((user, token), until)| Tail::Void { user, token, until });
        refunds.chain(parts).chain(restocks).chain(answers).chain(voids)
    }
}

fn check_head(head: &Head) -> Result<(), Invalid> {
    let numbers = [head.created.0, head.clock.0, head.seq, head.held, head.confirmed, head.offered];
    valid(numbers.iter().all(|number| *number <= COUNT_MAX), "a number out of range")?;
    valid(head.clock >= head.created, "a clock before the creation")?;
    valid(head.epoch <= EPOCH_MAX && head.opened <= head.epoch, "an epoch out of range")?;
    valid(head.graces.first().is_some_and(|(from, _)| *from == 0), "no grace for the first reservation")?;
    valid(head.graces.windows(2).all(|pair| pair[0].0 < pair[1].0), "graces out of order")?;
    valid(head.graces.iter().all(|(_, grace_ms)| *grace_ms <= DURATION_MS_MAX), "a grace out of range")?;
    valid(
        head.graces.last().map(|(_, ms)| *ms) == Some(head.terms.grace_ms),
        "another grace than the terms'",
    )?;
    check_ids(head)
}

fn check_ids(head: &Head) -> Result<(), Invalid> {
    let mut runs = head.id_runs.clone();
    runs.sort_unstable();
    let mut free_from = 1u64;
    let mut rows = 0u64;
    for (first, len) in runs {
        let last = first.0.saturating_add(u64::from(len) - u64::from(len > 0));
        let one_epoch = ReservationId(last).epoch() == first.epoch() && first.number() > 0;
        valid(len > 0 && first.0 >= free_from && one_epoch, "ids that repeat")?;
        let known = first.epoch() < head.epoch
            || first.epoch() == head.epoch && ReservationId(last).number() <= head.numbered;
        valid(known, "ids of the future")?;
        free_from = last + 1;
        rows += u64::from(len);
    }
    valid(rows < u64::from(u32::MAX), "more ids than a sale can have")
}

fn valid(truth: bool, otherwise: &'static str) -> Result<(), Invalid> {
    if truth { Ok(()) } else { Err(Invalid(otherwise)) }
}
