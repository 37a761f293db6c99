//! Entries that failed: tried again after a while, given up after so many deliveries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Connection;

use super::jitter;
use super::lane::{Lane, Trouble};
use super::settle::Failure;
use crate::event::{self, EntryId, Seq};
use crate::probe::Step;
use crate::retry::Verdict;
use crate::store::Letter;
use crate::stream::{Delivery, dead};

/// Entries to be tried again, by the time when they are due.
#[derive(Debug, Default)]
pub(super) struct Retries(BTreeMap<(Instant, Arc<str>, EntryId), Duration>);

impl Retries {
    /// How long until the first is due.
    pub fn until_due(&self) -> Option<Duration> {
        self.0.keys().next().map(|(due, ..)| due.saturating_duration_since(Instant::now()))
    }

    fn push(&mut self, stream: Arc<str>, id: EntryId, wait: Duration) {
        self.0.insert((Instant::now() + wait, stream, id), wait);
    }

    fn pop_due(&mut self) -> Option<(Arc<str>, EntryId, Duration)> {
        let ((due, ..), _) = self.0.first_key_value()?;
        if *due > Instant::now() {
            return None;
        }
        self.0.pop_first().map(|((_, stream, id), wait)| (stream, id, wait))
    }
}

impl Lane {
    /// Delivers again what is due; if another worker has taken it over meanwhile, it is left there.
    pub fn retry(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        while let Some((stream, id, wait)) = self.retries.pop_due() {
            // It rested since its last delivery, a little longer than the wait by the server's clock.
            let rested = wait.saturating_sub(Duration::from_millis(2));
            let again = self.shared.settings.reader.claim(connection, &stream, id, rested)?;
            if !again.is_empty() {
                self.settle(connection, again)?;
            }
        }
        Ok(())
    }

    /// Keeps failed entries for later, or moves them to the dead letters.
    pub fn handle_failures(
        &mut self,
        connection: &mut Connection,
        failed: Vec<Failure>,
    ) -> Result<(), Trouble> {
        for Failure { delivery, reason, cause } in failed {
            let reader = &self.shared.settings.reader;
            let pending = reader.pending(connection, &delivery.stream, delivery.id, delivery.id, 1)?;
            // Not ours any more: somebody else deals with it.
            let Some(pending) = pending.first() else { continue };
            match self.shared.settings.patience.after_failure(pending.deliveries, cause, jitter()) {
                Verdict::Again(wait) => {
                    self.shared.metrics.retried.add(1);
                    tracing::info!(
                        stream = &*delivery.stream,
                        entry = %delivery.id,
                        deliveries = pending.deliveries,
                        wait_ms = wait.as_millis() as u64,
                        reason,
                        "failed; trying again"
                    );
                    self.retries.push(delivery.stream, delivery.id, wait);
                }
                Verdict::Dead => self.bury(connection, &delivery, &reason, pending.deliveries)?,
            }
        }
        Ok(())
    }

    /// Gives up, untried, what has been delivered so often without an outcome that it must end its workers.
    pub fn without_deadly(
        &mut self,
        connection: &mut Connection,
        entries: Vec<Delivery>,
    ) -> Result<Vec<Delivery>, Trouble> {
        let (mut kept, mut rest) = (Vec::with_capacity(entries.len()), entries.as_slice());
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|entry| entry.stream == first.stream).count();
            let (now, later) = rest.split_at(same);
            let ids = || now.iter().map(|entry| entry.id);
            let (from, to) = (ids().min().unwrap_or_default(), ids().max().unwrap_or_default());
            // Others may lie between the first and the last; they are few.
            let most = same * 4 + 100;
            let pending = self.shared.settings.reader.pending(connection, &first.stream, from, to, most)?;
            for entry in now {
                let deliveries =
                    pending.iter().find(|one| one.id == entry.id).map_or(0, |one| one.deliveries);
                if self.shared.settings.patience.is_deadly(deliveries) {
                    self.bury(connection, entry, "delivered again and again without an outcome", deliveries)?;
                } else {
                    kept.push(entry.clone());
                }
            }
            rest = later;
        }
        Ok(kept)
    }

    /// Notes the letter in the database, then moves the entry in one step; done twice it is the same.
    fn bury(
        &mut self,
        connection: &mut Connection,
        delivery: &Delivery,
        reason: &str,
        deliveries: u32,
    ) -> Result<(), Trouble> {
        let fields = delivery.fields.clone().unwrap_or_default();
        let event = event::read(delivery.id, &fields).ok();
        let letter = Letter {
            stream: delivery.stream.to_string(),
            entry: event.as_ref().map_or(delivery.id, |event| event.entry),
            reason: reason.to_owned(),
            deliveries: deliveries.into(),
            fields: dead::shown(&fields).into_bytes(),
            sale: dead::field(&fields, "sale").unwrap_or_default(),
            seq: event.as_ref().map_or(Seq::default(), |event| event.seq),
        };
        if let Err(why) = self.with_database(|database, _| database.bury(&letter))? {
            tracing::warn!(entry = %delivery.id, why = why.reason(), "the dead letter is not noted in the database");
        }
        self.shared.probe.reached(Step::LetterNoted);
        let to = dead::dead_stream(&delivery.stream, self.shared.settings.address.is_cluster());
        let is_buried =
            dead::bury(connection, &self.shared.settings.reader, &to, delivery, reason, deliveries)?;
        self.shared.probe.reached(Step::Buried);
        if is_buried {
            self.shared.metrics.dead.add(1);
            tracing::error!(
                stream = &*delivery.stream,
                entry = %delivery.id,
                deliveries,
                reason,
                "given up; see `seckill dead list`"
            );
        }
        Ok(())
    }
}
