//! `SECKILL.CREATE`.

use crate::harness::events::Event;
use crate::harness::{Server, events, for_each_topology, now_ms};

#[test]
fn a_new_sale_has_the_documented_defaults() {
    for_each_topology(&["SECKILL.CREATE sale STOCK 10"], |shop| {
        let info = shop.map("SECKILL.INFO sale");
        let expected = [
            ("state", "OPEN"),
            ("start", "0"),
            ("end", "0"),
            ("stock_total", "10"),
            ("available", "10"),
            ("held", "0"),
            ("confirmed", "0"),
            ("users", "0"),
            ("reservations", "0"),
            ("epoch", "0"),
            ("seq", "0"),
            ("stream", "{sale}:orders"),
            ("group", "orders"),
            ("hold", "900000"),
            ("grace", "0"),
            ("maxhold", "0"),
            ("peruser", "1"),
        ];
        for (name, value) in expected {
            assert_eq!(info.get(name).map(String::as_str), Some(value), "{name} in {info:?}");
        }
        assert!((now_ms() - info["now"].parse::<i64>().expect("a time")).abs() < 60_000);
    });
}

#[test]
fn every_option_is_kept_whatever_its_case_and_order() {
    let create = "seckill.create sale group g peruser 7 maxhold 6000 Grace 5 hOLD 4000 \
                  END 9000000000000 start 1000 stream orders{x} stock 3";
    for_each_topology(&[create], |shop| {
        let info = shop.map("SECKILL.INFO sale");
        let shown = |name: &str| info.get(name).cloned().unwrap_or_default();
        let names = ["start", "end", "hold", "grace", "maxhold", "peruser", "stream", "group", "stock_total"];
        let values: Vec<String> = names.iter().map(|name| shown(name)).collect();
        let expected = ["1000", "9000000000000", "4000", "5", "6000", "7", "orders{x}", "g", "3"];
        // The brackets of a name make a reply quote nothing, braces neither.
        assert_eq!(values, expected);
    });
}

#[test]
fn an_existing_key_is_busy_and_stays_as_it_is() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.gives("SET text x", "OK");
    shop.unchanged("a refused CREATE", || {
        shop.fails("SECKILL.CREATE sale STOCK 20", "BUSYKEY");
        shop.fails("SECKILL.CREATE text STOCK 20", "BUSYKEY");
    });
}

#[test]
fn the_stream_is_there_empty_with_its_group_from_the_start() {
    for_each_topology(&["SECKILL.CREATE sale STOCK 10"], |shop| {
        shop.gives("XLEN {sale}:orders", "0");
        let groups = shop.text("XINFO GROUPS {sale}:orders");
        assert!(groups.contains("name orders"), "{groups}");
        assert!(groups.contains("last-delivered-id 0-0"), "{groups}");
        shop.reserve("sale u1");
        let read = shop.text("XREADGROUP GROUP orders worker STREAMS {sale}:orders >");
        assert!(read.contains("RESERVED"), "the first event is delivered: {read}");
    });
}

#[test]
fn the_default_stream_follows_the_hash_tag() {
    let shop = Server::start();
    for (sale, stream) in [
        ("plain", "{plain}:orders"),
        ("shop:{7}:sale", "shop:{7}:sale:orders"),
        ("{tag}", "{tag}:orders"),
        ("open{brace", "{open{brace}:orders"),
    ] {
        shop.gives(&["SECKILL.CREATE", sale, "STOCK", "1"], "OK");
        assert_eq!(shop.field(&["SECKILL.INFO", sale], "stream"), stream);
        assert_eq!(shop.int(&["EXISTS", stream]), 1, "{stream} exists");
    }
}

#[test]
fn an_existing_stream_and_group_are_kept() {
    let shop = Server::start();
    shop.gives("XADD log 5-1 a b", "5-1");
    shop.gives("XGROUP CREATE log mine 5-1", "OK");
    shop.gives("SECKILL.CREATE sale STOCK 10 STREAM log GROUP mine", "OK");
    shop.gives("XLEN log", "1");
    let groups = shop.text("XINFO GROUPS log");
    assert!(groups.contains("last-delivered-id 5-1"), "the group keeps its place: {groups}");
    shop.gives("SECKILL.CREATE other STOCK 10 STREAM log GROUP second", "OK");
    assert!(shop.text("XINFO GROUPS log").contains("name second"));
}

