//! SQLite: a file beside the worker.
//!
//! Write-ahead logging lets readers look on while the worker writes, and `synchronous = FULL` makes a commit survive
//! a power cut: an entry is acknowledged after it, so nothing else may make it undone.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};

use super::schema::Dialect;
use super::{Mark, Row, Session, StoreError, Value};
use crate::event::Seq;
use crate::order::{Order, State};

/// How long to wait for another process to finish its batch.
const BUSY: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(5);
const SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;";

pub struct Sqlite(Connection);

impl Sqlite {
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                StoreError::Unavailable(format!("the folder {} cannot be made: {error}", folder.display()))
            })?;
        }
        let connection = Connection::open(file).map_err(explained)?;
        connection.busy_timeout(BUSY).map_err(explained)?;
        connection.set_prepared_statement_cache_capacity(64);
        set_up(&connection).map_err(explained)?;
        Ok(Sqlite(connection))
    }
}

/// Turning to write-ahead logging fails at once while another process does the same, whatever the timeout says.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + BUSY;
    loop {
        match connection.execute_batch(SETTINGS) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                thread::sleep(GLANCE);
            }
            done => return done,
        }
    }
}

const MARK: &str =
    "INSERT INTO processed (sale, epoch, seq, entry) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const ORDER: &str = "SELECT sale, reservation, user_id, qty, refunded, state, epoch, seq, deadline, data,
 created_at, updated_at, paid_at FROM orders WHERE sale = $1 AND reservation = $2";
const WRITE: &str =
    "INSERT INTO orders (sale, reservation, user_id, qty, refunded, state, epoch, seq, deadline, data,
 created_at, updated_at, paid_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
 ON CONFLICT (sale, reservation) DO UPDATE SET qty = excluded.qty, refunded = excluded.refunded,
 state = excluded.state, epoch = excluded.epoch, seq = excluded.seq, deadline = excluded.deadline,
 data = excluded.data, created_at = excluded.created_at, updated_at = excluded.updated_at,
 paid_at = excluded.paid_at";

impl Session for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.0.execute_batch(sql).map_err(explained)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        // One writer at a time: whoever reads first and writes then could not be served any more.
        self.script("BEGIN IMMEDIATE")
    }

    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.0.prepare_cached(sql).map_err(explained)?;
        statement.execute(params_from_iter(values)).map(|rows| rows as u64).map_err(explained)
    }

    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.0.prepare_cached(sql).map_err(explained)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values)).map_err(explained)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(explained)? {
            let values = (0..columns).map(|at| row.get_ref(at).map(value).map_err(explained));
            all.push(values.collect::<Result<_, _>>()?);
        }
        Ok(all)
    }

    fn mark(&mut self, marks: &[Mark]) -> Result<Vec<bool>, StoreError> {
        let mut statement = self.0.prepare_cached(MARK).map_err(explained)?;
        let mut one = |mark: &Mark| {
            let changed = statement.execute((&mark.sale, mark.seq.epoch, mark.seq.number, &mark.entry));
            changed.map(|rows| rows > 0).map_err(explained)
        };
        marks.iter().map(&mut one).collect()
    }

    fn lock(&mut self, unknown: &[Order]) -> Result<Vec<Order>, StoreError> {
        // The transaction is the only writer already.
        let mut statement = self.0.prepare_cached(ORDER).map_err(explained)?;
        let mut known = Vec::with_capacity(unknown.len());
        for order in unknown {
            let mut rows = statement.query((&order.sale, order.reservation)).map_err(explained)?;
            if let Some(row) = rows.next().map_err(explained)? {
                known.push(read(row).map_err(explained)?);
            }
        }
        Ok(known)
    }

    fn write(&mut self, orders: &[Order]) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(WRITE).map_err(explained)?;
        for order in orders {
            let state = order.state.map_or("", State::word);
            let values: [&dyn ToSql; 13] = [
                &order.sale,
                &order.reservation,
                &order.user,
                &order.qty,
                &order.refunded,
                &state,
                &order.seq.epoch,
                &order.seq.number,
                &order.deadline,
                &order.data,
                &order.created_at,
                &order.updated_at,
                &order.paid_at,
            ];
            statement.execute(values.as_slice()).map_err(explained)?;
        }
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Order> {
    let state: String = row.get(5)?;
    Ok(Order {
        sale: row.get(0)?,
        reservation: row.get(1)?,
        user: row.get(2)?,
        qty: row.get(3)?,
        refunded: row.get(4)?,
        state: State::of(&state),
        seq: Seq { epoch: row.get(6)?, number: row.get(7)? },
        deadline: row.get(8)?,
        data: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        paid_at: row.get(12)?,
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

fn explained(error: rusqlite::Error) -> StoreError {
    use ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    match error.sqlite_error_code() {
        Some(ConstraintViolation | TooBig | TypeMismatch) => StoreError::Refused(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
