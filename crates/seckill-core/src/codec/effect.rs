//! What SECKILL.APPLY carries for one change.

use super::wire::{Corrupt, Reader, Writer};
use super::{Kind, sale};
use crate::bounds::Invalid;
use crate::ids::ReservationId;
use crate::sale::{Change, Effect, Outlet, Sale, SaleState, Seed, Stock, Terms};
use crate::time::Timestamp;

/// A stream entry's id: milliseconds and number.
pub type EntryId = (u64, u64);

/// A sale's creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// When.
    pub at: Timestamp,
    /// On what terms.
    pub terms: Terms,
    /// With how many units.
    pub stock: Stock,
    /// Where its events go.
    pub outlet: Outlet,
    /// The key of the filter of those who may ask; empty for none.
    pub filter: Box<[u8]>,
    /// Its first epoch: 0, or one that the stream does not know yet.
    pub epoch: u32,
}

impl Created {
    /// The sale as it was created.
    ///
    /// # Errors
    /// [`Invalid`] if there can be none like this.
    pub fn sale(&self, seed: Seed) -> Result<Sale, Invalid> {
        let sale = Sale::new(self.terms, self.stock, self.outlet.clone(), self.at, seed)?;
        sale.for_those_in(&self.filter).from_epoch(self.epoch)
    }
}

/// What came with SECKILL.APPLY.
#[derive(Debug)]
pub enum Sent<'a> {
    /// A sale's creation.
    Created(Created),
    /// A change, and the id of its event in the stream.
    Effect(Effect<'a>, Option<EntryId>),
    /// A part of a stored sale, for [`super::Loader`].
    Block,
}

const RESERVED: u8 = 1;
const CONFIRMED: u8 = 2;
const RELEASED: u8 = 3;
const EXPIRED: u8 = 4;
const EXTENDED: u8 = 5;
const REFUNDED: u8 = 6;
const RESTOCKED: u8 = 7;
const VOIDED: u8 = 8;
const ALTERED: u8 = 9;
const ADOPTED: u8 = 10;
const WAITLISTED: u8 = 11;
const OFFERED: u8 = 12;
const ACCEPTED: u8 = 13;

const HAS_DEADLINE: u8 = 1;
const HAS_TOKEN: u8 = 2;
const HAS_DATA: u8 = 4;
const RESTOCKS: u8 = 8;

/// Appends an effect and the id of its event to `payload`.
pub fn encode_effect(effect: &Effect<'_>, entry: Option<EntryId>, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::Effect);
    w.number(effect.at.0);
    w.number(u64::from(effect.epoch));
    w.number(effect.seq);
    if effect.change.has_event() {
        let (ms, number) = entry.unwrap_or_default();
        w.signed(ms.wrapping_sub(effect.at.0) as i64);
        w.number(number);
    }
    encode_change(&mut w, effect);
}

/// What a new reservation's id is told relative to: the event's own number, which grows with it.
fn base(epoch: u32, seq: u64) -> u64 {
    ReservationId::new(epoch, 0).0.wrapping_add(seq)
}

fn encode_change(w: &mut Writer<'_>, effect: &Effect<'_>) {
    match effect.change {
        Change::Reserved { .. } | Change::Adopted { .. } | Change::Waitlisted { .. } => encode_new(w, effect),
        Change::Offered { id, deadline } => {
            encode_id(w, OFFERED, id);
            w.number(deadline.0);
        }
        Change::Accepted { id, deadline, token } => {
            encode_id(w, ACCEPTED, id);
            w.byte(flag(deadline.is_some(), HAS_DEADLINE) | flag(token.is_some(), HAS_TOKEN));
            deadline.into_iter().for_each(|deadline| w.number(deadline.0));
            token.into_iter().for_each(|token| w.bytes(token));
        }
        Change::Confirmed { id } => encode_id(w, CONFIRMED, id),
        Change::Released { id } => encode_id(w, RELEASED, id),
        Change::Expired { id } => encode_id(w, EXPIRED, id),
        Change::Extended { id, deadline } => {
            encode_id(w, EXTENDED, id);
            w.number(deadline.0);
        }
        Change::Refunded { id, units, token, restock } => {
            encode_id(w, REFUNDED, id);
            w.byte(flag(token.is_some(), HAS_TOKEN) | flag(restock, RESTOCKS));
            w.number(units);
            token.into_iter().for_each(|token| w.bytes(token));
        }
        Change::Restocked { delta, total, token } => {
            w.byte(RESTOCKED);
            w.byte(flag(token.is_some(), HAS_TOKEN));
            w.signed(delta);
            w.number(total);
            token.into_iter().for_each(|token| w.bytes(token));
        }
        Change::Voided { user, token, until } => {
            w.byte(VOIDED);
            w.bytes(user);
            w.bytes(token);
            w.number(until.0);
        }
        Change::Altered { terms, state, opened, filter } => {
            w.byte(ALTERED);
            sale::encode_terms(w, &terms);
            w.byte(state as u8);
            w.number(u64::from(opened));
            w.bytes(filter);
        }
    }
}

