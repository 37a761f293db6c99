//! `seckill rebalance`.

use std::process::{Command, Stdio};

use crate::harness::{Server, wait_until};
use crate::nodes::{Cluster, ITEM};
use redis::Value;

#[test]
fn units_move_to_the_shard_that_is_asked_for_them() {
    let shops = Cluster::start();
    let sales = shops.sell(&[90, 0, 0], "");
    shops.at(&sales[1]).gives(&format!("SECKILL.RESERVE {} alice", sales[1]), "SOLDOUT 0");
    let digests = || shops.nodes().each_ref().map(|node| node.digest());
    let before = digests();
    shops.rebalanced(&sales, "--dry-run").says("would move 45 from {phone-2026#0} to {phone-2026#1}");
    assert_eq!(digests(), before, "a dry run changes nothing");
    shops.rebalanced(&sales, "").says("90 units: 90 available, 0 held, 0 confirmed; 0 in transit");
    let available: Vec<i64> = sales.chunks(1).map(|sale| shops.sum(sale, "available")).collect();
    assert_eq!((available.iter().sum::<i64>(), available[1]), (90, 45), "{available:?}");
    shops.assert_sound(&sales);
    let said = shops.rebalanced(&sales, "");
    assert!(!said.says("0 at two shards").output.contains("moved"), "nothing moves twice: {said:?}");
}

#[test]
fn what_a_killed_rebalance_left_in_transit_is_seen_and_finished() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0, 60], "");
    let (giver, taker) = (shops.at(&sales[0]), shops.at(&sales[1]));
    // The taker answers questions and takes no writes: the program gets as far as between the two halves.
    taker.gives("CLIENT PAUSE 60000 WRITE", "OK");
    let mut killed = shops.rebalancing(&sales, "");
    let ledgers = || [giver, shops.at(&sales[2])].map(|node| node.text(&["KEYS", "*:moves"]));
    wait_until("units have left a shard", || ledgers().iter().any(|keys| keys != "[]"));
    wait_until("the other half waits", || taker.server_info("clients", "blocked_clients") != "0");
    killed.kill().expect("the program can be killed");
    killed.wait().expect("it has ended");
    wait_until("its command is forgotten", || taker.server_info("clients", "blocked_clients") == "0");
    taker.gives("CLIENT UNPAUSE", "OK");

    assert!(shops.sum(&sales, "stock_total") < 120, "what is in transit is at no shard");
    let planned = shops.rebalanced(&sales, "--dry-run");
    planned.says("are in transit: an earlier rebalance broke off");
    shops.rebalanced(&sales, "").says("where an earlier rebalance broke off").says("; 0 in transit");
    assert_eq!(shops.sum(&sales, "stock_total"), 120);
    shops.assert_sound(&sales);
    shops.rebalanced(&sales, "").says("120 units: 120 available");
    assert_eq!(shops.sum(&sales, "stock_total"), 120, "finished once");
}

/// Whatever the key holds, to be put back later.
fn kept(node: &Server, key: &str) -> Vec<u8> {
    let Value::BulkString(dump) = node.run(&["DUMP", key]) else { panic!("DUMP gives bytes") };
    dump
}

/// The node forgets what happened to the sale and to its ledger since, as a failover may.
fn forget(node: &Server, sale: &str, dump: &[u8]) {
    node.gives(&[b"RESTORE".as_slice(), sale.as_bytes(), b"0", dump, b"REPLACE"], "OK");
    node.gives(&format!("DEL {sale}:moves"), "1");
}

#[test]
fn a_giver_that_has_lost_what_left_it_gives_it_up_again() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "PERUSER 0");
    let giver = shops.at(&sales[0]);
    let before = kept(giver, &sales[0]);
    shops.rebalanced(&sales, "").says("moved 30");
    forget(giver, &sales[0], &before);
    assert_eq!(shops.sum(&sales, "stock_total"), 90, "30 are there twice");
    shops.rebalanced(&sales, "--dry-run").says("has lost that they went there").says("30 at two shards");
    shops.rebalanced(&sales, "").says("took 30 at {phone-2026#0} again").says("; 0 in transit, 0 at two");
    assert_eq!(shops.sum(&sales, "stock_total"), 60);
    shops.assert_sound(&sales);
}

#[test]
fn a_giver_that_has_sold_what_it_lost_is_reported_until_it_can_give_it_up() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "PERUSER 0");
    let giver = shops.at(&sales[0]);
    let before = kept(giver, &sales[0]);
    shops.rebalanced(&sales, "").says("moved 30");
    forget(giver, &sales[0], &before);
    let id = giver.reserve(&format!("{} alice QTY 50", sales[0]));
    shops.rebalanced(&sales, "").complains("has sold too many to give them up");
    giver.gives(&format!("SECKILL.RELEASE {} {id}", sales[0]), "RELEASED # 50");
    shops.rebalanced(&sales, "").says("took 30 at {phone-2026#0} again");
    assert_eq!(shops.sum(&sales, "stock_total"), 60);
}

#[test]
fn a_taker_that_has_lost_what_it_got_gets_it_again() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "");
    let taker = shops.at(&sales[1]);
    let before = kept(taker, &sales[1]);
    shops.rebalanced(&sales, "").says("moved 30");
    forget(taker, &sales[1], &before);
    assert_eq!(shops.sum(&sales, "stock_total"), 30);
    shops.rebalanced(&sales, "").says("finished 30");
    assert_eq!(shops.sum(&sales, "stock_total"), 60);
}

