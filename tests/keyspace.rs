//! Keyspace events `soldout` and `available`.

use crate::harness::reply::text;
use crate::harness::{Client, Server, for_each_topology};

/// What is published about the sale while `act` runs; a later message of the test's own ends it.
fn published(shop: &Server, act: impl FnOnce()) -> String {
    let listener = shop.client();
    assert!(text(&listener.run("SUBSCRIBE __keyspace@0__:sale end")).starts_with("subscribe"));
    listener.read();
    act();
    shop.gives("PUBLISH end now", "1");
    heard(&listener).join(" ")
}

fn heard(listener: &Client) -> Vec<String> {
    let mut words = Vec::new();
    loop {
        let message = text(&listener.read());
        let mut parts = message.split_whitespace().skip(1);
        match (parts.next(), parts.next()) {
            (Some("end"), _) => return words,
            (_, Some(word)) if word == "soldout" || word == "available" => words.push(word.to_owned()),
            _ => {}
        }
    }
}

#[test]
fn the_turns_of_the_stock_are_published_once() {
    for_each_topology(&["SECKILL.CREATE sale STOCK 2 PERUSER 0"], |shop| {
        shop.gives("CONFIG SET notify-keyspace-events KEAd", "OK");
        let heard = published(shop, || {
            shop.reserve("sale u");
            let last = shop.reserve("sale u");
            shop.gives("SECKILL.RESERVE sale u", "SOLDOUT **");
            shop.gives("SECKILL.RESERVE sale v", "SOLDOUT **");
            shop.gives(&format!("SECKILL.RELEASE sale {last}"), "RELEASED # 1");
            shop.gives("SECKILL.RESTOCK sale 1", "RESTOCKED 2 3");
            shop.gives("SECKILL.RESERVE sale v QTY 2", "RESERVED # @ 0");
            shop.gives("SECKILL.RESTOCK sale 1", "RESTOCKED 1 4");
            shop.gives("SECKILL.RESTOCK sale -1", "RESTOCKED 0 3");
        });
        assert_eq!(heard, "soldout available soldout available soldout");
    });
}

#[test]
fn an_expiry_publishes_too() {
    let shop = Server::with(&["notify-keyspace-events KEAd"]);
    shop.gives("SECKILL.CREATE sale STOCK 1 HOLD 60", "OK");
    let heard = published(&shop, || {
        shop.reserve("sale u");
        crate::harness::wait_until("the hold expires", || shop.int("XLEN {sale}:orders") == 2);
    });
    assert_eq!(heard, "soldout available");
}

#[test]
fn an_unlimited_sale_has_no_turns() {
    let shop = Server::with(&["notify-keyspace-events KEAd"]);
    shop.gives("SECKILL.CREATE sale STOCK -1", "OK");
    let heard = published(&shop, || {
        let id = shop.reserve("sale u");
        shop.gives(&format!("SECKILL.RELEASE sale {id}"), "RELEASED # 1");
    });
    assert_eq!(heard, "");
}

#[test]
fn the_stream_publishes_its_entries() {
    let shop = Server::with(&["notify-keyspace-events KEA"]);
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    let listener = shop.client();
    listener.run("SUBSCRIBE __keyspace@0__:{sale}:orders");
    shop.reserve("sale u");
    assert_eq!(text(&listener.read()), "message __keyspace@0__:{sale}:orders xadd");
}
