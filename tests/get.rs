//! `SECKILL.GET`.

use crate::harness::words::with;
use crate::harness::{Server, for_each_topology, now_ms};

#[test]
fn a_reservation_is_shown_as_it_is() {
    let commands = [
        "SECKILL.CREATE sale STOCK 20 PERUSER 0 HOLD 60000",
        "SECKILL.RESERVE sale alice QTY 3 DATA red",
        "SECKILL.RESERVE sale bob QTY 2",
        "SECKILL.CONFIRM sale 2",
        "SECKILL.RESERVE sale carol",
        "SECKILL.RELEASE sale 3",
    ];
    for_each_topology(&commands, |shop| {
        let held = "[id 1 user alice qty 3 state HELD deadline @ created @ data red **]";
        let confirmed = "[id 2 user bob qty 2 state CONFIRMED deadline * created @ data * **]";
        let released = "[id 3 user carol qty 1 state RELEASED deadline * created @ data * **]";
        shop.gives("SECKILL.GET sale 1", held);
        shop.gives("SECKILL.GET sale 3 1 9 2", &format!("{released} {held} nil {confirmed}"));
    });
}

#[test]
fn the_deadline_is_a_hold_after_the_reservation() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 2 HOLD 60000 GRACE 500", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED 1 @ 1", 2);
    let shown = shop.text("SECKILL.GET sale 1");
    assert!(shown.contains(&format!("deadline {deadline} created {}", deadline - 60_000)), "{shown}");
    assert!((now_ms() - (deadline - 60_000)).abs() < 60_000);
}

#[test]
fn users_and_data_are_bytes() {
    let every: Vec<u8> = (0..=254).collect();
    let data: Vec<u8> = every.iter().cycle().take(4096).copied().collect();
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives(&with("SECKILL.RESERVE sale", &[&every, b"DATA", &data]), "RESERVED 1 @ 4");
    for _ in 0..2 {
        let shown = shop.text("SECKILL.GET sale 1");
        assert!(shown.contains(&format!("\"{}\"", every.escape_ascii())), "the user is whole");
        assert!(shown.contains(&format!("\"{}\"", data.escape_ascii())), "the data are whole");
        shop.gives("DEBUG RELOAD", "OK");
    }
}

#[test]
fn no_sale_has_no_reservations() {
    let shop = Server::start();
    shop.gives("SECKILL.GET none 1 2", "nil nil");
}
