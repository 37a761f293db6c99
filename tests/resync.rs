//! Replicas that lose their primary, come back, or load in memory.

use crate::harness::{Pair, Random, events, traffic, wait_until};

const STREAM: &str = "{sale}:orders";

#[test]
fn a_replica_that_strayed_takes_the_primarys_sales_and_deadlines() {
    for load in ["disabled", "swapdb", "on-empty-db"] {
        let option = format!("repl-diskless-load {load}");
        let pair = Pair::with(&[&option]);
        pair.primary.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 900000", "OK");
        pair.primary.reserve("sale u");
        pair.caught_up();
        pair.replica.gives("REPLICAOF NO ONE", "OK");
        pair.replica.gives("SECKILL.ALTER sale HOLD 200", "OK");
        pair.replica.reserve("sale stray");
        pair.replica.gives("SECKILL.CREATE stray STOCK 5 HOLD 200", "OK");
        pair.replica.reserve("stray u");
        pair.primary.reserve("sale v");
        pair.attach();
        pair.same_digest();
        pair.replica.gives("EXISTS stray", "0");
        pair.primary.gives("SECKILL.ALTER sale HOLD 300", "OK");
        pair.primary.reserve("sale w");
        wait_until("the hold expires", || events::count(&pair.primary, STREAM, "EXPIRED") == 1);
        pair.same_digest();
        let told = events::all(&pair.replica, STREAM);
        events::assert_gapless(&told, "sale");
        assert_eq!(events::kinds(&pair.replica, STREAM), "RESERVED RESERVED RESERVED EXPIRED");
    }
}

#[test]
fn a_strayed_copy_keeps_apart_the_ids_it_gave() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0", "OK");
    let known = pair.primary.reserve("sale u");
    pair.caught_up();
    // The replica is promoted while the old primary still sells: what it gives must not be given twice.
    pair.replica.gives("REPLICAOF NO ONE", "OK");
    let old: Vec<i64> = (0..3).map(|_| pair.primary.reserve("sale old")).collect();
    let new: Vec<i64> = (0..3).map(|_| pair.replica.reserve("sale new")).collect();
    assert!(old.iter().all(|id| !new.contains(id) && *id != known), "{old:?} and {new:?}");
}

#[test]
fn a_link_that_breaks_is_taken_up_again() {
    let mut random = Random::seeded("broken link");
    let pair = Pair::start();
    traffic::open(&pair.primary);
    for _ in 0..5 {
        traffic::run(&pair.primary, &mut random, 150);
        pair.primary.run("CLIENT KILL TYPE replica");
        traffic::run(&pair.primary, &mut random, 150);
    }
    traffic::calm(&pair.primary);
    pair.same_digest();
}

#[test]
fn a_replica_of_a_replica_has_the_same_sales() {
    let mut random = Random::seeded("chain");
    let pair = Pair::start();
    traffic::open(&pair.primary);
    let last = crate::harness::Server::networked(&[]);
    let chain = Pair { primary: pair.replica, replica: last };
    chain.attach();
    traffic::run(&pair.primary, &mut random, 800);
    traffic::calm(&pair.primary);
    let digest = pair.primary.digest();
    wait_until("the last in the chain has caught up", || chain.replica.digest() == digest);
    assert_eq!(chain.primary.digest(), digest);
}
