//! Settings: `CONFIG GET`, `CONFIG SET` and redis.conf.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};
use std::sync::atomic::{AtomicI64, Ordering};

use redis_module::raw;

use super::Context;
use super::api::api;

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A whole number.
    Number,
    /// A number of bytes: `64mb` will do.
    #[allow(dead_code, reason = "until a family needs it")]
    Bytes,
    /// `yes` or `no`.
    Switch,
}

/// What an operator can set.
pub struct Setting {
    kind: Kind,
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
    /// A whole number, at its default.
    pub const fn number(name: &'static CStr, default: i64, min: i64, max: i64) -> Setting {
        Setting { kind: Kind::Number, name, default, min, max, value: AtomicI64::new(default) }
    }

    /// A number of bytes, at its default.
    #[allow(dead_code, reason = "until a family needs it")]
    pub const fn bytes(name: &'static CStr, default: i64, min: i64, max: i64) -> Setting {
        Setting { kind: Kind::Bytes, ..Setting::number(name, default, min, max) }
    }

    /// A switch that is on at first.
    #[allow(dead_code, reason = "until a family needs it")]
    pub const fn switched_on(name: &'static CStr) -> Setting {
        Setting { kind: Kind::Switch, ..Setting::number(name, 1, 0, 1) }
    }

    /// What it is.
    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    /// True if it is a switch that is on.
    pub fn is_on(&self) -> bool {
        self.get() != 0
    }
}

/// Registers settings and reads them from the server's configuration; false if the server refuses.
pub(super) fn register(ctx: &Context, settings: &[&'static Setting]) -> bool {
    let registered =
        settings.iter().all(|setting| register_one(ctx, setting) == raw::REDISMODULE_OK as c_int);
    // SAFETY: the context is valid.
    registered && unsafe { api!(RedisModule_LoadConfigs(ctx.raw())) == raw::REDISMODULE_OK as c_int }
}

fn register_one(ctx: &Context, setting: &'static Setting) -> c_int {
    let data = std::ptr::from_ref(setting).cast_mut().cast::<c_void>();
    let flags = match setting.kind {
        Kind::Bytes => raw::REDISMODULE_CONFIG_MEMORY,
        Kind::Number | Kind::Switch => raw::REDISMODULE_CONFIG_DEFAULT,
    };
    let name = setting.name.as_ptr();
    // SAFETY: the data is a setting that lives for ever; the callbacks have the signatures wanted.
    unsafe {
        if setting.kind == Kind::Switch {
            let default = setting.default as c_int;
            let (get, set) = (Some(get_switch as _), Some(set_switch as _));
            api!(RedisModule_RegisterBoolConfig(ctx.raw(), name, default, flags, get, set, None, data))
        } else {
            let Setting { default, min, max, .. } = *setting;
            let (get, set) = (Some(get as _), Some(set as _));
            api!(RedisModule_RegisterNumericConfig(
                ctx.raw(),
                name,
                default,
                flags,
                min,
                max,
                get,
                set,
                None,
                data
            ))
        }
    }
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

unsafe extern "C" fn get_switch(_: *const c_char, data: *mut c_void) -> c_int {
    // SAFETY: `register` gave a setting.
    unsafe { c_int::from((*data.cast::<Setting>()).is_on()) }
}

unsafe extern "C" fn set_switch(
    _: *const c_char,
    value: c_int,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: `register` gave a setting.
    unsafe { (*data.cast::<Setting>()).value.store(i64::from(value), Ordering::Relaxed) };
    raw::REDISMODULE_OK as c_int
}
