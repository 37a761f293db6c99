//! `SECKILL.MRESERVE`, `SECKILL.MCONFIRM`, `SECKILL.MRELEASE`: what is answered.

use crate::harness::words::with;
use crate::harness::{Server, events, wait_until};

/// Sales `a` and `b`, of 5 and 2 units.
fn shop() -> Server {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE a STOCK 5 PERUSER 0 HOLD 600000", "OK");
    shop.gives("SECKILL.CREATE b STOCK 2 PERUSER 0 HOLD 300000", "OK");
    shop
}

#[test]
fn a_cart_is_taken_as_a_whole() {
    let shop = shop();
    let deadline = shop.number("SECKILL.MRESERVE 2 a b u QTY 2 1 REQUEST t DATA gift", "RESERVED @ 1 1", 1);
    shop.gives("SECKILL.STOCK a b", "3 1");
    shop.gives("SECKILL.GET b 1", &format!("[id 1 user u qty 1 state HELD deadline {deadline} ** gift **]"));
    let held = shop.field("SECKILL.USER a u", "held");
    assert_eq!(held, "2");
    for (stream, qty) in [("{a}:orders", "2"), ("{b}:orders", "1")] {
        let told = events::all(&shop, stream);
        assert_eq!(told.len(), 1);
        assert_eq!(
            ["ev", "seq", "id", "user", "qty", "data"].map(|name| told[0].get(name)),
            ["RESERVED", "0-1", "1", "u", qty, "gift"]
        );
    }
}

#[test]
fn a_cart_that_one_sale_refuses_changes_none() {
    let shop = shop();
    let command = "SECKILL.MRESERVE 2 a b u QTY 2 3";
    shop.unchanged("a refused cart", || {
        shop.gives(command, "REFUSED b SHORT 2");
        shop.gives("SECKILL.MRESERVE 2 b a u QTY 3 2", "REFUSED b SHORT 2");
        shop.gives("SECKILL.MRESERVE 3 a b none u", "REFUSED none NOSALE");
        shop.gives("SECKILL.MRESERVE 3 none a b u QTY 1 9 9", "REFUSED none NOSALE");
        shop.gives("SECKILL.MRESERVE 3 a none b u QTY 9 1 9", "REFUSED a SHORT 5");
    });
    shop.gives("XLEN {a}:orders", "0");
    shop.gives("SECKILL.MRESERVE 2 a b u QTY 5 2", "RESERVED @ 1 1");
    shop.gives("SECKILL.MRESERVE 2 a b v", "REFUSED a SOLDOUT 5");
}

#[test]
fn a_refusal_is_worded_as_by_reserve() {
    let shop = shop();
    shop.gives("SECKILL.CREATE c STOCK 5", "OK");
    shop.gives("SECKILL.MRESERVE 2 a c u", "RESERVED @ 1 1");
    for (alter, refusal) in [
        ("HOLD 900000", "DUPLICATE 1 @ 1 1"),
        ("MINTIER 2", "INELIGIBLE TIER"),
        ("START 9007199254740992", "NOTOPEN 9007199254740992 *"),
        ("START 0 END 1", "ENDED"),
        ("STATE CLOSED", "ENDED"),
        ("STATE PAUSED", "PAUSED"),
    ] {
        shop.gives(&format!("SECKILL.ALTER c {alter}"), "OK");
        shop.unchanged(alter, || {
            shop.gives("SECKILL.RESERVE c u", refusal);
            shop.gives("SECKILL.MRESERVE 2 a c u", &format!("REFUSED c {refusal}"));
        });
    }
    shop.gives("SECKILL.VOID a u REQUEST gone PX 60000", "VOIDED");
    shop.gives("SECKILL.MRESERVE 2 b a u REQUEST gone", "REFUSED a VOIDED");
    let info = shop.map("SECKILL.INFO c");
    assert_eq!([&info["requests"], &info["reserved"], &info["notopen"]], ["13", "1", "2"]);
    assert_eq!(shop.field("SECKILL.INFO a", "reserved"), "1");
}

