//! `SECKILL.RESERVE sale user [QTY n] [REQUEST token] [IP addr] [TIER n] [TICKET ticket] [WAITLIST] [DATA payload]`

use seckill_core::sale::{
    Change, Effect, Outcome, QTY_MAX, Request, Reservation, ReservationState, Reserve as Ask,
};
use seckill_core::time::Timestamp;

use super::args::{Cursor, TIERS};
use super::{reply, with_sale_mut};
use crate::admission::{self, Pass};
use crate::change::{self, NotMade};
use crate::host::{Arg, Command, Context, Failure};
use crate::totals;
use crate::types::SaleValue;

/// Bytes of an address, at most: a name of a network, or of a host, will do as well.
pub const IP_BYTES_MAX: usize = 255;

/// `SECKILL.RESERVE`
pub struct Reserve;

impl Command for Reserve {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let (mut ask, pass) = parse(&mut cursor)?;
        with_sale_mut(ctx, key, |value| {
            let result = match admission::admit(ctx, key, value, &mut ask, pass)? {
                Some(refusal) => Err(NotMade::Refused(refusal)),
                None => change::request(ctx, key, value, &Request::Reserve(ask)),
            };
            value.tally.count(outcome(&result), Timestamp(ctx.now_ms()));
            match result {
                Ok(effect) => {
                    taken(ctx, value, &effect);
                    Ok(())
                }
                Err(why) => {
                    totals::count_refused();
                    reply::not_made(ctx, value, why, |reservation| standing(ctx, value, reservation))
                }
            }
        })
    }
}

fn parse<'a>(cursor: &mut Cursor<'a>) -> Result<(Ask<'a>, Pass<'a>), Failure> {
    let mut ask = Ask { user: cursor.user()?, qty: 1, token: None, data: None, tier: 0, waits: false };
    let mut pass = Pass::default();
    while let Some(word) = cursor.word(&["QTY", "REQUEST", "IP", "TIER", "TICKET", "WAITLIST", "DATA"])? {
        match word {
            "QTY" => ask.qty = cursor.count(1..=QTY_MAX as i64)?,
            "REQUEST" => ask.token = Some(cursor.token()?),
            "IP" => pass.ip = Some(cursor.bytes("IP", 1..=IP_BYTES_MAX)?),
            "TIER" => pass.tier = cursor.small(TIERS)?,
            "TICKET" => pass.ticket = Some(cursor.next()?.bytes()),
            "WAITLIST" => ask.waits = true,
            _ => ask.data = Some(cursor.data()?),
        }
    }
    // An empty payload is none, so that both are the same request.
    ask.data = ask.data.filter(|data| !data.is_empty());
    Ok((ask, pass))
}

fn outcome(result: &Result<Effect<'_>, NotMade>) -> Outcome {
    match result {
        Ok(effect) if matches!(effect.change, Change::Waitlisted { .. }) => Outcome::SoldOut,
        Ok(_) => Outcome::Reserved,
        Err(NotMade::Refused(refusal)) => Outcome::of(refusal),
        Err(NotMade::Hindered(_)) => Outcome::Refused,
    }
}

fn taken(ctx: &Context, value: &SaleValue, effect: &Effect<'_>) {
    match effect.change {
        Change::Reserved { id, qty, deadline, .. } => {
            let (word, second) = deadline.map_or(("CONFIRMED", qty), |at| ("RESERVED", at.0));
            with_available(ctx, value, word, id.0, second);
        }
        Change::Waitlisted { id, .. } | Change::Accepted { id, .. } => {
            let found = value.sale.reservation(id, effect.at);
            found.iter().for_each(|reservation| standing(ctx, value, reservation));
        }
        _ => {}
    }
}

/// A reservation as it stands: a new one, or that of the same request before.
fn standing(ctx: &Context, value: &SaleValue, reservation: &Reservation<'_>) {
    let Reservation { id, qty, deadline, state, .. } = *reservation;
    match state {
        ReservationState::Held => {
            with_available(ctx, value, "RESERVED", id.0, deadline.unwrap_or_default().0)
        }
        ReservationState::Confirmed => with_available(ctx, value, state.word(), id.0, qty),
        ReservationState::Waiting => reply::numbers(ctx, "WAITLISTED", &[id.0, value.sale.position(id)]),
        ReservationState::Released
        | ReservationState::Expired
        | ReservationState::Refunded
        | ReservationState::Offered => {
            reply::numbers(ctx, state.word(), &[id.0]);
        }
    }
}

fn with_available(ctx: &Context, value: &SaleValue, word: &'static str, id: u64, second: u64) {
    ctx.array(4);
    ctx.status(word);
    ctx.count(id);
    ctx.count(second);
    reply::units(ctx, value.sale.available_at(Timestamp(ctx.now_ms())));
}
