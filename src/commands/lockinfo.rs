//! `SECKILL.LOCKINFO key`

use seckill_core::lock::{Holder, Lock};
use seckill_core::time::Timestamp;

use super::args::Cursor;
use crate::host::{Arg, Command, Context, Failure};
use crate::{lock, waiting};

/// `SECKILL.LOCKINFO`
pub struct LockInfo;

/// Fields of the map.
const FIELDS: usize = 9;

impl Command for LockInfo {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        cursor.end()?;
        let waiters = waiting::count(ctx, key);
        lock::with_lock(ctx, key, |lock| describe(ctx, lock, waiters))
    }
}

fn describe(ctx: &Context, lock: &Lock, waiters: usize) {
    let now = Timestamp(ctx.now_ms());
    let holders: Vec<&Holder> = lock.holders_at(now).collect();
    let newest = holders.last();
    let (state, mode) = if newest.is_some() { ("HELD", lock.mode().word()) } else { ("FREE", "") };
    ctx.map(FIELDS);
    ctx.bulk(b"state");
    ctx.bulk(state.as_bytes());
    ctx.bulk(b"owner");
    ctx.bulk(newest.map_or(&[], |holder| &holder.owner));
    ctx.bulk(b"owners");
    ctx.array(holders.len());
    holders.iter().for_each(|holder| ctx.bulk(&holder.owner));
    let numbers = [
        ("token", newest.map_or(lock.last().0, |holder| holder.token.0)),
        ("ttl", lock.ttl_ms(now)),
        ("depth", newest.map_or(0, |holder| u64::from(holder.depth))),
        ("waiters", waiters as u64),
        ("fence", lock.fence().0),
    ];
    for (name, number) in numbers {
        ctx.bulk(name.as_bytes());
        ctx.count(number);
    }
    ctx.bulk(b"mode");
    ctx.bulk(mode.as_bytes());
}
