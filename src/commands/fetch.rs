//! `SECKILL.FETCH key [GUARD filter item] [LEASE ms] [BLOCK ms]`

use std::rc::Rc;

use seckill_core::cache::{Change, Effect, LEASE_MS, Refusal, Request};
use seckill_core::time::Timestamp;

use super::args::{Cursor, DURATIONS, LASTING};
use super::reply;
use crate::filter::{self, Presence};
use crate::host::{Arg, Command, Context, Failure, Wait, Waiter};
use crate::waiting::{self, Seat};
use crate::{cache, slot};

/// `SECKILL.FETCH`
pub struct Fetch;

/// When to ask again where somebody else is about to become the loader, in milliseconds.
const SOON_MS: u64 = 1;

/// What a caller asks for.
struct Wish<'a> {
    name: Arg<'a>,
    /// The filter that knows all items there are, and the item that the key stands for.
    guard: Option<(Arg<'a>, &'a [u8])>,
    lease_ms: u64,
    /// How long it would wait; 0 for ever.
    block_ms: Option<u64>,
}

/// What a caller meets.
enum Met {
    /// An answer, which was given.
    Answer,
    /// Somebody who loads for so many milliseconds.
    Loader(u64),
    /// Nobody: this makes the caller the loader.
    Nobody(Effect<'static>),
}

impl Command for Fetch {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let wish = parse(args)?;
        if !passes(ctx, &wish)? {
            reply::status(ctx, "UNKNOWN");
            return Ok(());
        }
        match meet(ctx, &wish)? {
            Met::Answer => {}
            Met::Loader(retry_ms) => wait(ctx, &wish, retry_ms),
            // Who waits came before.
            Met::Nobody(_) if waiting::count(ctx, wish.name) > 0 => {
                waiting::gone(ctx, wish.name);
                wait(ctx, &wish, SOON_MS);
            }
            Met::Nobody(effect) => lease(ctx, &wish, &effect)?,
        }
        Ok(())
    }
}

/// A caller who waits for a loader.
struct Waiting(Seat);

impl Waiter for Waiting {
    fn retry(&self, ctx: &Context, args: &[Arg<'_>]) -> Result<Wait, Failure> {
        let wish = parse(args)?;
        match meet(ctx, &wish)? {
            Met::Answer => {}
            Met::Loader(retry_ms) => {
                wake_after(ctx, &wish, retry_ms);
                return Ok(Wait::On);
            }
            Met::Nobody(effect) => lease(ctx, &wish, &effect)?,
        }
        Ok(Wait::Over)
    }

    fn give_up(&self, ctx: &Context, args: &[Arg<'_>]) {
        let met = parse(args).and_then(|wish| meet(ctx, &wish));
        match met {
            Ok(Met::Answer) => {}
            Ok(Met::Loader(retry_ms)) => busy(ctx, retry_ms),
            // The lease ran out at this very moment: it is for those who still wait, or ask again.
            Ok(Met::Nobody(_)) => busy(ctx, SOON_MS),
            Err(failure) => ctx.error(&failure.0),
        }
    }

    fn leave(&self, ctx: &Context) {
        self.0.leave(ctx);
    }
}

fn parse<'a>(args: &'a [Arg<'a>]) -> Result<Wish<'a>, Failure> {
    let mut cursor = Cursor::new(args);
    let mut wish = Wish { name: cursor.next()?, guard: None, lease_ms: LEASE_MS, block_ms: None };
    while let Some(word) = cursor.word(&["GUARD", "LEASE", "BLOCK"])? {
        match word {
            "GUARD" => wish.guard = Some((cursor.next()?, cursor.next()?.bytes())),
            "LEASE" => wish.lease_ms = cursor.count(LASTING)?,
            _ => wish.block_ms = Some(cursor.count(DURATIONS)?),
        }
    }
    Ok(wish)
}

/// False if the guard is sure that there is no such item.
fn passes(ctx: &Context, wish: &Wish<'_>) -> Result<bool, Failure> {
    let Some((filter, item)) = wish.guard else { return Ok(true) };
    // The server sees to the first key alone.
    if ctx.is_cluster() && slot::of(filter.bytes()) != slot::of(wish.name.bytes()) {
        return Err(
            "CROSSSLOT the key and the filter are in different slots: give both the same {hash tag}".into()
        );
    }
    match filter::presence(ctx, filter, item)? {
        Presence::Perhaps => Ok(true),
        Presence::SurelyNot => Ok(false),
        Presence::NoFilter => Err(filter::no_filter()),
    }
}

/// Answers with what is there; otherwise says who loads.
fn meet(ctx: &Context, wish: &Wish<'_>) -> Result<Met, Failure> {
    let request = Request::Fetch { lease_ms: wish.lease_ms, tick: cache::tick(ctx) };
    cache::with_entry(ctx, wish.name, |entry| match entry.decide(Timestamp(ctx.now_ms()), &request) {
        Ok(effect) => Ok(Met::Nobody(effect)),
        Err(Refusal::Busy { retry_ms }) => Ok(Met::Loader(retry_ms)),
        Err(refusal) => answer(ctx, refusal).map(|()| Met::Answer),
    })?
}

/// Makes the caller the loader.
fn lease(ctx: &Context, wish: &Wish<'_>, effect: &Effect<'_>) -> Result<(), Failure> {
    cache::commit(ctx, wish.name, effect)?;
    wake_after(ctx, wish, wish.lease_ms);
    if let Change::Leased { token, .. } = effect.change {
        reply::numbers(ctx, "LEASED", &[token.0]);
    }
    Ok(())
}

/// Lets the caller wait, if it would and may; otherwise says when to come again.
fn wait(ctx: &Context, wish: &Wish<'_>, retry_ms: u64) {
    let Some(block_ms) = wish.block_ms.filter(|_| ctx.can_block()) else { return busy(ctx, retry_ms) };
    let waiter = Rc::new(Waiting(waiting::join(ctx, wish.name, cache::restore)));
    if ctx.wait_for(wish.name, block_ms, waiter.clone()) {
        wake_after(ctx, wish, retry_ms);
    } else {
        waiter.leave(ctx);
        busy(ctx, retry_ms);
    }
}

/// Those who wait look again when the lease is over.
fn wake_after(ctx: &Context, wish: &Wish<'_>, ms: u64) {
    waiting::wake_at(ctx, wish.name, Timestamp(ctx.now_ms()).after(ms));
}

fn busy(ctx: &Context, retry_ms: u64) {
    reply::numbers(ctx, "BUSY", &[retry_ms]);
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
        Refusal::Busy { retry_ms } => busy(ctx, retry_ms),
        Refusal::Exhausted => return Err("ERR the entry can name no more leases: invalidate it".into()),
        Refusal::Discarded | Refusal::Unknown => {}
    }
    Ok(())
}
