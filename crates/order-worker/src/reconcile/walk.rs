//! A walk through a sale and its rows.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redis::{Connection, RedisError};

use super::{Difference, compare};
use crate::event::Seq;
use crate::order::Order;
use crate::store::{Database, StoreError};
use crate::stream::sale::{self, Reservation, SaleFigures};
use crate::stream::{Group, groups, last_entry};

/// Reservations of one round trip.
const PAGE: usize = 1_000;
/// Most time for the workers to process what is in the stream.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the stock is looked at while it is being changed.
const STOCK_LOOKS: usize = 10;
const GLANCE: Duration = Duration::from_millis(20);

/// What a sale and its tables say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The sale's key.
    pub sale: String,
    /// Reservations compared.
    pub compared: usize,
    /// Those of which both say different things.
    pub differences: Vec<Difference>,
    /// The stock in the tables, and what it would be by the sale's total and the orders; none if unlimited.
    pub stock: Option<(i64, i64)>,
    /// The sale's own figures.
    pub figures: SaleFigures,
    /// Entries that lie among the dead letters, whose sending again would be counted twice after a repair.
    pub letters: i64,
    /// Numbers that are missing, of all epochs.
    pub missing: i64,
}

/// What became of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both were compared.
    Compared(Account),
    /// There is no such sale any more.
    Gone,
    /// The workers have not processed what is in the stream, so that the tables cannot be judged.
    Behind {
        /// How many entries wait.
        entries: u64,
    },
}

/// What went wrong.
#[derive(Debug)]
pub enum Error {
    /// Redis does not answer, or refuses.
    Redis(RedisError),
    /// The database does not answer, or refuses.
    Store(StoreError),
}

impl std::fmt::Display for Error {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Redis(error) => write!(to, "Redis: {error}"),
            Error::Store(error) => write!(to, "{error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        Error::Redis(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Store(error)
    }
}

/// Compares a sale with its tables, while both may go on.
///
/// What differs is looked at again once the workers have processed everything that was in the stream until then:
/// what was only on its way is no difference.
///
/// # Errors
/// If one of both does not answer.
pub fn examine(
    connection: &mut Connection,
    database: &mut Database,
    sale: &str,
    group: &str,
) -> Result<Outcome, Error> {
    let Some(first) = sale::figures(connection, sale)? else { return Ok(Outcome::Gone) };
    if let Err(entries) = wait_until_processed(connection, &first.stream, group)? {
        return Ok(Outcome::Behind { entries });
    }
    let (compared, mut differences) = walk(connection, database, sale)?;
    for _ in 0..2 {
        if differences.is_empty() {
            break;
        }
        if let Err(entries) = wait_until_processed(connection, &first.stream, group)? {
            return Ok(Outcome::Behind { entries });
        }
        differences = look_again(connection, database, sale, &differences)?;
    }
    let (figures, stock) = compare_stock(connection, database, sale, group, first)?;
    let epochs = database.epochs()?;
    let own = || epochs.iter().filter(|epoch| epoch.sale == sale);
    let (letters, missing) = (own().map(|epoch| epoch.dead).sum(), own().map(|epoch| epoch.missing()).sum());
    let sale = sale.to_owned();
    Ok(Outcome::Compared(Account { sale, compared, differences, stock, figures, letters, missing }))
}

/// The stock, looked at until it is right once: a change of the total may come between the sale and the tables,
/// but not each time.
fn compare_stock(
    connection: &mut Connection,
    database: &mut Database,
    sale: &str,
    group: &str,
    first: SaleFigures,
) -> Result<(SaleFigures, Option<(i64, i64)>), Error> {
    let (mut figures, mut stock) = (first, None);
    for _ in 0..STOCK_LOOKS {
        figures = sale::figures(connection, sale)?.unwrap_or(figures);
        // Whoever is behind was told so before; what is left may stay.
        let _ = wait_until_processed(connection, &figures.stream, group)?;
        stock = database.stock_by_orders(sale, figures.total)?;
        if stock.is_none_or(|(kept, counted)| kept == counted) {
            break;
        }
        thread::sleep(GLANCE);
    }
    Ok((figures, stock))
}

