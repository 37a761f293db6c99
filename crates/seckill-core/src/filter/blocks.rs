//! The large allocations of a filter, for whoever wants to move them.

use super::Filter;

/// Moves allocations to where memory is less fragmented.
pub trait Mover {
    /// May replace the block by an equal one elsewhere.
    fn bytes(&mut self, block: &mut Box<[u8]>);
    /// True when it is enough for now.
    fn is_tired(&self) -> bool;
}

impl Filter {
    /// Shows the layers to `mover`, beginning with the `from`-th, until it is tired.
    /// Returns where to go on, or `None` after the last.
    pub fn move_blocks(&mut self, from: usize, mover: &mut dyn Mover) -> Option<usize> {
        let generations = [Some(&mut self.now), self.next.as_mut()];
        let mut number = 0;
        for generation in generations.into_iter().flatten() {
            for at in 0..generation.layers.len() {
                number += 1;
                if number <= from {
                    continue;
                }
                let moved = generation.layers.remove(at).moved(|block| mover.bytes(block));
                moved.into_iter().for_each(|layer| generation.layers.insert(at, layer));
                if mover.is_tired() {
                    return Some(number);
                }
            }
        }
        None
    }
}
