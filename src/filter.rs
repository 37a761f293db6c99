//! Changes of filters: decided and made under their keys, sent, and made again where they arrive.

use std::cell::RefCell;
use std::collections::HashMap;

use seckill_core::codec::filter::{self as codec, Sent};
use seckill_core::filter::{Begun, Effect, ErrorRate, Filter, Growth, Rebuild, Refusal, Verb};

use crate::change::{Hindrance, check_primary};
use crate::host::{Arg, Context, Failure, Key, Level, Mode, WrongType};
use crate::types::FilterValue;
use crate::{life, settings};

thread_local! {
    /// Filters of which the rewritten AOF has given some blocks, by database and key.
    static HALF_LOADED: RefCell<HashMap<(i32, Vec<u8>), codec::Loader>> = RefCell::default();
    /// The payload on its way to replicas; kept so that its memory is.
    static PAYLOAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a filter says of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It may be in the set.
    Perhaps,
    /// It is surely not in the set.
    SurelyNot,
    /// There is no filter under this key.
    NoFilter,
}

/// What the filter under a key says of an item.
///
/// # Errors
/// [`WrongType`] if the key holds a value of another type.
pub fn presence(ctx: &Context, name: Arg<'_>, item: &[u8]) -> Result<Presence, WrongType> {
    let key = Key::open(ctx, name, Mode::Read);
    Ok(match key.value::<FilterValue>()? {
        None => Presence::NoFilter,
        Some(value) if value.filter.may_exist(item) => Presence::Perhaps,
        Some(_) => Presence::SurelyNot,
    })
}

/// Whether the command that adds items is itself what is sent, where it says all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// It is `SECKILL.BFADD key item …`.
    Own,
    /// It is a command that may be unknown elsewhere.
    Foreign,
}

/// Why items were not added; nothing was changed.
#[derive(Debug)]
pub enum NotAdded {
    /// The filter refuses.
    Refused(Refusal),
    /// It cannot be done here.
    Hindered(Failure),
}

impl From<Failure> for NotAdded {
    fn from(why: Failure) -> NotAdded {
        NotAdded::Hindered(why)
    }
}

impl From<WrongType> for NotAdded {
    fn from(why: WrongType) -> NotAdded {
        NotAdded::Hindered(why.into())
    }
}

impl From<NotAdded> for Failure {
    fn from(why: NotAdded) -> Failure {
        match why {
            NotAdded::Refused(why) => refused(why),
            NotAdded::Hindered(why) => why,
        }
    }
}

/// What a filter that is made by adding to it is like.
///
/// # Errors
/// [`Failure`] if the settings allow none.
pub fn by_default() -> Result<Begun, Failure> {
    begun(settings::filter_capacity(), settings::filter_error()?, Growth::By(EXPANSION))
}

/// How many times as large the next layer is, if nothing else was asked for.
pub const EXPANSION: u32 = 2;

/// A filter as asked for.
///
/// # Errors
/// [`Failure`] if it needs more memory than allowed.
pub fn begun(capacity: u64, error: ErrorRate, growth: Growth) -> Result<Begun, Failure> {
    Begun::decide(capacity, error, growth, settings::filter_bytes_max()).map_err(refused)
}

/// Puts a new filter under an empty key.
///
/// # Errors
/// [`Failure`] on a replica; nothing is changed then.
pub fn create(ctx: &Context, name: Arg<'_>, key: &mut Key, begun: &Begun) -> Result<(), Failure> {
    check_primary()?;
    key.set(FilterValue { filter: filter(begun) });
    ctx.signal_modified(name);
    send(ctx, name, |payload| codec::encode_created(begun, payload));
    Ok(())
}

fn filter(begun: &Begun) -> Filter {
    Filter::new(begun.error, begun.growth, begun.first)
}

/// Adds items; without a filter, `make` says what one to make first. Gives what happened to each item.
///
/// # Errors
/// [`NotAdded`] if nothing was changed.
pub fn add<'a>(
    ctx: &Context,
    name: Arg<'_>,
    items: &'a [Arg<'a>],
    wording: Wording,
    make: impl FnOnce() -> Result<Begun, Failure>,
) -> Result<Effect<'a>, NotAdded> {
    let mut key = Key::open(ctx, name, Mode::Write);
    let Some(value) = key.value_mut::<FilterValue>()? else {
        if ctx.is_replayed() {
            return Err(misfit(ctx, name).into());
        }
        let begun = make()?;
        let effect = decide(&filter(&begun), Verb::Add, items).map_err(NotAdded::Refused)?;
        create(ctx, name, &mut key, &begun)?;
        if let Some(value) = key.value_mut::<FilterValue>()? {
            commit(ctx, name, value, &effect);
        }
        return Ok(effect);
    };
    let effect = decide(&value.filter, Verb::Add, items).map_err(NotAdded::Refused)?;
    if !effect.changes() {
        return Ok(effect);
    }
    if !effect.only_inserts() {
        only_here(ctx, name)?;
        commit(ctx, name, value, &effect);
    } else if !life::is_primary() && !ctx.is_replayed() {
        return Err(Failure::from(Hindrance::Replica).into());
    } else {
        value.filter.apply_items(&effect);
        ctx.signal_modified(name);
        match wording {
            Wording::Own => ctx.replicate_verbatim(),
            Wording::Foreign => ctx.replicate(c"SECKILL.BFADD", name, items),
        }
    }
    Ok(effect)
}

