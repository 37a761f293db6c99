//! What can be asked for, of anything.

/// The longest duration in milliseconds: one year.
pub const DURATION_MS_MAX: u64 = 365 * 24 * 60 * 60 * 1000;
/// The largest count or moment: what a double keeps exactly.
pub const COUNT_MAX: u64 = 1 << 53;

/// Why terms or a stored sale are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(pub &'static str);
