//! How limits are charged, on a primary and on a replica.

use std::cell::RefCell;

use seckill_core::codec;
use seckill_core::limit::{self, Ask, Bucket, Effect, Outcome, Rule, Verdict};
use seckill_core::time::Timestamp;

use crate::change::check_primary;
use crate::host::{Arg, Context, Failure, Key, Mode, WrongType};
use crate::settings;
use crate::types::LimitValue;

thread_local! {
    /// The payload on its way to replicas; kept so that its memory is.
    static PAYLOAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Asks one limit, and charges it if it allows.
///
/// # Errors
/// [`Failure`] if the key holds something else, or this server must not charge.
pub fn ask(ctx: &Context, name: Arg<'_>, rule: &Rule, ask: Ask) -> Result<Verdict, Failure> {
    let mut key = Key::open(ctx, name, Mode::Write);
    let found = bucket(&key)?;
    let (verdict, effect) = limit::decide(Timestamp(ctx.now_ms()), found.as_ref(), rule, ask);
    if let Some(effect) = effect {
        check_primary()?;
        make(ctx, name, &mut key, &effect.bucket, Some(effect.until))?;
        send(ctx, name, &effect);
    }
    Ok(verdict)
}

/// Asks several limits, each rule with the place of its key among `names`, and charges all or none.
///
/// # Errors
/// As [`ask`]; nothing is charged then.
pub fn ask_all(
    ctx: &Context,
    names: &[Arg<'_>],
    rules: &[(usize, Rule)],
    ask: Ask,
) -> Result<Outcome, Failure> {
    let mut keys: Vec<Key> = names.iter().map(|name| Key::open(ctx, *name, Mode::Write)).collect();
    let buckets = keys.iter().map(bucket).collect::<Result<Vec<_>, _>>()?;
    let outcome = limit::decide_all(Timestamp(ctx.now_ms()), &buckets, rules, ask);
    if !outcome.effects.is_empty() {
        check_primary()?;
    }
    for (at, effect) in &outcome.effects {
        if let (Some(name), Some(key)) = (names.get(*at), keys.get_mut(*at)) {
            make(ctx, *name, key, &effect.bucket, Some(effect.until))?;
            send(ctx, *name, effect);
        }
    }
    Ok(outcome)
}

/// Does what a payload of SECKILL.APPLY says.
///
/// # Errors
/// [`Failure`] if it does not fit what is here; nothing is changed then.
pub fn replay(ctx: &Context, name: Arg<'_>, payload: &[u8]) -> Result<(), Failure> {
    let (bucket, until) = codec::decode_limit(payload).map_err(|why| Failure::from(why.0))?;
    let mut key = Key::open(ctx, name, Mode::Write);
    Ok(make(ctx, name, &mut key, &bucket, until)?)
}

fn bucket(key: &Key) -> Result<Option<Bucket>, WrongType> {
    Ok(key.value::<LimitValue>()?.map(|value| value.0))
}

/// Puts a bucket under its key until nothing is used any more. An empty one is not kept.
fn make(
    ctx: &Context,
    name: Arg<'_>,
    key: &mut Key,
    bucket: &Bucket,
    until: Option<Timestamp>,
) -> Result<(), WrongType> {
    let value = key.value_mut::<LimitValue>()?;
    if bucket.is_empty() {
        key.delete();
    } else {
        match value {
            Some(value) => value.0 = *bucket,
            None => key.set(LimitValue(*bucket)),
        }
        until.into_iter().for_each(|until| key.expire_at_ms(until.0));
    }
    ctx.signal_modified(name);
    Ok(())
}

fn send(ctx: &Context, name: Arg<'_>, effect: &Effect) {
    if !settings::limits_are_replicated() {
        return;
    }
    PAYLOAD.with_borrow_mut(|payload| {
        payload.clear();
        codec::encode_limit(effect, payload);
        ctx.replicate_apply(name, payload);
    });
}
