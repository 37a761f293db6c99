//! A flash sale of one item: stock, window, quota, reservations.
//!
//! [`Sale::decide`] says what a request would change, [`Sale::apply`] makes it so.
//! Nothing else changes a sale. Always: total + oversold = available + held + confirmed + offered.

mod access;
mod apply;
mod audit;
mod blocks;
mod cart;
mod check;
mod deadlines;
mod decide;
mod due;
mod effect;
mod ledgers;
mod offers;
mod rates;
mod read;
mod refusal;
mod request;
mod restore;
mod row;
mod table;
mod tally;
mod terms;
mod users;
mod waitlist;

pub use access::{Access, Early, Ineligible};
pub use audit::{Audit, Difference};
pub use blocks::Mover;
pub use cart::{Answer, Settling, Verdict};
pub use check::Inconsistent;
pub use effect::{Change, Effect};
pub use rates::{Rate, Rates, Scope};
pub use read::{Holdings, Reservation, Window};
pub use refusal::{Misuse, Refusal};
pub use request::{Adopt, Part, Request, Reserve, Standing};
pub(crate) use restore::{Builder, Head, Tail};
pub use row::{HOLD_MS_MAX, QTY_MAX, ReservationState, Row};
pub(crate) use table::{Buyer, NewRow};
pub use tally::{CURVE_SECONDS, Outcome, Second, Tally};
pub use terms::{
    DATA_BYTES_MAX, OnFailover, Outlet, SaleState, Stock, TOKEN_BYTES_MAX, Terms, USER_BYTES_MAX,
};
pub use users::Seed;
pub(crate) use waitlist::Patience;

use crate::bounds::{COUNT_MAX, Invalid};
use crate::ids::{Ids, Slot};
use crate::time::Timestamp;
use deadlines::Deadlines;
use ledgers::{Answers, Refunds, Restocks, Voids};
use table::Table;
use users::Users;
use waitlist::WaitList;

/// The last epoch: ids stay positive in 64 bits.
pub const EPOCH_MAX: u32 = i32::MAX as u32;

/// A flash sale.
#[derive(Clone, Debug)]
pub struct Sale {
    terms: Terms,
    state: SaleState,
    outlet: Outlet,
    /// The key of the filter of those who may ask; empty for none.
    filter: Box<[u8]>,
    created: Timestamp,
    /// When the newest change was made.
    clock: Timestamp,
    epoch: u32,
    /// Events of the epoch.
    seq: u64,
    /// Ids of the epoch.
    numbered: u32,
    /// The epoch in which the sale was created, or last opened after a freeze.
    opened: u32,
    stock: Stock,
    held: u64,
    confirmed: u64,
    offered: u64,
    ids: Ids,
    table: Table,
    users: Users,
    deadlines: Deadlines,
    /// GRACE as it was, from which slot on.
    graces: Vec<(Slot, u64)>,
    refunds: Refunds,
    restocks: Restocks,
    voids: Voids,
    waitlist: WaitList,
    answers: Answers,
}

impl Sale {
    /// A sale without reservations.
    ///
    /// # Errors
    /// [`Invalid`] if the terms contradict each other or the stock is out of range.
    pub fn new(
        terms: Terms,
        stock: Stock,
        outlet: Outlet,
        at: Timestamp,
        seed: Seed,
    ) -> Result<Sale, Invalid> {
        let terms = terms.checked()?;
        if matches!(stock, Stock::Limited(units) if units > COUNT_MAX) {
            return Err(Invalid("STOCK must be -1 or between 0 and 9007199254740992"));
        }
        if at.0 > COUNT_MAX {
            return Err(Invalid("the creation must be between 0 and 9007199254740992"));
        }
        if outlet.stream.is_empty() || outlet.group.is_empty() {
            return Err(Invalid("STREAM and GROUP must not be empty"));
        }
        Ok(Sale {
            terms,
            state: SaleState::Open,
            outlet,
            filter: Box::default(),
            created: at,
            clock: at,
            epoch: 0,
            seq: 0,
            numbered: 0,
            opened: 0,
            stock,
            held: 0,
            confirmed: 0,
            offered: 0,
            ids: Ids::default(),
            table: Table::default(),
            users: Users::new(seed),
            deadlines: Deadlines::default(),
            graces: vec![(Slot(0), terms.grace_ms)],
            refunds: Refunds::default(),
            restocks: Restocks::default(),
            voids: Voids::default(),
            waitlist: WaitList::default(),
            answers: Answers::default(),
        })
    }

    /// The same sale, for those alone who are in the filter under this key; an empty one is none.
    pub fn for_those_in(mut self, filter: &[u8]) -> Sale {
        self.filter = filter.into();
        self
    }

    /// The same sale, whose first event and first id belong to another epoch than 0.
    ///
    /// # Errors
    /// [`Invalid`] beyond the last epoch, 2^31 - 1.
    pub fn from_epoch(mut self, epoch: u32) -> Result<Sale, Invalid> {
        if epoch > EPOCH_MAX {
            return Err(Invalid("an epoch out of range"));
        }
        (self.epoch, self.opened) = (epoch, epoch);
        Ok(self)
    }

    /// GRACE of the reservation at `slot`.
    fn grace_ms(&self, slot: Slot) -> u64 {
        let after = self.graces.partition_point(|(from, _)| *from <= slot);
        after.checked_sub(1).and_then(|at| self.graces.get(at)).map_or(0, |(_, grace_ms)| *grace_ms)
    }

    /// When the hold at `slot` falls due.
    #[inline]
    fn due_at(&self, slot: Slot) -> Timestamp {
        let row = self.table.row(slot);
        row.created(self.created).after(row.hold_ms()).after(self.grace_ms(slot))
    }

    /// Units of the stock that the reservation at `slot` has.
    #[inline]
    fn live_units(&self, slot: Slot) -> u64 {
        let row = self.table.row(slot);
        if row.state().is_live() { row.qty() - self.refunds.of(slot) } else { 0 }
    }
}
