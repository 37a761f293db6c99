//! `SECKILL.TICKET`, and sales that ask for one.

use crate::harness::{Server, for_each_topology, now_ms, wait_until};

const SECRET: &str = "seckill.ticket-secret";
/// Made with another implementation for the secret `secret`, the sale `phone`, alice, until 2027, tier 3.
const FROM_A_GATEWAY: &str = "1800000000000.3.oLsOJ38xqC1ieRqmVFUJ119Vj4OAYJfIHeaGFfhSTe4";

fn with_secret() -> Server {
    let shop = Server::start();
    shop.gives(&["CONFIG", "SET", SECRET, "secret"], "OK");
    shop.gives("SECKILL.CREATE phone STOCK 5 TICKETS", "OK");
    shop
}

fn ticket(shop: &Server, rest: &str) -> String {
    shop.text(&format!("SECKILL.TICKET {rest}"))
}

#[test]
fn a_sale_with_tickets_admits_those_who_have_one() {
    let shop = with_secret();
    shop.unchanged("a refusal", || {
        shop.gives("SECKILL.RESERVE phone alice", "BADTICKET MISSING");
        shop.gives("SECKILL.RESERVE phone alice TICKET x", "BADTICKET FORGED");
        let other = ticket(&shop, "phone bob");
        shop.gives(&format!("SECKILL.RESERVE phone alice TICKET {other}"), "BADTICKET FORGED");
    });
    let mine = ticket(&shop, "phone alice");
    shop.gives(&format!("SECKILL.RESERVE phone alice TICKET {mine}"), "RESERVED 1 @ 4");
    shop.gives(&format!("SECKILL.RESERVE phone alice TICKET {mine}"), "DUPLICATE 1 @ 1 1");
}

#[test]
fn a_ticket_of_a_gateway_is_as_good() {
    let shop = Server::start();
    shop.gives(&["CONFIG", "SET", SECRET, "secret"], "OK");
    shop.gives("SECKILL.CREATE phone STOCK 5 TICKETS MINTIER 3", "OK");
    shop.gives(&format!("SECKILL.RESERVE phone alice TICKET {FROM_A_GATEWAY} TIER 0"), "RESERVED 1 @ 4");
}

#[test]
fn a_ticket_is_good_until_its_time_is_over() {
    let shop = with_secret();
    let short = ticket(&shop, "phone alice PX 30");
    let expiry: i64 = short.split('.').next().unwrap().parse().unwrap();
    wait_until("the ticket is stale", || now_ms() > expiry);
    shop.gives(&format!("SECKILL.RESERVE phone alice TICKET {short}"), "BADTICKET STALE");
    let long = ticket(&shop, "phone alice");
    let expiry: i64 = long.split('.').next().unwrap().parse().unwrap();
    assert!((now_ms() + 290_000..now_ms() + 301_000).contains(&expiry), "{long}");
}

#[test]
fn both_secrets_are_good_while_one_is_changed() {
    let shop = with_secret();
    let old = ticket(&shop, "phone alice");
    shop.gives(&["CONFIG", "SET", "seckill.ticket-secret-previous", "secret", SECRET, "another"], "OK");
    let new = ticket(&shop, "phone bob");
    shop.gives(&format!("SECKILL.RESERVE phone alice TICKET {old}"), "RESERVED 1 @ 4");
    shop.gives(&format!("SECKILL.RESERVE phone bob TICKET {new}"), "RESERVED 2 @ 3");
    shop.gives(&["CONFIG", "SET", "seckill.ticket-secret-previous", ""], "OK");
    let carol = "SECKILL.RESERVE phone carol TICKET";
    shop.gives(&format!("{carol} {old}"), "BADTICKET FORGED");
}

