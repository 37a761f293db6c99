//! `SECKILL.MCONFIRM numsales sale [sale …] user REQUEST token`

use seckill_core::sale::Settling;

use super::basket;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.MCONFIRM`
pub struct MConfirm;

impl Command for MConfirm {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        basket::settle(ctx, args, Settling::Confirm)
    }
}
