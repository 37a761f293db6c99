//! `cargo xtask soak`: the tests again, for longer than a change can wait.
//!
//! `SECKILL_SOAK=1` has the server tests go more rounds, and `SECKILL_STEPS` the property tests more steps.

use anyhow::Result;
use clap::Args;

use crate::steps::Steps;
use crate::workspace;
use crate::{prerequisites, steps};

#[derive(Args)]
pub struct Options {
    /// How many steps each property test takes.
    #[arg(long, default_value_t = 50_000_000)]
    steps: u64,
    /// Only the tests whose names contain one of these.
    filters: Vec<String>,
}

/// Runs the property tests with more steps, then the server tests with more rounds.
pub fn run(options: &Options) -> Result<()> {
    let server = prerequisites::server_by_environment();
    prerequisites::ensure_met(&server)?;
    let mut soak = Steps::default();
    soak.step("property tests", || {
        let mut tests = workspace::cargo(&["test", "--package", "seckill-core"]);
        tests.env("SECKILL_STEPS", options.steps.to_string());
        run_showing_seeds(&mut tests, &[], &options.filters)
    });
    soak.step("server tests", || {
        let mut tests = workspace::server_tests();
        workspace::test_against(&mut tests, &server);
        run_showing_seeds(&mut tests, &["--include-ignored"], &options.filters)
    });
    soak.finish()
}

/// Without capturing, so that each seed is on the screen before its run ends or hangs.
fn run_showing_seeds(tests: &mut std::process::Command, only: &[&str], filters: &[String]) -> Result<()> {
    tests.env("SECKILL_SOAK", "1");
    steps::run(tests.arg("--").args(only).arg("--nocapture").args(filters))
}
