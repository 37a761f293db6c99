//! What a shard has, and how much it is asked for.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use redis::Value;
use serde::Serialize;

use super::cluster::Cluster;
use super::plan::Shard;
use crate::link::words;

/// How many seconds of the curve are the demand.
pub const DEMAND_SECONDS: usize = 10;

/// One shard of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    pub sale: String,
    pub node: String,
    pub state: String,
    pub available: u64,
    pub total: u64,
    pub held: u64,
    pub confirmed: u64,
    pub demand: u64,
}

impl Look {
    /// Whether it sells now or will: units neither leave nor reach a shard that an operator has stopped.
    pub fn takes_part(&self) -> bool {
        self.state == "OPEN" || self.state == "SCHEDULED"
    }

    pub fn shard(&self) -> Shard {
        Shard { available: self.available, demand: self.demand }
    }
}

/// Asks the sale's primary.
pub fn at(cluster: &mut Cluster, sale: &str) -> Result<Look> {
    let info = cluster.ask(sale, &words(&["SECKILL.INFO", sale]))?;
    ensure!(info != Value::Nil, "there is no sale {sale}; create one for each shard");
    let info: HashMap<String, Value> = redis::from_redis_value(info)?;
    let curve = words(&["SECKILL.CURVE", sale, "SECONDS", &DEMAND_SECONDS.to_string()]);
    let curve: Vec<Vec<i64>> = redis::from_redis_value(cluster.ask(sale, &curve)?)?;
    read(sale, cluster.place(sale), &info, &curve)
}

fn read(sale: &str, node: &str, info: &HashMap<String, Value>, curve: &[Vec<i64>]) -> Result<Look> {
    let number = |name: &str| {
        let value = info.get(name).with_context(|| format!("SECKILL.INFO {sale} has no {name}"))?;
        redis::from_redis_value_ref::<i64>(value).with_context(|| format!("{name} of {sale} is no number"))
    };
    let total = u64::try_from(number("stock_total")?).ok();
    let units = |name: &str| Ok::<u64, anyhow::Error>(number(name)?.max(0).unsigned_abs());
    Ok(Look {
        sale: sale.to_owned(),
        node: node.to_owned(),
        state: info.get("state").map(redis::from_redis_value_ref).transpose()?.unwrap_or_default(),
        available: units("available")?,
        total: total.with_context(|| format!("{sale} is unlimited, and has no stock to move"))?,
        held: units("held")?,
        confirmed: units("confirmed")?,
        demand: wanted(curve) + units("waiting")?,
    })
}

/// Requests that took units, or would have if there were enough.
fn wanted(curve: &[Vec<i64>]) -> u64 {
    let of = |second: &Vec<i64>| second.get(2..4).unwrap_or_default().iter().sum::<i64>();
    curve.iter().map(of).sum::<i64>().max(0).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(total: i64, state: &str) -> HashMap<String, Value> {
        let numbers =
            [("stock_total", total), ("available", 7), ("held", 2), ("confirmed", 1), ("waiting", 4)];
        let numbers = numbers.into_iter().map(|(name, number)| (name.to_owned(), Value::Int(number)));
        numbers.chain([("state".to_owned(), Value::SimpleString(state.to_owned()))]).collect()
    }

    #[test]
    fn demand_is_what_was_taken_found_nothing_or_waits() {
        let curve = vec![vec![1, 99, 3, 5, 40, 50, 1], vec![2, 9, 1, 0, 0, 0, 8]];
        let look = read("{a#0}", "n", &info(10, "OPEN"), &curve).unwrap();
        assert_eq!((look.available, look.total, look.demand), (7, 10, 13));
    }

    #[test]
    fn a_stopped_shard_is_left_alone() {
        let takes_part = |state| read("a", "n", &info(10, state), &[]).unwrap().takes_part();
        assert!(["OPEN", "SCHEDULED"].into_iter().all(takes_part));
        assert!(!["PAUSED", "CLOSED", "FROZEN", "ENDED"].into_iter().any(takes_part));
    }

    #[test]
    fn an_unlimited_sale_is_refused() {
        let refused = read("{a#0}", "n", &info(-1, "OPEN"), &[]).unwrap_err().to_string();
        assert!(refused.contains("{a#0} is unlimited"), "{refused}");
    }
}