/// A change that makes a reservation.
fn encode_new(w: &mut Writer<'_>, effect: &Effect<'_>) {
    let Effect { at, epoch, seq, .. } = *effect;
    match effect.change {
        Change::Reserved { id, user, qty, deadline, token, data } => {
            w.byte(RESERVED);
            w.byte(
                flag(deadline.is_some(), HAS_DEADLINE)
                    | flag(token.is_some(), HAS_TOKEN)
                    | flag(data.is_some(), HAS_DATA),
            );
            w.signed(id.0.wrapping_sub(base(epoch, seq)) as i64);
            w.bytes(user);
            w.number(qty);
            if let Some(deadline) = deadline {
                w.number(deadline.since(at));
            }
            [token, data].into_iter().flatten().for_each(|bytes| w.bytes(bytes));
        }
        Change::Adopted { id, user, qty, deadline } => {
            encode_id(w, ADOPTED, id);
            w.byte(flag(deadline.is_some(), HAS_DEADLINE));
            w.bytes(user);
            w.number(qty);
            if let Some(deadline) = deadline {
                w.number(deadline.since(at));
            }
        }
        Change::Waitlisted { id, user, qty, token, data } => {
            w.byte(WAITLISTED);
            w.byte(flag(token.is_some(), HAS_TOKEN) | flag(data.is_some(), HAS_DATA));
            w.signed(id.0.wrapping_sub(base(epoch, seq)) as i64);
            w.bytes(user);
            w.number(qty);
            [token, data].into_iter().flatten().for_each(|bytes| w.bytes(bytes));
        }
        _ => {}
    }
}

/// Appends a sale's creation to `payload`.
pub fn encode_created(created: &Created, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::Created);
    w.number(created.at.0);
    sale::encode_terms(&mut w, &created.terms);
    sale::encode_stock(&mut w, created.stock);
    sale::encode_outlet(&mut w, &created.outlet);
    w.bytes(&created.filter);
    w.number(u64::from(created.epoch));
}

/// Reads what came with SECKILL.APPLY.
///
/// # Errors
/// [`Corrupt`] if this codec did not write it.
pub fn decode_sent(payload: &[u8]) -> Result<Sent<'_>, Corrupt> {
    let (kind, mut r) = Reader::begin(payload)?;
    if kind == Kind::Created as u8 {
        let at = Timestamp(r.number()?);
        let terms = sale::decode_terms(&mut r)?;
        let stock = sale::decode_stock(&mut r)?;
        let outlet = sale::decode_outlet(&mut r)?;
        let filter = r.bytes()?.into();
        let epoch = r.small()?;
        r.end()?;
        return Ok(Sent::Created(Created { at, terms, stock, outlet, filter, epoch }));
    }
    if kind != Kind::Effect as u8 {
        return Ok(Sent::Block);
    }
    let at = Timestamp(r.number()?);
    let epoch = r.small()?;
    let seq = r.number()?;
    let entry = if seq > 0 { Some((at.0.wrapping_add_signed(r.signed()?), r.number()?)) } else { None };
    let change = decode_change(&mut r, at, base(epoch, seq))?;
    r.end()?;
    if change.has_event() != entry.is_some() {
        return Err(Corrupt("an event without a number"));
    }
    Ok(Sent::Effect(Effect { at, epoch, seq, change }, entry))
}

