//! The large allocations of a sale, for whoever wants to move them.

use super::{Row, Sale};

/// Moves allocations to where memory is less fragmented.
pub trait Mover {
    /// May replace the block by an equal one elsewhere.
    fn rows(&mut self, block: &mut Box<[Row]>);
    /// May replace the block by an equal one elsewhere.
    fn bytes(&mut self, block: &mut Box<[u8]>);
    /// May replace the block by an equal one elsewhere.
    fn cells(&mut self, block: &mut Box<[u32]>);
    /// True when it is enough for now.
    fn is_tired(&self) -> bool;
}

impl Sale {
    /// Shows the blocks to `mover`, beginning with the `from`-th, until it is tired.
    /// Returns where to go on, or `None` after the last.
    pub fn move_blocks(&mut self, from: usize, mover: &mut dyn Mover) -> Option<usize> {
        let chunks = self.table.full_chunks_mut().count();
        for (at, show) in self.table.full_chunks_mut().enumerate().skip(from) {
            show(mover);
            if mover.is_tired() {
                return Some(at + 1);
            }
        }
        for (at, cells) in self.users.blocks_mut().enumerate().skip(from.saturating_sub(chunks)) {
            mover.cells(cells);
            if mover.is_tired() {
                return Some(chunks + at + 1);
            }
        }
        None
    }
}
