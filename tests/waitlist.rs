//! The line of those who wait for what comes back.

use crate::harness::{Client, Pair, Server, events, for_each_topology, log, now_ms, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 2 WAITLIST 3 OFFER 60000 HOLD 600000";
const STREAM: &str = "{sale}:orders";

/// A sale of two units, both taken by `a` and `b`, for which `c`, `d` and `e` wait.
fn queued(shop: &Client) {
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.RESERVE sale a WAITLIST", "RESERVED 1 @ 1");
    shop.gives("SECKILL.RESERVE sale b WAITLIST", "RESERVED 2 @ 0");
    shop.gives("SECKILL.RESERVE sale c REQUEST c1 WAITLIST DATA gift", "WAITLISTED 3 1");
    shop.gives("SECKILL.RESERVE sale d WAITLIST", "WAITLISTED 4 2");
    shop.gives("SECKILL.RESERVE sale e WAITLIST", "WAITLISTED 5 3");
}

fn state(shop: &Client, id: u32) -> String {
    let text = shop.text(&format!("SECKILL.GET sale {id}"));
    let states = ["HELD", "CONFIRMED", "RELEASED", "EXPIRED", "REFUNDED", "WAITING", "OFFERED"];
    let found = text.split([' ', '[', ']']).find(|word| states.contains(word));
    found.unwrap_or_else(|| panic!("no state in {text}")).to_string()
}

#[test]
fn whoever_waits_has_a_place_and_waits_once() {
    let shop = Server::start();
    queued(&shop);
    shop.unchanged("a repeated request to wait", || {
        shop.gives("SECKILL.RESERVE sale c REQUEST c1 DATA gift", "WAITLISTED 3 1");
        shop.gives("SECKILL.RESERVE sale d WAITLIST", "WAITLISTED 4 2");
        shop.gives("SECKILL.RESERVE sale d REQUEST other", "WAITLISTED 4 2");
        shop.fails("SECKILL.RESERVE sale c REQUEST c1 QTY 2", "MISMATCH");
        shop.gives("SECKILL.RESERVE sale f WAITLIST", "SOLDOUT 2");
        shop.gives("SECKILL.RESERVE sale a WAITLIST", "DUPLICATE 1 @ 1 1");
    });
    assert_eq!(shop.field("SECKILL.USER sale d", "waiting"), "2");
    assert_eq!(shop.field("SECKILL.USER sale a", "waiting"), "0");
    let info = shop.map("SECKILL.INFO sale");
    let named =
        ["waiting", "offered", "waitlist", "offer", "held", "available"].map(|name| info[name].as_str());
    assert_eq!(named, ["3", "0", "3", "60000", "2", "0"]);
    shop.gives("SECKILL.SCAN sale 0 STATE WAITING", "0 [3 4 5]");
    shop.gives("SECKILL.CONFIRM sale 3", "WAITING 3");
    shop.gives("SECKILL.EXTEND sale 3 PX 1000", "WAITING 3");
    shop.gives("SECKILL.REFUND sale 3", "WAITING 3");
    let told = events::all(&shop, STREAM)[2].values();
    assert_eq!(told, "WAITLISTED sale 0-3 3 c 1 0 gift");
}

#[test]
fn units_that_come_back_go_to_the_first_in_line_at_once() {
    let shop = Server::start();
    queued(&shop);
    shop.gives("SECKILL.RELEASE sale 2", "RELEASED 2 1");
    assert_eq!(state(&shop, 3), "OFFERED");
    assert_eq!(shop.field("SECKILL.USER sale d", "waiting"), "1");
    assert_eq!(events::kinds(&shop, STREAM).split(' ').next_back(), Some("OFFERED"));
    shop.gives("SECKILL.RESERVE sale f", "SOLDOUT 2");
    shop.gives("SECKILL.RESERVE sale c", "RESERVED 3 @ 0");
    shop.gives("SECKILL.RESERVE sale c", "DUPLICATE 3 @ 1 1");
    shop.gives("SECKILL.CONFIRM sale 3", "CONFIRMED 3 1");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    shop.gives("SECKILL.CONFIRM sale 4", "CONFIRMED 4 1");
    shop.gives("SECKILL.STOCK sale", "0");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    events::assert_gapless(&events::all(&shop, STREAM), "sale");
}

#[test]
fn an_offer_is_taken_once_under_whatever_token() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1 PERUSER 0 WAITLIST 9", "OK");
    shop.gives("SECKILL.RESERVE sale a", "RESERVED 1 @ 0");
    shop.gives("SECKILL.RESERVE sale b REQUEST join WAITLIST", "WAITLISTED 2 1");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    shop.gives("SECKILL.RESERVE sale b REQUEST take", "RESERVED 2 @ 0");
    shop.gives("SECKILL.RESTOCK sale 5", "RESTOCKED 5 6");
    shop.unchanged("a repeated answer", || {
        shop.gives("SECKILL.RESERVE sale b REQUEST take", "RESERVED 2 @ 5");
        shop.gives("SECKILL.RESERVE sale b REQUEST join", "RESERVED 2 @ 5");
    });
    shop.gives("SECKILL.VOID sale b REQUEST take PX 1000", "RELEASED 2 1");
    shop.gives("SECKILL.RESERVE sale b REQUEST take", "RELEASED 2");
}

