//! One Bloom filter of fixed size.

use super::positions::Positions;
use super::shape::Shape;
use crate::bounds::Invalid;

/// A layer: a Bloom filter and how full it is.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Bit `n` is bit `n % 8` of byte `n / 8`.
    bits: Box<[u8]>,
    hashes: u32,
    capacity: u64,
    len: u64,
}

/// A layer's bits while they come in.
#[derive(Debug)]
pub(super) struct Bits {
    shape: Shape,
    len: u64,
    bits: Vec<u8>,
}

impl Layer {
    /// An empty layer, of a shape that was checked.
    pub(super) fn new(shape: Shape) -> Layer {
        let bits = vec![0; shape.bytes as usize].into_boxed_slice();
        Layer { bits, hashes: shape.hashes, capacity: shape.capacity, len: 0 }
    }

    /// Its size.
    pub fn shape(&self) -> Shape {
        Shape { capacity: self.capacity, bytes: self.bits.len() as u64, hashes: self.hashes }
    }

    /// Items that were put in.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True if nothing was put in.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its bits.
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Items that it can still take.
    pub(super) fn room(&self) -> u64 {
        self.capacity - self.len
    }

    /// True if the item may be here.
    pub(super) fn holds(&self, positions: Positions) -> bool {
        let mut all = positions.within(self.bits.len() as u64 * 8, self.hashes);
        all.all(|at| self.bits[(at / 8) as usize] & (1 << (at % 8)) != 0)
    }

    /// Puts an item in. There must be room.
    pub(super) fn insert(&mut self, positions: Positions) {
        for at in positions.within(self.bits.len() as u64 * 8, self.hashes) {
            self.bits[(at / 8) as usize] |= 1 << (at % 8);
        }
        self.len += 1;
    }

    /// Bytes on the heap.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bits.len()
    }

    /// Shows its bits to `show`, which may put equal ones in their place.
    pub(super) fn show(&mut self, show: impl FnOnce(&mut Box<[u8]>)) {
        show(&mut self.bits);
    }
}

impl Bits {
    /// Waits for the bits of a layer with `len` items.
    ///
    /// # Errors
    /// [`Invalid`] if there can be no such layer.
    pub(super) fn new(shape: Shape, len: u64) -> Result<Bits, Invalid> {
        if len > shape.capacity {
            return Err(Invalid("a layer with more items than its capacity"));
        }
        Ok(Bits { shape: shape.checked()?, len, bits: Vec::new() })
    }

    /// Takes the next of them.
    ///
    /// # Errors
    /// [`Invalid`] if they are more than the layer has.
    pub(super) fn push(&mut self, bits: &[u8]) -> Result<(), Invalid> {
        let missing = self.shape.bytes - self.bits.len() as u64;
        if bits.len() as u64 > missing {
            return Err(Invalid("more bits than the layer has"));
        }
        if self.bits.capacity() - self.bits.len() < bits.len() {
            // Twice as much, but in the end exactly what the layer needs.
            self.bits.reserve_exact((self.bits.len().max(bits.len()) as u64).min(missing) as usize);
        }
        self.bits.extend_from_slice(bits);
        Ok(())
    }

    /// The layer.
    ///
    /// # Errors
    /// [`Invalid`] if bits are missing, or cannot be those of so many items.
    pub(super) fn finish(self) -> Result<Layer, Invalid> {
        if self.bits.len() as u64 != self.shape.bytes {
            return Err(Invalid("fewer bits than the layer has"));
        }
        let set: u64 = self.bits.iter().map(|byte| u64::from(byte.count_ones())).sum();
        if set > self.len.saturating_mul(u64::from(self.shape.hashes)) || (set == 0) != (self.len == 0) {
            return Err(Invalid("bits that do not fit the number of items"));
        }
        let Shape { capacity, hashes, .. } = self.shape;
        Ok(Layer { bits: self.bits.into_boxed_slice(), hashes, capacity, len: self.len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_layer_has_the_bits_of_its_items_and_no_others() {
        let shape = Shape { capacity: 100, bytes: 131, hashes: 7 };
        let mut layer = Layer::new(shape);
        let of = |item: u32| Positions::of(&item.to_le_bytes());
        (0..100).for_each(|item| layer.insert(of(item)));
        assert_eq!((layer.shape(), layer.room()), (shape, 0));
        let set: BTreeSet<u64> = (0..100).flat_map(|item| of(item).within(131 * 8, 7)).collect();
        let has = |at: u64| layer.bits()[at as usize / 8] >> (at % 8) & 1 == 1;
        assert!((0..131 * 8).all(|at| has(at) == set.contains(&at)));
        for item in 0..100_000 {
            let holds = of(item).within(131 * 8, 7).all(|at| set.contains(&at));
            assert_eq!(layer.holds(of(item)), holds, "{item}");
        }
    }

    #[test]
    fn a_layer_keeps_its_bits_when_it_moves() {
        let mut layer = Layer::new(Shape { capacity: 10, bytes: 20, hashes: 3 });
        let positions = Positions::of(b"a");
        layer.insert(positions);
        let bits = layer.bits().to_vec();
        layer.show(|block| *block = block.to_vec().into_boxed_slice());
        assert_eq!((layer.bits(), layer.len()), (bits.as_slice(), 1));
        assert!(layer.holds(positions));
    }
}
