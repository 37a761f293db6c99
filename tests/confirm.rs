//! `SECKILL.CONFIRM`.

use crate::harness::{Server, events, for_each_topology, now_ms, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 10 PERUSER 0";

#[test]
fn paying_makes_an_order_once() {
    for_each_topology(&[CREATE, "SECKILL.RESERVE sale u QTY 3"], |shop| {
        shop.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 3");
        shop.unchanged("a repeated CONFIRM", || {
            shop.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 3");
            shop.gives("SECKILL.CONFIRM sale 1 LATE", "CONFIRMED 1 3");
        });
        let info = shop.map("SECKILL.INFO sale");
        let totals = ["stock_total", "available", "held", "confirmed"].map(|name| info[name].clone());
        assert_eq!(totals, ["10", "7", "0", "3"]);
        assert_eq!(events::kinds(shop, "{sale}:orders"), "RESERVED CONFIRMED");
    });
}

#[test]
fn what_ended_cannot_be_paid() {
    let commands = [
        CREATE,
        "SECKILL.RESERVE sale u",
        "SECKILL.RESERVE sale u",
        "SECKILL.RELEASE sale 1",
        "SECKILL.CONFIRM sale 2",
        "SECKILL.REFUND sale 2",
    ];
    for_each_topology(&commands, |shop| {
        shop.unchanged("a refused CONFIRM", || {
            for late in ["", " LATE"] {
                shop.gives(&format!("SECKILL.CONFIRM sale 1{late}"), "RELEASED 1");
                shop.gives(&format!("SECKILL.CONFIRM sale 2{late}"), "REFUNDED 2");
                shop.gives(&format!("SECKILL.CONFIRM sale 3{late}"), "NOTFOUND");
                shop.gives(&format!("SECKILL.CONFIRM sale 9223372036854775807{late}"), "NOTFOUND");
                shop.gives(&format!("SECKILL.CONFIRM none 1{late}"), "NOSALE");
            }
        });
    });
}

#[test]
fn a_late_payment_takes_the_units_again() {
    for_each_topology(&[CREATE], |shop| {
        let id = expired(shop, "u QTY 4");
        shop.unchanged("a refused CONFIRM", || {
            shop.gives(&format!("SECKILL.CONFIRM sale {id}"), "EXPIRED #");
        });
        shop.gives(&format!("SECKILL.CONFIRM sale {id} LATE"), "CONFIRMED # 4");
        shop.gives(&format!("SECKILL.CONFIRM sale {id}"), "CONFIRMED # 4");
        shop.gives("SECKILL.STOCK sale", "6");
        assert_eq!(events::kinds(shop, "{sale}:orders"), "RESERVED EXPIRED CONFIRMED");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}

#[test]
fn a_late_payment_without_stock_is_sold_out() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 PERUSER 0", "OK");
    let id = expired(&shop, "u QTY 3");
    shop.reserve("sale v QTY 2");
    shop.unchanged("a refused CONFIRM", || {
        shop.gives(&format!("SECKILL.CONFIRM sale {id} LATE"), "SOLDOUT **");
    });
}

#[test]
fn a_late_payment_asks_for_stock_and_not_for_quota() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 PERUSER 1", "OK");
    let id = expired(&shop, "u");
    shop.reserve("sale u");
    shop.gives(&format!("SECKILL.CONFIRM sale {id} LATE"), "CONFIRMED # 1");
    let user = shop.map("SECKILL.USER sale u");
    assert_eq!((user["held"].as_str(), user["confirmed"].as_str()), ("1", "1"));
}

#[test]
fn in_the_days_of_grace_a_payment_is_accepted() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 HOLD 30 GRACE 600000", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED 1 @ 3", 2);
    wait_until("the deadline has passed", || now_ms() > deadline + 20);
    shop.gives("SECKILL.STOCK sale", "3");
    shop.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 1");
}

/// A hold that has expired, in a sale whose holds are long.
fn expired(shop: &Server, arguments: &str) -> i64 {
    shop.gives("SECKILL.ALTER sale HOLD 30", "OK");
    let id = shop.reserve(&format!("sale {arguments}"));
    wait_until("the hold expires", || events::count(shop, "{sale}:orders", "EXPIRED") == 1);
    shop.gives("SECKILL.ALTER sale HOLD 900000", "OK");
    id
}
