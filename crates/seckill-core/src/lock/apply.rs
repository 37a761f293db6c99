//! Makes it so. Cannot fail. The only way a lock changes: on a primary, a replica and from a log.

use super::{Change, Effect, Holder, Lock};

impl Lock {
    /// Makes the change. The effect was decided by this lock in this state, or [`Lock::check`] accepted it.
    pub fn apply(&mut self, effect: &Effect<'_>) {
        self.clock = self.clock.max(effect.at);
        let now = self.clock;
        self.holders.retain(|holder| holder.until > now);
        match effect.change {
            Change::Acquired { owner, mode, token, depth, until } => {
                self.mode = mode;
                self.last = self.last.max(token);
                self.holders.retain(|holder| *holder.owner != *owner);
                let after = self.holders.partition_point(|holder| holder.token < token);
                self.holders.insert(after, Holder { owner: owner.into(), token, depth, until });
            }
            Change::Released { owner, depth: 0 } => self.holders.retain(|holder| *holder.owner != *owner),
            Change::Released { owner, depth } => self.with(owner, |holder| holder.depth = depth),
            Change::Renewed { owner, until } => self.with(owner, |holder| holder.until = until),
            Change::Fenced { token } => self.fence = token,
        }
    }

    fn with(&mut self, owner: &[u8], change: impl FnOnce(&mut Holder)) {
        if let Some(holder) = self.holders.iter_mut().find(|holder| *holder.owner == *owner) {
            change(holder);
        }
    }
}
