//! `SECKILL.ADOPT sale id user QTY n STATE HELD|CONFIRMED [PXAT ms]`

use seckill_core::sale::{Adopt as Ask, QTY_MAX, Request, ReservationState, Standing};
use seckill_core::time::Timestamp;

use super::args::{COUNTS, Cursor, syntax_error};
use super::reply;
use crate::change;
use crate::host::{Arg, Command, Context, Failure, Key, Mode};
use crate::types::SaleValue;

/// `SECKILL.ADOPT`
pub struct Adopt;

impl Command for Adopt {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let ask = parse(&mut cursor)?;
        let mut key = Key::open(ctx, name, Mode::Write);
        let value = key.value_mut::<SaleValue>()?.ok_or("ERR no such sale")?;
        match change::request(ctx, name, value, &Request::Adopt(ask)) {
            Ok(_) => {
                ctx.array(2);
                ctx.status("ADOPTED");
                reply::units(ctx, value.sale.available_at(Timestamp(ctx.now_ms())));
                Ok(())
            }
            Err(why) => {
                reply::not_made(ctx, value, why, |known| reply::numbers(ctx, "EXISTS", &[known.id.0]))
            }
        }
    }
}

fn parse<'a>(cursor: &mut Cursor<'a>) -> Result<Ask<'a>, Failure> {
    let (id, user) = (cursor.id()?, cursor.user()?);
    let (mut qty, mut state, mut until) = (None, None, None);
    while let Some(word) = cursor.word(&["QTY", "STATE", "PXAT"])? {
        match word {
            "QTY" => qty = Some(cursor.count(1..=QTY_MAX as i64)?),
            "STATE" => state = Some(cursor.next()?.bytes()),
            _ => until = Some(Timestamp(cursor.count(COUNTS)?)),
        }
    }
    let qty = qty.ok_or_else(|| syntax_error(b"QTY"))?;
    let word = state.ok_or_else(|| syntax_error(b"STATE"))?;
    let is = |state: ReservationState| word.eq_ignore_ascii_case(state.word().as_bytes());
    let standing = match until {
        until if is(ReservationState::Held) => Standing::Held(until),
        None if is(ReservationState::Confirmed) => Standing::Confirmed,
        Some(_) if is(ReservationState::Confirmed) => return Err(syntax_error(b"PXAT")),
        _ => return Err(syntax_error(word)),
    };
    Ok(Ask { id, user, qty, standing })
}
