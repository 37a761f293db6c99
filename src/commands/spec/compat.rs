//! Commands under the names of other modules, for the load argument `compat`.
//!
//! Their arguments, replies and errors are those of the modules that have the names, so that clients work unchanged.

use std::ffi::CStr;

use crate::commands::bloom::{Add, Cardinality, Exists, Info, Insert, MultiAdd, MultiExists, Reserve};
use crate::commands::throttle::Throttle;
use crate::host::{ArgKind, ArgSpec, CommandSpec, entry};

use super::{READ, READ_ACL, READS, TAKES_ON, UPDATE, WRITE_ACL};

/// All of them, by the module that has the names.
pub static TABLE: &[&[CommandSpec]] = &[CELL, BLOOM];

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

/// The key of a filter.
const KEY: ArgSpec = ArgSpec::new(c"key", ArgKind::Key(0));
const ITEM: ArgSpec = ArgSpec::new(c"item", ArgKind::Text);
const ITEMS: ArgSpec = ArgSpec::new(c"item", ArgKind::Text).multiple();
const EXPANSION: ArgSpec = ArgSpec::option(c"EXPANSION", c"expansion", ArgKind::Integer);
const NONSCALING: ArgSpec = ArgSpec::option(c"NONSCALING", c"nonscaling", ArgKind::Token);
const MANY: &CStr = c"O(N) with the number of items, times the number of layers";

/// Those of RedisBloom. It has its names in small letters, which the server's error for a wrong number repeats.
const BLOOM: &[CommandSpec] = &[
    CommandSpec {
        name: c"bf.reserve",
        entry: entry::<Reserve>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Makes a filter, as RedisBloom does.",
        complexity: MANY,
        keys: UPDATE,
        args: &[
            KEY,
            ArgSpec::new(c"error_rate", ArgKind::Fraction),
            ArgSpec::new(c"capacity", ArgKind::Integer),
            EXPANSION,
            NONSCALING,
        ],
    },
    CommandSpec {
        name: c"bf.add",
        entry: entry::<Add>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: 3,
        summary: c"Adds an item to a filter, as RedisBloom does.",
        complexity: MANY,
        keys: UPDATE,
        args: &[KEY, ITEM],
    },
    CommandSpec {
        name: c"bf.madd",
        entry: entry::<MultiAdd>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Adds items to a filter, as RedisBloom does.",
        complexity: MANY,
        keys: UPDATE,
        args: &[KEY, ITEMS],
    },
    CommandSpec {
        name: c"bf.insert",
        entry: entry::<Insert>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Adds items to a filter, and says what filter to make, as RedisBloom does.",
        complexity: MANY,
        keys: UPDATE,
        args: &[
            KEY,
            ArgSpec::option(c"CAPACITY", c"capacity", ArgKind::Integer),
            ArgSpec::option(c"ERROR", c"error", ArgKind::Fraction),
            EXPANSION,
            ArgSpec::option(c"NOCREATE", c"nocreate", ArgKind::Token),
            NONSCALING,
            ArgSpec::option(c"ITEMS", c"item", ArgKind::Text).required().multiple(),
        ],
    },
    CommandSpec {
        name: c"bf.exists",
        entry: entry::<Exists>,
        flags: READS,
        acl: READ_ACL,
        arity: 3,
        summary: c"Tells whether an item may be in a filter, as RedisBloom does.",
        complexity: MANY,
        keys: READ,
        args: &[KEY, ITEM],
    },
    CommandSpec {
        name: c"bf.mexists",
        entry: entry::<MultiExists>,
        flags: READS,
        acl: READ_ACL,
        arity: -3,
        summary: c"Tells which items may be in a filter, as RedisBloom does.",
        complexity: MANY,
        keys: READ,
        args: &[KEY, ITEMS],
    },
    CommandSpec {
        name: c"bf.card",
        entry: entry::<Cardinality>,
        flags: READS,
        acl: READ_ACL,
        arity: 2,
        summary: c"Counts the items put into a filter, as RedisBloom does.",
        complexity: MANY,
        keys: READ,
        args: &[KEY],
    },
    CommandSpec {
        name: c"bf.info",
        entry: entry::<Info>,
        flags: READS,
        acl: READ_ACL,
        arity: -2,
        summary: c"Shows a filter's figures, as RedisBloom does.",
        complexity: MANY,
        keys: READ,
        args: &[
            KEY,
            ArgSpec::new(
                c"figure",
                ArgKind::OneOf(&[
                    ArgSpec::option(c"CAPACITY", c"capacity", ArgKind::Token).required(),
                    ArgSpec::option(c"SIZE", c"size", ArgKind::Token).required(),
                    ArgSpec::option(c"FILTERS", c"filters", ArgKind::Token).required(),
                    ArgSpec::option(c"ITEMS", c"items", ArgKind::Token).required(),
                    ArgSpec::option(c"EXPANSION", c"expansion", ArgKind::Token).required(),
                ]),
            )
            .optional(),
        ],
    },
];
