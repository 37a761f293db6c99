//! `SECKILL.MRELEASE numsales sale [sale …] user REQUEST token`

use seckill_core::sale::Settling;

use super::basket;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.MRELEASE`
pub struct MRelease;

impl Command for MRelease {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        basket::settle(ctx, args, Settling::Release)
    }
}
