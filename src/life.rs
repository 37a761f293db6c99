//! Process lives: the time during which this server alone changes its sales.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::host::{Context, Role};

static LIFE: AtomicU64 = AtomicU64::new(0);
static SEED: AtomicU64 = AtomicU64::new(0);
static PRIMARY: AtomicBool = AtomicBool::new(false);

/// Begins the first life: the module is loaded.
pub fn begin(ctx: &Context) {
    PRIMARY.store(ctx.is_primary(), Ordering::Relaxed);
    renew(ctx);
}

/// Takes note of the server's role; a new primary begins a life.
pub fn role_changed(ctx: &Context, role: Role) {
    PRIMARY.store(role == Role::Primary, Ordering::Relaxed);
    if role == Role::Primary {
        renew(ctx);
    }
}

/// True on a primary.
pub fn is_primary() -> bool {
    PRIMARY.load(Ordering::Relaxed)
}

fn renew(ctx: &Context) {
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
