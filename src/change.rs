//! How a change is made, on a primary and on a replica.

use std::cell::RefCell;

use seckill_core::codec::{self, Created};
use seckill_core::ids::ReservationId;
use seckill_core::orders::Event;
use seckill_core::sale::{Change, Effect, Inconsistent, Refusal, Request};
use seckill_core::time::Timestamp;

use crate::host::{Appended, Arg, Context, Failure, Stream, StreamError};
use crate::types::SaleValue;
use crate::{agenda, life, orders, totals};

/// Due holds that one request expires at most before it is decided.
const SETTLED_AT_ONCE: usize = 1000;
/// The error where a request token comes with other arguments.
pub const MISMATCH: &str = "MISMATCH this REQUEST token was used with other arguments";

thread_local! {
    /// The payload on its way to replicas; kept so that its memory is.
    static PAYLOAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Why a change was not made, and nothing else either.
#[derive(Debug)]
pub enum NotMade {
    /// The sale refuses.
    Refused(Refusal),
    /// It cannot be made here.
    Hindered(Hindrance),
}

/// Why a change cannot be made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// The server is a replica: the sale is changed by its primary alone.
    Replica,
    /// The sale and its stream are in different slots of a cluster.
    Apart,
    /// The stream is gone, or is none.
    Stream(StreamError),
}

impl From<Hindrance> for NotMade {
    fn from(why: Hindrance) -> NotMade {
        NotMade::Hindered(why)
    }
}

impl From<StreamError> for Hindrance {
    fn from(error: StreamError) -> Hindrance {
        Hindrance::Stream(error)
    }
}

impl From<Hindrance> for Failure {
    fn from(why: Hindrance) -> Failure {
        Failure::from(match why {
            Hindrance::Replica => "READONLY You can't write against a read only replica.",
            Hindrance::Apart => {
                "CROSSSLOT the sale and its stream are in different slots: bring the sale back under a key with its stream's {hash tag}"
            }
            Hindrance::Stream(StreamError::Missing) => {
                "NOSTREAM the sale's stream is gone, nothing was changed: make it again with XGROUP CREATE <stream> <group> 0 MKSTREAM"
            }
            Hindrance::Stream(StreamError::WrongType) => {
                "WRONGTYPE Operation against a key holding the wrong kind of value"
            }
            Hindrance::Stream(StreamError::Refused) => {
                "NOSTREAM the sale's stream takes no more entries, nothing was changed"
            }
        })
    }
}

/// Decides a request and makes the change. Due holds that alone stand in the way are expired first.
/// A replica decides nothing, so it does not refuse either.
///
/// # Errors
/// [`NotMade`] if nothing was changed but due holds.
pub fn request<'a>(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    request: &Request<'a>,
) -> Result<Effect<'a>, NotMade> {
    check_primary()?;
    let effect = decide(ctx, key, value, request)?;
    commit(ctx, key, value, &effect)?;
    Ok(effect)
}

/// A request to one of several sales.
pub struct Part<'v, 'a> {
    /// The sale's key, another one in each part.
    pub key: Arg<'a>,
    /// The sale.
    pub value: &'v mut SaleValue,
    /// What is asked of it.
    pub request: Request<'a>,
}

/// Decides several requests, each to another sale, makes all changes or none, and gives them in their order.
///
/// The caller has asked every sale before, so that each agrees once what is due has expired.
///
/// # Errors
/// [`NotMade`] if nothing was changed but due holds; and not even those if a stream is missing.
pub fn request_all<'a>(ctx: &Context, parts: &mut [Part<'_, 'a>]) -> Result<Vec<Effect<'a>>, NotMade> {
    check_primary()?;
    for Part { key, value, .. } in parts.iter() {
        outlet(ctx, *key, value)?;
    }
    let decided = parts.iter_mut().map(|part| decide(ctx, part.key, part.value, &part.request));
    let effects = decided.collect::<Result<Vec<_>, _>>()?;
    let entries = tell_all(ctx, parts, &effects)?;
    for ((part, effect), entry) in parts.iter_mut().zip(&effects).zip(entries) {
        finish(ctx, part.key, part.value, effect, entry);
    }
    Ok(effects)
}

