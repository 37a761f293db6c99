//! The commands of the filter.

use std::ffi::CStr;

use super::{READ, READ_ACL, READS, READS_LONG, SETTLES, TAKES_ON, UPDATE, WRITE_ACL};
use crate::commands::bfadd::BfAdd;
use crate::commands::bfcreate::BfCreate;
use crate::commands::bfdel::BfDel;
use crate::commands::bfexists::BfExists;
use crate::commands::bfinfo::BfInfo;
use crate::commands::bfrebuild::BfRebuild;
use crate::host::{ArgKind, ArgSpec, CommandSpec, KeySpec, KeyUse, Place, entry};

const INSERT: &[KeySpec] = &[KeySpec { place: Place::Index(1), last: 0, used: KeyUse::Insert }];

const KEY: ArgSpec = ArgSpec::new(c"key", ArgKind::Key(0));
const ITEMS: ArgSpec = ArgSpec::new(c"item", ArgKind::Text).multiple();
const CAPACITY: ArgSpec = ArgSpec::option(c"CAPACITY", c"capacity", ArgKind::Integer).required();
const ERROR: ArgSpec = ArgSpec::option(c"ERROR", c"error", ArgKind::Fraction);
const MANY: &CStr = c"O(N) with the number of items, times the number of layers";

/// Its commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: c"SECKILL.BFCREATE",
        entry: entry::<BfCreate>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Makes a filter for so many items with at most this part of errors.",
        complexity: c"O(1)",
        keys: INSERT,
        args: &[
            KEY,
            CAPACITY,
            ERROR,
            ArgSpec::new(
                c"growth",
                ArgKind::OneOf(&[
                    ArgSpec::option(c"EXPANSION", c"expansion", ArgKind::Integer).required(),
                    ArgSpec::option(c"NONSCALING", c"nonscaling", ArgKind::Token).required(),
                ]),
            )
            .optional(),
        ],
    },
    CommandSpec {
        name: c"SECKILL.BFADD",
        entry: entry::<BfAdd>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Adds items to a filter, and makes the filter if it is missing.",
        complexity: MANY,
        keys: UPDATE,
        args: &[KEY, ITEMS],
    },
    CommandSpec {
        name: c"SECKILL.BFEXISTS",
        entry: entry::<BfExists>,
        flags: READS,
        acl: READ_ACL,
        arity: -3,
        summary: c"Tells which items may be in a filter, and which surely are not.",
        complexity: MANY,
        keys: READ,
        args: &[KEY, ITEMS],
    },
    CommandSpec {
        name: c"SECKILL.BFDEL",
        entry: entry::<BfDel>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Removes items from a filter.",
        complexity: MANY,
        keys: UPDATE,
        args: &[KEY, ITEMS],
    },
    CommandSpec {
        name: c"SECKILL.BFREBUILD",
        entry: entry::<BfRebuild>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Fills a second generation of a filter while the first answers, and swaps them.",
        complexity: c"O(N) with the number of items added",
        keys: UPDATE,
        args: &[
            KEY,
            ArgSpec::new(
                c"step",
                ArgKind::OneOf(&[
                    ArgSpec::new(
                        c"begin",
                        ArgKind::Block(&[
                            ArgSpec::option(c"BEGIN", c"begin", ArgKind::Token).required(),
                            CAPACITY,
                            ERROR,
                        ]),
                    ),
                    ArgSpec::option(c"ADD", c"item", ArgKind::Text).required().multiple(),
                    ArgSpec::option(c"COMMIT", c"commit", ArgKind::Token).required(),
                    ArgSpec::option(c"ABORT", c"abort", ArgKind::Token).required(),
                ]),
            ),
        ],
    },
    CommandSpec {
        name: c"SECKILL.BFINFO",
        entry: entry::<BfInfo>,
        flags: READS_LONG,
        acl: c"read slow",
        arity: 2,
        summary: c"Shows a filter's size, promise and fill.",
        complexity: c"O(1)",
        keys: READ,
        args: &[KEY],
    },
];
