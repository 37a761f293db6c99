//! `BF.*`, as RedisBloom has it. A filter made under one name can be used under the other.

mod add;
mod exists;
mod info;
mod insert;
mod reserve;

pub use add::{Add, MultiAdd};
pub use exists::{Exists, MultiExists};
pub use info::{Cardinality, Info};
pub use insert::Insert;
pub use reserve::Reserve;

use seckill_core::filter::{
    Begun, CAPACITY_MAX, ERROR_MAX, ERROR_MIN, EXPANSION_MAX, Effect, ErrorRate, Growth, Refusal, Verb,
};

use super::args::parse_integer;
use crate::filter::{self, NotAdded, Wording};
use crate::host::{Arg, Context, Failure};

/// What a filter is like for which nobody said anything.
const CAPACITY: u64 = 100;
const ERROR: f64 = 0.01;
const EXPANSION: u32 = 2;

/// A filter as asked for, in RedisBloom's words.
struct Wanted {
    capacity: i64,
    error: f64,
    growth: Growth,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { capacity: CAPACITY as i64, error: ERROR, growth: Growth::By(EXPANSION) }
    }
}

impl Wanted {
    /// The filter. An error rate beyond what can be had is brought to the next that can.
    fn begun(&self) -> Result<Begun, Failure> {
        let error = ErrorRate::new(self.error.clamp(ERROR_MIN, ERROR_MAX))?;
        let capacity = self.capacity.unsigned_abs();
        if capacity > CAPACITY_MAX {
            return Err("ERR could not create filter".into());
        }
        filter::begun(capacity, error, self.growth).map_err(|_| "ERR could not create filter".into())
    }
}

/// A number as the server reads one.
fn integer(arg: Arg<'_>, otherwise: &'static str) -> Result<i64, Failure> {
    parse_integer(arg.bytes()).ok_or_else(|| otherwise.into())
}

fn fraction(arg: Arg<'_>, otherwise: &'static str) -> Result<f64, Failure> {
    let parsed = std::str::from_utf8(arg.bytes()).ok().and_then(|text| text.parse::<f64>().ok());
    parsed.filter(|number| !number.is_nan()).ok_or_else(|| otherwise.into())
}

/// The growth with this factor; `None` if it is too large.
fn growth(factor: i64) -> Option<Growth> {
    u32::try_from(factor).ok().filter(|factor| *factor <= EXPANSION_MAX).map(Growth::By)
}

/// The error in RedisBloom's words.
fn not_added(why: NotAdded) -> Failure {
    match why {
        NotAdded::Refused(Refusal::Full { .. }) => "ERR non scaling filter is full".into(),
        why => why.into(),
    }
}

/// Adds items and answers with an array. If not all of them fit, those before the first that does not are added,
/// and the array ends with its error.
fn add_and_reply(
    ctx: &Context,
    name: Arg<'_>,
    items: &[Arg<'_>],
    make: impl Fn() -> Result<Begun, Failure>,
) -> Result<(), Failure> {
    let add = |items| filter::add(ctx, name, items, Wording::Foreign, &make);
    match add(items) {
        Ok(effect) => {
            ctx.array(effect.steps.len());
            answers(&effect).for_each(|answer| ctx.truth(answer));
            Ok(())
        }
        Err(NotAdded::Refused(_)) => {
            let mut added = Vec::new();
            let failed = items.chunks(1).find_map(|item| match add(item) {
                Ok(effect) => {
                    added.extend(answers(&effect));
                    None
                }
                Err(why) => Some(not_added(why)),
            });
            ctx.array(added.len() + usize::from(failed.is_some()));
            added.into_iter().for_each(|answer| ctx.truth(answer));
            failed.into_iter().for_each(|why| ctx.error(&why.0));
            Ok(())
        }
        Err(why) => Err(why.into()),
    }
}

fn answers(effect: &Effect<'_>) -> impl Iterator<Item = bool> {
    effect.steps.iter().map(|step| step.answers(Verb::Add))
}
