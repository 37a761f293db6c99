//! A server for the demo alone: in a folder of its own, on a free port, gone with the demo.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use redis::{Client, Connection};
use tempfile::TempDir;

use crate::link;
use crate::stop::Stop;

const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
/// Somebody else may take the free port first.
const ATTEMPTS: usize = 3;
const LOG: &str = "server.log";

/// A running server; dropping it ends the process.
pub struct Server {
    process: Child,
    folder: TempDir,
    client: Client,
    port: u16,
}

impl Server {
    /// Starts the program with the module and waits until it answers.
    pub fn start(program: &Path, module: &Path, stop: &Stop) -> Result<Self> {
        for _ in 1..ATTEMPTS {
            match Self::try_start(program, module, stop) {
                Err(error) if error.to_string().contains("Address already in use") => {}
                outcome => return outcome,
            }
        }
        Self::try_start(program, module, stop)
    }

    fn try_start(program: &Path, module: &Path, stop: &Stop) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("seckill-demo-").tempdir()?;
        let port = free_port()?;
        let process = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--daemonize", "no", "--maxclients", "10000", "--logfile", LOG, "--dir"])
            .arg(folder.path())
            .arg("--loadmodule")
            .arg(module)
            .current_dir(folder.path())
            // A Ctrl-C is for this program, which ends the server in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let client = Client::open(("127.0.0.1", port))?;
        let mut server = Server { process, folder, client, port };
        server.wait_until_ready(stop)?;
        Ok(server)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its own folder, gone with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn connect(&self) -> Result<Connection> {
        link::connect(&self.client).context("the demo's server does not answer")
    }

    /// Fails if it ended by itself, with the end of its log.
    pub fn ensure_alive(&mut self) -> Result<()> {
        match self.ended()? {
            Some(status) => bail!("the server ended by itself with {status}; its log ends:\n{}", self.log()),
            None => Ok(()),
        }
    }

    fn wait_until_ready(&mut self, stop: &Stop) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer =
                link::connect(&self.client).and_then(|mut to| redis::cmd("PING").query::<String>(&mut to));
            let Err(error) = answer else { return Ok(()) };
            if let Some(status) = self.ended()? {
                bail!("the server did not start ({status}); its log ends:\n{}", self.log());
            }
            ensure!(!stop.is_asked(), "interrupted");
            let seconds = PATIENCE.as_secs();
            ensure!(Instant::now() < deadline, "the server did not answer within {seconds} s: {error}");
            thread::sleep(POLL);
        }
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.try_wait().context("cannot ask after the server")
    }

    /// The last lines of its log.
    fn log(&self) -> String {
        let log: PathBuf = self.folder.path().join(LOG);
        let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = text.unwrap_or_default();
        if text.trim().is_empty() {
            return "(there is none: is it a Redis or Valkey server?)".to_owned();
        }
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds nothing worth keeping; if it is gone already, that is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nothing listens on.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}
