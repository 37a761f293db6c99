//! `BF.EXISTS key item`, `BF.MEXISTS key item [item …]`: 0 for all where there is no filter

use crate::commands::args::Cursor;
use crate::host::{Arg, Command, Context, Failure, Key, Mode};
use crate::types::FilterValue;

/// `BF.EXISTS`
pub struct Exists;

impl Command for Exists {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        ask(ctx, args, |_| {})
    }
}

/// `BF.MEXISTS`
pub struct MultiExists;

impl Command for MultiExists {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        ask(ctx, args, |count| ctx.array(count))
    }
}

fn ask(ctx: &Context, args: &[Arg<'_>], begin: impl FnOnce(usize)) -> Result<(), Failure> {
    let mut cursor = Cursor::new(args);
    let name = cursor.next()?;
    let items = cursor.rest();
    let key = Key::open(ctx, name, Mode::Read);
    // A key of another type counts as a missing one, as in RedisBloom.
    let value = key.value::<FilterValue>().unwrap_or_default();
    begin(items.len());
    for item in items {
        ctx.truth(value.is_some_and(|value| value.filter.may_exist(item.bytes())));
    }
    Ok(())
}
