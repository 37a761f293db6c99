//! `SECKILL.FILL key token VALUE v PX ms [STALE ms]`, `SECKILL.FILL key token ABSENT PX ms`

use seckill_core::cache::{LeaseToken, Request, Supply};
use seckill_core::time::Timestamp;

use super::args::{Cursor, DURATIONS, LASTING, syntax_error};
use super::reply;
use crate::cache;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.FILL`
pub struct Fill;

impl Command for Fill {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let token = LeaseToken(cursor.number("token", 1..=i64::MAX)?.unsigned_abs());
        let request = Request::Fill { token, supply: parse(&mut cursor)? };
        let now = Timestamp(ctx.now_ms());
        match cache::with_entry(ctx, name, |entry| entry.decide(now, &request).ok())? {
            Some(effect) => {
                cache::commit(ctx, name, &effect)?;
                reply::status(ctx, "FILLED");
            }
            None => reply::status(ctx, "DISCARDED"),
        }
        Ok(())
    }
}

fn parse<'a>(cursor: &mut Cursor<'a>) -> Result<Supply<'a>, Failure> {
    let (mut value, mut absent, mut ms, mut stale_ms) = (None, None, None, None);
    while let Some(word) = cursor.word(&["VALUE", "ABSENT", "PX", "STALE"])? {
        match word {
            "VALUE" => value = Some(cursor.next()?.bytes()),
            "ABSENT" => absent = Some(()),
            "PX" => ms = Some(cursor.count(LASTING)?),
            _ => stale_ms = Some(cursor.count(DURATIONS)?),
        }
    }
    let ms = ms.ok_or_else(|| syntax_error(b"PX"));
    match (value, absent, stale_ms) {
        (Some(bytes), None, stale_ms) => {
            Ok(Supply::Value { bytes, fresh_ms: ms?, stale_ms: stale_ms.unwrap_or(0) })
        }
        (None, Some(()), None) => Ok(Supply::Absent { ms: ms? }),
        (None, Some(()), Some(_)) => Err(syntax_error(b"STALE")),
        (Some(_), Some(()), _) => Err(syntax_error(b"ABSENT")),
        (None, None, _) => Err(syntax_error(b"VALUE")),
    }
}
