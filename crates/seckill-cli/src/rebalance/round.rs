//! One look at all shards, and the transfers that follow from it.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use serde::Serialize;

use super::cluster::Cluster;
use super::ledger::{self, Half, Restocked, Transfer};
use super::look::{self, Look};
use super::plan;

/// How long replicas may take to have what left a shard.
const REPLICAS_PATIENCE: Duration = Duration::from_secs(1);

/// Why units are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// A shard asks for them.
    Needed,
    /// They had left and had not arrived.
    Unfinished,
    /// They had arrived, and the giver does not know any more that they left: a failover lost it.
    Lost,
}

/// How far a transfer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Both halves are made.
    Moved,
    /// The giver has too few: of a new transfer nothing was done, of a lost one the units are there twice.
    Short,
    /// Nothing was tried.
    Planned,
}

/// A transfer of this round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Carried {
    pub why: Why,
    pub outcome: Outcome,
    pub units: u64,
    pub from: String,
    pub to: String,
}

/// What a round saw and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Before anything moved.
    pub shards: Vec<Look>,
    pub carried: Vec<Carried>,
    /// Units that have left one shard and not reached another, after the round: nobody can buy them.
    pub in_transit: u64,
    /// Units that are at two shards at once, after the round: a failover brought them back to the giver.
    pub doubled: u64,
    pub troubles: Vec<String>,
}

/// Whether a round changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Carry,
    Plan,
}

/// Whether a round reads the ledgers first; what it moves itself is written down in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ledgers {
    Read,
    Leave,
}

/// What a round needs to know.
pub struct Terms<'a> {
    pub sales: &'a [String],
    /// Replicas that must have what left a shard before it is given to another.
    pub replicas: u16,
    pub mode: Mode,
}

/// Finishes what is unfinished, looks, and moves.
pub fn run(cluster: &mut Cluster, terms: &Terms, ledgers: Ledgers) -> Round {
    let mut round = Round::default();
    if ledgers == Ledgers::Read {
        finish(cluster, terms, &mut round);
    }
    for sale in terms.sales {
        match look::at(cluster, sale) {
            Ok(look) => round.shards.push(look),
            Err(error) => round.troubles.push(format!("{error:#}")),
        }
    }
    let ready: Vec<Look> = round.shards.iter().filter(|look| look.takes_part()).cloned().collect();
    let shards: Vec<plan::Shard> = ready.iter().map(Look::shard).collect();
    for plan::Move { from, to, units } in plan::moves(&shards) {
        let transfer = Transfer::new(units, &ready[from].sale, &ready[to].sale);
        carry(cluster, terms, &mut round, &transfer, Why::Needed);
    }
    round
}

/// Carries out again whatever stands alone in a ledger.
fn finish(cluster: &mut Cluster, terms: &Terms, round: &mut Round) {
    let books = ledger::read(cluster, terms.sales);
    round.troubles.extend(books.unreadable.values().cloned());
    let is_readable = |transfer: &Transfer| {
        !books.unreadable.contains_key(&transfer.from) && !books.unreadable.contains_key(&transfer.to)
    };
    for (transfer, halves) in books.transfers.iter().filter(|(transfer, _)| is_readable(transfer)) {
        let why = match (halves.contains(&Half::Out), halves.contains(&Half::In)) {
            (true, true) => continue,
            (true, false) => Why::Unfinished,
            // The first half is made before the second, so now it is there, unless it is lost.
            (false, _) => match ledger::has(cluster, transfer, Half::Out) {
                Ok(true) => continue,
                Ok(false) => Why::Lost,
                Err(error) => {
                    round.troubles.push(format!("{error:#}"));
                    continue;
                }
            },
        };
        carry(cluster, terms, round, transfer, why);
    }
}

/// Where a transfer ended.
enum End {
    Moved,
    Short,
    Planned,
    NotTaken(anyhow::Error),
    NotGiven(anyhow::Error),
}

/// Both halves of a transfer, or in a plan neither, and what it means for the sums.
fn carry(cluster: &mut Cluster, terms: &Terms, round: &mut Round, transfer: &Transfer, why: Why) {
    let end = match terms.mode {
        Mode::Plan => End::Planned,
        Mode::Carry => both_halves(cluster, transfer, terms.replicas),
    };
    let Transfer { units, from, to, .. } = transfer.clone();
    match (why, &end) {
        (Why::Needed, End::NotGiven(_)) => round.in_transit += units,
        (Why::Unfinished, End::Short | End::Planned | End::NotTaken(_) | End::NotGiven(_)) => {
            round.in_transit += units;
        }
        (Why::Lost, End::Short | End::Planned | End::NotTaken(_)) => round.doubled += units,
        (_, End::Moved) | (Why::Needed, _) | (Why::Lost, End::NotGiven(_)) => {}
    }
    let outcome = match end {
        End::Moved => Outcome::Moved,
        End::Short => Outcome::Short,
        End::Planned => Outcome::Planned,
        End::NotTaken(error) | End::NotGiven(error) => {
            return round.troubles.push(format!("{units} from {from} to {to}: {error:#}"));
        }
    };
    round.carried.push(Carried { why, outcome, units, from, to });
}

/// Takes, waits for replicas, gives; each can be repeated, so it does not matter how far an earlier try came.
fn both_halves(cluster: &mut Cluster, transfer: &Transfer, replicas: u16) -> End {
    match ledger::make(cluster, transfer, Half::Out) {
        Ok(Restocked::Done) => {}
        Ok(Restocked::Short) => return End::Short,
        Ok(Restocked::NoSale) => return End::NotTaken(anyhow!("there is no such sale to take them from")),
        Err(error) => return End::NotTaken(error),
    }
    if let Err(error) = reach(cluster, replicas) {
        return End::NotGiven(error);
    }
    match ledger::make(cluster, transfer, Half::In) {
        Ok(Restocked::Done) => End::Moved,
        Ok(_) => End::NotGiven(anyhow!("there is no such sale to give them to")),
        Err(error) => End::NotGiven(error),
    }
}

/// Waits until so many replicas have what was written last.
fn reach(cluster: &mut Cluster, replicas: u16) -> Result<()> {
    if replicas == 0 {
        return Ok(());
    }
    let have = cluster.wait(replicas, REPLICAS_PATIENCE)?;
    ensure!(have >= replicas, "{have} of {replicas} replicas know that they left, so they are not given yet");
    Ok(())
}
