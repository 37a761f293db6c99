//! The way in for clients.

use std::borrow::Cow;
use std::ffi::c_int;
use std::slice;

use redis_module::raw;

use super::guard::guarded;
use super::{Arg, Context};

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
