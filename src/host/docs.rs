//! Commands as the server shows them: registration, COMMAND DOCS, key specs, ACL categories.

use std::ffi::{CStr, c_char, c_int};
use std::{mem, ptr};

use redis_module::raw;

use super::api::api;
use super::{Context, Level};

/// What the server calls for a command.
pub type Entry =
    unsafe extern "C" fn(*mut raw::RedisModuleCtx, *mut *mut raw::RedisModuleString, c_int) -> c_int;

/// A command as it is declared, once.
pub struct CommandSpec {
    /// `SECKILL.` and a verb.
    pub name: &'static CStr,
    /// What runs it.
    pub entry: Entry,
    /// The server's flags.
    pub flags: &'static CStr,
    /// Its ACL categories.
    pub acl: &'static CStr,
    /// Number of arguments with the name; negative if that is the least.
    pub arity: i32,
    /// What it does, in one sentence.
    pub summary: &'static CStr,
    /// How the work grows.
    pub complexity: &'static CStr,
    /// Where its keys are.
    pub keys: &'static [KeySpec],
    /// What it takes.
    pub args: &'static [ArgSpec],
}

impl CommandSpec {
    /// False for a command that is not for clients.
    pub fn is_offered(&self) -> bool {
        !self.summary.to_bytes().starts_with(b"Internal")
    }

    /// How it is written.
    pub fn synopsis(&self) -> String {
        let args: String = self.args.iter().map(|arg| format!(" {}", arg.synopsis())).collect();
        format!("{}{args}", self.name.to_string_lossy())
    }
}

/// Where keys are and what is done to them.
pub struct KeySpec {
    /// Where the first is.
    pub place: Place,
    /// How far after the first the last is; negative counts from the end. Says nothing of counted keys.
    pub last: i32,
    /// What is done to them.
    pub used: KeyUse,
}

