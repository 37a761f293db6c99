//! `ONFAILOVER FREEZE`: nobody reserves after a failover before an operator says so.

use crate::harness::{Pair, Server, events, for_each_topology, log, wait_until};
use std::cell::Cell;

const SALE: &str = "SECKILL.CREATE sale STOCK 10 PERUSER 0 ONFAILOVER FREEZE";

fn state(shop: &Server) -> String {
    shop.field("SECKILL.INFO sale", "state")
}

#[test]
fn another_life_reserves_nothing_until_an_operator_opens() {
    let frozen = Cell::new(0);
    let commands = [SALE, "SECKILL.RESERVE sale u1 REQUEST t", "SECKILL.RESERVE sale u2"];
    for_each_topology(&commands, |shop| {
        if state(shop) == "OPEN" {
            return shop.gives("SECKILL.RESERVE sale u3", "RESERVED 3 @ 7");
        }
        frozen.set(frozen.get() + 1);
        assert_eq!(state(shop), "FROZEN");
        shop.unchanged("a frozen sale's refusal", || {
            shop.gives("SECKILL.RESERVE sale u3", "FROZEN");
            shop.gives("SECKILL.RESERVE sale u3 REQUEST t2", "FROZEN");
            shop.gives("SECKILL.RESERVE sale u1 REQUEST t", "RESERVED 1 @ 8");
        });
        shop.gives("SECKILL.CONFIRM sale 1", "CONFIRMED 1 1");
        shop.gives("SECKILL.RESERVE sale u3", "FROZEN");
        shop.gives("SECKILL.ALTER sale HOLD 60000", "OK");
        shop.gives("SECKILL.RESERVE sale u3", "FROZEN");
        shop.gives("SECKILL.ALTER sale STATE OPEN", "OK");
        assert_eq!(state(shop), "OPEN");
        assert!(shop.reserve("sale u3") > 1 << 32, "the id is of a later epoch");
    });
    assert_eq!(frozen.get(), 7, "every way but the plain one is another life");
}

