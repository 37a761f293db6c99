//! A whole sale, in blocks: what RDB and the rewritten AOF hold.

use super::Kind;
use super::wire::{Corrupt, Reader, Writer};
use crate::bounds::Invalid;
use crate::ids::{ReservationId, Slot};
use crate::sale::{
    Access, Builder, Buyer, Early, Head, NewRow, OnFailover, Outlet, Patience, Rate, Rates, ReservationState,
    Sale, SaleState, Seed, Stock, Tail, Terms,
};
use crate::time::Timestamp;

/// A block ends when it is longer than this.
const BLOCK_BYTES: usize = 32 * 1024;

/// What blocks are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be loaded again.
    Store,
    /// To be compared: only what every copy of the sale has in common.
    Digest,
}

const REPEAT: u8 = 1;
const TOKEN: u8 = 2;
const DATA: u8 = 4;
const PINNED: u8 = 8;
const STATE_SHIFT: u8 = 4;

const REFUND: u8 = 1;
const PART: u8 = 2;
const RESTOCK: u8 = 3;
const VOID: u8 = 4;
const ANSWER: u8 = 5;

/// Gives a sale to `take`, block by block.
pub fn blocks(sale: &Sale, purpose: Purpose, mut take: impl FnMut(&[u8])) {
    let mut block = Vec::with_capacity(BLOCK_BYTES + 1024);
    encode_head(&mut Writer(&mut block), &sale.head());
    take(&block);
    pack(Kind::Rows, sale.rows(), &mut block, &mut take, |w, row| encode_row(w, &row, purpose));
    pack(Kind::Tails, sale.tails(), &mut block, &mut take, |w, tail| encode_tail(w, &tail));
    block.clear();
    Writer(&mut block).begin(Kind::End);
    take(&block);
}

