//! Changes of locks: made under their keys, sent, and made again where they arrive.

use std::sync::atomic::{AtomicU64, Ordering};

use seckill_core::codec::lock::{self as codec, Sent};
use seckill_core::lock::{Change, Effect, FencingToken, Lock, Refusal, Request};
use seckill_core::time::Timestamp;

use crate::change::check_primary;
use crate::host::{Arg, Context, Failure, Key, Mode};
use crate::types::LockValue;
use crate::{settings, waiting};

/// How far ahead of this server's clock a token that came from elsewhere may be to count here.
const AHEAD_MS: u64 = 24 * 60 * 60 * 1000;

/// The newest token that was granted, of whatever key: a key that went and came back must not give a token twice,
/// be it within the clock's resolution or after the clock was set back.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A token that no grant had before.
pub fn tick(ctx: &Context) -> FencingToken {
    FencingToken::tick(FencingToken(LAST.load(Ordering::Relaxed)), Timestamp(ctx.now_ms()))
}

/// Lets `look` see the lock; a key that is not there is a lock that nobody ever held.
///
/// # Errors
/// [`Failure`] if the key holds a value of another type.
pub fn with_lock<T>(ctx: &Context, name: Arg<'_>, look: impl FnOnce(&Lock) -> T) -> Result<T, Failure> {
    let key = Key::open(ctx, name, Mode::Read);
    Ok(match key.value::<LockValue>()? {
        Some(value) => look(&value.lock),
        None => look(&Lock::default()),
    })
}

/// Decides a request and makes the change, here and wherever this server's data goes.
///
/// # Errors
/// [`Failure`] on a replica, and if the key holds a value of another type; nothing is changed then.
pub fn request<'a>(
    ctx: &Context,
    name: Arg<'_>,
    request: &Request<'a>,
) -> Result<Result<Effect<'a>, Refusal>, Failure> {
    check_primary()?;
    let now = Timestamp(ctx.now_ms());
    let effect = match with_lock(ctx, name, |lock| lock.decide(now, request))? {
        Ok(effect) => effect,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Change::Acquired { token, .. } = effect.change {
        LAST.fetch_max(token.0, Ordering::Relaxed);
    }
    let kept_until = make(ctx, name, &effect, None)?;
    let mut payload = Vec::with_capacity(PAYLOAD_BYTES);
    codec::encode_effect(&effect, kept_until, &mut payload);
    ctx.replicate_apply(name, &payload);
    Ok(Ok(effect))
}

/// What the payload of a change takes at most.
const PAYLOAD_BYTES: usize = 320;

/// Does what a payload of SECKILL.APPLY says.
///
/// # Errors
/// [`Failure`] if it does not fit what is here; nothing is changed then.
pub fn replay(ctx: &Context, name: Arg<'_>, payload: &[u8]) -> Result<(), Failure> {
    match codec::decode_sent(payload).map_err(|why| Failure::from(why.0))? {
        Sent::Effect(effect, kept_until) => {
            with_lock(ctx, name, |lock| lock.check(&effect))?.map_err(|why| Failure::from(why.0))?;
            if let Change::Acquired { token, .. } = effect.change {
                let credible = FencingToken::tick(FencingToken(0), Timestamp(ctx.now_ms()).after(AHEAD_MS));
                LAST.fetch_max(token.min(credible).0, Ordering::Relaxed);
            }
            make(ctx, name, &effect, Some(kept_until)).map(|_| ())
        }
        Sent::Lock(lock) => {
            let mut key = Key::open(ctx, name, Mode::Write);
            if !key.is_empty() {
                return Err("the key exists".into());
            }
            key.set(LockValue { lock });
            ctx.signal_modified(name);
            Ok(())
        }
    }
}

/// Sees to it that a lock stands under the key, for those who wait for it.
pub fn restore(ctx: &Context, name: Arg<'_>) {
    let mut key = Key::open(ctx, name, Mode::Write);
    if key.is_empty() {
        // Nothing is sent: whoever waits takes it at once, and that is sent.
        key.set(LockValue::default());
        key.expire_at_ms(ctx.now_ms().saturating_add(UNTAKEN_MS));
    }
}

/// How long a lock stays that was put there for somebody who then did not take it.
const UNTAKEN_MS: u64 = 1000;

/// The one place where locks change. The key stays some time after the last lease, so that its tokens go on growing;
/// tells until when.
fn make(
    ctx: &Context,
    name: Arg<'_>,
    effect: &Effect<'_>,
    kept_until: Option<Timestamp>,
) -> Result<Timestamp, Failure> {
    let mut key = Key::open(ctx, name, Mode::Write);
    if key.is_empty() {
        key.set(LockValue::default());
    }
    let Some(value) = key.value_mut::<LockValue>()? else { return Ok(effect.at) };
    value.lock.apply(effect);
    let lasts = effect.at.after(value.lock.ttl_ms(effect.at));
    let kept_until = kept_until.unwrap_or_else(|| lasts.after(settings::lock_retention_ms()));
    let next_end = value.lock.next_end(effect.at);
    key.expire_at_ms(kept_until.0);
    drop(key);
    ctx.signal_modified(name);
    next_end.into_iter().for_each(|end| waiting::wake_at(ctx, name, end));
    if matches!(effect.change, Change::Released { depth: 0, .. } | Change::Renewed { .. }) {
        waiting::wake(ctx, name);
    }
    Ok(kept_until)
}
