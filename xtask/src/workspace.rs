//! Where things are in this checkout, and how cargo is called.

use std::env::{self, consts};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::prerequisites;

/// The profile that a module is built with.
#[derive(Clone, Copy)]
pub enum Profile {
    /// What the tests use: quick to build, with overflow checks.
    Dev,
    /// What users load.
    Release,
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Where cargo builds: the folder that this very program was built into.
pub fn target() -> PathBuf {
    env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.parent()?.to_path_buf()))
        .unwrap_or_else(|| root().join("target"))
}

/// The built module.
pub fn module(profile: Profile) -> PathBuf {
    let folder = match profile {
        // A test's build leaves it with the dependencies; the copy above them is of an older `cargo build`.
        Profile::Dev => "debug/deps",
        Profile::Release => "release",
    };
    target().join(folder).join(format!("{}seckill{}", consts::DLL_PREFIX, consts::DLL_SUFFIX))
}

/// Cargo in the root, with the lock file as it is where a machine builds.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(arguments);
    if in_ci() {
        cargo.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
        if arguments[0] != "fmt" {
            cargo.arg("--locked");
        }
    }
    cargo
}

/// The build of the module; for tests as a part of theirs, so that nothing is built twice.
pub fn build_module(profile: Profile) -> Command {
    let mut build = match profile {
        Profile::Dev => cargo(&["test", "--workspace", "--no-run"]),
        Profile::Release => cargo(&["build", "--package", "seckill", "--release"]),
    };
    prerequisites::point_at_clang(&mut build);
    build
}

/// The build of the command line, quick to build: what is slow in it is not what is looked at here.
pub fn build_command_line() -> Command {
    cargo(&["build", "--package", "seckill-cli"])
}

/// The built command line.
pub fn command_line() -> PathBuf {
    target().join("debug").join(format!("seckill{}", consts::EXE_SUFFIX))
}

/// The tests against servers alone: those of the module, of the command line on a cluster, of the order worker.
pub fn server_tests() -> Command {
    let mut tests =
        cargo(&["test", "--workspace", "--test", "server", "--test", "cluster", "--test", "worker"]);
    prerequisites::point_at_clang(&mut tests);
    tests
}

/// Tells the server tests which server and which module they are to test.
pub fn test_against(tests: &mut Command, server: &Path) {
    tests.env("SECKILL_SERVER", server).env("SECKILL_MODULE", module(Profile::Dev));
}

/// Whether a machine reads the output.
pub fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}
