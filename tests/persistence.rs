//! What is saved is what is loaded.

use crate::harness::{Random, Server, events, traffic, wait_until};
use redis::Value;

/// A server that some thousand operations have passed through.
fn used(options: &[&str], random: &mut Random) -> Server {
    let shop = Server::with(options);
    traffic::open(&shop);
    for _ in 0..5 {
        traffic::run(&shop, random, 400);
        traffic::balanced(&shop);
    }
    traffic::calm(&shop);
    shop
}

#[track_caller]
fn same_after(shop: &mut Server, what: &str, change: impl FnOnce(&mut Server)) {
    let before = shop.digest();
    change(shop);
    assert_eq!(shop.digest(), before, "after {what}");
    traffic::balanced(shop);
}

#[test]
fn digests_are_equal_after_every_reload() {
    let mut random = Random::seeded("reloads");
    let mut shop = used(&["appendonly yes", "aof-use-rdb-preamble no"], &mut random);
    same_after(&mut shop, "a reload in place", |shop| shop.gives("DEBUG RELOAD", "OK"));
    same_after(&mut shop, "a replay of the log", |shop| shop.gives("DEBUG LOADAOF", "OK"));
    same_after(&mut shop, "a restart from the log", Server::restart);
    traffic::run(&shop, &mut random, 300);
    traffic::calm(&shop);
    same_after(&mut shop, "a restart from the log over two lives", Server::restart);
    same_after(&mut shop, "a restart from a log of commands", |shop| {
        shop.rewrite_log();
        shop.restart();
    });
    same_after(&mut shop, "a restart from a log that begins with a snapshot", |shop| {
        shop.gives("CONFIG SET aof-use-rdb-preamble yes", "OK");
        shop.rewrite_log();
        shop.restart();
    });
    events_follow(&shop);
}

fn events_follow(shop: &Server) {
    let shared = events::all(shop, "{a}sale:orders");
    events::assert_gapless(&shared, "{a}sale");
    events::assert_gapless(&shared, "{b}sale");
    for sale in ["endless", "direct"] {
        events::assert_gapless(&events::all(shop, &format!("{{{sale}}}:orders")), sale);
    }
}

#[test]
fn a_snapshot_restarts_a_server() {
    let mut random = Random::seeded("snapshots");
    let mut shop = used(&[], &mut random);
    same_after(&mut shop, "a restart from a snapshot", Server::restart);
    traffic::run(&shop, &mut random, 300);
    traffic::calm(&shop);
    same_after(&mut shop, "a second restart", Server::restart);
    events_follow(&shop);
}

#[test]
fn a_rewrite_while_orders_come_in_loses_none() {
    for preamble in ["yes", "no"] {
        let mut random = Random::seeded("rewrite under load");
        let mut shop = Server::with(&["appendonly yes", &format!("aof-use-rdb-preamble {preamble}")]);
        traffic::open(&shop);
        traffic::run(&shop, &mut random, 1500);
        wait_until("a rewrite starts", || !shop.text("BGREWRITEAOF").starts_with('-'));
        wait_until("the rewrite is done", || {
            traffic::run(&shop, &mut random, 50);
            shop.server_info("persistence", "aof_rewrite_in_progress") == "0"
        });
        traffic::calm(&shop);
        same_after(&mut shop, "a restart", Server::restart);
    }
}

#[test]
fn a_dump_restores_the_same_sale() {
    let mut random = Random::seeded("dumps");
    let shop = used(&[], &mut random);
    for sale in traffic::SALES {
        let dump = shop.run(&["DUMP", sale]);
        let Value::BulkString(payload) = &dump else { panic!("DUMP gives bytes") };
        let digest = shop.text(&["DEBUG", "DIGEST-VALUE", sale]);
        shop.gives(&["DEL", sale], "1");
        shop.gives(&[b"RESTORE".as_slice(), sale.as_bytes(), b"0", payload], "OK");
        assert_eq!(shop.text(&["DEBUG", "DIGEST-VALUE", sale]), digest);
        assert_eq!(shop.run(&["DUMP", sale]), dump, "a dump of the same sale is the same");
    }
    traffic::balanced(&shop);
}

