//! What an operator can set: `CONFIG SET seckill.<name>`.

use crate::host::Setting;

/// All settings.
pub static ALL: [Setting; 1] = [
    // Holds that one call of the timer expires before clients are served again.
    Setting::new(c"expire-batch", 128, 1, 100_000),
];

/// Holds that one call of the timer expires at most.
pub fn expire_batch() -> usize {
    let [batch] = &ALL;
    usize::try_from(batch.get()).unwrap_or(1)
}
