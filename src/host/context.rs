//! What the server tells and does for whoever it called.

use std::cell::Cell;
use std::ffi::{CStr, c_int};

use redis_module::raw;

use super::Arg;
use super::api::api;
use super::guard::log_line;

/// A call from the server: of a command, a timer or an event.
pub struct Context {
    ctx: *mut raw::RedisModuleCtx,
    /// The command's arguments; none in a timer or an event.
    args: (*const Arg<'static>, usize),
    /// The clock, once it was read: it stands still during a call.
    now_ms: Cell<Option<u64>>,
}

/// How urgent a line in the log is.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// Somebody should look.
    Warning,
    /// Good to know.
    Notice,
}

impl Context {
    /// # Safety
    /// `ctx` is the server's and valid as long as the value lives.
    pub(super) unsafe fn new(ctx: *mut raw::RedisModuleCtx) -> Context {
        Context { ctx, args: (std::ptr::dangling(), 0), now_ms: Cell::new(None) }
    }

    /// The context of a command.
    ///
    /// # Safety
    /// As for `new`, and for the arguments too.
    pub(super) unsafe fn of_command(ctx: *mut raw::RedisModuleCtx, args: &[Arg<'_>]) -> Context {
        Context { ctx, args: (args.as_ptr().cast(), args.len()), now_ms: Cell::new(None) }
    }

    /// The command's argument that these bytes are, if they are one: to pass it on without a copy.
    /// The command's name is none.
    pub fn argument(&self, bytes: &[u8]) -> Option<Arg<'_>> {
        // SAFETY: the arguments live as long as the context.
        let args: &[Arg<'_>] = unsafe { std::slice::from_raw_parts(self.args.0, self.args.1) };
        args.iter().skip(1).copied().find(|arg| std::ptr::eq(arg.bytes(), bytes))
    }

    pub(super) fn raw(&self) -> *mut raw::RedisModuleCtx {
        self.ctx
    }

    /// The server's clock in Unix milliseconds; it stands still during a call.
    pub fn now_ms(&self) -> u64 {
        let now_ms = self.now_ms.get().unwrap_or_else(read_clock);
        self.now_ms.set(Some(now_ms));
        now_ms
    }

    pub(super) fn has(&self, flag: u32) -> bool {
        // SAFETY: the context is valid.
        let flags = unsafe { api!(RedisModule_GetContextFlags(self.ctx)) };
        flags as u32 & flag != 0
    }

    /// True on a primary.
    pub fn is_primary(&self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_MASTER)
    }

