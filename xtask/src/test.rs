//! `cargo xtask test`: everything that must hold before a change goes in.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::docs;
use crate::prerequisites::{self, on_path};
use crate::steps::{self, Steps};
use crate::workspace::{self, Profile};

#[derive(Args)]
pub struct Options {
    /// Only the tests whose names contain one of these; format and lints are left out.
    filters: Vec<String>,
}

/// Runs every check; each is run although another failed, but no test without a build.
pub fn run(options: &Options) -> Result<()> {
    let mut checks = Steps::default();
    let server = prerequisites::server_by_environment();
    if !checks.step("prerequisites", || prerequisites::ensure_met(&server)) {
        return checks.finish();
    }
    if let Err(error) = prerequisites::ensure_some_tests_can_run() {
        checks.skip("tests with a database and with Python", &format!("{error:#}"));
    }
    if options.filters.is_empty() {
        lint(&mut checks);
    }
    let built = checks.step("build", || steps::run(&mut workspace::build_module(Profile::Dev)));
    if built {
        checks.step("tests", || test(&server, &options.filters));
    }
    if built && options.filters.is_empty() {
        checks.step("command documents", || docs::check(&server));
    }
    checks.finish()
}

/// All kinds of tests in one call: for each kind alone cargo would choose other features and build again.
fn test(server: &Path, filters: &[String]) -> Result<()> {
    let mut tests = workspace::cargo(&["test", "--workspace", "--no-fail-fast"]);
    prerequisites::point_at_clang(&mut tests);
    workspace::test_against(&mut tests, server);
    steps::run(tests.arg("--").args(filters))
}

fn lint(checks: &mut Steps) {
    checks.step("format", || steps::run(&mut workspace::cargo(&["fmt", "--all", "--check"])));
    checks.step("lints", || {
        let mut clippy = workspace::cargo(&["clippy", "--workspace", "--all-targets"]);
        prerequisites::point_at_clang(&mut clippy);
        steps::run(clippy.args(["--", "-D", "warnings"]))
    });
    if on_path(Path::new("cargo-deny")).is_some() {
        // Not the advisories: they change with the world, not with the change under test.
        let check = ["--workspace", "check", "bans", "licenses", "sources"];
        checks.step("dependencies", || steps::run(workspace::cargo(&["deny"]).args(check)));
    } else {
        checks.skip("dependencies", "cargo-deny is not installed");
    }
}
