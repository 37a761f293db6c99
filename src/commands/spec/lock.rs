//! The commands of the lock.

use std::ffi::CStr;

use super::{READ, READ_ACL, READS, SETTLES, UPDATE, WRITE_ACL};
use crate::commands::fence::Fence;
use crate::commands::lock::Lock;
use crate::commands::lockinfo::LockInfo;
use crate::commands::renew::Renew;
use crate::commands::unlock::Unlock;
use crate::host::{ArgKind, ArgSpec, CommandSpec, entry};

/// A command that takes on more, and may wait.
const MAY_WAIT: &CStr = c"write deny-oom blocking";

const KEY: ArgSpec = ArgSpec::new(c"key", ArgKind::Key(0));
const OWNER: ArgSpec = ArgSpec::new(c"owner", ArgKind::Text);
const PX: ArgSpec = ArgSpec::option(c"PX", c"milliseconds", ArgKind::Integer).required();
const TOKEN: ArgSpec = ArgSpec::option(c"TOKEN", c"token", ArgKind::Integer);

/// Its commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: c"SECKILL.LOCK",
        entry: entry::<Lock>,
        flags: MAY_WAIT,
        acl: c"write blocking",
        arity: -4,
        summary: c"Takes a lock for some time, with a fencing token; may wait for it in a queue.",
        complexity: c"O(N) with the number of readers that hold it",
        keys: UPDATE,
        args: &[
            KEY,
            OWNER,
            PX,
            ArgSpec::option(c"BLOCK", c"block", ArgKind::Integer),
            ArgSpec::option(c"SHARED", c"shared", ArgKind::Token),
            ArgSpec::option(c"TIED", c"tied", ArgKind::Token),
        ],
    },
    CommandSpec {
        name: c"SECKILL.UNLOCK",
        entry: entry::<Unlock>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -3,
        summary: c"Gives a lock back.",
        complexity: c"O(N) with the number of readers that hold it",
        keys: UPDATE,
        args: &[KEY, OWNER, TOKEN],
    },
    CommandSpec {
        name: c"SECKILL.RENEW",
        entry: entry::<Renew>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: -4,
        summary: c"Sets anew how long a lock that is held lasts.",
        complexity: c"O(N) with the number of readers that hold it",
        keys: UPDATE,
        args: &[KEY, OWNER, PX, TOKEN],
    },
    CommandSpec {
        name: c"SECKILL.LOCKINFO",
        entry: entry::<LockInfo>,
        flags: READS,
        acl: READ_ACL,
        arity: 2,
        summary: c"Shows who holds a lock, and how many wait for it.",
        complexity: c"O(N) with the number of readers that hold it",
        keys: READ,
        args: &[KEY],
    },
    CommandSpec {
        name: c"SECKILL.FENCE",
        entry: entry::<Fence>,
        flags: SETTLES,
        acl: WRITE_ACL,
        arity: 3,
        summary: c"Accepts a fencing token, and refuses smaller ones from then on.",
        complexity: c"O(1)",
        keys: UPDATE,
        args: &[KEY, ArgSpec::new(c"token", ArgKind::Integer)],
    },
];
