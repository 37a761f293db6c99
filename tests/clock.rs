//! Clocks that jump.

use crate::harness::{Server, events, now_ms, wait_until};

const HOUR: i64 = 3_600_000;
const STREAM: &str = "{sale}:orders";

/// The server's time in milliseconds.
fn server_now(shop: &Server) -> i64 {
    let time = shop.text("TIME");
    let (seconds, micros) = time.split_once(' ').expect("seconds and microseconds");
    let number = |word: &str| word.trim_matches('"').parse::<i64>().expect("a number");
    number(seconds) * 1000 + number(micros) / 1000
}

/// Sets the clock and waits until the server sees it.
pub fn step(shop: &Server, ms: i64) {
    shop.clock().set(ms);
    wait_until("the server sees its new clock", || (server_now(shop) - now_ms() - ms).abs() < 30_000);
}

#[test]
fn a_clock_set_forward_ends_holds() {
    let shop = Server::with_clock(&[]);
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 900000", "OK");
    shop.reserve("sale u");
    step(&shop, HOUR);
    shop.gives("SECKILL.STOCK sale", "5");
    wait_until("the hold expires", || events::kinds(&shop, STREAM) == "RESERVED EXPIRED");
}

#[test]
fn a_clock_set_back_never_brings_an_expired_hold_back() {
    let shop = Server::with_clock(&["appendonly yes", "aof-use-rdb-preamble no"]);
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 40", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 4");
    wait_until("the hold expires", || events::kinds(&shop, STREAM) == "RESERVED EXPIRED");
    step(&shop, -HOUR);
    shop.unchanged("a clock set back", || {
        shop.gives("SECKILL.STOCK sale", "5");
        shop.gives("SECKILL.CONFIRM sale 1", "EXPIRED 1");
        shop.gives("SECKILL.RESERVE sale u REQUEST t", "EXPIRED 1");
        shop.gives("SECKILL.GET sale 1", "[** state EXPIRED **]");
    });
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 2 @ 4");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    let digest = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest, "what was decided under either clock is replayed");
}

#[test]
fn sales_go_on_while_the_clock_jumps() {
    let shop = Server::with_clock(&[]);
    shop.gives("SECKILL.CREATE sale STOCK 5 PERUSER 0", "OK");
    shop.reserve("sale u");
    step(&shop, -HOUR);
    for _ in 0..3 {
        shop.reserve("sale u");
    }
    step(&shop, 0);
    shop.gives("SECKILL.RELEASE sale 2", "RELEASED 2 1");
    let told = events::all(&shop, STREAM);
    events::assert_gapless(&told, "sale");
    assert_eq!(told.len(), 5);
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
}
