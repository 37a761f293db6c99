//! What a rush says in the end.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::chart;
use crate::latency::Summary;
use crate::timeline::{Row, Timeline};

const COLUMNS: usize = 72;

/// A rush from its beginning to its end.
#[derive(Debug, Serialize)]
pub struct Report {
    pub server: String,
    pub sale: String,
    pub concurrency: u16,
    pub pipeline: u16,
    /// The rate that was asked for, if any.
    pub rate: Option<u32>,
    pub seconds: f64,
    /// Answers, payments not counted.
    pub answered: u64,
    pub answered_per_second: f64,
    /// Due, but not sent before the run was given up.
    pub unsent: u64,
    pub interrupted: bool,
    pub reserve: BTreeMap<&'static str, u64>,
    pub confirm: BTreeMap<&'static str, u64>,
    pub reserve_latency: Option<Summary>,
    pub confirm_latency: Option<Summary>,
    pub stock_before: Option<i64>,
    pub stock_after: Option<i64>,
    /// Errors and answers that should not have come.
    pub failures: BTreeMap<String, u64>,
    pub ok: bool,
    pub bucket_ms: u64,
    pub curve: Vec<Row>,
}

impl Report {
    /// Everything for a person.
    pub fn text(&self, timeline: &Timeline) -> String {
        let mut text = String::new();
        let lines = chart::lines(&timeline.narrowed(COLUMNS));
        for line in lines.iter().filter(|line| ["requests", "reserved"].contains(&line.name.as_str())) {
            let _ = writeln!(text, "{}\n", chart::draw(line));
        }
        text.push_str(&self.figures());
        text
    }

    /// The figures alone.
    pub fn figures(&self) -> String {
        let mut text = format!(
            "{} answers in {:.1} s, {:.0}/s, through {} connections",
            self.answered, self.seconds, self.answered_per_second, self.concurrency
        );
        let _ = match self.rate {
            Some(rate) => writeln!(text, "; asked for {rate}/s, latency from when each was due"),
            None => writeln!(text, "; as fast as answers came, latency from sending"),
        };
        if let (Some(before), Some(after)) = (self.stock_before, self.stock_after) {
            let _ = writeln!(text, "available before {before}, after {after}");
        }
        outcomes(&mut text, "RESERVE", &self.reserve);
        outcomes(&mut text, "CONFIRM", &self.confirm);
        let rows = [("RESERVE", self.reserve_latency), ("CONFIRM", self.confirm_latency)];
        let rows: Vec<(&str, Summary)> =
            rows.into_iter().filter_map(|(name, summary)| Some((name, summary?))).collect();
        if !rows.is_empty() {
            let _ = writeln!(text, "\n{}", Summary::table(&rows));
        }
        if self.interrupted {
            text.push_str("\ninterrupted: these are the figures up to then\n");
        }
        if self.unsent > 0 {
            let _ = writeln!(
                text,
                "\n{} requests were due and never sent, and count as waiting until the end: \
                 the server or this machine does not keep up with the rate, or connections were lost",
                self.unsent
            );
        }
        for (failure, count) in &self.failures {
            let _ = writeln!(text, "\nFAILED {count} × {failure}");
        }
        text
    }
}

fn outcomes(text: &mut String, verb: &str, counts: &BTreeMap<&'static str, u64>) {
    let all = counts.values().sum::<u64>().max(1);
    for (status, count) in counts {
        let percent = *count as f64 * 100.0 / all as f64;
        let _ = writeln!(text, "  {verb} {status:<12} {count:>10} {percent:>6.2} %");
    }
}
