//! `SECKILL.RESTOCK sale delta [REQUEST token]`

use seckill_core::bounds::COUNT_MAX;
use seckill_core::sale::{Change, Request};

use super::args::Cursor;
use super::{reply, with_sale_mut};
use crate::change;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.RESTOCK`
pub struct Restock;

impl Command for Restock {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let delta = cursor.number("delta", -(COUNT_MAX as i64)..=COUNT_MAX as i64)?;
        let mut token = None;
        while cursor.word(&["REQUEST"])?.is_some() {
            token = Some(cursor.token()?);
        }
        with_sale_mut(ctx, key, |value| {
            match change::request(ctx, key, value, &Request::Restock { delta, token }) {
                Ok(effect) => {
                    if let Change::Restocked { total, .. } = effect.change {
                        let available = value.sale.available().unwrap_or_default();
                        reply::numbers(ctx, "RESTOCKED", &[available, total]);
                    }
                    Ok(())
                }
                Err(why) => reply::not_made(ctx, value, why, |_| {}),
            }
        })
    }
}
