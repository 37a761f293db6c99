//! What a deciding command answers: a status, and elements that depend on it.

use redis::{RedisResult, Value};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Reserve,
    Confirm,
    Release,
}

impl Verb {
    pub const ALL: [Verb; 3] = [Verb::Reserve, Verb::Confirm, Verb::Release];

    pub fn name(self) -> &'static str {
        match self {
            Verb::Reserve => "RESERVE",
            Verb::Confirm => "CONFIRM",
            Verb::Release => "RELEASE",
        }
    }
}

macro_rules! statuses {
    ($($name:ident $word:literal),* $(,)?) => {
        /// The first element of an answer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Status { $($name),* }

        impl Status {
            pub const ALL: &'static [Status] = &[$(Status::$name),*];

            pub fn word(self) -> &'static str {
                match self { $(Status::$name => $word),* }
            }
        }
    };
}

statuses! {
    Reserved "RESERVED",
    Confirmed "CONFIRMED",
    Released "RELEASED",
    Expired "EXPIRED",
    Refunded "REFUNDED",
    Voided "VOIDED",
    Duplicate "DUPLICATE",
    SoldOut "SOLDOUT",
    Short "SHORT",
    Waitlisted "WAITLISTED",
    Limited "LIMITED",
    NotOpen "NOTOPEN",
    Ended "ENDED",
    Paused "PAUSED",
    Frozen "FROZEN",
    NoSale "NOSALE",
    BadTicket "BADTICKET",
    Ineligible "INELIGIBLE",
    NotFound "NOTFOUND",
}

impl Status {
    fn of(word: &str) -> Option<Status> {
        Status::ALL.iter().copied().find(|status| status.word() == word)
    }
}

/// An answer that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: Status,
    elements: Vec<Value>,
}

impl Answer {
    /// The element after the status, counted from 0, if it is there and a number.
    pub fn number(&self, at: usize) -> Option<i64> {
        match self.elements.get(at)? {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The reservation that a `RESERVED` or `CONFIRMED` names.
    pub fn id(&self) -> Option<u64> {
        self.number(0).and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0)
    }
}

/// What came back: an answer, or what is to be shown instead of it.
pub type Outcome = Result<Answer, String>;

/// Reads a reply; whatever is not an answer becomes a short text that can be counted.
pub fn read(reply: RedisResult<Value>) -> Outcome {
    match reply {
        Ok(Value::Array(mut elements)) if !elements.is_empty() => {
            let first = elements.remove(0);
            let status = word(&first).and_then(Status::of);
            status
                .map(|status| Answer { status, elements })
                .ok_or_else(|| format!("unknown status {}", shown(&first)))
        }
        Ok(Value::ServerError(error)) => Err(server_error(error.code(), error.details())),
        Ok(other) => Err(format!("no answer but {}", shown(&other))),
        Err(error) => Err(match error.code() {
            Some(code) => server_error(code, error.detail()),
            None => shortened(&format!("connection: {error}")),
        }),
    }
}

fn word(value: &Value) -> Option<&str> {
    match value {
        Value::SimpleString(text) => Some(text),
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn server_error(code: &str, details: Option<&str>) -> String {
    // The client's own word for an error without a code of its own.
    let code = if code == "ResponseError" { "ERR" } else { code };
    shortened(&format!("error {code} {}", details.unwrap_or_default()))
}

fn shown(value: &Value) -> String {
    word(value).map_or_else(|| shortened(&format!("{value:?}")), shortened)
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 160;
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(status: &str, rest: &[Value]) -> RedisResult<Value> {
        let first = Value::SimpleString(status.to_owned());
        Ok(Value::Array([&[first], rest].concat()))
    }

    #[test]
    fn an_answer_is_its_status_and_its_numbers() {
        let answer = read(array("RESERVED", &[Value::Int(7), Value::Int(1_800_000_000_000), Value::Int(3)]));
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.id(), answer.number(2)), (Status::Reserved, Some(7), Some(3)));
        assert_eq!(answer.number(3), None);
    }

    #[test]
    fn a_word_where_a_number_may_be_is_no_number() {
        let limited = Value::BulkString(b"USER".to_vec());
        let answer = read(array("LIMITED", &[limited, Value::Int(40)])).unwrap();
        assert_eq!((answer.number(0), answer.number(1)), (None, Some(40)));
    }

    #[test]
    fn what_is_no_answer_is_named() {
        assert_eq!(read(array("PERHAPS", &[])), Err("unknown status PERHAPS".to_owned()));
        assert_eq!(read(Ok(Value::Nil)), Err("no answer but nil".to_owned()));
        assert!(read(Ok(Value::Array(Vec::new()))).is_err());
        let long = read(Ok(Value::SimpleString("é".repeat(1000)))).unwrap_err();
        assert!(long.chars().count() < 200 && long.ends_with('…'));
    }

    #[test]
    fn every_status_is_found_by_its_word() {
        assert!(Status::ALL.iter().all(|status| Status::of(status.word()) == Some(*status)));
        assert_eq!(Status::of("OPEN"), None);
    }
}