#[test]
fn who_leaves_the_line_is_passed_by() {
    let shop = Server::start();
    queued(&shop);
    shop.gives("SECKILL.RELEASE sale 3", "RELEASED 3 1");
    shop.gives("SECKILL.RELEASE sale 3", "RELEASED 3 1");
    shop.gives("SECKILL.VOID sale c REQUEST c1 PX 1000", "RELEASED 3 1");
    assert_eq!(shop.field("SECKILL.USER sale e", "waiting"), "2");
    shop.gives("SECKILL.RESERVE sale c WAITLIST", "WAITLISTED 6 3");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    assert_eq!([state(&shop, 4), state(&shop, 5)], ["OFFERED", "WAITING"]);
    shop.gives("SECKILL.RELEASE sale 4", "RELEASED 4 1");
    assert_eq!([state(&shop, 5), state(&shop, 6)], ["OFFERED", "WAITING"]);
}

#[test]
fn an_unanswered_offer_goes_to_the_next() {
    let shop = Server::start();
    queued(&shop);
    shop.gives("SECKILL.ALTER sale OFFER 40", "OK");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    wait_until("everybody had an offer", || events::count(&shop, STREAM, "EXPIRED") == 3);
    let kinds = events::kinds(&shop, STREAM);
    assert!(kinds.ends_with("RELEASED OFFERED EXPIRED OFFERED EXPIRED OFFERED EXPIRED"), "{kinds}");
    shop.gives("SECKILL.RESERVE sale c REQUEST c1 DATA gift", "EXPIRED 3");
    shop.gives("SECKILL.CONFIRM sale 4", "EXPIRED 4");
    shop.gives("SECKILL.RESERVE sale f", "RESERVED * @ 0");
}

#[test]
fn nobody_is_offered_anything_while_the_sale_is_not_open() {
    let shop = Server::start();
    for (closed, open) in [("STATE PAUSED", "STATE OPEN"), ("STATE CLOSED", "STATE OPEN"), ("END 1", "END 0")]
    {
        shop.run("FLUSHALL");
        queued(&shop);
        shop.gives(&format!("SECKILL.ALTER sale {closed}"), "OK");
        shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
        shop.gives("SECKILL.RELEASE sale 4", "RELEASED 4 1");
        shop.gives("SECKILL.CREATE other STOCK 1 HOLD 30", "OK");
        shop.gives("SECKILL.RESERVE other u", "RESERVED 1 @ 0");
        wait_until("time passes", || events::count(&shop, "{other}:orders", "EXPIRED") == 1);
        assert_eq!(events::count(&shop, STREAM, "OFFERED"), 0);
        shop.gives(&format!("SECKILL.ALTER sale {open}"), "OK");
        assert_eq!([state(&shop, 3), state(&shop, 5)], ["OFFERED", "WAITING"]);
    }
}

