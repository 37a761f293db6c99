//! Sales for those alone who are in a filter.

use crate::harness::{Server, for_each_topology};

const CREATE: &str = "SECKILL.CREATE {s} STOCK 5 PERUSER 0 FILTER {s}:guests";

#[test]
fn who_is_not_in_the_filter_is_not_eligible() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD {s}:guests alice bob", "1 1");
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.RESERVE {s} alice", "RESERVED 1 @ 4");
    shop.unchanged("an ineligible request", || {
        shop.gives("SECKILL.RESERVE {s} mallory", "INELIGIBLE FILTER");
        shop.gives("SECKILL.RESERVE {s} mallory REQUEST t", "INELIGIBLE FILTER");
    });
    shop.gives("SECKILL.BFDEL {s}:guests bob", "1");
    shop.gives("SECKILL.RESERVE {s} bob", "INELIGIBLE FILTER");
    assert_eq!(shop.field("SECKILL.INFO {s}", "filter"), "{s}:guests");
}

#[test]
fn a_filter_can_be_changed_and_taken_away() {
    let shop = Server::start();
    shop.run("SECKILL.BFADD {s}:guests alice");
    shop.run("SECKILL.BFADD {s}:members bob");
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.RESERVE {s} bob", "INELIGIBLE FILTER");
    shop.gives("SECKILL.ALTER {s} FILTER {s}:members", "OK");
    shop.gives("SECKILL.RESERVE {s} bob", "RESERVED 1 @ 4");
    shop.gives("SECKILL.RESERVE {s} alice", "INELIGIBLE FILTER");
    shop.unchanged("an ALTER that changes nothing", || {
        shop.gives("SECKILL.ALTER {s} FILTER {s}:members", "OK")
    });
    shop.gives("SECKILL.ALTER {s} NOFILTER", "OK");
    shop.gives("SECKILL.RESERVE {s} alice", "RESERVED 2 @ 3");
    assert_eq!(shop.field("SECKILL.INFO {s}", "filter"), "\"\"");
}

#[test]
fn a_filter_that_is_gone_turns_nobody_away() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.unchanged("a request without the filter", || {
        shop.fails("SECKILL.RESERVE {s} alice", "NOFILTER");
    });
    shop.run("SECKILL.BFADD {s}:guests alice");
    shop.gives("SECKILL.RESERVE {s} alice REQUEST r", "RESERVED 1 @ 4");
    shop.run("DEL {s}:guests");
    shop.gives("SECKILL.RESERVE {s} alice REQUEST r", "RESERVED 1 @ 4");
    shop.fails("SECKILL.RESERVE {s} alice", "NOFILTER");
    shop.run("SET {s}:guests text");
    shop.fails("SECKILL.RESERVE {s} alice", "WRONGTYPE");
}

#[test]
fn what_can_be_no_filter_is_refused() {
    let shop = Server::start();
    shop.run("SET text text");
    shop.fails("SECKILL.CREATE s STOCK 1 FILTER text", "WRONGTYPE");
    shop.fails(
        &["SECKILL.CREATE", "s", "STOCK", "1", "FILTER", ""][..],
        "ERR FILTER must be at least 1 byte long",
    );
    shop.fails("SECKILL.CREATE s STOCK 1 FILTER", "ERR syntax error near 'FILTER'");
    shop.gives("EXISTS s", "0");
    shop.gives("SECKILL.CREATE s STOCK 1", "OK");
    shop.fails("SECKILL.ALTER s FILTER text", "WRONGTYPE");
    shop.gives("COMMAND GETKEYS SECKILL.CREATE s STOCK 1 FILTER f", "s f");
    shop.gives("COMMAND GETKEYS SECKILL.ALTER s FILTER f", "s f");
}

#[test]
fn tier_comes_before_filter_and_both_before_limits() {
    let shop = Server::start();
    shop.run("SECKILL.BFADD {s}:guests alice");
    shop.gives(&format!("{CREATE} MINTIER 2 USERRATE 1 600000"), "OK");
    for _ in 0..3 {
        shop.gives("SECKILL.RESERVE {s} mallory", "INELIGIBLE TIER");
        shop.gives("SECKILL.RESERVE {s} mallory TIER 2", "INELIGIBLE FILTER");
    }
    shop.gives("SECKILL.RESERVE {s} alice TIER 2", "RESERVED 1 @ 4");
    shop.gives("SECKILL.RESERVE {s} alice TIER 2", "LIMITED USER *");
    shop.gives("SECKILL.ALTER {s} STATE PAUSED", "OK");
    shop.gives("SECKILL.RESERVE {s} mallory", "PAUSED");
}

#[test]
fn a_caller_of_create_needs_the_filter_and_a_shopper_does_not() {
    let shop = Server::start();
    shop.run("SECKILL.BFADD {s}:guests alice");
    shop.run("ACL SETUSER maker on nopass +@all resetkeys ~{s} ~{s}:orders");
    shop.run("ACL SETUSER shopper on nopass +@all resetkeys ~{s}");
    let client = shop.client();
    client.gives("AUTH maker any", "OK");
    client.fails(CREATE, "NOPERM");
    shop.gives(CREATE, "OK");
    client.gives("AUTH shopper any", "OK");
    client.gives("SECKILL.RESERVE {s} alice", "RESERVED 1 @ 4");
    client.fails("SECKILL.ALTER {s} FILTER {s}:other", "NOPERM");
}

#[test]
fn a_sale_keeps_its_filter_wherever_it_goes() {
    let story = ["SECKILL.BFADD {s}:guests alice", CREATE, "SECKILL.ALTER {s} FILTER {s}:guests MINTIER 0"];
    for_each_topology(&story, |shop| {
        shop.gives("SECKILL.RESERVE {s} mallory", "INELIGIBLE FILTER");
        shop.gives("SECKILL.RESERVE {s} alice", "RESERVED * @ 4");
    });
}
