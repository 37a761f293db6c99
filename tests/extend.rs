//! `SECKILL.EXTEND`.

use crate::harness::{Server, events, for_each_topology, now_ms, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 5 PERUSER 0 HOLD 60000";

#[test]
fn a_hold_lasts_longer_and_never_shorter() {
    for_each_topology(&[CREATE, "SECKILL.RESERVE sale u REQUEST t"], |shop| {
        let before = now_ms();
        let deadline = shop.number("SECKILL.EXTEND sale 1 PX 300000", "EXTENDED @", 1);
        assert!((before + 300_000..=now_ms() + 300_000).contains(&deadline));
        shop.unchanged("an EXTEND to an earlier time", || {
            shop.gives("SECKILL.EXTEND sale 1 PX 1000", &format!("EXTENDED {deadline}"));
        });
        shop.gives("SECKILL.RESERVE sale u REQUEST t", &format!("RESERVED 1 {deadline} 4"));
        assert_eq!(events::kinds(shop, "{sale}:orders"), "RESERVED EXTENDED");
        let told = events::all(shop, "{sale}:orders").pop().expect("an event");
        assert_eq!(told.get("deadline"), deadline.to_string());
    });
}

#[test]
fn the_cap_counts_from_the_reservation() {
    let create = "SECKILL.CREATE sale STOCK 5 HOLD 60000 MAXHOLD 90000";
    for_each_topology(&[create, "SECKILL.RESERVE sale u"], |shop| {
        let created = shop.number("SECKILL.GET sale 1", "[** created @ **]", created_at(shop));
        let cap = created + 90_000;
        shop.gives("SECKILL.EXTEND sale 1 PX 80000000", &format!("CAPPED {cap}"));
        shop.unchanged("an EXTEND beyond the cap", || {
            shop.gives("SECKILL.EXTEND sale 1 PX 80000000", &format!("CAPPED {cap}"));
        });
    });
}

/// Where the value of `created` stands in the reply of GET.
fn created_at(shop: &Server) -> usize {
    let text = shop.text("SECKILL.GET sale 1");
    text.split_whitespace().position(|word| word == "created").expect("GET shows created") + 1
}

#[test]
fn an_extended_hold_expires_at_its_new_deadline() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 1000", "OK");
    let first = shop.number("SECKILL.RESERVE sale u", "RESERVED 1 @ 4", 2);
    let second = shop.number("SECKILL.EXTEND sale 1 PX 1600", "EXTENDED @", 1);
    wait_until("the first deadline has passed", || now_ms() > first + 50);
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    let expired = events::all(&shop, "{sale}:orders").pop().expect("an event");
    let at: i64 = expired.entry.split('-').next().and_then(|ms| ms.parse().ok()).expect("an entry's time");
    assert!(at >= second, "it expired at {at}, before {second}");
}

#[test]
fn only_a_hold_is_extended() {
    let commands = [
        CREATE,
        "SECKILL.RESERVE sale u",
        "SECKILL.RESERVE sale u",
        "SECKILL.RESERVE sale u",
        "SECKILL.CONFIRM sale 1",
        "SECKILL.RELEASE sale 2",
        "SECKILL.CONFIRM sale 3",
        "SECKILL.REFUND sale 3",
    ];
    for_each_topology(&commands, |shop| {
        shop.unchanged("a refused EXTEND", || {
            shop.gives("SECKILL.EXTEND sale 1 PX 900000", "CONFIRMED 1 **");
            shop.gives("SECKILL.EXTEND sale 2 PX 900000", "RELEASED 2 **");
            shop.gives("SECKILL.EXTEND sale 3 PX 900000", "REFUNDED 3 **");
            shop.gives("SECKILL.EXTEND sale 4 PX 900000", "NOTFOUND");
            shop.gives("SECKILL.EXTEND none 1 PX 900000", "NOSALE");
        });
    });
}

#[test]
fn an_expired_hold_stays_so() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 30", "OK");
    shop.reserve("sale u");
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    shop.unchanged("a refused EXTEND", || shop.gives("SECKILL.EXTEND sale 1 PX 9000", "EXPIRED 1"));
}
