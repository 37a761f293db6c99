//! The commands of the sale.

use crate::commands::adopt::Adopt;
use crate::commands::alter::Alter;
use crate::commands::audit::Audit;
use crate::commands::confirm::Confirm;
use crate::commands::create::Create;
use crate::commands::curve::Curve;
use crate::commands::extend::Extend;
use crate::commands::get::Get;
use crate::commands::info::Info;
use crate::commands::refund::Refund;
use crate::commands::release::Release;
use crate::commands::reserve::Reserve;
use crate::commands::restock::Restock;
use crate::commands::scan::Scan;
use crate::commands::stock::Stock;
use crate::commands::ticket::Ticket;
use crate::commands::user::User;
use crate::commands::void::Void;
use crate::host::{ArgKind, ArgSpec, CommandSpec, KeySpec, KeyUse, Place, entry};

use super::{READ, READ_ACL, READ_MANY, READS, READS_LONG, SETTLES, TAKES_ON, UPDATE, WRITE_ACL};

const CREATE: &[KeySpec] = &[
    KeySpec { place: Place::Index(1), last: 0, used: KeyUse::Insert },
    KeySpec { place: Place::Keyword(c"STREAM"), last: 0, used: KeyUse::Insert },
    KeySpec { place: Place::Keyword(c"FILTER"), last: 0, used: KeyUse::Read },
];

const ALTER: &[KeySpec] = &[
    KeySpec { place: Place::Index(1), last: 0, used: KeyUse::Update },
    KeySpec { place: Place::Keyword(c"FILTER"), last: 0, used: KeyUse::Read },
];

const SALE: ArgSpec = ArgSpec::new(c"sale", ArgKind::Key(0));
const USER: ArgSpec = ArgSpec::new(c"user", ArgKind::Text);
const ID: ArgSpec = ArgSpec::new(c"id", ArgKind::Integer);
const REQUEST: ArgSpec = ArgSpec::option(c"REQUEST", c"token", ArgKind::Text);
const PX: ArgSpec = ArgSpec::option(c"PX", c"milliseconds", ArgKind::Integer).required();
const START: ArgSpec = ArgSpec::option(c"START", c"start", ArgKind::Time);
const END: ArgSpec = ArgSpec::option(c"END", c"end", ArgKind::Time);
const HOLD: ArgSpec = ArgSpec::option(c"HOLD", c"hold", ArgKind::Integer);
const GRACE: ArgSpec = ArgSpec::option(c"GRACE", c"grace", ArgKind::Integer);
const MAXHOLD: ArgSpec = ArgSpec::option(c"MAXHOLD", c"maxhold", ArgKind::Integer);
const PERUSER: ArgSpec = ArgSpec::option(c"PERUSER", c"peruser", ArgKind::Integer);
const WAITLIST: ArgSpec = ArgSpec::option(c"WAITLIST", c"waitlist", ArgKind::Integer);
const OFFER: ArgSpec = ArgSpec::option(c"OFFER", c"offer", ArgKind::Integer);
const RATE_PARTS: &[ArgSpec] =
    &[ArgSpec::new(c"count", ArgKind::Integer), ArgSpec::new(c"period", ArgKind::Integer)];
const RATE: ArgSpec = ArgSpec::option(c"RATE", c"rate", ArgKind::Block(RATE_PARTS));
const USERRATE: ArgSpec = ArgSpec::option(c"USERRATE", c"userrate", ArgKind::Block(RATE_PARTS));
const IPRATE: ArgSpec = ArgSpec::option(c"IPRATE", c"iprate", ArgKind::Block(RATE_PARTS));
const MINTIER: ArgSpec = ArgSpec::option(c"MINTIER", c"mintier", ArgKind::Integer);
const TIERSTART: ArgSpec = ArgSpec::option(
    c"TIERSTART",
    c"tierstart",
    ArgKind::Block(&[ArgSpec::new(c"tier", ArgKind::Integer), ArgSpec::new(c"start", ArgKind::Time)]),
);
const TICKETS: ArgSpec = ArgSpec::option(c"TICKETS", c"tickets", ArgKind::Token);
const ONFAILOVER: ArgSpec = ArgSpec::option(
    c"ONFAILOVER",
    c"onfailover",
    ArgKind::OneOf(&[
        ArgSpec::option(c"CONTINUE", c"continue", ArgKind::Token).required(),
        ArgSpec::option(c"FREEZE", c"freeze", ArgKind::Token).required(),
    ]),
);
const TIER: ArgSpec = ArgSpec::option(c"TIER", c"tier", ArgKind::Integer);

