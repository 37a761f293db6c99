//! `SECKILL.INVALIDATE key [key …]`

use seckill_core::cache::Request;
use seckill_core::time::Timestamp;

use super::args::Cursor;
use crate::host::{Arg, Command, Context, Failure};
use crate::{cache, waiting};

/// `SECKILL.INVALIDATE`
pub struct Invalidate;

impl Command for Invalidate {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let names = Cursor::new(args).rest();
        // A key of another type is found before anything changes.
        names.iter().try_for_each(|name| cache::with_entry(ctx, *name, |_| ()))?;
        let mut count = 0;
        for name in names {
            count += u64::from(invalidate(ctx, *name)?);
        }
        ctx.count(count);
        Ok(())
    }
}

/// Tells whether there was anything to forget.
fn invalidate(ctx: &Context, name: Arg<'_>) -> Result<bool, Failure> {
    let now = Timestamp(ctx.now_ms());
    let (alive, decided) = cache::with_entry(ctx, name, |entry| {
        (entry.is_alive(now), entry.decide(now, &Request::Invalidate).ok())
    })?;
    if let Some(effect) = decided {
        cache::commit(ctx, name, &effect)?;
        waiting::gone(ctx, name);
    }
    Ok(alive)
}
