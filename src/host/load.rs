//! The way in for the server.

use std::ffi::{CStr, c_int};
use std::slice;

use redis_module::raw;

use super::api::api;
use super::guard::{guarded, log_line, log_panics};
use super::{
    Arg, CommandSpec, Context, Handlers, Info, Level, Setting, TextSetting, config, docs, events, info,
};

/// The version that the server shows: 10000 × major + 100 × minor + patch.
const VERSION: i32 = 100;

/// All that the module brings along.
pub struct Setup {
    /// Its version.
    pub version: &'static CStr,
    /// Its types: [`super::register_type`] of each.
    pub types: &'static [fn(&Context) -> bool],
    /// Its commands, by family.
    pub commands: &'static [&'static [CommandSpec]],
    /// What can stand after its path where it is loaded.
    pub arguments: &'static [LoadArgument],
    /// Its settings.
    pub settings: &'static [&'static Setting],
    /// Its settings that are texts.
    pub texts: &'static [&'static TextSetting],
    /// What it wants to know.
    pub handlers: Handlers,
    /// Its section of INFO.
    pub report: fn(&Info),
    /// What is done once all is registered.
    pub begin: fn(&Context),
}

/// A word after the module's path, and what it brings along.
pub struct LoadArgument {
    /// The word, in any case.
    pub word: &'static str,
    /// Commands under names that may be another module's already; those are left to it.
    pub commands: &'static [&'static [CommandSpec]],
}

/// Registers the module.
///
/// # Safety
/// For the server's call of `RedisModule_OnLoad` only: `argv` holds `argc` strings that live during the call.
unsafe fn load(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
    setup: &Setup,
) -> c_int {
    // SAFETY: the context is the server's; nothing was allocated before that outlives this call.
    let known = unsafe {
        raw::Export_RedisModule_Init(ctx, c"seckill".as_ptr(), VERSION, raw::REDISMODULE_APIVER_1 as c_int)
    };
    if known != raw::REDISMODULE_OK as c_int {
        return raw::REDISMODULE_ERR as c_int;
    }
    log_panics();
    if !has_functions() {
        log_line(ctx, c"warning", "seckill needs Redis 7.0 or newer, or Valkey 8 or newer");
        return raw::REDISMODULE_ERR as c_int;
    }
    // SAFETY: the context is valid during the call, and so are the arguments; an `Arg` is a pointer and nothing else.
    let (ctx, args) = unsafe { (Context::new(ctx), lent_args(argv, argc)) };
    match guarded(|| register(&ctx, setup, args)) {
        Some(true) => raw::REDISMODULE_OK as c_int,
        Some(false) | None => raw::REDISMODULE_ERR as c_int,
    }
}

/// # Safety
/// As for `load`.
unsafe fn lent_args<'a>(argv: *mut *mut raw::RedisModuleString, argc: c_int) -> &'a [Arg<'a>] {
    let len = usize::try_from(argc).unwrap_or(0);
    if argv.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: as promised.
    unsafe { slice::from_raw_parts(argv.cast::<Arg<'_>>(), len) }
}

/// The arguments given; `None`, with a line in the log, if one is unknown.
fn known_arguments(ctx: &Context, setup: &Setup, args: &[Arg<'_>]) -> Option<Vec<&'static LoadArgument>> {
    let is = |argument: &LoadArgument, given: &[u8]| given.eq_ignore_ascii_case(argument.word.as_bytes());
    let unknown = args.iter().find(|arg| setup.arguments.iter().all(|known| !is(known, arg.bytes())));
    if let Some(unknown) = unknown {
        let allowed: Vec<&str> = setup.arguments.iter().map(|argument| argument.word).collect();
        let text = format!(
            "seckill knows no load argument '{}': there is {}",
            unknown.bytes().escape_ascii(),
            allowed.join(", ")
        );
        ctx.log(Level::Warning, &text);
        return None;
    }
    let is_given = |known: &&LoadArgument| args.iter().any(|arg| is(known, arg.bytes()));
    Some(setup.arguments.iter().filter(is_given).collect())
}

fn register(ctx: &Context, setup: &Setup, args: &[Arg<'_>]) -> bool {
    let Some(arguments) = known_arguments(ctx, setup, args) else { return false };
    let options = raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS
        | raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED
        | raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD;
    // SAFETY: the context is valid; unknown options are ignored.
    unsafe { api!(RedisModule_SetModuleOptions(ctx.raw(), options as c_int)) };
    let registered = setup.types.iter().all(|register| register(ctx))
        && docs::register(ctx, setup.version, setup.commands)
        && config::register(ctx, setup.settings, setup.texts);
    if registered {
        for argument in arguments {
            docs::register_where_free(ctx, setup.version, argument.commands);
        }
        events::subscribe(ctx, setup.handlers);
        info::register(ctx, setup.report);
        (setup.begin)(ctx);
    }
    registered
}

/// The newest functions that the module cannot do without; a server that has them has the others.
fn has_functions() -> bool {
    // SAFETY: the pointers were filled by the call before and do not change.
    let found = unsafe {
        [
            { raw::RedisModule_SetCommandInfo }.is_some(),
            { raw::RedisModule_RegisterNumericConfig }.is_some(),
            { raw::RedisModule_ACLCheckKeyPermissions }.is_some(),
            { raw::RedisModule_AvoidReplicaTraffic }.is_some(),
            { raw::RedisModule_StreamAdd }.is_some(),
            { raw::RedisModule_GetToKeyNameFromOptCtx }.is_some(),
        ]
    };
    found.iter().all(|found| *found)
}

/// What the server calls when it loads the module.
///
/// # Safety
/// For the server only.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name that the server looks for")]
pub unsafe extern "C" fn RedisModule_OnLoad(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: this is the server's call.
    unsafe { load(ctx, argv, argc, &crate::SETUP) }
}
