//! The exact list of removed items.

use std::collections::BTreeSet;

/// Bytes that an entry takes beside the item: its place in the tree, and what an allocation costs.
const ENTRY_BYTES: usize = 40;

/// Items that the layers hold although they are not in the set any more. In order, so that equal lists are
/// written equally.
#[derive(Clone, Debug, Default)]
pub(super) struct Removed {
    items: BTreeSet<Box<[u8]>>,
    bytes: usize,
}

impl Removed {
    pub(super) fn len(&self) -> u64 {
        self.items.len() as u64
    }

    pub(super) fn contains(&self, item: &[u8]) -> bool {
        !self.items.is_empty() && self.items.contains(item)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.items.iter().map(AsRef::as_ref)
    }

    pub(super) fn last(&self) -> Option<&[u8]> {
        self.items.last().map(AsRef::as_ref)
    }

    pub(super) fn insert(&mut self, item: &[u8]) {
        if self.items.insert(item.into()) {
            self.bytes += Removed::entry_bytes(item);
        }
    }

    pub(super) fn take_off(&mut self, item: &[u8]) {
        if self.items.remove(item) {
            self.bytes -= Removed::entry_bytes(item);
        }
    }

    /// Bytes on the heap.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that one more item takes.
    pub(super) fn entry_bytes(item: &[u8]) -> usize {
        ENTRY_BYTES + item.len()
    }
}
