//! The command line's arguments and what is allowed in them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::{Args, Parser, Subcommand};

use crate::shard;

#[derive(Parser)]
#[command(
    name = "seckill",
    version,
    about = "Flash sales inside Redis: see one, load one, bring its orders into a database"
)]
pub struct Cli {
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Subcommand)]
pub enum Task {
    /// A whole flash sale on a server of its own, and the proof that nothing was oversold.
    Demo(Demo),
    /// The traffic of a flash sale against a running server, measured.
    Rush(Rush),
    /// Bring order events from the streams into a database, each exactly once, until SIGTERM.
    Work(crate::work::Options),
    /// Entries that the worker has given up: look, send again, drop.
    Dead(crate::dead::Options),
    /// Compare sales with their tables; put right what differs when told to.
    Reconcile(crate::reconcile::Options),
    /// A payment has come in, perhaps late: confirm the order, or note a refund.
    Pay(crate::pay::Options),
    /// Refunds that somebody has to make, because a payment came too late.
    Refunds(crate::pay::Refunds),
    /// Move units of one item between its sales, which are shards of a cluster, to where they are asked for.
    Rebalance(Rebalance),
    /// Say which sale of an item a user belongs to.
    Route(Route),
    /// Play sales on shards, without servers: what is left unsold and refused, against skew.
    Simulate(Simulate),
    /// A reference shop: its static pages, and the processes that sell.
    Shop(crate::shop::Options),
}

#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// The module; otherwise SECKILL_MODULE, then libseckill.so beside this program, then target/release.
    #[arg(long, value_name = "PATH")]
    pub module: Option<PathBuf>,

    /// The server program; otherwise redis-server, then valkey-server, on the PATH.
    #[arg(long, value_name = "PATH")]
    pub server: Option<PathBuf>,

    /// Units for sale.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub units: u32,

    /// Different people who want one.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub buyers: u32,

    /// Connections that they come through, all open at once.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    pub connections: u16,

    /// Who does what and when; the same number gives the same people [default: of the moment].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Print the report as JSON, and nothing else, on standard output.
    #[arg(long)]
    pub json: bool,

    /// Also draw the traffic into this file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct Rush {
    /// The server: redis://[user:password@]host[:port][/db], or unix:///path.
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    pub url: String,

    /// The sale's key; it must exist.
    #[arg(long, value_name = "KEY")]
    pub sale: String,

    /// Requests a second, sent when due whether or not earlier ones were answered [default: as fast as answers come].
    #[arg(long, value_name = "PER-SECOND", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub rate: Option<u32>,

    /// Connections, all open at once.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub concurrency: u16,

    /// How long [default: 10, without --requests].
    #[arg(long, value_name = "S", conflicts_with = "requests", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: Option<u32>,

    /// How many requests in all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub requests: Option<u64>,

    /// Different users, drawn at random.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub buyers: u64,

    /// Units a request.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub qty: u32,

    /// Requests sent together on a connection.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub pipeline: u16,

    /// How many of 100 reservations are paid at once.
    #[arg(long, default_value_t = 0, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub confirm: u8,

    /// Draw the traffic into this file: .svg or .html.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Print the report as JSON, and nothing else, on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
pub struct Rebalance {
    /// A node of the cluster, redis://[user:password@]host[:port]; repeated, others to ask when it does not answer.
    #[arg(long = "url", value_name = "URL", default_value = "redis://127.0.0.1:6379")]
    pub urls: Vec<String>,

    /// The item, whose sales are {ITEM#0}, {ITEM#1}, and so on.
    #[arg(long, value_name = "ITEM", requires = "shards", conflicts_with = "sales")]
    pub item: Option<String>,

    /// How many sales it has.
    #[arg(long, value_name = "N", requires = "item", value_parser = clap::value_parser!(u16).range(2..=1_024))]
    pub shards: Option<u16>,

    /// A sale of the item, by its key: instead of --item, once for each.
    #[arg(long = "sale", value_name = "KEY")]
    pub sales: Vec<String>,

    /// Show the shards and what would move; change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Go on until Ctrl-C.
    #[arg(long, conflicts_with = "dry_run")]
    pub watch: bool,

    /// How often a watch looks, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1_000, requires = "watch", value_parser = clap::value_parser!(u32).range(50..=60_000))]
    pub every: u32,

    /// Replicas that must know that units left a shard before another gets them.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub replicas: u16,

    /// Print each round as JSON, and nothing else, on standard output.
    #[arg(long)]
    pub json: bool,
}

/// When a rush is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    Requests(u64),
    Elapsed(Duration),
}

impl Rush {
    pub fn until(&self) -> Until {
        match self.requests {
            Some(requests) => Until::Requests(requests),
            None => Until::Elapsed(Duration::from_secs(u64::from(self.seconds.unwrap_or(10)))),
        }
    }

    /// Refuses what cannot work before anything is opened.
    pub fn validate(&self) -> Result<()> {
        ensure!(!self.sale.is_empty(), "--sale is empty; name the key of a sale");
        let together = u64::from(self.pipeline);
        if let Some(requests) = self.requests {
            ensure!(
                together <= requests,
                "--pipeline {together} sends more together than the {requests} --requests in all"
            );
        }
        if let Some(rate) = self.rate {
            let wait = together as f64 / f64::from(rate);
            ensure!(
                wait <= 1.0,
                "at --rate {rate} it takes {wait:.1} s to fill a --pipeline of {together}; \
                 use at most {rate}"
            );
        }
        self.plot.as_deref().map_or(Ok(()), |file| is_drawable(file, &["svg", "html"]))
    }
}

