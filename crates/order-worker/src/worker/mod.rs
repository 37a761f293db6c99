//! The worker: lanes that carry entries from streams to the database.
//!
//! On one server a lane reads all streams; in a cluster each stream has a lane of its own, for each may be elsewhere.

mod failures;
mod lane;
mod settle;
mod upkeep;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use redis::RedisError;

use crate::metrics::Metrics;
use crate::probe::Probe;
use crate::retry::{Jitter, Patience};
use crate::store::Location;
use crate::stream::{Address, Reader, Streams, discover};
use lane::Lane;

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the streams are.
    pub address: Address,
    /// Where the orders go.
    pub location: Location,
    /// Who reads.
    pub reader: Reader,
    /// What is read.
    pub streams: Streams,
    /// Most entries in a transaction, 1 to 10,000.
    pub batch: usize,
    /// How often and when to try again; its cap is also how long an entry rests before another worker takes it over.
    pub patience: Patience,
    /// How long acknowledged entries stay; none: the stream is never trimmed.
    pub keep: Option<Duration>,
    /// How long a consumer that owns nothing must have been silent to be removed.
    pub consumer_idle: Duration,
    /// How often lag, gaps, trimming and dead consumers are looked after.
    pub upkeep_every: Duration,
    /// How often streams are looked for.
    pub discover_every: Duration,
}

/// What the lanes of a worker share.
pub struct Shared {
    /// How to work.
    pub settings: Settings,
    /// What was done.
    pub metrics: Arc<Metrics>,
    /// Who is told of each step.
    pub probe: Box<dyn Probe>,
    /// Set when the end is asked for: the batch at hand is finished and acknowledged.
    pub stop: Arc<AtomicBool>,
}

impl Shared {
    /// Whether the end was asked for.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits, or until the end is asked for.
    pub(crate) fn rest(&self, wait: Duration) {
        const GLANCE: Duration = Duration::from_millis(20);
        let until = Instant::now() + wait;
        while !self.is_stopped() && Instant::now() < until {
            thread::sleep(GLANCE.min(until.saturating_duration_since(Instant::now())));
        }
    }
}

/// Streams that a lane reads; more may come while it reads.
pub(crate) type SharedStreams = Arc<Mutex<Vec<Arc<str>>>>;

/// Works until the end is asked for.
pub fn run(shared: &Arc<Shared>) {
    let mut lanes: BTreeMap<Arc<str>, JoinHandle<()>> = BTreeMap::new();
    let all: SharedStreams = Arc::default();
    let mut failures = 0;
    while !shared.is_stopped() {
        let found =
            discover(&shared.settings.address, &shared.settings.streams, &shared.settings.reader.group);
        match found {
            Ok(found) => {
                failures = 0;
                if shared.settings.address.is_cluster() {
                    begin_lanes(shared, &mut lanes, &found);
                } else {
                    note(&found, &all);
                    lanes.entry(Arc::from("")).or_insert_with(|| begin(shared, 0, all.clone()));
                }
                shared.rest(if found.is_empty() {
                    Duration::from_secs(1)
                } else {
                    shared.settings.discover_every
                });
            }
            Err(error) => {
                failures += 1;
                note_failure(shared, usize::MAX, &error);
                shared.rest(reconnect_wait(failures));
                shared.metrics.ended(usize::MAX);
            }
        }
    }
    for (_, lane) in lanes {
        // A lane that panicked has said so on standard error.
        let _ = lane.join();
    }
}

fn begin_lanes(shared: &Arc<Shared>, lanes: &mut BTreeMap<Arc<str>, JoinHandle<()>>, found: &[Arc<str>]) {
    for stream in found {
        let number = lanes.len();
        lanes
            .entry(stream.clone())
            .or_insert_with(|| begin(shared, number, Arc::new(Mutex::new(vec![stream.clone()]))));
    }
}

fn begin(shared: &Arc<Shared>, number: usize, streams: SharedStreams) -> JoinHandle<()> {
    let shared = shared.clone();
    thread::spawn(move || Lane::new(shared, number, streams).run())
}

fn note(found: &[Arc<str>], all: &SharedStreams) {
    let mut known = all.lock().unwrap_or_else(PoisonError::into_inner);
    if *known != found {
        let names: Vec<&str> = found.iter().map(|stream| &**stream).collect();
        tracing::info!(streams = names.join(" "), "reading");
        known.clear();
        known.extend_from_slice(found);
    }
}

pub(crate) fn note_failure(shared: &Shared, lane: usize, error: &RedisError) {
    shared.metrics.redis_failures.add(1);
    shared.metrics.ailing(lane, format!("Redis: {error}"));
    tracing::warn!(%error, "Redis is unavailable; trying again");
}

/// The wait before a connection is tried again.
pub(crate) fn reconnect_wait(failures: u32) -> Duration {
    const RECONNECT: Patience =
        Patience { attempts: u32::MAX, base: Duration::from_millis(100), cap: Duration::from_secs(5) };
    RECONNECT.wait(failures, jitter())
}

/// Random enough to keep workers apart.
pub(crate) fn jitter() -> Jitter {
    use std::hash::{BuildHasher, RandomState};
    Jitter::of(RandomState::new().hash_one(0))
}
