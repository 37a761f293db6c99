//! `SECKILL.SCAN`.

use crate::harness::{Client, Server, for_each_topology};

#[test]
fn a_scan_meets_every_reservation_once_and_in_order() {
    let mut commands = vec!["SECKILL.CREATE sale STOCK 100 PERUSER 0"];
    commands.extend(["SECKILL.RESERVE sale u"; 25]);
    commands.extend(["SECKILL.RELEASE sale 5", "SECKILL.CONFIRM sale 9"]);
    for_each_topology(&commands, |shop| {
        let later = shop.reserve("sale u");
        let expected: Vec<i64> = (1..=25).chain([later]).collect();
        for count in ["", " COUNT 1", " COUNT 7", " COUNT 1000"] {
            assert_eq!(scan(shop, count), expected, "with{count}");
        }
        assert_eq!(scan(shop, " STATE RELEASED COUNT 3"), [5]);
        assert_eq!(scan(shop, " STATE confirmed"), [9]);
        assert_eq!(scan(shop, " COUNT 2 STATE HELD").len(), 24);
        assert_eq!(scan(shop, " STATE EXPIRED"), [0; 0]);
    });
}

/// All ids, page after page.
fn scan(shop: &Client, options: &str) -> Vec<i64> {
    let (mut cursor, mut ids) = ("0".to_owned(), Vec::new());
    loop {
        let reply = shop.text(&format!("SECKILL.SCAN sale {cursor}{options}"));
        let (next, page) = reply.split_once(' ').expect("a cursor and a page");
        let page = page.trim_start_matches('[').trim_end_matches(']');
        ids.extend(page.split_whitespace().map(|id| id.parse::<i64>().expect("an id")));
        if next == "0" {
            return ids;
        }
        assert_ne!(next, cursor, "the cursor moves on");
        next.clone_into(&mut cursor);
        assert!(ids.len() < 1000, "the scan ends");
    }
}

#[test]
fn no_sale_has_nothing_to_scan() {
    let shop = Server::start();
    shop.gives("SECKILL.SCAN none 0", "0 []");
}

#[test]
fn a_state_or_cursor_that_does_not_exist_is_an_error() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 100", "OK");
    shop.fails("SECKILL.SCAN sale 0 STATE SOLD", "ERR");
    shop.fails("SECKILL.SCAN sale x", "ERR");
    shop.fails("SECKILL.SCAN sale -1", "ERR");
}
