//! `SECKILL.FETCH key [LEASE ms]`

use seckill_core::cache::{Change, Effect, LEASE_MS, Refusal, Request};
use seckill_core::time::Timestamp;

use super::args::{Cursor, LASTING};
use super::reply;
use crate::cache;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.FETCH`
pub struct Fetch;

/// What a caller says beside the key.
struct Options {
    lease_ms: u64,
}

impl Command for Fetch {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let options = parse(&mut cursor)?;
        fetch(ctx, name, &options)
    }
}

fn parse(cursor: &mut Cursor<'_>) -> Result<Options, Failure> {
    let mut options = Options { lease_ms: LEASE_MS };
    while cursor.word(&["LEASE"])?.is_some() {
        options.lease_ms = cursor.count(LASTING)?;
    }
    Ok(options)
}

fn fetch(ctx: &Context, name: Arg<'_>, options: &Options) -> Result<(), Failure> {
    let request = Request::Fetch { lease_ms: options.lease_ms, tick: cache::tick(ctx) };
    let decided = cache::with_entry(ctx, name, |entry| {
        let decided = entry.decide(Timestamp(ctx.now_ms()), &request);
        decided.map(Some).or_else(|refusal| answer(ctx, refusal).map(|()| None))
    })??;
    decided.map_or(Ok(()), |effect| lease(ctx, name, &effect))
}

/// Makes the caller the loader.
fn lease(ctx: &Context, name: Arg<'_>, effect: &Effect<'_>) -> Result<(), Failure> {
    cache::commit(ctx, name, effect)?;
    if let Change::Leased { token, .. } = effect.change {
        reply::numbers(ctx, "LEASED", &[token.0]);
    }
    Ok(())
}

/// Answers a caller who is not to load.
fn answer(ctx: &Context, refusal: Refusal<'_>) -> Result<(), Failure> {
    let word = refusal.status().unwrap_or_default();
    match refusal {
        Refusal::Hit { value, left_ms } => {
            ctx.array(3);
            ctx.status(word);
            ctx.bulk(value);
            ctx.count(left_ms);
        }
        Refusal::Stale { value } => {
            ctx.array(2);
            ctx.status(word);
            ctx.bulk(value);
        }
        Refusal::Absent { left_ms } => reply::numbers(ctx, word, &[left_ms]),
        Refusal::Busy { retry_ms } => reply::numbers(ctx, word, &[retry_ms]),
        Refusal::Exhausted => return Err("ERR the entry can name no more leases: invalidate it".into()),
        Refusal::Discarded | Refusal::Unknown => {}
    }
    Ok(())
}
