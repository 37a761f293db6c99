//! A cache entry: what is known of a key, until when, and who may load it.
//!
//! One caller at a time holds the lease to load an entry. Only the newest lease can fill it, and only
//! while it lasts: an entry that was invalidated has no lease any more, so an old value cannot be put back.

mod apply;
mod check;
mod decide;
mod effect;

pub use decide::{Refusal, Request, Supply};
pub use effect::{Change, Effect};

use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use crate::time::Timestamp;

/// How long a loader has if it does not say, in milliseconds.
pub const LEASE_MS: u64 = 5000;

/// How long a key stays after its lease, in milliseconds.
const LINGER_MS: u64 = 1000;

/// The name of a lease. A later lease of an entry has a larger one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseToken(pub u64);

impl LeaseToken {
    /// The largest that a lease can have: the last moment that counts, in microseconds.
    pub const MAX: LeaseToken = LeaseToken(COUNT_MAX * 1000);

    /// The next that a clock gives that never gives one twice: Unix microseconds, or one more than the last.
    pub fn tick(last: LeaseToken, now: Timestamp) -> LeaseToken {
        LeaseToken(last.0.saturating_add(1).max(now.0.saturating_mul(1000)))
    }
}

/// What is known of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    #[default]
    Nothing,
    /// It does not exist.
    Absent {
        /// Until when this is believed.
        until: Timestamp,
    },
    /// It is this.
    Value {
        /// The value.
        bytes: Box<[u8]>,
        /// Until when it is taken for new.
        fresh_until: Timestamp,
        /// Until when it will do while somebody loads; never before `fresh_until`.
        stale_until: Timestamp,
    },
}

impl Content {
    /// The moment from which on it is worth nothing.
    pub fn end(&self) -> Timestamp {
        match self {
            Content::Nothing => Timestamp(0),
            Content::Absent { until } => *until,
            Content::Value { stale_until, .. } => *stale_until,
        }
    }
}

/// A cache entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    content: Content,
    /// The newest lease's token, also when that lease is over.
    token: LeaseToken,
    /// The end of the lease; 0 if there is none.
    leased_until: Timestamp,
}

impl Entry {
    /// An entry as it was stored.
    ///
    /// # Errors
    /// [`Invalid`] if there can be none like this.
    pub fn restored(content: Content, token: LeaseToken, leased_until: Timestamp) -> Result<Entry, Invalid> {
        let in_range = |at: Timestamp| at.0 <= COUNT_MAX + 2 * DURATION_MS_MAX;
        let in_order = match &content {
            Content::Value { fresh_until, stale_until, .. } => fresh_until <= stale_until,
            Content::Nothing | Content::Absent { .. } => true,
        };
        if !in_order {
            return Err(Invalid("a value that is stale before it was fresh"));
        }
        if !in_range(content.end()) || !in_range(leased_until) {
            return Err(Invalid("a moment out of range"));
        }
        if !(LeaseToken(1)..=LeaseToken::MAX).contains(&token) {
            return Err(Invalid("a token out of range"));
        }
        let entry = Entry { content, token, leased_until };
        if entry.holds_nothing() { Err(Invalid("an entry of nothing")) } else { Ok(entry) }
    }

    /// What is known.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The newest lease's token; 0 if there was none.
    pub fn token(&self) -> LeaseToken {
        self.token
    }

    /// The end of the lease; 0 if there is none.
    pub fn leased_until(&self) -> Timestamp {
        self.leased_until
    }

    /// The moment from which on it is worth nothing at all.
    pub fn ends(&self) -> Timestamp {
        self.content.end().max(self.leased_until)
    }

    /// The moment until which its key is to be kept: a lease's key stays a little longer than the lease,
    /// so that it can be told to whoever waits for the lease.
    pub fn kept_until(&self) -> Timestamp {
        let lease =
            if self.leased_until > Timestamp(0) { self.leased_until.after(LINGER_MS) } else { Timestamp(0) };
        self.content.end().max(lease)
    }

    /// True while it holds a value, the knowledge that there is none, or a lease.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.ends()
    }

    /// True if it never was filled or leased, or was invalidated: there is nothing to keep.
    pub fn holds_nothing(&self) -> bool {
        self.ends() == Timestamp(0)
    }

    /// True while somebody may load it.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        now < self.leased_until
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match &self.content {
            Content::Value { bytes, .. } => bytes.len(),
            Content::Nothing | Content::Absent { .. } => 0,
        }
    }

    /// The value's bytes, to be moved elsewhere.
    pub fn value_mut(&mut self) -> Option<&mut Box<[u8]>> {
        match &mut self.content {
            Content::Value { bytes, .. } => Some(bytes),
            Content::Nothing | Content::Absent { .. } => None,
        }
    }
}
