//! Why nothing is changed.

use super::access::Ineligible;
use super::rates::Scope;
use crate::ids::ReservationId;
use crate::ticket::BadTicket;
use crate::time::Timestamp;

/// What a request that changes nothing is answered, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was decided before, or cannot be any more: the reservation stands as it is.
    Standing(ReservationId),
    /// The same token came with other arguments.
    Mismatch,
    /// The restock with this token was done.
    Restocked {
        /// Units available after it.
        available: u64,
        /// Units in all after it.
        total: u64,
    },
    /// The caller gave this request up before it came.
    Voided,
    /// There is no such reservation.
    NotFound,
    /// Another process life goes on with the sale, and an operator has not opened it yet.
    Frozen,
    /// The sale is stopped for now.
    Paused,
    /// The sale is over, by an operator or by time.
    Ended,
    /// The sale has not begun.
    NotOpen {
        /// When it will.
        start: Timestamp,
        /// How long from now.
        wait_ms: u64,
    },
    /// The ticket admits nobody, or somebody else.
    BadTicket(BadTicket),
    /// The sale is not for this caller.
    Ineligible(Ineligible),
    /// Asked too often.
    Limited {
        /// Whose limit refuses.
        scope: Scope,
        /// How long until it allows.
        retry_ms: u64,
    },
    /// It would take the user above the quota.
    Duplicate {
        /// The newest live reservation and its deadline.
        newest: Option<(ReservationId, Option<Timestamp>)>,
        /// Units the user has.
        units: u64,
        /// Units the user can have.
        per_user: u64,
    },
    /// Nothing is available.
    SoldOut {
        /// Units that may come back.
        held: u64,
    },
    /// Less is available than asked for.
    Short {
        /// What is available, or left to refund.
        left: u64,
    },
    /// The deadline stands where it is, because it was later or reached its cap.
    Unmoved {
        /// Which reservation.
        id: ReservationId,
        /// True if MAXHOLD forbids the move, false if the deadline is later already.
        capped: bool,
    },
    /// The request makes no sense for this sale.
    Misuse(Misuse),
}

/// Requests that are errors of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// An unlimited sale has no stock to change.
    Unlimited,
    /// The stock would leave its range.
    StockRange,
    /// No sale has given out this id.
    StrangeId,
    /// The sale has no holds, so the end of this one must be told.
    Deadline,
    /// The hold would be longer than a sale can keep.
    HoldRange,
    /// The sale has as many reservations as its table can number, or is older than its clock can count.
    Full,
}

impl Refusal {
    /// The status word of the reply; `None` where it is the reservation's state, or an error.
    pub fn status(&self) -> Option<&'static str> {
        match self {
            Refusal::Standing(_) | Refusal::Mismatch | Refusal::Misuse(_) => None,
            Refusal::Restocked { .. } => Some("RESTOCKED"),
            Refusal::Voided => Some("VOIDED"),
            Refusal::NotFound => Some("NOTFOUND"),
            Refusal::Frozen => Some("FROZEN"),
            Refusal::Paused => Some("PAUSED"),
            Refusal::Ended => Some("ENDED"),
            Refusal::NotOpen { .. } => Some("NOTOPEN"),
            Refusal::BadTicket(_) => Some("BADTICKET"),
            Refusal::Ineligible(_) => Some("INELIGIBLE"),
            Refusal::Limited { .. } => Some("LIMITED"),
            Refusal::Duplicate { .. } => Some("DUPLICATE"),
            Refusal::SoldOut { .. } => Some("SOLDOUT"),
            Refusal::Short { .. } => Some("SHORT"),
            Refusal::Unmoved { capped: true, .. } => Some("CAPPED"),
            Refusal::Unmoved { capped: false, .. } => Some("EXTENDED"),
        }
    }

    /// True if the same request can succeed later.
    pub fn can_retry(&self) -> bool {
        match self {
            Refusal::NotOpen { .. } | Refusal::Frozen | Refusal::Paused => true,
            Refusal::SoldOut { .. } | Refusal::Short { .. } => true,
            Refusal::Limited { .. } | Refusal::Duplicate { .. } => true,
            Refusal::Standing(_)
            | Refusal::Mismatch
            | Refusal::Restocked { .. }
            | Refusal::Voided
            | Refusal::NotFound
            | Refusal::Ended
            | Refusal::BadTicket(_)
            | Refusal::Ineligible(_)
            | Refusal::Unmoved { .. }
            | Refusal::Misuse(_) => false,
        }
    }
}
