//! A database with the schema: a batch of events in one transaction.

use std::collections::{BTreeMap, HashMap};

use super::{Mark, Session, StoreError};
use crate::batch::{self, OrderKey, Plan};
use crate::event::{Event, Seq};
use crate::order::{Order, Refusal};
use crate::probe::{Probe, Step};

/// A connection to a database with the present schema.
pub struct Database {
    pub(super) session: Box<dyn Session>,
    /// Up to which event each known sale's stock was counted when it was first seen.
    pub(super) bases: HashMap<String, Seq>,
}

/// What a committed batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Events that were applied.
    pub applied: usize,
    /// Events that had been applied before.
    pub seen: usize,
    /// Epochs that began with this batch, in sales that had others before.
    pub epochs: Vec<NewEpoch>,
    /// Events that would have taken a state back after a failover.
    pub setbacks: usize,
}

/// An epoch that was not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEpoch {
    /// The sale's key.
    pub sale: String,
    /// The epoch.
    pub epoch: i64,
}

impl Database {
    pub(super) fn new(session: Box<dyn Session>) -> Self {
        Database { session, bases: HashMap::new() }
    }

    /// All of it or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.session.begin()?;
        match work(self.session.as_mut()) {
            Ok(done) => self.session.script("COMMIT").map(|()| done).inspect_err(|_| self.roll_back()),
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    fn roll_back(&mut self) {
        // Where the connection is gone, the database has rolled back by itself.
        let _ = self.session.script("ROLLBACK");
    }

    /// Applies a batch in one transaction: processing records, orders, stock; seen events change nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if one of the events cannot be applied, [`StoreError::Unavailable`] if none can now;
    /// nothing is changed in both cases.
    pub fn commit(&mut self, events: &[Event], probe: &dyn Probe) -> Result<Committed, StoreError> {
        let bases = std::mem::take(&mut self.bases);
        let done = self.transaction(|session| {
            probe.reached(Step::Begun);
            let done = apply(session, &bases, events, probe)?;
            probe.reached(Step::BeforeCommit);
            Ok(done)
        });
        self.bases = bases;
        if done.is_ok() {
            probe.reached(Step::Committed);
        }
        done
    }
}

fn apply(
    session: &mut dyn Session,
    bases: &HashMap<String, Seq>,
    events: &[Event],
    probe: &dyn Probe,
) -> Result<Committed, StoreError> {
    let fresh = mark(session, events)?;
    probe.reached(Step::Marked);
    let rows = lock(session, &fresh)?;
    let plan = batch::plan(rows, bases, &fresh).map_err(|Refusal::OtherBuyer { owner }| {
        StoreError::Refused(format!("the reservation's id is taken by an order of {owner}"))
    })?;
    session.write(&plan.orders)?;
    probe.reached(Step::OrdersWritten);
    for (sale, taken) in &plan.taken {
        take(session, sale, *taken)?;
    }
    probe.reached(Step::StockTaken);
    let epochs = count(session, &plan)?;
    Ok(Committed {
        applied: fresh.len(),
        seen: events.len() - fresh.len(),
        epochs,
        setbacks: plan.setbacks.len(),
    })
}

/// Marks the events as processed and gives those that were not.
fn mark<'a>(session: &mut dyn Session, events: &'a [Event]) -> Result<Vec<&'a Event>, StoreError> {
    // Two deliveries of one event in a batch are one event; sorted, so that workers do not wait for each other in a ring.
    let sorted: BTreeMap<(&str, Seq, String), &Event> = events
        .iter()
        .map(|event| ((event.sale.as_str(), event.seq, event.entry.to_string()), event))
        .collect();
    let marks: Vec<Mark> = sorted
        .keys()
        .map(|(sale, seq, entry)| Mark { sale: (*sale).to_owned(), seq: *seq, entry: entry.clone() })
        .collect();
    let is_new = session.mark(&marks)?;
    let mut fresh = Vec::with_capacity(sorted.len());
    for ((mark, is_new), event) in marks.iter().zip(is_new).zip(sorted.into_values()) {
        if is_new {
            fresh.push(event);
        } else {
            ensure_same(session, mark)?;
        }
    }
    Ok(fresh)
}

