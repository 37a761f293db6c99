//! What the server says of the sale once everything is settled.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use redis::{Connection, Value};
use serde::Serialize;

use super::ledger::Tables;
use crate::book::Totals;
use crate::link::{must, words};
use crate::stream::{Event, Reader};

const POLL: Duration = Duration::from_millis(50);

/// What was asked of the server at the end.
#[derive(Debug)]
pub struct Evidence {
    pub info: Info,
    pub audit: Audit,
    /// The answer of `SECKILL.STOCK`.
    pub stock: i64,
    /// All requests in `SECKILL.CURVE`.
    pub curve_requests: i64,
    pub events: Vec<Event>,
    /// What the order worker has made of them; filled once it has ended.
    pub tables: Tables,
}

/// What `SECKILL.INFO` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    pub totals: Totals,
    pub requests: i64,
    pub stream: String,
}

/// What `SECKILL.AUDIT` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    pub ok: bool,
    pub oversold: i64,
    pub differences: String,
}

/// Waits until the server has expired what was not paid, and takes down everything.
pub fn gather(connection: &mut Connection, sale: &str, patience: Duration) -> Result<Evidence> {
    let info = settled(connection, sale, patience)?;
    let audit = audit(must(connection, &words(&["SECKILL.AUDIT", sale]))?)?;
    let stock: Vec<Option<i64>> = must(connection, &words(&["SECKILL.STOCK", sale]))?;
    let curve: Vec<Vec<i64>> = must(connection, &words(&["SECKILL.CURVE", sale, "SECONDS", "600"]))?;
    let events = Reader::new(&info.stream).rest(connection)?;
    Ok(Evidence {
        info,
        audit,
        stock: stock.first().copied().flatten().context("SECKILL.STOCK knows no such sale")?,
        curve_requests: curve.iter().filter_map(|second| second.get(1)).sum(),
        events,
        tables: Tables::default(),
    })
}

/// The sale's figures; after the deadline also while something is still held, which the checks then show.
fn settled(connection: &mut Connection, sale: &str, patience: Duration) -> Result<Info> {
    let deadline = Instant::now() + patience;
    loop {
        let info = info(connection, sale)?;
        if info.totals.held == 0 || Instant::now() >= deadline {
            return Ok(info);
        }
        thread::sleep(POLL);
    }
}

pub fn info(connection: &mut Connection, sale: &str) -> Result<Info> {
    let map: HashMap<String, Value> = must(connection, &words(&["SECKILL.INFO", sale]))?;
    let number = |name: &str| number(&map, name).with_context(|| "SECKILL.INFO");
    Ok(Info {
        totals: Totals {
            total: number("stock_total")?,
            available: number("available")?,
            held: number("held")?,
            confirmed: number("confirmed")?,
        },
        requests: number("requests")?,
        stream: map.get("stream").and_then(text).context("SECKILL.INFO has no stream")?,
    })
}

fn audit(map: HashMap<String, Value>) -> Result<Audit> {
    let differences = match map.get("differences") {
        None | Some(Value::Int(0) | Value::Nil) => String::new(),
        Some(Value::Array(list)) if list.is_empty() => String::new(),
        Some(Value::Map(list)) if list.is_empty() => String::new(),
        Some(other) => text(other).unwrap_or_else(|| format!("{other:?}")),
    };
    let number = |name: &str| number(&map, name).with_context(|| "SECKILL.AUDIT");
    Ok(Audit { ok: number("ok")? == 1, oversold: number("oversold")?, differences })
}

fn number(map: &HashMap<String, Value>, name: &str) -> Result<i64> {
    match map.get(name) {
        Some(Value::Int(number)) => Ok(*number),
        Some(other) => match text(other).and_then(|text| text.parse().ok()) {
            Some(number) => Ok(number),
            None => bail!("{name} is no number: {other:?}"),
        },
        None => bail!("{name} is missing"),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::SimpleString(text) => Some(text.clone()),
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> HashMap<String, Value> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn an_audit_without_differences_has_nothing_to_show() {
        for none in [Value::Int(0), Value::Array(Vec::new()), Value::Nil] {
            let found = map(&[("ok", Value::Int(1)), ("oversold", Value::Int(0)), ("differences", none)]);
            assert_eq!(audit(found).unwrap(), Audit { ok: true, oversold: 0, differences: String::new() });
        }
    }

    #[test]
    fn an_audit_with_differences_shows_them() {
        let difference = Value::BulkString(b"held 3 is 2".to_vec());
        let found = map(&[
            ("ok", Value::Int(0)),
            ("oversold", Value::BulkString(b"4".to_vec())),
            ("differences", difference),
        ]);
        let shown = audit(found).unwrap();
        assert_eq!((shown.ok, shown.oversold, shown.differences.as_str()), (false, 4, "held 3 is 2"));
    }

    #[test]
    fn a_missing_figure_is_named() {
        let error = audit(map(&[("ok", Value::Int(1))])).unwrap_err();
        assert_eq!(format!("{error:#}"), "SECKILL.AUDIT: oversold is missing");
    }
}
