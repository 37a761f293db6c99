//! A lock: who holds it, until when, and the token that fences off those who held it before.
//!
//! A holder has a *lease*: it ends by time, whoever holds it. Whoever acts under a lock shows its fencing token
//! to what it acts on, which refuses a smaller one than it has seen; only that makes a lock safe
//! (Kleppmann 2016, "How to do distributed locking"). Readers share a lock and have a token each.
//! A holder that asks again holds it more deeply, and gives it back as often.

mod apply;
mod check;
mod decide;
mod effect;

pub use decide::{Refusal, Request};
pub use effect::{Change, Effect};

use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use crate::time::Timestamp;

/// Bytes of an owner, at most; at least one.
pub const OWNER_BYTES_MAX: usize = 255;
/// How often one owner can hold a lock at once.
pub const DEPTH_MAX: u32 = 1_000_000;
/// Readers of a lock at once.
pub const HOLDERS_MAX: usize = 100_000;

/// The name of a grant. A later grant of a lock has a larger one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

impl FencingToken {
    /// The largest that can be shown: what stays positive in 64 bits.
    pub const MAX: FencingToken = FencingToken(i64::MAX as u64);
    /// The largest that a grant can have: the last moment that counts, in microseconds.
    pub const GRANT_MAX: FencingToken = FencingToken(COUNT_MAX * 1000);

    /// The next that a clock gives which never gives one twice: Unix microseconds, or one more than the last.
    pub fn tick(last: FencingToken, now: Timestamp) -> FencingToken {
        FencingToken(last.0.saturating_add(1).max(now.0.saturating_mul(1000)))
    }
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By one owner alone.
    #[default]
    Exclusive,
    /// By readers together.
    Shared,
}

impl Mode {
    /// The word in replies.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Exclusive => "EXCLUSIVE",
            Mode::Shared => "SHARED",
        }
    }
}

/// An owner that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub owner: Box<[u8]>,
    /// The grant's token.
    pub token: FencingToken,
    /// How often it is held.
    pub depth: u32,
    /// The end of the lease.
    pub until: Timestamp,
}

/// A lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    mode: Mode,
    /// In the order of their tokens; those whose lease is over may stand here until the next change.
    holders: Vec<Holder>,
    /// The newest grant's token.
    last: FencingToken,
    /// The smallest token that FENCE accepts.
    fence: FencingToken,
    /// When the newest change was made.
    clock: Timestamp,
}

impl Lock {
    /// A lock as it was stored.
    ///
    /// # Errors
    /// [`Invalid`] if no lock can be like this.
    pub fn restored(
        mode: Mode,
        holders: Vec<Holder>,
        last: FencingToken,
        fence: FencingToken,
        clock: Timestamp,
    ) -> Result<Lock, Invalid> {
        let bounded = last <= FencingToken::GRANT_MAX && fence <= FencingToken::MAX && clock.0 <= COUNT_MAX;
        let crowd = if mode == Mode::Exclusive { 1 } else { HOLDERS_MAX };
        if !bounded || holders.len() > crowd {
            return Err(Invalid("a lock out of range"));
        }
        let in_order = holders.windows(2).all(|pair| pair[0].token < pair[1].token);
        if !in_order || holders.last().is_some_and(|newest| newest.token > last) {
            return Err(Invalid("a lock whose tokens are out of order"));
        }
        let sound = |holder: &Holder| {
            (1..=OWNER_BYTES_MAX).contains(&holder.owner.len())
                && (1..=DEPTH_MAX).contains(&holder.depth)
                && holder.until > clock
                && holder.until.since(clock) <= DURATION_MS_MAX
        };
        let mut owners: Vec<&[u8]> = holders.iter().map(|holder| holder.owner.as_ref()).collect();
        owners.sort_unstable();
        if !holders.iter().all(sound) || owners.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Invalid("a holder out of range"));
        }
        Ok(Lock { mode, holders, last, fence, clock })
    }

    /// The lock's time: the server's, which never runs backwards here.
    fn clamped(&self, now: Timestamp) -> Timestamp {
        now.max(self.clock)
    }

    /// Those who hold it at `now`, the one with the oldest grant first.
    pub fn holders_at(&self, now: Timestamp) -> impl Iterator<Item = &Holder> {
        let now = self.clamped(now);
        self.holders.iter().filter(move |holder| holder.until > now)
    }

    /// All holders of the newest change.
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// How it is held, if it is.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The newest grant's token.
    pub fn last(&self) -> FencingToken {
        self.last
    }

    /// The smallest token that FENCE accepts.
    pub fn fence(&self) -> FencingToken {
        self.fence
    }

    /// When the newest change was made.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// How long it is until nobody holds it, if nobody comes or stays.
    pub fn ttl_ms(&self, now: Timestamp) -> u64 {
        let now = self.clamped(now);
        self.holders_at(now).map(|holder| holder.until.since(now)).max().unwrap_or(0)
    }

    /// When the next lease ends by itself.
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.holders_at(now).map(|holder| holder.until).min()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let owners: usize = self.holders.iter().map(|holder| holder.owner.len()).sum();
        self.holders.capacity() * size_of::<Holder>() + owners
    }
}
