//! The sale that events tell of, asked by its commands.

use redis::{Connection, RedisResult, Value, cmd};

use super::upkeep::{map, number, text};
use crate::event::Seq;
use crate::order::State;

/// What `SECKILL.INFO` says of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleFigures {
    /// All units; none if the sale is unlimited.
    pub total: Option<i64>,
    /// Units that nobody has; none if the sale is unlimited.
    pub available: Option<i64>,
    /// The newest event.
    pub seq: Seq,
    /// The sale's stream.
    pub stream: String,
}

/// What `SECKILL.GET` says of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its id.
    pub id: i64,
    /// Whose; bytes that are no text are replaced.
    pub user: String,
    /// Units.
    pub qty: i64,
    /// Units paid back.
    pub refunded: i64,
    /// Where it is.
    pub state: State,
    /// The end of the hold in Unix milliseconds; 0 if there is none.
    pub deadline: i64,
    /// When it was made, in Unix milliseconds.
    pub created: i64,
    /// The payload given to RESERVE.
    pub data: Option<Vec<u8>>,
}

/// A sale's figures; none if there is no such sale, or no module.
///
/// # Errors
/// If the server does not answer.
pub fn figures(connection: &mut Connection, sale: &str) -> RedisResult<Option<SaleFigures>> {
    let reply: RedisResult<Value> = cmd("SECKILL.INFO").arg(sale).query(connection);
    let map = match reply {
        // Misuse: a key of another type, a server without the module.
        Err(error) if matches!(error.code(), Some("ERR" | "WRONGTYPE")) => return Ok(None),
        reply => map(reply?),
    };
    let limited = |name: &str| number::<i64>(&map, name).filter(|units| *units >= 0);
    let (Some(epoch), Some(seq)) = (number(&map, "epoch"), number(&map, "seq")) else { return Ok(None) };
    Ok(Some(SaleFigures {
        total: limited("stock_total"),
        available: limited("available"),
        seq: Seq { epoch, number: seq },
        stream: text(&map, "stream").unwrap_or_default(),
    }))
}

/// Reservations by id; none for those that the sale does not know.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn reservations(
    connection: &mut Connection,
    sale: &str,
    ids: &[i64],
) -> RedisResult<Vec<Option<Reservation>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Value> = cmd("SECKILL.GET").arg(sale).arg(ids).query(connection)?;
    Ok(rows.into_iter().map(reservation).collect())
}

fn reservation(row: Value) -> Option<Reservation> {
    let map = map(row);
    let data = map.iter().find(|(name, _)| *name == Value::BulkString(b"data".to_vec()));
    let data = data.and_then(|(_, value)| super::intake::bytes(value.clone()));
    let user = map.iter().find(|(name, _)| *name == Value::BulkString(b"user".to_vec()));
    let user = user.and_then(|(_, value)| super::intake::bytes(value.clone())).unwrap_or_default();
    Some(Reservation {
        id: number(&map, "id")?,
        user: String::from_utf8_lossy(&user).into_owned(),
        qty: number(&map, "qty")?,
        refunded: number(&map, "refunded").unwrap_or(0),
        state: State::of(&text(&map, "state")?)?,
        deadline: number(&map, "deadline").unwrap_or(0),
        created: number(&map, "created").unwrap_or(0),
        data: data.filter(|data| !data.is_empty()),
    })
}

/// Ids of reservations from a cursor on, and the next cursor: 0 at the end.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn scan(
    connection: &mut Connection,
    sale: &str,
    cursor: u64,
    count: usize,
) -> RedisResult<(u64, Vec<i64>)> {
    let (next, ids): (String, Vec<i64>) =
        cmd("SECKILL.SCAN").arg(sale).arg(cursor).arg("COUNT").arg(count).query(connection)?;
    Ok((next.parse().unwrap_or(0), ids))
}

/// Whether the server has a command.
///
/// # Errors
/// If the server does not answer.
pub fn has_command(connection: &mut Connection, name: &str) -> RedisResult<bool> {
    let rows: Vec<Value> = cmd("COMMAND").arg("INFO").arg(name).query(connection)?;
    Ok(rows.first().is_some_and(|row| !matches!(row, Value::Nil)))
}

/// What a command answers first, its status, and the rest.
///
/// # Errors
/// If the server refuses or does not answer.
pub fn decide(connection: &mut Connection, words: &[&str]) -> RedisResult<(String, Vec<Value>)> {
    let mut command = redis::Cmd::new();
    words.iter().for_each(|word| {
        command.arg(word);
    });
    let reply: Value = command.query(connection)?;
    let Value::Array(parts) = reply else { return Ok((status(&reply), Vec::new())) };
    let mut parts = parts.into_iter();
    let first = parts.next().as_ref().map(status).unwrap_or_default();
    Ok((first, parts.collect()))
}

fn status(value: &Value) -> String {
    match value {
        Value::Okay => "OK".to_owned(),
        Value::SimpleString(text) => text.clone(),
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    }
}
