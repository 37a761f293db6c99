//! Where the streams are: one server, one that Sentinel names, or a cluster.

use std::fmt;
use std::time::Duration;

use redis::{Client, Connection, ErrorKind, RedisError, RedisResult, Value};

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Longer than any answer takes that is not asked to wait.
const REPLY_PATIENCE: Duration = Duration::from_secs(10);

/// Where the streams are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `redis://[user:password@]host[:port][/db]` or `unix:///path`.
    Server(String),
    /// `redis+sentinel://[user:password@]host:port[,host:port …]/name[/db]`: the primary of that name.
    Sentinel {
        /// The sentinels, asked one after the other.
        nodes: Vec<String>,
        /// The name that they know the primary by.
        name: String,
        /// `user:password@` for the primary, or empty.
        credentials: String,
        /// `/db`, or empty.
        database: String,
    },
    /// `redis+cluster://[user:password@]host:port[,host:port …]`: whoever serves the key.
    Cluster {
        /// Nodes of the cluster, asked one after the other.
        nodes: Vec<String>,
        /// `user:password@` for all nodes, or empty.
        credentials: String,
    },
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(url: &str) -> Result<Address, String> {
        if let Some(rest) = url.strip_prefix("redis+sentinel://") {
            let (credentials, rest) = credentials(rest);
            let (nodes, path) = rest.split_once('/').ok_or("after the sentinels follows /name")?;
            let (name, database) =
                path.split_once('/').map_or((path, String::new()), |(name, db)| (name, format!("/{db}")));
            if name.is_empty() {
                return Err("the name of the primary is empty".to_owned());
            }
            return Ok(Address::Sentinel {
                nodes: listed(nodes)?,
                name: name.to_owned(),
                credentials,
                database,
            });
        }
        if let Some(rest) = url.strip_prefix("redis+cluster://") {
            let (credentials, nodes) = credentials(rest);
            return Ok(Address::Cluster { nodes: listed(nodes.trim_end_matches('/'))?, credentials });
        }
        Client::open(url).map_err(|error| error.to_string())?;
        Ok(Address::Server(url.to_owned()))
    }

    /// Whether each stream may be on another server.
    pub fn is_cluster(&self) -> bool {
        matches!(self, Address::Cluster { .. })
    }

    /// A connection to the primary that serves a key.
    ///
    /// # Errors
    /// If nobody tells who that is, or it does not answer.
    pub fn connect(&self, key: &str) -> RedisResult<Connection> {
        match self {
            Address::Server(url) => connect(url),
            Address::Sentinel { nodes, name, credentials, database } => {
                let primary = first(nodes, |node| primary_by_sentinel(node, name))?;
                connect(&format!("redis://{credentials}{primary}{database}"))
            }
            Address::Cluster { nodes, credentials } => {
                let owner = first(nodes, |node| owner(&format!("redis://{credentials}{node}"), key))?;
                connect(&format!("redis://{credentials}{owner}"))
            }
        }
    }

    /// A connection to every primary.
    ///
    /// # Errors
    /// If one of them does not answer.
    pub fn connect_all(&self) -> RedisResult<Vec<Connection>> {
        let Address::Cluster { nodes, credentials } = self else { return Ok(vec![self.connect("")?]) };
        let ranges = first(nodes, |node| ranges(&mut connect(&format!("redis://{credentials}{node}"))?))?;
        let mut primaries: Vec<String> = ranges.into_iter().map(|range| range.primary).collect();
        primaries.sort();
        primaries.dedup();
        primaries.iter().map(|primary| connect(&format!("redis://{credentials}{primary}"))).collect()
    }
}

impl fmt::Display for Address {
    /// Without the password.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Server(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
                write!(to, "{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place))
            }
            Address::Sentinel { nodes, name, .. } => {
                write!(to, "redis+sentinel://{}/{name}", nodes.join(","))
            }
            Address::Cluster { nodes, .. } => write!(to, "redis+cluster://{}", nodes.join(",")),
        }
    }
}

/// `user:password@` in front of the rest.
fn credentials(rest: &str) -> (String, &str) {
    rest.rsplit_once('@')
        .map_or((String::new(), rest), |(credentials, rest)| (format!("{credentials}@"), rest))
}