#[test]
fn a_line_goes_on_by_itself_when_the_sale_opens_again() {
    let shop = Server::start();
    queued(&shop);
    shop.gives(&format!("SECKILL.ALTER sale START {}", now_ms() + 150), "OK");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    assert_eq!(state(&shop, 3), "WAITING");
    wait_until("the sale opens", || state(&shop, 3) == "OFFERED");
}

#[test]
fn a_group_is_given_time_and_then_others_pass() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 4 PERUSER 0 WAITLIST 9 OFFER 150 HOLD 600000", "OK");
    shop.gives("SECKILL.RESERVE sale a QTY 2", "RESERVED 1 @ 2");
    shop.gives("SECKILL.RESERVE sale b QTY 2", "RESERVED 2 @ 0");
    shop.gives("SECKILL.RESERVE sale group QTY 4 WAITLIST", "WAITLISTED 3 1");
    shop.gives("SECKILL.RESERVE sale single WAITLIST", "WAITLISTED 4 2");
    shop.gives("SECKILL.RESERVE sale never QTY 5 WAITLIST", "SOLDOUT 4");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 2");
    shop.gives("SECKILL.RESERVE sale comes", "SOLDOUT 2");
    assert_eq!([state(&shop, 3), state(&shop, 4)], ["WAITING", "WAITING"]);
    wait_until("the single passes", || state(&shop, 4) == "OFFERED");
    let all = events::all(&shop, STREAM);
    let time = |kind: &str| -> i64 {
        let event = all.iter().find(|event| event.get("ev") == kind).expect("an event");
        event.entry.split('-').next().and_then(|ms| ms.parse().ok()).expect("a time")
    };
    assert!(time("OFFERED") - time("RELEASED") >= 150);
    shop.gives("SECKILL.RESERVE sale single", "RESERVED 4 @ 1");
    shop.gives("SECKILL.RESERVE sale comes", "RESERVED 5 @ 0");
    for id in [2, 4, 5] {
        shop.run(&format!("SECKILL.RELEASE sale {id}"));
    }
    assert_eq!(state(&shop, 3), "OFFERED");
}

#[test]
fn a_sale_without_a_list_lets_nobody_wait() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives("SECKILL.RESERVE sale a WAITLIST", "RESERVED 1 @ 0");
    shop.gives("SECKILL.RESERVE sale b WAITLIST", "SOLDOUT 1");
    shop.gives("SECKILL.ALTER sale WAITLIST 1", "OK");
    shop.gives("SECKILL.RESERVE sale b WAITLIST", "WAITLISTED 2 1");
    shop.gives("SECKILL.ALTER sale WAITLIST 0", "OK");
    shop.gives("SECKILL.RESERVE sale c WAITLIST", "SOLDOUT 1");
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    assert_eq!(state(&shop, 2), "OFFERED");
    shop.fails("SECKILL.CREATE bad STOCK 1 WAITLIST -1", "ERR WAITLIST must be an integer between 0 and");
    shop.fails("SECKILL.CREATE bad STOCK 1 OFFER 31536000001", "ERR OFFER must be an integer between 0 and");
    shop.fails("SECKILL.RESERVE sale x WAITLIST WAITLIST", "ERR syntax error near 'WAITLIST'");
}

#[test]
fn an_offer_without_a_payment_step_is_confirmed_by_reserve() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1 HOLD 0 WAITLIST 1", "OK");
    shop.gives("SECKILL.RESERVE sale a", "CONFIRMED 1 1 0");
    shop.gives("SECKILL.RESERVE sale b WAITLIST", "WAITLISTED 2 1");
    shop.gives("SECKILL.REFUND sale 1", "REFUNDED 1 1");
    assert_eq!(state(&shop, 2), "OFFERED");
    shop.gives("SECKILL.RESERVE sale b", "CONFIRMED 2 1 0");
    assert!(events::kinds(&shop, STREAM).ends_with("WAITLISTED REFUNDED OFFERED CONFIRMED"));
}

