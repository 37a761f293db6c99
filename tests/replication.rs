//! What crosses the wire: effects, never requests, and nothing for a refusal.

use crate::harness::words::pack;
use crate::harness::{Pair, Random, Server, events, log, now_ms, pair, traffic, wait_until};
use std::io::{Read, Write};

/// Refusals in the storm.
const STORM: usize = 300_000;

#[test]
fn the_log_holds_effects_and_never_requests() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0", "OK");
    for command in [
        "RESERVE sale u QTY 2 REQUEST t",
        "RESERVE sale v",
        "CONFIRM sale 1",
        "EXTEND sale 2 PX 8000000",
        "RELEASE sale 2",
        "REFUND sale 1",
        "RESTOCK sale 5",
        "VOID sale w REQUEST t PX 90000",
        "ALTER sale HOLD 5",
    ] {
        let reply = shop.text(&format!("SECKILL.{command}"));
        assert!(!reply.starts_with('-'), "{command} gives {reply}");
    }
    let names = log::names(&shop);
    assert!(names.iter().filter(|name| *name == "SECKILL.APPLY").count() >= 9, "{names:?}");
    let allowed = ["SECKILL.APPLY", "XADD", "XGROUP"];
    assert!(names.iter().all(|name| allowed.contains(&name.as_str())), "{names:?}");
}

#[test]
fn an_expiry_is_written_as_an_effect() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 10 HOLD 40", "OK");
    shop.reserve("sale u");
    let before = log::entries(&shop).len();
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    let after = log::names(&shop);
    assert!(after.len() > before && after[before..].contains(&"SECKILL.APPLY".to_owned()), "{after:?}");
}

#[test]
fn a_refusal_writes_nothing() {
    let pair = Pair::with(&["appendonly yes"]);
    let shop = &pair.primary;
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 0");
    shop.gives("SECKILL.CREATE closed STOCK 1", "OK");
    shop.gives("SECKILL.ALTER closed STATE CLOSED", "OK");
    pair.caught_up();
    let before =
        (log::size(shop), pair::offset(shop), shop.server_info("persistence", "rdb_changes_since_last_save"));
    for command in [
        "RESERVE sale u",
        "RESERVE sale v",
        "RESERVE sale u REQUEST t",
        "RESERVE sale v QTY 5",
        "RESERVE closed v",
        "RESERVE none v",
        "CONFIRM sale 9",
        "RELEASE sale 9",
        "REFUND sale 1",
        "EXTEND sale 1 PX 1",
        "RESTOCK sale -9",
        "INFO sale",
        "GET sale 1",
        "STOCK sale",
        "AUDIT sale",
        "CURVE sale",
        "USER sale u",
        "SCAN sale 0",
        "HELP",
    ] {
        shop.run(&format!("SECKILL.{command}"));
    }
    storm(shop);
    let after =
        (log::size(shop), pair::offset(shop), shop.server_info("persistence", "rdb_changes_since_last_save"));
    assert_eq!(after, before);
    pair.same_digest();
}

/// Sends refusals without pause and checks that each is answered as the first was.
fn storm(shop: &Server) {
    let client = shop.client();
    let answer = b"*2\r\n+SOLDOUT\r\n:1\r\n";
    let packed = pack("SECKILL.RESERVE sale somebody").repeat(1000);
    let mut sender = client.socket();
    let writer = std::thread::spawn(move || {
        (0..STORM / 1000).for_each(|_| sender.write_all(&packed).expect("the server takes commands"));
    });
    let mut receiver = client.socket();
    let expected = answer.repeat(1000);
    let mut replies = vec![0; expected.len()];
    for _ in 0..STORM / 1000 {
        receiver.read_exact(&mut replies).expect("the server answers");
        assert!(replies == expected, "a refusal is answered otherwise");
    }
    writer.join().expect("the sender ends well");
}

#[test]
fn a_replica_has_the_same_sales_after_any_operations() {
    let mut random = Random::seeded("replica");
    let pair = Pair::start();
    traffic::open(&pair.primary);
    for _ in 0..8 {
        traffic::run(&pair.primary, &mut random, 300);
        traffic::balanced(&pair.primary);
    }
    traffic::calm(&pair.primary);
    pair.same_digest();
    traffic::balanced(&pair.replica);
    let digest = pair.primary.digest();
    let promoted = pair.promote();
    assert_eq!(promoted.digest(), digest);
    promoted.gives("DEBUG RELOAD", "OK");
    assert_eq!(promoted.digest(), digest);
    traffic::run(&promoted, &mut random, 500);
    traffic::balanced(&promoted);
}

#[test]
fn a_replica_that_comes_late_has_the_same_sales() {
    let mut random = Random::seeded("late replica");
    let primary = Server::networked(&["repl-ping-replica-period 3600"]);
    traffic::open(&primary);
    traffic::run(&primary, &mut random, 1000);
    let pair = Pair::of(primary, &[]);
    traffic::run(&pair.primary, &mut random, 1000);
    traffic::calm(&pair.primary);
    pair.same_digest();
}

