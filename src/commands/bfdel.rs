//! `SECKILL.BFDEL key item [item …]`

use seckill_core::filter::Verb;

use super::args::Cursor;
use super::reply;
use crate::filter;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.BFDEL`
pub struct BfDel;

impl Command for BfDel {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let effect = filter::change(ctx, name, Verb::Remove, cursor.rest())?;
        reply::steps(ctx, &effect.steps, Verb::Remove);
        Ok(())
    }
}
