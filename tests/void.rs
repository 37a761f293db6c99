//! `SECKILL.VOID`.

use crate::harness::{Server, events, for_each_topology, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 10 PERUSER 0";
const VOID: &str = "SECKILL.VOID sale u REQUEST t PX 600000";

#[test]
fn a_request_that_comes_too_late_is_void() {
    for_each_topology(&[CREATE, VOID], |shop| {
        shop.unchanged("a voided RESERVE", || shop.gives("SECKILL.RESERVE sale u REQUEST t", "VOIDED"));
        shop.gives(VOID, "VOIDED");
        shop.gives("SECKILL.RESERVE sale v REQUEST t", "RESERVED # @ 9");
        shop.gives("SECKILL.RESERVE sale u REQUEST t2", "RESERVED # @ 8");
        shop.gives("SECKILL.RESERVE sale u QTY 3 REQUEST t", "VOIDED");
    });
}

#[test]
fn a_hold_that_was_taken_is_released() {
    for_each_topology(&[CREATE, "SECKILL.RESERVE sale u QTY 4 REQUEST t"], |shop| {
        shop.gives(VOID, "RELEASED 1 4");
        shop.gives("SECKILL.STOCK sale", "10");
        shop.unchanged("what comes after", || {
            shop.gives(VOID, "RELEASED 1 **");
            shop.gives("SECKILL.RESERVE sale u QTY 4 REQUEST t", "RELEASED 1");
        });
        assert_eq!(events::kinds(shop, "{sale}:orders"), "RESERVED RELEASED");
    });
}

#[test]
fn an_order_stands() {
    let commands = [CREATE, "SECKILL.RESERVE sale u REQUEST t", "SECKILL.CONFIRM sale 1"];
    for_each_topology(&commands, |shop| {
        shop.unchanged("a VOID of an order", || shop.gives(VOID, "CONFIRMED 1"));
    });
    for_each_topology(&[&commands[..], &["SECKILL.REFUND sale 1"]].concat(), |shop| {
        shop.unchanged("a VOID of a refunded order", || shop.gives(VOID, "REFUNDED 1"));
    });
}

#[test]
fn a_void_ends_by_itself() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.VOID sale u REQUEST t PX 100", "VOIDED");
    wait_until("the request is welcome again", || {
        let reply = shop.text("SECKILL.RESERVE sale u REQUEST t");
        assert!(reply == "VOIDED" || reply.starts_with("RESERVED 1 "), "{reply}");
        reply != "VOIDED"
    });
}

#[test]
fn an_expired_hold_is_told_so() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 30", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 4");
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    shop.unchanged("a VOID of an expired hold", || shop.gives(VOID, "EXPIRED 1"));
}

#[test]
fn a_void_tells_no_event_and_no_sale_is_a_reply() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives(VOID, "VOIDED");
    shop.gives("XLEN {sale}:orders", "0");
    shop.gives("SECKILL.VOID none u REQUEST t PX 1000", "NOSALE");
    shop.gives("EXISTS none", "0");
}

#[test]
fn token_and_time_are_asked_for() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.unchanged("a refused VOID", || {
        shop.fails("SECKILL.VOID sale u", "ERR");
        shop.fails("SECKILL.VOID sale u REQUEST t", "ERR");
        shop.fails("SECKILL.VOID sale u PX 1000", "ERR");
    });
}
