//! `SECKILL.CONFIRM sale id [LATE]`

use seckill_core::sale::{Refusal, Request, ReservationState};
use seckill_core::time::Timestamp;

use super::args::Cursor;
use super::{reply, with_sale_mut};
use crate::change::{self, NotMade};
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.CONFIRM`
pub struct Confirm;

impl Command for Confirm {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let id = cursor.id()?;
        let late = cursor.word(&["LATE"])?.is_some();
        cursor.word(&["LATE"])?;
        with_sale_mut(ctx, key, |value| {
            match change::request(ctx, key, value, &Request::Confirm { id, late }) {
                Ok(_) => {
                    let confirmed = value.sale.reservation(id, Timestamp(ctx.now_ms()));
                    confirmed.iter().for_each(|it| reply::state(ctx, it, ReservationState::Confirmed));
                    Ok(())
                }
                Err(NotMade::Refused(Refusal::SoldOut { .. })) => {
                    reply::status(ctx, "SOLDOUT");
                    Ok(())
                }
                Err(why) => {
                    reply::not_made(ctx, value, why, |it| reply::state(ctx, it, ReservationState::Confirmed))
                }
            }
        })
    }
}
