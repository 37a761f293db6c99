//! What changes, in absolute values.

use super::{FencingToken, Mode};
use crate::time::Timestamp;

/// A change of a lock, and when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: Change<'a>,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// An owner holds the lock from now on like this; it may have held it before.
    Acquired {
        /// Who.
        owner: &'a [u8],
        /// How the lock is held.
        mode: Mode,
        /// The grant's token.
        token: FencingToken,
        /// How often it is held.
        depth: u32,
        /// The end of the lease.
        until: Timestamp,
    },
    /// An owner holds it less deeply, or at depth 0 no more.
    Released {
        /// Who.
        owner: &'a [u8],
        /// How often it is still held.
        depth: u32,
    },
    /// A lease ends at another time.
    Renewed {
        /// Whose.
        owner: &'a [u8],
        /// From now on.
        until: Timestamp,
    },
    /// Smaller tokens are refused.
    Fenced {
        /// The smallest that is not.
        token: FencingToken,
    },
}
