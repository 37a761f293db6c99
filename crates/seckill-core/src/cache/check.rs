//! Is an effect that came over the wire one that this entry could have decided?

use super::{Change, Content, Effect, Entry, LeaseToken};
use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use crate::time::Timestamp;

impl Entry {
    /// Accepts an effect that [`Entry::apply`] can make.
    ///
    /// # Errors
    /// [`Invalid`] says what does not fit; the copy has diverged, or the effect came twice.
    pub fn check(&self, effect: &Effect<'_>) -> Result<(), Invalid> {
        let at = effect.at;
        holds(at.0 <= COUNT_MAX, "its time is out of range")?;
        match effect.change {
            Change::Leased { token, until } => {
                holds(!self.is_leased(at), "somebody loads the entry")?;
                holds(!self.is_fresh(at), "the entry is fresh")?;
                holds(token > self.token && token <= LeaseToken::MAX, "its token is not a later one")?;
                holds(at == until || lasts(at, until), "its lease is out of range")
            }
            Change::Filled { token, fresh_until, stale_until, .. } => {
                self.check_lease(at, token)?;
                let stale = fresh_until == stale_until || lasts(fresh_until, stale_until);
                holds(lasts(at, fresh_until) && stale, "its end is out of range")
            }
            Change::FoundAbsent { token, until } => {
                self.check_lease(at, token)?;
                holds(lasts(at, until), "its end is out of range")
            }
            Change::Invalidated => holds(!self.holds_nothing(), "there is nothing to forget"),
        }
    }

    fn check_lease(&self, at: Timestamp, token: LeaseToken) -> Result<(), Invalid> {
        holds(self.is_leased(at) && self.token == token, "its lease is not the entry's")
    }

    fn is_fresh(&self, at: Timestamp) -> bool {
        match self.content {
            Content::Nothing => false,
            Content::Absent { until } => at < until,
            Content::Value { fresh_until, .. } => at < fresh_until,
        }
    }
}

fn lasts(from: Timestamp, until: Timestamp) -> bool {
    from < until && until.since(from) <= DURATION_MS_MAX
}

fn holds(truth: bool, otherwise: &'static str) -> Result<(), Invalid> {
    if truth { Ok(()) } else { Err(Invalid(otherwise)) }
}
