//! How long answers took.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Times in microseconds with three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u32>);

impl Latencies {
    pub fn new() -> Self {
        // Only a number of digits above 5 is refused.
        Latencies(Histogram::new(3).unwrap_or_else(|_| unreachable!("3 digits are allowed")))
    }

    pub fn record(&mut self, time: Duration) {
        self.record_many(time, 1);
    }

    pub fn record_many(&mut self, time: Duration, count: u64) {
        // It grows by itself, so nothing is too long to be recorded.
        let _ = self.0.record_n(micros(time), u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// Adds what another connection measured.
    pub fn merge(&mut self, other: &Latencies) {
        // It grows by itself, so nothing is too large to be added.
        let _ = self.0.add(&other.0);
    }

    pub fn summary(&self) -> Option<Summary> {
        let at = |quantile: f64| self.0.value_at_quantile(quantile);
        (!self.0.is_empty()).then(|| Summary {
            count: self.0.len(),
            mean_us: self.0.mean().round() as u64,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            max_us: self.0.max(),
        })
    }
}

/// The figures that are shown, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub count: u64,
    pub mean_us: u64,
    pub p50_us: u64,
    pub p90_us: u64,
    pub p99_us: u64,
    pub p99_9_us: u64,
    pub max_us: u64,
}

impl Summary {
    /// A heading and a line for each, in milliseconds.
    pub fn table(rows: &[(&str, Summary)]) -> String {
        let head = ["latency ms", "p50", "p90", "p99", "p99.9", "max", "mean", "count"];
        let mut lines = vec![line(head.map(str::to_owned))];
        for (name, row) in rows {
            let times = [row.p50_us, row.p90_us, row.p99_us, row.p99_9_us, row.max_us, row.mean_us].map(ms);
            let [p50, p90, p99, p99_9, max, mean] = times;
            lines.push(line([(*name).to_owned(), p50, p90, p99, p99_9, max, mean, row.count.to_string()]));
        }
        lines.join("\n")
    }
}

fn line(cells: [String; 8]) -> String {
    let [name, figures @ ..] = cells;
    figures.iter().fold(format!("{name:<12}"), |line, cell| format!("{line} {cell:>9}"))
}

fn ms(us: u64) -> String {
    format!("{:.3}", us as f64 / 1000.0)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_many_connections_are_those_of_all_answers() {
        let (mut odd, mut even) = (Latencies::new(), Latencies::new());
        for us in 1..=1000u64 {
            if us % 2 == 1 { &mut odd } else { &mut even }.record(Duration::from_micros(us));
        }
        odd.merge(&even);
        let all = odd.summary().unwrap();
        assert_eq!((all.count, all.p50_us, all.p90_us, all.p99_us, all.max_us), (1000, 500, 900, 990, 1000));
    }

    #[test]
    fn an_hour_is_measured_as_an_hour() {
        let (mut long, mut short) = (Latencies::new(), Latencies::new());
        long.record(Duration::from_secs(3600));
        short.record(Duration::from_micros(1));
        short.merge(&long);
        let max = short.summary().unwrap().max_us;
        assert!((3_600_000_000..3_604_000_000).contains(&max), "{max}");
    }

    #[test]
    fn the_table_shows_milliseconds_in_columns() {
        let row = Summary {
            count: 12,
            mean_us: 300,
            p50_us: 250,
            p90_us: 1_000,
            p99_us: 2_500,
            p99_9_us: 12_345,
            max_us: 1_000_000,
        };
        let table = Summary::table(&[("RESERVE", row)]);
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        let figures = ["RESERVE", "0.250", "1.000", "2.500", "12.345", "1000.000", "0.300", "12"];
        assert_eq!(lines[1], figures);
        assert_eq!(table.lines().next().map(str::len), table.lines().nth(1).map(str::len));
    }

    #[test]
    fn nothing_measured_has_no_percentiles() {
        assert_eq!(Latencies::new().summary(), None);
    }
}
