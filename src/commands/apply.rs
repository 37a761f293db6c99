//! `SECKILL.APPLY key payload`, from a primary or the AOF only

use seckill_core::codec::Family;

use super::args::Cursor;
use crate::host::{Arg, Command, Context, Failure, Level};
use crate::{arrival, cache, filter, limits, lock};

/// `SECKILL.APPLY`
pub struct Apply;

impl Command for Apply {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let payload = cursor.next()?.bytes();
        cursor.end()?;
        if !ctx.is_replayed() {
            return Err("NOTREPL this command is for replication and the AOF only".into());
        }
        let applied = match Family::of(payload) {
            Ok(Family::Sale) => arrival::replay(ctx, name, payload),
            Ok(Family::Lock) => lock::replay(ctx, name, payload),
            Ok(Family::Filter) => filter::replay(ctx, name, payload),
            Ok(Family::Cache) => cache::replay(ctx, name, payload),
            Ok(Family::Limit) => limits::replay(ctx, name, payload),
            Err(why) => Err(why.0.into()),
        };
        applied.map_err(|why| refused(ctx, name, &why))?;
        ctx.replicate_verbatim();
        ctx.status("OK");
        Ok(())
    }
}

/// Says in the log and to the caller that this copy is not its primary's any more.
fn refused(ctx: &Context, name: Arg<'_>, why: &Failure) -> Failure {
    let text = format!("a change of '{}' does not fit: {}", name.bytes().escape_ascii(), why.0);
    ctx.log(Level::Warning, &text);
    Failure::from(format!("ERR {text}"))
}
