//! Arguments: in their place first, then words in any order.

use std::ops::RangeInclusive;

use seckill_core::bounds::{COUNT_MAX, DURATION_MS_MAX};
use seckill_core::ids::ReservationId;
use seckill_core::lock::{FencingToken, OWNER_BYTES_MAX};
use seckill_core::sale::{DATA_BYTES_MAX, TOKEN_BYTES_MAX, USER_BYTES_MAX};
use seckill_core::ticket::TIER_MAX;

use crate::host::{Arg, Failure};

/// Digits of the largest number; so many always fit 64 bits.
const DIGITS_MAX: usize = 19;
/// Bytes of a wrong word that an error shows.
const SHOWN_BYTES: usize = 64;
/// Numbers that a stock, a quota or a moment can be.
pub const COUNTS: RangeInclusive<i64> = 0..=COUNT_MAX as i64;
/// Durations in milliseconds, nothing included.
pub const DURATIONS: RangeInclusive<i64> = 0..=DURATION_MS_MAX as i64;
/// Durations in milliseconds of something that lasts.
pub const LASTING: RangeInclusive<i64> = 1..=DURATION_MS_MAX as i64;

/// Tiers of callers.
pub const TIERS: RangeInclusive<i64> = 0..=TIER_MAX as i64;

/// Walks through a command's arguments.
pub struct Cursor<'a> {
    rest: &'a [Arg<'a>],
    /// The word whose value is taken.
    word: &'static str,
    seen: u32,
}

impl<'a> Cursor<'a> {
    /// Begins after the command's name.
    pub fn new(args: &'a [Arg<'a>]) -> Cursor<'a> {
        Cursor { rest: args.get(1..).unwrap_or_default(), word: "", seen: 0 }
    }

    /// The next argument, which the arity promises.
    #[inline]
    pub fn next(&mut self) -> Result<Arg<'a>, Failure> {
        let (first, rest) = self.rest.split_first().ok_or_else(|| syntax_error(self.word.as_bytes()))?;
        self.rest = rest;
        Ok(*first)
    }

    /// All that follow.
    pub fn rest(&self) -> &'a [Arg<'a>] {
        self.rest
    }

    /// The next argument as one of `words`, which come once each; `None` at the end.
    pub fn word(&mut self, words: &[&'static str]) -> Result<Option<&'static str>, Failure> {
        let Some((first, rest)) = self.rest.split_first() else { return Ok(None) };
        let given = first.bytes();
        let place = words.iter().position(|word| given.eq_ignore_ascii_case(word.as_bytes()));
        let (place, word) = place
            .and_then(|place| words.get(place).map(|word| (place, *word)))
            .filter(|(place, _)| self.seen & (1 << place) == 0)
            .ok_or_else(|| syntax_error(given))?;
        self.seen |= 1 << place;
        self.word = word;
        self.rest = rest;
        Ok(Some(word))
    }

    /// Lets these of `words` come once more.
    pub fn forget(&mut self, words: &[&'static str], these: &[&'static str]) {
        for (place, word) in words.iter().enumerate() {
            if these.contains(word) {
                self.seen &= !(1 << place);
            }
        }
    }

    /// The rest, with words of its own.
    pub fn fork(&self) -> Cursor<'a> {
        Cursor { rest: self.rest, word: "", seen: 0 }
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), Failure> {
        self.rest.first().map_or(Ok(()), |extra| Err(syntax_error(extra.bytes())))
    }

    /// A whole number in its place.
    pub fn number(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Result<i64, Failure> {
        let number = parse_integer(self.next()?.bytes()).filter(|number| range.contains(number));
        number.ok_or_else(|| {
            Failure::from(format!(
                "ERR {name} must be an integer between {} and {}",
                range.start(),
                range.end()
            ))
        })
    }

    /// A whole number after the word.
    pub fn value(&mut self, range: RangeInclusive<i64>) -> Result<i64, Failure> {
        self.number(self.word, range)
    }

    /// A number that is not negative after the word.
    pub fn count(&mut self, range: RangeInclusive<i64>) -> Result<u64, Failure> {
        self.value(range).map(i64::unsigned_abs)
    }

    /// A number of 32 bits after the word.
    pub fn small(&mut self, range: RangeInclusive<i64>) -> Result<u32, Failure> {
        self.count(range).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// Bytes in their place.
    pub fn bytes(&mut self, name: &'static str, lengths: RangeInclusive<usize>) -> Result<&'a [u8], Failure> {
        let bytes = self.next()?.bytes();
        if lengths.contains(&bytes.len()) {
            return Ok(bytes);
        }
        Err(Failure::from(match (*lengths.start(), *lengths.end()) {
            (least, usize::MAX) => format!("ERR {name} must be at least {least} byte long"),
            (least, most) => format!("ERR {name} must be {least} to {most} bytes long"),
        }))
    }

    /// A user.
    pub fn user(&mut self) -> Result<&'a [u8], Failure> {
        self.bytes("user", 1..=USER_BYTES_MAX)
    }

    /// An owner of a lock.
    pub fn owner(&mut self) -> Result<&'a [u8], Failure> {
        self.bytes("owner", 1..=OWNER_BYTES_MAX)
    }

    /// A fencing token.
    pub fn fencing_token(&mut self, name: &'static str) -> Result<FencingToken, Failure> {
        self.number(name, 0..=i64::MAX).map(|token| FencingToken(token.unsigned_abs()))
    }

    /// A request token.
    pub fn token(&mut self) -> Result<&'a [u8], Failure> {
        self.bytes("REQUEST", 1..=TOKEN_BYTES_MAX)
    }

    /// A payload.
    pub fn data(&mut self) -> Result<&'a [u8], Failure> {
        self.bytes("DATA", 0..=DATA_BYTES_MAX)
    }

    /// A reservation's id.
    pub fn id(&mut self) -> Result<ReservationId, Failure> {
        self.number("id", 1..=i64::MAX).map(|id| ReservationId(id.unsigned_abs()))
    }
}

/// The error for a word that is unknown, repeated or without its value.
pub fn syntax_error(word: &[u8]) -> Failure {
    let shown = word.get(..SHOWN_BYTES).unwrap_or(word);
    Failure::from(format!("ERR syntax error near '{}'", String::from_utf8_lossy(shown)))
}

/// A whole number as the server reads one: digits, at most a minus before them, no zero in front.
pub fn parse_integer(bytes: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !is_negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= DIGITS_MAX => {}
        _ => return None,
    }
    let add = |number: u64, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    let number = digits.iter().try_fold(0, add)?;
    if is_negative { 0i64.checked_sub_unsigned(number) } else { i64::try_from(number).ok() }
}
