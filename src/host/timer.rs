//! One-shot timers.

use std::ffi::c_void;

use redis_module::raw;

use super::Context;
use super::api::api;
use super::guard::guarded;

/// A timer that has not fired.
pub struct Timer(raw::RedisModuleTimerID);

impl Timer {
    /// Calls `callback` in `ms` milliseconds, once.
    pub fn start(ctx: &Context, ms: u64, callback: fn(&Context)) -> Timer {
        let period = i64::try_from(ms).unwrap_or(i64::MAX);
        // SAFETY: the data is a function pointer, which is turned back when the timer fires.
        Timer(unsafe {
            api!(RedisModule_CreateTimer(ctx.raw(), period, Some(fire), callback as *mut c_void))
        })
    }

    /// Stops it. Not to be called for the timer that is being served.
    pub fn stop(self, ctx: &Context) {
        // SAFETY: the server knows whether the id is one of its timers.
        unsafe { api!(RedisModule_StopTimer(ctx.raw(), self.0, std::ptr::null_mut())) };
    }
}

unsafe extern "C" fn fire(ctx: *mut raw::RedisModuleCtx, data: *mut c_void) {
    // SAFETY: `start` put a function pointer there; the context is valid during the call.
    let (callback, ctx) =
        unsafe { (std::mem::transmute::<*mut c_void, fn(&Context)>(data), Context::new(ctx)) };
    guarded(|| callback(&ctx));
}
