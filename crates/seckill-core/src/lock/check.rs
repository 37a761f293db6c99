//! Is an effect that came over the wire one that this lock could have decided?

use super::{Change, DEPTH_MAX, Effect, FencingToken, HOLDERS_MAX, Lock, Mode, OWNER_BYTES_MAX};
use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use crate::time::Timestamp;

impl Lock {
    /// Accepts an effect that [`Lock::apply`] can make.
    ///
    /// # Errors
    /// [`Invalid`] says what does not fit; the copy has diverged, or the effect came twice.
    pub fn check(&self, effect: &Effect<'_>) -> Result<(), Invalid> {
        let at = effect.at;
        holds(at >= self.clock && at.0 <= COUNT_MAX, "it is older than the newest change")?;
        match effect.change {
            Change::Acquired { owner, mode, token, depth, until } => {
                check_owner(owner)?;
                check_until(at, until)?;
                holds((1..=DEPTH_MAX).contains(&depth), "its depth is out of range")?;
                self.check_grant(at, owner, mode, (token, depth))
            }
            Change::Released { owner, depth } => {
                let held = self.held(at, owner)?;
                holds(depth + 1 == held.depth, "its depth is not the next")
            }
            Change::Renewed { owner, until } => {
                check_until(at, until)?;
                self.held(at, owner).map(|_| ())
            }
            Change::Fenced { token } => {
                holds(token > self.fence && token <= FencingToken::MAX, "its token is not larger")
            }
        }
    }

    fn check_grant(
        &self,
        at: Timestamp,
        owner: &[u8],
        mode: Mode,
        (token, depth): (FencingToken, u32),
    ) -> Result<(), Invalid> {
        let others = self.holders_at(at).filter(|holder| *holder.owner != *owner).count();
        let alone = others == 0 || mode == Mode::Shared && self.mode == Mode::Shared;
        holds(alone && others < HOLDERS_MAX, "others hold it")?;
        let held = self.holders_at(at).find(|holder| *holder.owner == *owner);
        holds(depth == held.map_or(0, |held| held.depth) + 1, "its depth is not the next")?;
        let granted = held.is_some_and(|held| held.token == token);
        let fresh = token > self.last && token <= FencingToken::GRANT_MAX;
        holds(granted || fresh, "its token is not larger")
    }

    fn held(&self, at: Timestamp, owner: &[u8]) -> Result<&super::Holder, Invalid> {
        let held = self.holders_at(at).find(|holder| *holder.owner == *owner);
        held.ok_or(Invalid("its owner does not hold it"))
    }
}

fn check_owner(owner: &[u8]) -> Result<(), Invalid> {
    holds((1..=OWNER_BYTES_MAX).contains(&owner.len()), "its owner is too short or too long")
}

fn check_until(at: Timestamp, until: Timestamp) -> Result<(), Invalid> {
    holds((1..=DURATION_MS_MAX).contains(&until.since(at)), "its lease is out of range")
}

fn holds(condition: bool, otherwise: &'static str) -> Result<(), Invalid> {
    if condition { Ok(()) } else { Err(Invalid(otherwise)) }
}