fn pack<T>(
    kind: Kind,
    items: impl Iterator<Item = T>,
    block: &mut Vec<u8>,
    mut take: impl FnMut(&[u8]),
    encode: impl Fn(&mut Writer<'_>, T),
) {
    block.clear();
    for item in items {
        if block.is_empty() {
            Writer(block).begin(kind);
        }
        encode(&mut Writer(block), item);
        if block.len() > BLOCK_BYTES {
            take(block);
            block.clear();
        }
    }
    if !block.is_empty() {
        take(block);
    }
}

/// Puts blocks together to a sale again.
#[derive(Debug)]
pub struct Loader {
    seed: Seed,
    builder: Option<Builder>,
}

impl Loader {
    /// Waits for the first block.
    pub fn new(seed: Seed) -> Loader {
        Loader { seed, builder: None }
    }

    /// Takes the next block; gives the sale after the last.
    ///
    /// # Errors
    /// [`Corrupt`] if it is not the next block of a sale.
    pub fn feed(&mut self, block: &[u8]) -> Result<Option<Sale>, Corrupt> {
        let (kind, mut r) = Reader::begin(block)?;
        if kind == Kind::Head as u8 {
            if self.builder.is_some() {
                return Err(Corrupt("a second head"));
            }
            let head = decode_head(&mut r)?;
            r.end()?;
            self.builder = Some(Builder::new(head, self.seed.clone()).map_err(invalid)?);
            return Ok(None);
        }
        let builder = self.builder.as_mut().ok_or(Corrupt("no head"))?;
        if kind == Kind::Rows as u8 {
            while !r.is_empty() {
                builder.push(&decode_row(&mut r)?).map_err(invalid)?;
            }
        } else if kind == Kind::Tails as u8 {
            while !r.is_empty() {
                builder.push_tail(&decode_tail(&mut r)?).map_err(invalid)?;
            }
        } else if kind == Kind::End as u8 {
            r.end()?;
            return self.builder.take().map(Builder::finish).transpose().map_err(invalid);
        } else {
            return Err(Corrupt("an unknown block"));
        }
        Ok(None)
    }
}

fn invalid(why: Invalid) -> Corrupt {
    Corrupt(why.0)
}

fn encode_head(w: &mut Writer<'_>, head: &Head) {
    w.begin(Kind::Head);
    encode_terms(w, &head.terms);
    w.byte(head.state as u8);
    encode_outlet(w, &head.outlet);
    w.bytes(&head.filter);
    w.number(head.created.0);
    w.number(head.clock.0);
    w.number(u64::from(head.epoch));
    w.number(head.seq);
    w.number(u64::from(head.numbered));
    w.number(u64::from(head.opened));
    encode_stock(w, head.stock);
    w.number(head.held);
    w.number(head.confirmed);
    w.number(head.oversold);
    w.number(head.offered);
    w.number(head.patience.until.map_or(0, |at| at.0));
    w.byte(head.patience.passed);
    w.number(head.id_runs.len() as u64);
    for (first, len) in &head.id_runs {
        w.number(first.0);
        w.number(u64::from(*len));
    }
    w.number(head.graces.len() as u64);
    for (from, grace_ms) in &head.graces {
        w.number(u64::from(*from));
        w.number(*grace_ms);
    }
}

fn decode_head(r: &mut Reader<'_>) -> Result<Head, Corrupt> {
    let terms = decode_terms(r)?;
    let state = SaleState::from_code(r.byte()?).ok_or(Corrupt("an unknown state"))?;
    let outlet = decode_outlet(r)?;
    let filter = r.bytes()?.into();
    let [created, clock] = [r.number()?, r.number()?].map(Timestamp);
    let (epoch, seq, numbered, opened) = (r.small()?, r.number()?, r.small()?, r.small()?);
    let stock = decode_stock(r)?;
    let (held, confirmed, oversold, offered) = (r.number()?, r.number()?, r.number()?, r.number()?);
    let until = Some(Timestamp(r.number()?)).filter(|at| at.0 > 0);
    let patience = Patience::stored(until, r.byte()?);
    let id_runs = list(r, |r| Ok((ReservationId(r.number()?), r.small()?)))?;
    let graces = list(r, |r| Ok((r.small()?, r.number()?)))?;
    if id_runs.iter().any(|(first, _)| *first > ReservationId::MAX) {
        return Err(Corrupt("an id out of range"));
    }
    Ok(Head {
        terms,
        state,
        outlet,
        filter,
        created,
        clock,
        epoch,
        seq,
        numbered,
        opened,
        stock,
        held,
        confirmed,
        oversold,
        offered,
        patience,
        id_runs,
        graces,
    })
}

fn list<'a, T>(
    r: &mut Reader<'a>,
    item: impl Fn(&mut Reader<'a>) -> Result<T, Corrupt>,
) -> Result<Vec<T>, Corrupt> {
    let len = r.number()?;
    (0..len).map(|_| item(r)).collect()
}

pub(super) fn encode_terms(w: &mut Writer<'_>, terms: &Terms) {
    for moment in [terms.start, terms.end] {
        w.number(moment.map_or(0, |at| at.0));
    }
    let Terms { hold_ms, grace_ms, hold_ms_max, per_user, waiting_max, offer_ms, .. } = *terms;
    for number in [hold_ms, grace_ms, hold_ms_max, per_user, waiting_max, offer_ms] {
        w.number(number);
    }
    encode_access(w, &terms.access);
    for rate in [terms.rates.sale, terms.rates.user, terms.rates.ip] {
        w.number(rate.map_or(0, |rate| rate.count));
        w.number(rate.map_or(0, |rate| rate.period_ms));
    }
    w.byte(terms.on_failover as u8);
}

/// A count of 0 is no rate.
fn decode_rate(r: &mut Reader<'_>) -> Result<Option<Rate>, Corrupt> {
    let rate = Rate { count: r.number()?, period_ms: r.number()? };
    Ok((rate.count > 0).then_some(rate))
}

fn encode_access(w: &mut Writer<'_>, access: &Access) {
    let early = access.early.unwrap_or(Early { tier: 0, from: Timestamp(0) });
    w.byte(u8::from(access.tickets) | u8::from(access.early.is_some()) << 1);
    w.number(u64::from(access.tier_min));
    w.number(u64::from(early.tier));
    w.number(early.from.0);
}

fn decode_access(r: &mut Reader<'_>) -> Result<Access, Corrupt> {
    let flags = r.byte()?;
    let tier_min = r.small()?;
    let early = Early { tier: r.small()?, from: Timestamp(r.number()?) };
    Ok(Access { tickets: flags & 1 > 0, tier_min, early: (flags & 2 > 0).then_some(early) })
}

pub(super) fn decode_terms(r: &mut Reader<'_>) -> Result<Terms, Corrupt> {
    let moment = |at: u64| (at > 0).then_some(Timestamp(at));
    let (start, end) = (moment(r.number()?), moment(r.number()?));
    let (hold_ms, grace_ms, hold_ms_max, per_user) = (r.number()?, r.number()?, r.number()?, r.number()?);
    let (waiting_max, offer_ms) = (r.number()?, r.number()?);
    let access = decode_access(r)?;
    let rates = Rates { sale: decode_rate(r)?, user: decode_rate(r)?, ip: decode_rate(r)? };
    let on_failover = OnFailover::from_code(r.byte()?).ok_or(Corrupt("an unknown choice"))?;
    Terms {
        start,
        end,
        hold_ms,
        grace_ms,
        hold_ms_max,
        per_user,
        waiting_max,
        offer_ms,
        access,
        rates,
        on_failover,
    }
    .checked()
    .map_err(invalid)
}

/// 0 is unlimited, else units + 1.
pub(super) fn encode_stock(w: &mut Writer<'_>, stock: Stock) {
    w.number(match stock {
        Stock::Unlimited => 0,
        Stock::Limited(units) => units + 1,
    });
}

pub(super) fn decode_stock(r: &mut Reader<'_>) -> Result<Stock, Corrupt> {
    Ok(r.number()?.checked_sub(1).map_or(Stock::Unlimited, Stock::Limited))
}

pub(super) fn encode_outlet(w: &mut Writer<'_>, outlet: &Outlet) {
    w.bytes(&outlet.stream);
    w.bytes(&outlet.group);
}

pub(super) fn decode_outlet(r: &mut Reader<'_>) -> Result<Outlet, Corrupt> {
    Ok(Outlet { stream: r.bytes()?.into(), group: r.bytes()?.into() })
}

fn encode_row(w: &mut Writer<'_>, row: &NewRow<'_>, purpose: Purpose) {
    let repeat = matches!(row.buyer, Buyer::Known(_));
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    w.byte(
        flag(repeat, REPEAT)
            | flag(row.token.is_some(), TOKEN)
            | flag(row.data.is_some(), DATA)
            | flag(row.pinned && purpose == Purpose::Store, PINNED)
            | (row.state as u8) << STATE_SHIFT,
    );
    w.number(row.qty);
    w.number(row.age_ms);
    w.number(row.hold_ms);
    match row.buyer {
        Buyer::Known(first) => w.number(u64::from(first.0)),
        Buyer::New(user) => w.bytes(user),
    }
    [row.token, row.data].into_iter().flatten().for_each(|bytes| w.bytes(bytes));
}

fn decode_row<'a>(r: &mut Reader<'a>) -> Result<NewRow<'a>, Corrupt> {
    let flags = r.byte()?;
    let state = ReservationState::from_code(flags >> STATE_SHIFT).ok_or(Corrupt("an unknown state"))?;
    let (qty, age_ms, hold_ms) = (r.number()?, r.number()?, r.number()?);
    let buyer = if flags & REPEAT > 0 { Buyer::Known(Slot(r.small()?)) } else { Buyer::New(r.bytes()?) };
    let token = if flags & TOKEN > 0 { Some(r.bytes()?) } else { None };
    let data = if flags & DATA > 0 { Some(r.bytes()?) } else { None };
    let pinned = flags & PINNED > 0;
    Ok(NewRow { buyer, qty, state, age_ms, hold_ms, pinned, token, data })
}

