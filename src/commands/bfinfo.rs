//! `SECKILL.BFINFO key`

use seckill_core::filter::Generation;

use super::args::Cursor;
use crate::host::{Arg, Command, Context, Failure, Key, Mode, ModuleValue};
use crate::types::FilterValue;

/// `SECKILL.BFINFO`
pub struct BfInfo;

/// Fields of a generation.
const NOW: [&str; 7] = ["capacity", "items", "removed", "layers", "bytes", "error", "expansion"];
/// The same of the generation that is being filled.
const NEXT: [&str; 7] = [
    "rebuild_capacity",
    "rebuild_items",
    "rebuild_removed",
    "rebuild_layers",
    "rebuild_bytes",
    "rebuild_error",
    "rebuild_expansion",
];

impl Command for BfInfo {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        cursor.end()?;
        let key = Key::open(ctx, name, Mode::Read);
        let Some(value) = key.value::<FilterValue>()? else {
            ctx.null();
            return Ok(());
        };
        let next = value.filter.next();
        ctx.map(NOW.len() + 2 + next.map_or(0, |_| NEXT.len()));
        describe(ctx, NOW, value.filter.now());
        ctx.bulk(b"memory");
        ctx.count(value.memory_bytes() as u64);
        ctx.bulk(b"rebuilding");
        ctx.integer(i64::from(next.is_some()));
        next.into_iter().for_each(|next| describe(ctx, NEXT, next));
        Ok(())
    }
}

fn describe(ctx: &Context, names: [&str; 7], generation: &Generation) {
    let figures = generation.figures();
    let [capacity, items, removed, layers, bytes, error, expansion] = names;
    for (name, number) in [
        (capacity, figures.capacity),
        (items, figures.items),
        (removed, figures.removed),
        (layers, figures.layers),
        (bytes, figures.bytes),
    ] {
        ctx.bulk(name.as_bytes());
        ctx.count(number);
    }
    ctx.bulk(error.as_bytes());
    ctx.bulk(generation.error().get().to_string().as_bytes());
    ctx.bulk(expansion.as_bytes());
    ctx.count(u64::from(generation.growth().factor()));
}
