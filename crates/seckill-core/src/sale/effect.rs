//! What a decision changes, in absolute values.

use super::terms::{SaleState, Terms};
use crate::ids::ReservationId;
use crate::time::Timestamp;

/// A change of a sale: all that a primary, a replica or a replayed log needs to make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    /// When it was decided; never before an earlier effect of the sale.
    pub at: Timestamp,
    /// The epoch it belongs to.
    pub epoch: u32,
    /// The number of its event in the epoch; 0 if it has none.
    pub seq: u64,
    /// What changes.
    pub change: Change<'a>,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A user takes units: held until `deadline`, or confirmed at once without one.
    Reserved {
        /// The new reservation.
        id: ReservationId,
        /// Whose.
        user: &'a [u8],
        /// Units.
        qty: u64,
        /// The end of the hold.
        deadline: Option<Timestamp>,
        /// The request's token.
        token: Option<&'a [u8]>,
        /// The payload.
        data: Option<&'a [u8]>,
    },
    /// A reservation of an earlier epoch is taken in again: held until `deadline`, or confirmed without one.
    Adopted {
        /// Its id.
        id: ReservationId,
        /// Whose.
        user: &'a [u8],
        /// Units.
        qty: u64,
        /// The end of the hold.
        deadline: Option<Timestamp>,
    },
    /// A user waits for units to come back.
    Waitlisted {
        /// The new reservation.
        id: ReservationId,
        /// Whose.
        user: &'a [u8],
        /// Units.
        qty: u64,
        /// The request's token.
        token: Option<&'a [u8]>,
        /// The payload.
        data: Option<&'a [u8]>,
    },
    /// Units came back for a user who waits.
    Offered {
        /// Which reservation.
        id: ReservationId,
        /// The end of the offer.
        deadline: Timestamp,
    },
    /// The user takes what was offered: it is held until `deadline`, or confirmed at once without one.
    Accepted {
        /// Which reservation.
        id: ReservationId,
        /// The end of the hold.
        deadline: Option<Timestamp>,
        /// The token of the request that took it, where it is another than the reservation's own.
        token: Option<&'a [u8]>,
    },
    /// A hold is paid, or an expired one taken up again.
    Confirmed {
        /// Which.
        id: ReservationId,
    },
    /// A hold is given back.
    Released {
        /// Which.
        id: ReservationId,
    },
    /// A hold's time is over.
    Expired {
        /// Which.
        id: ReservationId,
    },
    /// A hold lasts longer.
    Extended {
        /// Which.
        id: ReservationId,
        /// Until when.
        deadline: Timestamp,
    },
    /// Units are paid back.
    Refunded {
        /// Which.
        id: ReservationId,
        /// How many now.
        units: u64,
        /// The part's token.
        token: Option<&'a [u8]>,
        /// Whether they can be sold again.
        restock: bool,
    },
    /// Units are added or taken away.
    Restocked {
        /// How many.
        delta: i64,
        /// Units in all from now on.
        total: u64,
        /// The request's token.
        token: Option<&'a [u8]>,
    },
    /// A request is refused in advance.
    Voided {
        /// Whose.
        user: &'a [u8],
        /// Its token.
        token: &'a [u8],
        /// Until when.
        until: Timestamp,
    },
    /// The terms are others.
    Altered {
        /// From now on.
        terms: Terms,
        /// From now on.
        state: SaleState,
        /// The epoch in which the sale was opened: in any other it is frozen, if its terms say so.
        opened: u32,
        /// The key of the filter of those who may ask; empty for none.
        filter: &'a [u8],
    },
}

impl Change<'_> {
    /// True if an entry of the stream tells of it.
    pub fn has_event(&self) -> bool {
        !matches!(self, Change::Voided { .. } | Change::Altered { .. })
    }
}
