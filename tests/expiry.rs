//! Holds end by themselves, each once, wherever their sale goes.

use crate::harness::{Client, Server, events, now_ms, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 400";
const STREAM: &str = "{sale}:orders";

/// Waits for the expiry of so many holds, then makes sure that no more come.
#[track_caller]
fn expires(client: &Client, stream: &str, count: usize) {
    wait_until("the holds expire", || events::count(client, stream, "EXPIRED") >= count);
    settled(client);
    assert_eq!(events::count(client, stream, "EXPIRED"), count);
}

/// Time for a second, wrong timer to fire: a later hold of another sale ends.
#[track_caller]
fn settled(client: &Client) {
    client.run("DEL clock {clock}:orders");
    client.gives("SECKILL.CREATE clock STOCK 1 HOLD 200", "OK");
    client.gives("SECKILL.RESERVE clock u", "RESERVED 1 @ 0");
    wait_until("a later hold expires", || events::count(client, "{clock}:orders", "EXPIRED") == 1);
}

#[test]
fn expired_hold_returns_units_once() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.RESERVE sale u QTY 4", "RESERVED 1 @ 6");
    expires(&shop, STREAM, 1);
    shop.gives("SECKILL.STOCK sale", "10");
    let info = shop.map("SECKILL.INFO sale");
    assert_eq!((info["available"].as_str(), info["held"].as_str(), info["seq"].as_str()), ("10", "0", "2"));
    let told = events::all(&shop, STREAM).pop().expect("an event").values();
    assert!(told.starts_with("EXPIRED sale 0-2 1 u 4 "), "{told}");
    shop.gives("SECKILL.RELEASE sale 1", "EXPIRED 1");
}

#[test]
fn a_hold_never_expires_before_its_deadline_and_grace() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 60 GRACE 90", "OK");
    for _ in 0..10 {
        shop.reserve("sale u");
    }
    expires(&shop, STREAM, 10);
    let all = events::all(&shop, STREAM);
    let deadline = |id: &str| -> i64 {
        let reserved = all.iter().find(|event| event.get("ev") == "RESERVED" && event.get("id") == id);
        reserved.and_then(|event| event.get("deadline").parse().ok()).expect("a deadline")
    };
    for event in all.iter().filter(|event| event.get("ev") == "EXPIRED") {
        let at: i64 = event.entry.split('-').next().and_then(|ms| ms.parse().ok()).expect("a time");
        assert!(at >= deadline(event.get("id")) + 90, "{event:?} is early");
    }
}

#[test]
fn thousands_of_holds_expire_each_once() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5000 PERUSER 0 HOLD 700", "OK");
    let commands: Vec<String> = (0..5000).map(|n| format!("SECKILL.RESERVE sale u{n}")).collect();
    shop.pipeline(&commands);
    wait_until("all have expired", || shop.int("XLEN {sale}:orders") == 10_000);
    let all = events::all(&shop, STREAM);
    events::assert_gapless(&all, "sale");
    let expired = all.iter().filter(|event| event.get("ev") == "EXPIRED").map(|event| event.get("id"));
    let distinct: std::collections::BTreeSet<&str> = expired.collect();
    assert_eq!(distinct.len(), 5000);
    shop.gives("SECKILL.STOCK sale", "5000");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
}

#[test]
fn settled_holds_do_not_expire() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    for _ in 0..4 {
        shop.reserve("sale u");
    }
    shop.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 1");
    shop.gives("SECKILL.RELEASE sale 2", "RELEASED 2 1");
    shop.gives("SECKILL.EXTEND sale 3 PX 900000", "EXTENDED @");
    expires(&shop, STREAM, 1);
    assert_eq!(shop.field("SECKILL.INFO sale", "held"), "1");
}

#[test]
fn holds_of_other_databases_expire_there() {
    let shop = Server::start();
    for database in [3, 0, 9] {
        shop.gives(&format!("SELECT {database}"), "OK");
        shop.gives(CREATE, "OK");
        shop.reserve("sale u");
    }
    for database in [9, 3, 0] {
        shop.gives(&format!("SELECT {database}"), "OK");
        expires(&shop, STREAM, 1);
        shop.gives("SECKILL.STOCK sale", "10");
    }
}

#[test]
fn a_restarted_server_expires_what_it_finds() {
    for options in [&["appendonly yes"][..], &["appendonly yes", "aof-use-rdb-preamble no"], &[]] {
        let mut shop = Server::with(options);
        shop.gives("SELECT 5", "OK");
        shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 900", "OK");
        shop.reserve("sale u QTY 3");
        shop.reserve("sale u QTY 3");
        shop.restart();
        shop.gives("SELECT 5", "OK");
        expires(&shop, STREAM, 2);
        shop.gives("SECKILL.STOCK sale", "10");
        events::assert_gapless(&events::all(&shop, STREAM), "sale");
    }
}

