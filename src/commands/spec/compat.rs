//! Commands under the names of other modules, for the load argument `compat`.
//!
//! Their arguments, replies and errors are those of the modules that have the names, so that clients work unchanged.

use crate::commands::throttle::Throttle;
use crate::host::{ArgKind, ArgSpec, CommandSpec, entry};

use super::{TAKES_ON, UPDATE, WRITE_ACL};

/// All of them, by the module that has the names.
pub static TABLE: &[&[CommandSpec]] = &[CELL];

/// Those of redis-cell. It counts its arguments itself, so that a wrong number gets its error.
const CELL: &[CommandSpec] = &[CommandSpec {
    name: c"CL.THROTTLE",
    entry: entry::<Throttle>,
    flags: TAKES_ON,
    acl: WRITE_ACL,
    arity: -1,
    summary: c"Asks whether a call is within its rate limit, with times in seconds, as redis-cell does.",
    complexity: c"O(1)",
    keys: UPDATE,
    args: &[
        ArgSpec::new(c"key", ArgKind::Key(0)),
        ArgSpec::new(c"max_burst", ArgKind::Integer),
        ArgSpec::new(c"count", ArgKind::Integer),
        ArgSpec::new(c"period", ArgKind::Integer),
        ArgSpec::new(c"quantity", ArgKind::Integer).optional(),
    ],
}];
