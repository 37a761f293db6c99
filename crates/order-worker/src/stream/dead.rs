//! Dead letters: entries that were given up, beside the stream that they came from.
//!
//! A letter has the fields `reason`, `deliveries`, `entry` and `group`, and after them those of the entry as they were.

use redis::{Connection, RedisResult, Value};

use super::intake::{Delivery, Reader, bytes, fields_of, id, pair};
use crate::event::{EntryId, FIRST_ENTRY, Fields};

/// Fields that a letter has before those of its entry.
const OWN_FIELDS: [&str; 4] = ["reason", "deliveries", "entry", "group"];

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id among the dead letters.
    pub id: EntryId,
    /// Why it was given up.
    pub reason: String,
    /// How often it was delivered.
    pub deliveries: u32,
    /// The entry that it was.
    pub entry: EntryId,
    /// What it said.
    pub fields: Fields,
}

/// Where the dead letters of a stream are; in a cluster always in the stream's slot.
pub fn dead_stream(stream: &str, is_cluster: bool) -> String {
    let is_tagged = stream
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .is_some_and(|(tag, _)| !tag.is_empty());
    if is_cluster && !is_tagged { format!("{{{stream}}}:dead") } else { format!("{stream}:dead") }
}

/// Moves an entry to the dead letters: added there and acknowledged here in one step.
///
/// False if somebody else had acknowledged it; there is no letter then.
///
/// # Errors
/// If the server refuses or does not answer; both or neither was done.
pub fn bury(
    connection: &mut Connection,
    reader: &Reader,
    to: &str,
    delivery: &Delivery,
    reason: &str,
    deliveries: u32,
) -> RedisResult<bool> {
    let mut pipe = redis::pipe();
    pipe.atomic().cmd("XADD").arg(to).arg("*");
    pipe.arg(OWN_FIELDS[0]).arg(reason).arg(OWN_FIELDS[1]).arg(deliveries);
    pipe.arg(OWN_FIELDS[2]).arg(delivery.id.to_string()).arg(OWN_FIELDS[3]).arg(&reader.group);
    for (name, value) in delivery.fields.iter().flatten() {
        pipe.arg(name).arg(value);
    }
    pipe.cmd("XACK").arg(&*delivery.stream).arg(&reader.group).arg(delivery.id.to_string());
    let (letter, acknowledged): (String, u32) = pipe.query(connection)?;
    if acknowledged == 0 {
        redis::cmd("XDEL").arg(to).arg(letter).exec(connection)?;
    }
    Ok(acknowledged > 0)
}

/// Letters after `after`, oldest first.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn letters(
    connection: &mut Connection,
    from: &str,
    after: EntryId,
    count: usize,
) -> RedisResult<Vec<DeadLetter>> {
    let start = after.next().to_string();
    let reply: Value =
        redis::cmd("XRANGE").arg(from).arg(start).arg("+").arg("COUNT").arg(count).query(connection)?;
    let Value::Array(entries) = reply else { return Ok(Vec::new()) };
    Ok(entries.into_iter().filter_map(letter).collect())
}

fn letter(entry: Value) -> Option<DeadLetter> {
    let (key, fields) = pair(entry)?;
    let mut fields = fields_of(fields)?;
    let rest = fields.split_off(OWN_FIELDS.len().min(fields.len()));
    let own = |name: &str| {
        let value = fields.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value);
        value.map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    };
    Some(DeadLetter {
        id: id(&key)?,
        reason: own(OWN_FIELDS[0]),
        deliveries: own(OWN_FIELDS[1]).parse().unwrap_or(0),
        entry: own(OWN_FIELDS[2]).parse().unwrap_or_default(),
        fields: rest,
    })
}

/// Sends a letter again: at the end of its stream, with the id of its first entry, and off the dead letters.
///
/// # Errors
/// If the server refuses or does not answer; both or neither was done.
pub fn send_again(
    connection: &mut Connection,
    from: &str,
    stream: &str,
    letter: &DeadLetter,
) -> RedisResult<bool> {
    // A transaction adds or does nothing, but XADD without a stream would only answer nil.
    let exists: bool = redis::cmd("EXISTS").arg(stream).query(connection)?;
    if !exists {
        return Ok(false);
    }
    let mut pipe = redis::pipe();
    pipe.atomic().cmd("XADD").arg(stream).arg("NOMKSTREAM").arg("*");
    let is_marked = letter.fields.iter().any(|(name, _)| name == FIRST_ENTRY.as_bytes());
    for (name, value) in &letter.fields {
        pipe.arg(name).arg(value);
    }
    if !is_marked {
        pipe.arg(FIRST_ENTRY).arg(letter.entry.to_string());
    }
    pipe.ignore().cmd("XDEL").arg(from).arg(letter.id.to_string()).ignore();
    pipe.exec(connection).map(|()| true)
}

/// Takes a letter off the dead letters.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn remove(connection: &mut Connection, from: &str, letter: EntryId) -> RedisResult<()> {
    redis::cmd("XDEL").arg(from).arg(letter.to_string()).exec(connection)
}

/// Fields for a person to read: `name=value` with what is no text escaped.
pub fn shown(fields: &Fields) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let shown: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
    shown.join(" ")
}

/// The value of a field as text, as far as it can be read.
pub fn field(fields: &Fields, name: &str) -> Option<String> {
    let value = fields.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.clone());
    bytes(Value::BulkString(value?)).and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_lie_beside_their_stream() {
        assert_eq!(dead_stream("{phone}:orders", true), "{phone}:orders:dead");
        assert_eq!(dead_stream("orders", false), "orders:dead");
        assert_eq!(dead_stream("orders", true), "{orders}:dead");
        assert_eq!(dead_stream("{}orders", true), "{{}orders}:dead");
    }

    #[test]
    fn fields_are_shown_with_what_is_no_text_escaped() {
        let fields = vec![(b"user".to_vec(), b"a\xff".to_vec()), (b"qty".to_vec(), b"1".to_vec())];
        assert_eq!(shown(&fields), "user=a\\xff qty=1");
        assert_eq!((field(&fields, "qty"), field(&fields, "user")), (Some("1".to_owned()), None));
    }
}
