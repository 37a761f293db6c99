//! A lane: one connection to Redis, one to the database, batch after batch.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use redis::{Connection, RedisError};

use super::failures::Retries;
use super::{Shared, SharedStreams, note_failure, reconnect_wait};
use crate::event::EntryId;
use crate::probe::Step;
use crate::store::{Database, StoreError};
use crate::stream::{Delivery, is_missing};

/// Longest wait for new entries: within it a lane learns of the end, of new streams and of what is due.
const BLOCK: Duration = Duration::from_millis(500);
/// A stream without its group is left alone for so long.
const ABSENCE: Duration = Duration::from_secs(5);

/// Why a lane must begin again.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Redis is away, or serves the stream no more.
    Redis(RedisError),
    /// The end was asked for while the database was away.
    Stopped,
}

/// What the database says no to, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Whenever it is asked.
    Always(String),
    /// As long as units are missing.
    ForNow(String),
}

impl Refusal {
    pub fn reason(&self) -> &str {
        let (Refusal::Always(reason) | Refusal::ForNow(reason)) = self;
        reason
    }
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        Trouble::Redis(error)
    }
}

/// A lane.
pub(super) struct Lane {
    pub shared: Arc<Shared>,
    pub number: usize,
    streams: SharedStreams,
    pub database: Option<Database>,
    pub retries: Retries,
    /// Streams whose own pending entries were read since the connection was opened.
    recovered: HashMap<Arc<str>, Instant>,
    /// Streams that were not there, and until when they are left alone.
    absent: HashMap<Arc<str>, Instant>,
    next_claim: Instant,
    next_upkeep: Instant,
    /// How many numbers were missing when it was last reported.
    pub reported_missing: i64,
}

impl Lane {
    pub fn new(shared: Arc<Shared>, number: usize, streams: SharedStreams) -> Self {
        Lane {
            shared,
            number,
            streams,
            database: None,
            retries: Retries::default(),
            recovered: HashMap::new(),
            absent: HashMap::new(),
            next_claim: Instant::now(),
            next_upkeep: Instant::now(),
            reported_missing: 0,
        }
    }

    /// Works until the end is asked for.
    pub fn run(mut self) {
        let mut failures = 0;
        while !self.shared.is_stopped() {
            let key = self.present().first().cloned();
            let Some(key) = key else {
                self.shared.rest(Duration::from_millis(100));
                continue;
            };
            // The database first: reading counts as a delivery, and must not while nothing can be done with it.
            if self.ensure_database().is_err() {
                break;
            }
            let opened = Instant::now();
            let ended = self.shared.settings.address.connect(&key).map_err(Trouble::Redis);
            match ended.and_then(|mut connection| self.serve(&mut connection)) {
                Ok(()) | Err(Trouble::Stopped) => {}
                Err(Trouble::Redis(error)) if is_missing(&error) => self.forget_missing(&error),
                Err(Trouble::Redis(error)) => {
                    failures = if opened.elapsed() > Duration::from_secs(10) { 1 } else { failures + 1 };
                    note_failure(&self.shared, self.number, &error);
                    self.shared.rest(reconnect_wait(failures));
                }
            }
            self.recovered.clear();
        }
        self.shared.metrics.ended(self.number);
    }

    /// Batch after batch, until the end is asked for or Redis is in trouble.
    fn serve(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        self.next_claim = Instant::now();
        while !self.shared.is_stopped() {
            self.shared.metrics.alive(self.number);
            let streams = self.present();
            if streams.is_empty() {
                return Ok(());
            }
            self.recover(connection, &streams)?;
            self.claim_stale(connection, &streams)?;
            self.retry(connection)?;
            if Instant::now() >= self.next_upkeep {
                self.next_upkeep = Instant::now() + self.shared.settings.upkeep_every;
                self.look_after(connection, &streams)?;
            }
            let settings = &self.shared.settings;
            let block =
                self.retries.until_due().map_or(BLOCK, |due| due.clamp(Duration::from_millis(1), BLOCK));
            let new = settings.reader.read_new(connection, &streams, settings.batch, block)?;
            if !new.is_empty() {
                self.shared.probe.reached(Step::Read);
                self.settle(connection, new)?;
            }
        }
        Ok(())
    }

