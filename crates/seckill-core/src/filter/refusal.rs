//! Why a filter does not do what it is asked for.

/// Nothing was changed, for this reason. The first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No rebuild is under way.
    NoRebuild,
    /// A rebuild is under way already.
    Rebuilding,
    /// It is full and does not grow.
    Full {
        /// Items that it was made for.
        capacity: u64,
    },
    /// It has as many layers as there can be.
    Layers,
    /// It would need more memory than allowed.
    Memory {
        /// Bytes that it would need.
        needed: u64,
    },
}
