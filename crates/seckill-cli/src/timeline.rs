//! What happened when, in buckets that grow wider as the run grows longer.

use std::time::Duration;

use serde::Serialize;

const FINEST: Duration = Duration::from_millis(50);
const MOST: usize = 1200;

/// The counts of one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    pub requests: u64,
    pub reserved: u64,
    pub sold_out: u64,
    pub confirmed: u64,
}

/// One of a row's counts.
pub type Count = fn(&Row) -> u64;

impl Row {
    fn add(&mut self, other: &Row) {
        self.requests += other.requests;
        self.reserved += other.reserved;
        self.sold_out += other.sold_out;
        self.confirmed += other.confirmed;
    }
}

/// Rows of equal width from the start of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    width: Duration,
    rows: Vec<Row>,
}

impl Default for Timeline {
    fn default() -> Self {
        Timeline { width: FINEST, rows: Vec::new() }
    }
}

impl Timeline {
    /// The row of a moment, for counting.
    pub fn at(&mut self, since_start: Duration) -> &mut Row {
        let index = |width: Duration| (since_start.as_nanos() / width.as_nanos()) as usize;
        while index(self.width) >= MOST {
            self.widen();
        }
        let index = index(self.width);
        if self.rows.len() <= index {
            self.rows.resize(index + 1, Row::default());
        }
        &mut self.rows[index]
    }

    /// Adds what another connection saw of the same run.
    pub fn merge(&mut self, mut other: Timeline) {
        while other.width < self.width {
            other.widen();
        }
        while self.width < other.width {
            self.widen();
        }
        self.rows.resize(self.rows.len().max(other.rows.len()), Row::default());
        self.rows.iter_mut().zip(&other.rows).for_each(|(row, other)| row.add(other));
    }

    pub fn width(&self) -> Duration {
        self.width
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// At most so many rows, wider ones if need be.
    pub fn narrowed(&self, most: usize) -> Timeline {
        let factor = self.rows.len().div_ceil(most.max(1)).max(1);
        Timeline { width: self.width * factor as u32, rows: self.folded(factor) }
    }

    /// A count of each row as a rate a second, at the middle of its row in seconds.
    pub fn rates(&self, count: Count) -> Vec<(f64, f64)> {
        let width = self.width.as_secs_f64();
        let rate = |(at, row): (usize, &Row)| ((at as f64 + 0.5) * width, count(row) as f64 / width);
        self.rows.iter().enumerate().map(rate).collect()
    }

    fn widen(&mut self) {
        self.rows = self.folded(2);
        self.width *= 2;
    }

    fn folded(&self, factor: usize) -> Vec<Row> {
        let sum = |rows: &[Row]| {
            rows.iter().fold(Row::default(), |mut sum, row| {
                sum.add(row);
                sum
            })
        };
        self.rows.chunks(factor).map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_requests(at_ms: &[u64]) -> Timeline {
        let mut timeline = Timeline::default();
        at_ms.iter().for_each(|ms| timeline.at(Duration::from_millis(*ms)).requests += 1);
        timeline
    }

    fn requests(timeline: &Timeline) -> Vec<u64> {
        timeline.rows().iter().map(|row| row.requests).collect()
    }

    #[test]
    fn a_moment_is_in_its_row() {
        assert_eq!(requests(&with_requests(&[0, 49, 50, 160])), [2, 1, 0, 1]);
    }

    #[test]
    fn a_long_run_keeps_its_counts_in_wider_rows() {
        let timeline = with_requests(&[0, 50, 100, 60_000]);
        assert_eq!(timeline.width(), FINEST * 2);
        let counts = requests(&timeline);
        assert_eq!((counts[0], counts[1], counts[600], counts.len()), (2, 1, 1, 601));
        assert!(with_requests(&[3_600_000]).rows().len() <= MOST);
    }

    #[test]
    fn merging_adjusts_the_widths_either_way() {
        let long = with_requests(&[0, 100, 60_000]);
        let short = with_requests(&[0, 50, 99, 100]);
        let (mut one, mut other) = (long.clone(), short.clone());
        one.merge(short);
        other.merge(long);
        assert_eq!(one, other);
        assert_eq!(requests(&one)[..2], [4, 2]);
    }

    #[test]
    fn rates_are_per_second_at_the_middle_of_the_row() {
        let rates = with_requests(&[0, 1, 2, 60]).rates(|row| row.requests);
        let rounded: Vec<(f64, f64)> =
            rates.iter().map(|(at, rate)| ((at * 1e3).round(), rate.round())).collect();
        assert_eq!(rounded, [(25.0, 60.0), (75.0, 20.0)]);
    }

    #[test]
    fn narrowed_has_no_more_rows_than_asked_for() {
        let narrowed = with_requests(&[0, 50, 100, 150, 200]).narrowed(2);
        assert_eq!((requests(&narrowed), narrowed.width()), (vec![3, 2], FINEST * 3));
        assert_eq!(Timeline::default().narrowed(10).rows().len(), 0);
    }
}
