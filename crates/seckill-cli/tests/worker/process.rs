//! A worker's process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use order_worker::store::Location;

use crate::harness::{Server, wait_until};

/// A running worker; dropping it ends the process.
pub struct Worker {
    child: Child,
    log: PathBuf,
}

impl Worker {
    /// Short waits, so that a test sees in a second what takes minutes otherwise.
    pub fn start(shop: &Server, location: &Location, options: &str) -> Worker {
        Worker::at(&url(shop), shop, location, options, None)
    }

    /// It ends itself when it takes this step for the so-many-th time: `committed:2`.
    pub fn ending_at(shop: &Server, location: &Location, options: &str, step: &str) -> Worker {
        Worker::at(&url(shop), shop, location, options, Some(step))
    }

    /// By another way to Redis; what it writes lies in the server's folder.
    pub fn at(url: &str, shop: &Server, location: &Location, options: &str, end: Option<&str>) -> Worker {
        let log = shop.folder().join(format!("worker-{}.log", unused(shop.folder())));
        let file = File::create(&log).expect("a log file");
        let usual = "--retry 5 --claim-idle 150 --upkeep 50 --max-attempts 3";
        let mut command = seckill_at("work", url, shop, location);
        // Options that are given again must not be given twice.
        let names: Vec<&str> = options.split_whitespace().filter(|word| word.starts_with("--")).collect();
        for pair in usual.split_whitespace().collect::<Vec<_>>().chunks(2) {
            if !names.contains(&pair[0]) {
                command.args(pair);
            }
        }
        command.args(options.split_whitespace()).envs(end.map(|step| ("SECKILL_END_AT", step)));
        command.stderr(file).stdout(Stdio::null());
        Worker { child: command.spawn().expect("the worker starts"), log }
    }

    /// Asks for the end by SIGTERM; it must end in order.
    #[track_caller]
    pub fn stop(mut self) -> String {
        self.signal("-TERM");
        let status = self.ended();
        assert!(status.success(), "{status}:\n{}", self.log());
        self.log()
    }

    /// Ends it as a power cut would end the process.
    pub fn kill(mut self) {
        self.child.kill().expect("the worker can be killed");
        self.ended();
    }

    /// Waits until it was killed at its step.
    #[track_caller]
    pub fn killed(&mut self) {
        let status = self.ended();
        assert!(status.code().is_none(), "the worker reached its step; {status}:\n{}", self.log());
    }

    /// True while the process runs.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(done.expect("kill runs").success(), "kill {signal} works");
    }

    fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the worker has ended", || {
            status = self.child.try_wait().expect("the worker can be waited for");
            status.is_some()
        });
        status.expect("it has ended")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {} ---\n{}", self.log.display(), self.log());
        }
    }
}

/// Where a server's orders go in a test with SQLite.
pub fn sqlite(shop: &Server) -> Location {
    Location::Sqlite(shop.folder().join("data/orders.db"))
}

/// A command of `seckill` about this server and this database.
pub fn seckill(task: &str, shop: &Server, location: &Location) -> Command {
    seckill_at(task, &url(shop), shop, location)
}

fn url(shop: &Server) -> String {
    format!("unix://{}", shop.socket().display())
}

fn seckill_at(task: &str, url: &str, shop: &Server, location: &Location) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seckill"));
    command.args(task.split_whitespace()).args(["--url", url]);
    command.arg("--database").arg(match location {
        Location::Sqlite(file) => file.as_os_str().to_owned(),
        Location::Postgres(url) => url.into(),
    });
    command.arg("--data").arg(shop.folder().join("data")).stdin(Stdio::null());
    command
}

/// Runs a command of `seckill` to its end; it must succeed.
#[track_caller]
pub fn done(task: &str, shop: &Server, location: &Location) -> String {
    let Output { status, stdout, stderr } = seckill(task, shop, location).output().expect("it runs");
    let (out, errors) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{task} ended with {status}: {out}{errors}");
    out.into_owned()
}

fn unused(folder: &Path) -> usize {
    (1..).find(|number| !folder.join(format!("worker-{number}.log")).exists()).unwrap_or(0)
}
