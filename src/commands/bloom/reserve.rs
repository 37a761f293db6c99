//! `BF.RESERVE key error_rate capacity [EXPANSION expansion] [NONSCALING]`

use seckill_core::filter::Growth;

use super::{EXPANSION, Wanted, fraction, growth, integer};
use crate::filter;
use crate::host::{Arg, Command, Context, Failure, Key, Mode, WrongType};
use crate::types::FilterValue;

/// Words that the command has at most after the capacity; unknown ones are ignored.
const OPTIONS_MAX: usize = 3;

/// `BF.RESERVE`
pub struct Reserve;

impl Command for Reserve {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let [_, name, error, capacity, options @ ..] = args else { return Err(wrong_number()) };
        if options.len() > OPTIONS_MAX {
            return Err(wrong_number());
        }
        let error = fraction(*error, "ERR bad error rate")?;
        if error <= 0.0 || error >= 1.0 {
            return Err("ERR (0 < error rate range < 1) ".into());
        }
        let capacity = integer(*capacity, "ERR bad capacity")?;
        if capacity <= 0 {
            return Err("ERR (capacity should be larger than 0)".into());
        }
        let wanted = Wanted { capacity, error, growth: growth_of(options)? };
        let mut key = Key::open(ctx, *name, Mode::Write);
        if !key.is_empty() {
            let taken = key.value::<FilterValue>()?.map(|_| Failure::from("ERR item exists"));
            return Err(taken.unwrap_or_else(|| WrongType.into()));
        }
        filter::create(ctx, *name, &mut key, &wanted.begun()?)?;
        ctx.status("OK");
        Ok(())
    }
}

fn growth_of(options: &[Arg<'_>]) -> Result<Growth, Failure> {
    let place = |word: &str| options.iter().position(|arg| arg.bytes().eq_ignore_ascii_case(word.as_bytes()));
    let fixed = place("NONSCALING");
    let Some(at) = place("EXPANSION") else {
        return Ok(fixed.map_or(Growth::By(EXPANSION), |_| Growth::Fixed));
    };
    let factor = options.get(at + 1).ok_or("ERR no expansion")?;
    if fixed.is_some() {
        return Err("Nonscaling filters cannot expand".into());
    }
    let factor = integer(*factor, "ERR bad expansion")?;
    if factor < 1 {
        return Err("ERR expansion should be greater or equal to 1".into());
    }
    growth(factor).ok_or_else(|| "ERR bad expansion".into())
}

fn wrong_number() -> Failure {
    "ERR wrong number of arguments for 'bf.reserve' command".into()
}
