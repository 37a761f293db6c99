//! Who may begin, and who may begin early.

use crate::harness::{Server, now_ms};

/// When the sale opens for whoever asks like this.
fn opens(shop: &Server, command: &str) -> i64 {
    let reply = shop.text(command);
    let start = reply.strip_prefix("NOTOPEN ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    start.unwrap_or_else(|| panic!("{command} gives {reply}"))
}

#[test]
fn below_the_lowest_tier_nobody_is_admitted() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 MINTIER 2", "OK");
    shop.unchanged("a refusal", || {
        shop.gives("SECKILL.RESERVE sale u", "INELIGIBLE TIER");
        shop.gives("SECKILL.RESERVE sale u TIER 1", "INELIGIBLE TIER");
    });
    shop.gives("SECKILL.RESERVE sale u TIER 2", "RESERVED 1 @ 4");
    shop.gives("SECKILL.RESERVE sale v TIER 9", "RESERVED 2 @ 3");
    shop.gives("SECKILL.ALTER sale MINTIER 0", "OK");
    shop.gives("SECKILL.RESERVE sale w", "RESERVED 3 @ 2");
}

#[test]
fn a_tier_begins_before_the_others() {
    let shop = Server::start();
    let (start, early) = (now_ms() + 3_600_000, now_ms() - 1_000);
    shop.gives(&format!("SECKILL.CREATE sale STOCK 5 START {start} TIERSTART 2 {early}"), "OK");
    assert_eq!(opens(&shop, "SECKILL.RESERVE sale u"), start);
    assert_eq!(opens(&shop, "SECKILL.RESERVE sale u TIER 1"), start);
    shop.gives("SECKILL.RESERVE sale u TIER 2", "RESERVED 1 @ 4");
    shop.gives("SECKILL.RESERVE sale v TIER 3", "RESERVED 2 @ 3");
    // A tier that begins later than everybody begins with everybody.
    shop.gives(&format!("SECKILL.ALTER sale START {early} TIERSTART 2 {start}"), "OK");
    shop.gives("SECKILL.RESERVE sale w TIER 2", "RESERVED 3 @ 2");
    let early = start - 1_000_000;
    shop.gives(&format!("SECKILL.ALTER sale START {start} TIERSTART 2 {early}"), "OK");
    assert_eq!(opens(&shop, "SECKILL.RESERVE sale x TIER 2"), early);
    shop.gives("SECKILL.ALTER sale TIERSTART 0 0", "OK");
    assert_eq!(opens(&shop, "SECKILL.RESERVE sale x TIER 2"), start);
}

#[test]
fn the_ticket_says_the_tier() {
    let shop = Server::start();
    shop.gives("CONFIG SET seckill.ticket-secret s", "OK");
    let start = now_ms() + 3_600_000;
    shop.gives(&format!("SECKILL.CREATE sale STOCK 5 START {start} TIERSTART 2 1 MINTIER 1 TICKETS"), "OK");
    let ticket = |user: &str, tier: u32| shop.text(&format!("SECKILL.TICKET sale {user} TIER {tier}"));
    let two = ticket("u", 2);
    shop.gives(&format!("SECKILL.RESERVE sale u TIER 0 TICKET {two}"), "RESERVED 1 @ 4");
    // The argument does not help, and a ticket that does not verify is of tier 0: not open yet.
    let one = ticket("v", 1);
    for bad in [format!("TIER 9 TICKET {one}"), "TIER 9 TICKET x".to_owned(), "TIER 9".to_owned()] {
        assert_eq!(opens(&shop, &format!("SECKILL.RESERVE sale v {bad}")), start);
    }
    shop.gives("SECKILL.ALTER sale START 1", "OK");
    shop.gives("SECKILL.RESERVE sale v TIER 9 TICKET x", "BADTICKET FORGED");
    let zero = ticket("v", 0);
    shop.gives(&format!("SECKILL.RESERVE sale v TICKET {zero}"), "INELIGIBLE TIER");
    shop.gives(&format!("SECKILL.RESERVE sale v TICKET {one}"), "RESERVED 2 @ 3");
}

#[test]
fn on_a_sale_for_everybody_tier_and_ticket_are_ignored() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives("SECKILL.RESERVE sale u TIER 7 TICKET nonsense", "RESERVED 1 @ 4");
    shop.fails("SECKILL.RESERVE sale v TIER -1", "ERR TIER");
    shop.fails("SECKILL.CREATE other STOCK 1 MINTIER 1000001", "ERR MINTIER");
    shop.fails("SECKILL.CREATE other STOCK 1 TIERSTART 1", "ERR syntax error near 'TIERSTART'");
}