#[test]
fn units_that_replicas_do_not_know_to_be_gone_are_not_given() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "");
    let told = shops.rebalanced(&sales, "--replicas 1");
    told.complains("0 of 1 replicas know that they left").complains("30 in transit");
    assert_eq!(shops.sum(&sales, "stock_total"), 30);
    shops.rebalanced(&sales, "").says("finished 30 from {phone-2026#0} to {phone-2026#1}");
    assert_eq!(shops.sum(&sales, "stock_total"), 60);
}

#[test]
fn a_stopped_shard_keeps_what_it_has_and_gets_nothing() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0, 0], "");
    shops.at(&sales[1]).gives(&format!("SECKILL.ALTER {} STATE PAUSED", sales[1]), "OK");
    shops.rebalanced(&sales, "").says("moved 30 from {phone-2026#0} to {phone-2026#2}").says("PAUSED");
    shops.at(&sales[0]).gives(&format!("SECKILL.ALTER {} STATE CLOSED", sales[0]), "OK");
    let said = shops.rebalanced(&sales, "");
    assert!(!said.says("60 units").output.contains("moved"), "{said:?}");
}

#[test]
fn who_waits_at_an_empty_shard_is_offered_what_comes() {
    let shops = Cluster::start();
    let sales = shops.sell(&[9, 1, 0], "WAITLIST 100 OFFER 900000");
    let there = shops.at(&sales[1]);
    there.reserve(&format!("{} first", sales[1]));
    for user in ["alice", "bob", "carol"] {
        there.gives(&format!("SECKILL.RESERVE {} {user} WAITLIST", sales[1]), "WAITLISTED # *");
    }
    shops.rebalanced(&sales, "").says("to {phone-2026#1}");
    wait_until("each has an offer", || shops.sum(&sales[1..2], "offered") == 3);
    assert_eq!((shops.sum(&sales, "stock_total"), shops.sum(&sales, "waiting")), (10, 0));
    shops.assert_sound(&sales);
}

#[test]
fn what_cannot_work_is_said_with_its_reason() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "");
    let missing = [sales.clone(), vec!["x".to_owned()]].concat();
    shops.rebalanced(&missing, "").complains("there is no sale {phone-2026#2}");
    let sale = format!("{{{ITEM}#2}}");
    shops.at(&sale).gives(&format!("SECKILL.CREATE {sale} STOCK -1"), "OK");
    shops.rebalanced(&missing, "").complains("{phone-2026#2} is unlimited");
    shops.at(&sale).gives(&format!("DEL {sale}"), "1");
    shops.at(&sale).gives(&format!("SET {sale} x"), "OK");
    shops.rebalanced(&missing, "").complains("WRONGTYPE");
}

#[test]
fn a_shard_is_found_while_its_slot_is_handed_over() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "");
    shops.rebalanced(&sales, "").says("moved 30");
    let (from, to) = (shops.at(&sales[1]), shops.at(&sales[0]));
    let slot = from.int(&["CLUSTER", "KEYSLOT", &sales[1]]);
    let ids = [from, to].map(|node| node.text("CLUSTER MYID"));
    to.gives(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", ids[0]), "OK");
    from.gives(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", ids[1]), "OK");
    from.gives(&format!("SECKILL.RESTOCK {} -30", sales[1]), "RESTOCKED 0 0");
    let migrate = |key: &str| from.gives(&format!("MIGRATE 127.0.0.1 {} {key} 0 5000", to.port()), "OK");
    migrate(&format!("{}:orders", sales[1]));
    migrate(&sales[1]);
    // The ledger is still on the other side, so nothing can be written down, and nothing moves.
    shops.rebalanced(&sales, "").complains("{phone-2026#1} is being handed over");
    assert_eq!(to.text(&format!("SECKILL.STOCK {}", sales[0])), "15");
    migrate(&format!("{}:moves", sales[1]));
    shops.rebalanced(&sales, "").says("finished 15");
    for node in shops.nodes() {
        node.gives(&format!("CLUSTER SETSLOT {slot} NODE {}", ids[1]), "OK");
    }
    assert_eq!(to.text(&format!("SECKILL.STOCK {}", sales[1])), "15");
    shops.rebalanced(&sales, "").says("30 units: 30 available, 0 held, 0 confirmed; 0 in transit");
}

#[test]
fn a_watch_tells_what_it_moves_and_ends_at_ctrl_c() {
    let shops = Cluster::start();
    let sales = shops.sell(&[90, 0, 0], "");
    let mut watch = shops.rebalance(&sales, "--watch --every 50 --json");
    let watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let least = || sales.chunks(1).map(|sale| shops.sum(sale, "available")).min();
    wait_until("units came to every shard", || least() == Some(30));
    shops.at(&sales[1]).gives(&format!("SECKILL.RESTOCK {} 60", sales[1]), "RESTOCKED 90 90");
    shops.at(&sales[2]).gives(&format!("SECKILL.RESTOCK {} -25", sales[2]), "RESTOCKED 5 5");
    wait_until("they go on", || shops.sum(&sales[2..], "available") > 30);
    let signal = Command::new("kill").args(["-INT", &watch.id().to_string()]).status();
    assert!(signal.expect("kill runs").success());
    let output = watch.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stdout).expect("text");
    let rounds: Vec<&str> = said.lines().collect();
    assert!(rounds.len() >= 2 && rounds.len() < 10, "a line for each round that moved: {said}");
    for round in rounds {
        assert!(
            round.starts_with("{\"shards\":[{\"sale\":\"{phone-2026#0}\"")
                && round.contains("\"outcome\":\"moved\"")
        );
    }
    shops.rebalanced(&sales, "").says("125 units: 125 available");
}
