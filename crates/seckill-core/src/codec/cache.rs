//! Cache entries as bytes: one payload for a change, one for a stored entry.
//!
//! Moments are told relative to each other, and tokens relative to the time, which they are near.

use super::wire::{Corrupt, Reader, Writer};
use super::{Kind, wire};
use crate::cache::{Change, Content, Effect, Entry, LeaseToken};
use crate::time::Timestamp;

const LEASED: u8 = 1;
const FILLED: u8 = 2;
const FOUND_ABSENT: u8 = 3;
const INVALIDATED: u8 = 4;

const NOTHING: u8 = 0;
const ABSENT: u8 = 1;
const VALUE: u8 = 2;

/// What came with SECKILL.APPLY for a cache entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// A change.
    Effect(Effect<'a>),
    /// A stored entry.
    Entry(Entry),
}

/// Appends an effect to `payload`.
pub fn encode_effect(effect: &Effect<'_>, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::CacheEffect);
    let at = effect.at;
    w.number(at.0);
    match effect.change {
        Change::Leased { token, until } => {
            w.byte(LEASED);
            encode_token(&mut w, at, token);
            encode_later(&mut w, at, until);
        }
        Change::Filled { token, value, fresh_until, stale_until } => {
            w.byte(FILLED);
            encode_token(&mut w, at, token);
            encode_later(&mut w, at, fresh_until);
            encode_later(&mut w, fresh_until, stale_until);
            w.bytes(value);
        }
        Change::FoundAbsent { token, until } => {
            w.byte(FOUND_ABSENT);
            encode_token(&mut w, at, token);
            encode_later(&mut w, at, until);
        }
        Change::Invalidated => w.byte(INVALIDATED),
    }
}

/// Appends an entry to `payload`, as it is stored.
pub fn encode_entry(entry: &Entry, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::CacheEntry);
    w.number(entry.token().0);
    w.number(entry.leased_until().0);
    match entry.content() {
        Content::Nothing => w.byte(NOTHING),
        Content::Absent { until } => {
            w.byte(ABSENT);
            w.number(until.0);
        }
        Content::Value { bytes, fresh_until, stale_until } => {
            w.byte(VALUE);
            w.number(fresh_until.0);
            encode_later(&mut w, *fresh_until, *stale_until);
            w.bytes(bytes);
        }
    }
}

/// Reads an entry as it was stored.
///
/// # Errors
/// [`Corrupt`] if this codec did not write it, or there can be no such entry.
pub fn decode_entry(payload: &[u8]) -> Result<Entry, Corrupt> {
    match decode_sent(payload)? {
        Sent::Entry(entry) => Ok(entry),
        Sent::Effect(_) => Err(Corrupt("a change instead of an entry")),
    }
}

/// Reads what came with SECKILL.APPLY.
///
/// # Errors
/// [`Corrupt`] if this codec did not write it, or there can be no such entry.
pub fn decode_sent(payload: &[u8]) -> Result<Sent<'_>, Corrupt> {
    let (kind, mut r) = wire::Reader::begin(payload)?;
    let sent = if kind == Kind::CacheEffect as u8 {
        let at = Timestamp(r.number()?);
        Sent::Effect(Effect { at, change: decode_change(&mut r, at)? })
    } else if kind == Kind::CacheEntry as u8 {
        Sent::Entry(decode_stored(&mut r)?)
    } else {
        return Err(Corrupt("a kind that a cache entry does not know"));
    };
    r.end()?;
    Ok(sent)
}

fn decode_change<'a>(r: &mut Reader<'a>, at: Timestamp) -> Result<Change<'a>, Corrupt> {
    Ok(match r.byte()? {
        LEASED => Change::Leased { token: decode_token(r, at)?, until: decode_later(r, at)? },
        FILLED => {
            let token = decode_token(r, at)?;
            let fresh_until = decode_later(r, at)?;
            let stale_until = decode_later(r, fresh_until)?;
            Change::Filled { token, value: r.bytes()?, fresh_until, stale_until }
        }
        FOUND_ABSENT => Change::FoundAbsent { token: decode_token(r, at)?, until: decode_later(r, at)? },
        INVALIDATED => Change::Invalidated,
        _ => return Err(Corrupt("an unknown change")),
    })
}

fn decode_stored(r: &mut Reader<'_>) -> Result<Entry, Corrupt> {
    let token = LeaseToken(r.number()?);
    let leased_until = Timestamp(r.number()?);
    let content = match r.byte()? {
        NOTHING => Content::Nothing,
        ABSENT => Content::Absent { until: Timestamp(r.number()?) },
        VALUE => {
            let fresh_until = Timestamp(r.number()?);
            let stale_until = decode_later(r, fresh_until)?;
            Content::Value { bytes: r.bytes()?.into(), fresh_until, stale_until }
        }
        _ => return Err(Corrupt("an unknown content")),
    };
    Entry::restored(content, token, leased_until).map_err(|why| Corrupt(why.0))
}

fn encode_token(w: &mut Writer<'_>, at: Timestamp, token: LeaseToken) {
    w.signed(token.0.wrapping_sub(micros(at)) as i64);
}

fn decode_token(r: &mut Reader<'_>, at: Timestamp) -> Result<LeaseToken, Corrupt> {
    Ok(LeaseToken(micros(at).wrapping_add_signed(r.signed()?)))
}

fn micros(at: Timestamp) -> u64 {
    at.0.wrapping_mul(1000)
}

fn encode_later(w: &mut Writer<'_>, from: Timestamp, later: Timestamp) {
    w.number(later.since(from));
}

fn decode_later(r: &mut Reader<'_>, from: Timestamp) -> Result<Timestamp, Corrupt> {
    Ok(from.after(r.number()?))
}
