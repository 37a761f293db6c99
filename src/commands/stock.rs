//! `SECKILL.STOCK sale [sale …]`

use seckill_core::time::Timestamp;

use super::args::Cursor;
use super::reply;
use crate::host::{Arg, Command, Context, Failure, Key, Mode};
use crate::types::SaleValue;

/// `SECKILL.STOCK`
pub struct Stock;

impl Command for Stock {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let names = Cursor::new(args).rest();
        let now = Timestamp(ctx.now_ms());
        let look = |name: &Arg<'_>| {
            let key = Key::open(ctx, *name, Mode::Read);
            Ok(key.value::<SaleValue>()?.map(|value| value.sale.available_at(now)))
        };
        let found = names.iter().map(look).collect::<Result<Vec<_>, Failure>>()?;
        ctx.array(found.len());
        for available in found {
            match available {
                Some(available) => reply::units(ctx, available),
                None => ctx.null(),
            }
        }
        Ok(())
    }
}
