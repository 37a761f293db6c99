//! What keeps streams and groups in order: lag, trimming, consumers that died.

use std::time::Duration;

use redis::{Connection, FromRedisValue, RedisResult, Value, cmd};

use super::intake::{Reader, bytes, id, pair};
use crate::event::EntryId;
use crate::trim::{self, GroupProgress};

/// A consumer group as XINFO describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Entries delivered and not acknowledged.
    pub pending: u64,
    /// The newest entry that was delivered.
    pub last_delivered: EntryId,
    /// Entries not delivered yet; none if the server cannot tell.
    pub lag: Option<u64>,
}

/// A consumer as XINFO describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// Entries delivered to it and not acknowledged.
    pub pending: u64,
    /// How long it has not asked for anything.
    pub idle: Duration,
}

/// The groups of a stream; none if there is no such stream.
///
/// # Errors
/// If the server does not answer.
pub fn groups(connection: &mut Connection, stream: &str) -> RedisResult<Vec<Group>> {
    let reply: RedisResult<Vec<Value>> = cmd("XINFO").arg("GROUPS").arg(stream).query(connection);
    let rows = match reply {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        rows => rows?,
    };
    let group = |row: Value| {
        let map = map(row);
        Some(Group {
            name: text(&map, "name")?,
            pending: number(&map, "pending").unwrap_or(0),
            last_delivered: text(&map, "last-delivered-id")?.parse().ok()?,
            lag: number(&map, "lag"),
        })
    };
    Ok(rows.into_iter().filter_map(group).collect())
}

/// The consumers of the reader's group.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn consumers(connection: &mut Connection, reader: &Reader, stream: &str) -> RedisResult<Vec<Consumer>> {
    let rows: Vec<Value> = cmd("XINFO").arg("CONSUMERS").arg(stream).arg(&reader.group).query(connection)?;
    let consumer = |row: Value| {
        let map = map(row);
        Some(Consumer {
            name: text(&map, "name")?,
            pending: number(&map, "pending")?,
            idle: Duration::from_millis(number(&map, "idle")?),
        })
    };
    Ok(rows.into_iter().filter_map(consumer).collect())
}

/// Removes consumers that own nothing and have asked for nothing for so long; gives their names.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn remove_dead_consumers(
    connection: &mut Connection,
    reader: &Reader,
    stream: &str,
    idle: Duration,
) -> RedisResult<Vec<String>> {
    let is_dead = |one: &Consumer| one.pending == 0 && one.idle >= idle && one.name != reader.consumer;
    let dead: Vec<String> =
        consumers(connection, reader, stream)?.into_iter().filter(is_dead).map(|one| one.name).collect();
    for name in &dead {
        cmd("XGROUP").arg("DELCONSUMER").arg(stream).arg(&reader.group).arg(name).exec(connection)?;
    }
    Ok(dead)
}

/// Trims what every group has acknowledged and what is older than `keep`; gives how many entries went.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn trim(connection: &mut Connection, stream: &str, keep: Duration) -> RedisResult<u64> {
    let (seconds, micros): (u64, u64) = cmd("TIME").query(connection)?;
    let now = seconds.saturating_mul(1_000) + micros / 1_000;
    let keep_from = EntryId { ms: now.saturating_sub(keep.as_millis() as u64), number: 0 };
    // What is delivered in between is newer than what the group had read, so it is behind both limits.
    let mut progress = Vec::new();
    for group in groups(connection, stream)? {
        let oldest_pending = oldest_pending(connection, stream, &group.name)?;
        progress.push(GroupProgress { last_delivered: group.last_delivered, oldest_pending });
    }
    match trim::horizon(&progress, keep_from) {
        Some(horizon) if horizon > EntryId::default() => {
            cmd("XTRIM").arg(stream).arg("MINID").arg(horizon.to_string()).query(connection)
        }
        _ => Ok(0),
    }
}

/// The newest entry of a stream; 0-0 if it has none.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn last_entry(connection: &mut Connection, stream: &str) -> RedisResult<EntryId> {
    let mut command = cmd("XREVRANGE");
    let rows: Vec<Value> = command.arg(stream).arg("+").arg("-").arg("COUNT").arg(1).query(connection)?;
    let entry = rows.into_iter().next().and_then(pair).and_then(|(key, _)| id(&key));
    Ok(entry.unwrap_or_default())
}

/// The oldest entry that a group was given and has not acknowledged.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn oldest_pending(
    connection: &mut Connection,
    stream: &str,
    group: &str,
) -> RedisResult<Option<EntryId>> {
    let summary: Vec<Value> = cmd("XPENDING").arg(stream).arg(group).query(connection)?;
    let oldest = summary.into_iter().nth(1).and_then(bytes);
    Ok(oldest.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok()))
}

/// Whether the stream, or the group, is not there.
pub fn is_missing(error: &redis::RedisError) -> bool {
    error.code() == Some("NOGROUP") || error.to_string().contains("no such key")
}

/// Fields by name, however the server gives them.
pub(crate) fn map(value: Value) -> Vec<(Value, Value)> {
    match value {
        Value::Map(pairs) => pairs,
        Value::Array(values) => {
            let mut values = values.into_iter();
            let mut pairs = Vec::new();
            while let (Some(name), Some(value)) = (values.next(), values.next()) {
                pairs.push((name, value));
            }
            pairs
        }
        _ => Vec::new(),
    }
}

fn find<'a>(map: &'a [(Value, Value)], wanted: &str) -> Option<&'a Value> {
    let is_wanted = |name: &Value| String::from_redis_value_ref(name).is_ok_and(|name| name == wanted);
    map.iter().find(|(name, _)| is_wanted(name)).map(|(_, value)| value)
}

pub(crate) fn text(map: &[(Value, Value)], name: &str) -> Option<String> {
    String::from_redis_value_ref(find(map, name)?).ok()
}

pub(crate) fn number<T: FromRedisValue>(map: &[(Value, Value)], name: &str) -> Option<T> {
    T::from_redis_value_ref(find(map, name)?).ok()
}
