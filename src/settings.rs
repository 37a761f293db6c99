//! What an operator can set: `CONFIG SET seckill.<name>`.

use crate::host::Setting;

/// All settings.
pub static ALL: &[&Setting] = &[&EXPIRE_BATCH];

/// Holds that one call of the timer expires before clients are served again.
static EXPIRE_BATCH: Setting = Setting::number(c"expire-batch", 128, 1, 100_000);

/// Holds that one call of the timer expires at most.
pub fn expire_batch() -> usize {
    usize::try_from(EXPIRE_BATCH.get()).unwrap_or(1)
}