impl Demo {
    /// Refuses what cannot work before anything is started.
    pub fn validate(&self) -> Result<()> {
        self.svg.as_deref().map_or(Ok(()), |file| is_drawable(file, &["svg"]))
    }
}

#[derive(Args, Clone, Debug)]
pub struct Route {
    /// The item, whose sales are {ITEM#0}, {ITEM#1}, and so on.
    #[arg(long, value_name = "ITEM")]
    pub item: String,

    /// How many sales it has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub shards: u16,

    /// Users, as RESERVE is given them.
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<String>,
}

#[derive(Args, Clone, Debug)]
pub struct Simulate {
    /// Numbers of shards.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "4,16,64", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub shards: Vec<u16>,

    /// Units for sale.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub units: u64,

    /// People who want one each.
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub buyers: u64,

    /// How often somebody tries who is refused, ten seconds apart.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub tries: u32,

    /// Seconds between two rebalances.
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub every: u16,

    /// Sales to average over, each with the next seed.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub runs: u32,

    /// The first seed; the same number gives the same figures.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Also draw the curves into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub svg: Option<PathBuf>,
}

impl Rebalance {
    /// The keys of the item's sales.
    pub fn sales(&self) -> Result<Vec<String>> {
        if let (Some(item), Some(shards)) = (&self.item, self.shards) {
            ensure!(!item.is_empty() && !item.contains(['{', '}']), "--item {item} is empty or has braces");
            return Ok((0..usize::from(shards)).map(|shard| shard::sale(item, shard)).collect());
        }
        ensure!(self.sales.len() >= 2, "name --item and --shards, or at least two sales with --sale");
        let distinct: BTreeSet<&String> = self.sales.iter().collect();
        ensure!(distinct.len() == self.sales.len(), "a sale is named twice");
        Ok(self.sales.clone())
    }
}

/// Whether the file's name says how to draw it, and its folder is there.
fn is_drawable(file: &std::path::Path, endings: &[&str]) -> Result<()> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !endings.contains(&ending.to_ascii_lowercase().as_str()) {
        bail!("{} does not end in .{}", file.display(), endings.join(" or ."));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    ensure!(
        folder.is_none_or(|folder| folder.is_dir()),
        "the folder of {} does not exist; make it first",
        file.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rush(arguments: &str) -> Result<Rush> {
        let words = format!("seckill rush {arguments}");
        let cli = Cli::try_parse_from(words.split_whitespace())?;
        let Task::Rush(rush) = cli.task else { bail!("another task") };
        rush.validate()?;
        Ok(rush)
    }

    fn refused(arguments: &str) -> String {
        rush(arguments).unwrap_err().to_string()
    }

    #[test]
    fn a_rush_ends_after_ten_seconds_unless_told_otherwise() {
        assert_eq!(rush("--sale a").unwrap().until(), Until::Elapsed(Duration::from_secs(10)));
        assert_eq!(rush("--sale a --seconds 3").unwrap().until(), Until::Elapsed(Duration::from_secs(3)));
        assert_eq!(rush("--sale a --requests 9").unwrap().until(), Until::Requests(9));
    }

    #[test]
    fn what_cannot_work_is_refused_with_a_reason() {
        assert!(refused("").contains("--sale"));
        assert!(refused("--sale a --seconds 3 --requests 9").contains("cannot be used with"));
        assert!(refused("--sale a --confirm 101").contains("0..=100"));
        assert!(refused("--sale a --rate 0").contains("1..=10000000"));
        assert!(refused("--sale a --requests 10 --pipeline 64").contains("more together than"));
        assert!(refused("--sale a --rate 10 --pipeline 64").contains("use at most 10"));
        assert!(refused("--sale a --plot curve.png").contains("does not end in .svg or .html"));
        assert!(refused("--sale a --plot no/such/folder/curve.svg").contains("make it first"));
    }

    fn rebalance(arguments: &str) -> Result<Vec<String>> {
        let words = format!("seckill rebalance {arguments}");
        let cli = Cli::try_parse_from(words.split_whitespace())?;
        let Task::Rebalance(rebalance) = cli.task else { bail!("another task") };
        rebalance.sales()
    }

    #[test]
    fn an_items_sales_follow_from_its_name_or_are_named() {
        assert_eq!(rebalance("--item phone --shards 3").unwrap(), ["{phone#0}", "{phone#1}", "{phone#2}"]);
        assert_eq!(rebalance("--sale a --sale b").unwrap(), ["a", "b"]);
        for wrong in [
            "",
            "--item a",
            "--shards 3",
            "--item a --shards 1",
            "--item {a} --shards 2",
            "--sale a",
            "--sale a --sale a",
            "--item a --shards 2 --sale b",
            "--item a --shards 2 --watch --dry-run",
            "--item a --shards 2 --every 100",
        ] {
            assert!(rebalance(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_definitions_do_not_contradict_each_other() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
