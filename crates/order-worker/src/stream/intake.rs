//! Entries of a consumer group: read, taken over, counted, acknowledged.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Connection, RedisResult, Value, cmd};

use crate::event::{EntryId, Fields};

/// Who reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The consumer group.
    pub group: String,
    /// The name in it.
    pub consumer: String,
}

/// An entry that was delivered to this consumer and waits for its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The stream's key.
    pub stream: Arc<str>,
    /// The entry's id.
    pub id: EntryId,
    /// What it says; nothing if the entry was deleted from the stream.
    pub fields: Option<Fields>,
}

/// How an entry stands in the list of those not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The entry's id.
    pub id: EntryId,
    /// How often it was delivered.
    pub deliveries: u32,
}

impl Reader {
    /// Entries that nobody was given yet, waiting for the first one no longer than `block`.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn read_new(
        &self,
        connection: &mut Connection,
        streams: &[Arc<str>],
        count: usize,
        block: Duration,
    ) -> RedisResult<Vec<Delivery>> {
        let mut command = self.read(count);
        if !block.is_zero() {
            command.arg("BLOCK").arg(block.as_millis().max(1) as u64);
        }
        command.arg("STREAMS");
        streams.iter().for_each(|stream| {
            command.arg(&**stream);
        });
        streams.iter().for_each(|_| {
            command.arg(">");
        });
        Ok(delivered(streams, command.query(connection)?))
    }

    /// Entries of this consumer after `after` that it was given before.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn read_own(
        &self,
        connection: &mut Connection,
        stream: &Arc<str>,
        after: EntryId,
        count: usize,
    ) -> RedisResult<Vec<Delivery>> {
        let mut command = self.read(count);
        command.arg("STREAMS").arg(&**stream).arg(after.to_string());
        Ok(delivered(std::slice::from_ref(stream), command.query(connection)?))
    }

    fn read(&self, count: usize) -> Cmd {
        let mut command = cmd("XREADGROUP");
        command.arg("GROUP").arg(&self.group).arg(&self.consumer).arg("COUNT").arg(count);
        command
    }

    /// Takes over entries that have rested for so long, from `cursor` on; gives the next cursor, 0-0 at the end.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn claim_stale(
        &self,
        connection: &mut Connection,
        stream: &Arc<str>,
        idle: Duration,
        cursor: EntryId,
        count: usize,
    ) -> RedisResult<(EntryId, Vec<Delivery>)> {
        let mut command = cmd("XAUTOCLAIM");
        command.arg(&**stream).arg(&self.group).arg(&self.consumer).arg(idle.as_millis() as u64);
        command.arg(cursor.to_string()).arg("COUNT").arg(count);
        let Value::Array(parts) = command.query::<Value>(connection)? else { return Ok(Default::default()) };
        let mut parts = parts.into_iter();
        let next = parts.next().as_ref().and_then(id).unwrap_or_default();
        Ok((next, parts.next().map(|entries| entries_of(stream, entries)).unwrap_or_default()))
    }

    /// Takes over one entry, again if it is this consumer's own, if it has rested for so long.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn claim(
        &self,
        connection: &mut Connection,
        stream: &Arc<str>,
        entry: EntryId,
        idle: Duration,
    ) -> RedisResult<Vec<Delivery>> {
        let mut command = cmd("XCLAIM");
        command.arg(&**stream).arg(&self.group).arg(&self.consumer).arg(idle.as_millis() as u64);
        command.arg(entry.to_string());
        Ok(entries_of(stream, command.query(connection)?))
    }

    /// How the entries of this consumer from `from` to `to` stand.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn pending(
        &self,
        connection: &mut Connection,
        stream: &str,
        from: EntryId,
        to: EntryId,
        count: usize,
    ) -> RedisResult<Vec<Pending>> {
        let mut command = cmd("XPENDING");
        command
            .arg(stream)
            .arg(&self.group)
            .arg(from.to_string())
            .arg(to.to_string())
            .arg(count)
            .arg(&self.consumer);
        let rows: Vec<(String, String, u64, u32)> = command.query(connection)?;
        let read = |(entry, _, _, deliveries): (String, String, u64, u32)| {
            Some(Pending { id: entry.parse().ok()?, deliveries })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Acknowledges entries, all in one round trip.
    ///
    /// # Errors
    /// If the server refuses or does not answer; some may be acknowledged then.
    pub fn acknowledge(
        &self,
        connection: &mut Connection,
        entries: &[(Arc<str>, EntryId)],
    ) -> RedisResult<()> {
        let mut pipe = redis::pipe();
        let mut rest = entries;
        while let Some((stream, _)) = rest.first() {
            let same = rest.iter().take_while(|(other, _)| other == stream).count();
            let (now, later) = rest.split_at(same);
            pipe.cmd("XACK").arg(&**stream).arg(&self.group);
            now.iter().for_each(|(_, id)| {
                pipe.arg(id.to_string());
            });
            pipe.ignore();
            rest = later;
        }
        if entries.is_empty() { Ok(()) } else { pipe.exec(connection) }
    }
}

/// What XREADGROUP answers: nothing, or entries by stream.
fn delivered(streams: &[Arc<str>], reply: Value) -> Vec<Delivery> {
    let pairs: Vec<(Value, Value)> = match reply {
        Value::Array(rows) => rows.into_iter().filter_map(pair).collect(),
        Value::Map(rows) => rows,
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for (key, entries) in pairs {
        let key = bytes(key).unwrap_or_default();
        if let Some(stream) = streams.iter().find(|stream| stream.as_bytes() == key) {
            all.extend(entries_of(stream, entries));
        }
    }
    all
}

/// `[[id, fields], …]`; fields are nil for an entry that was deleted, and so is the whole of it in old servers.
fn entries_of(stream: &Arc<str>, entries: Value) -> Vec<Delivery> {
    let Value::Array(entries) = entries else { return Vec::new() };
    let delivery = |entry: Value| {
        let (key, fields) = pair(entry)?;
        Some(Delivery { stream: stream.clone(), id: id(&key)?, fields: fields_of(fields) })
    };
    entries.into_iter().filter_map(delivery).collect()
}

/// The fields of an entry; none if it was deleted.
pub(super) fn fields_of(value: Value) -> Option<Fields> {
    let Value::Array(values) = value else { return None };
    let mut values = values.into_iter();
    let mut fields = Vec::with_capacity(values.len() / 2);
    while let (Some(name), Some(value)) = (values.next(), values.next()) {
        fields.push((bytes(name)?, bytes(value)?));
    }
    Some(fields)
}

pub(super) fn pair(value: Value) -> Option<(Value, Value)> {
    let Value::Array(parts) = value else { return None };
    let mut parts = parts.into_iter();
    Some((parts.next()?, parts.next()?))
}

pub(super) fn id(value: &Value) -> Option<EntryId> {
    let Value::BulkString(bytes) = value else { return None };
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}
