//! The options that CREATE and ALTER have in common.

use seckill_core::sale::Terms;
use seckill_core::time::Timestamp;

use super::args::{COUNTS, Cursor, DURATIONS};
use crate::host::Failure;

/// The words.
pub const WORDS: [&str; 6] = ["START", "END", "HOLD", "GRACE", "MAXHOLD", "PERUSER"];

/// Takes the value of one of the words.
pub fn take(cursor: &mut Cursor<'_>, word: &str, terms: &mut Terms) -> Result<(), Failure> {
    match word {
        "START" => terms.start = moment(cursor.count(COUNTS)?),
        "END" => terms.end = moment(cursor.count(COUNTS)?),
        "HOLD" => terms.hold_ms = cursor.count(DURATIONS)?,
        "GRACE" => terms.grace_ms = cursor.count(DURATIONS)?,
        "MAXHOLD" => terms.hold_ms_max = cursor.count(DURATIONS)?,
        _ => terms.per_user = cursor.count(COUNTS)?,
    }
    Ok(())
}

/// 0 is no moment.
fn moment(at: u64) -> Option<Timestamp> {
    (at > 0).then_some(Timestamp(at))
}
