//! Events: one entry for every change, in one form, numbered without a gap.

use crate::harness::events::{Event, all, assert_gapless, kinds};
use crate::harness::words::with;
use crate::harness::{Server, for_each_topology, now_ms, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 10 PERUSER 0";
const STREAM: &str = "{sale}:orders";

#[test]
fn every_event_has_the_same_fields_in_the_same_order() {
    let commands = [
        CREATE,
        "SECKILL.RESERVE sale u QTY 2",
        "SECKILL.RESERVE sale v DATA payload",
        "SECKILL.CONFIRM sale 1",
        "SECKILL.EXTEND sale 2 PX 8000000",
        "SECKILL.RELEASE sale 2",
        "SECKILL.REFUND sale 1 QTY 1 REQUEST a",
        "SECKILL.RESTOCK sale 3",
    ];
    for_each_topology(&commands, |shop| {
        let events = all(shop, STREAM);
        let expected = [
            ("RESERVED", "sale 0-1 1 u 2"),
            ("RESERVED", "sale 0-2 2 v 1"),
            ("CONFIRMED", "sale 0-3 1 u 2"),
            ("EXTENDED", "sale 0-4 2 v 1"),
            ("RELEASED", "sale 0-5 2 v 1"),
            ("REFUNDED", "sale 0-6 1 u 1"),
            ("RESTOCKED", "sale 0-7 0 \"\" 3"),
        ];
        assert_eq!(events.len(), expected.len());
        for (event, (kind, rest)) in events.iter().zip(expected) {
            let values = event.values();
            assert!(values.starts_with(&format!("{kind} {rest} ")), "{values} instead of {kind} {rest}");
            let data = if event.get("id") == "2" { " data" } else { "" };
            assert_eq!(event.names(), format!("ev sale seq id user qty deadline{data}"), "{kind}");
        }
        assert!(
            events.iter().filter(|event| event.get("id") == "2").all(|event| event.get("data") == "payload")
        );
    });
}

#[test]
fn a_hold_is_told_with_the_deadline_that_the_buyer_saw() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 GRACE 5000", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED 1 @ 9", 2);
    let told: Vec<Event> = all(&shop, STREAM);
    assert_eq!(told[0].values(), format!("RESERVED sale 0-1 1 u 1 {deadline}"));
}

#[test]
fn bytes_reach_the_stream_as_they_came() {
    let shop = Server::start();
    let bytes: Vec<u8> = (0..=254).collect();
    shop.gives(CREATE, "OK");
    shop.gives(&with("SECKILL.RESERVE sale", &[&bytes, b"DATA", &bytes]), "RESERVED 1 @ 9");
    let told = all(&shop, STREAM).remove(0);
    let shown = format!("\"{}\"", bytes.escape_ascii());
    assert_eq!((told.get("user"), told.get("data")), (shown.as_str(), shown.as_str()));
}

#[test]
fn data_that_are_empty_are_no_surprise() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives(r#"SECKILL.RESERVE sale u DATA """#, "RESERVED 1 @ 9");
    let names = all(&shop, STREAM).remove(0).names();
    assert!(names.starts_with("ev sale seq id user qty deadline"), "{names}");
}

#[test]
fn numbers_follow_each_other_over_every_life_of_a_sale() {
    let mut shop = Server::with(&["appendonly yes"]);
    shop.gives(CREATE, "OK");
    for life in 0..4 {
        shop.reserve("sale u");
        let id = shop.reserve("sale u");
        shop.gives(&format!("SECKILL.RELEASE sale {id}"), "RELEASED # 1");
        let events = all(&shop, STREAM);
        assert_eq!(events.len(), (life + 1) * 3);
        assert_gapless(&events, "sale");
        shop.restart();
    }
}

#[test]
fn entries_of_the_stream_never_go_back_in_time() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    let ahead = now_ms() + 3_600_000;
    shop.gives(&format!("XADD {STREAM} {ahead}-0 note x"), "*");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 9");
    shop.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 1");
    assert_eq!(shop.int(&format!("XLEN {STREAM}")), 3);
}

#[test]
fn a_stream_that_cannot_take_another_entry_refuses_and_changes_nothing() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives(&format!("XADD {STREAM} 18446744073709551615-18446744073709551615 note x"), "*");
    shop.unchanged("a write to a full stream", || shop.fails("SECKILL.RESERVE sale u", ""));
    shop.gives("PING", "PONG");
}

