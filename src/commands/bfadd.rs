//! `SECKILL.BFADD key item [item …]`

use seckill_core::filter::Verb;

use super::args::Cursor;
use super::reply;
use crate::filter::{self, Wording};
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.BFADD`
pub struct BfAdd;

impl Command for BfAdd {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let effect = filter::add(ctx, name, cursor.rest(), Wording::Own, filter::by_default)?;
        reply::steps(ctx, &effect.steps, Verb::Add);
        Ok(())
    }
}
