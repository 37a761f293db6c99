//! The commands of the limit.

use crate::commands::limit::Limit;
use crate::commands::mlimit::MLimit;
use crate::host::{ArgKind, ArgSpec, CommandSpec, counted_entry, entry};

use super::{COUNTED, TAKES_ON, TAKES_ON_COUNTED, UPDATE, WRITE_ACL};

const COUNT: ArgSpec = ArgSpec::new(c"count", ArgKind::Integer);
const PERIOD: ArgSpec = ArgSpec::new(c"period", ArgKind::Integer);
const BURST: ArgSpec = ArgSpec::option(c"BURST", c"burst", ArgKind::Integer);
const COST: ArgSpec = ArgSpec::option(c"COST", c"cost", ArgKind::Integer);
const HOW: ArgSpec = ArgSpec::new(
    c"how",
    ArgKind::OneOf(&[
        ArgSpec::option(c"PEEK", c"peek", ArgKind::Token).required(),
        ArgSpec::option(c"REFUND", c"refund", ArgKind::Token).required(),
    ]),
)
.optional();

/// Its commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: c"SECKILL.LIMIT",
        entry: entry::<Limit>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Asks whether a call is within its rate limit, and charges it if it is.",
        complexity: c"O(1)",
        keys: UPDATE,
        args: &[ArgSpec::new(c"key", ArgKind::Key(0)), COUNT, PERIOD, BURST, COST, HOW],
    },
    CommandSpec {
        name: c"SECKILL.MLIMIT",
        entry: counted_entry::<MLimit>,
        flags: TAKES_ON_COUNTED,
        acl: WRITE_ACL,
        arity: -6,
        summary: c"Asks several rate limits at once, and charges all of them or none.",
        complexity: c"O(N) for N keys",
        keys: COUNTED,
        args: &[
            ArgSpec::new(c"numkeys", ArgKind::Integer),
            ArgSpec::new(c"key", ArgKind::Key(0)).multiple(),
            ArgSpec::new(
                c"rule",
                ArgKind::Block(&[
                    ArgSpec::new(
                        c"rate",
                        ArgKind::Block(&[
                            ArgSpec::option(c"RATE", c"count", ArgKind::Integer).required(),
                            PERIOD,
                        ]),
                    ),
                    BURST,
                ]),
            )
            .multiple(),
            COST,
            HOW,
        ],
    },
];
