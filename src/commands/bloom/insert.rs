//! `BF.INSERT key [CAPACITY n] [ERROR p] [EXPANSION f] [NOCREATE] [NONSCALING] ITEMS item [item …]`

use seckill_core::filter::Growth;

use super::{EXPANSION, Wanted, add_and_reply, fraction, growth, integer};
use crate::host::{Arg, Command, Context, Failure};

/// `BF.INSERT`
pub struct Insert;

/// What to make if there is no filter.
enum Missing {
    /// A filter like this.
    Make(Wanted),
    /// None: it is an error.
    Refuse,
}

impl Command for Insert {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let [_, name, rest @ ..] = args else { return Err(wrong_number()) };
        let (missing, items) = parse(rest)?;
        add_and_reply(ctx, *name, items, || match &missing {
            Missing::Make(wanted) => wanted.begun(),
            Missing::Refuse => Err("ERR not found".into()),
        })
    }
}

fn parse<'a>(mut rest: &'a [Arg<'a>]) -> Result<(Missing, &'a [Arg<'a>]), Failure> {
    let mut wanted = Wanted::default();
    let (mut factor, mut fixed, mut create) = (i64::from(EXPANSION), None, Some(()));
    loop {
        let (word, after) = rest.split_first().ok_or_else(wrong_number)?;
        rest = after;
        let mut value = || {
            let (value, after) = rest.split_first().ok_or_else(wrong_number)?;
            rest = after;
            Ok::<_, Failure>(*value)
        };
        match word.bytes().to_ascii_uppercase().as_slice() {
            b"CAPACITY" => wanted.capacity = integer(value()?, "Bad capacity")?,
            b"ERROR" => wanted.error = fraction(value()?, "Bad error rate")?,
            b"EXPANSION" => factor = integer(value()?, "Bad expansion")?,
            b"NONSCALING" => fixed = Some(Growth::Fixed),
            b"NOCREATE" => create = None,
            b"ITEMS" => break,
            _ => return Err("Unknown argument received".into()),
        }
    }
    if rest.is_empty() {
        return Err(wrong_number());
    }
    if wanted.error <= 0.0 || wanted.error >= 1.0 || wanted.capacity < 1 || factor < 1 {
        return Err("Bad argument received".into());
    }
    wanted.growth = fixed.or_else(|| growth(factor)).ok_or("Bad argument received")?;
    Ok((create.map_or(Missing::Refuse, |()| Missing::Make(wanted)), rest))
}

fn wrong_number() -> Failure {
    "ERR wrong number of arguments for 'bf.insert' command".into()
}