fn listed(nodes: &str) -> Result<Vec<String>, String> {
    let nodes: Vec<String> = nodes.split(',').map(str::to_owned).collect();
    let is_wrong = |node: &String| node.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err());
    match nodes.iter().find(|node| is_wrong(node)) {
        Some(node) => Err(format!("'{node}' is not host:port")),
        None => Ok(nodes),
    }
}

/// A connection with patience for both directions.
fn connect(url: &str) -> RedisResult<Connection> {
    let connection = Client::open(url)?.get_connection_with_timeout(CONNECT_PATIENCE)?;
    connection.set_read_timeout(Some(REPLY_PATIENCE))?;
    connection.set_write_timeout(Some(REPLY_PATIENCE))?;
    Ok(connection)
}

/// What the first node says that says anything.
fn first<T>(nodes: &[String], ask: impl Fn(&str) -> RedisResult<T>) -> RedisResult<T> {
    let mut last = RedisError::from((ErrorKind::InvalidClientConfig, "no node is named"));
    for node in nodes {
        match ask(node) {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn primary_by_sentinel(node: &str, name: &str) -> RedisResult<String> {
    let mut sentinel = connect(&format!("redis://{node}"))?;
    let found: Option<(String, u16)> =
        redis::cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name).query(&mut sentinel)?;
    let (host, port) = found
        .ok_or_else(|| RedisError::from((ErrorKind::InvalidClientConfig, "no sentinel knows the name")))?;
    Ok(format!("{host}:{port}"))
}

/// Slots that one node serves.
struct Range {
    from: u16,
    to: u16,
    primary: String,
}

fn owner(url: &str, key: &str) -> RedisResult<String> {
    let mut node = connect(url)?;
    let slot: u16 = redis::cmd("CLUSTER").arg("KEYSLOT").arg(key).query(&mut node)?;
    let found = ranges(&mut node)?.into_iter().find(|range| (range.from..=range.to).contains(&slot));
    found
        .map(|range| range.primary)
        .ok_or_else(|| RedisError::from((ErrorKind::InvalidClientConfig, "nobody serves the slot")))
}

fn ranges(node: &mut Connection) -> RedisResult<Vec<Range>> {
    let rows: Vec<Vec<Value>> = redis::cmd("CLUSTER").arg("SLOTS").query(node)?;
    let range = |row: Vec<Value>| {
        let [from, to, Value::Array(primary), ..] = row.as_slice() else { return None };
        let [host, port, ..] = primary.as_slice() else { return None };
        let number = |value: &Value| redis::from_redis_value_ref::<u16>(value).ok();
        let host: String = redis::from_redis_value_ref(host).ok()?;
        Some(Range { from: number(from)?, to: number(to)?, primary: format!("{host}:{}", number(port)?) })
    };
    Ok(rows.into_iter().filter_map(range).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_server_sentinels_or_a_cluster() {
        assert_eq!(Address::of("redis://a:1/3"), Ok(Address::Server("redis://a:1/3".to_owned())));
        assert_eq!(
            Address::of("redis+sentinel://u:p@a:1,b:2/shop/3"),
            Ok(Address::Sentinel {
                nodes: vec!["a:1".to_owned(), "b:2".to_owned()],
                name: "shop".to_owned(),
                credentials: "u:p@".to_owned(),
                database: "/3".to_owned(),
            })
        );
        let cluster = Address::of("redis+cluster://a:1,b:2/").unwrap();
        assert!(cluster.is_cluster());
        assert_eq!(cluster.to_string(), "redis+cluster://a:1,b:2");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said() {
        assert!(Address::of("http://a").is_err());
        assert_eq!(Address::of("redis+sentinel://a:1"), Err("after the sentinels follows /name".to_owned()));
        assert_eq!(Address::of("redis+cluster://a"), Err("'a' is not host:port".to_owned()));
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in
            ["redis://u:secret@a:1/0", "redis+sentinel://u:secret@a:1/shop", "redis+cluster://u:secret@a:1"]
        {
            assert!(!Address::of(url).unwrap().to_string().contains("secret"));
        }
    }
}
