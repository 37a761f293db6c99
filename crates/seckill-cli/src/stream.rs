//! The order events, read back from the sale's stream.

use anyhow::{Context, Result, bail, ensure};
use redis::{Connection, Value};

use crate::link::{must, words};

const PAGE: usize = 5_000;
const FIELDS: [&str; 7] = ["ev", "sale", "seq", "id", "user", "qty", "deadline"];

/// One order event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: String,
    pub sale: Vec<u8>,
    pub epoch: u64,
    pub seq: u64,
    pub id: u64,
    pub user: Vec<u8>,
    pub qty: i64,
}

/// Reads a stream from its beginning, a page at a time.
pub struct Reader {
    stream: String,
    last: String,
}

impl Reader {
    pub fn new(stream: &str) -> Self {
        Reader { stream: stream.to_owned(), last: String::new() }
    }

    /// What came since the last time, one page at most.
    pub fn page(&mut self, connection: &mut Connection) -> Result<Vec<Event>> {
        let from = if self.last.is_empty() { "-".to_owned() } else { format!("({}", self.last) };
        let command = words(&["XRANGE", &self.stream, &from, "+", "COUNT", &PAGE.to_string()]);
        let entries: Vec<Value> = must(connection, &command)?;
        let mut events = Vec::with_capacity(entries.len());
        for entry in &entries {
            let (id, event) = read(entry).with_context(|| format!("an entry of {} is odd", self.stream))?;
            self.last = id;
            events.push(event);
        }
        Ok(events)
    }

    /// Everything that is left.
    pub fn rest(&mut self, connection: &mut Connection) -> Result<Vec<Event>> {
        let mut all = Vec::new();
        loop {
            let page = self.page(connection)?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

/// An entry's id and its event.
fn read(entry: &Value) -> Result<(String, Event)> {
    let Value::Array(parts) = entry else { bail!("no array") };
    let [id, Value::Array(fields)] = parts.as_slice() else { bail!("no id with fields") };
    let id = String::from_utf8(bytes(id)?.to_vec())?;
    Ok((id.clone(), event(fields).with_context(|| format!("entry {id}"))?))
}

fn event(fields: &[Value]) -> Result<Event> {
    let mut values = Vec::with_capacity(FIELDS.len());
    for (at, name) in FIELDS.iter().enumerate() {
        let [found, value] = fields.get(at * 2..at * 2 + 2).unwrap_or_default() else { bail!("no {name}") };
        let found = bytes(found)?;
        ensure!(found == name.as_bytes(), "{} where {name} belongs", String::from_utf8_lossy(found));
        values.push(bytes(value)?);
    }
    let text =
        |at: usize| std::str::from_utf8(values[at]).with_context(|| format!("{} is no text", FIELDS[at]));
    let (epoch, seq) = text(2)?.split_once('-').context("seq is not epoch-seq")?;
    Ok(Event {
        kind: text(0)?.to_owned(),
        sale: values[1].to_vec(),
        epoch: epoch.parse().context("epoch")?,
        seq: seq.parse().context("seq")?,
        id: text(3)?.parse().context("id")?,
        user: values[4].to_vec(),
        qty: text(5)?.parse().context("qty")?,
    })
}

fn bytes(value: &Value) -> Result<&[u8]> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        other => bail!("{other:?} where a string belongs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, fields: &[(&str, &str)]) -> Value {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let fields = fields.iter().flat_map(|(name, value)| [text(name), text(value)]).collect();
        Value::Array(vec![text(id), Value::Array(fields)])
    }

    const GOOD: [(&str, &str); 8] = [
        ("ev", "RESERVED"),
        ("sale", "phone"),
        ("seq", "1-12"),
        ("id", "4294967308"),
        ("user", "alice"),
        ("qty", "2"),
        ("deadline", "1795428961000"),
        ("data", "gift"),
    ];

    #[test]
    fn an_entry_is_an_event() {
        let (id, event) = read(&entry("5-0", &GOOD)).unwrap();
        let expected = Event {
            kind: "RESERVED".to_owned(),
            sale: b"phone".to_vec(),
            epoch: 1,
            seq: 12,
            id: 4_294_967_308,
            user: b"alice".to_vec(),
            qty: 2,
        };
        assert_eq!((id.as_str(), event), ("5-0", expected));
    }

    #[test]
    fn an_odd_entry_is_refused_with_its_reason() {
        let refused = |fields: &[(&str, &str)]| format!("{:#}", read(&entry("5-0", fields)).unwrap_err());
        let mut swapped = GOOD;
        swapped.swap(1, 2);
        assert!(refused(&swapped).contains("seq where sale belongs"));
        assert!(refused(&GOOD[..6]).contains("no deadline"));
        let mut without_epoch = GOOD;
        without_epoch[2].1 = "12";
        assert!(refused(&without_epoch).contains("seq is not epoch-seq"));
        assert!(read(&Value::Nil).is_err());
    }
}