/// Its commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: c"SECKILL.CREATE",
        entry: entry::<Create>,
        flags: c"write deny-oom",
        acl: c"write slow",
        arity: -3,
        summary: c"Creates a sale with its stream of order events and the consumer group that reads it.",
        complexity: c"O(1)",
        keys: CREATE,
        args: &[
            SALE,
            ArgSpec::option(c"STOCK", c"stock", ArgKind::Integer).required(),
            START,
            END,
            HOLD,
            GRACE,
            MAXHOLD,
            PERUSER,
            WAITLIST,
            OFFER,
            RATE,
            USERRATE,
            IPRATE,
            MINTIER,
            TIERSTART,
            TICKETS,
            ArgSpec::option(c"FILTER", c"filter", ArgKind::Key(2)),
            ONFAILOVER,
            ArgSpec::option(c"STREAM", c"stream", ArgKind::Key(1)),
            ArgSpec::option(c"GROUP", c"group", ArgKind::Text),
        ],
    },
    CommandSpec {
        name: c"SECKILL.ALTER",
        entry: entry::<Alter>,
        flags: c"write",
        acl: c"write slow",
        arity: -3,
        summary: c"Changes a sale's terms; holds already taken keep their deadlines.",
        complexity: c"O(1)",
        keys: ALTER,
        args: &[
            SALE,
            START,
            END,
            HOLD,
            GRACE,
            MAXHOLD,
            PERUSER,
            WAITLIST,
            OFFER,
            RATE,
            USERRATE,
            IPRATE,
            MINTIER,
            TIERSTART,
            TICKETS,
            ArgSpec::option(c"NOTICKETS", c"notickets", ArgKind::Token),
            ArgSpec::option(c"FILTER", c"filter", ArgKind::Key(1)),
            ArgSpec::option(c"NOFILTER", c"nofilter", ArgKind::Token),
            ONFAILOVER,
            ArgSpec::option(
                c"STATE",
                c"state",
                ArgKind::OneOf(&[
                    ArgSpec::option(c"OPEN", c"open", ArgKind::Token).required(),
                    ArgSpec::option(c"PAUSED", c"paused", ArgKind::Token).required(),
                    ArgSpec::option(c"CLOSED", c"closed", ArgKind::Token).required(),
                ]),
            ),
        ],
    },
    CommandSpec {
        name: c"SECKILL.RESTOCK",
        entry: entry::<Restock>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Adds units to a sale's stock, or takes available ones away.",
        complexity: c"O(1)",
        keys: UPDATE,
        args: &[SALE, ArgSpec::new(c"delta", ArgKind::Integer), REQUEST],
    },
    CommandSpec {
        name: c"SECKILL.RESERVE",
        entry: entry::<Reserve>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Takes units for a user until a deadline, with the order event, in one step.",
        complexity: c"O(1), and O(N) for N due holds whose units it needs",
        keys: UPDATE,
        args: &[
            SALE,
            USER,
            ArgSpec::option(c"QTY", c"qty", ArgKind::Integer),
            REQUEST,
            ArgSpec::option(c"IP", c"address", ArgKind::Text),
            TIER,
            ArgSpec::option(c"TICKET", c"ticket", ArgKind::Text),
            ArgSpec::option(c"WAITLIST", c"waitlist", ArgKind::Token),
            ArgSpec::option(c"DATA", c"data", ArgKind::Text),
        ],
    },
    CommandSpec {
        name: c"SECKILL.CONFIRM",
        entry: entry::<Confirm>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Makes a hold final because the buyer has paid.",
        complexity: c"O(log N) with the number of reservations",
        keys: UPDATE,
        args: &[SALE, ID, ArgSpec::option(c"LATE", c"late", ArgKind::Token)],
    },
    CommandSpec {
        name: c"SECKILL.RELEASE",
        entry: entry::<Release>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: 3,
        summary: c"Gives a hold's units back.",
        complexity: c"O(log N) with the number of reservations",
        keys: UPDATE,
        args: &[SALE, ID],
    },
    CommandSpec {
        name: c"SECKILL.EXTEND",
        entry: entry::<Extend>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Moves a hold's deadline later.",
        complexity: c"O(log N) with the number of reservations",
        keys: UPDATE,
        args: &[SALE, ID, PX],
    },
    CommandSpec {
        name: c"SECKILL.REFUND",
        entry: entry::<Refund>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Takes back all or a part of what was confirmed.",
        complexity: c"O(log N) with the number of reservations",
        keys: UPDATE,
        args: &[
            SALE,
            ID,
            ArgSpec::new(
                c"part",
                ArgKind::Block(&[
                    ArgSpec::option(c"QTY", c"qty", ArgKind::Integer).required(),
                    ArgSpec::option(c"REQUEST", c"token", ArgKind::Text).required(),
                ]),
            )
            .optional(),
            ArgSpec::option(c"NORESTOCK", c"norestock", ArgKind::Token),
        ],
    },
    CommandSpec {
        name: c"SECKILL.VOID",
        entry: entry::<Void>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Gives up a request: releases what it reserved, or refuses it when it comes.",
        complexity: c"O(log N) with the number of requests given up",
        keys: UPDATE,
        args: &[SALE, USER, ArgSpec::option(c"REQUEST", c"token", ArgKind::Text).required(), PX],
    },
    CommandSpec {
        name: c"SECKILL.ADOPT",
        entry: entry::<Adopt>,
        flags: TAKES_ON,
        acl: WRITE_ACL,
        arity: -5,
        summary: c"Takes in a reservation again that a failover or a restart has lost.",
        complexity: c"O(log N) with the number of adopted reservations",
        keys: UPDATE,
        args: &[
            SALE,
            ID,
            USER,
            ArgSpec::option(c"QTY", c"qty", ArgKind::Integer).required(),
            ArgSpec::option(
                c"STATE",
                c"state",
                ArgKind::OneOf(&[
                    ArgSpec::option(c"HELD", c"held", ArgKind::Token).required(),
                    ArgSpec::option(c"CONFIRMED", c"confirmed", ArgKind::Token).required(),
                ]),
            )
            .required(),
            ArgSpec::option(c"PXAT", c"deadline", ArgKind::Time),
        ],
    },
    CommandSpec {
        name: c"SECKILL.STOCK",
        entry: entry::<Stock>,
        flags: READS,
        acl: READ_ACL,
        arity: -2,
        summary: c"Tells what is available in each of several sales.",
        complexity: c"O(N) with the number of sales",
        keys: READ_MANY,
        args: &[SALE.multiple()],
    },
    CommandSpec {
        name: c"SECKILL.GET",
        entry: entry::<Get>,
        flags: READS,
        acl: READ_ACL,
        arity: -3,
        summary: c"Shows reservations by id.",
        complexity: c"O(N) with the number of ids",
        keys: READ,
        args: &[SALE, ID.multiple()],
    },
    CommandSpec {
        name: c"SECKILL.USER",
        entry: entry::<User>,
        flags: READS,
        acl: READ_ACL,
        arity: 3,
        summary: c"Shows what a user has.",
        complexity: c"O(N) with the user's reservations",
        keys: READ,
        args: &[SALE, USER],
    },
    CommandSpec {
        name: c"SECKILL.SCAN",
        entry: entry::<Scan>,
        flags: READS_LONG,
        acl: c"read slow",
        arity: -3,
        summary: c"Walks through a sale's reservations in order of their ids.",
        complexity: c"O(COUNT) a call",
        keys: READ,
        args: &[
            SALE,
            ArgSpec::new(c"cursor", ArgKind::Integer),
            ArgSpec::option(
                c"STATE",
                c"state",
                ArgKind::OneOf(&[
                    ArgSpec::option(c"HELD", c"held", ArgKind::Token).required(),
                    ArgSpec::option(c"CONFIRMED", c"confirmed", ArgKind::Token).required(),
                    ArgSpec::option(c"RELEASED", c"released", ArgKind::Token).required(),
                    ArgSpec::option(c"EXPIRED", c"expired", ArgKind::Token).required(),
                    ArgSpec::option(c"REFUNDED", c"refunded", ArgKind::Token).required(),
                    ArgSpec::option(c"WAITING", c"waiting", ArgKind::Token).required(),
                    ArgSpec::option(c"OFFERED", c"offered", ArgKind::Token).required(),
                ]),
            ),
            ArgSpec::option(c"COUNT", c"count", ArgKind::Integer),
        ],
    },
    CommandSpec {
        name: c"SECKILL.TICKET",
        entry: entry::<Ticket>,
        flags: READS,
        acl: READ_ACL,
        arity: -3,
        summary: c"Makes a ticket that admits a user to a sale.",
        complexity: c"O(1)",
        keys: READ,
        args: &[SALE, USER, ArgSpec::option(c"PX", c"milliseconds", ArgKind::Integer), TIER],
    },
    CommandSpec {
        name: c"SECKILL.INFO",
        entry: entry::<Info>,
        flags: READS_LONG,
        acl: c"read slow",
        arity: 2,
        summary: c"Shows a sale's state, figures, options and counters.",
        complexity: c"O(1)",
        keys: READ,
        args: &[SALE],
    },
    CommandSpec {
        name: c"SECKILL.AUDIT",
        entry: entry::<Audit>,
        flags: READS_LONG,
        acl: c"read slow",
        arity: 2,
        summary: c"Recomputes every total of a sale from its reservations.",
        complexity: c"O(N) with the number of reservations",
        keys: READ,
        args: &[SALE],
    },
    CommandSpec {
        name: c"SECKILL.CURVE",
        entry: entry::<Curve>,
        flags: READS_LONG,
        acl: c"read slow",
        arity: -2,
        summary: c"Shows how RESERVE was answered in each of the last seconds.",
        complexity: c"O(N) with the number of seconds",
        keys: READ,
        args: &[SALE, ArgSpec::option(c"SECONDS", c"seconds", ArgKind::Integer)],
    },
];
