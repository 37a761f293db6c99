//! What happens to the server.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use redis_module::raw;

use super::api::api;
use super::guard::guarded;
use super::{Arg, Context};

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It copies a primary.
    Replica,
}

/// Who wants to know.
#[derive(Clone, Copy)]
pub struct Handlers {
    /// The server changed its role.
    pub role_changed: fn(&Context, Role),
    /// Data was loaded, or loading failed.
    pub loaded: fn(&Context),
    /// Two databases were swapped.
    pub swapped: fn(&Context, i32, i32),
    /// A key of the selected database is not there any more: it was deleted, renamed or moved, expired or evicted.
    pub gone: fn(&Context, Arg<'_>),
    /// Databases were emptied.
    pub flushed: fn(&Context),
    /// A client's connection is closed.
    pub disconnected: fn(&Context, u64),
    /// A key of the selected database came there under its name by RENAME, MOVE, COPY or RESTORE.
    pub arrived: fn(&Context, Arg<'_>),
}

static HANDLERS: OnceLock<Handlers> = OnceLock::new();

/// Generic events after which a key stands under a name.
const ARRIVALS: [&CStr; 4] = [c"rename_to", c"move_to", c"copy_to", c"restore"];

/// Events after which no key stands under a name.
const DEPARTURES: [&CStr; 5] = [c"del", c"rename_from", c"move_from", c"expired", c"evicted"];

pub(super) fn subscribe(ctx: &Context, handlers: Handlers) {
    let _ = HANDLERS.set(handlers);
    let events = [
        (raw::REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED, on_role as Callback),
        (raw::REDISMODULE_EVENT_LOADING, on_loading),
        (raw::REDISMODULE_EVENT_SWAPDB, on_swap),
        (raw::REDISMODULE_EVENT_FLUSHDB, on_flush),
        (raw::REDISMODULE_EVENT_CLIENT_CHANGE, on_client),
    ];
    for (id, callback) in events {
        let event = raw::RedisModuleEvent { id, dataver: 1 };
        // SAFETY: the callback has the signature that the server wants.
        unsafe { api!(RedisModule_SubscribeToServerEvent(ctx.raw(), event, Some(callback))) };
    }
    // SAFETY: as above.
    unsafe {
        api!(RedisModule_SubscribeToKeyspaceEvents(
            ctx.raw(),
            raw::REDISMODULE_NOTIFY_GENERIC
                | raw::REDISMODULE_NOTIFY_EXPIRED
                | raw::REDISMODULE_NOTIFY_EVICTED,
            Some(on_key)
        ))
    };
}

type Callback = unsafe extern "C" fn(*mut raw::RedisModuleCtx, raw::RedisModuleEvent, u64, *mut c_void);

fn serve(ctx: *mut raw::RedisModuleCtx, body: impl FnOnce(&Handlers, &Context)) {
    // SAFETY: the server's context is valid during the call.
    let ctx = unsafe { Context::new(ctx) };
    if let Some(handlers) = HANDLERS.get() {
        guarded(|| body(handlers, &ctx));
    }
}

unsafe extern "C" fn on_role(
    ctx: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    sub: u64,
    _: *mut c_void,
) {
    let primary = sub == raw::REDISMODULE_EVENT_REPLROLECHANGED_NOW_MASTER;
    serve(ctx, |handlers, ctx| {
        (handlers.role_changed)(ctx, if primary { Role::Primary } else { Role::Replica })
    });
}

unsafe extern "C" fn on_loading(
    ctx: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    sub: u64,
    _: *mut c_void,
) {
    if [raw::REDISMODULE_SUBEVENT_LOADING_ENDED, raw::REDISMODULE_SUBEVENT_LOADING_FAILED].contains(&sub) {
        serve(ctx, |handlers, ctx| (handlers.loaded)(ctx));
    }
}

unsafe extern "C" fn on_swap(
    ctx: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    _: u64,
    data: *mut c_void,
) {
    // SAFETY: the server gives this struct for this event.
    let swap = unsafe { data.cast::<raw::RedisModuleSwapDbInfo>().read_unaligned() };
    serve(ctx, |handlers, ctx| (handlers.swapped)(ctx, swap.dbnum_first, swap.dbnum_second));
}

unsafe extern "C" fn on_flush(
    ctx: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    sub: u64,
    _: *mut c_void,
) {
    if sub == raw::REDISMODULE_SUBEVENT_FLUSHDB_END {
        serve(ctx, |handlers, ctx| (handlers.flushed)(ctx));
    }
}

unsafe extern "C" fn on_client(
    ctx: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    sub: u64,
    data: *mut c_void,
) {
    if sub == raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED {
        // SAFETY: the server gives this struct for this event.
        let client = unsafe { data.cast::<raw::RedisModuleClientInfo>().read_unaligned() };
        serve(ctx, |handlers, ctx| (handlers.disconnected)(ctx, client.id));
    }
}

unsafe extern "C" fn on_key(
    ctx: *mut raw::RedisModuleCtx,
    _: c_int,
    event: *const c_char,
    key: *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the event's name ends with NUL; it and the key live during the call.
    let (event, key) = unsafe { (CStr::from_ptr(event), Arg::new(key)) };
    if ARRIVALS.contains(&event) {
        serve(ctx, |handlers, ctx| (handlers.arrived)(ctx, key));
    }
    if DEPARTURES.contains(&event) {
        serve(ctx, |handlers, ctx| (handlers.gone)(ctx, key));
    }
    0
}
