//! `SECKILL.INFO`.

use crate::harness::reply::pairs;
use crate::harness::{Server, for_each_topology, now_ms};

#[test]
fn the_totals_always_add_up() {
    let commands = [
        "SECKILL.CREATE sale STOCK 20 PERUSER 0",
        "SECKILL.RESERVE sale u QTY 3",
        "SECKILL.RESERVE sale v QTY 4",
        "SECKILL.CONFIRM sale 2",
        "SECKILL.RESERVE sale w QTY 5",
        "SECKILL.RELEASE sale 3",
        "SECKILL.REFUND sale 2 QTY 1 REQUEST a",
    ];
    for_each_topology(&commands, |shop| {
        let info = shop.map("SECKILL.INFO sale");
        let names =
            ["stock_total", "available", "held", "confirmed", "offered", "waiting", "users", "reservations"];
        let totals = names.map(|name| info[name].clone());
        assert_eq!(totals[..6], ["20", "14", "3", "3", "0", "0"]);
        assert_eq!(totals[7], "3");
        assert_eq!((info["epoch"].as_str(), info["seq"].as_str()), ("0", "6"));
    });
}

#[test]
fn the_state_is_that_of_the_moment() {
    let shop = Server::start();
    let (past, future) = (now_ms() - 10_000, now_ms() + 3_600_000);
    shop.gives("SECKILL.CREATE sale STOCK 20", "OK");
    let state = || shop.field("SECKILL.INFO sale", "state");
    assert_eq!(state(), "OPEN");
    for stop in ["PAUSED", "CLOSED"] {
        shop.gives(&format!("SECKILL.ALTER sale STATE {stop}"), "OK");
        assert_eq!(state(), stop);
    }
    shop.gives(&format!("SECKILL.ALTER sale STATE OPEN START {future}"), "OK");
    shop.gives("SECKILL.RESERVE sale u", "NOTOPEN **");
    shop.gives(&format!("SECKILL.ALTER sale START 0 END {past}"), "OK");
    shop.gives("SECKILL.RESERVE sale u", "ENDED");
}

#[test]
fn outcomes_are_counted_since_this_process_began() {
    let mut shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
    for user in ["a", "b", "a", "a", "c"] {
        shop.run(&format!("SECKILL.RESERVE sale {user}"));
    }
    shop.gives("SECKILL.ALTER sale STATE CLOSED", "OK");
    shop.gives("SECKILL.RESERVE sale d", "ENDED");
    shop.gives(&format!("SECKILL.ALTER sale STATE OPEN START {}", now_ms() + 900_000), "OK");
    shop.gives("SECKILL.RESERVE sale d", "NOTOPEN **");
    let names = ["requests", "reserved", "duplicate", "soldout", "limited", "notopen", "ended"];
    let counted = |shop: &Server| {
        let info = shop.map("SECKILL.INFO sale");
        names.map(|name| info[name].parse::<u64>().expect("a count"))
    };
    assert_eq!(counted(&shop), [7, 2, 2, 1, 0, 1, 1]);
    shop.restart();
    assert_eq!(counted(&shop), [0; 7]);
}

#[test]
fn no_sale_is_nil() {
    let shop = Server::start();
    shop.gives("SECKILL.INFO none", "nil");
}

#[test]
fn memory_grows_with_the_reservations() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK -1 PERUSER 0", "OK");
    let used = || shop.field("SECKILL.INFO sale", "memory").parse::<u64>().expect("bytes");
    let empty = used();
    let commands: Vec<String> = (0..2000).map(|n| format!("SECKILL.RESERVE sale customer-{n}")).collect();
    shop.pipeline(&commands);
    assert!(used() > empty + 2000 * 20, "{empty} bytes became {}", used());
}

#[test]
fn every_documented_name_is_there_once() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
    let names: Vec<String> =
        pairs(&shop.run("SECKILL.INFO sale")).into_iter().map(|(name, _)| name).collect();
    let documented = "state now start end stock_total available held confirmed offered waiting users reservations \
                      epoch seq stream group hold grace maxhold peruser requests reserved duplicate soldout limited \
                      notopen ended refused memory";
    for name in documented.split_whitespace() {
        assert_eq!(names.iter().filter(|known| *known == name).count(), 1, "{name} in {names:?}");
    }
}
