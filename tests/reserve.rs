//! `SECKILL.RESERVE`: statuses and their precedence.

use crate::harness::{Server, events, for_each_topology, now_ms, wait_until};

#[test]
fn a_hold_takes_units_until_its_deadline() {
    for_each_topology(&["SECKILL.CREATE sale STOCK 10 HOLD 60000 PERUSER 0"], |shop| {
        let before = now_ms();
        let deadline = shop.number("SECKILL.RESERVE sale u1", "RESERVED # @ 9", 2);
        assert!((before + 60_000..=now_ms() + 60_000).contains(&deadline), "deadline {deadline}");
        shop.gives("SECKILL.RESERVE sale u2 QTY 4", "RESERVED # @ 5");
        shop.gives("SECKILL.RESERVE sale u1 QTY 5 DATA x", "RESERVED # @ 0");
        shop.gives("SECKILL.STOCK sale", "0");
        assert_eq!(shop.field("SECKILL.INFO sale", "held"), "10");
    });
}

#[test]
fn ids_count_from_one() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    for (at, user) in ["a", "b", "c"].iter().enumerate() {
        shop.gives(&format!("SECKILL.RESERVE sale {user}"), &format!("RESERVED {} @ *", at + 1));
    }
    assert_eq!(shop.field("SECKILL.INFO sale", "epoch"), "0");
}

#[test]
fn a_later_life_of_the_server_begins_an_epoch_with_its_first_change() {
    let mut shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.reserve("sale u1");
    shop.restart();
    assert_eq!(shop.field("SECKILL.INFO sale", "epoch"), "0", "reading changes nothing");
    shop.gives("SECKILL.RESERVE sale u1", "DUPLICATE 1 @ 1 1");
    assert_eq!(shop.field("SECKILL.INFO sale", "epoch"), "0", "a refusal changes nothing");
    let id = shop.reserve("sale u2");
    assert!(id > 1 << 32 && id & 0xffff_ffff == 1, "{id} is the first of a later epoch");
    let epoch = shop.field("SECKILL.INFO sale", "epoch");
    assert_eq!(epoch, (id >> 32).to_string());
    let seqs: Vec<String> =
        events::all(&shop, "{sale}:orders").iter().map(|e| e.get("seq").to_owned()).collect();
    assert_eq!(seqs, ["0-1".to_owned(), format!("{epoch}-1")]);
}

#[test]
fn sold_out_says_what_may_come_back() {
    for_each_topology(&["SECKILL.CREATE sale STOCK 5", "SECKILL.RESERVE sale a"], |shop| {
        shop.gives("SECKILL.ALTER sale PERUSER 0", "OK");
        let id = shop.reserve("sale b QTY 4");
        shop.gives("SECKILL.RESERVE sale c", "SOLDOUT 5");
        shop.gives(&format!("SECKILL.CONFIRM sale {id}"), "CONFIRMED # 4");
        shop.gives("SECKILL.RESERVE sale c", "SOLDOUT 1");
    });
}

#[test]
fn less_than_asked_for_is_short_and_takes_nothing() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 PERUSER 0", "OK");
    shop.unchanged("a shortage", || {
        shop.gives("SECKILL.RESERVE sale a QTY 6", "SHORT 5");
        shop.gives("SECKILL.RESERVE sale a QTY 1000000", "SHORT 5");
    });
}

#[test]
fn a_duplicate_shows_what_the_user_has() {
    let commands = ["SECKILL.CREATE sale STOCK 10 PERUSER 3", "SECKILL.RESERVE sale u QTY 2 REQUEST t"];
    for_each_topology(&commands, |shop| {
        let deadline = shop.number("SECKILL.RESERVE sale u QTY 2 REQUEST t", "RESERVED #1 @ 8", 2);
        shop.gives("SECKILL.RESERVE sale u QTY 2", &format!("DUPLICATE #1 {deadline} 2 3"));
        let id = shop.reserve("sale u QTY 1");
        shop.gives("SECKILL.RESERVE sale u", &format!("DUPLICATE {id} @ 3 3"));
        shop.gives(&format!("SECKILL.CONFIRM sale {id}"), "CONFIRMED # 1");
        shop.gives("SECKILL.RESERVE sale u", &format!("DUPLICATE {id} 0 3 3"));
        shop.gives(&format!("SECKILL.REFUND sale {id}"), "REFUNDED # 1");
        shop.gives("SECKILL.RESERVE sale u QTY 2", &format!("DUPLICATE #1 {deadline} 2 3"));
        shop.gives("SECKILL.RESERVE sale v QTY 4", "DUPLICATE 0 0 0 3");
    });
}

#[test]
fn what_ended_frees_the_quota() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 HOLD 900000", "OK");
    let released = shop.reserve("sale u");
    shop.gives(&format!("SECKILL.RELEASE sale {released}"), "RELEASED # 1");
    let refunded = shop.reserve("sale u");
    shop.gives(&format!("SECKILL.CONFIRM sale {refunded}"), "CONFIRMED # 1");
    shop.gives("SECKILL.RESERVE sale u", "DUPLICATE **");
    shop.gives(&format!("SECKILL.REFUND sale {refunded}"), "REFUNDED # 1");
    shop.gives("SECKILL.ALTER sale HOLD 40", "OK");
    shop.reserve("sale u");
    wait_until("the quota is free again", || shop.text("SECKILL.RESERVE sale u").starts_with("RESERVED"));
}

