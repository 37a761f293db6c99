//! What the fuzz targets share with the property tests: the model, and the ways of a sale as bytes.

#[allow(dead_code, reason = "the property tests need the rest of it")]
#[path = "../../crates/seckill-core/tests/model/mod.rs"]
mod naive;

pub use naive::{copies, trial};

/// Sales that `effect` can change; the first byte of its input says which.
pub const SALES: u8 = 32;

/// Blocks one after the other, each with its length in two bytes before it.
pub fn packed(blocks: &[Vec<u8>]) -> Vec<u8> {
    blocks.iter().flat_map(|block| [&(block.len() as u16).to_le_bytes()[..], block].concat()).collect()
}

/// The blocks that were packed; the last may be cut short.
pub fn unpacked(mut data: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    while let Some((len, rest)) = data.split_at_checked(2) {
        let len = usize::from(len[0]) | usize::from(len[1]) << 8;
        let (block, after) = rest.split_at(len.min(rest.len()));
        blocks.push(block);
        data = after;
    }
    blocks
}
