//! `seckill demo`: a whole flash sale, and the proof that it was fair.

mod checks;
mod crowd;
mod evidence;
mod habits;
mod ledger;
mod locate;
mod queue;
mod report;
mod server;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use redis::Connection;

use crate::answer::{Status, Verb};
use crate::args::Demo;
use crate::book::Book;
use crate::link::{self, must, words};
use crate::progress::Progress;
use crate::random;
use crate::stop::Stop;
use crate::stream::Reader;
use crate::timeline::Timeline;
use crate::{Verdict, chart};
use checks::Memory;
use crowd::{Crowd, Told};
use evidence::Evidence;
use ledger::Ledger;
use queue::{Queue, Seen};
use report::{Funnel, Report};
use server::Server;

const SALE: &str = "phone";
const GLANCE: Duration = Duration::from_millis(100);
/// After the last arrival, for returned units to be sold and paid.
const LAST_CALL_PATIENCE: Duration = Duration::from_secs(9);
/// Beyond a hold's length, for the server to expire what is left.
const SETTLING_PATIENCE: Duration = Duration::from_secs(3);

/// Runs the sale and judges it.
pub fn run(options: &Demo, stop: &Stop) -> Result<Verdict> {
    options.validate()?;
    let module = locate::module(options.module.as_deref())?;
    let program = locate::server(options.server.as_deref())?;
    let mut server = match Server::start(&program, &module, stop) {
        Err(_) if stop.is_asked() => return Ok(Verdict::Interrupted),
        started => started?,
    };
    let seed = options.seed.unwrap_or_else(random::fresh_seed);
    eprintln!(
        "{} units for {} buyers through {} connections; holds last {} s; seed {seed}",
        options.units,
        options.buyers,
        options.connections,
        habits::HOLD.as_secs_f64()
    );
    let sold = sell(options, seed, &mut server, stop);
    if stop.is_asked() {
        eprintln!("interrupted; the server that was started for the demo has been ended");
        return Ok(Verdict::Interrupted);
    }
    let (report, timeline) = sold?;
    publish(options, &report, &timeline)?;
    Ok(if report.ok { Verdict::Good } else { Verdict::Bad })
}

/// The sale from its creation to its judgement.
fn sell(options: &Demo, seed: u64, server: &mut Server, stop: &Stop) -> Result<(Report, Timeline)> {
    let mut connection = server.connect()?;
    let links = link::open_all(server.client(), usize::from(options.connections))?;
    let buyers = habits::buyers(seed, options.buyers);
    open_sale(&mut connection, options.units)?;
    let ledger = Ledger::open(server, &evidence::info(&mut connection, SALE)?.stream)?;
    let last_call = habits::last_arrival(options.buyers) + Duration::from_millis(200);
    let crowd = Crowd::new(SALE, buyers, last_call, last_call + LAST_CALL_PATIENCE, stop);
    let seen = serve(&crowd, links, server, &mut connection)?;
    let mut evidence = evidence::gather(&mut connection, SALE, habits::HOLD + SETTLING_PATIENCE)?;
    evidence.tables = ledger.close(&mut connection, SALE)?;
    Ok((judge(options, seed, &crowd, &seen, evidence), seen.timeline))
}

/// Compares what everybody says.
fn judge(options: &Demo, seed: u64, crowd: &Crowd, seen: &Seen, evidence: Evidence) -> Report {
    let book = Book::replay(i64::from(options.units), &evidence.events);
    let checks = checks::all(&remember(options, crowd, &seen.told), &evidence, &book);
    Report {
        units: options.units,
        buyers: options.buyers,
        connections: options.connections,
        seed,
        hold_ms: habits::HOLD.as_millis() as u64,
        seconds: crowd.begun.elapsed().as_secs_f64(),
        sold: evidence.info.totals.confirmed,
        rows: evidence.tables.paid(),
        distinct_buyers: book.buyers(),
        events: book.kinds().clone(),
        audit: evidence.audit,
        funnel: funnel(crowd, book.kinds()),
        ok: checks.iter().all(|check| check.problem.is_none()),
        checks,
        bucket_ms: seen.timeline.width().as_millis() as u64,
        curve: seen.timeline.rows().to_vec(),
    }
}

