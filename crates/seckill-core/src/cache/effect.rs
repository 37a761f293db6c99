//! What a decision changes, in absolute values.

use super::LeaseToken;
use crate::time::Timestamp;

/// A change of an entry: all that a primary, a replica or a replayed log needs to make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    /// When it was decided.
    pub at: Timestamp,
    /// What changes.
    pub change: Change<'a>,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A caller may load the entry.
    Leased {
        /// The lease's token.
        token: LeaseToken,
        /// The end of the lease.
        until: Timestamp,
    },
    /// The loader brought the value; its lease is over.
    Filled {
        /// The lease's token.
        token: LeaseToken,
        /// The value.
        value: &'a [u8],
        /// Until when it is taken for new.
        fresh_until: Timestamp,
        /// Until when it will do while somebody loads.
        stale_until: Timestamp,
    },
    /// The loader found that there is nothing; its lease is over.
    FoundAbsent {
        /// The lease's token.
        token: LeaseToken,
        /// Until when this is believed.
        until: Timestamp,
    },
    /// What was known is forgotten, and a lease is void.
    Invalidated,
}
