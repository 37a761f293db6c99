//! The commands of the cart.

use crate::commands::mconfirm::MConfirm;
use crate::commands::mrelease::MRelease;
use crate::commands::mreserve::MReserve;
use crate::host::{ArgKind, ArgSpec, CommandSpec, counted_entry};

use super::{COUNTED, SETTLES_COUNTED, TAKES_ON_COUNTED, WRITE_ACL};

const NUMSALES: ArgSpec = ArgSpec::new(c"numsales", ArgKind::Integer);
const SALES: ArgSpec = ArgSpec::new(c"sale", ArgKind::Key(0)).multiple();
const USER: ArgSpec = ArgSpec::new(c"user", ArgKind::Text);
const REQUEST: ArgSpec = ArgSpec::option(c"REQUEST", c"token", ArgKind::Text);

/// Its commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: c"SECKILL.MRESERVE",
        entry: counted_entry::<MReserve>,
        flags: TAKES_ON_COUNTED,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Takes units in several sales for a user, all of them or none.",
        complexity: c"O(N) for N sales, and O(M) for M due holds whose units it needs",
        keys: COUNTED,
        args: &[
            NUMSALES,
            SALES,
            USER,
            ArgSpec::option(c"QTY", c"qty", ArgKind::Integer).multiple(),
            REQUEST,
            ArgSpec::option(c"IP", c"address", ArgKind::Text),
            ArgSpec::option(c"TIER", c"tier", ArgKind::Integer),
            ArgSpec::option(c"TICKET", c"ticket", ArgKind::Text).multiple(),
            ArgSpec::option(c"DATA", c"data", ArgKind::Text),
        ],
    },
    CommandSpec {
        name: c"SECKILL.MCONFIRM",
        entry: counted_entry::<MConfirm>,
        flags: SETTLES_COUNTED,
        acl: WRITE_ACL,
        arity: -5,
        summary: c"Makes all holds of a cart final because the buyer has paid, or none.",
        complexity: c"O(N log M) for N sales of M reservations",
        keys: COUNTED,
        args: &[NUMSALES, SALES, USER, REQUEST.required()],
    },
    CommandSpec {
        name: c"SECKILL.MRELEASE",
        entry: counted_entry::<MRelease>,
        flags: SETTLES_COUNTED,
        acl: WRITE_ACL,
        arity: -5,
        summary: c"Gives the units of all holds of a cart back, or none.",
        complexity: c"O(N log M) for N sales of M reservations",
        keys: COUNTED,
        args: &[NUMSALES, SALES, USER, REQUEST.required()],
    },
];
