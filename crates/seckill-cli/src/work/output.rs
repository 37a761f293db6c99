//! What `seckill work` shows: log lines, and in a terminal a line that tells how it goes.

use std::io::{self, IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use order_worker::metrics::Metrics;
use tracing_subscriber::fmt::MakeWriter;

use super::options::Log;

const GLANCE: Duration = Duration::from_millis(250);

/// Writes log lines above the line that tells how it goes.
#[derive(Clone)]
struct AboveBar(Option<ProgressBar>);

impl Write for AboveBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Some(bar) => bar.suspend(|| stderr().write(bytes)),
            None => stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for AboveBar {
    type Writer = AboveBar;

    fn make_writer(&'a self) -> AboveBar {
        self.clone()
    }
}

/// Begins logging; gives the bar if somebody watches.
pub fn begin(log: Log) -> Result<Option<ProgressBar>> {
    let is_watched = stderr().is_terminal() && log == Log::Text;
    let bar = is_watched.then(|| {
        let bar = ProgressBar::new_spinner();
        // Only a template with a mistake is refused; the bar then looks plain.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar
    });
    let lines = tracing_subscriber::fmt().with_target(false).with_writer(AboveBar(bar.clone()));
    let begun = match log {
        Log::Text => lines.with_ansi(is_watched).try_init(),
        Log::Json => lines.json().flatten_event(true).try_init(),
    };
    begun.map_err(|error| anyhow!("cannot log: {error}"))?;
    Ok(bar)
}

/// Shows how it goes until the end.
pub fn show(bar: &ProgressBar, metrics: &Arc<Metrics>, stop: &AtomicBool) {
    let (mut before, mut at) = (metrics.applied.get(), Instant::now());
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(GLANCE);
        let now = metrics.applied.get();
        let rate = (now - before) as f64 / at.elapsed().as_secs_f64();
        (before, at) = (now, Instant::now());
        let backlog = metrics.backlog();
        let ailment = metrics.ailment().map(|why| format!("  {why}")).unwrap_or_default();
        bar.set_message(format!(
            "applied {now}  {rate:.0}/s  lag {}  pending {}  dead {}{ailment}",
            backlog.lag,
            backlog.pending,
            metrics.dead.get()
        ));
        bar.tick();
    }
    bar.finish_and_clear();
}
