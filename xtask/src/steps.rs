//! Commands run one after the other, each printed before and summed up at the end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Prints a command, runs it and fails when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot run {}", shown(command)))?;
    ensure!(status.success(), "{} ended with {status}", shown(command));
    Ok(())
}

/// A command as one would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = std::iter::once(program.file_name().unwrap_or(program.as_os_str())).chain(command.get_args());
    let mut line = String::new();
    for word in words {
        let word = word.to_string_lossy();
        let quote = if word.is_empty() || word.contains([' ', '*', '"', '$']) { "'" } else { "" };
        line.push_str(&format!("{quote}{word}{quote} "));
    }
    line.trim_end().to_owned()
}

/// How a step ended.
enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

/// The steps of a task and how each ended.
#[derive(Default)]
pub struct Steps {
    ended: Vec<(String, Outcome, Duration)>,
}

impl Steps {
    /// Runs a step to its end; a failure is printed and kept for the summary.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let result = work();
        if let Err(error) = &result {
            println!("{error:#}");
        }
        let passed = result.is_ok();
        let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
        self.ended.push((name.to_owned(), outcome, start.elapsed()));
        passed
    }

    /// Notes a step that cannot be run here.
    pub fn skip(&mut self, name: &str, reason: &str) {
        println!("\n== {name}\nskipped: {reason}");
        self.ended.push((name.to_owned(), Outcome::Skipped(reason.to_owned()), Duration::ZERO));
    }

    /// Prints a line for each step and fails when one failed.
    pub fn finish(self) -> Result<()> {
        println!("\n== summary");
        let width = self.ended.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        for (name, outcome, time) in &self.ended {
            let seconds = time.as_secs_f64();
            match outcome {
                Outcome::Passed => println!("{name:width$}  passed   {seconds:7.1} s"),
                Outcome::Failed => println!("{name:width$}  FAILED   {seconds:7.1} s"),
                Outcome::Skipped(reason) => println!("{name:width$}  skipped  {reason}"),
            }
        }
        let failed = self.ended.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed)).count();
        if failed > 0 {
            bail!("{failed} of {} steps failed", self.ended.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_task_and_lets_the_next_run() {
        let mut steps = Steps::default();
        assert!(!steps.step("first", || bail!("no")));
        assert!(steps.step("second", || Ok(())));
        assert_eq!(steps.finish().unwrap_err().to_string(), "1 of 2 steps failed");
    }

    #[test]
    fn a_skipped_step_does_not_fail_the_task() {
        let mut steps = Steps::default();
        steps.skip("first", "not installed");
        assert!(steps.finish().is_ok());
    }

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("cargo");
        command.args(["test", "--test", "*"]);
        assert_eq!(shown(&command), "cargo test --test '*'");
    }
}
