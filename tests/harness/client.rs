//! A connection, and what a test says of its replies.

use super::reply::{self, fits};
use super::words::{Words, pack};
use redis::{Parser, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longest wait for one reply: far more than any takes, so that a hanging server ends the test.
const REPLY_DEADLINE: Duration = Duration::from_secs(60);

/// One connection.
pub struct Client {
    link: RefCell<(UnixStream, Parser)>,
}

impl Client {
    pub fn connect(socket: &Path) -> io::Result<Client> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(REPLY_DEADLINE))?;
        Ok(Client { link: RefCell::new((stream, Parser::new())) })
    }

    /// The reply, errors included; `Err` only if the connection ends.
    pub fn try_run(&self, command: &(impl Words + ?Sized)) -> Result<Value, String> {
        self.try_send(&pack(command)).map_err(|error| error.to_string())?;
        self.try_read()
    }

    /// The reply, errors included.
    #[track_caller]
    pub fn run(&self, command: &(impl Words + ?Sized)) -> Value {
        match self.try_run(command) {
            Ok(value) => sound(value),
            Err(error) => panic!("{} ended the connection: {error}", shown(command)),
        }
    }

    /// Sends without reading.
    #[track_caller]
    pub fn send(&self, command: &(impl Words + ?Sized)) {
        self.try_send(&pack(command)).expect("the server takes a command");
    }

    /// Sends bytes that were packed before.
    pub fn try_send(&self, packed: &[u8]) -> io::Result<()> {
        self.link.borrow_mut().0.write_all(packed)
    }

    /// One reply to what was sent before.
    #[track_caller]
    pub fn read(&self) -> Value {
        sound(self.try_read().expect("the server answers"))
    }

    pub fn try_read(&self) -> Result<Value, String> {
        let (stream, parser) = &mut *self.link.borrow_mut();
        parser.parse_value(stream).map_err(|error| error.to_string())
    }

    /// A second handle on the socket, for raw bytes.
    pub fn socket(&self) -> UnixStream {
        self.link.borrow().0.try_clone().expect("the socket can be shared")
    }

    /// Many commands in one go, and their replies.
    #[track_caller]
    pub fn pipeline<W: Words>(&self, commands: &[W]) -> Vec<Value> {
        let mut replies = Vec::with_capacity(commands.len());
        for batch in commands.chunks(200) {
            let packed: Vec<u8> = batch.iter().flat_map(pack).collect();
            self.try_send(&packed).expect("the server takes commands");
            replies.extend(batch.iter().map(|_| self.read()));
        }
        replies
    }

    /// The reply in one line.
    #[track_caller]
    pub fn text(&self, command: &(impl Words + ?Sized)) -> String {
        reply::text(&self.run(command))
    }

    /// The reply fits the pattern.
    #[track_caller]
    pub fn gives(&self, command: &(impl Words + ?Sized), pattern: &str) {
        let text = self.text(command);
        assert!(fits(&text, pattern), "{}\n   gives {text}\n  not as {pattern}", shown(command));
    }

    /// The reply is an error that begins like this.
    #[track_caller]
    pub fn fails(&self, command: &(impl Words + ?Sized), prefix: &str) {
        let text = self.text(command);
        let begins = text.starts_with(&format!("-{prefix}"));
        assert!(begins, "{}\n   gives {text}\n  not an error -{prefix}…", shown(command));
    }

    /// The reply is this number.
    #[track_caller]
    pub fn int(&self, command: &(impl Words + ?Sized)) -> i64 {
        match self.run(command) {
            Value::Int(number) => number,
            other => panic!("{} gives {} instead of a number", shown(command), reply::text(&other)),
        }
    }

    /// The reply's pairs, values in one line each.
    #[track_caller]
    pub fn map(&self, command: &(impl Words + ?Sized)) -> BTreeMap<String, String> {
        let pairs = reply::pairs(&self.run(command));
        pairs.into_iter().map(|(key, value)| (key, reply::text(&value))).collect()
    }

    /// One value of a map reply.
    #[track_caller]
    pub fn field(&self, command: &(impl Words + ?Sized), name: &str) -> String {
        let map = self.map(command);
        map.get(name).cloned().unwrap_or_else(|| panic!("no {name} in {map:?}"))
    }

    /// The words of a reply that fits the pattern, as a number: the one at `at`.
    #[track_caller]
    pub fn number(&self, command: &(impl Words + ?Sized), pattern: &str, at: usize) -> i64 {
        let text = self.text(command);
        assert!(fits(&text, pattern), "{}\n   gives {text}\n  not as {pattern}", shown(command));
        let word = text.split_whitespace().nth(at).and_then(|word| word.parse().ok());
        word.unwrap_or_else(|| panic!("no number at {at} of {text}"))
    }

    /// Takes a hold and says which.
    #[track_caller]
    pub fn reserve(&self, arguments: &str) -> i64 {
        self.number(&format!("SECKILL.RESERVE {arguments}"), "RESERVED # * *", 1)
    }

    /// One line of `INFO`.
    #[track_caller]
    pub fn server_info(&self, section: &str, name: &str) -> String {
        let Value::BulkString(lines) = verbatim(self.run(&format!("INFO {section}"))) else {
            panic!("INFO {section} is no text");
        };
        let lines = String::from_utf8_lossy(&lines).into_owned();
        let found = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("no {name} in INFO {section}:\n{lines}")).trim().to_owned()
    }

    /// The digest of all keys of all databases.
    #[track_caller]
    pub fn digest(&self) -> String {
        self.text("DEBUG DIGEST")
    }

    /// Whatever `commands` do, no key changes.
    #[track_caller]
    pub fn unchanged(&self, what: &str, commands: impl FnOnce()) {
        let before = self.digest();
        commands();
        assert_eq!(self.digest(), before, "{what} changed something");
    }
}

fn verbatim(value: Value) -> Value {
    match value {
        Value::VerbatimString { text, .. } => Value::BulkString(text.into_bytes()),
        other => other,
    }
}

/// A panic that the module caught is a defect, whatever the test was about.
#[track_caller]
fn sound(value: Value) -> Value {
    let internal = matches!(&value, Value::ServerError(error)
        if error.details().is_some_and(|text| text.contains("internal error")));
    assert!(!internal, "the module caught a panic: {}", reply::text(&value));
    value
}

fn shown(command: &(impl Words + ?Sized)) -> String {
    let words = command.words();
    let shorten = |word: &Vec<u8>| word[..word.len().min(60)].escape_ascii().to_string();
    words.iter().map(shorten).collect::<Vec<_>>().join(" ")
}
