//! How many events a second the worker carries, against reading them without a database.
//!
//! `throughput REDIS-URL DATABASE[,DATABASE …] [EVENTS] [ROUNDS]` on a server and databases that are for nothing else:
//! the stream `{throughput}:orders` and the worker's tables are made anew. A file is removed, a schema is dropped.
//! `throughput REDIS-URL DATABASE steady EVENTS` carries so many events once, and shows memory and time on the way.
//! `throughput REDIS-URL DATABASE delay RATE` feeds so many events a second for ten seconds, and shows how late they are.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use order_worker::event::{EntryId, read};
use order_worker::metrics::Metrics;
use order_worker::probe::Unobserved;
use order_worker::retry::Patience;
use order_worker::store::Location;
use order_worker::stream::{Address, Reader, Streams};
use order_worker::worker::{self, Settings, Shared};
use redis::Connection;

type Outcome<T> = Result<T, Box<dyn Error>>;

const STREAM: &str = "{throughput}:orders";
const SALE: &str = "throughput";
const BATCHES: [usize; 3] = [1, 64, 256];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [url, database, "steady", events] => steady(url, &Location::of(database), events.parse()?),
        [url, database, "delay", rate] => delay(url, &Location::of(database), rate.parse()?),
        [url, databases, rest @ ..] => {
            let locations: Vec<Location> = databases.split(',').map(Location::of).collect();
            let events = rest.first().map_or(Ok(40_000), |text| text.parse())?;
            let rounds = rest.get(1).map_or(Ok(5), |text| text.parse())?;
            compare(url, &locations, events, rounds)
        }
        _ => Err("give a Redis URL and databases".into()),
    }
}

/// Each way in turn, round after round, so that what disturbs one disturbs all.
fn compare(url: &str, locations: &[Location], events: usize, rounds: usize) -> Outcome<()> {
    let address = Address::of(url)?;
    let mut connection = address.connect(STREAM)?;
    redis::cmd("DEL").arg(STREAM).exec(&mut connection)?;
    fill(&mut connection, 0, events)?;
    let mut rates: BTreeMap<(usize, String), Vec<f64>> = BTreeMap::new();
    for round in 0..rounds {
        for batch in BATCHES {
            // One event a transaction takes as long as the disk does.
            let most = if batch == 1 { events / 20 } else { events };
            let group = format!("none-{round}-{batch}");
            let rate = without_database(&mut connection, &group, batch, most)?;
            rates.entry((batch, "no database".to_owned())).or_default().push(rate);
            for location in locations {
                let rate = with_database(url, &mut connection, location, batch, most)?;
                let kind = if matches!(location, Location::Sqlite(_)) { "SQLite" } else { "PostgreSQL" };
                rates.entry((batch, kind.to_owned())).or_default().push(rate);
            }
        }
    }
    for ((batch, kind), mut all) in rates {
        all.sort_by(f64::total_cmp);
        let (least, most) = (all.first().copied().unwrap_or(0.0), all.last().copied().unwrap_or(0.0));
        let median = all.get(all.len() / 2).copied().unwrap_or(0.0);
        println!("batch {batch:>3}  {kind:<11}  median {median:>7.0}/s  ({least:.0} to {most:.0})");
    }
    Ok(())
}

/// Reservations, each paid at once: two events each.
fn fill(connection: &mut Connection, from: usize, count: usize) -> Outcome<()> {
    let all: Vec<usize> = (from..from + count).collect();
    for chunk in all.chunks(1_000) {
        let mut pipe = redis::pipe();
        for at in chunk {
            let (kind, deadline) =
                if at % 2 == 0 { ("RESERVED", 1_795_428_961_000_u64) } else { ("CONFIRMED", 0) };
            let (id, user) = (at / 2 + 1, format!("user-{:012}", at / 2 + 1));
            pipe.cmd("XADD").arg(STREAM).arg("*").arg("ev").arg(kind).arg("sale").arg(SALE);
            pipe.arg("seq").arg(format!("0-{}", at + 1)).arg("id").arg(id).arg("user").arg(user);
            pipe.arg("qty").arg(1).arg("deadline").arg(deadline).ignore();
        }
        pipe.exec(connection)?;
    }
    Ok(())
}

/// Reading, understanding, acknowledging, and nothing else.
fn without_database(connection: &mut Connection, group: &str, batch: usize, most: usize) -> Outcome<f64> {
    begin_group(connection, group)?;
    let reader = Reader { group: group.to_owned(), consumer: "one".to_owned() };
    let streams: [Arc<str>; 1] = [Arc::from(STREAM)];
    let (begun, mut done) = (Instant::now(), 0);
    while done < most {
        let entries = reader.read_new(connection, &streams, batch, Duration::ZERO)?;
        let understood = entries.iter().filter_map(|entry| Some((entry.id, entry.fields.as_ref()?)));
        let ids: Vec<(Arc<str>, EntryId)> = understood
            .filter_map(|(id, fields)| read(id, fields).ok().map(|_| (streams[0].clone(), id)))
            .collect();
        reader.acknowledge(connection, &ids)?;
        done += ids.len();
    }
    let rate = done as f64 / begun.elapsed().as_secs_f64();
    end_group(connection, group)?;
    Ok(rate)
}

