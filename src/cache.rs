//! Changes of cache entries: made under their keys, sent, and made again where they arrive.

use std::sync::atomic::{AtomicU64, Ordering};

use seckill_core::cache::{Change, Effect, Entry, LeaseToken, Request};
use seckill_core::codec::cache::{self as codec, Sent};
use seckill_core::time::Timestamp;

use crate::change::check_primary;
use crate::host::{Arg, Context, Failure, Key, Mode};
use crate::types::CacheValue;
use crate::waiting;

/// How far ahead of this server's clock a lease that came from elsewhere may be to count here.
const AHEAD_MS: u64 = 24 * 60 * 60 * 1000;

/// The newest number that was offered for a lease, of whatever key: a key that went and came back must not
/// give a token twice, be it within the clock's resolution.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A number that no lease had before.
pub fn tick(ctx: &Context) -> LeaseToken {
    LeaseToken::tick(LeaseToken(LAST.load(Ordering::Relaxed)), Timestamp(ctx.now_ms()))
}

/// Takes note of a number that is taken.
fn note(number: LeaseToken) {
    LAST.fetch_max(number.0, Ordering::Relaxed);
}

/// Lets `look` see the entry; a key that is not there is an entry of nothing.
///
/// # Errors
/// [`Failure`] if the key holds a value of another type.
pub fn with_entry<T>(ctx: &Context, name: Arg<'_>, look: impl FnOnce(&Entry) -> T) -> Result<T, Failure> {
    let key = Key::open(ctx, name, Mode::Read);
    Ok(match key.value::<CacheValue>()? {
        Some(value) => look(&value.entry),
        None => look(&Entry::default()),
    })
}

/// Makes a decided change here and wherever this server's data goes.
///
/// # Errors
/// [`Failure`] on a replica, whose entries are changed by their primary alone; nothing is changed then.
pub fn commit(ctx: &Context, name: Arg<'_>, effect: &Effect<'_>) -> Result<(), Failure> {
    check_primary()?;
    let mut key = Key::open(ctx, name, Mode::Write);
    if let Change::Leased { .. } = effect.change {
        note(tick(ctx));
    }
    make(ctx, name, &mut key, effect)?;
    let value_bytes = if let Change::Filled { value, .. } = effect.change { value.len() } else { 0 };
    let mut payload = Vec::with_capacity(value_bytes + 64);
    codec::encode_effect(effect, &mut payload);
    ctx.replicate_apply(name, &payload);
    Ok(())
}

/// Puts an entry of nothing under a key for which somebody waits, if there is none: a lease that is over
/// when it begins. The server wakes only who waits for a key that is there.
pub fn restore(ctx: &Context, name: Arg<'_>) {
    let request = Request::Fetch { lease_ms: 0, tick: tick(ctx) };
    let now = Timestamp(ctx.now_ms());
    let missing = with_entry(ctx, name, |entry| {
        entry.holds_nothing().then(|| entry.decide(now, &request).ok()).flatten()
    });
    if let Ok(Some(effect)) = missing {
        // A replica's keys are its primary's; nobody becomes a loader there.
        let _ = commit(ctx, name, &effect);
    }
}

/// Does what a payload of SECKILL.APPLY says.
///
/// # Errors
/// [`Failure`] if it does not fit what is here; nothing is changed then.
pub fn replay(ctx: &Context, name: Arg<'_>, payload: &[u8]) -> Result<(), Failure> {
    let mut key = Key::open(ctx, name, Mode::Write);
    match codec::decode_sent(payload).map_err(|why| Failure::from(why.0))? {
        Sent::Effect(effect) => {
            let nothing = Entry::default();
            let entry = key.value::<CacheValue>()?.map_or(&nothing, |value| &value.entry);
            entry.check(&effect).map_err(|why| Failure::from(why.0))?;
            if let Change::Leased { token, .. } = effect.change {
                let credible = LeaseToken::tick(LeaseToken(0), Timestamp(ctx.now_ms()).after(AHEAD_MS));
                note(token.min(credible));
            }
            make(ctx, name, &mut key, &effect)
        }
        Sent::Entry(entry) => {
            if !key.is_empty() {
                return Err("the key exists".into());
            }
            key.set(CacheValue { entry });
            ctx.signal_modified(name);
            Ok(())
        }
    }
}

/// The one place where entries change. The key goes when its entry holds nothing, at the latest when it is over.
fn make(ctx: &Context, name: Arg<'_>, key: &mut Key, effect: &Effect<'_>) -> Result<(), Failure> {
    if key.is_empty() {
        key.set(CacheValue::default());
    }
    let Some(value) = key.value_mut::<CacheValue>()? else { return Ok(()) };
    value.entry.apply(effect);
    if value.entry.holds_nothing() {
        key.delete();
    } else {
        let until = value.entry.kept_until();
        key.expire_at_ms(until.0);
    }
    ctx.signal_modified(name);
    waiting::wake(ctx, name);
    Ok(())
}
