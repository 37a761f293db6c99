//! `BF.ADD key item`, `BF.MADD key item [item …]`

use seckill_core::filter::Verb;

use super::{Wanted, add_and_reply, not_added};
use crate::commands::args::Cursor;
use crate::filter::{self, Wording};
use crate::host::{Arg, Command, Context, Failure};

/// `BF.ADD`
pub struct Add;

impl Command for Add {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let make = || Wanted::default().begun();
        let effect = filter::add(ctx, name, cursor.rest(), Wording::Foreign, make).map_err(not_added)?;
        ctx.truth(effect.steps.iter().any(|step| step.answers(Verb::Add)));
        Ok(())
    }
}

/// `BF.MADD`
pub struct MultiAdd;

impl Command for MultiAdd {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        add_and_reply(ctx, name, cursor.rest(), || Wanted::default().begun())
    }
}
