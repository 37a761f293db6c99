//! `SECKILL.EXTEND sale id PX ms`

use seckill_core::sale::{Change, Refusal, Request, Reservation, ReservationState};
use seckill_core::time::Timestamp;

use super::args::{Cursor, LASTING, syntax_error};
use super::{reply, with_sale_mut};
use crate::change::{self, NotMade};
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.EXTEND`
pub struct Extend;

impl Command for Extend {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let id = cursor.id()?;
        cursor.word(&["PX"])?.ok_or_else(|| syntax_error(b"PX"))?;
        let ms = cursor.count(LASTING)?;
        cursor.word(&["PX"])?;
        with_sale_mut(ctx, key, |value| {
            let wanted = Timestamp(ctx.now_ms()).max(value.sale.clock()).after(ms);
            match change::request(ctx, key, value, &Request::Extend { id, ms }) {
                Ok(effect) => {
                    if let Change::Extended { deadline, .. } = effect.change {
                        let word = if deadline < wanted { "CAPPED" } else { "EXTENDED" };
                        reply::numbers(ctx, word, &[deadline.0]);
                    }
                    Ok(())
                }
                Err(why) => {
                    let word = match &why {
                        NotMade::Refused(refusal @ Refusal::Unmoved { .. }) => refusal.status(),
                        _ => None,
                    };
                    reply::not_made(ctx, value, why, |it| unmoved(ctx, word, it))
                }
            }
        })
    }
}

/// The deadline that stands, or the state of what is no hold any more.
fn unmoved(ctx: &Context, word: Option<&'static str>, reservation: &Reservation<'_>) {
    match word {
        Some(word) => reply::numbers(ctx, word, &[reservation.deadline.unwrap_or_default().0]),
        None => reply::state(ctx, reservation, ReservationState::Held),
    }
}
