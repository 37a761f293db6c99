//! `SECKILL.LOCK key owner PX ms [BLOCK ms] [SHARED] [TIED]`

use std::rc::Rc;

use seckill_core::lock::{Change, Effect, FencingToken, Mode, Refusal, Request};
use seckill_core::time::Timestamp;

use super::args::{Cursor, DURATIONS, LASTING, syntax_error};
use super::reply;
use crate::host::{Arg, Command, Context, Failure, Wait, Waiter};
use crate::lock;
use crate::ties;
use crate::waiting::{self, Seat};

/// `SECKILL.LOCK`
pub struct Lock;

/// What was asked for.
#[derive(Clone, Copy)]
struct Ask<'a> {
    owner: &'a [u8],
    ms: u64,
    mode: Mode,
    block_ms: Option<u64>,
    tied: bool,
}

impl Command for Lock {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let (key, ask) = parse(args)?;
        match acquire(ctx, key, &ask, ctx.client(), waiting::count(ctx, key))? {
            Ok(()) => Ok(()),
            Err(Refusal::Busy { .. }) if ask.block_ms.is_some() && ctx.can_block() => wait(ctx, key, &ask),
            Err(refusal) => refused(ctx, key, refusal),
        }
    }
}

fn parse<'a>(args: &'a [Arg<'a>]) -> Result<(Arg<'a>, Ask<'a>), Failure> {
    let mut cursor = Cursor::new(args);
    let key = cursor.next()?;
    let owner = cursor.owner()?;
    let mut ask = Ask { owner, ms: 0, mode: Mode::Exclusive, block_ms: None, tied: false };
    while let Some(word) = cursor.word(&["PX", "BLOCK", "SHARED", "TIED"])? {
        match word {
            "PX" => ask.ms = cursor.count(LASTING)?,
            "BLOCK" => ask.block_ms = Some(cursor.count(DURATIONS)?),
            "SHARED" => ask.mode = Mode::Shared,
            _ => ask.tied = true,
        }
    }
    if ask.ms == 0 {
        return Err(syntax_error(b"PX"));
    }
    Ok((key, ask))
}

/// Takes the lock and replies, if it can be had.
fn acquire(
    ctx: &Context,
    key: Arg<'_>,
    ask: &Ask<'_>,
    client: u64,
    ahead: usize,
) -> Result<Result<(), Refusal>, Failure> {
    let Ask { owner, ms, mode, tied, .. } = *ask;
    let request = Request::Acquire { owner, ms, mode, ahead, tick: lock::tick(ctx) };
    let effect = match lock::request(ctx, key, &request)? {
        Ok(effect) => effect,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some((token, ttl_ms, depth)) = granted(&effect) {
        if tied {
            ties::tie(ctx, client, key, owner, token);
        }
        reply::numbers(ctx, "ACQUIRED", &[token.0, ttl_ms, u64::from(depth)]);
    }
    Ok(Ok(()))
}

fn granted(effect: &Effect<'_>) -> Option<(FencingToken, u64, u32)> {
    match effect.change {
        Change::Acquired { token, until, depth, .. } => Some((token, until.since(effect.at), depth)),
        Change::Released { .. } | Change::Renewed { .. } | Change::Fenced { .. } => None,
    }
}

fn refused(ctx: &Context, key: Arg<'_>, refusal: Refusal) -> Result<(), Failure> {
    match refusal {
        Refusal::Busy { ttl_ms } => {
            reply::numbers(ctx, "BUSY", &[ttl_ms, waiting::count(ctx, key) as u64]);
            Ok(())
        }
        Refusal::Full => {
            Err("ERR the lock is held too often: at most 1000000 times by an owner, and by 100000 readers"
                .into())
        }
        _ => Err("ERR the lock has no token left that is larger than the last".into()),
    }
}

/// Queues the caller.
fn wait(ctx: &Context, key: Arg<'_>, ask: &Ask<'_>) -> Result<(), Failure> {
    lock::restore(ctx, key);
    let seat = waiting::join(ctx, key, lock::restore);
    wake_at_end(ctx, key)?;
    let waiter = Rc::new(Queued { seat, client: ctx.client() });
    let block_ms = ask.block_ms.unwrap_or_default();
    if !ctx.wait_for(key, block_ms, waiter.clone()) {
        waiter.leave(ctx);
    }
    Ok(())
}

/// Tries again when the next lease ends.
fn wake_at_end(ctx: &Context, key: Arg<'_>) -> Result<(), Failure> {
    let now = Timestamp(ctx.now_ms());
    let end = lock::with_lock(ctx, key, |lock| lock.next_end(now))?;
    end.into_iter().for_each(|end| waiting::wake_at(ctx, key, end));
    Ok(())
}

/// A caller who waits; what it asked for stands in its command.
struct Queued {
    seat: Seat,
    client: u64,
}

impl Waiter for Queued {
    fn retry(&self, ctx: &Context, args: &[Arg<'_>]) -> Result<Wait, Failure> {
        if !self.seat.is_first() {
            return Ok(Wait::On);
        }
        let (key, ask) = parse(args)?;
        match acquire(ctx, key, &ask, self.client, 0)? {
            Ok(()) => {
                self.seat.served();
                Ok(Wait::Over)
            }
            Err(Refusal::Busy { .. }) => {
                wake_at_end(ctx, key)?;
                Ok(Wait::On)
            }
            Err(refusal) => refused(ctx, key, refusal).map(|()| Wait::Over),
        }
    }

    fn give_up(&self, ctx: &Context, _: &[Arg<'_>]) {
        reply::status(ctx, "TIMEOUT");
    }

    fn leave(&self, ctx: &Context) {
        self.seat.leave(ctx);
    }
}
