//! The database: one schema, one set of statements, on SQLite or PostgreSQL.
//!
//! Statements are written in the SQL that both understand, with `$1`, `$2`, … in the order of their first use.
//! What is hot is done for a whole batch at once, by each in its own way.

mod database;
mod postgres;
mod reports;
mod schema;
mod sqlite;
mod tasks;

use std::fmt;
use std::path::PathBuf;

pub use database::{Committed, Database, NewEpoch};
pub use reports::{EpochRow, Letter, Product};
pub use tasks::{Decision, RefundTask};

use crate::event::Seq;
use crate::order::Order;

/// Where the orders go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file; made with its folder when missing.
    Sqlite(PathBuf),
    /// A PostgreSQL server and database: `postgres://user:password@host:port/name`, or its key-value form.
    Postgres(String),
}

impl Location {
    /// `postgres://…` and `postgresql://…` are servers, `sqlite://…` and everything else is a file.
    pub fn of(text: &str) -> Location {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Location::Postgres(text.to_owned())
        } else {
            Location::Sqlite(PathBuf::from(text.strip_prefix("sqlite://").unwrap_or(text)))
        }
    }

    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// If the database cannot be reached, or its schema is newer than this program.
    pub fn open(&self) -> Result<Database, StoreError> {
        let session: Box<dyn Session> = match self {
            Location::Sqlite(file) => Box::new(sqlite::Sqlite::open(file)?),
            Location::Postgres(url) => Box::new(postgres::Postgres::open(url)?),
        };
        let mut database = Database::new(session);
        schema::migrate(&mut database)?;
        Ok(database)
    }
}

impl fmt::Display for Location {
    /// Without the password.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Sqlite(file) => write!(to, "{}", file.display()),
            Location::Postgres(url) => {
                let (head, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let shown = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                write!(to, "{head}://{shown}")
            }
        }
    }
}

/// Why a database did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// It is away, full, busy or not set up: the same will work once that is over.
    Unavailable(String),
    /// It does not take this row: the same will be refused again unless the row or the database changes.
    Refused(String),
    /// There are not enough units for it: the same will go through once events that give units back have come.
    Short(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Unavailable(why) => write!(to, "the database is unavailable: {why}"),
            StoreError::Refused(why) | StoreError::Short(why) => write!(to, "the database refuses it: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// A value of a statement or of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// The number, 0 where there is none.
    pub fn int(&self) -> i64 {
        self.optional_int().unwrap_or(0)
    }

    pub fn optional_int(&self) -> Option<i64> {
        if let Value::Int(number) = self { Some(*number) } else { None }
    }

    /// The text, empty where there is none.
    pub fn text(&self) -> &str {
        if let Value::Text(text) = self { text } else { "" }
    }

    pub fn bytes(&self) -> Option<Vec<u8>> {
        if let Value::Bytes(bytes) = self { Some(bytes.clone()) } else { None }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Value::Null, Value::Int)
    }
}

/// A row as the database gives it.
pub(crate) type Row = Vec<Value>;

/// A row of `processed`: this event was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub sale: String,
    pub seq: Seq,
    pub entry: String,
}

/// A connection in the words of this crate.
pub(crate) trait Session: Send {
    fn dialect(&self) -> schema::Dialect;
    /// Runs statements that have no values.
    fn script(&mut self, sql: &str) -> Result<(), StoreError>;
    /// Begins a transaction that writes.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Runs a statement and says how many rows it changed.
    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError>;
    /// Runs a statement and gives its rows.
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// Marks events, sorted by sale and seq, and says of each whether it was not marked before.
    fn mark(&mut self, marks: &[Mark]) -> Result<Vec<bool>, StoreError>;
    /// Gives the orders of these keys as they stand, kept from changes by others until the end of the transaction.
    ///
    /// The rows given are those of orders that nobody knows yet; such a one comes back as it was given, or not at all.
    fn lock(&mut self, unknown: &[Order]) -> Result<Vec<Order>, StoreError>;
    /// Writes orders that were locked.
    fn write(&mut self, orders: &[Order]) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_file_or_a_server() {
        assert_eq!(Location::of("data/orders.db"), Location::Sqlite("data/orders.db".into()));
        assert_eq!(Location::of("sqlite:///srv/orders.db"), Location::Sqlite("/srv/orders.db".into()));
        let server = Location::of("postgres://shop:secret@db:5432/orders");
        assert_eq!(server.to_string(), "postgres://db:5432/orders");
    }
}
