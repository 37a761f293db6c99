//! A server with the module in it: started, waited for, asked, and shut down without losing data.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use redis::{Client, Connection};

use crate::processes::{Process, Stop};
use crate::workspace;

const USUAL_PORT: u16 = 6379;
const PATIENCE: Duration = Duration::from_secs(30);
const PIDFILE: &str = "redis.pid";

/// What a server is started with.
pub struct Setup {
    /// The program.
    pub program: PathBuf,
    pub module: PathBuf,
    pub port: u16,
    /// Where it keeps its data; made when missing.
    pub data: PathBuf,
}

/// A running server.
pub struct Server {
    pub process: Process,
    pub port: u16,
    connection: Connection,
}

impl Server {
    /// Starts it on `redis.conf` and waits until it answers.
    pub fn start(setup: &Setup, stop: &Stop) -> Result<Self> {
        let data = claim(&setup.data)?;
        let mut command = Command::new(&setup.program);
        command
            .arg(workspace::root().join("redis.conf"))
            .args(["--port", &setup.port.to_string()])
            .arg("--dir")
            .arg(&data)
            .arg("--pidfile")
            .arg(data.join(PIDFILE))
            .arg("--loadmodule")
            .arg(&setup.module);
        let mut process = Process::start("server", &mut command)?;
        match wait_until_ready(&mut process, setup.port, stop) {
            Ok(connection) => Ok(Server { process, port: setup.port, connection }),
            Err(error) => {
                process.kill();
                Err(error)
            }
        }
    }

    /// Asks it something, given as words.
    pub fn ask<T: redis::FromRedisValue>(&mut self, words: &[&str]) -> Result<T> {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut self.connection).with_context(|| format!("{} failed", words.join(" ")))
    }

    /// Has it write what it must and end.
    pub fn shut_down(mut self) -> Result<()> {
        let answer: Result<(), _> = redis::cmd("SHUTDOWN").query(&mut self.connection);
        // It closes the connection instead of answering; only a refusal is an answer.
        if let Err(error) = answer
            && error.code().is_some()
        {
            self.process.kill();
            bail!("the server would not shut down, and was killed: {error}");
        }
        let status = self.process.wait(PATIENCE)?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// The port asked for, or the usual one, or the next free one when that is taken.
pub fn choose_port(asked: Option<u16>) -> Result<u16> {
    match asked {
        Some(port) => {
            ensure!(is_free(port), "port {port} is taken; without --port the next free one is chosen");
            Ok(port)
        }
        None => (USUAL_PORT..USUAL_PORT + 100).find(|port| is_free(*port)).map_or_else(free_port, Ok),
    }
}

/// A port that nothing listens on.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Makes the data folder, and refuses one that a running server works in: two would spoil each other's log.
fn claim(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    let Ok(pid) = fs::read_to_string(folder.join(PIDFILE)) else { return Ok(folder) };
    let pid = pid.trim();
    if works_in(pid, &folder) {
        let shown = folder.display();
        bail!(
            "a server (process {pid}) already runs on {shown}; end it with `kill {pid}`, or choose another --dir"
        );
    }
    println!("process {pid} did not shut down in order; its data is read from the log");
    Ok(folder)
}

fn works_in(pid: &str, folder: &Path) -> bool {
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(cwd) => cwd == folder,
        // Where there is no /proc, a live process is believed to be the server.
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => Command::new("kill").args(["-0", pid]).output().is_ok_and(|output| output.status.success()),
    }
}

fn wait_until_ready(process: &mut Process, port: u16, stop: &Stop) -> Result<Connection> {
    let client = Client::open(("127.0.0.1", port))?;
    let mut deadline = Instant::now() + PATIENCE;
    loop {
        match answer(&client) {
            Ok(connection) => return Ok(connection),
            // Reading its data back may take as long as it takes.
            Err(error) if error.code() == Some("LOADING") => deadline = Instant::now() + PATIENCE,
            Err(error) if Instant::now() >= deadline => {
                bail!("the server did not answer within {} s: {error}", PATIENCE.as_secs())
            }
            Err(_) => {}
        }
        if let Some(status) = process.ended()? {
            bail!("the server did not start: it ended with {status}; its log above says why");
        }
        ensure!(!stop.is_asked(), "interrupted");
        thread::sleep(Duration::from_millis(30));
    }
}

fn answer(client: &Client) -> redis::RedisResult<Connection> {
    let mut connection = client.get_connection_with_timeout(Duration::from_secs(2))?;
    redis::cmd("PING").query::<()>(&mut connection)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process;

    use super::*;

    #[test]
    fn a_taken_port_is_refused_when_asked_for() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert!(choose_port(Some(taken)).unwrap_err().to_string().contains("is taken"));
    }

    #[test]
    fn a_folder_in_use_is_refused_and_a_stale_one_taken() {
        let folder = env::temp_dir().join(format!("seckill-claim-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut sleeper = Command::new("sleep").arg("60").current_dir(&folder).spawn().unwrap();
        fs::write(folder.join(PIDFILE), sleeper.id().to_string()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while claim(&folder).is_ok() {
            assert!(Instant::now() < deadline, "the folder was never seen as in use");
        }
        assert!(claim(&folder).unwrap_err().to_string().contains("already runs on"));
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert!(claim(&folder).is_ok());
        fs::remove_dir_all(&folder).unwrap();
    }
}
