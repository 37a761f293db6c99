//! `SECKILL.CURVE`.

use crate::harness::{Client, Server, now_ms};

/// Sums of the columns `requests reserved soldout limited duplicate other`.
fn sums(shop: &Client, options: &str) -> [i64; 6] {
    let reply = shop.text(&format!("SECKILL.CURVE sale{options}"));
    let mut sums = [0; 6];
    let rows = reply.split(']').map(|row| row.trim().trim_start_matches('[')).filter(|row| !row.is_empty());
    for row in rows {
        let row: Vec<i64> = row.split_whitespace().map(|cell| cell.parse().expect("a number")).collect();
        assert_eq!(row.len(), 7, "second and six counts: {row:?}");
        assert!((row[0] - now_ms() / 1000).abs() <= 600, "{} is one of the last seconds", row[0]);
        sums.iter_mut().zip(&row[1..]).for_each(|(sum, cell)| *sum += cell);
    }
    sums
}

#[test]
fn every_request_is_in_the_curve_by_its_outcome() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
    for user in ["a", "b", "a", "a", "c"] {
        shop.run(&format!("SECKILL.RESERVE sale {user}"));
    }
    shop.gives("SECKILL.ALTER sale STATE PAUSED", "OK");
    shop.gives("SECKILL.RESERVE sale d", "PAUSED");
    assert_eq!(sums(&shop, " SECONDS 600"), [6, 2, 1, 0, 2, 1]);
    assert_eq!(sums(&shop, ""), [6, 2, 1, 0, 2, 1]);
}

#[test]
fn the_curve_is_kept_in_memory_only() {
    let mut shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
    shop.unchanged("a refused RESERVE", || shop.gives("SECKILL.RESERVE sale a QTY 2", "DUPLICATE **"));
    assert_eq!(sums(&shop, "")[0], 1);
    shop.restart();
    assert_eq!(sums(&shop, "")[0], 0);
}

#[test]
fn no_sale_is_nil_and_seconds_have_a_range() {
    let shop = Server::start();
    shop.gives("SECKILL.CURVE none", "nil");
    shop.gives("SECKILL.CREATE sale STOCK 2", "OK");
    for seconds in ["0", "-1", "601", "x"] {
        shop.fails(&format!("SECKILL.CURVE sale SECONDS {seconds}"), "ERR");
    }
}