#[test]
fn a_sale_named_twice_gives_the_sum() {
    let shop = shop();
    shop.gives("SECKILL.MRESERVE 3 a b a u QTY 1 1 3 REQUEST t", "RESERVED @ 1 1 1");
    shop.gives("SECKILL.GET a 1", "[id 1 user u qty 4 **]");
    shop.gives("SECKILL.STOCK a b", "1 1");
    shop.gives("XLEN {a}:orders", "1");
    shop.gives("SECKILL.MRESERVE 3 a b a u QTY 1 1 3 REQUEST t", "RESERVED @ 1 1 1");
    // The same units in other words are the same request.
    shop.gives("SECKILL.MRESERVE 2 b a u QTY 1 4 REQUEST t", "RESERVED @ 1 1");
    shop.unchanged("too much in all", || {
        shop.gives("SECKILL.MRESERVE 2 a a v", "REFUSED a SHORT 1");
        shop.gives("SECKILL.MRESERVE 4 b b b a v", "REFUSED b SHORT 1");
        shop.fails("SECKILL.MRESERVE 2 a a v QTY 1000000 1", "ERR QTY of a sale must add up to");
    });
    shop.gives("SECKILL.MCONFIRM 3 a a b u REQUEST t", "CONFIRMED 1 1 1");
}

#[test]
fn the_same_token_is_the_same_cart() {
    let shop = shop();
    let cart = "SECKILL.MRESERVE 2 a b u QTY 2 1 REQUEST t";
    let deadline = shop.number(cart, "RESERVED @ 1 1", 1);
    shop.unchanged("a repetition", || {
        shop.gives(cart, &format!("RESERVED {deadline} 1 1"));
        shop.gives(&format!("{cart} TIER 3 IP 10.0.0.1"), &format!("RESERVED {deadline} 1 1"));
        shop.fails("SECKILL.MRESERVE 2 a b u QTY 2 2 REQUEST t", "MISMATCH");
        shop.fails(&format!("{cart} DATA more"), "MISMATCH");
    });
    shop.gives("SECKILL.CREATE c STOCK 5", "OK");
    shop.unchanged("another cart under the same token", || {
        shop.fails("SECKILL.MRESERVE 3 a b c u QTY 2 1 1 REQUEST t", "MISMATCH");
        shop.fails("SECKILL.MRESERVE 2 c b u REQUEST t", "MISMATCH");
    });
    shop.gives("SECKILL.MRESERVE 2 a b v QTY 2 1 REQUEST t", "RESERVED @ 2 2");
    shop.gives("SECKILL.CONFIRM a 1", "CONFIRMED 1 2");
    shop.gives(cart, &format!("RESERVED {deadline} 1 1"));
    shop.gives("SECKILL.CONFIRM b 1", "CONFIRMED 1 1");
    shop.gives(cart, "RESERVED 0 1 1");
    shop.gives("SECKILL.REFUND b 1", "REFUNDED 1 1");
    shop.gives(cart, "REFUSED b REFUNDED 1");
    assert_eq!(shop.field("SECKILL.INFO a", "requests"), "6");
}

#[test]
fn without_a_token_a_cart_is_taken_again() {
    let shop = shop();
    shop.gives("SECKILL.MRESERVE 2 a b u", "RESERVED @ 1 1");
    shop.gives("SECKILL.MRESERVE 2 a b u", "RESERVED @ 2 2");
    shop.gives("SECKILL.STOCK a b", "3 0");
    shop.gives("SECKILL.CONFIRM a 2", "CONFIRMED 2 1");
}

#[test]
fn a_cart_is_confirmed_as_a_whole() {
    let shop = shop();
    shop.gives("SECKILL.MRESERVE 2 a b u QTY 2 1 REQUEST t", "RESERVED @ 1 1");
    shop.gives("SECKILL.MCONFIRM 2 b a u REQUEST t", "CONFIRMED 1 1");
    shop.unchanged("a second confirmation", || {
        shop.gives("SECKILL.MCONFIRM 2 b a u REQUEST t", "CONFIRMED 1 1");
        shop.gives("SECKILL.MRELEASE 2 a b u REQUEST t", "REFUSED a CONFIRMED 1");
    });
    assert_eq!(events::kinds(&shop, "{a}:orders"), "RESERVED CONFIRMED");
    assert_eq!(events::kinds(&shop, "{b}:orders"), "RESERVED CONFIRMED");
}

