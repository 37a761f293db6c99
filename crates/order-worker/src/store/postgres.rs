//! PostgreSQL: a batch is a handful of statements over arrays, whatever its size.
//!
//! Rows are taken in one order by every worker (marks, orders, products, epochs, each sorted), so that no two wait
//! for each other in a ring.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};

use super::schema::Dialect;
use super::{Mark, Row, Session, StoreError, Value};
use crate::event::Seq;
use crate::order::{Order, State};

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Longer than any statement of a batch takes; a server that hangs is then given up.
const STATEMENT_PATIENCE: &str = "SET statement_timeout = '30s'; SET lock_timeout = '20s'";

pub struct Postgres {
    client: Client,
    /// Prepared once on this connection.
    statements: HashMap<&'static str, Statement>,
}

impl Postgres {
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let mut config: Config = url.parse().map_err(explained)?;
        config.connect_timeout(CONNECT_PATIENCE).application_name("seckill-worker");
        config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(Duration::from_secs(35));
        let mut client = config.connect(NoTls).map_err(explained)?;
        client.batch_execute(STATEMENT_PATIENCE).map_err(explained)?;
        Ok(Postgres { client, statements: HashMap::new() })
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql).map_err(explained)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    fn rows(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<postgres::Row>, StoreError> {
        let statement = self.statement(sql)?;
        self.client.query(&statement, values).map_err(explained)
    }
}

const MARK: &str = "INSERT INTO processed (sale, epoch, seq, entry)
 SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])
 ON CONFLICT DO NOTHING RETURNING sale, epoch, seq";
/// A row to lock for an order that is new: without it two workers would both find nothing, and one be lost.
const PLACE: &str =
    "INSERT INTO orders (sale, reservation, user_id, qty, refunded, state, epoch, seq, deadline,
 created_at, updated_at, paid_at)
 SELECT sale, reservation, user_id, 0, 0, '', 0, 0, 0, 0, 0, 0
 FROM unnest($1::text[], $2::bigint[], $3::text[]) AS t (sale, reservation, user_id) ON CONFLICT DO NOTHING";
const LOCK: &str =
    "SELECT o.sale, o.reservation, o.user_id, o.qty, o.refunded, o.state, o.epoch, o.seq, o.deadline,
 o.data, o.created_at, o.updated_at, o.paid_at
 FROM orders o JOIN unnest($1::text[], $2::bigint[]) AS t (sale, reservation)
 ON o.sale = t.sale AND o.reservation = t.reservation ORDER BY o.sale, o.reservation FOR UPDATE OF o";
const WRITE: &str =
    "UPDATE orders o SET qty = t.qty, refunded = t.refunded, state = t.state, epoch = t.epoch,
 seq = t.seq, deadline = t.deadline, data = t.data, created_at = t.created_at, updated_at = t.updated_at,
 paid_at = t.paid_at
 FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
 $8::bigint[], $9::bytea[], $10::bigint[], $11::bigint[], $12::bigint[])
 AS t (sale, reservation, qty, refunded, state, epoch, seq, deadline, data, created_at, updated_at, paid_at)
 WHERE o.sale = t.sale AND o.reservation = t.reservation";

/// One value of each order, as an array.
fn column<'a, T>(orders: &'a [Order], of: impl Fn(&'a Order) -> T) -> Vec<T> {
    orders.iter().map(of).collect()
}

