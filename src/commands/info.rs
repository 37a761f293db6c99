//! `SECKILL.INFO sale`

use seckill_core::sale::{Outcome, Rate, Stock};
use seckill_core::time::{Moment, Timestamp};

use super::args::Cursor;
use super::with_sale;
use crate::host::{Arg, Command, Context, Failure, ModuleValue};
use crate::types::SaleValue;

/// `SECKILL.INFO`
pub struct Info;

/// What a field holds.
enum Field<'a> {
    Text(&'a [u8]),
    Number(i64),
}

impl Command for Info {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        cursor.end()?;
        with_sale(ctx, key, |ctx, value| {
            let Some(value) = value else { return ctx.null() };
            let fields = describe(value, value.moment(ctx));
            ctx.map(fields.len());
            for (name, field) in fields {
                ctx.bulk(name.as_bytes());
                match field {
                    Field::Text(text) => ctx.bulk(text),
                    Field::Number(number) => ctx.integer(number),
                }
            }
        })
    }
}

fn describe(value: &SaleValue, at: Moment) -> Vec<(&'static str, Field<'_>)> {
    let now = at.now;
    let (sale, tally) = (&value.sale, &value.tally);
    let terms = sale.terms();
    let outlet = sale.outlet();
    let total = match sale.stock() {
        Stock::Unlimited => None,
        Stock::Limited(total) => Some(total),
    };
    let count = |number: u64| Field::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let units = |units: Option<u64>| units.map_or(Field::Number(-1), count);
    let moment = |at: Option<Timestamp>| count(at.map_or(0, |at| at.0));
    let rate = |rate: Option<Rate>| {
        (count(rate.map_or(0, |rate| rate.count)), count(rate.map_or(0, |rate| rate.period_ms)))
    };
    let mut fields = vec![
        ("state", Field::Text(sale.window(at).word().as_bytes())),
        ("now", count(now.0)),
        ("start", moment(terms.start)),
        ("end", moment(terms.end)),
        ("stock_total", units(total)),
        ("available", units(sale.available_at(now))),
        ("held", count(sale.held_at(now))),
        ("confirmed", count(sale.confirmed())),
        ("offered", count(sale.offered_at(now))),
        ("waiting", count(sale.waiting())),
        ("users", count(sale.users() as u64)),
        ("reservations", count(u64::from(sale.reservations()))),
        ("epoch", count(u64::from(sale.epoch()))),
        ("seq", count(sale.seq())),
        ("stream", Field::Text(&outlet.stream)),
        ("group", Field::Text(&outlet.group)),
        ("hold", count(terms.hold_ms)),
        ("grace", count(terms.grace_ms)),
        ("maxhold", count(terms.hold_ms_max)),
        ("peruser", count(terms.per_user)),
        ("requests", count(tally.requests())),
    ];
    let outcomes = [
        ("reserved", Outcome::Reserved),
        ("duplicate", Outcome::Duplicate),
        ("soldout", Outcome::SoldOut),
        ("limited", Outcome::Limited),
        ("notopen", Outcome::NotOpen),
        ("ended", Outcome::Ended),
        ("refused", Outcome::Refused),
    ];
    fields.extend(outcomes.map(|(name, outcome)| (name, count(tally.of(outcome)))));
    fields.push(("memory", count(value.memory_bytes() as u64)));
    fields.extend([
        ("mintier", count(u64::from(terms.access.tier_min))),
        ("tierstart_tier", count(terms.access.early.map_or(0, |early| u64::from(early.tier)))),
        ("tierstart", moment(terms.access.early.map(|early| early.from))),
        ("tickets", count(u64::from(terms.access.tickets))),
        ("rate", rate(terms.rates.sale).0),
        ("rate_period", rate(terms.rates.sale).1),
        ("userrate", rate(terms.rates.user).0),
        ("userrate_period", rate(terms.rates.user).1),
        ("iprate", rate(terms.rates.ip).0),
        ("iprate_period", rate(terms.rates.ip).1),
        ("oversold", count(sale.oversold_at(now))),
        ("onfailover", Field::Text(terms.on_failover.word().as_bytes())),
        ("filter", Field::Text(sale.filter())),
        ("waitlist", count(terms.waiting_max)),
        ("offer", count(terms.offer_ms())),
    ]);
    fields
}
