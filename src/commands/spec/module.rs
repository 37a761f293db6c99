//! The commands of the module itself.

use super::UPDATE;
use crate::commands::apply::Apply;
use crate::commands::help::Help;
use crate::host::{ArgKind, ArgSpec, CommandSpec, entry};

/// Its commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: c"SECKILL.HELP",
        entry: entry::<Help>,
        flags: c"allow-loading allow-stale",
        acl: c"slow",
        arity: -1,
        summary: c"Shows the module's commands.",
        complexity: c"O(1)",
        keys: &[],
        args: &[ArgSpec::new(c"command", ArgKind::Text).optional()],
    },
    CommandSpec {
        name: c"SECKILL.APPLY",
        entry: entry::<Apply>,
        flags: c"write",
        acl: c"write dangerous",
        arity: 3,
        summary: c"Internal: makes a change that a primary decided; for replication and the AOF only.",
        complexity: c"O(1)",
        keys: UPDATE,
        args: &[ArgSpec::new(c"key", ArgKind::Key(0)), ArgSpec::new(c"payload", ArgKind::Text)],
    },
];
