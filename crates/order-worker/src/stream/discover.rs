//! Which streams to read.

use std::collections::BTreeSet;
use std::sync::Arc;

use redis::{Connection, RedisResult, cmd};

use super::{Address, groups};

/// Which streams to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streams {
    /// These.
    Named(Vec<String>),
    /// Every stream of a name like this that has the group, also those that come later.
    Matching(String),
}

/// The streams there are now, sorted.
///
/// # Errors
/// If a server does not answer.
pub fn discover(address: &Address, streams: &Streams, group: &str) -> RedisResult<Vec<Arc<str>>> {
    let pattern = match streams {
        Streams::Named(names) => return Ok(names.iter().map(|name| Arc::from(name.as_str())).collect()),
        Streams::Matching(pattern) => pattern,
    };
    let mut found = BTreeSet::new();
    for mut connection in address.connect_all()? {
        for key in keys(&mut connection, pattern)? {
            if groups(&mut connection, &key)?.iter().any(|known| known.name == group) {
                found.insert(Arc::from(key));
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn keys(connection: &mut Connection, pattern: &str) -> RedisResult<Vec<String>> {
    let mut all = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let mut command = cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(1_000).arg("TYPE").arg("stream");
        let (next, keys): (u64, Vec<Vec<u8>>) = command.query(connection)?;
        // A key that is no text cannot be named in a database either.
        all.extend(keys.into_iter().filter_map(|key| String::from_utf8(key).ok()));
        if next == 0 {
            return Ok(all);
        }
        cursor = next;
    }
}
