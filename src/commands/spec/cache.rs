//! The commands of the cache guard.

use super::{SETTLES, TAKES_ON, UPDATE, WRITE_ACL};
use crate::commands::fetch::Fetch;
use crate::commands::fill::Fill;
use crate::commands::invalidate::Invalidate;
use crate::host::{ArgKind, ArgSpec, CommandSpec, KeySpec, KeyUse, Place, entry};

const UPDATE_MANY: &[KeySpec] = &[KeySpec { place: Place::Index(1), last: -1, used: KeyUse::Update }];

const FETCH: &[KeySpec] = &[
    KeySpec { place: Place::Index(1), last: 0, used: KeyUse::Update },
    KeySpec { place: Place::Keyword(c"GUARD"), last: 0, used: KeyUse::Read },
];

const KEY: ArgSpec = ArgSpec::new(c"key", ArgKind::Key(0));

/// Its commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: c"SECKILL.FETCH",
        entry: entry::<Fetch>,
        flags: c"write deny-oom blocking",
        acl: c"write slow blocking",
        arity: -2,
        summary: c"Gives a cached value, or the lease to load it to one caller at a time.",
        complexity: c"O(1), with GUARD O(N) with the number of the filter's layers",
        keys: FETCH,
        args: &[
            KEY,
            ArgSpec::option(
                c"GUARD",
                c"guard",
                ArgKind::Block(&[
                    ArgSpec::new(c"filter", ArgKind::Key(1)),
                    ArgSpec::new(c"item", ArgKind::Text),
                ]),
            ),
            ArgSpec::option(c"LEASE", c"lease", ArgKind::Integer),
            ArgSpec::option(c"BLOCK", c"block", ArgKind::Integer),
        ],
    },
    CommandSpec {
        name: c"SECKILL.FILL",
        entry: entry::<Fill>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -6,
        summary: c"Puts what a loader found into the cache, if its lease still holds.",
        complexity: c"O(1)",
        keys: UPDATE,
        args: &[
            KEY,
            ArgSpec::new(c"token", ArgKind::Integer),
            ArgSpec::new(
                c"supply",
                ArgKind::OneOf(&[
                    ArgSpec::option(c"VALUE", c"value", ArgKind::Text).required(),
                    ArgSpec::option(c"ABSENT", c"absent", ArgKind::Token).required(),
                ]),
            ),
            ArgSpec::option(c"PX", c"milliseconds", ArgKind::Integer).required(),
            ArgSpec::option(c"STALE", c"stale", ArgKind::Integer),
        ],
    },
    CommandSpec {
        name: c"SECKILL.INVALIDATE",
        entry: entry::<Invalidate>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -2,
        summary: c"Forgets cached values and voids the leases to load them.",
        complexity: c"O(N) with the number of keys",
        keys: UPDATE_MANY,
        args: &[ArgSpec::new(c"key", ArgKind::Key(0)).multiple()],
    },
];
