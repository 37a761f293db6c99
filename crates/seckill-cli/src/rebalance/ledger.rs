//! What left a shard and what came to it, written beside the shard in the same step as the change.
//!
//! Each sale has a ledger: a hash in its slot with a field for each transfer, `out <token>` at the giver and
//! `in <token>` at the taker, with the units and the other sale as value.
//! A transfer is over when both are there; whatever stands alone is carried out again, under the same token.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use anyhow::{Context, Result, ensure};
use redis::Value;

use super::cluster::Cluster;
use crate::link::words;

const PAGE: &str = "512";

/// Restocks the sale and writes it down, in one step for replicas, the log and a crash.
///
/// A shortage writes nothing. The ledger's type is looked at first, because nothing may fail after the restock.
const SCRIPT: &str = "\
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'hash' and kind ~= 'none' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' is to be the ledger, and holds something else')
end
local reply = redis.call('SECKILL.RESTOCK', KEYS[1], ARGV[1], 'REQUEST', ARGV[2])
if reply[1].ok == 'RESTOCKED' then redis.call('HSET', KEYS[2], ARGV[3], ARGV[4]) end
return reply";

/// Units on their way from one sale to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transfer {
    /// The request token of both restocks.
    pub token: String,
    pub units: u64,
    pub from: String,
    pub to: String,
}

impl Transfer {
    /// One that nobody has begun.
    pub fn new(units: u64, from: &str, to: &str) -> Self {
        // Each of these is keyed otherwise, from the system's randomness.
        let [first, second] = [0, 1].map(|_| RandomState::new().hash_one(units));
        let token = format!("rebalance-{first:016x}{second:016x}");
        Transfer { token, units, from: from.to_owned(), to: to.to_owned() }
    }
}

/// Which of the two restocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    Out,
    In,
}

impl Half {
    fn word(self) -> &'static str {
        match self {
            Half::Out => "out",
            Half::In => "in",
        }
    }
}

/// What a restock answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restocked {
    Done,
    /// Fewer are available.
    Short,
    NoSale,
}

/// The ledger of a sale, in its slot.
pub fn key(sale: &str) -> String {
    let is_tagged = sale
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .is_some_and(|(tag, _)| !tag.is_empty());
    if is_tagged { format!("{sale}:moves") } else { format!("{{{sale}}}:moves") }
}

/// Makes one half of a transfer and writes it down; a half that was made before is made no second time.
pub fn make(cluster: &mut Cluster, transfer: &Transfer, half: Half) -> Result<Restocked> {
    let Transfer { token, units, from, to } = transfer;
    let (sale, peer, delta) = match half {
        Half::Out => (from, to, format!("-{units}")),
        Half::In => (to, from, units.to_string()),
    };
    let field = format!("{} {token}", half.word());
    let value = format!("{units} {peer}");
    let command = words(&["EVAL", SCRIPT, "2", sale, &key(sale), &delta, token, &field, &value]);
    let reply: Vec<Value> = redis::from_redis_value(cluster.ask(sale, &command)?)?;
    match reply.as_slice() {
        [Value::SimpleString(word), ..] if word == "RESTOCKED" => Ok(Restocked::Done),
        [Value::SimpleString(word), ..] if word == "SHORT" => Ok(Restocked::Short),
        [Value::SimpleString(word)] if word == "NOSALE" => Ok(Restocked::NoSale),
        other => anyhow::bail!("SECKILL.RESTOCK of {sale} answered {other:?}"),
    }
}

/// Whether this half of the transfer is in the ledger now.
pub fn has(cluster: &mut Cluster, transfer: &Transfer, half: Half) -> Result<bool> {
    let sale = match half {
        Half::Out => &transfer.from,
        Half::In => &transfer.to,
    };
    let field = format!("{} {}", half.word(), transfer.token);
    let found = cluster.ask(sale, &words(&["HEXISTS", &key(sale), &field]))?;
    Ok(redis::from_redis_value(found)?)
}

/// What the ledgers say.
#[derive(Debug, Default)]
pub struct Books {
    /// Every transfer with the halves that were made.
    pub transfers: BTreeMap<Transfer, BTreeSet<Half>>,
    /// Sales whose ledger could not be read, and why: of their transfers nothing is known.
    pub unreadable: BTreeMap<String, String>,
}

/// Reads the ledgers of these sales, and of those that a ledger names.
pub fn read(cluster: &mut Cluster, sales: &[String]) -> Books {
    let mut books = Books::default();
    let mut waiting: Vec<String> = sales.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(sale) = waiting.pop() {
        if !seen.insert(sale.clone()) {
            continue;
        }
        let found = read_one(cluster, &sale).unwrap_or_else(|error| {
            books.unreadable.insert(sale.clone(), format!("{error:#}"));
            Vec::new()
        });
        for (transfer, half) in found {
            waiting.extend([transfer.from.clone(), transfer.to.clone()]);
            books.transfers.entry(transfer).or_default().insert(half);
        }
    }
    books
}

fn read_one(cluster: &mut Cluster, sale: &str) -> Result<Vec<(Transfer, Half)>> {
    let key = key(sale);
    let mut found = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        // Asked for by the sale's name, which has the ledger's slot.
        let page = cluster.ask(sale, &words(&["HSCAN", &key, &cursor, "COUNT", PAGE]))?;
        let (next, fields): (String, Vec<(String, String)>) = redis::from_redis_value(page)?;
        for (field, value) in &fields {
            found.push(parse(sale, field, value).with_context(|| format!("{key} is no ledger"))?);
        }
        if next == "0" {
            return Ok(found);
        }
        cursor = next;
    }
}

fn parse(sale: &str, field: &str, value: &str) -> Result<(Transfer, Half)> {
    let (half, token) = field.split_once(' ').with_context(|| format!("{field} has no token"))?;
    let (units, peer) = value.split_once(' ').with_context(|| format!("{value} names no sale"))?;
    let units = units.parse().with_context(|| format!("{units} is no number"))?;
    let (token, sale, peer) = (token.to_owned(), sale.to_owned(), peer.to_owned());
    ensure!(["out", "in"].contains(&half), "{half} is neither in nor out");
    Ok(match half {
        "out" => (Transfer { token, units, from: sale, to: peer }, Half::Out),
        _ => (Transfer { token, units, from: peer, to: sale }, Half::In),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_in_the_slot_of_its_sale() {
        assert_eq!(key("{phone#3}"), "{phone#3}:moves");
        assert_eq!(key("{shop}:phone"), "{shop}:phone:moves");
        assert_eq!(key("phone"), "{phone}:moves");
    }

    #[test]
    fn both_halves_are_of_one_transfer() {
        let out = parse("{a#0}", "out t", "5 {a#1}").unwrap();
        let into = parse("{a#1}", "in t", "5 {a#0}").unwrap();
        assert_eq!((out.1, into.1), (Half::Out, Half::In));
        assert_eq!(out.0, into.0);
        let odd = |field, value| format!("{:#}", parse("a", field, value).unwrap_err());
        assert!(odd("out", "5 b").contains("no token"));
        assert!(odd("up t", "5 b").contains("neither"));
        assert!(odd("in t", "x b").contains("no number"));
    }

    #[test]
    fn no_two_transfers_have_one_token() {
        let tokens: BTreeSet<String> = (0..1_000).map(|_| Transfer::new(1, "a", "b").token).collect();
        assert_eq!(tokens.len(), 1_000);
        assert!(tokens.iter().all(|token| token.len() <= 128));
    }
}
