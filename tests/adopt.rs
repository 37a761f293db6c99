//! `SECKILL.ADOPT`.

use crate::harness::{Pair, Server, events, for_each_topology, now_ms, wait_until};

const ORDERS: &str = "{sale}:orders";

#[test]
fn what_was_adopted_is_a_reservation_like_any_other() {
    let until = now_ms() + 3_600_000;
    let held = format!("SECKILL.ADOPT sale 7 carol QTY 2 STATE held PXAT {until}");
    let commands = [
        "SECKILL.CREATE sale STOCK 10 PERUSER 3",
        "SECKILL.RESERVE sale alice",
        &held,
        "SECKILL.ADOPT sale 8 dave QTY 3 STATE CONFIRMED",
        "SECKILL.ADOPT sale 9 erin QTY 1 STATE HELD",
    ];
    for_each_topology(&commands, |shop| {
        let carol = format!("[id 7 user carol qty 2 state HELD deadline {until} **]");
        shop.gives("SECKILL.GET sale 7", &carol);
        shop.gives("SECKILL.GET sale 8", "[id 8 user dave qty 3 state CONFIRMED deadline 0 **]");
        shop.gives("SECKILL.GET sale 9", "[id 9 user erin qty 1 state HELD deadline @ **]");
        shop.gives("SECKILL.STOCK sale", "3");
        shop.gives("SECKILL.SCAN sale 0", "0 [1 7 8 9]");
        shop.gives("SECKILL.RESERVE sale dave", "DUPLICATE 8 0 3 3");
        shop.unchanged("adopting again", || {
            shop.gives(&held, "EXISTS 7");
            shop.gives("SECKILL.ADOPT sale 1 zoe QTY 9 STATE CONFIRMED", "EXISTS 1");
        });
        shop.gives("SECKILL.CONFIRM sale 7", "CONFIRMED 7 2");
        shop.gives("SECKILL.RELEASE sale 9", "RELEASED 9 1");
        shop.gives("SECKILL.REFUND sale 8", "REFUNDED 8 3");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
        assert!(shop.reserve("sale frank") > 1 << 32, "an id after the adopted ones");
    });
}

#[test]
fn adopting_is_told_and_replicated() {
    let pair = Pair::with(&["appendonly yes"]);
    let shop = &pair.primary;
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    let until = now_ms() + 3_600_000;
    shop.gives(&format!("SECKILL.ADOPT sale 5 alice QTY 2 STATE HELD PXAT {until}"), "ADOPTED 8");
    shop.gives("SECKILL.ADOPT sale 6 bob QTY 3 STATE CONFIRMED", "ADOPTED 5");
    let told: Vec<String> = events::all(shop, ORDERS).iter().map(events::Event::values).collect();
    assert_eq!(
        told,
        [format!("ADOPTED sale 1-1 5 alice 2 {until}"), "ADOPTED sale 1-2 6 bob 3 0".to_owned()]
    );
    pair.same_digest();
}

#[test]
fn an_unlimited_sale_adopts_too() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK -1 HOLD 0", "OK");
    shop.gives("SECKILL.ADOPT sale 5 alice QTY 2 STATE CONFIRMED", "ADOPTED -1");
    shop.fails("SECKILL.ADOPT sale 6 alice QTY 2 STATE HELD", "ERR the sale has no HOLD");
    let until = now_ms() + 60_000;
    shop.gives(&format!("SECKILL.ADOPT sale 6 alice QTY 2 STATE HELD PXAT {until}"), "ADOPTED -1");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "oversold"), "0");
}

#[test]
fn an_oversell_is_shown_and_paid_back() {
    let commands = [
        "SECKILL.CREATE sale STOCK 5 PERUSER 0",
        "SECKILL.RESERVE sale a QTY 4",
        "SECKILL.ADOPT sale 9 b QTY 3 STATE CONFIRMED",
    ];
    for_each_topology(&commands, |shop| {
        let shows = |available: &str, oversold: &str| {
            let audit = shop.map("SECKILL.AUDIT sale");
            let info = shop.map("SECKILL.INFO sale");
            let ok = if oversold == "0" { "1" } else { "0" };
            assert_eq!([&audit["ok"], &audit["oversold"], &audit["available"]], [ok, oversold, available]);
            assert!(["0", "[]", ""].contains(&audit["differences"].as_str()), "{audit:?}");
            assert_eq!([&info["oversold"], &info["available"]], [oversold, available]);
        };
        shows("0", "2");
        shop.gives("SECKILL.RESERVE sale c", "SOLDOUT 4");
        shop.gives("SECKILL.RESTOCK sale -1", "SHORT 0");
        shop.gives("SECKILL.RESTOCK sale 1", "RESTOCKED 0 6");
        shows("0", "1");
        shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 4");
        shows("3", "0");
        shop.gives("SECKILL.RESERVE sale c", "RESERVED # @ 2");
    });
}