/// Refills or removes items. Gives what happened to each.
///
/// # Errors
/// [`Failure`] if nothing was changed.
pub fn change<'a>(
    ctx: &Context,
    name: Arg<'_>,
    verb: Verb,
    items: &'a [Arg<'a>],
) -> Result<Effect<'a>, Failure> {
    let mut key = Key::open(ctx, name, Mode::Write);
    let value = key.value_mut::<FilterValue>()?.ok_or_else(no_filter)?;
    let effect = decide(&value.filter, verb, items).map_err(refused)?;
    if effect.changes() {
        only_here(ctx, name)?;
        commit(ctx, name, value, &effect);
    }
    Ok(effect)
}

/// Begins a rebuild or ends it.
///
/// # Errors
/// [`Failure`] if nothing was changed.
pub fn rebuild(ctx: &Context, name: Arg<'_>, what: Rebuild) -> Result<(), Failure> {
    let mut key = Key::open(ctx, name, Mode::Write);
    let value = key.value_mut::<FilterValue>()?.ok_or_else(no_filter)?;
    let change = value.filter.decide_rebuild(what, settings::filter_bytes_max()).map_err(refused)?;
    only_here(ctx, name)?;
    value.filter.apply(&change);
    ctx.signal_modified(name);
    send(ctx, name, |payload| codec::encode_change(&change, payload));
    Ok(())
}

fn decide<'a>(filter: &Filter, verb: Verb, items: &'a [Arg<'a>]) -> Result<Effect<'a>, Refusal> {
    filter.decide(verb, items.iter().map(Arg::bytes), settings::filter_bytes_max())
}

/// Makes a decided change of items and sends it.
fn commit(ctx: &Context, name: Arg<'_>, value: &mut FilterValue, effect: &Effect<'_>) {
    value.filter.apply_items(effect);
    ctx.signal_modified(name);
    send(ctx, name, |payload| codec::encode_effect(effect, payload));
}

/// What has to be decided is decided by a primary, and for its own clients.
fn only_here(ctx: &Context, name: Arg<'_>) -> Result<(), Failure> {
    match (life::is_primary(), ctx.is_replayed()) {
        (true, false) => Ok(()),
        (false, false) => Err(Hindrance::Replica.into()),
        (_, true) => Err(misfit(ctx, name)),
    }
}

/// What was sent as it is would have to be decided again: the copies have diverged.
fn misfit(ctx: &Context, name: Arg<'_>) -> Failure {
    let text = format!("items for '{}' do not fit the filter", name.bytes().escape_ascii());
    ctx.log(Level::Warning, &text);
    Failure::from(format!("ERR {text}"))
}

fn send(ctx: &Context, name: Arg<'_>, encode: impl FnOnce(&mut Vec<u8>)) {
    PAYLOAD.with_borrow_mut(|payload| {
        payload.clear();
        encode(payload);
        ctx.replicate_apply(name, payload);
    });
}

/// The error for a key without a filter.
pub fn no_filter() -> Failure {
    Failure::from("NOFILTER there is no filter under this key: make it with SECKILL.BFCREATE")
}

/// The error for what a filter refuses.
pub fn refused(why: Refusal) -> Failure {
    Failure::from(match why {
        Refusal::NoRebuild => "ERR no rebuild is under way: BEGIN one first".to_string(),
        Refusal::Rebuilding => "ERR a rebuild is under way: COMMIT or ABORT it first".to_string(),
        Refusal::Full { capacity } => {
            format!("ERR the filter is full: it was made for {capacity} items and does not grow")
        }
        Refusal::Layers => {
            "ERR the filter is full: it has 1024 layers, rebuild it for as many items as it has".to_string()
        }
        Refusal::Memory { needed } => format!(
            "ERR the filter would need {needed} bytes, seckill.filter-max-bytes allows {}",
            settings::filter_bytes_max()
        ),
    })
}

/// Does what a payload of SECKILL.APPLY says.
///
/// # Errors
/// [`Failure`] if it does not fit what is here; nothing is changed then.
pub fn replay(ctx: &Context, name: Arg<'_>, payload: &[u8]) -> Result<(), Failure> {
    match codec::decode_sent(payload).map_err(|why| Failure::from(why.0))? {
        Sent::Created(begun) => put(ctx, name, filter(&begun)),
        Sent::Change(change) => {
            let mut key = Key::open(ctx, name, Mode::Write);
            let value = key.value_mut::<FilterValue>()?.ok_or("there is no such filter")?;
            value.filter.check(&change).map_err(|why| Failure::from(why.0))?;
            value.filter.apply(&change);
            ctx.signal_modified(name);
            Ok(())
        }
        Sent::Block => load(ctx, name, payload),
    }
}

/// Takes a block of a stored filter; the last one makes the key.
fn load(ctx: &Context, name: Arg<'_>, block: &[u8]) -> Result<(), Failure> {
    let place = (ctx.db(), name.bytes().to_vec());
    HALF_LOADED.with_borrow_mut(|half| {
        let fed = half.entry(place.clone()).or_default().feed(block);
        if !matches!(fed, Ok(None)) {
            half.remove(&place);
        }
        fed.map_err(|why| Failure::from(why.0))?.map_or(Ok(()), |filter| put(ctx, name, filter))
    })
}

fn put(ctx: &Context, name: Arg<'_>, filter: Filter) -> Result<(), Failure> {
    let mut key = Key::open(ctx, name, Mode::Write);
    if !key.is_empty() {
        return Err("the key exists".into());
    }
    key.set(FilterValue { filter });
    ctx.signal_modified(name);
    Ok(())
}

/// Drops filters whose last block never came.
pub fn forget_half_loaded() {
    HALF_LOADED.with_borrow_mut(HashMap::clear);
}
