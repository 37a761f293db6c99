//! Commands to the node that has the key, in a cluster or alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use redis::{Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, Value};

use crate::link::{self, words};

/// A key's slot may move more than once while it is looked for, but not without end.
const REDIRECTIONS: usize = 5;
/// While a slot is handed over, a command on two of its keys must wait until both are on one side.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Nodes that are found by asking for keys.
pub struct Cluster {
    /// Where to ask when nothing else is known; the first gives user and password for all.
    seeds: Vec<ConnectionInfo>,
    /// The node that had the key the last time.
    places: HashMap<String, String>,
    /// Open connections by address.
    open: HashMap<String, Connection>,
    /// The node that answered last, whatever it was asked.
    answered: String,
}

impl Cluster {
    /// A cluster with these nodes, and others that they will name; nothing is connected yet.
    pub fn new(urls: &[String]) -> Result<Self> {
        let mut seeds = Vec::new();
        for url in urls {
            ensure!(
                !url.starts_with("rediss:"),
                "TLS is not built in; use redis:// on a trusted network or through a tunnel"
            );
            let seed = url.as_str().into_connection_info();
            seeds.push(seed.map_err(|error| {
                anyhow!(
                    "--url {url} is not understood: {error}; it looks like redis://user:password@host:6379"
                )
            })?);
        }
        ensure!(!seeds.is_empty(), "no --url");
        Ok(Cluster { seeds, places: HashMap::new(), open: HashMap::new(), answered: String::new() })
    }

    /// Sends the command to the node that has the key.
    ///
    /// A command whose connection broke is sent again elsewhere: send only what may be repeated.
    pub fn ask(&mut self, key: &str, command: &Cmd) -> Result<Value> {
        let mut candidates: Vec<String> = self.places.get(key).cloned().into_iter().collect();
        candidates.extend(self.seeds.iter().map(|seed| seed.addr().to_string()));
        let mut last = anyhow!("no node was asked");
        for address in candidates {
            match self.ask_from(&address, key, command) {
                Ok(value) => return Ok(value),
                Err(Failure::Broken(error)) => last = error,
                Err(Failure::Refused(error)) => return Err(error),
            }
        }
        Err(last)
    }

    /// The node that answered for the key the last time.
    pub fn place(&self, key: &str) -> &str {
        self.places.get(key).map_or("unknown", String::as_str)
    }

    /// How many replicas have what the last command wrote, after at most so long.
    pub fn wait(&mut self, replicas: u16, patience: Duration) -> Result<u16> {
        let place = self.answered.clone();
        let ms = patience.as_millis().to_string();
        let command = words(&["WAIT", &replicas.to_string(), &ms]);
        let connection = self.open.get_mut(&place).with_context(|| format!("no connection to {place}"))?;
        link::must(connection, &command)
    }

    fn ask_from(&mut self, first: &str, key: &str, command: &Cmd) -> Result<Value, Failure> {
        let mut address = first.to_owned();
        let mut asking = Asking::No;
        let mut last = String::new();
        for _ in 0..=REDIRECTIONS {
            let error = match self.send(&address, asking, command) {
                Ok(value) => {
                    self.answered.clone_from(&address);
                    if asking == Asking::No {
                        self.places.insert(key.to_owned(), address);
                    }
                    return Ok(value);
                }
                Err(error) => error,
            };
            asking = Asking::No;
            last = error.to_string();
            match error.code() {
                Some("MOVED") => address = redirection(&error, &address)?,
                Some("ASK") => (address, asking) = (redirection(&error, &address)?, Asking::Yes),
                Some("TRYAGAIN") => thread::sleep(TRY_AGAIN_AFTER),
                Some(_) => return Err(Failure::Refused(anyhow!("{key} at {address}: {error}"))),
                None => {
                    self.forget(&address);
                    return Err(Failure::Broken(anyhow!("no answer from {address}: {error}")));
                }
            }
        }
        Err(Failure::Refused(anyhow!("{key} is being handed over: {last}")))
    }

    fn send(&mut self, address: &str, asking: Asking, command: &Cmd) -> Result<Value, RedisError> {
        let info = self.info(address);
        let connection = match self.open.entry(address.to_owned()) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(missing) => missing.insert(link::connect(&Client::open(info)?)?),
        };
        if asking == Asking::Yes {
            words(&["ASKING"]).query::<()>(connection)?;
        }
        command.query(connection)
    }

    /// How to connect there: as to the node of that address that was given, or as to the first.
    fn info(&self, address: &str) -> ConnectionInfo {
        let given = self.seeds.iter().find(|seed| seed.addr().to_string() == address);
        match (given, address.rsplit_once(':')) {
            (None, Some((host, port))) => {
                let addr = ConnectionAddr::Tcp(host.to_owned(), port.parse().unwrap_or_default());
                self.seeds[0].clone().set_addr(addr)
            }
            (given, _) => given.unwrap_or(&self.seeds[0]).clone(),
        }
    }

    /// Takes nothing of a node for granted any more.
    fn forget(&mut self, address: &str) {
        self.open.remove(address);
        self.places.retain(|_, place| place != address);
    }
}

/// Whether the slot is being handed over, and this command is to be served before that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    No,
    Yes,
}

/// Why there is no reply.
enum Failure {
    /// The connection; another node may know more.
    Broken(anyhow::Error),
    /// The server, with an error.
    Refused(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Refused(error)
    }
}

/// Where `MOVED` and `ASK` send to; a node that does not know its own host leaves it out.
fn redirection(error: &RedisError, asked: &str) -> Result<String> {
    let Some((address, _)) = error.redirect_node() else { bail!("{error} names no node") };
    let host = asked.rsplit_once(':').map_or(asked, |(host, _)| host);
    Ok(if address.starts_with(':') { format!("{host}{address}") } else { address.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> RedisError {
        let value = redis::parse_redis_value(line.as_bytes()).unwrap();
        value.extract_error().unwrap_err()
    }

    #[test]
    fn a_redirection_names_a_node() {
        let to = |line| redirection(&error(line), "10.0.0.1:7000").unwrap();
        assert_eq!(to("-MOVED 3999 10.0.0.2:7001\r\n"), "10.0.0.2:7001");
        assert_eq!(to("-ASK 3999 :7001\r\n"), "10.0.0.1:7001");
        assert!(redirection(&error("-ERR no\r\n"), "a:1").is_err());
    }

    #[test]
    fn other_nodes_are_reached_with_the_first_ones_password() {
        let cluster = Cluster::new(&["redis://shop:secret@10.0.0.1:7000".to_owned()]).unwrap();
        let info = cluster.info("::1:7002");
        assert_eq!(info.addr().to_string(), "::1:7002");
        assert_eq!(info.redis_settings().password(), Some("secret"));
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        assert!(Cluster::new(&["10.0.0.1".to_owned()]).is_err());
        assert!(
            Cluster::new(&["rediss://10.0.0.1".to_owned()]).is_err_and(|e| e.to_string().contains("TLS"))
        );
    }
}
