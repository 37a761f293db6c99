//! What the worker has done and how it is, as Prometheus reads it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// What it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamGauge {
    /// Entries that nobody was given yet.
    pub lag: u64,
    /// Entries given and not acknowledged.
    pub pending: u64,
}

impl StreamGauge {
    fn lag(&self) -> u64 {
        self.lag
    }

    fn pending(&self) -> u64 {
        self.pending
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    began: Instant,
    /// Events applied.
    pub applied: Counter,
    /// Events that had been applied before.
    pub seen: Counter,
    /// Batches committed.
    pub batches: Counter,
    /// Microseconds spent in committing.
    pub commit_us: Counter,
    /// Entries taken over from other workers, or from a former life of this one.
    pub claimed: Counter,
    /// Deliveries that failed and will be tried again.
    pub retried: Counter,
    /// Entries moved to the dead letters.
    pub dead: Counter,
    /// Epochs that began in sales that had others before.
    pub epochs: Counter,
    /// Events that would have taken a state back after a failover.
    pub setbacks: Counter,
    /// Entries trimmed.
    pub trimmed: Counter,
    /// Consumers removed.
    pub removed_consumers: Counter,
    /// Connections to Redis that broke.
    pub redis_failures: Counter,
    /// Connections to the database that broke.
    pub database_failures: Counter,
    /// Milliseconds between the newest applied event's entry and its commit.
    pub delay_ms: AtomicU64,
    /// Numbers that are missing in the epochs of all sales.
    pub missing: AtomicU64,
    streams: Mutex<BTreeMap<String, StreamGauge>>,
    /// What each lane last said of its connections.
    lanes: Mutex<BTreeMap<usize, Result<Instant, String>>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            began: Instant::now(),
            applied: Counter::default(),
            seen: Counter::default(),
            batches: Counter::default(),
            commit_us: Counter::default(),
            claimed: Counter::default(),
            retried: Counter::default(),
            dead: Counter::default(),
            epochs: Counter::default(),
            setbacks: Counter::default(),
            trimmed: Counter::default(),
            removed_consumers: Counter::default(),
            redis_failures: Counter::default(),
            database_failures: Counter::default(),
            delay_ms: AtomicU64::default(),
            missing: AtomicU64::default(),
            streams: Mutex::default(),
            lanes: Mutex::default(),
        }
    }
}

/// A lane that has said nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(60);

impl Metrics {
    /// How long the worker has been there.
    pub fn uptime(&self) -> Duration {
        self.began.elapsed()
    }

    /// How far a stream is.
    pub fn set_stream(&self, stream: &str, gauge: StreamGauge) {
        held(&self.streams).insert(stream.to_owned(), gauge);
    }

    /// Entries not given and not acknowledged, in all streams.
    pub fn backlog(&self) -> StreamGauge {
        held(&self.streams).values().fold(StreamGauge::default(), |sum, one| StreamGauge {
            lag: sum.lag + one.lag,
            pending: sum.pending + one.pending,
        })
    }

    /// A lane is at work.
    pub fn alive(&self, lane: usize) {
        held(&self.lanes).insert(lane, Ok(Instant::now()));
    }

    /// A lane waits for what is away.
    pub fn ailing(&self, lane: usize, why: String) {
        held(&self.lanes).insert(lane, Err(why));
    }

    /// A lane has ended.
    pub fn ended(&self, lane: usize) {
        held(&self.lanes).remove(&lane);
    }

    /// Why it is not well, if it is not.
    pub fn ailment(&self) -> Option<String> {
        let lanes = held(&self.lanes);
        if lanes.is_empty() {
            return Some("no stream is read".to_owned());
        }
        lanes.values().find_map(|lane| match lane {
            Ok(at) if at.elapsed() < SILENCE => None,
            Ok(at) => Some(format!("a lane has been silent for {} s", at.elapsed().as_secs())),
            Err(why) => Some(why.clone()),
        })
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, help, counter) in self.counters() {
            let _ =
                writeln!(text, "# HELP seckill_worker_{name} {help}\n# TYPE seckill_worker_{name} counter");
            let _ = writeln!(text, "seckill_worker_{name} {}", counter.get());
        }
        let seconds = self.commit_us.get() as f64 / 1e6;
        let _ = writeln!(text, "# TYPE seckill_worker_commit_seconds_total counter");
        let _ = writeln!(text, "seckill_worker_commit_seconds_total {seconds}");
        let gauges = [
            ("up", u64::from(self.ailment().is_none())),
            ("delay_milliseconds", self.delay_ms.load(Ordering::Relaxed)),
            ("missing_events", self.missing.load(Ordering::Relaxed)),
        ];
        for (name, value) in gauges {
            let _ = writeln!(text, "# TYPE seckill_worker_{name} gauge\nseckill_worker_{name} {value}");
        }
        let streams = held(&self.streams);
        for (name, of) in [("lag", StreamGauge::lag as fn(&_) -> _), ("pending", StreamGauge::pending)] {
            let _ = writeln!(text, "# TYPE seckill_worker_stream_{name} gauge");
            for (stream, gauge) in streams.iter() {
                let stream = stream.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let _ = writeln!(text, "seckill_worker_stream_{name}{{stream=\"{stream}\"}} {}", of(gauge));
            }
        }
        text
    }

    fn counters(&self) -> [(&'static str, &'static str, &Counter); 12] {
        [
            ("applied_total", "Events applied.", &self.applied),
            ("seen_total", "Events that had been applied before.", &self.seen),
            ("batches_total", "Batches committed.", &self.batches),
            ("claimed_total", "Entries taken over.", &self.claimed),
            ("retried_total", "Deliveries that failed and are tried again.", &self.retried),
            ("dead_total", "Entries moved to the dead letters.", &self.dead),
            ("epochs_total", "Epochs that began in sales that had others before.", &self.epochs),
            ("setbacks_total", "Events that would have taken a state back.", &self.setbacks),
            ("trimmed_total", "Entries trimmed.", &self.trimmed),
            ("removed_consumers_total", "Consumers removed.", &self.removed_consumers),
            ("redis_failures_total", "Connections to Redis that broke.", &self.redis_failures),
            ("database_failures_total", "Connections to the database that broke.", &self.database_failures),
        ]
    }
}

/// What a thread that panicked has left is still a map.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_well_while_every_lane_works() {
        let metrics = Metrics::default();
        assert_eq!(metrics.ailment().as_deref(), Some("no stream is read"));
        metrics.alive(0);
        assert_eq!(metrics.ailment(), None);
        metrics.ailing(1, "the database is away".to_owned());
        assert_eq!(metrics.ailment().as_deref(), Some("the database is away"));
        metrics.ended(1);
        assert_eq!(metrics.ailment(), None);
    }

    #[test]
    fn metrics_are_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.applied.add(3);
        metrics.set_stream("{a\"b}:orders", StreamGauge { lag: 2, pending: 1 });
        metrics.set_stream("b", StreamGauge { lag: 5, pending: 0 });
        let text = metrics.text();
        assert!(text.contains("\nseckill_worker_applied_total 3\n"), "{text}");
        assert!(text.contains("seckill_worker_stream_lag{stream=\"{a\\\"b}:orders\"} 2\n"), "{text}");
        // All samples of a metric stand together, after its type.
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
        assert!(at("stream_lag{stream=\"b\"} 5") < at("# TYPE seckill_worker_stream_pending"));
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        assert!(
            samples
                .clone()
                .all(|line| line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok()))
        );
    }
}