#[test]
fn the_log_of_a_replica_restarts_to_the_same_sales() {
    let mut random = Random::seeded("log of a replica");
    let mut pair = Pair::with(&["appendonly yes"]);
    traffic::open(&pair.primary);
    traffic::run(&pair.primary, &mut random, 1500);
    traffic::calm(&pair.primary);
    let digest = pair.same_digest();
    pair.replica.restart();
    assert_eq!(pair.replica.digest(), digest);
}

#[test]
fn a_replica_answers_reads_and_refuses_writes() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 10", "OK");
    pair.primary.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 9");
    pair.caught_up();
    let replica = &pair.replica;
    replica.gives("SECKILL.STOCK sale", "9");
    replica.gives("SECKILL.GET sale 1", "[id 1 user u qty 1 state HELD **]");
    replica.gives("SECKILL.USER sale u", "held 1 **");
    replica.gives("SECKILL.SCAN sale 0", "0 [1]");
    assert_eq!(replica.field("SECKILL.INFO sale", "available"), "9");
    assert_eq!(replica.field("SECKILL.AUDIT sale", "ok"), "1");
    assert!(!replica.text("SECKILL.CURVE sale").starts_with('-'));
    for command in
        ["CREATE s STOCK 1", "RESERVE sale v", "CONFIRM sale 1", "RELEASE sale 1", "RESTOCK sale 1"]
    {
        replica.fails(&format!("SECKILL.{command}"), "READONLY");
    }
    pair.same_digest();
}

#[test]
fn the_internal_command_is_refused_to_clients() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.reserve("sale u");
    shop.reserve("sale v");
    let effects = log::entries(&shop).into_iter().filter(|entry| log::name(entry) == "SECKILL.APPLY");
    let effects: Vec<log::Entry> = effects.collect();
    assert!(!effects.is_empty());
    shop.unchanged("an effect from a client", || {
        for effect in &effects {
            shop.fails(effect, "NOTREPL");
        }
        let script = "return redis.call(unpack(ARGV))";
        let eval = [b"EVAL".as_slice(), script.as_bytes(), b"0"];
        let words: Vec<Vec<u8>> = eval.iter().map(|word| word.to_vec()).chain(effects[0].clone()).collect();
        shop.fails(&words, "NOTREPL");
        shop.gives("MULTI", "OK");
        shop.gives(&effects[0], "QUEUED");
        let reply = shop.text("EXEC");
        assert!(reply.contains("NOTREPL"), "{reply}");
    });
}

#[test]
fn a_replica_never_expires_by_itself() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 10 HOLD 3000", "OK");
    let deadline = pair.primary.number("SECKILL.RESERVE sale u QTY 1", "RESERVED 1 @ 9", 2);
    pair.caught_up();
    pair.primary.signal("-STOP");
    let before = pair.replica.digest();
    wait_until("the deadline has passed for long", || now_ms() > deadline + 500);
    let (digest, available) = (pair.replica.digest(), pair.replica.text("SECKILL.STOCK sale"));
    let told = events::kinds(&pair.replica, "{sale}:orders");
    pair.primary.signal("-CONT");
    assert_eq!((digest, available.as_str(), told.as_str()), (before, "10", "RESERVED"));
    wait_until("the primary expires it", || events::count(&pair.primary, "{sale}:orders", "EXPIRED") == 1);
    pair.same_digest();
    assert_eq!(events::kinds(&pair.replica, "{sale}:orders"), "RESERVED EXPIRED");
}

#[test]
fn a_promoted_replica_settles_holds() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 700", "OK");
    pair.primary.reserve("sale u");
    pair.primary.reserve("sale u QTY 3");
    pair.primary.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 1");
    let promoted = pair.promote();
    wait_until("the hold expires", || events::count(&promoted, "{sale}:orders", "EXPIRED") == 1);
    promoted.gives("SECKILL.STOCK sale", "9");
    let id = promoted.reserve("sale v");
    assert!(id > 1 << 32, "{id} belongs to a later epoch");
    events::assert_gapless(&events::all(&promoted, "{sale}:orders"), "sale");
}

#[test]
fn a_primary_that_became_a_replica_leaves_expiry_to_its_primary() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 10 HOLD 900", "OK");
    pair.primary.reserve("sale u");
    pair.caught_up();
    pair.replica.gives("REPLICAOF NO ONE", "OK");
    let swapped = Pair { primary: pair.replica, replica: pair.primary };
    swapped.attach();
    wait_until("the hold expires", || events::count(&swapped.primary, "{sale}:orders", "EXPIRED") == 1);
    swapped.same_digest();
    assert_eq!(events::count(&swapped.replica, "{sale}:orders", "EXPIRED"), 1);
}

#[test]
fn a_log_read_twice_is_the_same_as_once() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let mut random = Random::seeded("log read twice");
    traffic::open(&shop);
    traffic::run(&shop, &mut random, 500);
    traffic::calm(&shop);
    let digest = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest);
}
