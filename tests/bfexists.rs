//! `SECKILL.BFEXISTS`.

use crate::harness::{Pair, Server};
use redis::Value;

#[test]
fn a_missing_filter_is_an_error_for_0_would_turn_everybody_away() {
    let shop = Server::start();
    shop.fails("SECKILL.BFEXISTS none a", "NOFILTER");
    shop.gives("SECKILL.BFADD filter a", "1");
    shop.gives("FLUSHALL", "OK");
    shop.fails("SECKILL.BFEXISTS filter a", "NOFILTER");
}

#[test]
fn the_reply_is_an_array_of_numbers_in_both_protocols() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD filter a", "1");
    for client in [shop.client(), shop.client_resp3()] {
        assert_eq!(client.run("SECKILL.BFEXISTS filter a"), Value::Array(vec![Value::Int(1)]));
        let both = Value::Array(vec![Value::Int(0), Value::Int(1)]);
        assert_eq!(client.run("SECKILL.BFEXISTS filter b a"), both);
    }
}

#[test]
fn errors_are_no_more_than_promised() {
    let shop = Server::start();
    let items = |kind: &str, from: usize| -> Vec<String> {
        (from..from + 500).map(|item| format!("{kind}:{item}")).collect()
    };
    for (key, error, capacity) in [("percent", 0.01, 10_000), ("mille", 0.001, 10_000), ("grown", 0.01, 100)]
    {
        shop.gives(&format!("SECKILL.BFCREATE {key} CAPACITY {capacity} ERROR {error}"), "OK");
        let add = |from| format!("SECKILL.BFADD {key} {}", items("member", from).join(" "));
        shop.pipeline(&(0..20).map(|some| add(some * 500)).collect::<Vec<_>>());
        let ask = |kind: &str, from| format!("SECKILL.BFEXISTS {key} {}", items(kind, from).join(" "));
        let count = |kind: &str, all: usize| -> usize {
            let asked = (0..all / 500).map(|some| ask(kind, some * 500)).collect::<Vec<_>>();
            let found = shop.pipeline(&asked);
            found.iter().map(|reply| crate::harness::reply::text(reply).matches('1').count()).sum()
        };
        assert_eq!(count("member", 10_000), 10_000, "{key}: none is forgotten");
        let wrong = count("stranger", 50_000) as f64 / 50_000.0;
        eprintln!("{key}: {wrong} of {error}");
        assert!(wrong <= error, "{key}: {wrong} of {error}");
    }
}

#[test]
fn a_replica_answers() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.BFADD filter a", "1");
    pair.same_digest();
    pair.replica.gives("SECKILL.BFEXISTS filter a b", "1 0");
    pair.replica.fails("SECKILL.BFEXISTS none a", "NOFILTER");
}
