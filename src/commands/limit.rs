//! `SECKILL.LIMIT key count period [BURST b] [COST n] [PEEK|REFUND]`

use seckill_core::bounds::COUNT_MAX;
use seckill_core::limit::{Ask, Rule, Verdict};

use super::args::{Cursor, LASTING, syntax_error};
use crate::host::{Arg, Command, Context, Failure};
use crate::limits;

/// Units that a rule, a capacity or a cost can name.
const UNITS: std::ops::RangeInclusive<i64> = 1..=COUNT_MAX as i64;
/// Words that a rule does not need.
const WORDS: [&str; 4] = ["BURST", "COST", "PEEK", "REFUND"];
/// What stands for "it is allowed", and for "no wait will do".
const NO_RETRY: i64 = -1;

/// `SECKILL.LIMIT`
pub struct Limit;

impl Command for Limit {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let (count, period_ms) = rate(&mut cursor)?;
        let mut burst = count;
        let mut how = How::default();
        while let Some(word) = cursor.word(&WORDS)? {
            match word {
                "BURST" => burst = units(&mut cursor)?,
                word => how.take(word, &mut cursor)?,
            }
        }
        let rule = Rule::new(count, period_ms, burst)?;
        let verdict = limits::ask(ctx, name, &rule, how.ask())?;
        ctx.array(5);
        reply(ctx, &verdict);
        Ok(())
    }
}

/// What is to be done with how many units.
pub struct How {
    cost: u64,
    ask: fn(u64) -> Ask,
    is_chosen: bool,
}

impl Default for How {
    fn default() -> How {
        How { cost: 1, ask: Ask::Take, is_chosen: false }
    }
}

impl How {
    /// Takes `COST`, `PEEK` or `REFUND`; the last two exclude each other.
    pub fn take(&mut self, word: &'static str, cursor: &mut Cursor<'_>) -> Result<(), Failure> {
        if word == "COST" {
            self.cost = units(cursor)?;
            return Ok(());
        }
        if self.is_chosen {
            return Err(syntax_error(word.as_bytes()));
        }
        self.is_chosen = true;
        self.ask = if word == "PEEK" { Ask::Peek } else { Ask::Refund };
        Ok(())
    }

    /// What is asked of each limit.
    pub fn ask(&self) -> Ask {
        (self.ask)(self.cost)
    }
}

/// A count and its period.
pub fn rate(cursor: &mut Cursor<'_>) -> Result<(u64, u64), Failure> {
    let count = cursor.number("count", UNITS)?;
    let period_ms = cursor.number("period", LASTING)?;
    Ok((count.unsigned_abs(), period_ms.unsigned_abs()))
}

/// Units after the word.
pub fn units(cursor: &mut Cursor<'_>) -> Result<u64, Failure> {
    cursor.count(UNITS)
}

/// The five figures.
pub fn reply(ctx: &Context, verdict: &Verdict) {
    ctx.integer(i64::from(verdict.limited));
    ctx.count(verdict.limit);
    ctx.count(verdict.remaining);
    match verdict.retry_ms {
        Some(ms) => ctx.count(ms),
        None => ctx.integer(NO_RETRY),
    }
    ctx.count(verdict.reset_ms);
}
