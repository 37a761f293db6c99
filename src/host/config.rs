//! Settings: `CONFIG GET`, `CONFIG SET` and redis.conf.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis_module::raw;

use super::api::api;
use super::{Arg, Context, OwnedName};

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A whole number.
    Number,
    /// A number of bytes: `64mb` will do.
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
    pub const fn bytes(name: &'static CStr, default: i64, min: i64, max: i64) -> Setting {
        Setting { kind: Kind::Bytes, ..Setting::number(name, default, min, max) }
    }

    /// A switch that is on at first.
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

/// A text that an operator can set.
pub struct TextSetting {
    /// Its name after `seckill.`.
    name: &'static CStr,
    text: Mutex<Option<OwnedName>>,
    /// How often it was set.
    version: AtomicU64,
}

impl TextSetting {
    /// A text that the server keeps out of its log; empty at first.
    pub const fn secret(name: &'static CStr) -> TextSetting {
        TextSetting { name, text: Mutex::new(None), version: AtomicU64::new(0) }
    }

    /// What it is.
    pub fn get(&self) -> Vec<u8> {
        self.lock().as_ref().map_or_else(Vec::new, |text| text.arg().bytes().to_vec())
    }

    /// How often it was set.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Option<OwnedName>> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Registers settings and reads them from the server's configuration; false if the server refuses.
pub(super) fn register(ctx: &Context, settings: &[&'static Setting], texts: &[&'static TextSetting]) -> bool {
    let ok = raw::REDISMODULE_OK as c_int;
    let registered = settings.iter().all(|setting| register_one(ctx, setting) == ok)
        && texts.iter().all(|setting| register_text(ctx, setting) == ok);
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

fn register_text(ctx: &Context, setting: &'static TextSetting) -> c_int {
    let data = std::ptr::from_ref(setting).cast_mut().cast::<c_void>();
    let flags = raw::REDISMODULE_CONFIG_SENSITIVE;
    // SAFETY: the data is a setting that lives for ever; the callbacks have the signatures wanted.
    unsafe {
        let (get, set) = (Some(get_text as _), Some(set_text as _));
        let (name, empty) = (setting.name.as_ptr(), c"".as_ptr());
        api!(RedisModule_RegisterStringConfig(ctx.raw(), name, empty, flags, get, set, None, data))
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

unsafe extern "C" fn get_text(_: *const c_char, data: *mut c_void) -> *mut raw::RedisModuleString {
    // SAFETY: `register_text` gave a setting. The server copies the string before it sets another.
    let setting = unsafe { &*data.cast::<TextSetting>() };
    setting.lock().as_ref().map_or(std::ptr::null_mut(), |text| text.arg().raw())
}

unsafe extern "C" fn set_text(
    _: *const c_char,
    value: *mut raw::RedisModuleString,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: `register_text` gave a setting, and the server a string that lives during the call.
    let (setting, value) = unsafe { (&*data.cast::<TextSetting>(), Arg::new(value)) };
    *setting.lock() = Some(OwnedName::new(value.bytes()));
    setting.version.fetch_add(1, Ordering::Relaxed);
    raw::REDISMODULE_OK as c_int
}