#[test]
fn a_cart_is_released_as_a_whole() {
    let shop = shop();
    shop.gives("SECKILL.MRESERVE 2 a b u QTY 2 1 REQUEST t", "RESERVED @ 1 1");
    shop.gives("SECKILL.MRELEASE 2 a b u REQUEST t", "RELEASED 1 1");
    shop.gives("SECKILL.STOCK a b", "5 2");
    shop.unchanged("what comes after", || {
        shop.gives("SECKILL.MRELEASE 2 a b u REQUEST t", "RELEASED 1 1");
        shop.gives("SECKILL.MCONFIRM 2 a b u REQUEST t", "REFUSED a RELEASED 1");
        shop.gives("SECKILL.MRESERVE 2 a b u QTY 2 1 REQUEST t", "REFUSED a RELEASED 1");
    });
    shop.gives("SECKILL.MRESERVE 2 a b u QTY 2 1 REQUEST t2", "RESERVED @ 2 2");
}

#[test]
fn a_cart_of_which_one_part_has_ended_is_not_settled() {
    let shop = shop();
    shop.gives("SECKILL.CREATE c STOCK 5 HOLD 1 GRACE 0", "OK");
    shop.gives("SECKILL.MRESERVE 3 a b c u REQUEST t", "RESERVED @ 1 1 1");
    wait_until("the hold expires", || events::kinds(&shop, "{c}:orders") == "RESERVED EXPIRED");
    shop.gives("SECKILL.RELEASE b 1", "RELEASED 1 1");
    shop.unchanged("a cart that cannot be settled", || {
        shop.gives("SECKILL.MCONFIRM 2 a b u REQUEST t", "REFUSED b RELEASED 1");
        shop.gives("SECKILL.MCONFIRM 2 a none u REQUEST t", "REFUSED none NOSALE");
        shop.gives("SECKILL.MCONFIRM 2 a b w REQUEST t", "REFUSED a NOTFOUND");
        shop.gives("SECKILL.MRELEASE 2 a b u REQUEST t2", "REFUSED a NOTFOUND");
    });
    shop.gives("SECKILL.MRELEASE 3 a b c u REQUEST t", "REFUSED c EXPIRED 1");
    // One part that was settled alone does not stand in the way of the rest.
    shop.gives("SECKILL.MRELEASE 2 b a u REQUEST t", "RELEASED 1 1");
    shop.gives("SECKILL.STOCK a b", "5 2");
}

#[test]
fn sales_without_a_payment_step_confirm_at_once() {
    let shop = shop();
    shop.gives("SECKILL.CREATE song STOCK -1 HOLD 0", "OK");
    shop.gives("SECKILL.MRESERVE 2 song a u REQUEST t", "RESERVED @ 1 1");
    assert_eq!(events::kinds(&shop, "{song}:orders"), "CONFIRMED");
    shop.unchanged("a paid cart", || {
        shop.gives("SECKILL.MRELEASE 2 a song u REQUEST t", "REFUSED song CONFIRMED 1")
    });
    shop.gives("SECKILL.MCONFIRM 2 song a u REQUEST t", "CONFIRMED 1 1");
    shop.gives("SECKILL.MRESERVE 1 song v", "RESERVED 0 2");
}

