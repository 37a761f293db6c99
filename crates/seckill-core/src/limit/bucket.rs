//! What was used of a limit, in 24 bytes.

use super::Rule;
use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use crate::time::Timestamp;

/// Bits of a word below its upper field.
const LOW_BITS: u32 = 29;
/// Bits of a moment in each of two words.
const HALF_BITS: u32 = 24;
const HALF: u64 = (1 << HALF_BITS) - 1;
/// The last moment that a bucket can keep: the year 10889.
const AT_MAX: u64 = (1 << (2 * HALF_BITS)) - 1;

/// How much of a limit was used at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Whole units.
    units: u64,
    /// Milliseconds that a unit is divided into, 35 bits, and the upper half of the moment.
    period: u64,
    /// What was used beyond whole units, 35 bits, and the lower half of the moment.
    fraction: u64,
}

impl Bucket {
    /// A bucket in which `units` and `fraction` parts of `period_ms` are used at `at`.
    ///
    /// # Errors
    /// [`Invalid`] if a number is out of range: it was not made by this module.
    pub fn new(units: u64, fraction: u64, period_ms: u64, at: Timestamp) -> Result<Bucket, Invalid> {
        let sound = units <= COUNT_MAX && (1..=DURATION_MS_MAX).contains(&period_ms);
        if !sound || fraction >= period_ms || at.0 > AT_MAX {
            return Err(Invalid("a bucket out of range"));
        }
        Ok(Bucket {
            units,
            period: period_ms << LOW_BITS | at.0 >> HALF_BITS,
            fraction: fraction << LOW_BITS | at.0 & HALF,
        })
    }

    /// A bucket with so many parts used; a moment that does not fit is kept as the last that does.
    pub(super) fn used(parts: u128, rule: &Rule, at: Timestamp) -> Bucket {
        let period = u128::from(rule.period_ms);
        let units = rule.units(parts);
        let fraction = (parts % period) as u64;
        Bucket {
            units,
            period: rule.period_ms << LOW_BITS | at.0.min(AT_MAX) >> HALF_BITS,
            fraction: fraction << LOW_BITS | at.0.min(AT_MAX) & HALF,
        }
    }

    /// Whole units used.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Parts used beyond them.
    pub fn fraction(&self) -> u64 {
        self.fraction >> LOW_BITS
    }

    /// Parts of a unit: the period of the rule by which it was charged.
    pub fn period_ms(&self) -> u64 {
        self.period >> LOW_BITS
    }

    /// True if nothing is used.
    pub fn is_empty(&self) -> bool {
        self.units == 0 && self.fraction() == 0
    }

    /// When that was so.
    pub fn at(&self) -> Timestamp {
        Timestamp((self.period & HALF) << HALF_BITS | self.fraction & HALF)
    }

    /// Parts of the rule's that are used at `now`. After a change of the rule the same units are used;
    /// a part that cannot be expressed counts whole, and time that has passed leaks at the new rate.
    pub(super) fn used_at(&self, now: Timestamp, rule: &Rule) -> u128 {
        let mut fraction = u128::from(self.fraction());
        if rule.period_ms != self.period_ms() {
            let (new, old) = (u128::from(rule.period_ms), u128::from(self.period_ms()));
            fraction = (fraction * new).div_ceil(old);
        }
        let leaked = u128::from(rule.count) * u128::from(now.since(self.at()));
        (rule.parts(self.units) + fraction).saturating_sub(leaked)
    }
}
