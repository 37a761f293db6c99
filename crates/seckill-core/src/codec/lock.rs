//! Locks as bytes: one payload for a change, one for a stored lock.

use super::wire::{Corrupt, Reader, Writer};
use super::{Kind, wire};
use crate::lock::{Change, Effect, FencingToken, Holder, Lock, Mode};
use crate::time::Timestamp;

const ACQUIRED: u8 = 1;
const RELEASED: u8 = 2;
const RENEWED: u8 = 3;
const FENCED: u8 = 4;

/// What came with SECKILL.APPLY for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// A change, and until when the key is kept.
    Effect(Effect<'a>, Timestamp),
    /// A stored lock.
    Lock(Lock),
}

/// Appends an effect to `payload`, and until when the key is kept.
pub fn encode_effect(effect: &Effect<'_>, kept_until: Timestamp, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::LockEffect);
    let at = effect.at;
    w.number(at.0);
    w.number(kept_until.since(at));
    match effect.change {
        Change::Acquired { owner, mode, token, depth, until } => {
            w.byte(ACQUIRED);
            w.bytes(owner);
            encode_mode(&mut w, mode);
            w.number(token.0);
            w.number(u64::from(depth));
            w.number(until.since(at));
        }
        Change::Released { owner, depth } => {
            w.byte(RELEASED);
            w.bytes(owner);
            w.number(u64::from(depth));
        }
        Change::Renewed { owner, until } => {
            w.byte(RENEWED);
            w.bytes(owner);
            w.number(until.since(at));
        }
        Change::Fenced { token } => {
            w.byte(FENCED);
            w.number(token.0);
        }
    }
}

/// Appends a lock to `payload`, as it is stored.
pub fn encode_lock(lock: &Lock, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::Lock);
    encode_mode(&mut w, lock.mode());
    w.number(lock.last().0);
    w.number(lock.fence().0);
    w.number(lock.clock().0);
    w.number(lock.holders().len() as u64);
    for holder in lock.holders() {
        w.bytes(&holder.owner);
        w.number(holder.token.0);
        w.number(u64::from(holder.depth));
        w.number(holder.until.since(lock.clock()));
    }
}

/// Reads a lock as it was stored.
///
/// # Errors
/// [`Corrupt`] if this codec did not write it, or there can be no such lock.
pub fn decode_lock(payload: &[u8]) -> Result<Lock, Corrupt> {
    match decode_sent(payload)? {
        Sent::Lock(lock) => Ok(lock),
        Sent::Effect(..) => Err(Corrupt("a change instead of a lock")),
    }
}

/// Reads what came with SECKILL.APPLY.
///
/// # Errors
/// [`Corrupt`] if this codec did not write it, or there can be no such lock.
pub fn decode_sent(payload: &[u8]) -> Result<Sent<'_>, Corrupt> {
    let (kind, mut r) = wire::Reader::begin(payload)?;
    let sent = if kind == Kind::LockEffect as u8 {
        let at = Timestamp(r.number()?);
        let kept_until = at.after(r.number()?);
        Sent::Effect(Effect { at, change: decode_change(&mut r, at)? }, kept_until)
    } else if kind == Kind::Lock as u8 {
        Sent::Lock(decode_stored(&mut r)?)
    } else {
        return Err(Corrupt("a kind that a lock does not know"));
    };
    r.end()?;
    Ok(sent)
}

fn decode_change<'a>(r: &mut Reader<'a>, at: Timestamp) -> Result<Change<'a>, Corrupt> {
    Ok(match r.byte()? {
        ACQUIRED => Change::Acquired {
            owner: r.bytes()?,
            mode: decode_mode(r)?,
            token: FencingToken(r.number()?),
            depth: r.small()?,
            until: at.after(r.number()?),
        },
        RELEASED => Change::Released { owner: r.bytes()?, depth: r.small()? },
        RENEWED => Change::Renewed { owner: r.bytes()?, until: at.after(r.number()?) },
        FENCED => Change::Fenced { token: FencingToken(r.number()?) },
        _ => return Err(Corrupt("an unknown change")),
    })
}

fn decode_stored(r: &mut Reader<'_>) -> Result<Lock, Corrupt> {
    let mode = decode_mode(r)?;
    let (last, fence, clock) = (FencingToken(r.number()?), FencingToken(r.number()?), Timestamp(r.number()?));
    let len = r.number()?;
    let holders = (0..len).map(|_| decode_holder(r, clock)).collect::<Result<Vec<_>, _>>()?;
    Lock::restored(mode, holders, last, fence, clock).map_err(|why| Corrupt(why.0))
}

fn decode_holder(r: &mut Reader<'_>, clock: Timestamp) -> Result<Holder, Corrupt> {
    Ok(Holder {
        owner: r.bytes()?.into(),
        token: FencingToken(r.number()?),
        depth: r.small()?,
        until: clock.after(r.number()?),
    })
}

fn encode_mode(w: &mut Writer<'_>, mode: Mode) {
    w.byte(u8::from(mode == Mode::Shared));
}

fn decode_mode(r: &mut Reader<'_>) -> Result<Mode, Corrupt> {
    match r.byte()? {
        0 => Ok(Mode::Exclusive),
        1 => Ok(Mode::Shared),
        _ => Err(Corrupt("an unknown mode")),
    }
}