impl Session for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).map_err(explained)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.script("BEGIN")
    }

    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        self.client.execute(&statement, &borrowed(values)).map_err(explained)
    }

    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let rows = self.rows(sql, &borrowed(values))?;
        rows.iter().map(|row| (0..row.len()).map(|at| value(row, at)).collect()).collect()
    }

    fn mark(&mut self, marks: &[Mark]) -> Result<Vec<bool>, StoreError> {
        let sales: Vec<&str> = marks.iter().map(|mark| mark.sale.as_str()).collect();
        let epochs: Vec<i64> = marks.iter().map(|mark| mark.seq.epoch).collect();
        let numbers: Vec<i64> = marks.iter().map(|mark| mark.seq.number).collect();
        let entries: Vec<&str> = marks.iter().map(|mark| mark.entry.as_str()).collect();
        let rows = self.rows(MARK, &[&sales, &epochs, &numbers, &entries])?;
        let mut fresh: HashSet<(&str, i64, i64)> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        // A number that comes twice in a batch was new once.
        let mut is_new = Vec::with_capacity(marks.len());
        for mark in marks {
            is_new.push(fresh.remove(&(mark.sale.as_str(), mark.seq.epoch, mark.seq.number)));
        }
        Ok(is_new)
    }

    fn lock(&mut self, unknown: &[Order]) -> Result<Vec<Order>, StoreError> {
        let sales = column(unknown, |order| order.sale.as_str());
        let reservations = column(unknown, |order| order.reservation);
        let users = column(unknown, |order| order.user.as_str());
        self.rows(PLACE, &[&sales, &reservations, &users])?;
        Ok(self.rows(LOCK, &[&sales, &reservations])?.iter().map(read).collect())
    }

    fn write(&mut self, orders: &[Order]) -> Result<(), StoreError> {
        let values: [&(dyn ToSql + Sync); 12] = [
            &column(orders, |order| order.sale.as_str()),
            &column(orders, |order| order.reservation),
            &column(orders, |order| order.qty),
            &column(orders, |order| order.refunded),
            &column(orders, |order| order.state.map_or("", State::word)),
            &column(orders, |order| order.seq.epoch),
            &column(orders, |order| order.seq.number),
            &column(orders, |order| order.deadline),
            &column(orders, |order| order.data.as_deref()),
            &column(orders, |order| order.created_at),
            &column(orders, |order| order.updated_at),
            &column(orders, |order| order.paid_at),
        ];
        self.rows(WRITE, &values).map(|_| ())
    }
}

fn read(row: &postgres::Row) -> Order {
    Order {
        sale: row.get(0),
        reservation: row.get(1),
        user: row.get(2),
        qty: row.get(3),
        refunded: row.get(4),
        state: State::of(row.get(5)),
        seq: Seq { epoch: row.get(6), number: row.get(7) },
        deadline: row.get(8),
        data: row.get(9),
        created_at: row.get(10),
        updated_at: row.get(11),
        paid_at: row.get(12),
    }
}

fn borrowed(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Value::Int(number) => number.to_sql(ty, out),
            Value::Text(text) => text.to_sql(ty, out),
            Value::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::TEXT, Type::VARCHAR, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}

fn value(row: &postgres::Row, at: usize) -> Result<Value, StoreError> {
    let ty = row.columns().get(at).map(|column| column.type_().clone());
    let read = match ty {
        Some(Type::INT8) => row.try_get::<_, Option<i64>>(at).map(|found| found.map(Value::Int)),
        Some(Type::INT4) => {
            row.try_get::<_, Option<i32>>(at).map(|found| found.map(|number| Value::Int(number.into())))
        }
        Some(Type::BYTEA) => row.try_get::<_, Option<Vec<u8>>>(at).map(|found| found.map(Value::Bytes)),
        _ => row.try_get::<_, Option<String>>(at).map(|found| found.map(Value::Text)),
    };
    read.map(|found| found.unwrap_or(Value::Null)).map_err(explained)
}

fn explained(error: postgres::Error) -> StoreError {
    let Some(db) = error.as_db_error() else {
        let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
        return StoreError::Unavailable(format!("{error}{cause}"));
    };
    let text = format!("{} ({})", db.message(), db.code().code());
    // Classes 22 and 23: the values are wrong by themselves, or break a constraint; a trigger raises P0001.
    let is_about_the_row = ["22", "23"].iter().any(|class| db.code().code().starts_with(class));
    if is_about_the_row || *db.code() == SqlState::RAISE_EXCEPTION {
        StoreError::Refused(text)
    } else {
        StoreError::Unavailable(text)
    }
}
