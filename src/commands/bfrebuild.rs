//! `SECKILL.BFREBUILD key BEGIN CAPACITY n [ERROR p]`, `… ADD item [item …]`, `… COMMIT`, `… ABORT`

use seckill_core::filter::{Rebuild, Verb};

use super::args::{Cursor, syntax_error};
use super::bfcreate::{CAPACITIES, error_rate};
use super::reply;
use crate::filter;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.BFREBUILD`
pub struct BfRebuild;

impl Command for BfRebuild {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let what = match cursor.word(&["BEGIN", "ADD", "COMMIT", "ABORT"])? {
            Some("ADD") => {
                let items = cursor.rest();
                if items.is_empty() {
                    return Err(syntax_error(b"ADD"));
                }
                let effect = filter::change(ctx, name, Verb::Refill, items)?;
                reply::steps(ctx, &effect.steps, Verb::Refill);
                return Ok(());
            }
            Some("BEGIN") => begin(&mut cursor)?,
            Some("COMMIT") => Rebuild::Commit,
            _ => Rebuild::Abort,
        };
        cursor.end()?;
        filter::rebuild(ctx, name, what)?;
        ctx.status("OK");
        Ok(())
    }
}

fn begin(cursor: &mut Cursor<'_>) -> Result<Rebuild, Failure> {
    let (mut capacity, mut error) = (None, None);
    let mut options = cursor.fork();
    while let Some(word) = options.word(&["CAPACITY", "ERROR"])? {
        match word {
            "CAPACITY" => capacity = Some(options.count(CAPACITIES)?),
            _ => error = Some(error_rate(&mut options)?),
        }
    }
    *cursor = options;
    let capacity = capacity.ok_or_else(|| syntax_error(b"CAPACITY"))?;
    Ok(Rebuild::Begin { capacity, error })
}