#[test]
fn a_frozen_sale_is_settled_as_ever() {
    let pair = Pair::start();
    pair.primary.gives(SALE, "OK");
    let ids = [0; 4].map(|_| pair.primary.reserve("sale u"));
    pair.primary.gives("SECKILL.ALTER sale HOLD 30", "OK");
    pair.primary.reserve("sale soon");
    pair.primary.gives(&format!("SECKILL.CONFIRM sale {}", ids[3]), "CONFIRMED # 1");
    let shop = pair.promote();
    shop.gives(&format!("SECKILL.CONFIRM sale {}", ids[0]), "CONFIRMED # 1");
    shop.gives(&format!("SECKILL.RELEASE sale {}", ids[1]), "RELEASED # 1");
    shop.gives(&format!("SECKILL.EXTEND sale {} PX 9000000", ids[2]), "EXTENDED @");
    shop.gives(&format!("SECKILL.REFUND sale {}", ids[3]), "REFUNDED # 1");
    shop.gives("SECKILL.VOID sale u REQUEST t PX 5", "VOIDED");
    shop.gives("SECKILL.RESTOCK sale 5", "RESTOCKED * 15");
    wait_until("the short hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    shop.gives("SECKILL.RESERVE sale v", "FROZEN");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
}

#[test]
fn frozen_comes_before_every_other_state() {
    let mut shop = Server::with(&["appendonly yes"]);
    shop.gives(SALE, "OK");
    shop.restart();
    for options in ["STATE PAUSED", "STATE CLOSED", "START 9000000000000", "START 0 END 1"] {
        shop.gives(&format!("SECKILL.ALTER sale {options}"), "OK");
        shop.gives("SECKILL.RESERVE sale u", "FROZEN");
        assert_eq!(state(&shop), "FROZEN", "{options}");
    }
    shop.gives("SECKILL.ALTER sale STATE OPEN", "OK");
    shop.gives("SECKILL.RESERVE sale u", "ENDED");
    shop.gives("SECKILL.ALTER sale END 0", "OK");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED # @ 9");
}

#[test]
fn opening_is_kept_and_replicated() {
    let mut pair = Pair::with(&["appendonly yes"]);
    pair.primary.gives(SALE, "OK");
    pair.primary.restart();
    pair.caught_up();
    assert_eq!([state(&pair.primary), state(&pair.replica)], ["FROZEN", "OPEN"]);
    pair.primary.gives("SECKILL.ALTER sale STATE OPEN", "OK");
    pair.caught_up();
    assert_eq!([state(&pair.primary), state(&pair.replica)], ["OPEN", "OPEN"]);
    pair.same_digest();
    let shop = pair.promote();
    assert_eq!(state(&shop), "FROZEN", "what was opened was the life before");
}

#[test]
fn a_replica_shows_a_sale_as_its_primary_left_it() {
    let pair = Pair::start();
    pair.primary.gives(SALE, "OK");
    pair.primary.reserve("sale u");
    pair.caught_up();
    assert_eq!(state(&pair.replica), "OPEN");
    assert_eq!(state(&pair.promote()), "FROZEN");
}

#[test]
fn refusals_of_a_frozen_sale_write_nothing() {
    let mut shop = Server::with(&["appendonly yes"]);
    shop.gives(SALE, "OK");
    shop.restart();
    let before = log::size(&shop);
    (0..500).for_each(|user| shop.gives(&format!("SECKILL.RESERVE sale {user}"), "FROZEN"));
    assert_eq!(log::size(&shop), before);
    assert_eq!(shop.field("SECKILL.INFO sale", "refused"), "500");
}

#[test]
fn a_sale_goes_on_unless_it_was_told_to_freeze() {
    let mut shop = Server::with(&["appendonly yes"]);
    shop.gives("SECKILL.CREATE plain STOCK 10", "OK");
    shop.gives("SECKILL.CREATE told STOCK 10 ONFAILOVER continue", "OK");
    shop.gives("SECKILL.CREATE altered STOCK 10 ONFAILOVER FREEZE", "OK");
    shop.gives("SECKILL.ALTER altered ONFAILOVER CONTINUE", "OK");
    shop.restart();
    for sale in ["plain", "told", "altered"] {
        assert_eq!(shop.field(&["SECKILL.INFO", sale], "onfailover"), "CONTINUE");
        shop.gives(&["SECKILL.RESERVE", sale, "u"], "RESERVED # @ 9");
        shop.gives(&["SECKILL.ALTER", sale, "ONFAILOVER", "FREEZE"], "OK");
        assert_eq!(shop.field(&["SECKILL.INFO", sale], "onfailover"), "FREEZE");
        shop.gives(&["SECKILL.RESERVE", sale, "v"], "RESERVED # @ 8");
    }
    shop.restart();
    for sale in ["plain", "told", "altered"] {
        shop.gives(&["SECKILL.RESERVE", sale, "w"], "FROZEN");
        shop.gives(&["SECKILL.ALTER", sale, "ONFAILOVER", "CONTINUE"], "OK");
        shop.gives(&["SECKILL.RESERVE", sale, "w"], "RESERVED # @ 7");
    }
}

#[test]
fn what_is_no_choice_is_a_syntax_error() {
    let shop = Server::start();
    shop.fails("SECKILL.CREATE sale STOCK 1 ONFAILOVER STOP", "ERR syntax error near 'STOP'");
    shop.fails("SECKILL.CREATE sale STOCK 1 ONFAILOVER", "ERR syntax error near 'ONFAILOVER'");
    shop.gives("EXISTS sale", "0");
}

#[test]
fn nobody_who_waits_is_offered_anything_before_the_sale_is_opened() {
    let pair = Pair::start();
    pair.primary
        .gives("SECKILL.CREATE sale STOCK 2 WAITLIST 10 ONFAILOVER FREEZE STREAM {sale}:orders", "OK");
    let ids = ["a", "b"].map(|user| pair.primary.reserve(&format!("sale {user}")));
    pair.primary.gives("SECKILL.RESERVE sale c WAITLIST", "WAITLISTED 3 1");
    pair.primary.gives("SECKILL.RESERVE sale d WAITLIST", "WAITLISTED 4 2");
    pair.primary.gives(&format!("SECKILL.RELEASE sale {}", ids[0]), "RELEASED # 1");
    wait_until("the first is offered a unit", || offers(&pair.primary) == 1);
    let shop = pair.promote();
    shop.gives(&format!("SECKILL.RELEASE sale {}", ids[1]), "RELEASED # 1");
    shop.gives("SECKILL.RESERVE sale c", "FROZEN");
    shop.gives("SECKILL.CONFIRM sale 3", "CONFIRMED 3 1");
    shop.gives("SECKILL.RESERVE sale e WAITLIST", "FROZEN");
    assert_eq!((offers(&shop), shop.field("SECKILL.INFO sale", "available").as_str()), (1, "1"));
    shop.gives("SECKILL.ALTER sale STATE OPEN", "OK");
    wait_until("the next is offered the other", || offers(&shop) == 2);
    shop.gives("SECKILL.RESERVE sale d", "RESERVED 4 @ 0");
}

fn offers(shop: &Server) -> usize {
    events::count(shop, "{sale}:orders", "OFFERED")
}

#[test]
fn a_cart_with_a_frozen_sale_is_refused_and_one_from_before_is_settled() {
    let mut shop = Server::with(&["appendonly yes"]);
    shop.gives("SECKILL.CREATE {x}frozen STOCK 5 PERUSER 0 ONFAILOVER FREEZE", "OK");
    shop.gives("SECKILL.CREATE {x}other STOCK 5 PERUSER 0", "OK");
    shop.gives("SECKILL.MRESERVE 2 {x}other {x}frozen u REQUEST old", "RESERVED **");
    shop.restart();
    shop.unchanged("a refused cart", || {
        shop.gives("SECKILL.MRESERVE 2 {x}other {x}frozen u REQUEST new", "REFUSED {x}frozen FROZEN");
        shop.gives("SECKILL.MRESERVE 2 {x}other {x}frozen u REQUEST old", "RESERVED **");
    });
    shop.gives("SECKILL.MCONFIRM 2 {x}other {x}frozen u REQUEST old", "CONFIRMED 1 1");
    shop.gives("SECKILL.ALTER {x}frozen STATE OPEN", "OK");
    shop.gives("SECKILL.MRESERVE 2 {x}other {x}frozen u REQUEST new", "RESERVED **");
}
