//! The one table of commands: it feeds registration, COMMAND DOCS, key specs, ACL categories, HELP and the pages.

mod cache;
mod cart;
mod compat;
mod filter;
mod limit;
mod lock;
mod module;
mod sale;

use std::ffi::CStr;

pub use compat::TABLE as COMPAT;

use crate::host::{CommandSpec, KeySpec, KeyUse, Place};

/// All commands, by family.
pub static TABLE: &[&[CommandSpec]] = &[
    sale::COMMANDS,
    cart::COMMANDS,
    lock::COMMANDS,
    limit::COMMANDS,
    filter::COMMANDS,
    cache::COMMANDS,
    module::COMMANDS,
];

const READ: &[KeySpec] = &[KeySpec { place: Place::Index(1), last: 0, used: KeyUse::Read }];
const UPDATE: &[KeySpec] = &[KeySpec { place: Place::Index(1), last: 0, used: KeyUse::Update }];
const READ_MANY: &[KeySpec] = &[KeySpec { place: Place::Index(1), last: -1, used: KeyUse::Read }];

/// Keys that the first argument counts.
const COUNTED: &[KeySpec] = &[KeySpec { place: Place::Counted(1), last: -1, used: KeyUse::Update }];

/// A command that takes on more: refused when memory is short.
const TAKES_ON: &CStr = c"write deny-oom fast";
/// A command that settles: served when memory is short.
const SETTLES: &CStr = c"write fast";
/// The same for commands with counted keys.
const TAKES_ON_COUNTED: &CStr = c"write deny-oom fast getkeys-api";
const SETTLES_COUNTED: &CStr = c"write fast getkeys-api";
const READS: &CStr = c"readonly fast";
const READS_LONG: &CStr = c"readonly";

const WRITE_ACL: &CStr = c"write fast";
const READ_ACL: &CStr = c"read fast";
