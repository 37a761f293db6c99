//! What a waiting person sees: a bar in a terminal, a line a second elsewhere, on standard error.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const LINE_EVERY: Duration = Duration::from_secs(1);

/// A bar with a text beside it.
pub struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    last_line: Option<Instant>,
}

impl Progress {
    /// A bar of so many steps.
    pub fn of(length: u64) -> Self {
        let bar = ProgressBar::new(length);
        // Only a template with a mistake is refused; the bar then looks plain.
        if let Ok(style) = ProgressStyle::with_template("{elapsed:>4} [{bar:40}] {percent:>3}%\n{msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress { bar, is_terminal: stderr().is_terminal(), last_line: None }
    }

    /// Shows how far it is and what is to be said of it.
    pub fn show(&mut self, position: u64, text: &str) {
        self.bar.set_position(position);
        if self.is_terminal {
            self.bar.set_message(text.to_owned());
        } else if self.last_line.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            self.last_line = Some(Instant::now());
            let length = self.bar.length().unwrap_or(0).max(1);
            eprintln!("{:>3}% {text}", (position * 100 / length).min(100));
        }
    }

    /// Takes the bar away and leaves its last text.
    pub fn finish(&mut self, text: &str) {
        self.bar.finish_and_clear();
        eprintln!("{text}");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
