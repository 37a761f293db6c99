//! `SECKILL.REFUND`.

use crate::harness::{Server, events, for_each_topology, wait_until};

const ORDERED: [&str; 3] =
    ["SECKILL.CREATE sale STOCK 10 PERUSER 5", "SECKILL.RESERVE sale u QTY 5", "SECKILL.CONFIRM sale 1"];

#[test]
fn all_of_it_comes_back_once() {
    for_each_topology(&ORDERED, |shop| {
        shop.gives("SECKILL.REFUND sale 1", "REFUNDED 1 5");
        shop.unchanged("a repeated REFUND", || shop.gives("SECKILL.REFUND sale 1", "REFUNDED 1 **"));
        shop.gives("SECKILL.STOCK sale", "10");
        assert_eq!(shop.field("SECKILL.INFO sale", "confirmed"), "0");
        shop.gives("SECKILL.RESERVE sale u QTY 5", "RESERVED # @ 5");
    });
}

#[test]
fn parts_come_back_each_under_its_token() {
    for_each_topology(&[&ORDERED[..], &["SECKILL.REFUND sale 1 QTY 2 REQUEST a"]].concat(), |shop| {
        shop.gives("SECKILL.STOCK sale", "7");
        let shown = shop.text("SECKILL.GET sale 1");
        assert!(shown.contains("state CONFIRMED") && shown.contains("refunded 2"), "{shown}");
        shop.unchanged("a repeated part", || {
            shop.gives("SECKILL.REFUND sale 1 QTY 2 REQUEST a", "REFUNDED 1 2")
        });
        shop.unchanged("a part of more than is left", || {
            shop.gives("SECKILL.REFUND sale 1 QTY 4 REQUEST b", "SHORT 3");
        });
        shop.gives("SECKILL.REFUND sale 1 QTY 1 REQUEST b", "REFUNDED 1 3");
        shop.gives("SECKILL.REFUND sale 1 QTY 2 REQUEST a", "REFUNDED 1 3");
        shop.gives("SECKILL.REFUND sale 1 QTY 2 REQUEST c", "REFUNDED 1 5");
        shop.gives("SECKILL.REFUND sale 1 QTY 1 REQUEST d", "SHORT 0");
        shop.gives("SECKILL.REFUND sale 1 QTY 2 REQUEST c", "REFUNDED 1 5");
        assert!(shop.text("SECKILL.GET sale 1").contains("state REFUNDED"));
        shop.gives("SECKILL.STOCK sale", "10");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}

#[test]
fn what_is_left_comes_back_without_a_token() {
    for_each_topology(&[&ORDERED[..], &["SECKILL.REFUND sale 1 QTY 2 REQUEST a"]].concat(), |shop| {
        shop.gives("SECKILL.REFUND sale 1", "REFUNDED 1 5");
        shop.gives("SECKILL.STOCK sale", "10");
        let last = events::all(shop, "{sale}:orders").pop().expect("an event");
        assert_eq!((last.get("ev"), last.get("qty")), ("REFUNDED", "3"));
    });
}

#[test]
fn refunded_units_free_the_quota_but_need_not_be_sold_again() {
    for_each_topology(&ORDERED, |shop| {
        shop.gives("SECKILL.REFUND sale 1 QTY 4 REQUEST a NORESTOCK", "REFUNDED 1 4");
        let info = shop.map("SECKILL.INFO sale");
        let totals = ["stock_total", "available", "confirmed"].map(|name| info[name].clone());
        assert_eq!(totals, ["6", "5", "1"]);
        shop.gives("SECKILL.RESERVE sale u QTY 4", "RESERVED # @ 1");
        shop.gives("SECKILL.REFUND sale 1 NORESTOCK", "REFUNDED 1 5");
        assert_eq!(shop.field("SECKILL.INFO sale", "stock_total"), "5");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}

#[test]
fn the_same_part_token_with_another_quantity_is_a_mismatch() {
    for_each_topology(&[&ORDERED[..], &["SECKILL.REFUND sale 1 QTY 2 REQUEST a"]].concat(), |shop| {
        shop.unchanged("a mismatch", || shop.fails("SECKILL.REFUND sale 1 QTY 3 REQUEST a", "MISMATCH"));
    });
}

#[test]
fn a_part_needs_a_token_and_a_token_a_part() {
    let shop = Server::start();
    ORDERED.iter().for_each(|command| shop.gives(*command, "**"));
    shop.unchanged("a refused REFUND", || {
        shop.fails("SECKILL.REFUND sale 1 QTY 2", "ERR");
        shop.fails("SECKILL.REFUND sale 1 REQUEST a", "ERR");
    });
}

#[test]
fn only_an_order_is_refunded() {
    let commands = [
        "SECKILL.CREATE sale STOCK 10 PERUSER 0",
        "SECKILL.RESERVE sale u",
        "SECKILL.RESERVE sale u",
        "SECKILL.RELEASE sale 2",
    ];
    for_each_topology(&commands, |shop| {
        shop.unchanged("a refused REFUND", || {
            for part in ["", " QTY 1 REQUEST a"] {
                shop.gives(&format!("SECKILL.REFUND sale 1{part}"), "HELD 1");
                shop.gives(&format!("SECKILL.REFUND sale 2{part}"), "RELEASED 2");
                shop.gives(&format!("SECKILL.REFUND sale 3{part}"), "NOTFOUND");
                shop.gives(&format!("SECKILL.REFUND none 3{part}"), "NOSALE");
            }
        });
    });
}

#[test]
fn an_expired_hold_has_nothing_to_refund() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 30", "OK");
    shop.reserve("sale u");
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    shop.unchanged("a refused REFUND", || shop.gives("SECKILL.REFUND sale 1", "EXPIRED 1"));
}

#[test]
fn an_unlimited_sale_refunds_too() {
    let commands = [
        "SECKILL.CREATE sale STOCK -1 PERUSER 0",
        "SECKILL.RESERVE sale u QTY 5",
        "SECKILL.CONFIRM sale 1",
        "SECKILL.REFUND sale 1 QTY 2 REQUEST a NORESTOCK",
    ];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.REFUND sale 1", "REFUNDED 1 5");
        shop.gives("SECKILL.STOCK sale", "-1");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}