fn decode_change<'a>(r: &mut Reader<'a>, at: Timestamp, base: u64) -> Result<Change<'a>, Corrupt> {
    Ok(match r.byte()? {
        RESERVED => {
            let flags = r.byte()?;
            let id = checked_id(base.wrapping_add_signed(r.signed()?))?;
            let user = r.bytes()?;
            let qty = r.number()?;
            let deadline = if flags & HAS_DEADLINE > 0 { Some(at.after(r.number()?)) } else { None };
            let token = optional(r, flags & HAS_TOKEN)?;
            let data = optional(r, flags & HAS_DATA)?;
            Change::Reserved { id, user, qty, deadline, token, data }
        }
        ADOPTED => {
            let id = decode_id(r)?;
            let flags = r.byte()?;
            let (user, qty) = (r.bytes()?, r.number()?);
            let deadline = if flags & HAS_DEADLINE > 0 { Some(at.after(r.number()?)) } else { None };
            Change::Adopted { id, user, qty, deadline }
        }
        WAITLISTED => {
            let flags = r.byte()?;
            let id = checked_id(base.wrapping_add_signed(r.signed()?))?;
            let (user, qty) = (r.bytes()?, r.number()?);
            let token = optional(r, flags & HAS_TOKEN)?;
            Change::Waitlisted { id, user, qty, token, data: optional(r, flags & HAS_DATA)? }
        }
        OFFERED => Change::Offered { id: decode_id(r)?, deadline: Timestamp(r.number()?) },
        ACCEPTED => {
            let (id, flags) = (decode_id(r)?, r.byte()?);
            let deadline = if flags & HAS_DEADLINE > 0 { Some(Timestamp(r.number()?)) } else { None };
            Change::Accepted { id, deadline, token: optional(r, flags & HAS_TOKEN)? }
        }
        CONFIRMED => Change::Confirmed { id: decode_id(r)? },
        RELEASED => Change::Released { id: decode_id(r)? },
        EXPIRED => Change::Expired { id: decode_id(r)? },
        EXTENDED => Change::Extended { id: decode_id(r)?, deadline: Timestamp(r.number()?) },
        REFUNDED => {
            let id = decode_id(r)?;
            let flags = r.byte()?;
            let units = r.number()?;
            let token = optional(r, flags & HAS_TOKEN)?;
            Change::Refunded { id, units, token, restock: flags & RESTOCKS > 0 }
        }
        RESTOCKED => {
            let flags = r.byte()?;
            let delta = r.signed()?;
            let total = r.number()?;
            Change::Restocked { delta, total, token: optional(r, flags & HAS_TOKEN)? }
        }
        VOIDED => {
            let user = r.bytes()?;
            let token = r.bytes()?;
            Change::Voided { user, token, until: Timestamp(r.number()?) }
        }
        ALTERED => {
            let terms = sale::decode_terms(r)?;
            let state = SaleState::from_code(r.byte()?).ok_or(Corrupt("an unknown state"))?;
            Change::Altered { terms, state, opened: r.small()?, filter: r.bytes()? }
        }
        _ => return Err(Corrupt("an unknown change")),
    })
}

fn encode_id(w: &mut Writer<'_>, change: u8, id: ReservationId) {
    w.byte(change);
    w.number(id.0);
}

fn decode_id(r: &mut Reader<'_>) -> Result<ReservationId, Corrupt> {
    checked_id(r.number()?)
}

fn checked_id(id: u64) -> Result<ReservationId, Corrupt> {
    let id = ReservationId(id);
    if id <= ReservationId::MAX { Ok(id) } else { Err(Corrupt("an id out of range")) }
}

fn optional<'a>(r: &mut Reader<'a>, there: u8) -> Result<Option<&'a [u8]>, Corrupt> {
    if there > 0 { r.bytes().map(Some) } else { Ok(None) }
}

fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}
