//! What would happen. Changes nothing.

use super::{Change, DEPTH_MAX, Effect, FencingToken, HOLDERS_MAX, Holder, Lock, Mode};
use crate::time::Timestamp;

/// What can be asked of a lock; lengths and ranges are checked by whoever parses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Hold it.
    Acquire {
        /// Who.
        owner: &'a [u8],
        /// For how long.
        ms: u64,
        /// Alone, or with other readers.
        mode: Mode,
        /// How many came before and still wait.
        ahead: usize,
        /// A token that no grant had before.
        tick: FencingToken,
    },
    /// Give it back.
    Release {
        /// Who.
        owner: &'a [u8],
        /// The grant that is given back, if the caller says.
        token: Option<FencingToken>,
    },
    /// Hold it for so long from now on.
    Renew {
        /// Who.
        owner: &'a [u8],
        /// For how long.
        ms: u64,
        /// The grant, if the caller says.
        token: Option<FencingToken>,
    },
    /// Is this token good, and are smaller ones to be refused from now on?
    Fence {
        /// The token.
        token: FencingToken,
    },
}

/// Why nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Others hold it, or came first.
    Busy {
        /// How long it is until nobody holds it.
        ttl_ms: u64,
    },
    /// The caller holds it as often as one can, or too many readers do.
    Full,
    /// Others hold it.
    NotOwner,
    /// Nobody holds it.
    Free,
    /// The caller does not hold it any more.
    Lost,
    /// A larger token was seen.
    Stale,
    /// This token was seen, and nothing changes.
    Accepted,
    /// No token is left that is larger than the last.
    Exhausted,
}

impl Lock {
    /// What `request` would change at this moment.
    ///
    /// # Errors
    /// The [`Refusal`] if it changes nothing.
    pub fn decide<'a>(&self, now: Timestamp, request: &Request<'a>) -> Result<Effect<'a>, Refusal> {
        let at = self.clamped(now);
        let change = match *request {
            Request::Acquire { owner, ms, mode, ahead, tick } => {
                self.decide_acquire(at, owner, at.after(ms), mode, (ahead, tick))
            }
            Request::Release { owner, token } => {
                let free =
                    if self.holders_at(at).next().is_none() { Refusal::Free } else { Refusal::NotOwner };
                let holder = self.holder(at, owner, token).ok_or(free)?;
                Ok(Change::Released { owner, depth: holder.depth - 1 })
            }
            Request::Renew { owner, ms, token } => {
                self.holder(at, owner, token).ok_or(Refusal::Lost)?;
                Ok(Change::Renewed { owner, until: at.after(ms) })
            }
            Request::Fence { token } => match token.cmp(&self.fence) {
                std::cmp::Ordering::Less => Err(Refusal::Stale),
                std::cmp::Ordering::Equal => Err(Refusal::Accepted),
                std::cmp::Ordering::Greater => Ok(Change::Fenced { token }),
            },
        }?;
        Ok(Effect { at, change })
    }

    fn decide_acquire<'a>(
        &self,
        at: Timestamp,
        owner: &'a [u8],
        until: Timestamp,
        mode: Mode,
        (ahead, tick): (usize, FencingToken),
    ) -> Result<Change<'a>, Refusal> {
        let busy = Refusal::Busy { ttl_ms: self.ttl_ms(at) };
        let others = self.holders_at(at).any(|holder| *holder.owner != *owner);
        if let Some(holder) = self.holder(at, owner, None) {
            return self.decide_again(holder, owner, until, mode, (others.then_some(busy), tick));
        }
        let shares = mode == Mode::Shared && self.mode == Mode::Shared;
        if ahead > 0 || others && !shares {
            return Err(busy);
        }
        if self.holders_at(at).count() >= HOLDERS_MAX {
            return Err(Refusal::Full);
        }
        let token = self.next(tick)?;
        Ok(Change::Acquired { owner, mode, token, depth: 1, until })
    }

    /// A holder asks again. A reader that is alone becomes a writer under a new token.
    fn decide_again<'a>(
        &self,
        holder: &Holder,
        owner: &'a [u8],
        until: Timestamp,
        mode: Mode,
        (busy, tick): (Option<Refusal>, FencingToken),
    ) -> Result<Change<'a>, Refusal> {
        let upgrade = mode == Mode::Exclusive && self.mode == Mode::Shared;
        if let Some(busy) = busy.filter(|_| upgrade) {
            return Err(busy);
        }
        if holder.depth >= DEPTH_MAX {
            return Err(Refusal::Full);
        }
        let token = if upgrade { self.next(tick)? } else { holder.token };
        let mode = if upgrade { Mode::Exclusive } else { self.mode };
        Ok(Change::Acquired { owner, mode, token, depth: holder.depth + 1, until: until.max(holder.until) })
    }

    /// The token of the next grant.
    fn next(&self, tick: FencingToken) -> Result<FencingToken, Refusal> {
        let next = tick.max(FencingToken(self.last.0 + 1));
        if next <= FencingToken::GRANT_MAX { Ok(next) } else { Err(Refusal::Exhausted) }
    }

    /// The owner's hold, if it has one, and under this token if one is named.
    fn holder(&self, at: Timestamp, owner: &[u8], token: Option<FencingToken>) -> Option<&Holder> {
        let holder = self.holders_at(at).find(|holder| *holder.owner == *owner)?;
        token.is_none_or(|token| token == holder.token).then_some(holder)
    }
}
