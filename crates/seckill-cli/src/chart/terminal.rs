//! A line as columns of blocks, for a terminal.

use super::{Line, short};

const HEIGHT: usize = 6;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const MARGIN: usize = 6;

/// A column for each point, six rows high, with the peak and the seconds on its axes.
pub fn draw(line: &Line) -> String {
    let peak = line.points.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let mut drawn = vec![format!("{}/s", line.name)];
    for row in (0..HEIGHT).rev() {
        let label = if row == HEIGHT - 1 { short(peak) } else { String::new() };
        let blocks: String = line.points.iter().map(|(_, rate)| block(*rate, peak, row)).collect();
        drawn.push(format!("{label:>MARGIN$} ┤{}", blocks.trim_end()));
    }
    drawn.push(format!("{:>MARGIN$} ┼{}", 0, "─".repeat(line.points.len())));
    drawn.push(seconds(&line.points));
    drawn.join("\n")
}

/// What of a column shows in this row, counted from below.
fn block(rate: f64, peak: f64, row: usize) -> char {
    if peak <= 0.0 || rate <= 0.0 {
        return ' ';
    }
    let eighths = (rate / peak * (HEIGHT * 8) as f64).round().max(1.0) as usize;
    EIGHTHS[eighths.saturating_sub(row * 8).min(8)]
}

/// Whole seconds below their columns, as many as have room.
fn seconds(points: &[(f64, f64)]) -> String {
    let Some(((first, _), (last, _))) = points.first().zip(points.last()) else { return String::new() };
    let step = if points.len() > 1 { (last - first) / (points.len() - 1) as f64 } else { 1.0 };
    let mut axis = " ".repeat(MARGIN + 2);
    // Rounding may leave it a hair below zero.
    let start = (first - step / 2.0).max(0.0);
    let mut second = start.ceil();
    while second < last + step / 2.0 {
        let column = MARGIN + 2 + ((second - start) / step + 1e-9) as usize;
        let used = axis.chars().count();
        if column > used || second == start.ceil() {
            axis.push_str(&" ".repeat(column.saturating_sub(used)));
            axis.push_str(&format!("{second}s"));
        }
        second += 1.0;
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_fills_its_column_and_the_least_still_shows() {
        let points = vec![(0.25, 0.0), (0.75, 1.0), (1.25, 600.0), (1.75, 1_200.0), (2.25, 0.0)];
        let expected = "\
reserved/s
  1.2k ┤   █
       ┤   █
       ┤   █
       ┤  ██
       ┤  ██
       ┤ ▁██
     0 ┼─────
        0s  2s";
        assert_eq!(draw(&Line { name: "reserved".to_owned(), points }), expected);
    }

    #[test]
    fn seconds_that_have_no_room_are_left_out() {
        let points: Vec<(f64, f64)> = (0..40).map(|at| (f64::from(at) + 0.5, 1.0)).collect();
        let axis = seconds(&points);
        assert!(axis.trim_start().starts_with("0s 3s 6s 9s 12s 16s"), "{axis}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let drawn = draw(&Line { name: "requests".to_owned(), points: Vec::new() });
        assert!(drawn.starts_with("requests/s") && !drawn.contains('█'));
    }
}