#[test]
fn a_missing_stream_refuses_what_would_write() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 PERUSER 2", "OK");
    shop.gives("SECKILL.RESERVE sale u QTY 2 REQUEST t", "RESERVED 1 @ 2");
    shop.gives("SECKILL.RESERVE sale v", "RESERVED 2 @ 1");
    shop.gives("SECKILL.CONFIRM sale 2", "CONFIRMED 2 1");
    shop.gives("DEL {sale}:orders", "1");
    shop.unchanged("a write without its stream", || {
        for command in [
            "RESERVE sale w",
            "CONFIRM sale 1",
            "RELEASE sale 1",
            "EXTEND sale 1 PX 90000000",
            "REFUND sale 2",
            "RESTOCK sale 4",
            "VOID sale u REQUEST t PX 5000",
        ] {
            shop.fails(&format!("SECKILL.{command}"), "NOSTREAM");
        }
    });
    shop.gives("EXISTS {sale}:orders", "0");
}

#[test]
fn a_missing_stream_lets_refusals_and_reads_be() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 PERUSER 2", "OK");
    shop.gives("SECKILL.RESERVE sale u QTY 2 REQUEST t", "RESERVED 1 @ 2");
    shop.gives("SECKILL.CREATE none STOCK 0", "OK");
    shop.run("DEL {sale}:orders {none}:orders");
    shop.unchanged("refusals and reads", || {
        shop.gives("SECKILL.RESERVE sale u QTY 2 REQUEST t", "RESERVED 1 @ 2");
        shop.gives("SECKILL.RESERVE sale u", "DUPLICATE 1 @ 2 2");
        shop.gives("SECKILL.RESERVE none u", "SOLDOUT 0");
        shop.gives("SECKILL.CONFIRM sale 9", "NOTFOUND");
        shop.gives("SECKILL.REFUND sale 1", "HELD 1");
        shop.gives("SECKILL.RESTOCK sale -9", "SHORT 2");
        shop.gives("SECKILL.STOCK sale", "2");
        shop.gives("SECKILL.GET sale 1", "[id 1 **]");
    });
}

#[test]
fn what_fell_due_is_told_when_the_stream_is_there_again() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 HOLD 300", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED 1 @ 3", 2);
    shop.gives("RENAME {sale}:orders kept", "OK");
    wait_until("the deadline has passed", || now_ms() > deadline + 50);
    shop.gives("SECKILL.STOCK sale", "4");
    shop.gives("EXISTS {sale}:orders", "0");
    shop.gives("RENAME kept {sale}:orders", "OK");
    wait_until("the expiry is told", || kinds(&shop, STREAM) == "RESERVED EXPIRED");
}

#[test]
fn a_blocked_reader_wakes() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    let reader = shop.client();
    reader.send("XREADGROUP GROUP orders w BLOCK 30000 STREAMS {sale}:orders >");
    wait_until("the reader blocks", || shop.server_info("clients", "blocked_clients") == "1");
    shop.reserve("sale u");
    let woken = crate::harness::reply::text(&reader.read());
    assert!(woken.contains("RESERVED"), "{woken}");
}

#[test]
fn a_blocked_reader_wakes_for_an_expiry() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 HOLD 300", "OK");
    shop.reserve("sale u");
    let reader = shop.client();
    reader.send("XREAD BLOCK 30000 STREAMS {sale}:orders $");
    let woken = crate::harness::reply::text(&reader.read());
    assert!(woken.contains("EXPIRED"), "{woken}");
}

#[test]
fn the_stream_is_never_trimmed() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK -1 PERUSER 0", "OK");
    let commands = vec!["SECKILL.RESERVE sale u".to_owned(); 3000];
    shop.pipeline(&commands);
    assert_eq!(shop.int("XLEN {sale}:orders"), 3000);
}

#[test]
fn a_due_hold_without_its_stream_is_refused_as_usual() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 HOLD 300", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 3", 2);
    shop.gives("DEL {sale}:orders", "1");
    wait_until("the deadline has passed", || now_ms() > deadline + 50);
    shop.unchanged("refusals", || {
        shop.gives("SECKILL.CONFIRM sale 1", "EXPIRED 1");
        shop.gives("SECKILL.RELEASE sale 1", "EXPIRED 1");
        shop.gives("SECKILL.EXTEND sale 1 PX 90000", "EXPIRED 1");
        shop.gives("SECKILL.REFUND sale 1", "EXPIRED 1");
        shop.gives("SECKILL.RESERVE sale u REQUEST t", "EXPIRED 1");
        shop.gives("SECKILL.VOID sale u REQUEST t PX 9000", "EXPIRED 1");
        shop.gives("SECKILL.RESERVE sale v QTY 9", "DUPLICATE 0 0 0 1");
        shop.fails("SECKILL.CONFIRM sale 1 LATE", "NOSTREAM");
        shop.fails("SECKILL.RESERVE sale v", "NOSTREAM");
    });
}
