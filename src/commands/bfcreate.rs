//! `SECKILL.BFCREATE key CAPACITY n [ERROR p] [EXPANSION f|NONSCALING]`

use std::ops::RangeInclusive;

use seckill_core::filter::{CAPACITY_MAX, EXPANSION_MAX, ErrorRate, Growth};

use super::args::{Cursor, syntax_error};
use crate::host::{Arg, Command, Context, Failure, Key, Mode};
use crate::{filter, settings};

/// Items that a filter can be made for.
pub const CAPACITIES: RangeInclusive<i64> = 1..=CAPACITY_MAX as i64;
/// How many times as large the next layer can be.
pub const EXPANSIONS: RangeInclusive<i64> = 1..=EXPANSION_MAX as i64;

/// `SECKILL.BFCREATE`
pub struct BfCreate;

impl Command for BfCreate {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let (mut capacity, mut error, mut growth) = (None, None, None);
        while let Some(word) = cursor.word(&["CAPACITY", "ERROR", "EXPANSION", "NONSCALING"])? {
            match word {
                "CAPACITY" => capacity = Some(cursor.count(CAPACITIES)?),
                "ERROR" => error = Some(error_rate(&mut cursor)?),
                _ if growth.is_some() => return Err(syntax_error(word.as_bytes())),
                "EXPANSION" => growth = Some(expansion(&mut cursor)?),
                _ => growth = Some(Growth::Fixed),
            }
        }
        let capacity = capacity.ok_or_else(|| syntax_error(b"CAPACITY"))?;
        let error = error.map_or_else(settings::filter_error, Ok)?;
        let mut key = Key::open(ctx, name, Mode::Write);
        if !key.is_empty() {
            return Err("BUSYKEY the key exists; delete it first, or choose another name".into());
        }
        let begun = filter::begun(capacity, error, growth.unwrap_or(Growth::By(filter::EXPANSION)))?;
        filter::create(ctx, name, &mut key, &begun)?;
        ctx.status("OK");
        Ok(())
    }
}

fn expansion(cursor: &mut Cursor<'_>) -> Result<Growth, Failure> {
    let factor = u32::try_from(cursor.count(EXPANSIONS)?).unwrap_or(EXPANSION_MAX);
    Ok(Growth::By(factor))
}

/// An error rate after the word.
pub fn error_rate(cursor: &mut Cursor<'_>) -> Result<ErrorRate, Failure> {
    let text = std::str::from_utf8(cursor.next()?.bytes()).unwrap_or_default();
    // What is no number is none in the range either.
    Ok(ErrorRate::new(text.parse().unwrap_or(f64::NAN))?)
}
