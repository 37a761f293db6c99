//! A batch on its way: events out of entries, into the database, then acknowledged.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use redis::Connection;

use super::lane::{Lane, Refusal, Trouble};
use crate::event::{self, EntryId, Event, Seq};
use crate::probe::Step;
use crate::retry::Cause;
use crate::store::Committed;
use crate::stream::{Delivery, sale};

/// An entry that failed, and why.
pub(super) struct Failure {
    pub delivery: Delivery,
    pub reason: String,
    pub cause: Cause,
}

impl Lane {
    /// Commits the events of these entries and acknowledges them; what fails is kept for later or given up.
    pub fn settle(&mut self, connection: &mut Connection, entries: Vec<Delivery>) -> Result<(), Trouble> {
        let mut done: Vec<(Arc<str>, EntryId)> = Vec::with_capacity(entries.len());
        let mut failed = Vec::new();
        let (mut events, mut deliveries) =
            (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
        for delivery in entries {
            match delivery.fields.as_ref().map(|fields| event::read(delivery.id, fields)) {
                // Deleted from the stream: whatever it said, nobody can know it any more. The gap in the numbers tells.
                None => done.push((delivery.stream, delivery.id)),
                Some(Err(poison)) => {
                    failed.push(Failure { delivery, reason: poison.to_string(), cause: Cause::Itself });
                }
                Some(Ok(event)) => {
                    events.push(event);
                    deliveries.push(delivery);
                }
            }
        }
        self.learn_sales(connection, &events)?;
        for (delivery, failure) in deliveries.into_iter().zip(self.commit(&events)?) {
            match failure {
                None => done.push((delivery.stream, delivery.id)),
                Some((reason, cause)) => failed.push(Failure { delivery, reason, cause }),
            }
        }
        self.shared.settings.reader.acknowledge(connection, &done)?;
        self.shared.probe.reached(Step::Acknowledged);
        self.handle_failures(connection, failed)
    }

    /// Commits the events, and gives for each why it failed, if it did.
    ///
    /// A batch that is refused is halved, so that what is to blame stands alone in the end and the rest is committed.
    fn commit(&mut self, events: &[Event]) -> Result<Vec<Option<(String, Cause)>>, Trouble> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let begun = Instant::now();
        let refusal =
            match self.with_database(|database, shared| database.commit(events, shared.probe.as_ref()))? {
                Ok(committed) => {
                    self.note(&committed, events, begun);
                    return Ok(vec![None; events.len()]);
                }
                Err(refusal) => refusal,
            };
        if let [event] = events {
            let cause = self.cause(event, &refusal)?;
            return Ok(vec![Some((refusal.reason().to_owned(), cause))]);
        }
        let (first, second) = events.split_at(events.len() / 2);
        let mut failures = self.commit(first)?;
        failures.extend(self.commit(second)?);
        Ok(failures)
    }

    /// Units that an order lacks may come with events that another worker has.
    fn cause(&mut self, event: &Event, refusal: &Refusal) -> Result<Cause, Trouble> {
        if matches!(refusal, Refusal::Always(_)) {
            return Ok(Cause::Itself);
        }
        let misses = self.with_database(|database, _| database.misses_others(&event.sale, event.seq))?;
        Ok(if misses == Ok(true) { Cause::Others } else { Cause::Itself })
    }

    fn note(&self, committed: &Committed, events: &[Event], begun: Instant) {
        let metrics = &self.shared.metrics;
        metrics.applied.add(committed.applied as u64);
        metrics.seen.add(committed.seen as u64);
        metrics.batches.add(1);
        metrics.commit_us.add(begun.elapsed().as_micros() as u64);
        metrics.setbacks.add(committed.setbacks as u64);
        metrics.epochs.add(committed.epochs.len() as u64);
        for begun in &committed.epochs {
            tracing::warn!(
                sale = begun.sale,
                epoch = begun.epoch,
                "a new epoch: the sale may have been set back; compare it by `seckill reconcile`"
            );
        }
        if committed.setbacks > 0 {
            tracing::warn!(events = committed.setbacks, "events of a later epoch know less than the orders");
        }
        let newest = events.iter().map(|event| event.entry.ms).max().unwrap_or(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        metrics.delay_ms.store(now.saturating_sub(newest), Ordering::Relaxed);
    }

    /// Makes the row of each sale that comes for the first time, with the stock that the sale says it has.
    fn learn_sales(&mut self, connection: &mut Connection, events: &[Event]) -> Result<(), Trouble> {
        let sales: HashSet<&str> = events.iter().map(|event| event.sale.as_str()).collect();
        for name in sales {
            let known = self.with_database(|database, _| database.knows(name))?;
            if known != Ok(false) {
                continue;
            }
            let figures = sale::figures(connection, name)?;
            if figures.is_none() {
                tracing::warn!(sale = name, "the sale is not there; its stock is not counted");
            }
            let (total, base) = figures.map_or((None, Seq::default()), |known| (known.total, known.seq));
            // A name that the database refuses is refused again with its order.
            let _ = self.with_database(|database, _| database.add_product(name, total, base))?;
        }
        Ok(())
    }
}