fn with_database(
    url: &str,
    connection: &mut Connection,
    location: &Location,
    batch: usize,
    most: usize,
) -> Outcome<f64> {
    begin_group(connection, "orders")?;
    prepare(location)?;
    let running = Running::begin(url, location, batch)?;
    running.wait_until(1);
    let (begun, first) = (Instant::now(), running.applied());
    running.wait_until(most as u64);
    let rate = (running.applied() - first) as f64 / begun.elapsed().as_secs_f64();
    running.end();
    end_group(connection, "orders")?;
    Ok(rate)
}

/// Tables without rows, but for the sale with its stock.
fn prepare(location: &Location) -> Outcome<()> {
    match location {
        Location::Sqlite(file) => {
            for ending in ["", "-wal", "-shm"] {
                // It need not be there.
                let _ = fs::remove_file(format!("{}{ending}", file.display()));
            }
        }
        Location::Postgres(url) => {
            let mut client = postgres::Client::connect(url, postgres::NoTls)?;
            client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
        }
    }
    location.open()?.add_product(SALE, Some(1 << 40), Default::default())?;
    Ok(())
}

fn begin_group(connection: &mut Connection, group: &str) -> Outcome<()> {
    redis::cmd("XGROUP").arg("CREATE").arg(STREAM).arg(group).arg("0").arg("MKSTREAM").exec(connection)?;
    Ok(())
}

fn end_group(connection: &mut Connection, group: &str) -> Outcome<()> {
    redis::cmd("XGROUP").arg("DESTROY").arg(STREAM).arg(group).exec(connection)?;
    Ok(())
}

/// A worker in a thread of its own.
struct Running {
    shared: Arc<Shared>,
    thread: thread::JoinHandle<()>,
}

impl Running {
    fn begin(url: &str, location: &Location, batch: usize) -> Outcome<Running> {
        let settings = Settings {
            address: Address::of(url)?,
            location: location.clone(),
            reader: Reader { group: "orders".to_owned(), consumer: "one".to_owned() },
            streams: Streams::Named(vec![STREAM.to_owned()]),
            batch,
            patience: Patience {
                attempts: 8,
                base: Duration::from_millis(500),
                cap: Duration::from_secs(30),
            },
            keep: None,
            consumer_idle: Duration::from_secs(3_600),
            upkeep_every: Duration::from_secs(5),
            discover_every: Duration::from_secs(5),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Shared {
            settings,
            metrics: Arc::new(Metrics::default()),
            probe: Box::new(Unobserved),
            stop,
        });
        let thread = thread::spawn({
            let shared = shared.clone();
            move || worker::run(&shared)
        });
        Ok(Running { shared, thread })
    }

    fn applied(&self) -> u64 {
        self.shared.metrics.applied.get()
    }

    fn wait_until(&self, applied: u64) {
        while self.applied() < applied {
            thread::sleep(Duration::from_micros(200));
        }
    }

    fn end(self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // A panic has been shown on standard error.
        let _ = self.thread.join();
    }
}

/// Memory and processor time on the way through many events.
fn steady(url: &str, location: &Location, events: usize) -> Outcome<()> {
    let mut connection = Address::of(url)?.connect(STREAM)?;
    redis::cmd("DEL").arg(STREAM).exec(&mut connection)?;
    fill(&mut connection, 0, events)?;
    begin_group(&mut connection, "orders")?;
    prepare(location)?;
    let running = Running::begin(url, location, 256)?;
    let begun = Instant::now();
    for tenth in 1..=10 {
        let so_many = (events * tenth / 10) as u64;
        running.wait_until(so_many);
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{so_many:>9} events  {seconds:>6.1} s  {:>6} kB resident  {:>6.1} s of processor",
            resident_kb()?,
            processor_seconds()?
        );
    }
    running.end();
    Ok(())
}

/// How old events are when they are committed, while so many a second come.
fn delay(url: &str, location: &Location, rate: usize) -> Outcome<()> {
    let mut connection = Address::of(url)?.connect(STREAM)?;
    redis::cmd("DEL").arg(STREAM).exec(&mut connection)?;
    begin_group(&mut connection, "orders")?;
    prepare(location)?;
    let running = Running::begin(url, location, 256)?;
    let (begun, mut sent) = (Instant::now(), 0);
    let mut seen = Vec::new();
    while begun.elapsed() < Duration::from_secs(10) {
        let due = (begun.elapsed().as_secs_f64() * rate as f64) as usize;
        fill(&mut connection, sent, due - sent)?;
        sent = due;
        seen.push(running.shared.metrics.delay_ms.load(Ordering::Relaxed));
        thread::sleep(Duration::from_millis(1));
    }
    running.wait_until(sent as u64);
    running.end();
    seen.sort_unstable();
    let at = |part: usize| seen.get(seen.len() * part / 100).copied().unwrap_or(0);
    println!("{sent} events at {rate}/s: late by {} ms (p50), {} (p90), {} (p99)", at(50), at(90), at(99));
    Ok(())
}

fn resident_kb() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn processor_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(") ").ok_or("no name")?.1;
    let ticks: Vec<u64> =
        after_name.split(' ').skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
}