#[test]
fn bad_arguments_are_named_and_change_nothing() {
    let shop = shop();
    shop.gives("SET text x", "OK");
    shop.unchanged("bad arguments", || {
        for (words, error) in [
            ("0 a u", "ERR numsales must be an integer between 1 and 128"),
            ("-1 a u", "ERR numsales"),
            ("129 a u", "ERR numsales"),
            ("9223372036854775807 a u", "ERR numsales"),
            ("two a b", "ERR numsales"),
            ("2 a u", "ERR numsales must not be larger than the number of sales"),
            ("3 a b u", "ERR numsales must not be larger than the number of sales"),
            ("2 a b u QTY", "ERR syntax error near 'QTY'"),
            ("2 a b u QTY 1", "ERR syntax error near 'QTY'"),
            ("2 a b u QTY 1 REQUEST t", "ERR QTY must be an integer between 1 and 1000000"),
            ("2 a b u QTY 1 1 1", "ERR syntax error near '1'"),
            ("2 a b u QTY 1 0", "ERR QTY must be an integer"),
            ("2 a b u QTY 1 1 QTY 1 1", "ERR syntax error near 'QTY'"),
            ("2 a b u REQUEST", "ERR syntax error near 'REQUEST'"),
            ("2 a b u WAITLIST", "ERR syntax error near 'WAITLIST'"),
            ("2 a b u TIER 1000001", "ERR TIER"),
            ("2 a b u TICKET", "ERR syntax error near 'TICKET'"),
            ("3 a b a u TICKET x y", "ERR TICKET must be given once, or once for each sale"),
            ("2 a b u TICKET x y z", "ERR syntax error near 'z'"),
            ("2 a text u", "WRONGTYPE"),
            ("2 none text u", "WRONGTYPE"),
        ] {
            shop.fails(&format!("SECKILL.MRESERVE {words}"), error);
        }
        shop.fails(&with("SECKILL.MRESERVE 1 a", &[b""]), "ERR user must be 1 to 255 bytes long");
        shop.fails(&with("SECKILL.MRESERVE 1 a u DATA", &[&[7; 4097]]), "ERR DATA must be 0 to 4096");
        for command in ["MCONFIRM", "MRELEASE"] {
            for (words, error) in [
                ("0 a u REQUEST t", "ERR numsales must be an integer between 1 and 128"),
                ("3 a b u REQUEST t", "ERR syntax error near 't'"),
                ("2 a b u REQUEST", "ERR syntax error near 'REQUEST'"),
                ("1 a u REQUEST t LATE", "ERR syntax error near 'LATE'"),
                ("1 a u REQUEST t REQUEST t", "ERR syntax error near 'REQUEST'"),
                ("2 a b u t t", "ERR syntax error near 't'"),
                ("2 a text u REQUEST t", "WRONGTYPE"),
                ("1 a u t", "ERR syntax error near 't'"),
            ] {
                shop.fails(&format!("SECKILL.{command} {words}"), error);
            }
        }
    });
}

#[test]
fn limits_are_charged_over_the_whole_cart_or_not_at_all() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE a STOCK 9 PERUSER 0 USERRATE 3 600000", "OK");
    shop.gives("SECKILL.CREATE b STOCK 9 PERUSER 0 IPRATE 1 600000", "OK");
    shop.gives("SECKILL.CREATE c STOCK 9 PERUSER 0", "OK");
    shop.fails("SECKILL.MRESERVE 3 a b c u", "ERR the sale has an IPRATE");
    shop.gives("SECKILL.MRESERVE 3 a b c u IP 1 REQUEST t", "RESERVED @ 1 1 1");
    for _ in 0..5 {
        shop.gives("SECKILL.MRESERVE 3 a b c u IP 1 REQUEST t", "RESERVED @ 1 1 1");
        shop.gives("SECKILL.MRESERVE 3 a b c u IP 1", "REFUSED b LIMITED IP *");
        shop.gives("SECKILL.MRESERVE 4 a none b c u IP 2", "REFUSED none NOSALE");
    }
    shop.gives("SECKILL.ALTER c STATE PAUSED", "OK");
    for _ in 0..5 {
        shop.gives("SECKILL.MRESERVE 2 a c u", "REFUSED c PAUSED");
    }
    shop.gives("SECKILL.ALTER c STATE OPEN", "OK");
    // Of the three of `a` one is used; two places of one cart are one request.
    shop.gives("SECKILL.MRESERVE 2 a a u", "RESERVED @ 2 2");
    // A cart that stock alone refuses is charged.
    shop.gives("SECKILL.MRESERVE 2 a c u QTY 1 9", "REFUSED c SHORT 8");
    shop.gives("SECKILL.MRESERVE 2 c a u QTY 9 1", "REFUSED c SHORT 8");
    shop.gives("SECKILL.MRESERVE 2 c a u", "REFUSED a LIMITED USER *");
    shop.gives("SECKILL.MRESERVE 2 c b u IP 2", "RESERVED @ 2 2");
}

