//! What can be asked of a sale.

use super::terms::{SaleState, Terms};
use crate::ids::ReservationId;
use crate::time::Timestamp;

/// A request, as a client words it; lengths and ranges are checked by whoever parses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Take units for a user.
    Reserve(Reserve<'a>),
    /// The buyer has paid.
    Confirm {
        /// Which reservation.
        id: ReservationId,
        /// Take the units again if the hold has expired.
        late: bool,
    },
    /// The buyer gives the units back.
    Release {
        /// Which reservation.
        id: ReservationId,
    },
    /// The buyer needs more time.
    Extend {
        /// Which reservation.
        id: ReservationId,
        /// How long from now.
        ms: u64,
    },
    /// The buyer is paid back.
    Refund {
        /// Which reservation.
        id: ReservationId,
        /// A part, under a token of its own; all that is left without.
        part: Option<Part<'a>>,
        /// Whether the units can be sold again.
        restock: bool,
    },
    /// The caller gave up waiting for this request.
    Void {
        /// Whose request.
        user: &'a [u8],
        /// Its token.
        token: &'a [u8],
        /// How long the request is to be refused if it has not come yet.
        ms: u64,
    },
    /// More or fewer units to sell.
    Restock {
        /// How many.
        delta: i64,
        /// Makes a repetition harmless.
        token: Option<&'a [u8]>,
    },
    /// A reservation that was lost is taken in again.
    Adopt(Adopt<'a>),
    /// Other terms.
    Alter {
        /// The terms from now on, checked.
        terms: Terms,
        /// The state from now on, if it is named; OPEN also ends a freeze.
        state: Option<SaleState>,
        /// The key of the filter of those who may ask, from now on; empty for none.
        filter: &'a [u8],
    },
}

/// Take units for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve<'a> {
    /// Who.
    pub user: &'a [u8],
    /// Units, from 1.
    pub qty: u64,
    /// Makes a repetition harmless.
    pub token: Option<&'a [u8]>,
    /// Goes with the reservation and its events.
    pub data: Option<&'a [u8]>,
    /// What kind of caller it is; 0 is anybody.
    pub tier: u32,
    /// Whether the user would wait if nothing is left.
    pub waits: bool,
}

/// A reservation that a lost life made, as the world outside knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adopt<'a> {
    /// The id under which it was made.
    pub id: ReservationId,
    /// Whose.
    pub user: &'a [u8],
    /// Units, from 1.
    pub qty: u64,
    /// How it stands.
    pub standing: Standing,
}

/// How a reservation stands that is taken in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Held until then; for HOLD from now on if it is not known. What has passed ends the hold at once.
    Held(Option<Timestamp>),
    /// Paid.
    Confirmed,
}

/// A part of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Units.
    pub qty: u64,
    /// Makes a repetition harmless.
    pub token: &'a [u8],
}
