//! Process lives: the time during which this server alone changes its sales.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::host::Context;

static LIFE: AtomicU64 = AtomicU64::new(0);
static SEED: AtomicU64 = AtomicU64::new(0);

/// Begins a life: when the module is loaded, and when its server becomes a primary.
pub fn begin(ctx: &Context) {
    LIFE.store(ctx.random() | 1, Ordering::Relaxed);
    SEED.store(ctx.random(), Ordering::Relaxed);
}

/// The number of this life; never 0.
pub fn current() -> u64 {
    LIFE.load(Ordering::Relaxed)
}

/// What hashes of this life begin with.
pub fn seed() -> u64 {
    SEED.load(Ordering::Relaxed)
}
