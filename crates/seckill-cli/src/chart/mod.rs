//! The traffic as a picture, in a terminal or in a file.

mod file;
mod terminal;

pub use file::save;
pub use terminal::draw;

use crate::timeline::{Count, Timeline};

/// What the two directions of a picture are.
pub struct Axes {
    pub x: &'static str,
    pub y: &'static str,
}

/// The axes of a sale's traffic.
pub const TRAFFIC: Axes = Axes { x: "seconds", y: "per second" };

/// A line of a picture: its name and its points, in traffic seconds and a rate a second.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// The lines that tell of a sale.
pub fn lines(timeline: &Timeline) -> Vec<Line> {
    let counts: [(&'static str, Count); 4] = [
        ("requests", |row| row.requests),
        ("sold out", |row| row.sold_out),
        ("reserved", |row| row.reserved),
        ("confirmed", |row| row.confirmed),
    ];
    let line = |(name, count): (&str, Count)| Line { name: name.to_owned(), points: timeline.rates(count) };
    let lines = counts.into_iter().map(line);
    lines.filter(|line| line.points.iter().any(|(_, rate)| *rate > 0.0)).collect()
}

/// A rate in four characters or so: 950, 1.2k, 34k, 5.6M.
pub fn short(rate: f64) -> String {
    let (scaled, unit) = match rate {
        rate if rate >= 1e6 => (rate / 1e6, "M"),
        rate if rate >= 1e3 => (rate / 1e3, "k"),
        rate => return format!("{rate:.0}"),
    };
    if scaled < 10.0 { format!("{scaled:.1}{unit}") } else { format!("{scaled:.0}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn rates_are_short() {
        let shown = [0.0, 949.6, 1_250.0, 34_400.0, 5_600_000.0].map(short);
        assert_eq!(shown, ["0", "950", "1.2k", "34k", "5.6M"]);
    }
}
