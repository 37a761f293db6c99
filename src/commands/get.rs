//! `SECKILL.GET sale id [id …]`

use seckill_core::sale::Reservation;
use seckill_core::time::Timestamp;

use super::args::Cursor;
use super::{reply, with_sale};
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.GET`
pub struct Get;

impl Command for Get {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let ids = (0..cursor.rest().len()).map(|_| cursor.id()).collect::<Result<Vec<_>, Failure>>()?;
        with_sale(ctx, key, |ctx, value| {
            let now = Timestamp(ctx.now_ms());
            ctx.array(ids.len());
            for id in ids {
                match value.and_then(|value| value.sale.reservation(id, now)) {
                    Some(reservation) => describe(ctx, &reservation),
                    None => ctx.null(),
                }
            }
        })
    }
}

fn describe(ctx: &Context, reservation: &Reservation<'_>) {
    let Reservation { id, user, qty, refunded, state, deadline, created, data } = *reservation;
    ctx.map(8);
    ctx.bulk(b"id");
    ctx.count(id.0);
    ctx.bulk(b"user");
    ctx.bulk(user);
    ctx.bulk(b"qty");
    ctx.count(qty);
    ctx.bulk(b"state");
    ctx.bulk(state.word().as_bytes());
    ctx.bulk(b"deadline");
    reply::moment(ctx, deadline);
    ctx.bulk(b"created");
    ctx.count(created.0);
    ctx.bulk(b"data");
    ctx.bulk(data.unwrap_or_default());
    ctx.bulk(b"refunded");
    ctx.count(refunded);
}