#[test]
fn a_copy_is_equal_and_independent() {
    let mut random = Random::seeded("copies");
    let shop = used(&[], &mut random);
    shop.gives("COPY {a}sale {a}copy", "1");
    assert_eq!(shop.text("DEBUG DIGEST-VALUE {a}sale"), shop.text("DEBUG DIGEST-VALUE {a}copy"));
    let before = shop.text("DEBUG DIGEST-VALUE {a}copy");
    shop.gives("SECKILL.RESTOCK {a}sale 5", "RESTOCKED * *");
    assert_eq!(shop.text("DEBUG DIGEST-VALUE {a}copy"), before);
    assert_ne!(shop.text("DEBUG DIGEST-VALUE {a}sale"), before, "the digest tells sales apart");
}

#[test]
fn a_digest_sees_every_kind_of_change() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0", "OK");
    let mut seen = vec![shop.digest()];
    for command in [
        "SECKILL.RESERVE sale u QTY 2 REQUEST t",
        "SECKILL.RESERVE sale u QTY 2",
        "SECKILL.EXTEND sale 1 PX 8000000",
        "SECKILL.CONFIRM sale 1",
        "SECKILL.REFUND sale 1 QTY 1 REQUEST r",
        "SECKILL.RELEASE sale 2",
        "SECKILL.RESTOCK sale 1",
        "SECKILL.RESTOCK sale 1 REQUEST s",
        "SECKILL.VOID sale v REQUEST t PX 900000",
        "SECKILL.ALTER sale HOLD 7",
        "SECKILL.ALTER sale STATE PAUSED",
    ] {
        let reply = shop.text(command);
        assert!(!reply.starts_with('-'), "{command} gives {reply}");
        let digest = shop.text("DEBUG DIGEST-VALUE sale");
        assert!(!seen.contains(&digest), "{command} is not in the digest");
        seen.push(digest);
    }
}

#[test]
fn reservations_that_ended_stay_as_long_as_the_sale() {
    let mut shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 30", "OK");
    shop.reserve("sale u");
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    shop.rewrite_log();
    shop.restart();
    shop.gives("SECKILL.GET sale 1", "[id 1 user u qty 1 state EXPIRED **]");
}

#[test]
fn a_sale_of_many_blocks_is_saved_whole() {
    let mut shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 200000 PERUSER 0", "OK");
    shop.gives("SECKILL.CREATE other STOCK -1 PERUSER 0 HOLD 0", "OK");
    let data = "d".repeat(300);
    let commands: Vec<String> = (0..12_000)
        .map(|n| match n % 6 {
            0 => format!("SECKILL.RESERVE sale u{} REQUEST t{n} DATA {data}", n % 700),
            1 => format!("SECKILL.CONFIRM sale {}", n / 3),
            2 => format!("SECKILL.RELEASE sale {}", n / 2),
            3 => format!("SECKILL.REFUND sale {} QTY 1 REQUEST r{n}", n / 5),
            4 => format!("SECKILL.RESERVE other long-customer-name-{n} REQUEST t{n}"),
            _ => format!("SECKILL.VOID sale v{n} REQUEST t{n} PX 9000000"),
        })
        .collect();
    shop.pipeline(&commands);
    assert!(shop.int("MEMORY USAGE sale SAMPLES 0") > 1_000_000, "it takes many blocks");
    for preamble in ["no", "yes"] {
        shop.gives(&format!("CONFIG SET aof-use-rdb-preamble {preamble}"), "OK");
        let before = shop.digest();
        shop.gives("DEBUG RELOAD", "OK");
        assert_eq!(shop.digest(), before);
        shop.rewrite_log();
        shop.restart();
        assert_eq!(shop.digest(), before);
        for sale in ["sale", "other"] {
            assert_eq!(shop.field(&["SECKILL.AUDIT", sale], "ok"), "1");
            shop.gives(&format!("SECKILL.RESERVE {sale} another"), "** * * *");
        }
    }
}