/// Everything that was in the stream at the beginning is acknowledged; or how many entries are not, after a while.
fn wait_until_processed(
    connection: &mut Connection,
    stream: &str,
    group: &str,
) -> Result<Result<(), u64>, RedisError> {
    let deadline = Instant::now() + PATIENCE;
    let last = last_entry(connection, stream)?;
    loop {
        let found = groups(connection, stream)?.into_iter().find(|known| known.name == group);
        // Without the group nobody processes anything, and nothing is on its way.
        let Some(found) = found else { return Ok(Ok(())) };
        if is_past(connection, stream, &found, last)? {
            return Ok(Ok(()));
        }
        if Instant::now() >= deadline {
            return Ok(Err(found.pending + found.lag.unwrap_or(0)));
        }
        thread::sleep(GLANCE);
    }
}

fn is_past(
    connection: &mut Connection,
    stream: &str,
    group: &Group,
    last: crate::event::EntryId,
) -> Result<bool, RedisError> {
    if group.last_delivered < last {
        return Ok(false);
    }
    let oldest = crate::stream::oldest_pending(connection, stream, &group.name)?;
    Ok(oldest.is_none_or(|oldest| oldest > last))
}

/// Every row with its reservation, then every reservation without a row.
fn walk(
    connection: &mut Connection,
    database: &mut Database,
    sale: &str,
) -> Result<(usize, Vec<Difference>), Error> {
    let mut compared = 0;
    let mut differences = Vec::new();
    let mut cursor = 0;
    // Ids ascend on both sides, so a page of ids ends where the rows of that page end.
    let mut after = 0;
    loop {
        let (next, ids) = sale::scan(connection, sale, cursor, PAGE)?;
        let until = if next == 0 { i64::MAX } else { ids.last().copied().unwrap_or(after) };
        let mut page: BTreeMap<i64, Option<Order>> = ids.into_iter().map(|id| (id, None)).collect();
        for order in rows(database, sale, after, until)? {
            page.insert(order.reservation, Some(order));
        }
        let asked: Vec<i64> = page.keys().copied().collect();
        for chunk in asked.chunks(PAGE) {
            let told = sale::reservations(connection, sale, chunk)?;
            differences.extend(compared_all(chunk, &told, &page));
        }
        compared += asked.len();
        (cursor, after) = (next, until);
        if next == 0 {
            return Ok((compared, differences));
        }
    }
}

fn rows(database: &mut Database, sale: &str, after: i64, until: i64) -> Result<Vec<Order>, StoreError> {
    let mut all = Vec::new();
    let mut after = after;
    loop {
        let page = database.orders(sale, after, PAGE as i64)?;
        let is_last = page.len() < PAGE || page.last().is_some_and(|order| order.reservation >= until);
        after = page.last().map_or(after, |order| order.reservation);
        all.extend(page.into_iter().filter(|order| order.reservation <= until));
        if is_last {
            return Ok(all);
        }
    }
}

fn compared_all(
    ids: &[i64],
    told: &[Option<Reservation>],
    kept: &BTreeMap<i64, Option<Order>>,
) -> Vec<Difference> {
    let now = now_ms();
    let one = |(id, told): (&i64, &Option<Reservation>)| {
        compare(*id, told.as_ref(), kept.get(id).and_then(Option::as_ref), now)
    };
    ids.iter().zip(told).filter_map(one).collect()
}

/// The same reservations, once more.
fn look_again(
    connection: &mut Connection,
    database: &mut Database,
    sale: &str,
    before: &[Difference],
) -> Result<Vec<Difference>, Error> {
    let mut left = Vec::new();
    for chunk in before.chunks(PAGE) {
        let ids: Vec<i64> = chunk.iter().map(|difference| difference.reservation).collect();
        let told = sale::reservations(connection, sale, &ids)?;
        let mut kept = BTreeMap::new();
        for id in &ids {
            kept.insert(*id, database.order(sale, *id)?);
        }
        left.extend(compared_all(&ids, &told, &kept));
    }
    Ok(left)
}

pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The event that a row written by hand stands for: the sale's newest.
pub(super) fn newest(figures: &SaleFigures) -> Seq {
    figures.seq
}
