//! `SECKILL.STOCK`.

use crate::harness::{Server, for_each_topology, now_ms, wait_until};

#[test]
fn every_sale_is_told_in_the_order_asked_for() {
    let commands = [
        "SECKILL.CREATE a STOCK 5",
        "SECKILL.CREATE b STOCK -1",
        "SECKILL.CREATE c STOCK 0",
        "SECKILL.RESERVE a u",
        "SECKILL.RESERVE b u",
    ];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.STOCK a", "4");
        shop.gives("SECKILL.STOCK b none c a b a", "-1 nil 0 4 -1 4");
    });
}

#[test]
fn a_hold_that_is_due_reads_as_free_and_reading_changes_nothing() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 300", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED 1 @ 4", 2);
    // Without its stream a sale cannot tell of the expiry, so the hold stays due.
    shop.gives("DEL {sale}:orders", "1");
    wait_until("the deadline has passed", || now_ms() > deadline + 20);
    shop.unchanged("reading", || {
        shop.gives("SECKILL.STOCK sale", "5");
        let info = shop.map("SECKILL.INFO sale");
        assert_eq!((info["available"].as_str(), info["held"].as_str()), ("5", "0"));
        shop.gives("SECKILL.USER sale u", "held 0 **");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}

#[test]
fn a_key_of_another_type_is_an_error() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE a STOCK 5", "OK");
    shop.gives("SET text x", "OK");
    shop.fails("SECKILL.STOCK a text", "WRONGTYPE");
}
