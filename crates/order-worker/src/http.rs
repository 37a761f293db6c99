//! `/healthz` and `/metrics`, one short answer a connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::metrics::Metrics;

const POLL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest request line that is read.
const LINE: u64 = 4_096;

/// Answers until `stop`; gives the address that it listens on, whose port may have been 0.
///
/// # Errors
/// If the address cannot be listened on.
pub fn serve(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: Arc<AtomicBool>,
) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let answering = thread::Builder::new().name("http".to_owned()).spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            match listener.accept() {
                // A client that hangs or goes away is no trouble of ours.
                Ok((stream, _)) => drop(answer(stream, &metrics)),
                Err(_) => thread::sleep(POLL),
            }
        }
    })?;
    Ok((bound, answering))
}

fn answer(mut stream: TcpStream, metrics: &Metrics) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.try_clone()?.take(LINE)).read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (status, body) = match (words.next(), words.next()) {
        (Some("GET" | "HEAD"), Some("/healthz")) => match metrics.ailment() {
            None => ("200 OK", "ok\n".to_owned()),
            Some(why) => ("503 Service Unavailable", format!("{why}\n")),
        },
        (Some("GET" | "HEAD"), Some("/metrics")) => ("200 OK", metrics.text()),
        _ => ("404 Not Found", "here are /healthz and /metrics\n".to_owned()),
    };
    let body = if line.starts_with("HEAD ") { "" } else { body.as_str() };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn health_and_metrics_are_answered_and_nothing_else() {
        let metrics = Arc::new(Metrics::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (address, answering) =
            serve("127.0.0.1:0".parse().unwrap(), metrics.clone(), stop.clone()).unwrap();
        assert!(get(address, "/healthz").starts_with("HTTP/1.1 503"));
        metrics.alive(0);
        assert!(get(address, "/healthz").starts_with("HTTP/1.1 200"));
        assert!(get(address, "/metrics").contains("seckill_worker_up 1"));
        assert!(get(address, "/").starts_with("HTTP/1.1 404"));
        stop.store(true, Ordering::Relaxed);
        answering.join().unwrap();
    }
}
