//! What is left of an item once it was read.

use std::hash::{Hash, Hasher};

use bloomfilter::reexports::siphasher::sip::SipHasher13;

/// The key of the digests.
const DIGEST_KEY: [u8; 16] = *b"seckill digest 1";
/// The keys of the two hashes that positions follow from: the same everywhere, for a replica and a reload
/// have to find what was set. If they were equal, every second position would be, and errors many times as many.
const POSITION_KEYS: [[u8; 16]; 2] = [*b"seckill layer, a", *b"seckill layer, b"];

/// The seed of all layers: the two keys.
pub(super) fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    let (first, second) = seed.split_at_mut(16);
    first.copy_from_slice(&POSITION_KEYS[0]);
    second.copy_from_slice(&POSITION_KEYS[1]);
    seed
}

/// 64 bits of SipHash-1-3 over an item. The item is read once, however many layers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(u64);

impl Digest {
    /// The digest of an item.
    pub fn of(item: &[u8]) -> Digest {
        Digest(SipHasher13::new_with_key(&DIGEST_KEY).hash(item))
    }
}

/// What is hashed is stored, so it is the same eight bytes on every machine and with every compiler.
impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.to_le());
    }
}

/// The two hashes that all positions of an item follow from, in every layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Positions {
    first: u64,
    second: u64,
}

impl Positions {
    /// Computes them as `bloomfilter` does.
    pub(super) fn of(digest: Digest) -> Positions {
        let [first, second] = POSITION_KEYS.map(|key| {
            let mut hasher = SipHasher13::new_with_key(&key);
            digest.hash(&mut hasher);
            hasher.finish()
        });
        Positions { first, second }
    }

    /// The position under a hash function, from 0, before it is brought into the range of a layer.
    pub(super) fn at(self, function: u32) -> u64 {
        /// The largest prime below 2^64.
        const PRIME: u64 = 0xffff_ffff_ffff_ffc5;
        match function {
            0 => self.first,
            1 => self.second,
            _ => {
                let sum = self.first.wrapping_add(u64::from(function).wrapping_mul(self.second));
                // The remainder, without a division: the prime is more than half of the range.
                if sum < PRIME { sum } else { sum - PRIME }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_keys_of_the_seed_differ() {
        assert_ne!(POSITION_KEYS[0], POSITION_KEYS[1]);
    }

    #[test]
    fn digests_stay_what_they_were() {
        assert_eq!(Digest::of(b"").0, DIGEST_OF_NOTHING);
        assert_eq!(Digest::of(b"seckill").0, DIGEST_OF_A_WORD);
    }

    /// As computed by another implementation of SipHash-1-3.
    const DIGEST_OF_NOTHING: u64 = 0x613d677289c6799;
    const DIGEST_OF_A_WORD: u64 = 0xba612df1a3fa87d2;
}
