//! `SECKILL.BFEXISTS key item [item …]`

use super::args::Cursor;
use crate::filter;
use crate::host::{Arg, Command, Context, Failure, Key, Mode};
use crate::types::FilterValue;

/// `SECKILL.BFEXISTS`
pub struct BfExists;

impl Command for BfExists {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let items = cursor.rest();
        let key = Key::open(ctx, name, Mode::Read);
        let value = key.value::<FilterValue>()?.ok_or_else(filter::no_filter)?;
        ctx.array(items.len());
        items.iter().for_each(|item| ctx.integer(i64::from(value.filter.may_exist(item.bytes()))));
        Ok(())
    }
}
