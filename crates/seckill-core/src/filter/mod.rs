//! A filter: a set of items that answers "surely not" or "perhaps" in little memory.
//!
//! Layers of Bloom filters (Bloom 1970) that grow by one another, each with a smaller share of the
//! error promised for the whole (Almeida, Baquero, Preguiça, Hutchison 2007, "Scalable Bloom Filters"),
//! an exact list of removed items, and a second generation while the filter is rebuilt.

mod apply;
mod blocks;
mod check;
mod decide;
mod digest;
mod effect;
mod generation;
mod layer;
mod read;
mod refusal;
mod removed;
mod restore;
mod shape;

pub use blocks::Mover;
pub use digest::Digest;
pub use effect::{Begun, Change, Effect, Step, Steps, Touch};
pub use generation::Generation;
pub use layer::Layer;
pub use read::Figures;
pub use refusal::Refusal;
pub use restore::Builder;
pub use shape::{
    BYTES_MAX, CAPACITY_MAX, ERROR_MAX, ERROR_MIN, EXPANSION_MAX, ErrorRate, Growth, LAYERS_MAX, Shape,
};

/// What is done with items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// They are in the set from now on: in both generations.
    Add,
    /// They are in the generation that is being rebuilt.
    Refill,
    /// They are not in the set any more.
    Remove,
}

/// What is done with a rebuild.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rebuild {
    /// A second generation begins, for so many items; without an error rate with the one that it has.
    Begin {
        /// Items that it is made for.
        capacity: u64,
        /// The error rate promised for it.
        error: Option<ErrorRate>,
    },
    /// The second generation takes the place of the first.
    Commit,
    /// The second generation is dropped.
    Abort,
}

/// A filter.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The generation that answers.
    now: Generation,
    /// The generation that is being filled.
    next: Option<Generation>,
}

impl Filter {
    /// A filter with one empty layer.
    pub fn new(error: ErrorRate, growth: Growth, first: Shape) -> Filter {
        Filter { now: Generation::new(error, growth, first), next: None }
    }
}
