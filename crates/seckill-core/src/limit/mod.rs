//! A token bucket for each key: so many units per period, in bursts up to a capacity.
//!
//! The decision is that of the generic cell rate algorithm (ITU-T I.371, the leaky bucket as a meter):
//! what was used leaks away at the rule's rate, and a request passes if it still fits.
//! All of it is integers: a unit is as many parts as the period has milliseconds, so a millisecond
//! leaks `count` parts and nothing is ever rounded, at any rate.

mod bucket;
mod decide;

pub use bucket::Bucket;
pub use decide::{Ask, Effect, Outcome, Verdict, decide, decide_all};

use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    count: u64,
    period_ms: u64,
    burst: u64,
}

impl Rule {
    /// `count` units per `period_ms`, at most `burst` at once.
    ///
    /// # Errors
    /// [`Invalid`] unless `count` and `burst` are between 1 and 2^53 and the period between 1 ms and a year.
    pub fn new(count: u64, period_ms: u64, burst: u64) -> Result<Rule, Invalid> {
        if ![count, burst].iter().all(|units| (1..=COUNT_MAX).contains(units)) {
            return Err(Invalid("count and BURST must be between 1 and 9007199254740992"));
        }
        if !(1..=DURATION_MS_MAX).contains(&period_ms) {
            return Err(Invalid("period must be between 1 and 31536000000 milliseconds"));
        }
        Ok(Rule { count, period_ms, burst })
    }

    /// Units that fit at once.
    pub fn burst(&self) -> u64 {
        self.burst
    }

    /// Units as parts.
    fn parts(&self, units: u64) -> u128 {
        u128::from(units) * u128::from(self.period_ms)
    }

    /// Parts as whole units.
    fn units(&self, parts: u128) -> u64 {
        u64::try_from(parts / u128::from(self.period_ms)).unwrap_or(u64::MAX)
    }

    /// How long it takes until so many parts have leaked away.
    fn leak_ms(&self, parts: u128) -> u64 {
        u64::try_from(parts.div_ceil(u128::from(self.count))).unwrap_or(u64::MAX)
    }
}
