//! `SECKILL.TICKET sale user [PX ms] [TIER n]`

use seckill_core::time::Timestamp;

use super::args::{Cursor, LASTING, TIERS};
use super::with_sale;
use crate::admission;
use crate::host::{Arg, Command, Context, Failure};

/// How long a ticket is good if nothing else is asked for: time to fill in a form.
const GOOD_MS: u64 = 300_000;

/// `SECKILL.TICKET`
pub struct Ticket;

impl Command for Ticket {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let user = cursor.user()?;
        let (mut good_ms, mut tier) = (GOOD_MS, 0);
        while let Some(word) = cursor.word(&["PX", "TIER"])? {
            match word {
                "PX" => good_ms = cursor.count(LASTING)?,
                _ => tier = cursor.small(TIERS)?,
            }
        }
        let expiry = Timestamp(ctx.now_ms()).after(good_ms);
        let ticket = admission::issue(key, user, expiry, tier)?;
        with_sale(ctx, key, |ctx, value| match value {
            Some(_) => ctx.bulk(ticket.as_bytes()),
            None => ctx.null(),
        })
    }
}
