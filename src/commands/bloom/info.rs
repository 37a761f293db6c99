//! `BF.INFO key [CAPACITY|SIZE|FILTERS|ITEMS|EXPANSION]`, `BF.CARD key`

use seckill_core::filter::Growth;

use crate::host::{Arg, Command, Context, Failure, Key, Mode, ModuleValue};
use crate::types::FilterValue;

/// Each figure: how it is asked for, and how it is named.
const FIGURES: [(&str, &str); 5] = [
    ("CAPACITY", "Capacity"),
    ("SIZE", "Size"),
    ("FILTERS", "Number of filters"),
    ("ITEMS", "Number of items inserted"),
    ("EXPANSION", "Expansion rate"),
];

/// `BF.INFO`
pub struct Info;

impl Command for Info {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let (name, which) = match args {
            [_, name] => (*name, None),
            [_, name, which] => (*name, Some(which.bytes())),
            _ => return Err("ERR wrong number of arguments for 'bf.info' command".into()),
        };
        let key = Key::open(ctx, name, Mode::Read);
        let value = key.value::<FilterValue>()?.ok_or("ERR not found")?;
        let figures = figures(value);
        let all = FIGURES.into_iter().zip(figures);
        let Some(which) = which else {
            ctx.map(FIGURES.len());
            all.for_each(|((_, name), figure)| show(ctx, Some(name), figure));
            return Ok(());
        };
        let asked = |word: &str| which.eq_ignore_ascii_case(word.as_bytes());
        let mut found = all.filter(|((word, _), _)| asked(word));
        let ((_, name), figure) = found.next().ok_or("Invalid information value")?;
        if ctx.is_resp3() {
            ctx.map(1);
            show(ctx, Some(name), figure);
        } else {
            ctx.array(1);
            show(ctx, None, figure);
        }
        Ok(())
    }
}

/// In the order of [`FIGURES`]; `None` for an expansion that there is not.
fn figures(value: &FilterValue) -> [Option<u64>; 5] {
    let generation = value.filter.now();
    let figures = generation.figures();
    let expansion = match generation.growth() {
        Growth::Fixed => None,
        Growth::By(factor) => Some(u64::from(factor)),
    };
    let size = value.memory_bytes() as u64;
    [Some(figures.capacity), Some(size), Some(figures.layers), Some(figures.items), expansion]
}

fn show(ctx: &Context, name: Option<&'static str>, figure: Option<u64>) {
    name.into_iter().for_each(|name| ctx.status(name));
    match figure {
        Some(figure) => ctx.count(figure),
        None => ctx.null(),
    }
}

/// `BF.CARD`
pub struct Cardinality;

impl Command for Cardinality {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let [_, name] = args else {
            return Err("ERR wrong number of arguments for 'bf.card' command".into());
        };
        let key = Key::open(ctx, *name, Mode::Read);
        ctx.count(key.value::<FilterValue>()?.map_or(0, |value| value.filter.now().figures().items));
        Ok(())
    }
}
