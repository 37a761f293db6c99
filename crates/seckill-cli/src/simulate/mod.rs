//! `seckill simulate`: what selling one item by several sales costs, against skew.

mod model;

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use crate::Verdict;
use crate::args::Simulate;
use crate::chart::{self, Axes, Line};
use model::{Outcome, Setting};

/// Zipf exponents along the curve.
const SKEWS: [f64; 9] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0];
const SECONDS: usize = 60;
const UNSOLD: Axes = Axes { x: "skew (Zipf's exponent)", y: "unsold units, %" };
const REFUSED: Axes = Axes { x: "skew (Zipf's exponent)", y: "refused while units were left, %" };

/// Prints the table, and draws the curves if they are asked for.
pub fn run(options: &Simulate) -> Result<Verdict> {
    let points = points(options);
    print!("{}", table(&points));
    if let Some(folder) = &options.svg {
        draw(folder, &points)?;
    }
    Ok(Verdict::Good)
}

/// One place on the curve, without and with rebalances.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    shards: usize,
    skew: f64,
    alone: Figures,
    balanced: Figures,
}

/// Averages over all seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Figures {
    /// Units that somebody wanted and nobody got, in percent of those that could have been sold.
    unsold: f64,
    /// Requests refused while another shard had units, in percent of all.
    refused: f64,
    /// Transfers a sale.
    transfers: f64,
}

fn points(options: &Simulate) -> Vec<Point> {
    let at = |shards: &u16, skew: f64| {
        let shards = usize::from(*shards);
        let figures = |every| figures(options, shards, skew, every);
        Point { shards, skew, alone: figures(None), balanced: figures(Some(usize::from(options.every))) }
    };
    options.shards.iter().flat_map(|shards| SKEWS.map(|skew| at(shards, skew))).collect()
}

fn figures(options: &Simulate, shards: usize, skew: f64, every: Option<usize>) -> Figures {
    let wanted = options.units.min(options.buyers).max(1);
    let mut sum = Figures::default();
    for seed in 0..u64::from(options.runs) {
        let setting = Setting {
            shards,
            units: options.units,
            buyers: options.buyers,
            seconds: SECONDS,
            tries: options.tries,
            skew,
            every,
            seed: options.seed.wrapping_add(seed),
        };
        let Outcome { sold, requests, refused_early, transfers, .. } = model::play(&setting);
        sum.unsold += 100.0 * (wanted - sold) as f64 / wanted as f64;
        sum.refused += 100.0 * refused_early as f64 / requests.max(1) as f64;
        sum.transfers += transfers as f64;
    }
    let runs = f64::from(options.runs);
    Figures { unsold: sum.unsold / runs, refused: sum.refused / runs, transfers: sum.transfers / runs }
}

fn table(points: &[Point]) -> String {
    let mut table = String::from(
        "| shards | skew | unsold | rebalanced | refused early | rebalanced | transfers |\n\
         | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for Point { shards, skew, alone, balanced } in points {
        let _ = writeln!(
            table,
            "| {shards} | {skew:.2} | {:.1} % | {:.1} % | {:.1} % | {:.1} % | {:.0} |",
            alone.unsold, balanced.unsold, alone.refused, balanced.refused, balanced.transfers
        );
    }
    table
}

fn draw(folder: &Path, points: &[Point]) -> Result<()> {
    let unsold = curves(points, |figures| figures.unsold);
    let refused = curves(points, |figures| figures.refused);
    for (name, title, axes, lines) in [
        ("scaling-unsold.svg", "Units that nobody got", UNSOLD, unsold),
        ("scaling-refused.svg", "Sold out here, not there", REFUSED, refused),
    ] {
        let file = folder.join(name);
        chart::save(&file, title, &axes, &lines, "")?;
        eprintln!("drew {}", file.display());
    }
    Ok(())
}

/// A line for each number of shards, without and with rebalances.
fn curves(points: &[Point], of: fn(&Figures) -> f64) -> Vec<Line> {
    let curve = |shards: usize, name: String, figures: fn(&Point) -> &Figures| {
        let along = points.iter().filter(|point| point.shards == shards);
        Line { name, points: along.map(|point| (point.skew, of(figures(point)))).collect() }
    };
    let mut shards: Vec<usize> = points.iter().map(|point| point.shards).collect();
    shards.dedup();
    let alone = shards.iter().map(|n| curve(*n, format!("{n} shards"), |point| &point.alone));
    let balanced = shards.iter().map(|n| curve(*n, format!("{n}, rebalanced"), |point| &point.balanced));
    alone.chain(balanced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Task};
    use clap::Parser;

    fn options(arguments: &str) -> Simulate {
        let words = format!("seckill simulate {arguments}");
        let Ok(Cli { task: Task::Simulate(options) }) = Cli::try_parse_from(words.split_whitespace()) else {
            panic!("{words}")
        };
        options
    }

    #[test]
    fn the_documented_table_is_what_comes_out() {
        let page = include_str!("../../../../docs/operating/scaling.md");
        let table = table(&points(&options("")));
        assert!(page.contains(&table), "docs/operating/scaling.md needs this table:\n{table}");
    }

    #[test]
    fn every_curve_is_drawn() {
        let folder = tempfile::tempdir().unwrap();
        draw(folder.path(), &points(&options("--shards 2,4 --units 100 --buyers 100 --runs 1"))).unwrap();
        let picture = std::fs::read_to_string(folder.path().join("scaling-unsold.svg")).unwrap();
        let names = ["2 shards", "4 shards", "2, rebalanced", "4, rebalanced", "skew", "unsold units"];
        assert!(names.iter().all(|name| picture.contains(name)), "{picture}");
        assert!(folder.path().join("scaling-refused.svg").exists());
    }
}
