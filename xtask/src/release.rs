//! `cargo xtask release`: the module that users load.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::steps;
use crate::workspace::{self, Profile};

/// Builds the release module and prints what it is.
pub fn run() -> Result<()> {
    steps::run(&mut workspace::build_module(Profile::Release))?;
    let module = workspace::module(Profile::Release);
    let size = fs::metadata(&module).with_context(|| format!("{} was not built", module.display()))?.len();
    let sum = Command::new("sha256sum").arg(&module).output().context("cannot run sha256sum")?;
    ensure!(sum.status.success(), "sha256sum ended with {}", sum.status);
    let sum = String::from_utf8_lossy(&sum.stdout);
    println!("file    {}", module.display());
    println!("size    {size} bytes");
    println!("sha256  {}", sum.split_whitespace().next().unwrap_or_default());
    Ok(())
}
