//! Memory: when there is none left, how much a sale takes, and how it goes.

use crate::harness::{Server, events, wait_until};

/// A server that is out of memory, with sales in every state.
fn exhausted() -> Server {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 100 PERUSER 0 HOLD 900000", "OK");
    for _ in 0..4 {
        shop.reserve("sale u");
    }
    shop.gives("SECKILL.CONFIRM sale 4", "CONFIRMED 4 1");
    shop.gives("SECKILL.RESERVE sale v REQUEST t", "RESERVED 5 @ 95");
    shop.gives("SECKILL.CREATE short STOCK 5 HOLD 700", "OK");
    shop.gives("SECKILL.RESERVE short u", "RESERVED 1 @ 4");
    for sale in ["cart1", "cart2"] {
        shop.gives(&format!("SECKILL.CREATE {sale} STOCK 5"), "OK");
    }
    for user in ["u", "v"] {
        shop.gives(&format!("SECKILL.MRESERVE 2 cart1 cart2 {user} REQUEST t"), "RESERVED **");
    }
    shop.gives("CONFIG SET maxmemory 1", "OK");
    shop
}

#[test]
fn without_memory_nothing_is_taken_on() {
    let shop = exhausted();
    shop.fails("SECKILL.RESERVE sale w", "OOM");
    shop.fails("SECKILL.MRESERVE 2 cart1 cart2 w", "OOM");
    shop.fails("SECKILL.CREATE other STOCK 5", "OOM");
    shop.gives("EXISTS other", "0");
    shop.gives("SECKILL.STOCK sale", "95");
}

#[test]
fn without_memory_settling_goes_on() {
    let shop = exhausted();
    shop.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 1");
    shop.gives("SECKILL.RELEASE sale 2", "RELEASED 2 1");
    shop.gives("SECKILL.REFUND sale 4", "REFUNDED 4 1");
    shop.gives("SECKILL.VOID sale v REQUEST t PX 60000", "RELEASED 5 1");
    shop.gives("SECKILL.MCONFIRM 2 cart1 cart2 u REQUEST t", "CONFIRMED 1 1");
    shop.gives("SECKILL.MRELEASE 2 cart1 cart2 v REQUEST t", "RELEASED 2 2");
    wait_until("the hold expires", || events::count(&shop, "{short}:orders", "EXPIRED") == 1);
    shop.gives("SECKILL.STOCK sale short", "98 5");
    assert_eq!(events::count(&shop, "{sale}:orders", "CONFIRMED"), 2);
}

#[test]
fn without_memory_a_replica_still_obeys() {
    let pair = crate::harness::Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 100 PERUSER 0", "OK");
    pair.caught_up();
    pair.replica.gives("CONFIG SET maxmemory 1", "OK");
    for _ in 0..20 {
        pair.primary.reserve("sale u");
    }
    pair.same_digest();
}

#[test]
fn without_memory_the_log_is_loaded_again() {
    let mut shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 100 PERUSER 0", "OK");
    for _ in 0..20 {
        shop.reserve("sale u");
    }
    let digest = shop.digest();
    shop.gives("CONFIG SET maxmemory 1", "OK");
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest);
    shop.restart();
    assert_eq!(shop.digest(), digest);
}

fn usage(shop: &Server) -> i64 {
    shop.int("MEMORY USAGE sale SAMPLES 0")
}

#[test]
fn usage_grows_with_what_is_kept() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK -1 PERUSER 0", "OK");
    let empty = usage(&shop);
    assert!((1..20_000).contains(&empty), "an empty sale takes {empty} bytes");
    let commands: Vec<String> =
        (0..10_000).map(|n| format!("SECKILL.RESERVE sale customer-number-{n}")).collect();
    shop.pipeline(&commands);
    let plain = usage(&shop);
    assert!((200_000..5_000_000).contains(&plain), "10,000 reservations take {plain} bytes");
    let data = "d".repeat(1000);
    let commands: Vec<String> = (0..1000).map(|n| format!("SECKILL.RESERVE sale c{n} DATA {data}")).collect();
    shop.pipeline(&commands);
    let laden = usage(&shop);
    assert!(laden > plain + 1_000_000, "{plain} bytes became {laden} with a megabyte of data");
}

#[test]
fn usage_is_about_what_the_server_allots() {
    let shop = Server::start();
    let used = || shop.server_info("memory", "used_memory").parse::<i64>().expect("bytes");
    shop.gives("SECKILL.CREATE sale STOCK -1 PERUSER 0 HOLD 0", "OK");
    let before = used();
    let commands: Vec<String> =
        (0..30_000).map(|n| format!("SECKILL.RESERVE sale customer-number-{n}")).collect();
    shop.pipeline(&commands);
    let stream = shop.int("MEMORY USAGE {sale}:orders SAMPLES 0");
    let allotted = used() - before - stream;
    let told = usage(&shop);
    assert!(told * 2 > allotted && told < allotted * 2, "{told} bytes told, {allotted} allotted");
}

#[test]
fn a_big_sale_goes_without_harm() {
    for removal in ["UNLINK sale", "DEL sale", "FLUSHALL ASYNC", "FLUSHALL SYNC", "SET sale text"] {
        let shop = Server::start();
        shop.gives("SECKILL.CREATE sale STOCK -1 PERUSER 0 HOLD 60", "OK");
        let commands: Vec<String> =
            (0..20_000).map(|n| format!("SECKILL.RESERVE sale c{n} REQUEST t")).collect();
        shop.pipeline(&commands);
        shop.run(removal);
        wait_until("it is freed", || shop.server_info("memory", "lazyfree_pending_objects") == "0");
        shop.run("DEL sale {sale}:orders");
        shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
        shop.gives("SECKILL.RESERVE sale c1 REQUEST t", "RESERVED 1 @ 1");
    }
}
