//! Where the bits of an item are.

use siphasher::sip128::SipHasher13;

/// The key of the hash: the same everywhere, for a replica and a reload have to find what was set.
const KEY: [u8; 16] = *b"seckill filter 1";

/// 128 bits of SipHash-1-3 over an item, of which all its positions follow, in every layer.
/// The item is read once, however many layers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Positions {
    first: u64,
    step: u64,
}

impl Positions {
    /// Those of an item.
    pub fn of(item: &[u8]) -> Positions {
        let (first, step) = SipHasher13::new_with_key(&KEY).hash(item).as_u64();
        Positions { first, step }
    }

    /// So many of them, in a layer of `bits` bits.
    pub(super) fn within(self, bits: u64, count: u32) -> impl Iterator<Item = u64> {
        (0..u64::from(count))
            .map(move |number| self.first.wrapping_add(number.wrapping_mul(self.step)) % bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_stay_where_they_were() {
        assert_eq!(Positions::of(b""), OF_NOTHING);
        assert_eq!(Positions::of(b"seckill"), OF_A_WORD);
        assert_eq!(Positions::of(b"product:0000000000042"), OF_A_PRODUCT);
        assert!(Positions { first: 7, step: u64::MAX - 1 }.within(1000, 4).eq([7, 5, 3, 1]));
    }

    /// As computed by another implementation of SipHash-1-3 with 128 bits.
    const OF_NOTHING: Positions = Positions { first: 0x485026f9f5488a46, step: 0x7e24f76cb2d40717 };
    const OF_A_WORD: Positions = Positions { first: 0x7197116af795b508, step: 0x33f7429f26fbd10a };
    const OF_A_PRODUCT: Positions = Positions { first: 0xa31df579d920b6cb, step: 0x12915f1690281c4f };
}
