//! What this process did: the figures of `INFO seckill`.

use std::sync::atomic::{AtomicU64, Ordering};

use seckill_core::sale::Change;

use crate::host::Info;

/// Changes made, by kind.
static RESERVED: AtomicU64 = AtomicU64::new(0);
static CONFIRMED: AtomicU64 = AtomicU64::new(0);
static RELEASED: AtomicU64 = AtomicU64::new(0);
static EXPIRED: AtomicU64 = AtomicU64::new(0);
static REFUNDED: AtomicU64 = AtomicU64::new(0);
static WAITLISTED: AtomicU64 = AtomicU64::new(0);
static OFFERED: AtomicU64 = AtomicU64::new(0);
static OTHER: AtomicU64 = AtomicU64::new(0);
/// Requests to reserve that were refused.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Counts a change.
pub fn count(change: &Change<'_>) {
    let counter = match change {
        Change::Reserved { .. } => &RESERVED,
        Change::Confirmed { .. } => &CONFIRMED,
        Change::Released { .. } => &RELEASED,
        Change::Expired { .. } => &EXPIRED,
        Change::Refunded { .. } => &REFUNDED,
        Change::Waitlisted { .. } => &WAITLISTED,
        Change::Offered { .. } => &OFFERED,
        Change::Accepted { .. } => &RESERVED,
        Change::Extended { .. }
        | Change::Restocked { .. }
        | Change::Adopted { .. }
        | Change::Voided { .. }
        | Change::Altered { .. } => &OTHER,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Counts a refused request to reserve.
pub fn count_refused() {
    REFUSED.fetch_add(1, Ordering::Relaxed);
}

/// Writes the section.
pub fn report(info: &Info) {
    if !info.section(c"sales") {
        return;
    }
    info.text(c"version", crate::VERSION);
    let counters = [
        (c"reserved", &RESERVED),
        (c"refused", &REFUSED),
        (c"confirmed", &CONFIRMED),
        (c"released", &RELEASED),
        (c"expired", &EXPIRED),
        (c"refunded", &REFUNDED),
        (c"other_changes", &OTHER),
        (c"waitlisted", &WAITLISTED),
        (c"offered", &OFFERED),
    ];
    for (name, counter) in counters {
        info.number(name, counter.load(Ordering::Relaxed));
    }
}
