//! Ends the worker at a named step, for tests: `SECKILL_END_AT=committed` or `SECKILL_END_AT=committed:3`.

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use order_worker::probe::{Probe, Step, Unobserved};
use signal_hook::consts::SIGKILL;

const VARIABLE: &str = "SECKILL_END_AT";

/// Kills this process when a step is taken for the so-many-th time.
struct EndAt {
    step: Step,
    left: AtomicU64,
}

impl Probe for EndAt {
    fn reached(&self, step: Step) {
        if step == self.step && self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // Not asked for, and nothing is cleaned up: as a power cut would end it.
            let _ = signal_hook::low_level::raise(SIGKILL);
        }
    }
}

/// What the environment asks for: nothing, outside of tests.
pub fn by_environment() -> Result<Box<dyn Probe>> {
    let Ok(text) = env::var(VARIABLE) else { return Ok(Box::new(Unobserved)) };
    let (name, times) = text.split_once(':').unwrap_or((&text, "1"));
    let step = Step::ALL.into_iter().find(|step| step.name() == name);
    let step = step.with_context(|| format!("{VARIABLE}={text} names no step"))?;
    let left = AtomicU64::new(times.parse().with_context(|| format!("{VARIABLE}={text}"))?);
    Ok(Box::new(EndAt { step, left }))
}