#[test]
fn a_line_is_the_same_wherever_the_sale_goes() {
    let story = [
        CREATE,
        "SECKILL.RESERVE sale a",
        "SECKILL.RESERVE sale b",
        "SECKILL.RESERVE sale c REQUEST c1 WAITLIST",
        "SECKILL.RESERVE sale d WAITLIST",
        "SECKILL.RESERVE sale group WAITLIST",
        "SECKILL.RELEASE sale 1",
        "SECKILL.RESERVE sale c REQUEST mine",
        "SECKILL.RELEASE sale 2",
    ];
    for_each_topology(&story, |shop| {
        shop.gives("SECKILL.RESERVE sale c REQUEST mine", "RESERVED 3 @ 0");
        shop.gives("SECKILL.RESERVE sale group", "WAITLISTED 5 1");
        assert_eq!([state(shop, 4), state(shop, 5)], ["OFFERED", "WAITING"]);
        shop.gives("SECKILL.RELEASE sale 3", "RELEASED 3 1");
        assert_eq!([state(shop, 4), state(shop, 5)], ["OFFERED", "OFFERED"]);
        shop.gives("SECKILL.CONFIRM sale 4", "CONFIRMED 4 1");
        assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
    });
}

#[test]
fn an_offer_ends_wherever_the_sale_goes() {
    let story = [
        "SECKILL.CREATE sale STOCK 1 WAITLIST 2 OFFER 400 HOLD 600000",
        "SECKILL.RESERVE sale a",
        "SECKILL.RESERVE sale b WAITLIST",
        "SECKILL.RESERVE sale c WAITLIST",
        "SECKILL.RELEASE sale 1",
    ];
    for_each_topology(&story, |shop| {
        wait_until("nobody is left", || shop.int("XLEN {sale}:orders") == 8);
        let kinds = events::kinds(shop, STREAM);
        assert!(kinds.ends_with("RELEASED OFFERED EXPIRED OFFERED EXPIRED"), "{kinds}");
        assert_eq!([state(shop, 2), state(shop, 3)], ["EXPIRED", "EXPIRED"]);
    });
}

#[test]
fn offers_are_sent_as_changes_of_their_own() {
    let shop = Server::with(&["appendonly yes"]);
    queued(&shop);
    let before = log::entries(&shop).len();
    shop.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    assert_eq!(log::names(&shop)[before..].iter().filter(|name| *name == "SECKILL.APPLY").count(), 2);
}

/// Ten thousand wait, five hundred units come back in one tick, and the server changes in the middle.
#[test]
fn the_first_in_line_get_offers_each_once_over_a_failover() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 500 PERUSER 0 WAITLIST 10000 HOLD 4000 OFFER 600000", "OK");
    let all: Vec<String> = (0..10_500).map(|user| format!("SECKILL.RESERVE sale u{user} WAITLIST")).collect();
    all.chunks(500).for_each(|part| {
        pair.primary.pipeline(part);
    });
    assert_eq!(pair.primary.field("SECKILL.INFO sale", "waiting"), "10000");
    pair.caught_up();
    wait_until("units come back", || pair.primary.field("SECKILL.INFO sale", "offered") != "0");
    pair.caught_up();
    let shop = pair.promote();
    wait_until("all are offered", || shop.field("SECKILL.INFO sale", "offered") == "500");
    let offered = events::all(&shop, STREAM);
    let offered: Vec<u64> = offered
        .iter()
        .filter(|event| event.get("ev") == "OFFERED")
        .map(|event| event.get("id").parse().expect("an id"))
        .collect();
    assert!(offered.iter().copied().eq(501..=1_000), "{offered:?}");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
}
