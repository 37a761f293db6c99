//! One Bloom filter of fixed size.

use bloomfilter::Bloom;

use super::digest::{Digest, Positions, seed};
use super::shape::Shape;
use crate::bounds::Invalid;

/// Bytes before the bits in the form of `bloomfilter`: version, bytes of bits, hash functions, seed.
const HEADER_BYTES: usize = 1 + 8 + 4 + 32;
/// The version of that form.
const HEADER_VERSION: u8 = 1;

/// A layer: a Bloom filter and how full it is.
#[derive(Clone, Debug)]
pub struct Layer {
    bloom: Bloom<Digest>,
    capacity: u64,
    len: u64,
}

/// A layer's bits while they come in.
#[derive(Debug)]
pub(super) struct Bits {
    shape: Shape,
    len: u64,
    bytes: Vec<u8>,
}

impl Layer {
    /// An empty layer. There is one of every shape that was checked.
    pub(super) fn new(shape: Shape) -> Option<Layer> {
        let mut bytes = vec![0; HEADER_BYTES + shape.bytes as usize];
        bytes[..HEADER_BYTES].copy_from_slice(&header(shape));
        Layer::of(bytes, shape.capacity, 0)
    }

    /// A layer from its bytes, of which the header was made here and fits them.
    fn of(bytes: Vec<u8>, capacity: u64, len: u64) -> Option<Layer> {
        let bloom = Bloom::from_bytes(bytes).ok()?;
        Some(Layer { bloom, capacity, len })
    }

    /// Its size.
    pub fn shape(&self) -> Shape {
        Shape {
            capacity: self.capacity,
            bytes: self.bloom.len() / 8,
            hashes: self.bloom.number_of_hash_functions(),
        }
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
        &self.bloom.as_slice()[HEADER_BYTES..]
    }

    /// Items that it can still take.
    pub(super) fn room(&self) -> u64 {
        self.capacity - self.len
    }

    /// True if the item may be here.
    ///
    /// `Bloom::check` would compute the two hashes again for each layer.
    pub(super) fn holds(&self, positions: Positions) -> bool {
        let (bits, count) = (self.bits(), self.bloom.len());
        (0..self.bloom.number_of_hash_functions()).all(|function| {
            let at = positions.at(function) % count;
            bits[(at / 8) as usize] & (1 << (at % 8)) != 0
        })
    }

    /// Puts an item in. There must be room.
    pub(super) fn insert(&mut self, digest: Digest) {
        self.bloom.set(&digest);
        self.len += 1;
    }

    /// Bytes on the heap.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bloom.as_slice().len()
    }

    /// The layer with its bytes shown to `show`, which may put equal ones in their place.
    pub(super) fn moved(self, show: impl FnOnce(&mut Box<[u8]>)) -> Option<Layer> {
        let mut bytes = self.bloom.into_bytes().into_boxed_slice();
        show(&mut bytes);
        Layer::of(bytes.into_vec(), self.capacity, self.len)
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
        Ok(Bits { shape: shape.checked()?, len, bytes: header(shape).to_vec() })
    }

    /// Takes the next of them.
    ///
    /// # Errors
    /// [`Invalid`] if they are more than the layer has.
    pub(super) fn push(&mut self, bits: &[u8]) -> Result<(), Invalid> {
        let missing = HEADER_BYTES as u64 + self.shape.bytes - self.bytes.len() as u64;
        if bits.len() as u64 > missing {
            return Err(Invalid("more bits than the layer has"));
        }
        if self.bytes.capacity() - self.bytes.len() < bits.len() {
            // Twice as much, but in the end exactly what the layer needs.
            self.bytes.reserve_exact((self.bytes.len().max(bits.len()) as u64).min(missing) as usize);
        }
        self.bytes.extend_from_slice(bits);
        Ok(())
    }

    /// The layer.
    ///
    /// # Errors
    /// [`Invalid`] if bits are missing, or cannot be those of so many items.
    pub(super) fn finish(self) -> Result<Layer, Invalid> {
        let bits = &self.bytes[HEADER_BYTES..];
        if bits.len() as u64 != self.shape.bytes {
            return Err(Invalid("fewer bits than the layer has"));
        }
        let set: u64 = bits.iter().map(|byte| u64::from(byte.count_ones())).sum();
        if set > self.len.saturating_mul(u64::from(self.shape.hashes)) || (set == 0) != (self.len == 0) {
            return Err(Invalid("bits that do not fit the number of items"));
        }
        Layer::of(self.bytes, self.shape.capacity, self.len).ok_or(Invalid("bits without a filter"))
    }
}

fn header(shape: Shape) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[0] = HEADER_VERSION;
    header[1..9].copy_from_slice(&shape.bytes.to_le_bytes());
    header[9..13].copy_from_slice(&shape.hashes.to_le_bytes());
    header[13..].copy_from_slice(&seed());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_says_what_the_crate_says() {
        let shape = Shape { capacity: 100, bytes: 131, hashes: 7 };
        let mut layer = Layer::new(shape).unwrap();
        (0..100u32).for_each(|item| layer.insert(Digest::of(&item.to_le_bytes())));
        assert_eq!((layer.shape(), layer.room()), (shape, 0));
        for item in 0..100_000u32 {
            let digest = Digest::of(&item.to_le_bytes());
            assert_eq!(layer.holds(Positions::of(digest)), layer.bloom.check(&digest), "{item}");
        }
    }

    #[test]
    fn a_layer_keeps_its_bits_when_it_moves() {
        let mut layer = Layer::new(Shape { capacity: 10, bytes: 20, hashes: 3 }).unwrap();
        layer.insert(Digest::of(b"a"));
        let bits = layer.bits().to_vec();
        let moved = layer.moved(|block| *block = block.to_vec().into_boxed_slice()).unwrap();
        assert_eq!((moved.bits(), moved.len()), (bits.as_slice(), 1));
        assert!(moved.holds(Positions::of(Digest::of(b"a"))));
    }
}
