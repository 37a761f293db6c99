//! One file per command, and the one table of them.

mod adopt;
mod alter;
mod apply;
mod args;
mod audit;
mod basket;
mod bfadd;
mod bfcreate;
mod bfdel;
mod bfexists;
mod bfinfo;
mod bfrebuild;
mod bloom;
mod confirm;
mod create;
mod curve;
mod extend;
mod fence;
mod fetch;
mod fill;
mod get;
mod help;
mod info;
mod invalidate;
mod limit;
mod lock;
mod lockinfo;
mod mconfirm;
mod mlimit;
mod mrelease;
mod mreserve;
mod refund;
mod release;
mod renew;
mod reply;
mod reserve;
mod restock;
mod scan;
mod spec;
mod stock;
mod terms;
mod throttle;
mod ticket;
mod unlock;
mod user;
mod void;

pub use spec::{COMPAT, TABLE};

use crate::change;
use crate::host::{Arg, Context, Failure, Key, Mode, WrongType};
use crate::types::SaleValue;

impl From<WrongType> for Failure {
    fn from(_: WrongType) -> Failure {
        Failure::from("WRONGTYPE Operation against a key holding the wrong kind of value")
    }
}

/// Lets `look` see the sale, if there is one.
fn with_sale<T>(
    ctx: &Context,
    key: Arg<'_>,
    look: impl FnOnce(&Context, Option<&SaleValue>) -> T,
) -> Result<T, Failure> {
    let key = Key::open(ctx, key, Mode::Read);
    Ok(look(ctx, key.value::<SaleValue>()?))
}

/// Offers that a command makes at most; the agenda makes the rest.
const OFFERED_AT_ONCE: usize = 16;

/// Lets `act` have the sale; without one the reply is `NOSALE`. Units that came back go to those who wait.
fn with_sale_mut(
    ctx: &Context,
    key: Arg<'_>,
    act: impl FnOnce(&mut SaleValue) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut open = Key::open(ctx, key, Mode::Write);
    match open.value_mut::<SaleValue>()? {
        Some(value) => {
            act(value)?;
            offer_some(ctx, key, value);
            Ok(())
        }
        None => {
            ctx.array(1);
            ctx.status("NOSALE");
            Ok(())
        }
    }
}

/// What cannot be offered now is offered by the agenda.
fn offer_some(ctx: &Context, key: Arg<'_>, value: &mut SaleValue) {
    if value.sale.waiting() > 0 {
        let _ = change::make_offers(ctx, key, value, OFFERED_AT_ONCE);
    }
}
