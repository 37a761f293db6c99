//! `SECKILL.USER sale user`

use seckill_core::time::Timestamp;

use super::args::Cursor;
use super::with_sale;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.USER`
pub struct User;

impl Command for User {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let user = cursor.user()?;
        cursor.end()?;
        with_sale(ctx, key, |ctx, value| {
            let Some(value) = value else { return ctx.null() };
            let holdings = value.sale.holdings(user, Timestamp(ctx.now_ms()));
            ctx.map(4);
            ctx.bulk(b"held");
            ctx.count(holdings.held);
            ctx.bulk(b"confirmed");
            ctx.count(holdings.confirmed);
            ctx.bulk(b"waiting");
            ctx.count(holdings.position);
            ctx.bulk(b"reservations");
            ctx.array(holdings.reservations.len());
            holdings.reservations.iter().for_each(|id| ctx.count(id.0));
        })
    }
}
