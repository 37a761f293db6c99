//! The one codec: what goes over the replication stream and to disk.
//!
//! A payload begins with a version and a kind. Numbers are LEB128, strings have their length before them.
//! Decoding believes nothing and allocates no more than the payload is long.

pub mod cache;
mod effect;
pub mod filter;
mod limit;
pub mod lock;
mod sale;
mod wire;

pub use effect::{Created, Sent, decode_sent, encode_created, encode_effect};
pub use limit::{decode_limit, encode_bucket, encode_limit};
pub use sale::{Loader, Purpose, blocks};
pub use wire::Corrupt;

/// The version of every payload written.
const VERSION: u8 = 1;

/// Whose payloads there are: the upper half of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Family {
    /// The sale's.
    Sale = 0,
    /// The lock's.
    Lock = 1,
    /// The limit's.
    Limit = 2,
    /// The filter's.
    Filter = 3,
    /// The cache guard's.
    Cache = 4,
}

impl Family {
    const ALL: [Family; 5] = [Family::Sale, Family::Lock, Family::Limit, Family::Filter, Family::Cache];

    /// Whose payload it is.
    ///
    /// # Errors
    /// [`Corrupt`] if this codec knows no such kind.
    pub fn of(payload: &[u8]) -> Result<Family, Corrupt> {
        let (kind, _) = wire::Reader::begin(payload)?;
        let family = Family::ALL.into_iter().find(|family| *family as u8 == kind >> 4);
        family.ok_or(Corrupt("a kind that this module does not know"))
    }
}

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Effect = 1,
    Created = 2,
    Head = 3,
    Rows = 4,
    Tails = 5,
    End = 6,
    LockEffect = 16,
    Lock = 17,
    LimitChanged = 32,
    LimitBucket = 33,
    FilterItems = 48,
    FilterCreated = 49,
    FilterBegun = 50,
    FilterCommitted = 51,
    FilterAborted = 52,
    FilterGeneration = 53,
    FilterLayer = 54,
    FilterBits = 55,
    FilterRemoved = 56,
    FilterEnd = 57,
    CacheEffect = 64,
    CacheEntry = 65,
}
