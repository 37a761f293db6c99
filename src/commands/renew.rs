//! `SECKILL.RENEW key owner PX ms [TOKEN n]`

use seckill_core::lock::Request;
use seckill_core::time::Timestamp;

use super::args::{Cursor, LASTING, syntax_error};
use super::reply;
use crate::host::{Arg, Command, Context, Failure};
use crate::lock;

/// `SECKILL.RENEW`
pub struct Renew;

impl Command for Renew {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let owner = cursor.owner()?;
        let (mut ms, mut token) = (0, None);
        while let Some(word) = cursor.word(&["PX", "TOKEN"])? {
            match word {
                "PX" => ms = cursor.count(LASTING)?,
                _ => token = Some(cursor.fencing_token("TOKEN")?),
            }
        }
        if ms == 0 {
            return Err(syntax_error(b"PX"));
        }
        match lock::request(ctx, key, &Request::Renew { owner, ms, token })? {
            Ok(effect) => {
                let token = lock::with_lock(ctx, key, |lock| {
                    let holder = lock.holders_at(effect.at).find(|holder| *holder.owner == *owner);
                    holder.map_or(0, |holder| holder.token.0)
                })?;
                let until = effect.at.after(ms);
                reply::numbers(ctx, "RENEWED", &[token, until.since(Timestamp(ctx.now_ms()))]);
            }
            Err(_) => reply::status(ctx, "LOST"),
        }
        Ok(())
    }
}
