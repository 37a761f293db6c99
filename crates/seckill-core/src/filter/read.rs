//! What a filter tells.

use super::digest::{Digest, Positions};
use super::layer::Layer;
use super::{Filter, Generation};

/// The figures of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Items that its layers are made for.
    pub capacity: u64,
    /// Items that were put in.
    pub items: u64,
    /// Items on the list of removed ones.
    pub removed: u64,
    /// Layers.
    pub layers: u64,
    /// Bytes of their bits.
    pub bytes: u64,
}

impl Generation {
    /// Its figures.
    pub fn figures(&self) -> Figures {
        let sum = |of: fn(&Layer) -> u64| self.layers.iter().map(of).fold(0, u64::saturating_add);
        Figures {
            capacity: sum(|layer| layer.shape().capacity),
            items: sum(Layer::len),
            removed: self.removed.len(),
            layers: self.layers.len() as u64,
            bytes: sum(|layer| layer.shape().bytes),
        }
    }
}

impl Filter {
    /// False if the item is surely not in the set.
    pub fn may_exist(&self, item: &[u8]) -> bool {
        self.now.may_exist(item, Positions::of(Digest::of(item)))
    }

    /// The generation that answers.
    pub fn now(&self) -> &Generation {
        &self.now
    }

    /// The generation that is being filled.
    pub fn next(&self) -> Option<&Generation> {
        self.next.as_ref()
    }

    /// Bytes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Filter>() + self.now.memory_bytes() + self.next.as_ref().map_or(0, Generation::memory_bytes)
    }

    /// Allocations to free.
    pub fn allocations(&self) -> usize {
        let of = |generation: &Generation| 1 + generation.layers.len() + generation.removed.len() as usize;
        of(&self.now) + self.next.as_ref().map_or(0, of)
    }
}
