//! How often a sale lets callers ask.

use crate::harness::{Pair, Server, for_each_topology, wait_until};

#[test]
fn each_limit_says_who_is_limited_and_for_how_long() {
    let shop = Server::start();
    shop.gives(
        "SECKILL.CREATE sale STOCK 50 PERUSER 0 USERRATE 2 600000 IPRATE 3 600000 RATE 5 600000",
        "OK",
    );
    shop.gives("SECKILL.RESERVE sale a IP 1", "RESERVED 1 @ 49");
    shop.gives("SECKILL.RESERVE sale a IP 1", "RESERVED 2 @ 48");
    shop.unchanged("a limited request", || {
        for _ in 0..100 {
            let left = shop.number("SECKILL.RESERVE sale a IP 2", "LIMITED USER *", 2);
            assert!((200_000..=300_000).contains(&left), "{left}");
        }
    });
    shop.gives("SECKILL.RESERVE sale b IP 1", "RESERVED 3 @ 47");
    shop.gives("SECKILL.RESERVE sale b IP 1", "LIMITED IP *");
    shop.gives("SECKILL.RESERVE sale c IP 2", "RESERVED 4 @ 46");
    shop.gives("SECKILL.RESERVE sale d IP 3", "RESERVED 5 @ 45");
    shop.gives("SECKILL.RESERVE sale e IP 4", "LIMITED SALE *");
    let info = shop.map("SECKILL.INFO sale");
    assert_eq!((info["limited"].as_str(), info["requests"].as_str()), ("102", "107"));
}

#[test]
fn a_limit_that_was_waited_for_allows() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 50 PERUSER 0 USERRATE 1 80", "OK");
    shop.gives("SECKILL.RESERVE sale a", "RESERVED 1 @ 49");
    wait_until("the limit allows", || {
        let reply = shop.text("SECKILL.RESERVE sale a");
        assert!(reply.starts_with("LIMITED USER ") || reply.starts_with("RESERVED 2 "), "{reply}");
        reply.starts_with("RESERVED")
    });
}

#[test]
fn early_repeated_and_ineligible_requests_are_not_charged() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 START 9007199254740992 USERRATE 1 600000 MINTIER 1", "OK");
    for _ in 0..5 {
        shop.gives("SECKILL.RESERVE sale a TIER 1", "NOTOPEN * *");
    }
    shop.gives("SECKILL.ALTER sale START 0", "OK");
    for _ in 0..5 {
        shop.gives("SECKILL.RESERVE sale a", "INELIGIBLE TIER");
    }
    shop.gives("SECKILL.RESERVE sale a TIER 1 REQUEST r", "RESERVED 1 @ 4");
    for _ in 0..5 {
        shop.gives("SECKILL.RESERVE sale a TIER 1 REQUEST r", "RESERVED 1 @ 4");
    }
    shop.gives("SECKILL.RESERVE sale a TIER 1", "LIMITED USER *");
    // A request that only the quota refuses was charged.
    shop.gives("SECKILL.ALTER sale USERRATE 2 600000", "OK");
    shop.gives("SECKILL.RESERVE sale a TIER 1", "DUPLICATE 1 @ 1 1");
    shop.gives("SECKILL.RESERVE sale a TIER 1", "LIMITED USER *");
    shop.gives("SECKILL.ALTER sale USERRATE 0 1", "OK");
    shop.gives("SECKILL.RESERVE sale a TIER 1", "DUPLICATE 1 @ 1 1");
}

#[test]
fn an_address_is_asked_for_where_it_is_limited() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 IPRATE 1 1000", "OK");
    shop.unchanged("a request without an address", || {
        shop.fails("SECKILL.RESERVE sale a", "ERR the sale has an IPRATE");
        shop.fails(&["SECKILL.RESERVE", "sale", "a", "IP", ""], "ERR IP must be 1 to 255 bytes long");
        shop.fails("SECKILL.CREATE other STOCK 5 RATE 1", "ERR syntax error near 'RATE'");
        shop.fails("SECKILL.CREATE other STOCK 5 RATE -1 5", "ERR RATE must be an integer between 0 and");
        shop.fails("SECKILL.CREATE other STOCK 5 RATE 5 0", "ERR RATE must be an integer between 1 and");
    });
    shop.gives("SECKILL.CREATE open STOCK 5", "OK");
    shop.gives("SECKILL.RESERVE open a IP 10.0.0.1", "RESERVED 1 @ 4");
}

#[test]
fn rates_are_kept_and_what_was_used_is_not() {
    let commands = [
        "SECKILL.CREATE sale STOCK 5 PERUSER 0 RATE 9 1000 USERRATE 1 600000 IPRATE 7 3000",
        "SECKILL.RESERVE sale a IP 1",
    ];
    for_each_topology(&commands, |shop| {
        let info = shop.map("SECKILL.INFO sale");
        let fields = ["rate", "rate_period", "userrate", "userrate_period", "iprate", "iprate_period"];
        assert_eq!(fields.map(|name| info[name].as_str()), ["9", "1000", "1", "600000", "7", "3000"]);
    });
    let pair = Pair::start();
    commands.iter().for_each(|command| drop(pair.primary.run(*command)));
    pair.primary.gives("SECKILL.RESERVE sale a IP 1", "LIMITED USER *");
    pair.same_digest();
    pair.promote().gives("SECKILL.RESERVE sale a IP 1", "RESERVED # @ 3");
}
