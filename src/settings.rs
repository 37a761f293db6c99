//! What an operator can set: `CONFIG SET seckill.<name>`.

use seckill_core::bounds::DURATION_MS_MAX;

use crate::host::{Setting, TextSetting};

/// All settings.
pub static ALL: &[&Setting] = &[&EXPIRE_BATCH, &LOCK_RETENTION, &LIMIT_REPLICATION];

/// Holds that one call of the timer expires before clients are served again.
static EXPIRE_BATCH: Setting = Setting::number(c"expire-batch", 128, 1, 100_000);

/// Whether replicas and the AOF learn what was used of limits.
static LIMIT_REPLICATION: Setting = Setting::switched_on(c"limit-replication");
/// How long a lock's key stays after the last lease, in milliseconds: its tokens go on growing.
static LOCK_RETENTION: Setting =
    Setting::number(c"lock-retention", 24 * 60 * 60 * 1000, 1000, DURATION_MS_MAX as i64);

/// How long a lock's key stays after the last lease.
pub fn lock_retention_ms() -> u64 {
    LOCK_RETENTION.get().unsigned_abs()
}

/// Holds that one call of the timer expires at most.
pub fn expire_batch() -> usize {
    usize::try_from(EXPIRE_BATCH.get()).unwrap_or(1)
}

/// All settings that are texts.
pub static TEXTS: &[&TextSetting] = &[&TICKET_SECRET, &TICKET_SECRET_PREVIOUS];

/// What tickets are made with.
static TICKET_SECRET: TextSetting = TextSetting::secret(c"ticket-secret");
/// What tickets were made with until the secret was changed: still accepted.
static TICKET_SECRET_PREVIOUS: TextSetting = TextSetting::secret(c"ticket-secret-previous");

/// The secret that makes tickets and the one before it; empty if there is none.
pub fn secrets() -> [Vec<u8>; 2] {
    [TICKET_SECRET.get(), TICKET_SECRET_PREVIOUS.get()]
}

/// Another number whenever one of the secrets was set.
pub fn secrets_version() -> u64 {
    TICKET_SECRET.version() + TICKET_SECRET_PREVIOUS.version()
}

/// True if replicas and the AOF learn what was used of limits.
pub fn limits_are_replicated() -> bool {
    LIMIT_REPLICATION.is_on()
}
