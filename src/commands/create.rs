//! `SECKILL.CREATE sale STOCK n [START ms] [END ms] [HOLD ms] [GRACE ms] [MAXHOLD ms] [PERUSER n] [WAITLIST max] [OFFER ms] [MINTIER n] [TIERSTART tier ms] [TICKETS] [FILTER key] [ONFAILOVER CONTINUE|FREEZE] [STREAM key] [GROUP name]`

use seckill_core::bounds::{COUNT_MAX, Invalid};
use seckill_core::codec::Created;
use seckill_core::sale::{Outlet, Seed, Stock, Terms};
use seckill_core::time::Timestamp;

use super::args::{Cursor, syntax_error};
use super::terms;
use crate::admission::take_filter;
use crate::change;
use crate::host::{Arg, Command, Context, Failure, HostString, Key, Mode, Stream, StreamError, WrongType};
use crate::types::SaleValue;
use crate::{life, orders, slot};

/// The consumer group of the orders.
const GROUP: &[u8] = b"orders";

/// `SECKILL.CREATE`
pub struct Create;

/// What was asked for.
struct Ask<'a> {
    stock: Stock,
    terms: Terms,
    stream: Option<Arg<'a>>,
    group: &'a [u8],
    filter: Option<Arg<'a>>,
}

impl From<Invalid> for Failure {
    fn from(why: Invalid) -> Failure {
        Failure::from(format!("ERR {}", why.0))
    }
}

impl Command for Create {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let ask = parse(&mut cursor)?;
        change::check_primary()?;
        let mut key = Key::open(ctx, name, Mode::Write);
        if !key.is_empty() {
            return Err("BUSYKEY the key exists; delete it first, or choose another name".into());
        }
        let stream = match ask.stream {
            Some(stream) => stream.bytes().to_vec(),
            None => slot::default_stream(name.bytes()),
        };
        let at = Timestamp(ctx.now_ms());
        let outlet = Outlet { stream: stream.into(), group: ask.group.into() };
        let filter = ask.filter.map(|filter| take_filter(ctx, name, filter)).transpose()?.unwrap_or_default();
        let epoch = look_at_stream(ctx, name, &ask, &outlet)?;
        let created = Created { at, terms: ask.terms, stock: ask.stock, outlet, filter, epoch };
        let sale = created.sale(Seed::new(life::seed()))?;
        make_stream(ctx, &created.outlet)?;
        key.set(SaleValue::new(sale));
        ctx.signal_modified(name);
        change::send_created(ctx, name, &created);
        ctx.status("OK");
        Ok(())
    }
}

fn parse<'a>(cursor: &mut Cursor<'a>) -> Result<Ask<'a>, Failure> {
    let mut stock = None;
    let mut ask =
        Ask { stock: Stock::Unlimited, terms: Terms::default(), stream: None, group: GROUP, filter: None };
    let words = terms::words(&["STOCK", "STREAM", "GROUP", "FILTER"]);
    while let Some(word) = cursor.word(&words)? {
        match word {
            "STOCK" => stock = Some(cursor.value(-1..=COUNT_MAX as i64)?),
            "STREAM" => ask.stream = Some(cursor.next()?),
            "FILTER" => ask.filter = Some(cursor.next()?),
            "GROUP" => ask.group = cursor.bytes("GROUP", 1..=usize::MAX)?,
            word => terms::take(cursor, word, &mut ask.terms)?,
        }
    }
    let stock = stock.ok_or_else(|| syntax_error(b"STOCK"))?;
    ask.stock = u64::try_from(stock).map_or(Stock::Unlimited, Stock::Limited);
    if ask.stream.is_some_and(|stream| stream.bytes().is_empty()) {
        return Err("ERR STREAM must be at least 1 byte long".into());
    }
    Ok(ask)
}

/// Checks that the stream can be had, and gives the sale's first epoch: one that the stream does not know of a
/// former sale under this name.
fn look_at_stream(ctx: &Context, sale: Arg<'_>, ask: &Ask<'_>, outlet: &Outlet) -> Result<u32, Failure> {
    if outlet.stream.as_ref() == sale.bytes() {
        return Err("ERR STREAM must be another key than the sale's".into());
    }
    if ctx.is_cluster() && slot::of(sale.bytes()) != slot::of(&outlet.stream) {
        return Err(
            "CROSSSLOT the sale and its stream must be in the same slot: give both the same {hash tag}"
                .into(),
        );
    }
    if ask.stream.is_some_and(|stream| !ctx.may_insert(stream)) {
        return Err("NOPERM this user has no permission to add to the key given as STREAM".into());
    }
    let stream = HostString::new(&outlet.stream);
    match Stream::open(ctx, stream.arg()) {
        Ok(mut stream) => {
            Ok(orders::newest_epoch(&mut stream, sale.bytes()).map_or(0, |epoch| epoch.saturating_add(1)))
        }
        Err(StreamError::WrongType) => Err(WrongType.into()),
        Err(StreamError::Missing | StreamError::Refused) => Ok(0),
    }
}

/// Makes the stream and its group; keeps those that exist.
fn make_stream(ctx: &Context, outlet: &Outlet) -> Result<(), Failure> {
    let [stream, group] = [&outlet.stream, &outlet.group].map(|name| HostString::new(name));
    match ctx.create_group(stream.arg(), group.arg()) {
        Err(error) if !error.starts_with("BUSYGROUP") => Err(Failure::from(error)),
        _ => Ok(()),
    }
}
