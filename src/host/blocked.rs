//! Clients that wait for a key.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_longlong, c_void};
use std::rc::Rc;
use std::slice;

use redis_module::raw;

use super::api::api;
use super::guard::guarded;
use super::{Arg, Context, Failure};

/// Whether a client has its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It has.
    Over,
    /// It waits on, in its place.
    On,
}

/// A client that waits for a key, and what it waits for.
pub trait Waiter: 'static {
    /// The key may be what is waited for: replies, or waits on. `args` are those of the command.
    ///
    /// # Errors
    /// [`Failure`] ends the wait with that error.
    fn retry(&self, ctx: &Context, args: &[Arg<'_>]) -> Result<Wait, Failure>;

    /// The time is over, or `CLIENT UNBLOCK` ends it: replies.
    fn give_up(&self, ctx: &Context, args: &[Arg<'_>]);

    /// The client waits no more, for whatever reason. Called at the latest after the reply, maybe more than once.
    fn leave(&self, ctx: &Context);
}

/// What the server keeps for a waiting client.
struct Waiting {
    waiter: Rc<dyn Waiter>,
    /// The server's handle of the client.
    handle: Cell<*mut raw::RedisModuleBlockedClient>,
}

thread_local! {
    /// Who waits, by the server's handle: all that a disconnection tells.
    static WAITERS: RefCell<HashMap<usize, Rc<dyn Waiter>>> = RefCell::default();
}

impl Context {
    /// True if the caller can wait: not in MULTI, a script or a function.
    pub fn can_block(&self) -> bool {
        !self.has(
            raw::REDISMODULE_CTX_FLAGS_DENY_BLOCKING
                | raw::REDISMODULE_CTX_FLAGS_MULTI
                | raw::REDISMODULE_CTX_FLAGS_LUA,
        )
    }

    /// Lets the client wait for a key of a module's type, which must exist to be waited for, at most `ms`
    /// milliseconds, or for ever if that is 0. Nothing may have been replied. False if the server refuses;
    /// it may have replied then.
    pub fn wait_for(&self, key: Arg<'_>, ms: u64, waiter: Rc<dyn Waiter>) -> bool {
        let timeout = c_longlong::try_from(ms).unwrap_or(c_longlong::MAX);
        let handle = Cell::new(std::ptr::null_mut());
        let waiting = Box::into_raw(Box::new(Waiting { waiter: Rc::clone(&waiter), handle }));
        let mut keys = [key.raw()];
        // SAFETY: the server takes `waiting` over and gives it to `free`; the key's name is copied.
        let handle = unsafe {
            api!(RedisModule_BlockClientOnKeys(
                self.raw(),
                Some(on_ready),
                Some(on_timeout),
                Some(free),
                timeout,
                keys.as_mut_ptr(),
                1,
                waiting.cast()
            ))
        };
        if handle.is_null() {
            // SAFETY: the server did not take it.
            drop(unsafe { Box::from_raw(waiting) });
            return false;
        }
        // SAFETY: the server frees it later, on this thread.
        unsafe { (*waiting).handle.set(handle) };
        WAITERS.with_borrow_mut(|waiters| waiters.insert(handle as usize, waiter));
        // SAFETY: the handle is the server's.
        unsafe { api!(RedisModule_SetDisconnectCallback(handle, Some(on_disconnect))) };
        true
    }

    /// Lets those who wait for a key try again, once this call is over. The key must exist.
    pub fn signal_ready(&self, key: Arg<'_>) {
        // SAFETY: context and name are valid.
        unsafe { api!(RedisModule_SignalKeyAsReady(self.raw(), key.raw())) };
    }

    /// The number of the client; 0 if there is none.
    pub fn client(&self) -> u64 {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_GetClientId(self.raw())) }
    }
}

/// Lets `body` have the waiter of the client that the server is busy with.
///
/// # Safety
/// For callbacks of blocked clients: `argv` holds `argc` strings that live during the call.
unsafe fn serve<T>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
    body: impl FnOnce(&dyn Waiter, &Context, &[Arg<'_>]) -> T,
) -> Option<T> {
    // SAFETY: an `Arg` is a pointer and nothing else; context and strings live during the call.
    let (args, ctx) = unsafe {
        let args = slice::from_raw_parts(argv.cast::<Arg<'_>>(), argc as usize);
        (args, Context::of_command(ctx, args))
    };
    // SAFETY: the server gives what `wait_for` gave it, or null.
    let waiting =
        unsafe { api!(RedisModule_GetBlockedClientPrivateData(ctx.raw())).cast::<Waiting>().as_ref() };
    let waiter = Rc::clone(&waiting?.waiter);
    guarded(|| body(waiter.as_ref(), &ctx, args))
}

unsafe extern "C" fn on_ready(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    let retry = |waiter: &dyn Waiter, ctx: &Context, args: &[Arg<'_>]| {
        waiter.retry(ctx, args).unwrap_or_else(|failure| {
            ctx.error(&failure.0);
            Wait::Over
        })
    };
    // SAFETY: this is such a callback.
    match unsafe { serve(ctx, argv, argc, retry) } {
        Some(Wait::Over) => raw::REDISMODULE_OK as c_int,
        Some(Wait::On) | None => raw::REDISMODULE_ERR as c_int,
    }
}

unsafe extern "C" fn on_timeout(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    let give_up = |waiter: &dyn Waiter, ctx: &Context, args: &[Arg<'_>]| {
        waiter.leave(ctx);
        waiter.give_up(ctx, args);
    };
    // SAFETY: this is such a callback.
    unsafe { serve(ctx, argv, argc, give_up) };
    raw::REDISMODULE_OK as c_int
}

unsafe extern "C" fn on_disconnect(
    ctx: *mut raw::RedisModuleCtx,
    handle: *mut raw::RedisModuleBlockedClient,
) {
    // SAFETY: the context is valid during the call.
    let ctx = unsafe { Context::new(ctx) };
    leave(&ctx, handle);
}

unsafe extern "C" fn free(ctx: *mut raw::RedisModuleCtx, data: *mut c_void) {
    // SAFETY: the server gives back what `wait_for` gave it, once; the context is valid during the call.
    let (waiting, ctx) = unsafe { (Box::from_raw(data.cast::<Waiting>()), Context::new(ctx)) };
    leave(&ctx, waiting.handle.get());
}

fn leave(ctx: &Context, handle: *mut raw::RedisModuleBlockedClient) {
    let waiter = WAITERS.with_borrow_mut(|waiters| waiters.remove(&(handle as usize)));
    waiter.into_iter().for_each(|waiter| {
        guarded(|| waiter.leave(ctx));
    });
}
