//! The command line of seckill.
//!
//! `seckill demo` shows a whole flash sale on a server of its own and proves that nothing was oversold.
//! `seckill rush` sends the traffic of a flash sale to a running server and measures it.
//! `seckill work` brings the order events into a database; `seckill dead`, `reconcile`, `pay` and `refunds`
//! look after what it has given up, what was lost, and who paid too late.
//! `seckill rebalance` moves units between the shards of an item, and `seckill route` says which is a user's.
//! `seckill simulate` shows what shards cost.
//! `seckill shop` is a reference shop with all of it.

mod answer;
mod args;
mod book;
mod chart;
mod dead;
mod demo;
mod latency;
mod link;
mod pay;
mod progress;
mod random;
mod rebalance;
mod reconcile;
mod rush;
mod shard;
mod shop;
mod simulate;
mod stop;
mod stream;
mod tally;
mod timeline;
mod work;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Task};
use crate::stop::Stop;

/// How a task ended when it ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Everything that was checked holds.
    Good,
    /// Something does not, and the report says what.
    Bad,
    /// The user ended it.
    Interrupted,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => ExitCode::SUCCESS,
            Verdict::Bad => ExitCode::FAILURE,
            // What a shell expects of a program that Ctrl-C ended.
            Verdict::Interrupted => ExitCode::from(130),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let verdict = Stop::on_signals().and_then(|stop| match &cli.task {
        Task::Demo(options) => demo::run(options, &stop),
        Task::Rush(options) => rush::run(options, &stop),
        Task::Work(options) => work::run(options, &stop),
        Task::Dead(options) => dead::run(options),
        Task::Reconcile(options) => reconcile::run(options, &stop),
        Task::Pay(options) => pay::run(options),
        Task::Refunds(options) => pay::refunds(options),
        Task::Rebalance(options) => rebalance::run(options, &stop),
        Task::Route(options) => Ok(shard::route(options)),
        Task::Simulate(options) => simulate::run(options),
        Task::Shop(options) => shop::run(options),
    });
    match verdict {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            eprintln!("seckill: {error:#}");
            ExitCode::FAILURE
        }
    }
}
