//! What the demo says in the end.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::checks::Check;
use super::evidence::Audit;
use crate::chart;
use crate::timeline::{Row, Timeline};

const COLUMNS: usize = 72;

/// The numbers of the people at each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    pub requests: u64,
    pub too_early: u64,
    pub reserved: u64,
    /// Second clicks that got the first one's answer.
    pub repeated: u64,
    pub duplicate: u64,
    pub sold_out: u64,
    pub confirmed: u64,
    pub released: u64,
    pub expired: u64,
    /// Late payments that got their units again.
    pub late_confirmed: u64,
    /// Late payments that must be paid back.
    pub late_refunds: u64,
}

impl Funnel {
    /// One line to watch.
    pub fn line(&self) -> String {
        format!(
            "requests {}  reserved {}  duplicate {}  sold out {}  confirmed {}  expired {}",
            self.requests,
            self.reserved,
            self.duplicate + self.repeated,
            self.sold_out,
            self.confirmed,
            self.expired
        )
    }
}

/// A demo from its beginning to its end.
#[derive(Debug, Serialize)]
pub struct Report {
    pub units: u32,
    pub buyers: u32,
    pub connections: u16,
    pub seed: u64,
    pub hold_ms: u64,
    pub seconds: f64,
    pub sold: i64,
    /// Paid orders in the database.
    pub rows: usize,
    pub distinct_buyers: usize,
    pub events: BTreeMap<String, u64>,
    pub audit: Audit,
    pub funnel: Funnel,
    pub checks: Vec<Check>,
    pub ok: bool,
    pub bucket_ms: u64,
    pub curve: Vec<Row>,
}

impl Report {
    /// Everything for a person, the line for a machine last.
    pub fn text(&self, timeline: &Timeline) -> String {
        let mut text = String::new();
        let lines = chart::lines(&timeline.narrowed(COLUMNS));
        for line in lines.iter().filter(|line| ["requests", "reserved"].contains(&line.name.as_str())) {
            let _ = writeln!(text, "{}\n", chart::draw(line));
        }
        text.push_str(&self.steps());
        let kinds: Vec<String> = self.events.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let _ = writeln!(text, "\nevents in the stream: {}\n", kinds.join(", "));
        for check in &self.checks {
            let _ = match &check.problem {
                None => writeln!(text, "  ok      {}", check.name),
                Some(problem) => writeln!(text, "  FAILED  {}: {problem}", check.name),
            };
        }
        let _ = write!(text, "\n{}\n{}", self.figures(), self.summary());
        text
    }

    fn steps(&self) -> String {
        let Funnel { late_confirmed, late_refunds, .. } = self.funnel;
        let late =
            format!("paid too late: {late_confirmed} got a unit again, the others get their money back");
        let steps = [
            (self.funnel.requests, "requests to reserve"),
            (self.funnel.too_early, "came too early and were told how long to wait"),
            (self.funnel.reserved, "reservations"),
            (self.funnel.repeated, "second clicks, answered with the first one's reservation"),
            (self.funnel.duplicate, "came back for another one: duplicate"),
            (self.funnel.sold_out, "sold out"),
            (self.funnel.released, "gave their hold back"),
            (self.funnel.expired, "holds expired unpaid and their units went back on sale"),
            (late_confirmed + late_refunds, late.as_str()),
            (self.funnel.confirmed, "paid"),
        ];
        steps.iter().fold(String::new(), |mut text, (count, what)| {
            let _ = writeln!(text, "{count:>8} {what}");
            text
        })
    }

    fn figures(&self) -> String {
        format!(
            "buyers {}, events {}, audit {}",
            self.distinct_buyers,
            self.events.values().sum::<u64>(),
            if self.audit.ok { "ok" } else { "failed" }
        )
    }

    /// The line for a machine.
    pub fn summary(&self) -> String {
        format!("sold {}, rows {}, oversold {}", self.sold, self.rows, self.audit.oversold)
    }

    /// The names of what does not hold.
    pub fn failed(&self) -> Vec<&'static str> {
        self.checks.iter().filter(|check| check.problem.is_some()).map(|check| check.name).collect()
    }
}
