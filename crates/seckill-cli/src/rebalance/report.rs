//! A round in words.

use std::fmt::Write;

use super::look::Look;
use super::round::{Carried, Mode, Outcome, Round, Why};

impl Round {
    /// Whether everything is where it belongs: nothing went wrong, and after a plan nothing hangs either.
    pub fn is_good(&self, mode: Mode) -> bool {
        let hangs = self.in_transit > 0 || self.doubled > 0;
        self.troubles.is_empty() && (mode == Mode::Plan || !hangs)
    }

    /// Whether there is nothing to tell.
    pub fn is_quiet(&self) -> bool {
        self.carried.is_empty() && self.troubles.is_empty()
    }
}

/// The shards, what was done, and the sums.
pub fn text(round: &Round) -> String {
    let mut text = table(&round.shards);
    for carried in &round.carried {
        let _ = writeln!(text, "{}", said(carried));
    }
    let sum = |of: fn(&Look) -> u64| round.shards.iter().map(of).sum::<u64>();
    let _ = writeln!(
        text,
        "{} units: {} available, {} held, {} confirmed; {} in transit, {} at two shards",
        sum(|look| look.total),
        sum(|look| look.available),
        sum(|look| look.held),
        sum(|look| look.confirmed),
        round.in_transit,
        round.doubled
    );
    text
}

/// All of a round in one line.
pub fn line(round: &Round) -> String {
    let moved = round.carried.iter().filter(|carried| carried.outcome == Outcome::Moved);
    let units: u64 = moved.clone().map(|carried| carried.units).sum();
    let available: u64 = round.shards.iter().map(|look| look.available).sum();
    let empty = round.shards.iter().filter(|look| look.available == 0).count();
    let mut line = format!(
        "moved {units} in {} transfers; {available} available, {empty} of {} shards empty",
        moved.count(),
        round.shards.len()
    );
    if round.in_transit + round.doubled > 0 {
        let _ = write!(line, "; {} in transit, {} at two shards", round.in_transit, round.doubled);
    }
    line
}

fn table(shards: &[Look]) -> String {
    let width = |of: fn(&Look) -> usize, least: usize| shards.iter().map(of).fold(least, usize::max);
    let (sale, node) = (width(|look| look.sale.len(), 4), width(|look| look.node.len(), 4));
    let mut table = format!(
        "{:sale$}  {:node$}  {:9}  {:>9}  {:>9}  {:>9}  {:>9}  {:>9}\n",
        "sale", "node", "state", "available", "total", "held", "confirmed", "demand"
    );
    for look in shards {
        let Look { available, total, held, confirmed, demand, .. } = look;
        let _ = writeln!(
            table,
            "{:sale$}  {:node$}  {:9}  {available:>9}  {total:>9}  {held:>9}  {confirmed:>9}  {demand:>9}",
            look.sale, look.node, look.state
        );
    }
    table
}

fn said(carried: &Carried) -> String {
    let Carried { why, outcome, units, from, to } = carried;
    match (why, outcome) {
        (Why::Needed, Outcome::Moved) => format!("moved {units} from {from} to {to}"),
        (Why::Needed, Outcome::Planned) => format!("would move {units} from {from} to {to}"),
        (Why::Needed, Outcome::Short) => {
            format!("did not move {units} from {from} to {to}: sold in the meantime")
        }
        (Why::Unfinished, Outcome::Moved) => {
            format!("finished {units} from {from} to {to}, where an earlier rebalance broke off")
        }
        (Why::Unfinished, _) => {
            format!("{units} from {from} to {to} are in transit: an earlier rebalance broke off")
        }
        (Why::Lost, Outcome::Moved) => {
            format!("took {units} at {from} again: it had lost that they went to {to}")
        }
        (Why::Lost, Outcome::Planned) => {
            format!("{units} are at {from} and at {to}: {from} has lost that they went there")
        }
        (Why::Lost, Outcome::Short) => {
            format!("{units} are at {from} and at {to}: {from} has sold too many to give them up")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(sale: &str, available: u64) -> Look {
        Look {
            sale: sale.to_owned(),
            node: "10.0.0.1:7000".to_owned(),
            state: "OPEN".to_owned(),
            available,
            total: 9,
            held: 2,
            confirmed: 1,
            demand: 77,
        }
    }

    fn round() -> Round {
        let (from, to) = ("{a#1}".to_owned(), "{a#0}".to_owned());
        let carried = Carried { why: Why::Needed, outcome: Outcome::Moved, units: 3, from, to };
        let shards = vec![look("{a#0}", 0), look("{a#1}", 6)];
        Round { shards, carried: vec![carried], in_transit: 4, ..Round::default() }
    }

    #[test]
    fn a_report_has_the_shards_the_moves_and_the_sums() {
        let expected = "\
sale   node           state      available      total       held  confirmed     demand
{a#0}  10.0.0.1:7000  OPEN               0          9          2          1         77
{a#1}  10.0.0.1:7000  OPEN               6          9          2          1         77
moved 3 from {a#1} to {a#0}
18 units: 6 available, 4 held, 2 confirmed; 4 in transit, 0 at two shards
";
        assert_eq!(text(&round()), expected);
        let line = line(&round());
        assert_eq!(
            line,
            "moved 3 in 1 transfers; 6 available, 1 of 2 shards empty; 4 in transit, 0 at two shards"
        );
    }

    #[test]
    fn a_round_that_leaves_units_hanging_is_not_good() {
        assert!(!round().is_good(Mode::Carry) && round().is_good(Mode::Plan));
        assert!(Round::default().is_good(Mode::Carry));
        let doubled = Round { doubled: 1, ..Round::default() };
        assert!(!doubled.is_good(Mode::Carry));
    }
}
