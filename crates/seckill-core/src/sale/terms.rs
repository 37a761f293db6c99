//! On what terms a sale sells.

use super::access::Access;
use super::rates::Rates;
use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use crate::time::Timestamp;

/// Bytes of a user, at most; at least one.
pub const USER_BYTES_MAX: usize = 255;
/// Bytes of a request token, at most; at least one.
pub const TOKEN_BYTES_MAX: usize = 128;
/// Bytes of a payload, at most.
pub const DATA_BYTES_MAX: usize = 4096;

/// What ALTER can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Open from here on; `None` from the beginning.
    pub start: Option<Timestamp>,
    /// Open before here; `None` for ever.
    pub end: Option<Timestamp>,
    /// Length of a hold; 0 confirms at once.
    pub hold_ms: u64,
    /// How long after its deadline a hold's units go back.
    pub grace_ms: u64,
    /// How far EXTEND can move a deadline, from the reservation on; 0 without a cap.
    pub hold_ms_max: u64,
    /// Units that one user can have; 0 without a cap.
    pub per_user: u64,
    /// How many can wait when nothing is left; 0 for no wait list.
    pub waiting_max: u64,
    /// How long units that came back are kept for whoever waits; 0 for as long as a hold.
    pub offer_ms: u64,
    /// Who is admitted.
    pub access: Access,
    /// How often callers may ask.
    pub rates: Rates,
    /// What becomes of it when another process life goes on with it.
    pub on_failover: OnFailover,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            start: None,
            end: None,
            hold_ms: 900_000,
            grace_ms: 0,
            hold_ms_max: 0,
            per_user: 1,
            waiting_max: 0,
            offer_ms: 0,
            access: Access::default(),
            rates: Rates::default(),
            on_failover: OnFailover::default(),
        }
    }
}

impl Terms {
    /// The terms if they make sense, else what is wrong with them.
    pub fn checked(self) -> Result<Terms, Invalid> {
        let durations = [self.hold_ms, self.grace_ms, self.hold_ms_max, self.offer_ms];
        let moments = [self.start, self.end].map(|at| at.unwrap_or_default().0);
        if durations.iter().any(|ms| *ms > DURATION_MS_MAX) {
            return Err(Invalid("a duration must be between 0 and 31536000000 milliseconds"));
        }
        if moments.iter().chain(&[self.per_user, self.waiting_max]).any(|number| *number > COUNT_MAX) {
            return Err(Invalid("a number must be between 0 and 9007199254740992"));
        }
        self.access.check()?;
        self.rates.check()?;
        match (self.start, self.end) {
            (Some(start), Some(end)) if end <= start => Err(Invalid("END must be after START")),
            _ => Ok(self),
        }
    }
}

impl Terms {
    /// How long an offer stands, in milliseconds: OFFER, else HOLD, else what HOLD is by default.
    pub fn offer_ms(&self) -> u64 {
        let lengths = [self.offer_ms, self.hold_ms, Terms::default().hold_ms];
        lengths.into_iter().find(|ms| *ms > 0).unwrap_or(1)
    }
}

/// Where a sale's events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// The stream's key.
    pub stream: Box<[u8]>,
    /// The consumer group that CREATE makes.
    pub group: Box<[u8]>,
}

/// Whether RESERVE is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum SaleState {
    /// As the window says.
    #[default]
    Open = 0,
    /// Not for now.
    Paused = 1,
    /// Not any more.
    Closed = 2,
}

impl SaleState {
    /// Every state.
    pub const ALL: [SaleState; 3] = [SaleState::Open, SaleState::Paused, SaleState::Closed];

    /// The word in arguments and replies.
    pub fn word(self) -> &'static str {
        match self {
            SaleState::Open => "OPEN",
            SaleState::Paused => "PAUSED",
            SaleState::Closed => "CLOSED",
        }
    }

    /// The state with this code.
    pub fn from_code(code: u8) -> Option<SaleState> {
        SaleState::ALL.get(usize::from(code)).copied()
    }
}

/// What becomes of a sale when another process life goes on with it, which may lack what was sold last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum OnFailover {
    /// It goes on.
    #[default]
    Continue = 0,
    /// Nothing can be reserved until an operator opens it.
    Freeze = 1,
}

impl OnFailover {
    /// Every choice.
    pub const ALL: [OnFailover; 2] = [OnFailover::Continue, OnFailover::Freeze];

    /// The word in arguments and replies.
    pub fn word(self) -> &'static str {
        match self {
            OnFailover::Continue => "CONTINUE",
            OnFailover::Freeze => "FREEZE",
        }
    }

    /// The choice with this code.
    pub fn from_code(code: u8) -> Option<OnFailover> {
        OnFailover::ALL.get(usize::from(code)).copied()
    }
}

/// Units that a sale can sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock {
    /// As many as anybody wants.
    Unlimited,
    /// So many, held and sold ones included.
    Limited(u64),
}
