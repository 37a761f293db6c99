//! Time as an argument.

use std::fmt;

/// A moment in Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `ms` later; stops at the end of time instead of wrapping.
    pub fn after(self, ms: u64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; 0 if `earlier` is not earlier.
    pub fn since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a request is decided, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The server's clock.
    pub now: Timestamp,
    /// True when this process life has not changed the sale yet: its first change begins an epoch.
    pub fresh: bool,
}

impl Moment {
    /// A moment in the life that already leads the sale.
    pub fn at(now: Timestamp) -> Moment {
        Moment { now, fresh: false }
    }
}