#[test]
fn a_hold_whose_time_has_passed_expires_with_its_event() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives("SECKILL.ADOPT sale 9 b QTY 3 STATE HELD PXAT 1000", "ADOPTED *");
    wait_until("it expires", || events::kinds(&shop, ORDERS) == "ADOPTED EXPIRED");
    shop.gives("SECKILL.STOCK sale", "5");
    shop.gives("SECKILL.CONFIRM sale 9 LATE", "CONFIRMED 9 3");
}

#[test]
fn every_state_of_a_sale_adopts() {
    let mut shop = Server::with(&["appendonly yes"]);
    shop.gives("SECKILL.CREATE sale STOCK 9 ONFAILOVER FREEZE", "OK");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 8");
    shop.restart();
    for (id, options) in [(2, "HOLD 5"), (3, "STATE PAUSED"), (4, "STATE CLOSED"), (5, "STATE OPEN END 1")] {
        shop.gives(&format!("SECKILL.ALTER sale {options}"), "OK");
        shop.gives(&format!("SECKILL.ADOPT sale {id} u{id} QTY 1 STATE CONFIRMED"), "ADOPTED *");
    }
    assert_eq!(shop.field("SECKILL.INFO sale", "state"), "ENDED");
}

#[test]
fn an_id_that_the_sale_has_not_come_to_proves_a_loss_and_freezes() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 9 ONFAILOVER FREEZE", "OK");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 8");
    shop.gives("SECKILL.ADOPT sale 2 v QTY 1 STATE CONFIRMED", "ADOPTED 7");
    shop.gives("SECKILL.RESERVE sale w", "FROZEN");
    shop.gives("SECKILL.ADOPT sale 3 w QTY 1 STATE CONFIRMED", "ADOPTED 6");
    shop.gives("SECKILL.ALTER sale STATE OPEN", "OK");
    shop.gives("SECKILL.ADOPT sale 4 x QTY 1 STATE CONFIRMED", "ADOPTED 5");
    shop.gives("SECKILL.RESERVE sale y", "RESERVED 4294967297 @ 4");
}

#[test]
fn misuse_is_an_error_and_changes_nothing() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 9", "OK");
    shop.unchanged("misuse", || {
        let cases = [
            ("none 1 u QTY 1 STATE HELD", "ERR no such sale"),
            ("sale 0 u QTY 1 STATE HELD", "ERR id must be an integer"),
            ("sale 4294967296 u QTY 1 STATE HELD", "ERR id is none that a sale gives out"),
            ("sale 9223372036854775807 u QTY 1 STATE HELD", "ERR id is none that a sale gives out"),
            ("sale 1 \"\" QTY 1 STATE HELD", "ERR user must be"),
            ("sale 1 u QTY 0 STATE HELD", "ERR QTY must be an integer"),
            ("sale 1 u QTY 1000001 STATE HELD", "ERR QTY must be an integer"),
            ("sale 1 u QTY 1 STATE EXPIRED", "ERR syntax error near 'EXPIRED'"),
            ("sale 1 u QTY 1 STATE CONFIRMED PXAT 9", "ERR syntax error near 'PXAT'"),
            ("sale 1 u PXAT 9 STATE HELD", "ERR syntax error near 'QTY'"),
            ("sale 1 u QTY 1 PXAT 9", "ERR syntax error near 'STATE'"),
            ("sale 1 u QTY 1 STATE HELD PXAT 9007199254740992", "ERR PXAT must be at most"),
            ("sale 1 u QTY 1 STATE HELD PXAT -1", "ERR PXAT must be an integer"),
        ];
        for (arguments, error) in cases {
            shop.fails(&format!("SECKILL.ADOPT {arguments}"), error);
        }
    });
    shop.gives("SET string x", "OK");
    shop.fails("SECKILL.ADOPT string 1 u QTY 1 STATE HELD", "WRONGTYPE");
    shop.gives("DEL {sale}:orders", "1");
    shop.fails("SECKILL.ADOPT sale 1 u QTY 1 STATE HELD", "NOSTREAM");
    shop.gives("SECKILL.GET sale 1", "nil");
}

#[test]
fn adopting_takes_memory_on() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 9", "OK");
    shop.gives("CONFIG SET maxmemory 1", "OK");
    shop.fails("SECKILL.ADOPT sale 1 u QTY 1 STATE HELD", "OOM");
}

#[test]
fn nobody_who_waits_is_offered_what_pays_an_oversell() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1 WAITLIST 10 PERUSER 0", "OK");
    shop.gives("SECKILL.RESERVE sale a", "RESERVED 1 @ 0");
    shop.gives("SECKILL.RESERVE sale b WAITLIST", "WAITLISTED 2 1");
    shop.gives("SECKILL.ADOPT sale 9 c QTY 1 STATE HELD", "ADOPTED 0");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    shop.gives("SECKILL.USER sale b", "held 0 confirmed 0 waiting 1 reservations [2]");
    shop.gives("SECKILL.RELEASE sale 9", "RELEASED 9 1");
    wait_until("the unit is offered", || events::count(&shop, ORDERS, "OFFERED") == 1);
    let told = "RESERVED WAITLISTED ADOPTED RELEASED RELEASED OFFERED";
    assert_eq!(events::kinds(&shop, ORDERS), told);
}
