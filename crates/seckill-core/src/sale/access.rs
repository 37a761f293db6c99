//! Who may ask for a reservation, and from when on.

use crate::bounds::{COUNT_MAX, Invalid};
use crate::ticket::TIER_MAX;
use crate::time::Timestamp;

/// What a sale asks of a caller before anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// A ticket is needed.
    pub tickets: bool,
    /// The lowest tier admitted; 0 is everybody.
    pub tier_min: u32,
    /// Some may begin before the others.
    pub early: Option<Early>,
}

/// A sale that opens earlier from a tier up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Early {
    /// The lowest tier that may begin earlier.
    pub tier: u32,
    /// From when on.
    pub from: Timestamp,
}

/// Why a caller is not admitted whoever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ineligible {
    /// Below the lowest tier.
    Tier,
    /// Not in the filter of those who may.
    Filter,
}

impl Ineligible {
    /// The word in replies.
    pub fn word(self) -> &'static str {
        match self {
            Ineligible::Tier => "TIER",
            Ineligible::Filter => "FILTER",
        }
    }
}

impl Access {
    /// True if it makes no difference who asks.
    pub fn is_open(&self) -> bool {
        *self == Access::default()
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        if [self.tier_min, self.early.map_or(0, |early| early.tier)].iter().any(|tier| *tier > TIER_MAX) {
            return Err(Invalid("a tier must be between 0 and 1000000"));
        }
        if self.early.is_some_and(|early| early.from.0 > COUNT_MAX) {
            return Err(Invalid("a number must be between 0 and 9007199254740992"));
        }
        Ok(())
    }

    /// When a sale that starts at `start` opens for this tier.
    pub(super) fn start_for(&self, start: Timestamp, tier: u32) -> Timestamp {
        let early = self.early.filter(|early| tier >= early.tier);
        early.map_or(start, |early| early.from.min(start))
    }
}
