//! `SECKILL.CURVE sale [SECONDS n]`

use seckill_core::sale::CURVE_SECONDS;
use seckill_core::time::Timestamp;

use super::args::Cursor;
use super::with_sale;
use crate::host::{Arg, Command, Context, Failure};

/// Seconds shown unless told otherwise.
const SECONDS: usize = 60;

/// `SECKILL.CURVE`
pub struct Curve;

impl Command for Curve {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let mut seconds = SECONDS;
        while cursor.word(&["SECONDS"])?.is_some() {
            seconds = cursor.count(1..=CURVE_SECONDS as i64)? as usize;
        }
        with_sale(ctx, key, |ctx, value| {
            let Some(value) = value else { return ctx.null() };
            let curve: Vec<_> = value.tally.curve(Timestamp(ctx.now_ms()), seconds).collect();
            ctx.array(curve.len());
            for second in curve {
                ctx.array(7);
                ctx.count(second.at);
                let counts =
                    [second.requests, second.reserved, second.soldout, second.limited, second.duplicate];
                counts.iter().chain([&second.other()]).for_each(|count| ctx.count(u64::from(*count)));
            }
        })
    }
}
