//! `SECKILL.AUDIT sale`

use seckill_core::sale::{Audit as Found, Difference};

use super::args::Cursor;
use super::{reply, with_sale};
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.AUDIT`
pub struct Audit;

impl Command for Audit {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        cursor.end()?;
        with_sale(ctx, key, |ctx, value| match value {
            Some(value) => describe(ctx, &value.sale.audit()),
            None => ctx.null(),
        })
    }
}

fn describe(ctx: &Context, audit: &Found) {
    ctx.map(11);
    ctx.bulk(b"ok");
    ctx.integer(i64::from(audit.differences.is_empty() && audit.oversold == 0));
    for (name, units) in [("total", audit.total), ("available", audit.available)] {
        ctx.bulk(name.as_bytes());
        reply::units(ctx, units);
    }
    let counts = [
        ("held", audit.held),
        ("confirmed", audit.confirmed),
        ("offered", audit.offered),
        ("waiting", audit.waiting),
        ("reservations", audit.reservations),
        ("users", audit.users),
        ("oversold", audit.oversold),
    ];
    for (name, count) in counts {
        ctx.bulk(name.as_bytes());
        ctx.count(count);
    }
    ctx.bulk(b"differences");
    ctx.array(audit.differences.len());
    for Difference { what, kept, counted } in &audit.differences {
        ctx.bulk(format!("{what}: {kept} in the books, {counted} counted").as_bytes());
    }
}
