//! Settings: `CONFIG GET`, `CONFIG SET` and redis.conf.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};
use std::sync::atomic::{AtomicI64, Ordering};

use redis_module::raw;

use super::Context;
use super::api::api;

/// A number that an operator can set.
pub struct Setting {
    /// Its name after `seckill.`.
    pub name: &'static CStr,
    /// What it is at first.
    pub default: i64,
    /// The smallest allowed.
    pub min: i64,
    /// The largest allowed.
    pub max: i64,
    /// What it is.
    pub value: AtomicI64,
}

impl Setting {
    /// A setting at its default.
    pub const fn new(name: &'static CStr, default: i64, min: i64, max: i64) -> Setting {
        Setting { name, default, min, max, value: AtomicI64::new(default) }
    }

    /// What it is.
    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }
}

/// Registers settings and reads them from the server's configuration; false if the server refuses.
pub(super) fn register(ctx: &Context, settings: &'static [Setting]) -> bool {
    let registered = settings.iter().all(|setting| {
        let data = std::ptr::from_ref(setting).cast_mut().cast::<c_void>();
        // SAFETY: the data is a setting that lives for ever; the callbacks have the signatures wanted.
        let result = unsafe {
            api!(RedisModule_RegisterNumericConfig(
                ctx.raw(),
                setting.name.as_ptr(),
                setting.default,
                raw::REDISMODULE_CONFIG_DEFAULT,
                setting.min,
                setting.max,
                Some(get),
                Some(set),
                None,
                data
            ))
        };
        result == raw::REDISMODULE_OK as c_int
    });
    // SAFETY: the context is valid.
    registered && unsafe { api!(RedisModule_LoadConfigs(ctx.raw())) == raw::REDISMODULE_OK as c_int }
}

unsafe extern "C" fn get(_: *const c_char, data: *mut c_void) -> c_longlong {
    // SAFETY: `register` gave a setting.
    unsafe { (*data.cast::<Setting>()).get() }
}

unsafe extern "C" fn set(
    _: *const c_char,
    value: c_longlong,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: `register` gave a setting. The server has checked the range.
    unsafe { (*data.cast::<Setting>()).value.store(value, Ordering::Relaxed) };
    raw::REDISMODULE_OK as c_int
}
