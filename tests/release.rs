//! `SECKILL.RELEASE`.

use crate::harness::{Server, events, for_each_topology, wait_until};

#[test]
fn releasing_gives_the_units_back_once() {
    let commands =
        ["SECKILL.CREATE sale STOCK 5", "SECKILL.ALTER sale PERUSER 0", "SECKILL.RESERVE sale u QTY 5"];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.RESERVE sale v", "SOLDOUT 5");
        shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 5");
        shop.unchanged("a repeated RELEASE", || shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 5"));
        shop.gives("SECKILL.STOCK sale", "5");
        shop.gives("SECKILL.RESERVE sale v", "RESERVED # @ 4");
        assert_eq!(events::kinds(shop, "{sale}:orders"), "RESERVED RELEASED RESERVED");
    });
}

#[test]
fn what_is_no_hold_is_not_released() {
    let commands = [
        "SECKILL.CREATE sale STOCK 5 PERUSER 0",
        "SECKILL.RESERVE sale u",
        "SECKILL.RESERVE sale u",
        "SECKILL.CONFIRM sale 1",
        "SECKILL.CONFIRM sale 2",
        "SECKILL.REFUND sale 2",
    ];
    for_each_topology(&commands, |shop| {
        shop.unchanged("a refused RELEASE", || {
            shop.gives("SECKILL.RELEASE sale 1", "CONFIRMED 1");
            shop.gives("SECKILL.RELEASE sale 2", "REFUNDED 2");
            shop.gives("SECKILL.RELEASE sale 3", "NOTFOUND");
            shop.gives("SECKILL.RELEASE none 1", "NOSALE");
        });
    });
}

#[test]
fn an_expired_hold_is_not_released_again() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 30", "OK");
    shop.reserve("sale u");
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    shop.unchanged("a refused RELEASE", || shop.gives("SECKILL.RELEASE sale 1", "EXPIRED 1"));
    shop.gives("SECKILL.STOCK sale", "5");
}
