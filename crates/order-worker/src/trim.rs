//! How far a stream may be trimmed: never past what any group has not acknowledged.

use crate::event::EntryId;

/// How far a consumer group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupProgress {
    /// The newest entry that was delivered to it.
    pub last_delivered: EntryId,
    /// The oldest entry that was delivered and not acknowledged.
    pub oldest_pending: Option<EntryId>,
}

/// The oldest entry that must stay: everything before it was acknowledged by every group, and is older than `keep_from`.
///
/// None where there is no group: nobody has said then that anything is done.
pub fn horizon(groups: &[GroupProgress], keep_from: EntryId) -> Option<EntryId> {
    let needed = groups.iter().map(|group| group.oldest_pending.unwrap_or(group.last_delivered.next()));
    Some(needed.min()?.min(keep_from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> EntryId {
        EntryId { ms, number: 0 }
    }

    fn group(last: u64, pending: Option<u64>) -> GroupProgress {
        GroupProgress { last_delivered: at(last), oldest_pending: pending.map(at) }
    }

    const NOW: EntryId = EntryId { ms: 1_000, number: 0 };

    #[test]
    fn what_is_pending_in_any_group_stays() {
        assert_eq!(horizon(&[group(90, Some(20)), group(90, None)], NOW), Some(at(20)));
        assert_eq!(horizon(&[group(90, None), group(90, Some(20))], NOW), Some(at(20)));
    }

    #[test]
    fn what_a_slow_group_has_not_read_stays() {
        assert_eq!(horizon(&[group(90, None), group(10, None)], NOW), Some(at(10).next()));
        assert_eq!(horizon(&[group(90, Some(5)), group(0, None)], NOW), Some(at(0).next()));
    }

    #[test]
    fn what_is_young_stays_although_it_is_done() {
        assert_eq!(horizon(&[group(90, None)], at(50)), Some(at(50)));
    }

    #[test]
    fn a_stream_without_groups_is_not_trimmed() {
        assert_eq!(horizon(&[], NOW), None);
    }
}