#[test]
fn sales_share_a_stream_and_count_for_themselves() {
    let create = ["SECKILL.CREATE a STOCK 5 STREAM log", "SECKILL.CREATE b STOCK 5 STREAM log"];
    for_each_topology(&create, |shop| {
        for user in ["u1", "u2", "u3"] {
            shop.reserve(&format!("a {user}"));
            shop.reserve(&format!("b {user}"));
        }
        let events = events::all(shop, "log");
        assert_eq!(events.len(), 6);
        events::assert_gapless(&events, "a");
        events::assert_gapless(&events, "b");
    });
}

#[test]
fn a_stream_key_of_another_type_makes_no_sale() {
    let shop = Server::start();
    shop.gives("SET log text", "OK");
    shop.unchanged("a refused CREATE", || {
        shop.fails("SECKILL.CREATE sale STOCK 5 STREAM log", "WRONGTYPE");
    });
    shop.gives("EXISTS sale", "0");
}

#[test]
fn a_sale_cannot_be_its_own_stream() {
    let shop = Server::start();
    let reply = shop.text("SECKILL.CREATE sale STOCK 5 STREAM sale");
    assert!(reply.starts_with('-'), "{reply}");
    shop.gives("EXISTS sale", "0");
}

#[test]
fn the_end_comes_after_the_start() {
    let shop = Server::start();
    shop.unchanged("a window that never opens", || {
        shop.fails("SECKILL.CREATE sale STOCK 5 START 2000 END 1000", "ERR");
        shop.fails("SECKILL.CREATE sale STOCK 5 START 2000 END 2000", "ERR");
    });
}

#[test]
fn stock_is_asked_for() {
    let shop = Server::start();
    shop.fails("SECKILL.CREATE sale", "ERR");
    shop.fails("SECKILL.CREATE sale HOLD 5", "ERR");
    shop.gives("EXISTS sale", "0");
}

#[test]
fn a_sale_can_begin_with_nothing() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 0", "OK");
    shop.gives("SECKILL.RESERVE sale u1", "SOLDOUT 0");
    shop.gives("SECKILL.RESTOCK sale 1", "RESTOCKED 1 1");
    shop.gives("SECKILL.RESERVE sale u1", "RESERVED 1 @ 0");
}

#[test]
fn a_sale_made_again_repeats_no_event_and_no_id() {
    let commands = [
        "SECKILL.CREATE sale STOCK 1",
        "SECKILL.CREATE other STOCK 5 STREAM {sale}:orders",
        "SECKILL.RESERVE sale u",
        "SECKILL.RESERVE other u",
        "DEL sale other",
        "SECKILL.CREATE sale STOCK 1",
        "SECKILL.RESERVE sale v",
    ];
    for_each_topology(&commands, |shop| {
        let named = events::all(shop, "{sale}:orders").iter().map(Event::seq).collect::<Vec<_>>();
        assert_eq!(named, [(0, 1), (0, 1), (1, 1)], "two sales, and the first again");
        assert_eq!(shop.field("SECKILL.INFO sale", "epoch"), "1");
        shop.gives("SECKILL.USER sale v", "held 1 confirmed 0 waiting 0 reservations [4294967297]");
    });
}

#[test]
fn a_stream_that_is_gone_remembers_nothing() {
    let shop = Server::start();
    for _ in 0..2 {
        shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
        shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 0");
        shop.gives("DEL sale {sale}:orders", "2");
    }
}

#[test]
fn a_strangers_entries_in_the_stream_do_no_harm() {
    let shop = Server::start();
    shop.run("XADD {sale}:orders * sale sale seq 4294967295-9");
    shop.run("XADD {sale}:orders * sale sale seq nonsense");
    shop.run("XADD {sale}:orders * a b c d");
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 0");
}