const ENTRY: &str = "SELECT entry FROM processed WHERE sale = $1 AND epoch = $2 AND seq = $3";

/// Refuses an event whose number belongs to another one: a sale was made again under an old name.
fn ensure_same(session: &mut dyn Session, mark: &Mark) -> Result<(), StoreError> {
    let Mark { sale, seq, entry } = mark;
    let rows = session.query(ENTRY, &[sale.as_str().into(), seq.epoch.into(), seq.number.into()])?;
    let known = rows.first().and_then(|row| row.first()).map(|entry| entry.text().to_owned());
    match known {
        Some(known) if known != *entry => Err(StoreError::Refused(format!(
            "number {seq} of {sale} belongs to entry {known}: was a sale made again under its name?"
        ))),
        _ => Ok(()),
    }
}

fn lock(session: &mut dyn Session, events: &[&Event]) -> Result<HashMap<OrderKey, Order>, StoreError> {
    let mut unknown: BTreeMap<OrderKey, Order> = BTreeMap::new();
    for event in events {
        if let Some(key) = batch::key(event) {
            unknown.entry(key).or_insert_with(|| Order::unknown(&event.sale, event.reservation, &event.user));
        }
    }
    let unknown: Vec<Order> = unknown.into_values().collect();
    let known = session.lock(&unknown)?;
    Ok(known.into_iter().map(|order| ((order.sale.clone(), order.reservation), order)).collect())
}

const TAKE: &str = "UPDATE products SET stock = stock - $1 WHERE sale = $2 AND stock >= $1";
/// Sales without a stock are unlimited, or were gone before their first event came.
const IS_LIMITED: &str = "SELECT 1 FROM products WHERE sale = $1 AND stock IS NOT NULL";

/// Takes units out of the stock, never more than there are.
pub(super) fn take(session: &mut dyn Session, sale: &str, units: i64) -> Result<(), StoreError> {
    if session.execute(TAKE, &[units.into(), sale.into()])? > 0 {
        return Ok(());
    }
    if session.query(IS_LIMITED, &[sale.into()])?.is_empty() {
        return Ok(());
    }
    Err(StoreError::Short(format!("the stock of {sale} is less than {units}")))
}

const COUNT: &str = "INSERT INTO epochs (sale, epoch, events, newest, setbacks, created_at, reconciled_at)
 VALUES ($1, $2, $3, $4, $5, $6, 0)
 ON CONFLICT (sale, epoch) DO UPDATE SET events = epochs.events + excluded.events,
 newest = CASE WHEN excluded.newest > epochs.newest THEN excluded.newest ELSE epochs.newest END,
 setbacks = epochs.setbacks + excluded.setbacks
 RETURNING events";
const OTHERS: &str = "SELECT 1 FROM epochs WHERE sale = $1 AND epoch <> $2 LIMIT 1";

/// Counts the events of each epoch, and gives the epochs that began in sales that had others.
fn count(session: &mut dyn Session, plan: &Plan) -> Result<Vec<NewEpoch>, StoreError> {
    let mut begun = Vec::new();
    for ((sale, epoch), count) in &plan.counts {
        let setbacks = plan.setbacks.iter().filter(|seq| seq.epoch == *epoch).count() as i64;
        let values = [
            sale.as_str().into(),
            (*epoch).into(),
            count.events.into(),
            count.newest.into(),
            setbacks.into(),
            super::tasks::now_ms().into(),
        ];
        let events =
            session.query(COUNT, &values)?.first().and_then(|row| row.first()).map_or(0, super::Value::int);
        let is_first = events == count.events;
        if is_first && !session.query(OTHERS, &[sale.as_str().into(), (*epoch).into()])?.is_empty() {
            begun.push(NewEpoch { sale: sale.clone(), epoch: *epoch });
        }
    }
    Ok(begun)
}
