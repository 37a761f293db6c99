//! What an answered reservation is worth when a server dies: the figures of docs/concepts/guarantees.md.
//!
//! `SECKILL_SOAK=1 cargo test --release --test server guarantees:: -- --nocapture --test-threads 1` measures
//! ten rounds of each.

use crate::harness::reply::text;
use crate::harness::{Client, Pair, Random, Server, now_ms, rounds, wait_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

const BUYERS: usize = 8;

/// What a buyer asks for before the answer counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// The reply to RESERVE is enough.
    Reply,
    /// So is only the word of a replica.
    Replica,
}

/// Buyers, each on a connection of its own.
struct Crowd {
    answered: Arc<AtomicUsize>,
    buyers: Vec<JoinHandle<Vec<i64>>>,
}

impl Crowd {
    fn at(shop: &Server, patience: Patience) -> Crowd {
        shop.gives("SECKILL.CREATE sale STOCK 1000000 PERUSER 0", "OK");
        let answered = Arc::new(AtomicUsize::new(0));
        let start = |buyer: usize| {
            let (client, answered) = (shop.client(), Arc::clone(&answered));
            std::thread::spawn(move || buy(&client, buyer, patience, &answered))
        };
        Crowd { buyers: (0..BUYERS).map(start).collect(), answered }
    }

    fn buys(&self, more: usize) {
        let wanted = self.answered.load(Ordering::Relaxed) + more;
        wait_until("the crowd has bought", || self.answered.load(Ordering::Relaxed) >= wanted);
    }

    /// The reservations that buyers were told of, ascending.
    fn told(self) -> Vec<i64> {
        let mut told: Vec<i64> =
            self.buyers.into_iter().flat_map(|buyer| buyer.join().expect("a buyer ends well")).collect();
        told.sort_unstable();
        told
    }
}

/// Reserves until the server dies, or takes no writes any more.
fn buy(client: &Client, buyer: usize, patience: Patience, answered: &AtomicUsize) -> Vec<i64> {
    let mut told = Vec::new();
    for turn in 0.. {
        let Ok(reply) = client.try_run(&format!("SECKILL.RESERVE sale b{buyer}-{turn}")) else { break };
        let reply = text(&reply);
        if ["-READONLY", "-UNBLOCKED", "-NOREPLICAS"].iter().any(|error| reply.starts_with(error)) {
            break;
        }
        let id = reply.strip_prefix("RESERVED ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        let id = id.unwrap_or_else(|| panic!("{reply} instead of a hold"));
        if patience == Patience::Replica {
            match client.try_run("WAIT 1 5000").map(|replicas| text(&replicas)) {
                Ok(replicas) if replicas == "1" => {}
                _ => break,
            }
        }
        told.push(id);
        answered.fetch_add(1, Ordering::Relaxed);
    }
    told
}

/// How many of the reservations told are not there.
fn lost(shop: &Server, told: &[i64]) -> usize {
    let commands: Vec<String> = told.iter().map(|id| format!("SECKILL.GET sale {id}")).collect();
    let lost: Vec<i64> = told
        .iter()
        .zip(shop.pipeline(&commands))
        .filter(|(_, found)| text(found) == "nil")
        .map(|(id, _)| *id)
        .collect();
    assert!(told.ends_with(&lost), "what is lost is the end");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    lost.len()
}

fn report(what: &str, lost: usize, told: usize) {
    println!("measured: {what}: {lost} of {told} lost");
}

fn process_killed(fsync: &str, random: &mut Random) -> usize {
    let mut shop = Server::with(&["appendonly yes", &format!("appendfsync {fsync}")]);
    let crowd = Crowd::at(&shop, Patience::Reply);
    crowd.buys(2_000 + random.below(3_000));
    shop.kill();
    let told = crowd.told();
    shop.revive();
    let lost = lost(&shop, &told);
    report(&format!("process killed, appendfsync {fsync}"), lost, told.len());
    lost
}

#[test]
fn a_killed_process_loses_nothing_that_went_to_the_system() {
    let mut random = Random::seeded("killed process");
    for _ in 0..rounds(1) {
        assert_eq!(process_killed("always", &mut random), 0);
        assert_eq!(process_killed("no", &mut random), 0);
        // While the disk is slow the server holds the log back for up to two seconds, so there may be a loss.
        process_killed("everysec", &mut random);
    }
}

fn primary_killed(patience: Patience, random: &mut Random) -> usize {
    let Pair { mut primary, replica } = Pair::start();
    let crowd = Crowd::at(&primary, patience);
    crowd.buys(1_000 + random.below(2_000));
    primary.kill();
    let told = crowd.told();
    replica.gives("REPLICAOF NO ONE", "OK");
    let lost = lost(&replica, &told);
    let how = if patience == Patience::Reply { "asynchronous" } else { "WAIT 1" };
    report(&format!("primary killed, {how}"), lost, told.len());
    lost
}

#[test]
fn a_failover_loses_nothing_that_a_replica_had_confirmed() {
    let mut random = Random::seeded("killed primary");
    for _ in 0..rounds(1) {
        primary_killed(Patience::Reply, &mut random);
        assert_eq!(primary_killed(Patience::Replica, &mut random), 0);
    }
}

#[test]
fn a_planned_failover_loses_nothing() {
    let mut random = Random::seeded("planned failover");
    for _ in 0..rounds(1) {
        let Pair { primary, replica } = Pair::start();
        let crowd = Crowd::at(&primary, Patience::Reply);
        crowd.buys(1_000 + random.below(2_000));
        primary.gives("FAILOVER", "OK");
        wait_until("they have changed places", || {
            replica.server_info("replication", "role") == "master"
                && primary.server_info("replication", "role") == "slave"
        });
        let told = crowd.told();
        let lost = lost(&replica, &told);
        report("planned FAILOVER", lost, told.len());
        assert_eq!(lost, 0);
    }
}

/// How many are told of a reservation after the replica is gone without a word, and for how long.
#[test]
fn a_primary_without_replicas_stops_selling() {
    let mut random = Random::seeded("silent replica");
    for _ in 0..rounds(1) {
        let pair = Pair::start();
        pair.primary.gives("CONFIG SET min-replicas-max-lag 1", "OK");
        pair.primary.gives("CONFIG SET min-replicas-to-write 1", "OK");
        let crowd = Crowd::at(&pair.primary, Patience::Reply);
        crowd.buys(500 + random.below(500));
        pair.replica.signal("-STOP");
        let (stopped, before) = (now_ms(), crowd.answered.load(Ordering::Relaxed));
        let told = crowd.told().len();
        println!("measured: replica silent, max-lag 1: {} told in {} ms", told - before, now_ms() - stopped);
        pair.replica.signal("-CONT");
        assert!(now_ms() - stopped < 10_000);
        pair.same_digest();
    }
}
