//! How a change is made, on a primary and on a replica.

use std::cell::RefCell;

use seckill_core::codec::{self, Created};
use seckill_core::ids::ReservationId;
use seckill_core::orders::Event;
use seckill_core::sale::{Effect, Inconsistent, Refusal, Request};
use seckill_core::time::Timestamp;

use crate::host::{Appended, Arg, Context, Failure, Stream, StreamError};
use crate::types::SaleValue;
use crate::{agenda, orders, totals};

/// Due holds that one request expires at most before it is decided.
const SETTLED_AT_ONCE: usize = 1000;

thread_local! {
    /// The payload on its way to replicas; kept so that its memory is.
    static PAYLOAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Why a change was not made, and nothing else either.
#[derive(Debug)]
pub enum NotMade {
    /// The sale refuses.
    Refused(Refusal),
    /// The stream is gone, or is none.
    NoStream(StreamError),
}

impl From<StreamError> for NotMade {
    fn from(error: StreamError) -> NotMade {
        NotMade::NoStream(error)
    }
}

/// The error for a stream that cannot be appended to.
pub fn stream_failure(error: StreamError) -> Failure {
    Failure::from(match error {
        StreamError::Missing => {
            "NOSTREAM the sale's stream is gone, nothing was changed: make it again with XGROUP CREATE <stream> <group> 0 MKSTREAM"
        }
        StreamError::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
        StreamError::Refused => "NOSTREAM the sale's stream takes no more entries, nothing was changed",
    })
}

/// Decides a request and makes the change. Due holds that alone stand in the way are expired first.
///
/// # Errors
/// [`NotMade`] if nothing was changed but due holds.
pub fn request<'a>(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    request: &Request<'a>,
) -> Result<Effect<'a>, NotMade> {
    loop {
        let moment = value.moment(ctx);
        let refusal = match value.sale.decide(moment, request) {
            Ok(effect) => {
                commit(ctx, key, value, &effect)?;
                return Ok(effect);
            }
            Err(refusal) => refusal,
        };
        let obstacles = value.sale.obstacles(moment.now, request, &refusal, SETTLED_AT_ONCE);
        if obstacles.is_empty() {
            return Err(NotMade::Refused(refusal));
        }
        expire(ctx, key, value, &obstacles)?;
    }
}

/// Expires at most `limit` due holds and tells how many.
///
/// # Errors
/// [`StreamError`] if the events cannot be written; those holds stay.
pub fn expire_due(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    limit: usize,
) -> Result<usize, StreamError> {
    let due = value.sale.due(Timestamp(ctx.now_ms()), limit);
    expire(ctx, key, value, &due).map(|()| due.len())
}

fn expire(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    ids: &[ReservationId],
) -> Result<(), StreamError> {
    ids.iter().try_for_each(|id| {
        let effect = value.sale.expire(value.moment(ctx), *id);
        commit(ctx, key, value, &effect)
    })
}

/// Makes a decided change. Appending the event is the last step that can fail.
fn commit(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    effect: &Effect<'_>,
) -> Result<(), StreamError> {
    let entry = match Event::of(&value.sale, effect) {
        Some(event) => {
            let stream = Stream::open(ctx, value.stream())?;
            Some(orders::append(ctx, stream, key, &event, None)?)
        }
        None => None,
    };
    make(ctx, key, value, effect);
    value.lead();
    send(ctx, key, |payload| codec::encode_effect(effect, entry, payload));
    Ok(())
}

/// Makes a change that was decided elsewhere, and appends its event under the id that it has there.
///
/// # Errors
/// [`Inconsistent`] if the sale could not have decided it.
pub fn replay(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    effect: &Effect<'_>,
    entry: Option<Appended>,
) -> Result<(), Inconsistent> {
    value.sale.check(effect)?;
    if let Some(event) = Event::of(&value.sale, effect) {
        let stream = Stream::open_or_make(ctx, value.stream());
        let appended = stream.and_then(|stream| orders::append(ctx, stream, key, &event, entry));
        appended.map_err(|_| Inconsistent("its event does not fit the stream"))?;
    }
    make(ctx, key, value, effect);
    Ok(())
}

/// Sends a sale's creation to replicas and the AOF.
pub fn send_created(ctx: &Context, key: Arg<'_>, created: &Created) {
    send(ctx, key, |payload| codec::encode_created(created, payload));
}

fn send(ctx: &Context, key: Arg<'_>, encode: impl FnOnce(&mut Vec<u8>)) {
    PAYLOAD.with_borrow_mut(|payload| {
        payload.clear();
        encode(payload);
        ctx.replicate_apply(key, payload);
    });
}

fn make(ctx: &Context, key: Arg<'_>, value: &mut SaleValue, effect: &Effect<'_>) {
    let before = value.sale.available();
    value.sale.apply(effect);
    let after = value.sale.available();
    totals::count(&effect.change);
    ctx.signal_modified(key);
    agenda::note(ctx, key, value);
    match (before, after) {
        (Some(1..), Some(0)) => ctx.notify(c"soldout", key),
        (Some(0), Some(1..)) => ctx.notify(c"available", key),
        _ => {}
    }
}
