//! Changes an entry. Nothing here can fail.

use super::{Change, Content, Effect, Entry};
use crate::time::Timestamp;

impl Entry {
    /// Makes a change that this entry decided, or accepted with [`Entry::check`].
    pub fn apply(&mut self, effect: &Effect<'_>) {
        match effect.change {
            Change::Leased { token, until } => {
                if self.content.end() <= effect.at {
                    self.content = Content::Nothing;
                }
                self.token = token;
                self.leased_until = until;
            }
            Change::Filled { value, fresh_until, stale_until, .. } => {
                self.content = Content::Value { bytes: value.into(), fresh_until, stale_until };
                self.leased_until = Timestamp(0);
            }
            Change::FoundAbsent { until, .. } => {
                self.content = Content::Absent { until };
                self.leased_until = Timestamp(0);
            }
            Change::Invalidated => {
                self.content = Content::Nothing;
                self.leased_until = Timestamp(0);
            }
        }
    }
}