/// Decides a request. Due holds that alone stand in the way are expired first.
fn decide<'a>(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    request: &Request<'a>,
) -> Result<Effect<'a>, NotMade> {
    loop {
        let moment = value.moment(ctx);
        let refusal = match value.sale.decide(moment, request) {
            Ok(effect) => return Ok(effect),
            Err(refusal) => refusal,
        };
        let obstacles = value.sale.obstacles(moment.now, request, &refusal, SETTLED_AT_ONCE);
        if obstacles.is_empty() {
            return Err(NotMade::Refused(refusal));
        }
        match expire(ctx, key, value, &obstacles) {
            // What is due reads as expired all the same.
            Err(_) if is_told_of_the_expired(request, &refusal) => return Err(NotMade::Refused(refusal)),
            expired => expired?,
        }
    }
}

/// True if expiring the reservation would only make the same answer true.
fn is_told_of_the_expired(request: &Request<'_>, refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Standing(_)) && !matches!(request, Request::Confirm { late: true, .. })
}

/// Makes at most `limit` offers to those who wait, and tells how many.
///
/// # Errors
/// [`Hindrance`] if their events cannot be written; those who wait go on waiting.
pub fn make_offers(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    limit: usize,
) -> Result<usize, Hindrance> {
    check_primary()?;
    for made in 0..limit {
        match value.sale.offer(value.moment(ctx)) {
            Some(effect) => commit(ctx, key, value, &effect)?,
            None => return Ok(made),
        }
    }
    Ok(limit)
}

/// Expires at most `limit` due holds and tells how many.
///
/// # Errors
/// [`Hindrance`] if the events cannot be written; those holds stay.
pub fn expire_due(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    limit: usize,
) -> Result<usize, Hindrance> {
    check_primary()?;
    let due = value.sale.due(Timestamp(ctx.now_ms()), limit);
    expire(ctx, key, value, &due).map(|()| due.len())
}

fn expire(
    ctx: &Context,
    key: Arg<'_>,
    value: &mut SaleValue,
    ids: &[ReservationId],
) -> Result<(), Hindrance> {
    ids.iter().try_for_each(|id| {
        let effect = value.sale.expire(value.moment(ctx), *id);
        commit(ctx, key, value, &effect)
    })
}

/// Checks that this server decides what changes.
///
/// # Errors
/// [`Hindrance::Replica`] on a replica.
pub fn check_primary() -> Result<(), Hindrance> {
    if life::is_primary() { Ok(()) } else { Err(Hindrance::Replica) }
}

/// Makes a decided change. Appending the event is the last step that can fail.
fn commit(ctx: &Context, key: Arg<'_>, value: &mut SaleValue, effect: &Effect<'_>) -> Result<(), Hindrance> {
    let entry = tell(ctx, key, value, effect)?;
    finish(ctx, key, value, effect, entry);
    Ok(())
}

/// Appends the event of a change that is to be made, if it has one.
fn tell(
    ctx: &Context,
    key: Arg<'_>,
    value: &SaleValue,
    effect: &Effect<'_>,
) -> Result<Option<Appended>, Hindrance> {
    let Some(event) = Event::of(&value.sale, effect) else { return Ok(None) };
    let stream = outlet(ctx, key, value)?;
    Ok(Some(orders::append(ctx, stream, key, &event, None)?))
}

/// Appends the events of all changes, or leaves none.
fn tell_all(
    ctx: &Context,
    parts: &[Part<'_, '_>],
    effects: &[Effect<'_>],
) -> Result<Vec<Option<Appended>>, Hindrance> {
    let mut entries = Vec::with_capacity(parts.len());
    for (part, effect) in parts.iter().zip(effects) {
        match tell(ctx, part.key, part.value, effect) {
            Ok(entry) => entries.push(entry),
            Err(why) => {
                // A stream at the last of its ids took some events and not all of them.
                for (part, entry) in parts.iter().zip(entries) {
                    if let (Some(entry), Ok(stream)) = (entry, Stream::open(ctx, part.value.stream())) {
                        stream.take_back(entry);
                    }
                }
                return Err(why);
            }
        }
    }
    Ok(entries)
}

/// The stream that the sale's events go to.
fn outlet<'a>(ctx: &'a Context, key: Arg<'_>, value: &'a SaleValue) -> Result<Stream<'a>, Hindrance> {
    if value.is_apart(ctx, key) {
        return Err(Hindrance::Apart);
    }
    Ok(Stream::open(ctx, value.stream())?)
}

/// Makes a change whose event is appended, and sends it.
fn finish(ctx: &Context, key: Arg<'_>, value: &mut SaleValue, effect: &Effect<'_>, entry: Option<Appended>) {
    make(ctx, key, value, effect);
    value.lead();
    send(ctx, key, |payload| codec::encode_effect(effect, entry, payload));
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
    if matches!(effect.change, Change::Altered { .. }) {
        value.altered();
    }
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
