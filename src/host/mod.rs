//! The room for everything unsafe: the server's C interface behind safe types.
//!
//! Nothing here knows of sales. The rest of the module is safe Rust and can only do
//! what these types offer. Every function that the server calls goes through [`guard`].
#![allow(unsafe_code, reason = "the one room for it")]

mod alloc;
mod api;
mod blocked;
mod command;
mod config;
mod context;
mod defrag;
mod docs;
mod events;
mod guard;
mod info;
mod io;
mod key;
mod load;
mod reply;
mod stream;
mod string;
mod timer;
mod value;

pub use blocked::{Wait, Waiter};
pub use command::{Command, Failure, counted_entry, entry};
pub use config::{Setting, TextSetting};
pub use context::{Context, Level};
pub use defrag::Defrag;
pub use docs::{ArgKind, ArgSpec, CommandSpec, KeySpec, KeyUse, Place};
pub use events::{Handlers, Role};
pub use info::Info;
pub use io::{AofEmitter, Digest, Loader, Saver};
pub use key::{Key, Mode, WrongType};
pub use load::{LoadArgument, Setup};
pub use stream::{Appended, EntryFields, Fields, Stream, StreamError};
pub use string::{Arg, HostString, OwnedName, SharedString};
pub use timer::Timer;
pub use value::{ModuleValue, Origin, Progress, TypeHandle, register_type};
