//! `SECKILL.UNLOCK key owner [TOKEN n]`

use seckill_core::lock::{Change, Refusal, Request};

use super::args::Cursor;
use super::reply;
use crate::host::{Arg, Command, Context, Failure};
use crate::{lock, ties};

/// `SECKILL.UNLOCK`
pub struct Unlock;

impl Command for Unlock {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let owner = cursor.owner()?;
        let mut token = None;
        while cursor.word(&["TOKEN"])?.is_some() {
            token = Some(cursor.fencing_token("TOKEN")?);
        }
        match lock::request(ctx, key, &Request::Release { owner, token })? {
            Ok(effect) => match effect.change {
                Change::Released { depth, .. } if depth > 0 => {
                    reply::numbers(ctx, "HELD", &[u64::from(depth)]);
                }
                _ => {
                    ties::untie(ctx, ctx.client(), key, owner);
                    reply::status(ctx, "RELEASED");
                }
            },
            Err(Refusal::Free) => reply::status(ctx, "FREE"),
            Err(_) => reply::status(ctx, "NOTOWNER"),
        }
        Ok(())
    }
}