#[test]
fn a_quota_of_zero_is_no_cap() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 2000000 PERUSER 0", "OK");
    shop.gives("SECKILL.RESERVE sale u QTY 1000000", "RESERVED 1 @ 1000000");
    shop.gives("SECKILL.RESERVE sale u QTY 1000000", "RESERVED 2 @ 0");
}

#[test]
fn an_unlimited_sale_never_sells_out() {
    for_each_topology(&["SECKILL.CREATE sale STOCK -1 PERUSER 0", "SECKILL.RESERVE sale u QTY 9"], |shop| {
        shop.gives("SECKILL.RESERVE sale u QTY 1000000", "RESERVED # @ -1");
        shop.gives("SECKILL.STOCK sale", "-1");
        let info = shop.map("SECKILL.INFO sale");
        assert_eq!((info["available"].as_str(), info["held"].as_str()), ("-1", "1000009"));
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}

#[test]
fn before_the_start_the_reply_says_how_long() {
    let shop = Server::start();
    let start = now_ms() + 3_600_000;
    shop.gives(&format!("SECKILL.CREATE sale STOCK 1 START {start}"), "OK");
    let wait = shop.number("SECKILL.RESERVE sale u", &format!("NOTOPEN {start} *"), 2);
    assert!((3_500_000..=3_600_000).contains(&wait), "{wait} ms to go");
}

#[test]
fn a_sale_opens_and_ends_by_itself() {
    let shop = Server::start();
    let (start, end) = (now_ms() + 150, now_ms() + 2000);
    shop.gives(&format!("SECKILL.CREATE sale STOCK 100 PERUSER 0 START {start} END {end}"), "OK");
    let mut seen = Vec::new();
    wait_until("the sale has ended", || {
        let reply = shop.text("SECKILL.RESERVE sale u QTY 1000000");
        let status = reply.split_whitespace().next().unwrap_or_default().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        seen.last().is_some_and(|status| status == "ENDED")
    });
    seen.retain(|status| status != "NOTOPEN");
    assert_eq!(seen, ["SHORT", "ENDED"], "no state comes back");
}

#[test]
fn the_first_refusal_in_order_answers() {
    let shop = Server::start();
    let (past, future) = (now_ms() - 10_000, now_ms() + 3_600_000);
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 0");
    shop.gives("SECKILL.RESERVE sale u", "DUPLICATE **");
    shop.gives("SECKILL.RESERVE sale v", "SOLDOUT 1");
    shop.gives(&format!("SECKILL.ALTER sale END {past}"), "OK");
    shop.gives("SECKILL.RESERVE sale u", "ENDED");
    shop.gives(&format!("SECKILL.ALTER sale START {future} END 0"), "OK");
    shop.gives("SECKILL.RESERVE sale u", "NOTOPEN **");
    shop.gives("SECKILL.ALTER sale STATE CLOSED", "OK");
    shop.gives("SECKILL.RESERVE sale u", "ENDED");
    shop.gives("SECKILL.ALTER sale STATE PAUSED", "OK");
    shop.gives("SECKILL.RESERVE sale u", "PAUSED");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 0");
    shop.fails("SECKILL.RESERVE sale u REQUEST t QTY 2", "MISMATCH");
    shop.gives("SECKILL.RESERVE none u REQUEST t", "NOSALE");
}

#[test]
fn a_sale_without_a_payment_step_confirms_at_once() {
    for_each_topology(&["SECKILL.CREATE sale STOCK 10 HOLD 0 PERUSER 5"], |shop| {
        shop.gives("SECKILL.RESERVE sale u QTY 3 REQUEST t", "CONFIRMED #1 3 7");
        shop.unchanged("a repeated RESERVE", || {
            shop.gives("SECKILL.RESERVE sale u QTY 3 REQUEST t", "CONFIRMED #1 3 7");
        });
        shop.gives("SECKILL.RESERVE sale u QTY 3", "DUPLICATE #1 0 3 5");
        let info = shop.map("SECKILL.INFO sale");
        assert_eq!((info["held"].as_str(), info["confirmed"].as_str()), ("0", "3"));
        assert_eq!(events::kinds(shop, "{sale}:orders"), "CONFIRMED");
    });
}

#[test]
fn no_sale_is_a_reply_and_makes_none() {
    let shop = Server::start();
    shop.unchanged("RESERVE without a sale", || shop.gives("SECKILL.RESERVE none u", "NOSALE"));
}

#[test]
fn a_refusal_costs_no_error_statistics() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 0", "OK");
    let before = shop.server_info("stats", "total_error_replies");
    for _ in 0..10 {
        shop.gives("SECKILL.RESERVE sale u", "SOLDOUT 0");
    }
    assert_eq!(shop.server_info("stats", "total_error_replies"), before);
}