    /// What this consumer was given in a former life or before a connection broke, at once.
    fn recover(&mut self, connection: &mut Connection, streams: &[Arc<str>]) -> Result<(), Trouble> {
        let settings = self.shared.clone();
        let settings = &settings.settings;
        for stream in
            streams.iter().filter(|stream| !self.recovered.contains_key(*stream)).cloned().collect::<Vec<_>>()
        {
            let mut after = EntryId::default();
            loop {
                let own = settings.reader.read_own(connection, &stream, after, settings.batch)?;
                let Some(last) = own.last() else { break };
                after = last.id;
                self.take_over(connection, own)?;
                if self.shared.is_stopped() {
                    return Ok(());
                }
            }
            self.recovered.insert(stream, Instant::now());
        }
        Ok(())
    }

    /// What other workers were given and have not answered for.
    fn claim_stale(&mut self, connection: &mut Connection, streams: &[Arc<str>]) -> Result<(), Trouble> {
        if Instant::now() < self.next_claim {
            return Ok(());
        }
        let shared = self.shared.clone();
        let settings = &shared.settings;
        for stream in streams {
            let mut cursor = EntryId::default();
            loop {
                let idle = settings.patience.cap;
                let (next, stale) =
                    settings.reader.claim_stale(connection, stream, idle, cursor, settings.batch)?;
                self.take_over(connection, stale)?;
                if next == EntryId::default() || shared.is_stopped() {
                    break;
                }
                cursor = next;
            }
        }
        self.next_claim = Instant::now() + settings.patience.cap / 4;
        Ok(())
    }

    /// Entries that have a history: what has been delivered too often is given up untried.
    fn take_over(&mut self, connection: &mut Connection, entries: Vec<Delivery>) -> Result<(), Trouble> {
        if entries.is_empty() {
            return Ok(());
        }
        self.shared.metrics.claimed.add(entries.len() as u64);
        self.shared.probe.reached(Step::Claimed);
        let entries = self.without_deadly(connection, entries)?;
        self.settle(connection, entries)
    }

    /// The streams to read, without those that are not there.
    fn present(&mut self) -> Vec<Arc<str>> {
        let now = Instant::now();
        self.absent.retain(|_, until| *until > now);
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.iter().filter(|stream| !self.absent.contains_key(*stream)).cloned().collect()
    }

    /// A stream or its group is gone: whichever it is, is left alone for a while.
    fn forget_missing(&mut self, error: &RedisError) {
        let text = error.to_string();
        let all = self.present();
        let named: Vec<Arc<str>> = all.iter().filter(|stream| text.contains(&***stream)).cloned().collect();
        tracing::warn!(%error, "a stream or its group is missing; looking again in a while");
        for stream in if named.is_empty() { all } else { named } {
            self.absent.insert(stream, Instant::now() + ABSENCE);
        }
        self.shared.rest(Duration::from_millis(100));
    }

    /// The database, opened again as often as it takes.
    pub fn ensure_database(&mut self) -> Result<&mut Database, Trouble> {
        let mut failures = 0;
        while self.database.is_none() {
            match self.shared.settings.location.open() {
                Ok(database) => {
                    self.shared.metrics.alive(self.number);
                    self.database = Some(database);
                }
                Err(error) => {
                    failures += 1;
                    self.lost_database(&error);
                    if self.shared.is_stopped() {
                        return Err(Trouble::Stopped);
                    }
                    self.shared.rest(reconnect_wait(failures));
                }
            }
        }
        self.database.as_mut().ok_or(Trouble::Stopped)
    }

    /// Asks the database as often as it takes; a refusal of the row is an answer.
    pub fn with_database<T>(
        &mut self,
        mut work: impl FnMut(&mut Database, &Shared) -> Result<T, StoreError>,
    ) -> Result<Result<T, Refusal>, Trouble> {
        let mut failures = 0;
        loop {
            let shared = self.shared.clone();
            match work(self.ensure_database()?, &shared) {
                Ok(done) => return Ok(Ok(done)),
                Err(StoreError::Refused(why)) => return Ok(Err(Refusal::Always(why))),
                Err(StoreError::Short(why)) => return Ok(Err(Refusal::ForNow(why))),
                Err(error @ StoreError::Unavailable(_)) => {
                    failures += 1;
                    self.lost_database(&error);
                    if self.shared.is_stopped() {
                        return Err(Trouble::Stopped);
                    }
                    self.shared.rest(reconnect_wait(failures));
                }
            }
        }
    }

    fn lost_database(&mut self, error: &StoreError) {
        self.database = None;
        self.shared.metrics.database_failures.add(1);
        self.shared.metrics.ailing(self.number, error.to_string());
        tracing::warn!(%error, "trying again");
    }
}
