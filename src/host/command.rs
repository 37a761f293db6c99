//! The way in for clients.

use std::borrow::Cow;
use std::ffi::c_int;
use std::slice;

use redis_module::raw;

use super::api::api;
use super::guard::guarded;
use super::{Arg, Context};

/// The most keys that a command may count: more is no key position, so that no number makes a long loop.
const COUNTED_MAX: usize = 1 << 16;

/// A command.
pub trait Command {
    /// Decides and replies; an error is replied by the caller, before which nothing was replied.
    ///
    /// # Errors
    /// [`Failure`] with the text for the client.
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure>;
}

/// An error reply, with its code.
#[derive(Debug)]
pub struct Failure(pub Cow<'static, str>);

impl From<&'static str> for Failure {
    fn from(text: &'static str) -> Failure {
        Failure(Cow::Borrowed(text))
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Failure {
        Failure(Cow::Owned(text))
    }
}

/// What the server calls for the command `C`.
///
/// # Safety
/// For the server only: `argv` holds `argc` strings that live during the call.
pub unsafe extern "C" fn entry<C: Command>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: an `Arg` is a pointer and nothing else; the strings live during the call.
    let args = unsafe { slice::from_raw_parts(argv.cast::<Arg<'_>>(), argc as usize) };
    // SAFETY: the server's context is valid during the call, and so are the arguments.
    let ctx = unsafe { Context::of_command(ctx, args) };
    match guarded(|| C::run(&ctx, args)) {
        Some(Ok(())) => {}
        Some(Err(failure)) => ctx.error(&failure.0),
        None => ctx.error("ERR internal error, see the server's log"),
    }
    0
}

/// What the server calls for the command `C` whose first argument says how many keys follow it.
///
/// Servers ask such a command itself where its keys are when they look for its slot; its flags say so by
/// `getkeys-api`. The key specification alone would let it reach into several slots.
///
/// # Safety
/// As for [`entry`].
pub unsafe extern "C" fn counted_entry<C: Command>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the context is valid during the call.
    if unsafe { api!(RedisModule_IsKeysPositionRequest(ctx)) } == 0 {
        // SAFETY: as promised.
        return unsafe { entry::<C>(ctx, argv, argc) };
    }
    // SAFETY: an `Arg` is a pointer and nothing else; the strings live during the call.
    let args = unsafe { slice::from_raw_parts(argv.cast::<Arg<'_>>(), argc as usize) };
    guarded(|| {
        let counted =
            args.get(1).and_then(|arg| std::str::from_utf8(arg.bytes()).ok()?.parse::<usize>().ok());
        let last = counted.filter(|count| *count <= COUNTED_MAX && count + 2 <= args.len()).unwrap_or(0);
        for position in 2..2 + last {
            // SAFETY: the context is that of a request for positions.
            unsafe { api!(RedisModule_KeyAtPos(ctx, position as c_int)) };
        }
    });
    0
}
