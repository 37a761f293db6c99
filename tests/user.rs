//! `SECKILL.USER`.

use crate::harness::{Server, for_each_topology};

#[test]
fn a_user_sees_units_and_reservations() {
    let commands = [
        "SECKILL.CREATE sale STOCK 20 PERUSER 0",
        "SECKILL.RESERVE sale u QTY 3",
        "SECKILL.RESERVE sale v QTY 7",
        "SECKILL.RESERVE sale u QTY 2",
        "SECKILL.CONFIRM sale 3",
    ];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.USER sale u", "held 3 confirmed 2 waiting 0 reservations [1 3]");
        shop.gives("SECKILL.USER sale v", "held 7 confirmed 0 waiting 0 reservations [2]");
        shop.gives("SECKILL.USER sale nobody", "held 0 confirmed 0 waiting 0 reservations []");
    });
}

#[test]
fn refunded_units_are_not_the_users_any_more() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 20 PERUSER 0 HOLD 0", "OK");
    shop.gives("SECKILL.RESERVE sale u QTY 5", "CONFIRMED 1 5 15");
    shop.gives("SECKILL.REFUND sale 1 QTY 2 REQUEST a", "REFUNDED 1 2");
    assert_eq!(shop.field("SECKILL.USER sale u", "confirmed"), "3");
}

#[test]
fn no_sale_is_nil() {
    let shop = Server::start();
    shop.gives("SECKILL.USER none u", "nil");
}
