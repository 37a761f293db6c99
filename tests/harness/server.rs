//! A server of its own: its folder, its socket, its end.

use super::client::Client;
use super::clock::Clock;
use redis::Value;
use std::net::TcpListener;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for something to become true: generous, since machines stall.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Checks until it is true; the one way in which a test waits.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "in vain waited until {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// A running server with the module, and a connection to it.
pub struct Server {
    client: Client,
    child: Child,
    folder: TempDir,
    options: Vec<String>,
    port: u16,
    clock: Option<Clock>,
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// On a unix socket only, nothing kept on disk.
    pub fn start() -> Server {
        Server::with(&[])
    }

    /// With lines as in `redis.conf`. `loadmodule` with a path loads another module before ours,
    /// and with other words gives them to ours.
    pub fn with(options: &[&str]) -> Server {
        Server::launch(options, 0, None)
    }

    /// With a clock that the test sets.
    pub fn with_clock(options: &[&str]) -> Server {
        Server::launch(options, 0, Some(Clock::new()))
    }

    /// With a TCP port on the loopback as well.
    pub fn networked(options: &[&str]) -> Server {
        Server::launch(options, free_port(), None)
    }

    fn launch(options: &[&str], port: u16, clock: Option<Clock>) -> Server {
        let folder = TempDir::new().expect("a temporary folder");
        let options: Vec<String> = options.iter().map(|line| (*line).to_owned()).collect();
        let mut child = spawn(folder.path(), &options, port, clock.as_ref());
        let client = connect(folder.path(), &mut child);
        Server { client, child, folder, options, port, clock }
    }

    /// Its log, for it must not start with these options.
    pub fn refuses(options: &[&str]) -> String {
        let folder = TempDir::new().expect("a temporary folder");
        let options: Vec<String> = options.iter().map(|line| (*line).to_owned()).collect();
        let mut child = spawn(folder.path(), &options, 0, None);
        let mut status = None;
        wait_until("the server gives up", || {
            status = child.try_wait().expect("the server can be waited for");
            status.is_some()
        });
        assert!(!status.expect("it has ended").success(), "it ends with an error");
        std::fs::read_to_string(folder.path().join("log")).expect("a log")
    }

    pub fn port(&self) -> u16 {
        assert_ne!(self.port, 0, "this server listens on its socket only");
        self.port
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn socket(&self) -> PathBuf {
        socket(self.folder.path())
    }

    /// One more connection.
    pub fn client(&self) -> Client {
        Client::connect(&self.socket()).expect("the server accepts a connection")
    }

    /// One more connection, which speaks RESP3.
    pub fn client_resp3(&self) -> Client {
        let client = self.client();
        let hello = client.run("HELLO 3");
        assert!(matches!(hello, Value::Map(_)), "HELLO 3 answers a map");
        client
    }

    /// The clock that the server obeys.
    pub fn clock(&self) -> &Clock {
        self.clock.as_ref().expect("a server started with a clock of its own")
    }

    /// Stops in good order, saving what it keeps, and starts again.
    pub fn restart(&mut self) {
        // A server refuses to stop while it writes its first log.
        wait_until("no rewrite is under way", || {
            self.server_info("persistence", "aof_rewrite_in_progress") == "0"
        });
        let keeps_log = self.client.field("CONFIG GET appendonly", "appendonly") == "yes";
        let how = if keeps_log { "SHUTDOWN NOSAVE" } else { "SHUTDOWN SAVE" };
        if let Ok(refusal) = self.client.try_run(how) {
            panic!("{how} answers {}", super::reply::text(&refusal));
        }
        self.ended();
        self.revive();
    }

    /// Ends it as a power cut would end the process.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server can be killed");
        self.ended();
    }

    /// Starts again after `kill`, with the same folder.
    pub fn revive(&mut self) {
        self.child = spawn(self.folder.path(), &self.options, self.port, self.clock.as_ref());
        self.client = connect(self.folder.path(), &mut self.child);
    }