#[test]
fn without_a_secret_tickets_are_disabled() {
    let shop = Server::start();
    shop.unchanged("what needs a secret", || {
        shop.fails("SECKILL.CREATE phone STOCK 5 TICKETS", "DISABLED");
        shop.fails("SECKILL.TICKET phone alice", "DISABLED");
    });
    shop.gives("EXISTS phone", "0");
    shop.gives("SECKILL.CREATE phone STOCK 5", "OK");
    shop.unchanged("ALTER", || shop.fails("SECKILL.ALTER phone TICKETS", "DISABLED"));
    shop.gives(&["CONFIG", "SET", SECRET, "secret"], "OK");
    shop.gives("SECKILL.ALTER phone TICKETS", "OK");
    shop.gives(&["CONFIG", "SET", SECRET, ""], "OK");
    shop.fails("SECKILL.RESERVE phone alice TICKET x", "DISABLED");
    shop.gives("SECKILL.ALTER phone NOTICKETS", "OK");
    shop.gives("SECKILL.RESERVE phone alice TICKET x", "RESERVED 1 @ 4");
}

#[test]
fn no_sale_has_no_ticket() {
    let shop = Server::start();
    shop.gives(&["CONFIG", "SET", SECRET, "secret"], "OK");
    shop.gives("SECKILL.TICKET phone alice", "nil");
    shop.gives("SET text 1", "OK");
    shop.fails("SECKILL.TICKET text alice", "WRONGTYPE");
    shop.fails("SECKILL.TICKET phone alice PX 0", "ERR PX");
    shop.fails("SECKILL.TICKET phone alice TIER 1000001", "ERR TIER");
}

#[test]
fn early_and_repeated_requests_are_answered_before_the_ticket() {
    let shop = with_secret();
    let mine = ticket(&shop, "phone alice");
    shop.gives(&format!("SECKILL.RESERVE phone alice REQUEST r TICKET {mine}"), "RESERVED 1 @ 4");
    shop.gives("SECKILL.RESERVE phone alice REQUEST r", "RESERVED 1 @ 4");
    shop.gives("SECKILL.ALTER phone STATE PAUSED", "OK");
    shop.gives("SECKILL.RESERVE phone bob", "PAUSED");
    shop.gives(&format!("SECKILL.ALTER phone STATE OPEN START {}", now_ms() + 60_000), "OK");
    assert!(shop.text("SECKILL.RESERVE phone bob TICKET x").contains("NOTOPEN"));
}

#[test]
fn the_secret_is_in_no_key_and_no_log() {
    let secret = "a-secret-that-nobody-may-read";
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no", "loglevel debug"]);
    shop.gives(&["CONFIG", "SET", SECRET, secret], "OK");
    shop.gives("SECKILL.CREATE phone STOCK 5 TICKETS", "OK");
    let mine = ticket(&shop, "phone alice");
    shop.gives(&format!("SECKILL.RESERVE phone alice TICKET {mine}"), "RESERVED 1 @ 4");
    shop.rewrite_log();
    shop.gives("SAVE", "OK");
    assert!(!shop.log().contains(secret));
    assert!(!shop.text("INFO everything").contains(secret));
    assert!(!shop.text("SLOWLOG GET").contains(secret));
    let found = std::process::Command::new("grep").args(["-rlF", secret]).arg(shop.folder()).output();
    let found = String::from_utf8(found.expect("grep runs").stdout).expect("names are text");
    assert_eq!(found, "", "files that hold the secret");
}

#[test]
fn what_a_sale_asks_of_callers_survives_everything() {
    let commands =
        ["SECKILL.CREATE phone STOCK 5 MINTIER 2 TIERSTART 3 1700000000000 START 1800000000000000"];
    for_each_topology(&commands, |shop| {
        let info = shop.map("SECKILL.INFO phone");
        let fields =
            [("mintier", "2"), ("tierstart_tier", "3"), ("tierstart", "1700000000000"), ("tickets", "0")];
        for (name, value) in fields {
            assert_eq!(info.get(name).map(String::as_str), Some(value), "{name}");
        }
    });
}
