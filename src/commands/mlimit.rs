//! `SECKILL.MLIMIT numkeys key [key …] RATE count period [BURST b] [RATE …] [COST n] [PEEK|REFUND]`

use seckill_core::limit::Rule;

use super::args::{Cursor, syntax_error};
use super::limit::{How, rate, reply, units};
use crate::host::{Arg, Command, Context, Failure};
use crate::limits;

/// Keys of one call: each is opened, and compared with the others.
const KEYS_MAX: i64 = 128;
const WORDS: [&str; 5] = ["RATE", "BURST", "COST", "PEEK", "REFUND"];
/// Words that belong to a rule, and may come again with the next.
const OF_A_RULE: [&str; 2] = ["RATE", "BURST"];

/// `SECKILL.MLIMIT`
pub struct MLimit;

impl Command for MLimit {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let count = cursor.number("numkeys", 1..=KEYS_MAX)?;
        let named = (0..count).map(|_| cursor.next()).collect::<Result<Vec<_>, _>>()?;
        let (rules, how) = terms(&mut cursor)?;
        let rule_of = |place: usize| if rules.len() == 1 { rules.first() } else { rules.get(place) };
        if rules.len() != 1 && rules.len() != named.len() {
            return Err("ERR RATE must be given once, or once for each key".into());
        }
        let mut names: Vec<Arg<'_>> = Vec::with_capacity(named.len());
        let mut asked: Vec<(usize, Rule)> = Vec::with_capacity(named.len());
        for (place, name) in named.iter().enumerate() {
            let Some(rule) = rule_of(place) else { continue };
            let known = names.iter().position(|other| other.bytes() == name.bytes());
            let at = known.unwrap_or(names.len());
            if known.is_none() {
                names.push(*name);
            } else if asked.iter().any(|(other, theirs)| *other == at && theirs != rule) {
                return Err("ERR a key that is named twice must have the same RATE and BURST".into());
            }
            asked.push((at, *rule));
        }
        let outcome = limits::ask_all(ctx, &names, &asked, how.ask())?;
        ctx.array(6);
        reply(ctx, &outcome.verdict);
        ctx.count(outcome.refused_by.map_or(0, |place| place as u64 + 1));
        Ok(())
    }
}

/// The rules in their order, and what is asked.
fn terms(cursor: &mut Cursor<'_>) -> Result<(Vec<Rule>, How), Failure> {
    let mut rules = Vec::new();
    let mut how = How::default();
    // The rule that is being read.
    let mut open: Option<(u64, u64, u64)> = None;
    while let Some(word) = cursor.word(&WORDS)? {
        match word {
            "RATE" => {
                rules.extend(closed(open)?);
                let (count, period_ms) = rate(cursor)?;
                open = Some((count, period_ms, count));
                cursor.forget(&WORDS, &OF_A_RULE);
            }
            "BURST" => match &mut open {
                Some((.., burst)) => *burst = units(cursor)?,
                None => return Err(syntax_error(word.as_bytes())),
            },
            word => how.take(word, cursor)?,
        }
    }
    rules.extend(closed(open)?);
    if rules.is_empty() {
        return Err(syntax_error(b"RATE"));
    }
    Ok((rules, how))
}

fn closed(open: Option<(u64, u64, u64)>) -> Result<Option<Rule>, Failure> {
    open.map(|(count, period_ms, burst)| Rule::new(count, period_ms, burst).map_err(Failure::from))
        .transpose()
}