fn encode_tail(w: &mut Writer<'_>, tail: &Tail<'_>) {
    match *tail {
        Tail::Refund { slot, units } => {
            w.byte(REFUND);
            w.number(u64::from(slot));
            w.number(units);
        }
        Tail::Part { slot, token, units } => {
            w.byte(PART);
            w.number(u64::from(slot));
            w.bytes(token);
            w.number(units);
        }
        Tail::Restock { token, delta, available, total } => {
            w.byte(RESTOCK);
            w.bytes(token);
            w.signed(delta);
            w.number(available);
            w.number(total);
        }
        Tail::Answer { slot, token } => {
            w.byte(ANSWER);
            w.number(u64::from(slot));
            w.bytes(token);
        }
        Tail::Void { user, token, until } => {
            w.byte(VOID);
            w.bytes(user);
            w.bytes(token);
            w.number(until.0);
        }
    }
}

fn decode_tail<'a>(r: &mut Reader<'a>) -> Result<Tail<'a>, Corrupt> {
    Ok(match r.byte()? {
        REFUND => Tail::Refund { slot: r.small()?, units: r.number()? },
        PART => Tail::Part { slot: r.small()?, token: r.bytes()?, units: r.number()? },
        RESTOCK => Tail::Restock {
            token: r.bytes()?,
            delta: r.signed()?,
            available: r.number()?,
            total: r.number()?,
        },
        ANSWER => Tail::Answer { slot: r.small()?, token: r.bytes()? },
        VOID => Tail::Void { user: r.bytes()?, token: r.bytes()?, until: Timestamp(r.number()?) },
        _ => return Err(Corrupt("an unknown entry")),
    })
}
