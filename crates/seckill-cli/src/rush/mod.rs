//! `seckill rush`: the traffic of a flash sale against a running server, measured.

mod drive;
mod pace;
mod preflight;
mod report;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::answer::{Status, Verb};
use crate::args::Rush;
use crate::link::{self, Link};
use crate::progress::Progress;
use crate::random;
use crate::stop::Stop;
use crate::tally::Tally;
use crate::timeline::Timeline;
use crate::{Verdict, chart};
use drive::{Drive, Driver, Measured};
use pace::Pace;
use report::Report;

const GLANCE: Duration = Duration::from_millis(100);

/// Sends the traffic and reports on it.
pub fn run(options: &Rush, stop: &Stop) -> Result<Verdict> {
    options.validate()?;
    let client = preflight::check(&options.url, &options.sale)?;
    let stock_before = preflight::stock(&client, &options.sale)?;
    let links = link::open_all(&client, usize::from(options.concurrency))?;
    let drive = Drive {
        sale: options.sale.clone(),
        buyers: options.buyers,
        qty: options.qty,
        confirm: options.confirm,
        run: random::fresh(),
        pace: Pace::new(options.rate, options.until(), options.pipeline),
        tally: Tally::new(drive::expects),
        begun: Instant::now(),
        stop: stop.clone(),
    };
    let (mut report, timeline) = sum_up(options, &drive, send(&drive, links));
    report.server = client.get_connection_info().addr().to_string();
    report.stock_before = stock_before;
    // A server that is gone by now shows in the failures.
    report.stock_after = preflight::stock(&client, &options.sale).unwrap_or(None);
    publish(options, &report, &timeline)?;
    Ok(verdict(&report))
}

/// The figures of a run that has ended just now.
fn sum_up(options: &Rush, drive: &Drive, mut measured: Measured) -> (Report, Timeline) {
    let elapsed = drive.begun.elapsed();
    let interrupted = drive.stop.is_asked();
    let unsent = if interrupted { 0..0 } else { drive.pace.unsent() };
    measured.wait_in_vain(&drive.pace, unsent.clone(), elapsed);
    let answered = drive.tally.answers(Verb::Reserve);
    let failures = drive.tally.failures();
    let report = Report {
        server: String::new(),
        sale: options.sale.clone(),
        concurrency: options.concurrency,
        pipeline: options.pipeline,
        rate: options.rate,
        seconds: elapsed.as_secs_f64(),
        answered,
        answered_per_second: answered as f64 / elapsed.as_secs_f64().max(1e-9),
        unsent: unsent.end - unsent.start,
        interrupted,
        reserve: drive.tally.by_status(Verb::Reserve),
        confirm: drive.tally.by_status(Verb::Confirm),
        reserve_latency: measured.reserve.summary(),
        confirm_latency: measured.confirm.summary(),
        stock_before: None,
        stock_after: None,
        ok: failures.is_empty() && answered > 0,
        failures,
        bucket_ms: measured.timeline.width().as_millis() as u64,
        curve: measured.timeline.rows().to_vec(),
    };
    (report, measured.timeline)
}

fn verdict(report: &Report) -> Verdict {
    match report {
        Report { ok: false, interrupted: false, .. } => Verdict::Bad,
        Report { interrupted: true, .. } => Verdict::Interrupted,
        Report { .. } => Verdict::Good,
    }
}

/// Drives all connections, and shows how far they are.
fn send(drive: &Drive, links: Vec<Link>) -> Measured {
    thread::scope(|scope| {
        let open = |(at, link)| scope.spawn(move || Driver::new(drive, link, at).run());
        let threads: Vec<_> = links.into_iter().enumerate().map(open).collect();
        watch(drive, || threads.iter().all(|one| one.is_finished()));
        let mut all = Measured::new();
        for thread in threads {
            match thread.join() {
                Ok(measured) => all.merge(measured),
                Err(_) => drive.tally.fail("a connection's thread panicked".to_owned()),
            }
        }
        all
    })
}

fn watch(drive: &Drive, is_finished: impl Fn() -> bool) {
    let mut progress = Progress::of(drive.pace.progress(Duration::ZERO).1);
    let mut last = (Duration::ZERO, 0);
    let mut rate = 0.0;
    loop {
        let is_last = is_finished();
        let now = drive.begun.elapsed();
        let answered = drive.tally.answers(Verb::Reserve);
        let since = (now - last.0).as_secs_f64();
        if since >= 0.5 {
            rate = (answered - last.1) as f64 / since;
            last = (now, answered);
        }
        let line = line(drive, answered, rate);
        progress.show(drive.pace.progress(now).0, &line);
        if is_last {
            return progress.finish(&line);
        }
        thread::sleep(GLANCE);
    }
}

fn line(drive: &Drive, answered: u64, rate: f64) -> String {
    let of = |verb, status| drive.tally.of(verb, status);
    format!(
        "{}/s  answered {answered}  reserved {}  duplicate {}  sold out {}  confirmed {}  failed {}",
        chart::short(rate),
        of(Verb::Reserve, Status::Reserved),
        of(Verb::Reserve, Status::Duplicate),
        of(Verb::Reserve, Status::SoldOut),
        of(Verb::Reserve, Status::Confirmed) + of(Verb::Confirm, Status::Confirmed),
        drive.tally.failed()
    )
}

fn publish(options: &Rush, report: &Report, timeline: &Timeline) -> Result<()> {
    if let Some(file) = &options.plot {
        let title = format!("{} at {}", report.sale, report.server);
        chart::save(file, &title, &chart::TRAFFIC, &chart::lines(timeline), &report.figures())?;
        eprintln!("drew {}", file.display());
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("\n{}", report.text(timeline).trim_end());
    }
    Ok(())
}