    /// True if the command came from the primary, or from the AOF while it is loaded.
    pub fn is_replayed(&self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_REPLICATED | raw::REDISMODULE_CTX_FLAGS_LOADING)
    }

    /// True if the caller reads the third version of the protocol.
    pub fn is_resp3(&self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_RESP3)
    }

    /// True in cluster mode.
    pub fn is_cluster(&self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_CLUSTER)
    }

    /// True if a client that asked for the key would be served here, and not be sent to another node of a cluster:
    /// the slot is another node's, or the key has migrated there.
    pub fn is_served_here(&self, key: Arg<'_>) -> bool {
        if !self.is_cluster() {
            return true;
        }
        // SAFETY: the format names a string of the server; the reply, null if the key is not for this node, is freed.
        unsafe {
            let reply = api!(RedisModule_Call(self.ctx, c"EXISTS".as_ptr(), c"s".as_ptr(), key.raw()));
            if !reply.is_null() {
                api!(RedisModule_FreeCallReply(reply));
            }
            !reply.is_null()
        }
    }

    /// True while nothing may be sent to replicas: FAILOVER or CLIENT PAUSE is under way.
    pub fn must_not_replicate(&self) -> bool {
        // SAFETY: the function takes nothing and has no side effects.
        unsafe { api!(RedisModule_AvoidReplicaTraffic()) != 0 }
    }

    /// The selected database.
    pub fn db(&self) -> i32 {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_GetSelectedDb(self.ctx)) }
    }

    /// Selects a database for what follows.
    pub fn select_db(&self, db: i32) {
        // SAFETY: the context is valid; a number out of range is refused and changes nothing.
        unsafe { api!(RedisModule_SelectDb(self.ctx, db)) };
    }

    /// Writes a line to the server's log.
    pub fn log(&self, level: Level, text: &str) {
        let level = match level {
            Level::Warning => c"warning",
            Level::Notice => c"notice",
        };
        log_line(self.ctx, level, text);
    }

    /// A random number.
    pub fn random(&self) -> u64 {
        let mut bytes = [0u8; 8];
        // SAFETY: the buffer has the length that is told.
        unsafe { api!(RedisModule_GetRandomBytes(bytes.as_mut_ptr(), bytes.len())) };
        u64::from_ne_bytes(bytes)
    }

    /// Sends `SECKILL.APPLY key payload` to replicas and the AOF.
    pub fn replicate_apply(&self, key: Arg<'_>, payload: &[u8]) {
        // SAFETY: the format names a string of the server and a buffer with its length.
        unsafe {
            api!(RedisModule_Replicate(
                self.ctx,
                c"SECKILL.APPLY".as_ptr(),
                c"sb".as_ptr(),
                key.raw(),
                payload.as_ptr(),
                payload.len()
            ))
        };
    }

    /// Sends a command with a key and words on to replicas and the AOF.
    pub fn replicate(&self, command: &CStr, key: Arg<'_>, words: &[Arg<'_>]) {
        // SAFETY: the format names a string of the server, and a list of them with its length: an `Arg` is one.
        unsafe {
            api!(RedisModule_Replicate(
                self.ctx,
                command.as_ptr(),
                c"sv".as_ptr(),
                key.raw(),
                words.as_ptr(),
                words.len()
            ))
        };
    }

    /// Sends the command itself on: a replica's own AOF, and replicas of the replica, want it too.
    pub fn replicate_verbatim(&self) {
        // SAFETY: the context is that of a command.
        unsafe { api!(RedisModule_ReplicateVerbatim(self.ctx)) };
    }

    /// Tells WATCH and client-side caches that a key changed.
    pub fn signal_modified(&self, key: Arg<'_>) {
        // SAFETY: context and string are valid.
        unsafe { api!(RedisModule_SignalModifiedKey(self.ctx, key.raw())) };
    }

    /// Publishes a module's keyspace event.
    pub fn notify(&self, event: &CStr, key: Arg<'_>) {
        self.notify_class(raw::REDISMODULE_NOTIFY_MODULE, event, key);
    }

    pub(super) fn notify_class(&self, class: c_int, event: &CStr, key: Arg<'_>) {
        // SAFETY: context and string are valid, the event ends with NUL.
        unsafe { api!(RedisModule_NotifyKeyspaceEvent(self.ctx, class, event.as_ptr(), key.raw())) };
    }

    /// True if the calling user may read a key and add to it. Without a user, as in the AOF, all is allowed.
    pub fn may_insert(&self, key: Arg<'_>) -> bool {
        let flags = raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_INSERT;
        // SAFETY: name and user are the server's, valid until freed here.
        unsafe {
            let name = api!(RedisModule_GetCurrentUserName(self.ctx));
            if name.is_null() {
                return true;
            }
            let user = api!(RedisModule_GetModuleUserFromUserName(name));
            api!(RedisModule_FreeString(self.ctx, name));
            if user.is_null() {
                return true;
            }
            let permitted = api!(RedisModule_ACLCheckKeyPermissions(user, key.raw(), flags as c_int)) == 0;
            api!(RedisModule_FreeModuleUser(user));
            permitted
        }
    }

    /// Makes a stream, if it is missing, and a consumer group that begins at its first entry, here and on replicas.
    ///
    /// # Errors
    /// The server's error; `BUSYGROUP` if the group exists.
    pub fn create_group(&self, stream: Arg<'_>, group: Arg<'_>) -> Result<(), String> {
        // SAFETY: the format names strings of the server and C strings; the reply is freed.
        unsafe {
            let reply = api!(RedisModule_Call(
                self.ctx,
                c"XGROUP".as_ptr(),
                c"!cssccE".as_ptr(),
                c"CREATE".as_ptr(),
                stream.raw(),
                group.raw(),
                c"0".as_ptr(),
                c"MKSTREAM".as_ptr()
            ));
            if reply.is_null() {
                return Err("ERR the stream cannot be made here".to_string());
            }
            let failed = api!(RedisModule_CallReplyType(reply)) == raw::REDISMODULE_REPLY_ERROR as c_int;
            let mut len = 0;
            let text = api!(RedisModule_CallReplyStringPtr(reply, &mut len));
            let result = if failed && !text.is_null() {
                Err(String::from_utf8_lossy(std::slice::from_raw_parts(text.cast(), len)).into_owned())
            } else {
                Ok(())
            };
            api!(RedisModule_FreeCallReply(reply));
            result
        }
    }
}

fn read_clock() -> u64 {
    // SAFETY: both functions take nothing and have no side effects.
    let ms = unsafe {
        match raw::RedisModule_CachedMicroseconds {
            Some(microseconds) => microseconds() / 1000,
            None => api!(RedisModule_Milliseconds()),
        }
    };
    u64::try_from(ms).unwrap_or(0)
}
