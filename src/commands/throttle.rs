//! `CL.THROTTLE key max_burst count period [quantity]`, as redis-cell has it

use seckill_core::limit::{Ask, Rule, Verdict};

use crate::host::{Arg, Command, Context, Failure};
use crate::limits;

const MS_PER_SECOND: i64 = 1000;
/// What redis-cell shows where there is no time to show.
const NO_RETRY: i64 = -1;

/// `CL.THROTTLE`
pub struct Throttle;

impl Command for Throttle {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let (name, numbers) = match args {
            [_, name, numbers @ ..] if (3..=4).contains(&numbers.len()) => (*name, numbers),
            _ => {
                return Err(failure(
                    "Usage: cl.throttle <key> <max_burst> <count per period> <period> [<quantity>]",
                ));
            }
        };
        let numbers = numbers.iter().map(number).collect::<Result<Vec<i64>, Failure>>()?;
        let (max_burst, count, period, quantity) = match *numbers {
            [max_burst, count, period] => (max_burst, count, period, 1),
            [max_burst, count, period, quantity] => (max_burst, count, period, quantity),
            _ => return Err(failure("Usage")),
        };
        if count <= 0 || period <= 0 {
            return Err(failure("Zero rates are not supported"));
        }
        let limit = max_burst.saturating_add(1);
        if limit <= 0 {
            // Nothing ever fits.
            figures(ctx, [1, limit, 0, NO_RETRY, 0]);
            return Ok(());
        }
        let period_ms = period.saturating_mul(MS_PER_SECOND);
        let rule = Rule::new(count.unsigned_abs(), period_ms.unsigned_abs(), limit.unsigned_abs());
        let rule = rule.map_err(|why| failure(why.0))?;
        let ask = match quantity {
            0 => Ask::Peek(0),
            1.. => Ask::Take(quantity.unsigned_abs()),
            _ => Ask::Refund(quantity.unsigned_abs()),
        };
        let verdict = limits::ask(ctx, name, &rule, ask)?;
        figures(ctx, in_seconds(&verdict));
        Ok(())
    }
}

fn number(arg: &Arg<'_>) -> Result<i64, Failure> {
    let text = String::from_utf8_lossy(arg.bytes());
    text.parse().map_err(|_| failure(&format!("Couldn't parse as integer: {text}")))
}

fn failure(text: &str) -> Failure {
    Failure::from(format!("Cell error: Store error: {text}"))
}

/// The five figures, with times in seconds begun.
fn in_seconds(verdict: &Verdict) -> [i64; 5] {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let seconds = |ms: u64| whole(ms.div_ceil(MS_PER_SECOND.unsigned_abs()));
    let retry = verdict.retry_ms.map_or(NO_RETRY, seconds);
    let reset = seconds(verdict.reset_ms);
    [i64::from(verdict.limited), whole(verdict.limit), whole(verdict.remaining), retry, reset]
}

fn figures(ctx: &Context, figures: [i64; 5]) {
    ctx.array(figures.len());
    figures.into_iter().for_each(|figure| ctx.integer(figure));
}
