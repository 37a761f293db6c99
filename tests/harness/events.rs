//! The entries of a sale's stream.

use super::client::Client;
use super::reply::text;
use redis::Value;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub entry: String,
    /// Names and values in the order of the stream.
    pub fields: Vec<(String, String)>,
}

impl Event {
    pub fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// The names in one line.
    pub fn names(&self) -> String {
        self.fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The values in one line.
    pub fn values(&self) -> String {
        self.fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Epoch and number.
    pub fn seq(&self) -> (u64, u64) {
        let (epoch, seq) = self.get("seq").split_once('-').expect("seq is epoch-seq");
        (epoch.parse().expect("an epoch"), seq.parse().expect("a number"))
    }
}

/// All entries of a stream.
#[track_caller]
pub fn all(client: &Client, stream: &str) -> Vec<Event> {
    let Value::Array(entries) = client.run(&["XRANGE", stream, "-", "+"]) else {
        panic!("{stream} is no stream");
    };
    entries.iter().map(event).collect()
}

/// The kinds of event, oldest first.
#[track_caller]
pub fn kinds(client: &Client, stream: &str) -> String {
    let kinds: Vec<String> = all(client, stream).iter().map(|event| event.get("ev").to_owned()).collect();
    kinds.join(" ")
}

/// How many events of this kind there are.
#[track_caller]
pub fn count(client: &Client, stream: &str, kind: &str) -> usize {
    all(client, stream).iter().filter(|event| event.get("ev") == kind).count()
}

/// The numbers of one sale's events follow each other: from 1 in each epoch, epochs ascending.
#[track_caller]
pub fn assert_gapless(events: &[Event], sale: &str) {
    let mut last = None;
    for seq in events.iter().filter(|event| event.get("sale") == sale).map(Event::seq) {
        let follows = match last {
            None => seq.1 == 1,
            Some((epoch, number)) => seq == (epoch, number + 1) || (seq.0 > epoch && seq.1 == 1),
        };
        assert!(follows, "{seq:?} comes after {last:?} in the events of {sale}");
        last = Some(seq);
    }
    assert!(last.is_some(), "{sale} has events");
}

fn event(entry: &Value) -> Event {
    let Value::Array(parts) = entry else { panic!("an entry is an id and fields") };
    let Some(Value::Array(fields)) = parts.get(1) else { panic!("an entry has fields") };
    let pairs = fields.chunks(2).map(|pair| (text(&pair[0]), text(&pair[1])));
    Event { entry: text(&parts[0]), fields: pairs.collect() }
}
