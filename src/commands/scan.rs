//! `SECKILL.SCAN sale cursor [STATE s] [COUNT n]`

use seckill_core::ids::ReservationId;
use seckill_core::sale::ReservationState;
use seckill_core::time::Timestamp;

use super::args::{Cursor, syntax_error};
use super::with_sale;
use crate::host::{Arg, Command, Context, Failure};

/// Reservations that one call looks at, unless told otherwise.
const COUNT: usize = 100;
/// Reservations that one call looks at, at most.
const COUNT_MAX: i64 = 1000;

/// `SECKILL.SCAN`
pub struct Scan;

impl Command for Scan {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let from = ReservationId(cursor.number("cursor", 0..=i64::MAX)?.unsigned_abs());
        let (mut state, mut count) = (None, COUNT);
        while let Some(word) = cursor.word(&["STATE", "COUNT"])? {
            match word {
                "STATE" => state = Some(parse_state(&mut cursor)?),
                _ => count = cursor.count(1..=COUNT_MAX)? as usize,
            }
        }
        with_sale(ctx, key, |ctx, value| {
            let now = Timestamp(ctx.now_ms());
            let (next, ids) =
                value.map_or((None, Vec::new()), |value| value.sale.scan(from, state, count, now));
            ctx.array(2);
            ctx.bulk(next.map_or(0, |id| id.0).to_string().as_bytes());
            ctx.array(ids.len());
            ids.iter().for_each(|id| ctx.count(id.0));
        })
    }
}

fn parse_state(cursor: &mut Cursor<'_>) -> Result<ReservationState, Failure> {
    let word = cursor.next()?.bytes();
    let state =
        ReservationState::ALL.into_iter().find(|state| word.eq_ignore_ascii_case(state.word().as_bytes()));
    state.ok_or_else(|| syntax_error(word))
}