    /// Stops or continues the process as a whole.
    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(done.expect("kill runs").success(), "kill {signal} works");
    }

    fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the server has ended", || {
            status = self.child.try_wait().expect("the server can be waited for");
            status.is_some()
        });
        status.expect("it has ended")
    }

    /// Rewrites the append-only file and waits for the end of it.
    #[track_caller]
    pub fn rewrite_log(&self) {
        wait_until("a rewrite can start", || !self.text("BGREWRITEAOF").starts_with('-'));
        wait_until("the rewrite is done", || {
            self.server_info("persistence", "aof_rewrite_in_progress") == "0"
                && self.server_info("persistence", "aof_rewrite_scheduled") == "0"
        });
        assert_eq!(self.server_info("persistence", "aof_last_bgrewrite_status"), "ok");
    }

    /// The last lines of the server's log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// True while the process runs.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let lived = self.lives();
        let _ = self.child.kill();
        let _ = self.child.wait();
        let crashed = !lived && self.log().contains("CRASHED");
        if std::thread::panicking() || crashed {
            eprintln!("--- log of the server in {} ---", self.folder.path().display());
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            lines[lines.len().saturating_sub(80)..].iter().for_each(|line| eprintln!("{line}"));
        }
        assert!(!crashed || std::thread::panicking(), "the server crashed");
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("s")
}

/// The module that cargo built with this test: it lies beside it, or above it if `cargo build` was the last.
pub fn module() -> PathBuf {
    if let Ok(path) = std::env::var("SECKILL_MODULE") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("the test knows its own path");
    let beside = test.parent().expect("the test lies in a folder");
    let built = |path: &PathBuf| path.metadata().and_then(|data| data.modified()).ok();
    let mut places = vec![beside.join("libseckill.so"), beside.join("../libseckill.so")];
    places.sort_by_key(built);
    places.pop().expect("there are two places")
}

/// The server program.
pub fn binary() -> String {
    std::env::var("SECKILL_SERVER").unwrap_or_else(|_| "redis-server".to_owned())
}

fn spawn(folder: &Path, options: &[String], port: u16, clock: Option<&Clock>) -> Child {
    let module = module();
    assert!(module.exists(), "no module at {}: build it or set SECKILL_MODULE", module.display());
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    let log = log.expect("a log file");
    let mut command = Command::new(binary());
    command.args(["--save", "", "--daemonize", "no", "--bind", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0"]);
    // Without it a write to the log is postponed while an fsync runs, and tests read the log.
    command.args(["--appendfsync", "no"]);
    command.args(["--unixsocket", "s"]);
    let (modules, options): (Vec<_>, Vec<_>) =
        options.iter().map(String::as_str).partition(|line| line.starts_with("loadmodule "));
    let words = modules.iter().map(|line| line.trim_start_matches("loadmodule "));
    let (others, ours): (Vec<_>, Vec<_>) = words.partition(|words| words.starts_with('/'));
    others.iter().for_each(|path| {
        command.args(["--loadmodule", path]);
    });
    command.arg("--loadmodule").arg(module).args(ours.iter().flat_map(|words| words.split_whitespace()));
    for line in options {
        let (name, values) = line.split_once(' ').unwrap_or((line, ""));
        command.arg(format!("--{name}")).args(values.split_whitespace());
    }
    if let Some(clock) = clock {
        clock.rule(&mut command);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command.stderr(log.try_clone().expect("the log can be shared")).stdout(log);
    command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", binary()))
}

/// Connects as soon as the server serves.
fn connect(folder: &Path, child: &mut Child) -> Client {
    let mut client = None;
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    wait_until("the server accepts connections", || {
        let ended = child.try_wait().expect("the server can be waited for");
        assert!(ended.is_none(), "the server ended at its start: {ended:?}\n{}", log());
        client = Client::connect(&socket(folder)).ok().filter(serves);
        client.is_some()
    });
    client.expect("it is connected")
}

fn serves(client: &Client) -> bool {
    matches!(client.try_run("PING"), Ok(Value::SimpleString(word)) if word == "PONG")
}

/// A port that nobody listens on, below the cluster bus's offset.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        if port < 55_000 {
            return port;
        }
    }
}
