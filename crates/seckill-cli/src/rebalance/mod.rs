//! `seckill rebalance`: units of an item move to the shard where they are asked for.

mod cluster;
mod ledger;
mod look;
pub mod plan;
mod report;
mod round;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::Verdict;
use crate::args::Rebalance;
use crate::stop::Stop;
use cluster::Cluster;
use round::{Ledgers, Mode, Round, Terms};

pub use look::DEMAND_SECONDS;

/// How often a watch looks for what somebody else left unfinished.
const LEDGERS_EVERY: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// One round, or rounds until the user asks for the end.
pub fn run(options: &Rebalance, stop: &Stop) -> Result<Verdict> {
    let sales = options.sales()?;
    let mut cluster = Cluster::new(&options.urls)?;
    let mode = if options.dry_run { Mode::Plan } else { Mode::Carry };
    let terms = Terms { sales: &sales, replicas: options.replicas, mode };
    if options.watch {
        watch(&mut cluster, &terms, options, stop)?;
        return Ok(Verdict::Interrupted);
    }
    let round = round::run(&mut cluster, &terms, Ledgers::Read);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&round)?);
    } else {
        print!("{}", report::text(&round));
    }
    round.troubles.iter().for_each(|trouble| eprintln!("seckill: {trouble}"));
    Ok(if round.is_good(mode) { Verdict::Good } else { Verdict::Bad })
}

/// A line for each round in which something happened.
fn watch(cluster: &mut Cluster, terms: &Terms, options: &Rebalance, stop: &Stop) -> Result<()> {
    let every = Duration::from_millis(u64::from(options.every));
    let mut read: Option<Instant> = None;
    let mut told = Vec::new();
    while !stop.is_asked() {
        let begun = Instant::now();
        let is_due = read.is_none_or(|last| last.elapsed() >= LEDGERS_EVERY);
        let round = round::run(cluster, terms, if is_due { Ledgers::Read } else { Ledgers::Leave });
        if is_due {
            read = Some(begun);
        }
        if !round.troubles.is_empty() {
            // What broke off is known from the ledgers alone.
            read = None;
        }
        tell(options, &round, &mut told)?;
        while begun.elapsed() < every && !stop.is_asked() {
            thread::sleep(POLL.min(every));
        }
    }
    Ok(())
}

/// Says what a round did; a trouble that lasts is told once.
fn tell(options: &Rebalance, round: &Round, told: &mut Vec<String>) -> Result<()> {
    if options.json && !round.is_quiet() {
        println!("{}", serde_json::to_string(round)?);
    } else if !round.carried.is_empty() {
        println!("{}", report::line(round));
    }
    for trouble in round.troubles.iter().filter(|trouble| !told.contains(trouble)) {
        eprintln!("seckill: {trouble}");
    }
    told.clone_from(&round.troubles);
    Ok(())
}