#[test]
fn a_reloaded_sale_has_one_deadline_for_each_hold() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 600", "OK");
    shop.reserve("sale u");
    for _ in 0..3 {
        shop.gives("DEBUG RELOAD", "OK");
    }
    expires(&shop, STREAM, 1);
}

#[test]
fn a_renamed_sale_goes_on() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.reserve("sale u");
    shop.gives("RENAME sale other", "OK");
    expires(&shop, STREAM, 1);
    let told = events::all(&shop, STREAM).pop().expect("an event");
    assert_eq!(told.get("sale"), "other", "the event names the key of today");
    shop.gives("SECKILL.STOCK other", "10");
    shop.gives("EXISTS sale", "0");
}

#[test]
fn a_sale_renamed_over_another_leaves_no_ghost() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.CREATE victim STOCK 10 HOLD 400", "OK");
    shop.reserve("victim v");
    shop.reserve("sale u");
    shop.gives("RENAME sale victim", "OK");
    expires(&shop, STREAM, 1);
    assert_eq!(events::count(&shop, "{victim}:orders", "EXPIRED"), 0);
}

#[test]
fn a_moved_sale_expires_where_it_is() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.reserve("sale u");
    shop.gives("MOVE sale 4", "1");
    shop.gives("MOVE {sale}:orders 4", "1");
    shop.gives("SELECT 4", "OK");
    expires(&shop, STREAM, 1);
    shop.gives("SECKILL.STOCK sale", "10");
}

#[test]
fn a_copy_expires_for_itself() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.reserve("sale u");
    shop.gives("COPY sale twin", "1");
    expires(&shop, STREAM, 2);
    let told = events::all(&shop, STREAM);
    let names: std::collections::BTreeSet<&str> =
        told.iter().filter(|event| event.get("ev") == "EXPIRED").map(|event| event.get("sale")).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["sale", "twin"]);
    shop.gives("SECKILL.STOCK sale twin", "10 10");
}

#[test]
fn a_restored_sale_expires() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 HOLD 800", "OK");
    shop.reserve("sale u");
    let redis::Value::BulkString(dump) = shop.run("DUMP sale") else { panic!("DUMP gives bytes") };
    shop.gives("DEL sale", "1");
    shop.gives(&[b"RESTORE".as_slice(), b"sale", b"0", &dump], "OK");
    shop.gives("SECKILL.STOCK sale", "9");
    expires(&shop, STREAM, 1);
    shop.gives("SECKILL.STOCK sale", "10");
}

#[test]
fn swapped_databases_take_their_deadlines_along() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.reserve("sale u");
    shop.gives("SWAPDB 0 6", "OK");
    shop.gives("SELECT 6", "OK");
    expires(&shop, STREAM, 1);
    shop.gives("SECKILL.STOCK sale", "10");
    shop.gives("SELECT 0", "OK");
    shop.gives("EXISTS sale", "0");
}

#[test]
fn what_was_flushed_does_not_expire_in_its_successor() {
    for flush in ["FLUSHALL", "FLUSHDB ASYNC", "DEL sale", "UNLINK sale"] {
        let shop = Server::start();
        shop.gives(CREATE, "OK");
        let deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED 1 @ 9", 2);
        shop.run(flush);
        shop.run("DEL {sale}:orders");
        shop.gives("SECKILL.CREATE sale STOCK 10 HOLD 900000", "OK");
        shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 9");
        wait_until("the old deadline has passed", || now_ms() > deadline);
        settled(&shop);
        assert_eq!(events::kinds(&shop, STREAM), "RESERVED", "after {flush}");
        shop.gives("SECKILL.STOCK sale", "9");
    }
}

#[test]
fn a_write_that_needs_stock_settles_what_is_due() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1 HOLD 60", "OK");
    shop.reserve("sale a");
    let mut replies = Vec::new();
    wait_until("the unit is free", || {
        replies.push(shop.text("SECKILL.RESERVE sale b"));
        replies.last().is_some_and(|reply| reply.starts_with("RESERVED"))
    });
    assert!(replies[..replies.len() - 1].iter().all(|reply| reply == "SOLDOUT 1"), "{replies:?}");
    assert!(events::kinds(&shop, STREAM).starts_with("RESERVED EXPIRED RESERVED"));
}

#[test]
fn a_sale_with_a_time_to_live_goes_with_its_holds() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.reserve("sale u");
    shop.gives("PEXPIRE sale 40", "1");
    wait_until("the sale is gone", || shop.int("EXISTS sale") == 0);
    settled(&shop);
    assert_eq!(events::kinds(&shop, STREAM), "RESERVED");
}
