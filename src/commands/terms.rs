//! The options that CREATE and ALTER have in common.

use seckill_core::sale::{Early, OnFailover, Rate, Terms};
use seckill_core::time::Timestamp;

use super::args::{COUNTS, Cursor, DURATIONS, LASTING, TIERS, syntax_error};
use crate::admission;
use crate::host::Failure;

/// The words.
const WORDS: [&str; 15] = [
    "START",
    "END",
    "HOLD",
    "GRACE",
    "MAXHOLD",
    "PERUSER",
    "WAITLIST",
    "OFFER",
    "RATE",
    "USERRATE",
    "IPRATE",
    "MINTIER",
    "TIERSTART",
    "TICKETS",
    "ONFAILOVER",
];

/// The words, and those that only one of the commands knows.
pub fn words(more: &[&'static str]) -> Vec<&'static str> {
    [more, &WORDS].concat()
}

/// Takes the value of one of the words.
pub fn take(cursor: &mut Cursor<'_>, word: &str, terms: &mut Terms) -> Result<(), Failure> {
    match word {
        "START" => terms.start = moment(cursor.count(COUNTS)?),
        "END" => terms.end = moment(cursor.count(COUNTS)?),
        "HOLD" => terms.hold_ms = cursor.count(DURATIONS)?,
        "GRACE" => terms.grace_ms = cursor.count(DURATIONS)?,
        "MAXHOLD" => terms.hold_ms_max = cursor.count(DURATIONS)?,
        "PERUSER" => terms.per_user = cursor.count(COUNTS)?,
        "WAITLIST" => terms.waiting_max = cursor.count(COUNTS)?,
        "OFFER" => terms.offer_ms = cursor.count(DURATIONS)?,
        "RATE" => terms.rates.sale = rate(cursor)?,
        "USERRATE" => terms.rates.user = rate(cursor)?,
        "IPRATE" => terms.rates.ip = rate(cursor)?,
        "MINTIER" => terms.access.tier_min = cursor.small(TIERS)?,
        "TIERSTART" => terms.access.early = early(cursor)?,
        "ONFAILOVER" => terms.on_failover = on_failover(cursor)?,
        _ => {
            if !admission::has_secret() {
                return Err(admission::DISABLED.into());
            }
            terms.access.tickets = true;
        }
    }
    Ok(())
}

fn on_failover(cursor: &mut Cursor<'_>) -> Result<OnFailover, Failure> {
    let word = cursor.next()?.bytes();
    let is_it = |choice: &OnFailover| word.eq_ignore_ascii_case(choice.word().as_bytes());
    OnFailover::ALL.into_iter().find(is_it).ok_or_else(|| syntax_error(word))
}

/// So many requests in so many milliseconds; 0 requests are no limit.
fn rate(cursor: &mut Cursor<'_>) -> Result<Option<Rate>, Failure> {
    let count = cursor.count(COUNTS)?;
    let period_ms = cursor.count(LASTING)?;
    Ok((count > 0).then_some(Rate { count, period_ms }))
}

/// From which tier up the sale opens earlier, and when; at 0 it does not.
fn early(cursor: &mut Cursor<'_>) -> Result<Option<Early>, Failure> {
    let tier = cursor.small(TIERS)?;
    let from = moment(cursor.count(COUNTS)?);
    Ok(from.map(|from| Early { tier, from }))
}

/// 0 is no moment.
fn moment(at: u64) -> Option<Timestamp> {
    (at > 0).then_some(Timestamp(at))
}
