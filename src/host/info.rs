//! The module's sections of INFO.

use std::ffi::{CStr, c_int};
use std::sync::OnceLock;

use redis_module::raw;

use super::Context;
use super::api::api;
use super::guard::guarded;

/// Takes the fields of INFO.
pub struct Info(*mut raw::RedisModuleInfoCtx);

static REPORT: OnceLock<fn(&Info)> = OnceLock::new();

impl Info {
    /// Begins a section; false if it was not asked for.
    pub fn section(&self, name: &CStr) -> bool {
        // SAFETY: the context is valid, the name ends with NUL.
        unsafe { api!(RedisModule_InfoAddSection(self.0, name.as_ptr())) == raw::REDISMODULE_OK as c_int }
    }

    /// A number.
    pub fn number(&self, name: &CStr, value: u64) {
        // SAFETY: the context is valid, the name ends with NUL.
        unsafe { api!(RedisModule_InfoAddFieldULongLong(self.0, name.as_ptr(), value)) };
    }

    /// A text.
    pub fn text(&self, name: &CStr, value: &CStr) {
        // SAFETY: the context is valid, both strings end with NUL.
        unsafe { api!(RedisModule_InfoAddFieldCString(self.0, name.as_ptr(), value.as_ptr())) };
    }
}

pub(super) fn register(ctx: &Context, report: fn(&Info)) {
    let _ = REPORT.set(report);
    // SAFETY: the callback has the signature wanted.
    unsafe { api!(RedisModule_RegisterInfoFunc(ctx.raw(), Some(on_info))) };
}

unsafe extern "C" fn on_info(ctx: *mut raw::RedisModuleInfoCtx, for_crash_report: c_int) {
    if let Some(report) = REPORT.get().filter(|_| for_crash_report == 0) {
        guarded(|| report(&Info(ctx)));
    }
}
