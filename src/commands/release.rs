//! `SECKILL.RELEASE sale id`

use seckill_core::sale::{Request, ReservationState};
use seckill_core::time::Timestamp;

use super::args::Cursor;
use super::{reply, with_sale_mut};
use crate::change;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.RELEASE`
pub struct Release;

impl Command for Release {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let id = cursor.id()?;
        cursor.end()?;
        with_sale_mut(ctx, key, |value| match change::request(ctx, key, value, &Request::Release { id }) {
            Ok(_) => {
                let released = value.sale.reservation(id, Timestamp(ctx.now_ms()));
                released.iter().for_each(|it| reply::state(ctx, it, ReservationState::Released));
                Ok(())
            }
            Err(why) => {
                reply::not_made(ctx, value, why, |it| reply::state(ctx, it, ReservationState::Released))
            }
        })
    }
}