#[test]
fn a_ticket_is_for_one_sale_or_there_is_one_for_each() {
    let shop = Server::start();
    shop.gives("CONFIG SET seckill.ticket-secret secret", "OK");
    for sale in ["a", "b"] {
        shop.gives(&format!("SECKILL.CREATE {sale} STOCK 9 PERUSER 0 TICKETS MINTIER 1"), "OK");
    }
    shop.gives("SECKILL.CREATE c STOCK 9 PERUSER 0 USERRATE 9 600000", "OK");
    let [a, b] = ["a", "b"].map(|sale| shop.text(&format!("SECKILL.TICKET {sale} u TIER 1")));
    shop.unchanged("a cart without tickets", || {
        shop.gives("SECKILL.MRESERVE 2 a b u TIER 1", "REFUSED a BADTICKET MISSING");
        shop.gives(&format!("SECKILL.MRESERVE 2 a b u TICKET {a}"), "REFUSED b BADTICKET FORGED");
        shop.gives(&format!("SECKILL.MRESERVE 2 a b u TICKET {b} {a}"), "REFUSED a BADTICKET FORGED");
        shop.gives(&format!("SECKILL.MRESERVE 2 a b v TICKET {a} {b}"), "REFUSED a BADTICKET FORGED");
    });
    shop.gives(&format!("SECKILL.MRESERVE 2 c a u TICKET {a} REQUEST t"), "RESERVED @ 1 1");
    shop.gives(&format!("SECKILL.MRESERVE 2 b a u ticket {b} {a} request t2"), "RESERVED @ 1 2");
    shop.gives(&format!("SECKILL.MRESERVE 3 a b a u TICKET {a} {b} {a} QTY 1 1 1"), "RESERVED @ 3 2 3");
    shop.gives("CONFIG SET seckill.ticket-secret ''", "OK");
    shop.unchanged("no secret", || shop.fails("SECKILL.MRESERVE 2 c a u", "DISABLED"));
}

#[test]
fn every_filter_of_a_cart_must_know_the_user() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD members u", "1");
    shop.gives("SECKILL.CREATE a STOCK 9 FILTER members", "OK");
    shop.gives("SECKILL.CREATE b STOCK 9", "OK");
    shop.gives("SECKILL.MRESERVE 2 b a u REQUEST t", "RESERVED @ 1 1");
    shop.unchanged("a stranger's cart", || {
        shop.gives("SECKILL.MRESERVE 2 b a v", "REFUSED a INELIGIBLE FILTER")
    });
    shop.gives("DEL members", "1");
    shop.unchanged("a cart without the filter", || {
        shop.fails("SECKILL.MRESERVE 2 b a v", "NOFILTER");
        shop.gives("SECKILL.MRESERVE 2 b a u REQUEST t", "RESERVED @ 1 1");
    });
}

#[test]
fn a_cart_stands_in_no_line_and_passes_none() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE a STOCK 1 PERUSER 0 WAITLIST 10 OFFER 600000", "OK");
    shop.gives("SECKILL.CREATE b STOCK 9 PERUSER 0", "OK");
    shop.gives("SECKILL.MRESERVE 2 b a u REQUEST t", "RESERVED @ 1 1");
    shop.gives("SECKILL.RESERVE a v WAITLIST", "WAITLISTED 2 1");
    shop.gives("SECKILL.RESERVE a w WAITLIST", "WAITLISTED 3 2");
    shop.unchanged("a cart where others wait", || {
        shop.gives("SECKILL.MRESERVE 2 b a x", "REFUSED a SOLDOUT 1");
        shop.gives("SECKILL.MRESERVE 2 b a w REQUEST t", "REFUSED a WAITLISTED 3 2");
        shop.fails("SECKILL.MRESERVE 2 b a w WAITLIST", "ERR syntax error near 'WAITLIST'");
    });
    // What a cart gives back is offered at once; the cart of who was offered it takes it.
    shop.gives("SECKILL.MRELEASE 2 b a u REQUEST t", "RELEASED 1 1");
    assert_eq!(shop.field("SECKILL.INFO a", "offered"), "1");
    shop.gives("SECKILL.MRESERVE 2 b a x", "REFUSED a SOLDOUT 1");
    shop.gives("SECKILL.MRESERVE 2 b a v REQUEST t", "RESERVED @ 2 2");
    shop.gives("SECKILL.MRESERVE 2 b a v REQUEST t", "RESERVED @ 2 2");
    shop.gives("SECKILL.MCONFIRM 2 a b v REQUEST t", "CONFIRMED 2 2");
    assert_eq!(
        events::kinds(&shop, "{a}:orders"),
        "RESERVED WAITLISTED WAITLISTED RELEASED OFFERED RESERVED CONFIRMED"
    );
}