/// Where the first key is.
pub enum Place {
    /// At this argument.
    Index(i32),
    /// After this argument, which says how many there are.
    Counted(i32),
    /// After this word, which stands at the second argument after the name or later.
    Keyword(&'static CStr),
}

/// What is done to keys.
#[derive(Clone, Copy)]
pub enum KeyUse {
    /// Looked at.
    Read,
    /// Changed.
    Update,
    /// Made.
    Insert,
}

/// An argument.
pub struct ArgSpec {
    name: &'static CStr,
    kind: ArgKind,
    token: Option<&'static CStr>,
    flags: u32,
}

/// What an argument is.
pub enum ArgKind {
    /// A key, found by the key spec with this number.
    Key(i32),
    /// Bytes.
    Text,
    /// A whole number.
    Integer,
    /// A number with decimals.
    Fraction,
    /// A moment in Unix milliseconds.
    Time,
    /// The word alone.
    Token,
    /// One of these.
    OneOf(&'static [ArgSpec]),
    /// These, one after the other.
    Block(&'static [ArgSpec]),
}

impl ArgSpec {
    /// An argument in its place.
    pub const fn new(name: &'static CStr, kind: ArgKind) -> ArgSpec {
        ArgSpec { name, kind, token: None, flags: 0 }
    }

    /// An argument after a word.
    pub const fn option(token: &'static CStr, name: &'static CStr, kind: ArgKind) -> ArgSpec {
        ArgSpec { name, kind, token: Some(token), flags: raw::REDISMODULE_CMD_ARG_OPTIONAL }
    }

    /// Must be there.
    pub const fn required(mut self) -> ArgSpec {
        self.flags &= !raw::REDISMODULE_CMD_ARG_OPTIONAL;
        self
    }

    /// May be left out.
    pub const fn optional(mut self) -> ArgSpec {
        self.flags |= raw::REDISMODULE_CMD_ARG_OPTIONAL;
        self
    }

    /// May come several times.
    pub const fn multiple(mut self) -> ArgSpec {
        self.flags |= raw::REDISMODULE_CMD_ARG_MULTIPLE;
        self
    }
}

impl ArgSpec {
    fn synopsis(&self) -> String {
        let name = self.name.to_string_lossy();
        let value = match self.kind {
            ArgKind::Key(_) | ArgKind::Text | ArgKind::Integer | ArgKind::Fraction | ArgKind::Time => {
                name.into_owned()
            }
            ArgKind::Token => String::new(),
            ArgKind::OneOf(these) => these.iter().map(ArgSpec::synopsis).collect::<Vec<_>>().join("|"),
            ArgKind::Block(these) => these.iter().map(ArgSpec::synopsis).collect::<Vec<_>>().join(" "),
        };
        let token = self.token.map(|token| token.to_string_lossy().into_owned()).unwrap_or_default();
        let one =
            [token, value.clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let all = if self.flags & raw::REDISMODULE_CMD_ARG_MULTIPLE == 0 {
            one
        } else {
            format!("{one} [{value} ...]")
        };
        if self.flags & raw::REDISMODULE_CMD_ARG_OPTIONAL == 0 { all } else { format!("[{all}]") }
    }
}

/// The ACL category of all commands, where servers know such.
const CATEGORY: &CStr = c"seckill";

static INFO_VERSION: raw::RedisModuleCommandInfoVersion = raw::RedisModuleCommandInfoVersion {
    version: 1,
    sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
    sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
    sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
};

/// Registers commands; false if the server refuses one.
pub(super) fn register(ctx: &Context, since: &CStr, families: &[&[CommandSpec]]) -> bool {
    // SAFETY: the context is valid, the name ends with NUL.
    let category =
        unsafe { raw::RedisModule_AddACLCategory.map(|add| add(ctx.raw(), CATEGORY.as_ptr())) } == Some(0);
    families.iter().copied().flatten().all(|spec| register_one(ctx, since, spec, category))
}

/// Registers commands whose names another module may have; those stay the other's, with a line in the log.
pub(super) fn register_where_free(ctx: &Context, since: &CStr, families: &[&[CommandSpec]]) {
    // SAFETY: the pointer was filled before and does not change.
    let category = unsafe { raw::RedisModule_AddACLCategory }.is_some();
    for spec in families.iter().copied().flatten() {
        if !register_one(ctx, since, spec, category) {
            let name = spec.name.to_string_lossy();
            let text = format!("another module has {name} already: it stays as it is, and seckill goes on");
            ctx.log(Level::Warning, &text);
        }
    }
}

fn register_one(ctx: &Context, since: &CStr, spec: &CommandSpec, category: bool) -> bool {
    let has_key = c_int::from(!spec.keys.is_empty());
    let name = spec.name.as_ptr();
    // SAFETY: strings end with NUL; the server copies them and what the info points to.
    unsafe {
        let flags = spec.flags.as_ptr();
        let created = api!(RedisModule_CreateCommand(
            ctx.raw(),
            name,
            Some(spec.entry),
            flags,
            has_key,
            has_key,
            has_key
        ));
        if created != raw::REDISMODULE_OK as c_int {
            return false;
        }
        let command = api!(RedisModule_GetCommand(ctx.raw(), name));
        let mut keys: Vec<_> = spec.keys.iter().map(key_spec).collect();
        keys.push(mem::zeroed());
        let mut storage = Vec::new();
        let args = arg_list(spec.args, &mut storage);
        let info = raw::RedisModuleCommandInfo {
            version: &INFO_VERSION,
            summary: spec.summary.as_ptr(),
            complexity: spec.complexity.as_ptr(),
            since: since.as_ptr(),
            history: ptr::null_mut(),
            tips: ptr::null(),
            arity: spec.arity,
            key_specs: keys.as_mut_ptr(),
            args,
        };
        let described = api!(RedisModule_SetCommandInfo(command, &info));
        if let Some(set) = raw::RedisModule_SetCommandACLCategories {
            let own = if category { format!(" {}", CATEGORY.to_string_lossy()) } else { String::new() };
            let all = format!("{}{own}\0", spec.acl.to_string_lossy());
            set(command, all.as_ptr().cast::<c_char>());
        }
        described == raw::REDISMODULE_OK as c_int
    }
}

fn key_spec(spec: &KeySpec) -> raw::RedisModuleCommandKeySpec {
    let flags = match spec.used {
        KeyUse::Read => raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS,
        KeyUse::Update => {
            raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE
        }
        KeyUse::Insert => {
            raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_INSERT
        }
    };
    // SAFETY: zero is a valid value of the struct and means that nothing is given.
    let mut key: raw::RedisModuleCommandKeySpec = unsafe { mem::zeroed() };
    key.flags = u64::from(flags);
    match spec.place {
        Place::Index(pos) | Place::Counted(pos) => {
            key.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
            key.bs.index.pos = pos;
        }
        Place::Keyword(word) => {
            key.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_KEYWORD;
            key.bs.keyword.keyword = word.as_ptr();
            key.bs.keyword.startfrom = 2;
        }
    }
    if let Place::Counted(_) = spec.place {
        key.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_KEYNUM;
        key.fk.keynum.keynumidx = 0;
        key.fk.keynum.firstkey = 1;
        key.fk.keynum.keystep = 1;
        return key;
    }
    key.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    key.fk.range.lastkey = spec.last;
    key.fk.range.keystep = 1;
    key
}

type RawArgs = Vec<raw::RedisModuleCommandArg>;

/// Turns arguments into the server's form; `storage` keeps the lists alive.
fn arg_list(specs: &[ArgSpec], storage: &mut Vec<RawArgs>) -> *mut raw::RedisModuleCommandArg {
    if specs.is_empty() {
        return ptr::null_mut();
    }
    let mut list: RawArgs = specs.iter().map(|spec| raw_arg(spec, storage)).collect();
    // SAFETY: zero is a valid value of the struct and ends the list.
    list.push(unsafe { mem::zeroed() });
    let start = list.as_mut_ptr();
    storage.push(list);
    start
}

fn raw_arg(spec: &ArgSpec, storage: &mut Vec<RawArgs>) -> raw::RedisModuleCommandArg {
    let (kind, key, subargs) = match spec.kind {
        ArgKind::Key(key) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY, key, ptr::null_mut()),
        ArgKind::Text => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING, -1, ptr::null_mut()),
        ArgKind::Integer => {
            (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER, -1, ptr::null_mut())
        }
        ArgKind::Fraction => {
            (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_DOUBLE, -1, ptr::null_mut())
        }
        ArgKind::Time => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_UNIX_TIME, -1, ptr::null_mut()),
        ArgKind::Token => {
            (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN, -1, ptr::null_mut())
        }
        ArgKind::OneOf(these) => {
            (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF, -1, arg_list(these, storage))
        }
        ArgKind::Block(these) => {
            (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK, -1, arg_list(these, storage))
        }
    };
    raw::RedisModuleCommandArg {
        name: spec.name.as_ptr(),
        type_: kind,
        key_spec_index: key,
        token: spec.token.map_or(ptr::null(), CStr::as_ptr),
        summary: ptr::null(),
        since: ptr::null(),
        flags: spec.flags as c_int,
        deprecated_since: ptr::null(),
        subargs,
        display_text: ptr::null(),
    }
}
