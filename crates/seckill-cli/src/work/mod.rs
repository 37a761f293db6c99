//! `seckill work`: order events into a database, each exactly once.

mod name;
mod options;
mod output;
mod probe;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use order_worker::http;
use order_worker::metrics::Metrics;
use order_worker::probe::Unobserved;
use order_worker::retry::Patience;
use order_worker::store::Location;
use order_worker::stream::{Address, Reader, Streams};
use order_worker::worker::{self, Settings, Shared};

pub use options::{Options, Places};

use crate::Verdict;
use crate::stop::Stop;

/// How often streams are looked for.
const DISCOVER_EVERY: Duration = Duration::from_secs(5);

/// Works until the end is asked for; that it is asked for is no failure.
pub fn run(options: &Options, stop: &Stop) -> Result<Verdict> {
    let bar = output::begin(options.log)?;
    let name = name::choose(options.name.as_deref(), &options.places.data)?;
    let settings = settings(options, &name.text)?;
    tracing::info!(
        redis = %settings.address,
        database = %settings.location,
        consumer = name.text,
        batch = settings.batch,
        "working"
    );
    let metrics = Arc::new(Metrics::default());
    let shared = Arc::new(Shared {
        settings,
        metrics: metrics.clone(),
        probe: probe::by_environment()?,
        stop: stop.flag(),
    });
    let answering = match options.listen {
        Some(address) => {
            let (bound, answering) = http::serve(address, metrics.clone(), stop.flag())
                .with_context(|| format!("cannot listen on {address}"))?;
            tracing::info!(address = %bound, "answering /healthz and /metrics");
            Some(answering)
        }
        None => None,
    };
    thread::scope(|scope| {
        if let Some(bar) = &bar {
            scope.spawn(|| output::show(bar, &metrics, &shared.stop));
        }
        worker::run(&shared);
    });
    if let Some(answering) = answering {
        // It only answers; what it could fail with is nobody's loss.
        let _ = answering.join();
    }
    tracing::info!(
        applied = metrics.applied.get(),
        seen = metrics.seen.get(),
        dead = metrics.dead.get(),
        "ended in order"
    );
    Ok(Verdict::Good)
}

fn settings(options: &Options, consumer: &str) -> Result<Settings> {
    Ok(Settings {
        address: options.places.address()?,
        location: options.places.location(),
        reader: Reader { group: options.places.group.clone(), consumer: consumer.to_owned() },
        streams: options.places.streams(),
        batch: usize::from(options.batch),
        patience: options.patience(),
        keep: options.keep(),
        consumer_idle: Duration::from_millis(options.consumer_idle),
        upkeep_every: Duration::from_millis(options.upkeep),
        discover_every: DISCOVER_EVERY,
    })
}

/// A worker inside another task, such as the demo: one stream, one file, nothing trimmed.
pub fn beside(url: &str, location: Location, stream: &str, stop: Arc<AtomicBool>) -> Result<Arc<Shared>> {
    let settings = Settings {
        address: Address::of(url).map_err(anyhow::Error::msg)?,
        location,
        reader: Reader { group: "orders".to_owned(), consumer: "beside".to_owned() },
        streams: Streams::Named(vec![stream.to_owned()]),
        batch: 256,
        patience: Patience { attempts: 8, base: Duration::from_millis(100), cap: Duration::from_secs(5) },
        keep: None,
        consumer_idle: Duration::from_secs(3_600),
        upkeep_every: Duration::from_secs(1),
        discover_every: DISCOVER_EVERY,
    };
    Ok(Arc::new(Shared { settings, metrics: Arc::default(), probe: Box::new(Unobserved), stop }))
}
