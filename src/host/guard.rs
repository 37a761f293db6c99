//! The last line: a panic ends here and becomes an error instead of an outage.

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::ptr;

use redis_module::raw;

use super::api::api;

/// Runs `body`; `None` if it panicked.
pub(super) fn guarded<T>(body: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(body)).ok()
}

/// Sends panics to the server's log: message and place, never a backtrace,
/// for printing one frees memory of another allocator on some servers.
pub(super) fn log_panics() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text =
            text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        log_line(ptr::null_mut(), c"warning", &format!("internal error at {place}: {text}"));
    }));
}

/// Writes a line to the server's log.
pub(super) fn log_line(ctx: *mut raw::RedisModuleCtx, level: &std::ffi::CStr, text: &str) {
    let clean: Vec<u8> = text.bytes().map(|byte| if byte < b' ' { b'?' } else { byte }).collect();
    if let Ok(line) = CString::new(clean) {
        // SAFETY: a null context is allowed for the log; both strings end with NUL and outlive the call.
        unsafe { api!(RedisModule_Log(ctx, level.as_ptr(), c"%s".as_ptr(), line.as_ptr())) }
    }
}