/// Creates the sale by the server's clock, a moment before it opens.
fn open_sale(connection: &mut Connection, units: u32) -> Result<()> {
    let (seconds, micros): (u64, u64) = must(connection, &words(&["TIME"]))?;
    let start = seconds * 1_000 + micros / 1_000 + habits::OPENS_AFTER.as_millis() as u64;
    let hold = habits::HOLD.as_millis().to_string();
    let (units, start) = (units.to_string(), start.to_string());
    let create = ["SECKILL.CREATE", SALE, "STOCK", &units, "START", &start, "HOLD", &hold, "PERUSER", "1"];
    must::<()>(connection, &words(&create))
}

/// Lets everybody in, and watches until the last one has gone.
fn serve(
    crowd: &Crowd,
    links: Vec<link::Link>,
    server: &mut Server,
    connection: &mut Connection,
) -> Result<Seen> {
    let stream = evidence::info(connection, SALE)?.stream;
    let queues = links.len();
    thread::scope(|scope| {
        let open = |(at, link)| scope.spawn(move || Queue::new(crowd, link, at, queues).run());
        let threads: Vec<_> = links.into_iter().enumerate().map(open).collect();
        let watched =
            watch(crowd, server, connection, &stream, || threads.iter().all(|one| one.is_finished()));
        if watched.is_err() {
            crowd.is_abandoned.store(true, Ordering::Relaxed);
        }
        let mut all = Seen::default();
        for thread in threads {
            let Ok(seen) = thread.join() else {
                crowd.tally.fail("a connection's thread panicked".to_owned());
                continue;
            };
            all.timeline.merge(seen.timeline);
            all.told.extend(seen.told);
        }
        watched.map(|()| all)
    })
}

/// Shows the funnel until everybody has gone; fails if the server does.
fn watch(
    crowd: &Crowd,
    server: &mut Server,
    connection: &mut Connection,
    stream: &str,
    everybody_has_gone: impl Fn() -> bool,
) -> Result<()> {
    let mut progress = Progress::of(crowd.buyers.len() as u64);
    let mut reader = Reader::new(stream);
    let mut kinds = BTreeMap::new();
    loop {
        let is_last = everybody_has_gone();
        server.ensure_alive()?;
        for event in reader.page(connection)? {
            *kinds.entry(event.kind).or_default() += 1;
        }
        let line = funnel(crowd, &kinds).line();
        progress.show(crowd.arrived.load(Ordering::Relaxed), &line);
        if is_last {
            progress.finish(&line);
            return Ok(());
        }
        thread::sleep(GLANCE);
    }
}

fn funnel(crowd: &Crowd, kinds: &BTreeMap<String, u64>) -> Funnel {
    let event = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
    let answered = |status| crowd.tally.of(Verb::Reserve, status);
    Funnel {
        requests: crowd.tally.answers(Verb::Reserve),
        too_early: answered(Status::NotOpen),
        reserved: crowd.reserved.load(Ordering::Relaxed),
        repeated: crowd.repeated.load(Ordering::Relaxed),
        duplicate: answered(Status::Duplicate),
        sold_out: answered(Status::SoldOut),
        confirmed: crowd.tally.of(Verb::Confirm, Status::Confirmed),
        released: crowd.tally.of(Verb::Release, Status::Released),
        expired: event("EXPIRED"),
        late_confirmed: crowd.late_confirmed.load(Ordering::Relaxed),
        late_refunds: crowd.refunds.load(Ordering::Relaxed),
    }
}

fn remember(options: &Demo, crowd: &Crowd, told: &[(u64, u32, Told)]) -> Memory {
    let got_nothing = |id: &&AtomicU64| id.load(Ordering::Relaxed) == 0;
    Memory {
        units: i64::from(options.units),
        requests: crowd.tally.answers(Verb::Reserve),
        empty_handed: crowd.holds.iter().filter(got_nothing).count() as u64,
        told: told.to_vec(),
        failures: crowd.tally.failures(),
    }
}

fn publish(options: &Demo, report: &Report, timeline: &Timeline) -> Result<()> {
    if let Some(file) = &options.svg {
        let title = format!("{} units, {} buyers", options.units, options.buyers);
        chart::save(file, &title, &chart::TRAFFIC, &chart::lines(timeline), &report.summary())?;
        eprintln!("drew {}", file.display());
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("\n{}", report.text(timeline));
    }
    let failed = report.failed();
    if !failed.is_empty() {
        eprintln!("seckill: does not hold: {}", failed.join("; "));
    }
    Ok(())
}
