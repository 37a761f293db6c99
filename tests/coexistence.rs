//! What other features of the server make of a sale.

use crate::harness::reply::text;
use crate::harness::{Pair, Random, Server, traffic, wait_until};

#[test]
fn a_tracking_client_is_told_of_changes_and_not_of_refusals() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    let watcher = shop.client_resp3();
    watcher.gives("CLIENT TRACKING ON", "OK");
    watcher.gives("SECKILL.STOCK sale", "1");
    shop.gives("SECKILL.RESERVE sale u QTY 2", "DUPLICATE **");
    watcher.gives("ECHO quiet", "quiet");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 0");
    assert!(text(&watcher.read()).starts_with("push["), "the change is told");
    watcher.gives("SECKILL.STOCK sale", "0");
    shop.gives("SECKILL.RESERVE sale v", "SOLDOUT 1");
    watcher.gives("ECHO quiet", "quiet");
}

#[test]
fn defragmentation_keeps_sales() {
    let mut random = Random::seeded("defragmentation");
    let shop = Server::start();
    if shop.text("CONFIG SET activedefrag yes").starts_with('-') {
        eprintln!("this server is built without active defragmentation");
        return;
    }
    traffic::open(&shop);
    traffic::run(&shop, &mut random, 2000);
    fragment(&shop);
    traffic::calm(&shop);
    let before = shop.digest();
    for setting in
        ["ignore-bytes 1", "threshold-lower 1", "threshold-upper 2", "cycle-min 50", "cycle-max 75"]
    {
        shop.gives(&format!("CONFIG SET active-defrag-{setting}"), "OK");
    }
    let moved = || shop.server_info("stats", "active_defrag_hits").parse::<u64>().expect("a count");
    wait_until("much is moved", || moved() > 100);
    assert_eq!(shop.digest(), before);
    traffic::run(&shop, &mut random, 2000);
    traffic::balanced(&shop);
    shop.gives("DEBUG RELOAD", "OK");
    traffic::balanced(&shop);
}

/// Leaves holes between what stays: two sales grow in turn, one goes.
fn fragment(shop: &Server) {
    shop.gives("SECKILL.CREATE stays STOCK -1 PERUSER 0", "OK");
    shop.gives("SECKILL.CREATE goes STOCK -1 PERUSER 0", "OK");
    let data = "d".repeat(100);
    let reserve = |n: usize| {
        let sale = ["stays", "goes"][n % 2];
        format!("SECKILL.RESERVE {sale} customer-number-{n} REQUEST token-{n} DATA {data}")
    };
    shop.pipeline(&(0..40_000).map(reserve).collect::<Vec<_>>());
    shop.gives("DEL goes {goes}:orders", "2");
}

#[test]
fn a_writable_replica_does_not_lose_its_primarys_changes() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0", "OK");
    pair.caught_up();
    pair.replica.gives("CONFIG SET replica-read-only no", "OK");
    let reply = pair.replica.text("SECKILL.RESERVE sale stray");
    assert!(reply.starts_with("-READONLY"), "a sale is changed by its primary alone: {reply}");
    pair.primary.reserve("sale u");
    pair.same_digest();
}

#[test]
fn a_writable_replica_decides_nothing() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 1 HOLD 60000", "OK");
    pair.primary.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 0");
    pair.caught_up();
    let replica = &pair.replica;
    replica.gives("CONFIG SET replica-read-only no", "OK");
    let would_change = ["CONFIRM sale 1", "RELEASE sale 1", "EXTEND sale 1 PX 90000", "RESTOCK sale 1"];
    let more = ["CREATE other STOCK 1", "ALTER sale PERUSER 2", "VOID sale u REQUEST t PX 1000"];
    let refused =
        ["CREATE sale STOCK 1", "RESERVE sale u", "RESERVE sale v", "REFUND sale 1", "CONFIRM sale 9"];
    for command in would_change.iter().chain(&more).chain(&refused) {
        replica.fails(&format!("SECKILL.{command}"), "READONLY");
    }
    assert_eq!(replica.int("EXISTS other {other}:orders"), 0);
    pair.primary.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 1");
    pair.same_digest();
}

#[test]
fn too_few_replicas_stop_writes_and_not_reads() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.gives("CONFIG SET min-replicas-to-write 1", "OK");
    shop.unchanged("a write without replicas", || shop.fails("SECKILL.RESERVE sale u", "NOREPLICAS"));
    shop.gives("SECKILL.STOCK sale", "10");
}

#[test]
fn a_function_sells_as_a_client_does() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let library = "#!lua name=shop\nredis.register_function('buy', function(keys, args) \
                   return redis.call('SECKILL.RESERVE', keys[1], args[1]) end)";
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives(&["FUNCTION", "LOAD", library], "shop");
    shop.gives("FCALL buy 1 sale u", "RESERVED 1 @ 0");
    shop.gives("FCALL buy 1 sale v", "SOLDOUT 1");
    let before = shop.text("DEBUG DIGEST-VALUE sale");
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.text("DEBUG DIGEST-VALUE sale"), before);
}
