//! MULTI, WATCH and scripts.

use crate::harness::{Server, events, for_each_topology};

#[test]
fn a_transaction_decides_each_command_in_turn() {
    let commands = [
        "SECKILL.CREATE sale STOCK 2 PERUSER 0",
        "MULTI",
        "SECKILL.RESERVE sale u",
        "SECKILL.RESERVE sale u QTY 2",
        "SECKILL.CONFIRM sale 1",
        "SECKILL.RESERVE sale v",
        "SECKILL.RESERVE sale w",
        "EXEC",
    ];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.STOCK sale", "0");
        shop.gives("SECKILL.GET sale 1 2 3", "[id 1 ** state CONFIRMED **] [id 2 user v **] nil");
        let told = events::all(shop, "{sale}:orders");
        events::assert_gapless(&told, "sale");
        assert_eq!(events::kinds(shop, "{sale}:orders"), "RESERVED CONFIRMED RESERVED");
    });
}

#[test]
fn a_transaction_replies_as_single_commands_do() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives("MULTI", "OK");
    for command in ["RESERVE sale u", "RESERVE sale v", "STOCK sale", "RELEASE sale 1", "STOCK sale"] {
        shop.gives(&format!("SECKILL.{command}"), "QUEUED");
    }
    shop.gives("EXEC", "[RESERVED 1 @ 0] [SOLDOUT 1] [0] [RELEASED 1 1] [1]");
}

#[test]
fn a_script_sees_and_makes_the_same() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
    let script =
        "local r = redis.call('SECKILL.RESERVE', KEYS[1], ARGV[1]); return {r[1].ok or r[1], r[2], r[4]}";
    shop.gives(&["EVAL", script, "1", "sale", "u"], "RESERVED 1 1");
    shop.gives(&["EVAL", "return redis.call('SECKILL.STOCK', KEYS[1])", "1", "sale"], "1");
    let before = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), before);
    let names = crate::harness::log::names(&shop);
    assert!(names.iter().all(|name| name != "SECKILL.RESERVE" && name != "EVAL"), "{names:?}");
}

#[test]
fn a_reading_script_can_only_read() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
    shop.unchanged("a reading script", || {
        shop.gives(&["EVAL_RO", "return redis.call('SECKILL.STOCK', KEYS[1])", "1", "sale"], "2");
        let script = "return redis.call('SECKILL.RESERVE', KEYS[1], 'u')";
        shop.fails(&["EVAL_RO", script, "1", "sale"], "ERR");
    });
}

#[test]
fn an_error_in_a_script_is_an_error_value() {
    let shop = Server::start();
    shop.gives("SET text x", "OK");
    let script =
        "local r = redis.pcall('SECKILL.RESERVE', KEYS[1], 'u'); return r.err and 'refused' or 'taken'";
    shop.gives(&["EVAL", script, "1", "text"], "refused");
}

#[test]
fn what_changes_nothing_does_not_touch_a_watched_sale() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 0");
    let other = shop.client();
    for command in [
        "RESERVE sale u",
        "RESERVE sale v",
        "RESERVE sale u REQUEST t",
        "CONFIRM sale 7",
        "RESTOCK sale -9",
        "EXTEND sale 1 PX 1",
        "INFO sale",
        "STOCK sale",
        "GET sale 1",
        "AUDIT sale",
        "USER sale u",
        "SCAN sale 0",
        "CURVE sale",
    ] {
        shop.gives("WATCH sale", "OK");
        other.run(&format!("SECKILL.{command}"));
        shop.gives("MULTI", "OK");
        shop.gives("PING", "QUEUED");
        shop.gives("EXEC", "PONG");
    }
}

#[test]
fn what_changes_a_watched_sale_ends_the_transaction() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 9 PERUSER 0", "OK");
    let other = shop.client();
    for command in [
        "RESERVE sale u",
        "EXTEND sale 1 PX 90000000",
        "CONFIRM sale 1",
        "REFUND sale 1",
        "RESERVE sale u REQUEST t",
        "RELEASE sale 2",
        "RESTOCK sale 1",
        "VOID sale u REQUEST t2 PX 90000",
        "ALTER sale HOLD 5000",
    ] {
        shop.gives("WATCH sale", "OK");
        let reply = other.text(&format!("SECKILL.{command}"));
        assert!(!reply.starts_with('-'), "{command} gives {reply}");
        shop.gives("MULTI", "OK");
        shop.gives("PING", "QUEUED");
        assert_eq!(shop.text("EXEC"), "nil", "{command} touches the sale");
    }
}

#[test]
fn an_expiry_ends_the_transaction_too() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 9 HOLD 400", "OK");
    shop.reserve("sale u");
    shop.gives("WATCH sale", "OK");
    let other = shop.client();
    crate::harness::wait_until("the hold expires", || events::count(&other, "{sale}:orders", "EXPIRED") == 1);
    shop.gives("MULTI", "OK");
    shop.gives("PING", "QUEUED");
    shop.gives("EXEC", "nil");
}
