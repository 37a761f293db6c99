//! What an operator can set: `CONFIG SET seckill.<name>`.

use seckill_core::bounds::{DURATION_MS_MAX, Invalid};
use seckill_core::filter::{BYTES_MAX, CAPACITY_MAX, ErrorRate};

use crate::host::{Setting, TextSetting};

/// All settings.
pub static ALL: &[&Setting] = &[
    &EXPIRE_BATCH,
    &LOCK_RETENTION,
    &LIMIT_REPLICATION,
    &FILTER_BYTES_MAX,
    &FILTER_CAPACITY,
    &FILTER_ERROR_PPM,
];

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

/// Bytes that a filter may take, with both generations of a rebuild.
static FILTER_BYTES_MAX: Setting = Setting::bytes(c"filter-max-bytes", 128 << 20, 1 << 10, BYTES_MAX as i64);
/// Items that a filter is made for if nobody says how many.
static FILTER_CAPACITY: Setting = Setting::number(c"filter-capacity", 10_000, 1, CAPACITY_MAX as i64);
/// The error rate of a filter if nobody says which, in millionths.
static FILTER_ERROR_PPM: Setting = Setting::number(c"filter-error-ppm", 10_000, 1, 999_999);

/// Bytes that a filter may take, with both generations of a rebuild.
pub fn filter_bytes_max() -> u64 {
    FILTER_BYTES_MAX.get().unsigned_abs()
}

/// Items that a filter is made for if nobody says how many.
pub fn filter_capacity() -> u64 {
    FILTER_CAPACITY.get().unsigned_abs()
}

/// The error rate of a filter if nobody says which.
///
/// # Errors
/// None: the setting's range is inside that of error rates.
pub fn filter_error() -> Result<ErrorRate, Invalid> {
    ErrorRate::new(FILTER_ERROR_PPM.get() as f64 / 1e6)
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
