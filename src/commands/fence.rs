//! `SECKILL.FENCE key token`

use seckill_core::lock::{Refusal, Request};

use super::args::Cursor;
use crate::host::{Arg, Command, Context, Failure};
use crate::lock;

/// `SECKILL.FENCE`
pub struct Fence;

impl Command for Fence {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let token = cursor.fencing_token("token")?;
        cursor.end()?;
        let accepted = match lock::request(ctx, key, &Request::Fence { token })? {
            Ok(_) | Err(Refusal::Accepted) => 1,
            Err(_) => 0,
        };
        ctx.integer(accepted);
        Ok(())
    }
}
