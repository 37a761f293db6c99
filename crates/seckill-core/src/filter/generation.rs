//! Layers, and the list of what was removed from them.

use super::digest::{Digest, Positions};
use super::effect::Touch;
use super::layer::Layer;
use super::refusal::Refusal;
use super::removed::Removed;
use super::shape::{CAPACITY_MAX, ErrorRate, Growth, LAYERS_MAX, Shape};

/// A generation of a filter.
#[derive(Clone, Debug)]
pub struct Generation {
    pub(super) error: ErrorRate,
    pub(super) growth: Growth,
    /// At least one; all but the last are full.
    pub(super) layers: Vec<Layer>,
    pub(super) removed: Removed,
}

impl Generation {
    pub(super) fn new(error: ErrorRate, growth: Growth, first: Shape) -> Generation {
        Generation {
            error,
            growth,
            layers: Layer::new(first).into_iter().collect(),
            removed: Removed::default(),
        }
    }

    /// The error rate that was promised.
    pub fn error(&self) -> ErrorRate {
        self.error
    }

    /// Whether it grows.
    pub fn growth(&self) -> Growth {
        self.growth
    }

    /// Its layers, the oldest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The removed items, in order.
    pub fn removed(&self) -> impl Iterator<Item = &[u8]> {
        self.removed.iter()
    }

    /// True if a layer may hold the item, removed or not. The newest layer is the largest: it is asked first.
    pub(super) fn holds(&self, positions: Positions) -> bool {
        self.layers.iter().rev().any(|layer| layer.holds(positions))
    }

    /// True if the item may be in the set.
    pub(super) fn may_exist(&self, item: &[u8], positions: Positions) -> bool {
        self.holds(positions) && !self.removed.contains(item)
    }

    /// What adding the item does.
    pub(super) fn adding(&self, item: &[u8], positions: Positions) -> Touch {
        match (self.holds(positions), self.removed.contains(item)) {
            (false, _) => Touch::Insert,
            (true, true) => Touch::Restore,
            (true, false) => Touch::None,
        }
    }

    /// What removing the item does.
    pub(super) fn removing(&self, item: &[u8], positions: Positions) -> Touch {
        if self.may_exist(item, positions) { Touch::Remove } else { Touch::None }
    }

    /// Items that the last layer can still take.
    pub(super) fn room(&self) -> u64 {
        self.layers.last().map_or(0, Layer::room)
    }

    /// The layers that so many more items need.
    ///
    /// # Errors
    /// [`Refusal`] if there can be none.
    pub(super) fn layers_for(&self, items: u64) -> Result<Vec<Shape>, Refusal> {
        let mut shapes = Vec::new();
        let mut missing = items.saturating_sub(self.room());
        let mut last = self.layers.last().map_or(0, |layer| layer.shape().capacity);
        while missing > 0 {
            let Growth::By(factor) = self.growth else { return Err(Refusal::Full { capacity: last }) };
            let number = self.layers.len() + shapes.len();
            if number >= LAYERS_MAX {
                return Err(Refusal::Layers);
            }
            last = last.saturating_mul(u64::from(factor)).min(CAPACITY_MAX);
            let shape = Shape::of(last, self.error, self.growth, number);
            last = shape.capacity;
            shapes.push(shape);
            missing = missing.saturating_sub(last);
        }
        Ok(shapes)
    }

    /// Does what was decided. A full layer is followed by the next of `grown`.
    pub(super) fn touch(
        &mut self,
        touch: Touch,
        item: &[u8],
        digest: Digest,
        grown: &mut impl Iterator<Item = Shape>,
    ) {
        match touch {
            Touch::None => {}
            Touch::Insert => {
                if self.room() == 0 {
                    self.layers.extend(grown.next().and_then(Layer::new));
                }
                if let Some(layer) = self.layers.last_mut() {
                    layer.insert(digest);
                }
            }
            Touch::Restore => self.removed.take_off(item),
            Touch::Remove => self.removed.insert(item),
        }
    }

    /// Bytes, without the generation itself.
    pub(super) fn memory_bytes(&self) -> usize {
        self.layers.capacity() * size_of::<Layer>()
            + self.layers.iter().map(Layer::memory_bytes).sum::<usize>()
            + self.removed.memory_bytes()
    }
}
