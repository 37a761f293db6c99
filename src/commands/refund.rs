//! `SECKILL.REFUND sale id [QTY n REQUEST token] [NORESTOCK]`

use seckill_core::sale::{Part, QTY_MAX, Request, Reservation, ReservationState};
use seckill_core::time::Timestamp;

use super::args::Cursor;
use super::{reply, with_sale_mut};
use crate::change;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.REFUND`
pub struct Refund;

impl Command for Refund {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let id = cursor.id()?;
        let (part, restock) = parse(&mut cursor)?;
        with_sale_mut(ctx, key, |value| {
            match change::request(ctx, key, value, &Request::Refund { id, part, restock }) {
                Ok(_) => {
                    let refunded = value.sale.reservation(id, Timestamp(ctx.now_ms()));
                    refunded.iter().for_each(|it| answer(ctx, it));
                    Ok(())
                }
                Err(why) => reply::not_made(ctx, value, why, |it| answer(ctx, it)),
            }
        })
    }
}

fn parse<'a>(cursor: &mut Cursor<'a>) -> Result<(Option<Part<'a>>, bool), Failure> {
    let (mut qty, mut token, mut restock) = (None, None, true);
    while let Some(word) = cursor.word(&["QTY", "REQUEST", "NORESTOCK"])? {
        match word {
            "QTY" => qty = Some(cursor.count(1..=QTY_MAX as i64)?),
            "REQUEST" => token = Some(cursor.token()?),
            _ => restock = false,
        }
    }
    match (qty, token) {
        (Some(qty), Some(token)) => Ok((Some(Part { qty, token }), restock)),
        (None, None) => Ok((None, restock)),
        _ => Err("ERR QTY and REQUEST go together: a part is refunded under a token".into()),
    }
}

fn answer(ctx: &Context, reservation: &Reservation<'_>) {
    let Reservation { id, refunded, state, .. } = *reservation;
    match state {
        ReservationState::Confirmed | ReservationState::Refunded => {
            reply::numbers(ctx, "REFUNDED", &[id.0, refunded]);
        }
        ReservationState::Held
        | ReservationState::Released
        | ReservationState::Expired
        | ReservationState::Waiting
        | ReservationState::Offered => reply::numbers(ctx, state.word(), &[id.0]),
    }
}
