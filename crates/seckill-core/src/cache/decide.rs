//! What would happen. Changes nothing.

use super::{Change, Content, Effect, Entry, LeaseToken};
use crate::time::Timestamp;

/// What is asked of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// The value, or the lease to load it.
    Fetch {
        /// How long the caller would need to load it, in milliseconds.
        /// With 0 the lease is over when it begins: it makes a key for those who wait for one.
        lease_ms: u64,
        /// A number that no lease had before: see [`LeaseToken::tick`].
        tick: LeaseToken,
    },
    /// To take what the loader brings.
    Fill {
        /// The loader's lease.
        token: LeaseToken,
        /// What it brings.
        supply: Supply<'a>,
    },
    /// To forget what is known, and to void the lease.
    Invalidate,
}

/// What a loader brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply<'a> {
    /// A value.
    Value {
        /// The value.
        bytes: &'a [u8],
        /// How long it is taken for new, in milliseconds.
        fresh_ms: u64,
        /// How long after that it will do while somebody loads, in milliseconds.
        stale_ms: u64,
    },
    /// There is nothing.
    Absent {
        /// How long this is believed, in milliseconds.
        ms: u64,
    },
}

/// What a request that changes nothing is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal<'e> {
    /// Here it is.
    Hit {
        /// The value.
        value: &'e [u8],
        /// How long it is still taken for new, in milliseconds; at least 1.
        left_ms: u64,
    },
    /// It does not exist.
    Absent {
        /// How long this is still believed, in milliseconds; at least 1.
        left_ms: u64,
    },
    /// It is old, but will do: somebody loads a new one.
    Stale {
        /// The value.
        value: &'e [u8],
    },
    /// Somebody loads it.
    Busy {
        /// When that lease runs out, in milliseconds; at least 1.
        retry_ms: u64,
    },
    /// The lease was voided, or ran out, or another one was given since.
    Discarded,
    /// There is nothing to forget.
    Unknown,
    /// The entry can name no more leases.
    Exhausted,
}

impl Refusal<'_> {
    /// The status word of the reply; `None` where it is a count, or an error.
    pub fn status(&self) -> Option<&'static str> {
        match self {
            Refusal::Hit { .. } => Some("HIT"),
            Refusal::Absent { .. } => Some("ABSENT"),
            Refusal::Stale { .. } => Some("STALE"),
            Refusal::Busy { .. } => Some("BUSY"),
            Refusal::Discarded => Some("DISCARDED"),
            Refusal::Unknown | Refusal::Exhausted => None,
        }
    }
}

impl Entry {
    /// What `request` would change now.
    ///
    /// # Errors
    /// The [`Refusal`] if it changes nothing: most often because what was asked for is there.
    pub fn decide<'a>(&self, now: Timestamp, request: &Request<'a>) -> Result<Effect<'a>, Refusal<'_>> {
        let change = match *request {
            Request::Fetch { lease_ms, tick } => self.decide_fetch(now, lease_ms, tick),
            Request::Fill { token, supply } => self.decide_fill(now, token, supply),
            Request::Invalidate if self.holds_nothing() => Err(Refusal::Unknown),
            // What is over now would be there again if the clock stepped back.
            Request::Invalidate => Ok(Change::Invalidated),
        }?;
        Ok(Effect { at: now, change })
    }

    fn decide_fetch(
        &self,
        now: Timestamp,
        lease_ms: u64,
        tick: LeaseToken,
    ) -> Result<Change<'static>, Refusal<'_>> {
        let leased = self.is_leased(now);
        match &self.content {
            Content::Value { bytes, fresh_until, .. } if now < *fresh_until => {
                return Err(Refusal::Hit { value: bytes, left_ms: fresh_until.since(now) });
            }
            Content::Absent { until } if now < *until => {
                return Err(Refusal::Absent { left_ms: until.since(now) });
            }
            Content::Value { bytes, stale_until, .. } if leased && now < *stale_until => {
                return Err(Refusal::Stale { value: bytes });
            }
            Content::Nothing | Content::Absent { .. } | Content::Value { .. } => {}
        }
        if leased {
            return Err(Refusal::Busy { retry_ms: self.leased_until.since(now) });
        }
        let token = LeaseToken::tick(self.token, Timestamp(0)).max(tick);
        if token > LeaseToken::MAX {
            return Err(Refusal::Exhausted);
        }
        Ok(Change::Leased { token, until: now.after(lease_ms) })
    }

    fn decide_fill<'a>(
        &self,
        now: Timestamp,
        token: LeaseToken,
        supply: Supply<'a>,
    ) -> Result<Change<'a>, Refusal<'static>> {
        if !self.is_leased(now) || token != self.token {
            return Err(Refusal::Discarded);
        }
        Ok(match supply {
            Supply::Value { bytes, fresh_ms, stale_ms } => {
                let fresh_until = now.after(fresh_ms);
                let stale_until = fresh_until.after(stale_ms);
                Change::Filled { token, value: bytes, fresh_until, stale_until }
            }
            Supply::Absent { ms } => Change::FoundAbsent { token, until: now.after(ms) },
        })
    }
}
