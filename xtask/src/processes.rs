//! Processes that run side by side, their output marked with their names, until Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

const POLL: Duration = Duration::from_millis(50);

/// Whether the user asked for the end.
#[derive(Clone)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for Ctrl-C, and for what `kill` and a closed terminal send.
    pub fn on_signals() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, asked.clone()).context("cannot listen for signals")?;
        }
        Ok(Stop(asked))
    }

    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A process whose lines are printed behind its name.
pub struct Process {
    name: &'static str,
    child: Child,
    lines: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it in a group of its own, so that a Ctrl-C reaches only this program, which ends it in order.
    pub fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        use std::os::unix::process::CommandExt;
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let output = child.stdout.take().map(|output| follow(name, output));
        let errors = child.stderr.take().map(|errors| follow(name, errors));
        Ok(Process { name, child, lines: output.into_iter().chain(errors).collect() })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot wait for a process")
    }

    /// Waits for its end, and for its last lines; kills it when it takes longer than `patience`.
    pub fn wait(mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.ended()? {
                break status;
            }
            if Instant::now() >= deadline {
                self.child.kill()?;
                self.child.wait()?;
                bail!("{} did not end within {} s and was killed", self.name, patience.as_secs());
            }
            thread::sleep(POLL);
        };
        for lines in self.lines.drain(..) {
            // The thread only prints; what it could fail with has been seen by then.
            let _ = lines.join();
        }
        Ok(status)
    }

    /// Asks it to end in order, and waits until it has.
    pub fn end(self, patience: Duration) -> Result<()> {
        let name = self.name;
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        ensure!(asked.context("cannot run kill")?.success(), "{name} was gone already");
        let status = self.wait(patience)?;
        ensure!(status.success(), "{name} ended with {status}");
        Ok(())
    }

    /// Kills it: for a process that holds nothing worth keeping, or that never got ready.
    pub fn kill(mut self) {
        // Already gone is what was wanted.
        let _ = self.child.kill();
        let _ = self.wait(Duration::from_secs(5));
    }
}

/// Runs until the user asks for the end, or one of the processes ends by itself, which is an error.
pub fn follow_until(stop: &Stop, processes: &mut [&mut Process]) -> Result<()> {
    while !stop.is_asked() {
        for process in processes.iter_mut() {
            if let Some(status) = process.ended()? {
                bail!("{} ended by itself with {status}", process.name());
            }
        }
        thread::sleep(POLL);
    }
    Ok(())
}

fn follow(name: &'static str, output: impl Read + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut lines = BufReader::new(output);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            println!("{name} | {}", String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        Process::start("shell", Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn a_process_that_ends_by_itself_is_an_error() {
        let mut process = shell("exit 3");
        let stop = Stop(Arc::default());
        let error = follow_until(&stop, &mut [&mut process]).unwrap_err();
        assert_eq!(error.to_string(), "shell ended by itself with exit status: 3");
    }

    #[test]
    fn asking_for_the_end_ends_the_following() {
        let mut process = shell("exec sleep 60");
        let stop = Stop(Arc::new(AtomicBool::new(true)));
        assert!(follow_until(&stop, &mut [&mut process]).is_ok());
        process.kill();
    }

    #[test]
    fn a_process_that_is_asked_to_end_ends_in_order() {
        let process = shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done");
        // Asked before the trap is set it ends by the signal, which is no success.
        let deadline = Instant::now() + Duration::from_secs(10);
        let is_set = |pid: u32| {
            let caught = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let mask = caught
                .lines()
                .find_map(|line| line.strip_prefix("SigCgt:").map(str::trim).map(str::to_owned));
            mask.and_then(|mask| u64::from_str_radix(&mask, 16).ok())
                .is_some_and(|mask| mask & (1 << 14) != 0)
        };
        while !is_set(process.child.id()) && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        assert!(process.end(Duration::from_secs(10)).is_ok());
    }

    #[test]
    fn a_process_that_does_not_end_is_killed() {
        let error = shell("exec sleep 60").wait(Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("was killed"));
    }
}
