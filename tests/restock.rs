//! `SECKILL.RESTOCK`.

use crate::harness::{Server, events, for_each_topology};

#[test]
fn units_come_and_go() {
    for_each_topology(&["SECKILL.CREATE sale STOCK 10", "SECKILL.RESERVE sale u1"], |shop| {
        shop.gives("SECKILL.RESTOCK sale 5", "RESTOCKED 14 15");
        shop.gives("SECKILL.RESTOCK sale -4", "RESTOCKED 10 11");
        shop.gives("SECKILL.RESTOCK sale -11", "SHORT 10");
        shop.gives("SECKILL.RESTOCK sale -10", "RESTOCKED 0 1");
        shop.gives("SECKILL.RESTOCK sale -1", "SHORT 0");
        shop.gives("SECKILL.RESERVE sale u2", "SOLDOUT 1");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}

#[test]
fn a_token_counts_once_and_answers_the_same() {
    let commands = [
        "SECKILL.CREATE sale STOCK 10",
        "SECKILL.RESTOCK sale 5 REQUEST t1",
        "SECKILL.RESTOCK sale -3 REQUEST t2",
    ];
    for_each_topology(&commands, |shop| {
        shop.unchanged("a repeated RESTOCK", || {
            shop.gives("SECKILL.RESTOCK sale 5 REQUEST t1", "RESTOCKED 15 15");
            shop.gives("SECKILL.RESTOCK sale -3 REQUEST t2", "RESTOCKED 12 12");
            shop.fails("SECKILL.RESTOCK sale 6 REQUEST t1", "MISMATCH");
        });
        shop.gives("SECKILL.RESTOCK sale 5", "RESTOCKED 17 17");
        shop.gives("SECKILL.RESTOCK sale 5 REQUEST t1", "RESTOCKED 15 15");
    });
}

#[test]
fn a_shortage_does_not_use_the_token_up() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 3", "OK");
    shop.gives("SECKILL.RESTOCK sale -5 REQUEST t", "SHORT 3");
    shop.gives("SECKILL.RESTOCK sale 10", "RESTOCKED 13 13");
    shop.gives("SECKILL.RESTOCK sale -5 REQUEST t", "RESTOCKED 8 8");
}

#[test]
fn one_event_tells_of_each() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 3", "OK");
    shop.gives("SECKILL.RESTOCK sale 4 REQUEST t", "RESTOCKED 7 7");
    shop.gives("SECKILL.RESTOCK sale 4 REQUEST t", "RESTOCKED 7 7");
    shop.gives("SECKILL.RESTOCK sale -2", "RESTOCKED 5 5");
    shop.gives("SECKILL.RESTOCK sale -20", "SHORT 5");
    let events = events::all(&shop, "{sale}:orders");
    let told: Vec<String> = events.iter().map(events::Event::values).collect();
    assert_eq!(told, ["RESTOCKED sale 0-1 0 \"\" 4 0", "RESTOCKED sale 0-2 0 \"\" -2 0"]);
}

#[test]
fn an_unlimited_sale_has_no_stock_to_change() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK -1", "OK");
    shop.unchanged("a refused RESTOCK", || shop.fails("SECKILL.RESTOCK sale 5", "ERR"));
}

#[test]
fn the_stock_stays_in_its_range() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 9007199254740992", "OK");
    shop.unchanged("a refused RESTOCK", || {
        shop.fails("SECKILL.RESTOCK sale 1", "ERR");
        shop.fails("SECKILL.RESTOCK sale 9223372036854775807", "ERR");
        shop.fails("SECKILL.RESTOCK sale -9223372036854775808", "ERR");
    });
    shop.gives("SECKILL.RESTOCK sale -9007199254740992", "RESTOCKED 0 0");
}

#[test]
fn no_sale_is_a_reply() {
    let shop = Server::start();
    shop.gives("SECKILL.RESTOCK none 5", "NOSALE");
    shop.gives("EXISTS none", "0");
}
