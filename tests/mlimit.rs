//! `SECKILL.MLIMIT`

use crate::harness::{Pair, Server, for_each_topology, log, pair};

#[test]
fn all_are_charged_or_none() {
    let shop = Server::start();
    let command = "SECKILL.MLIMIT 2 user ip RATE 2 600000 RATE 5 600000";
    shop.gives(command, "0 2 1 -1 300000 0");
    shop.gives(command, "0 2 0 -1 * 0");
    shop.unchanged("a denied call", || shop.gives(command, "1 2 0 * * 1"));
    shop.gives("SECKILL.LIMIT ip 5 600000 PEEK", "0 5 3 -1 *");
}

#[test]
fn the_one_that_waits_longest_decides() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT a 1 100000", "0 1 0 -1 100000");
    shop.gives("SECKILL.LIMIT b 1 900000", "0 1 0 -1 900000");
    shop.gives("SECKILL.MLIMIT 3 free a b RATE 5 1000 RATE 1 100000 RATE 1 900000", "1 1 0 * * 3");
    shop.gives("SECKILL.MLIMIT 3 b a free RATE 1 900000 RATE 1 100000 RATE 5 1000", "1 1 0 * * 1");
    shop.gives("SECKILL.MLIMIT 2 b free RATE 1 900000 RATE 5 1000 COST 2", "1 1 0 -1 * 1");
    shop.gives("EXISTS free", "0");
}

#[test]
fn one_rule_does_for_all_keys() {
    let shop = Server::start();
    shop.gives("SECKILL.MLIMIT 3 a b c RATE 5 600000 BURST 7 COST 2", "0 7 5 -1 240000 0");
    for key in ["a", "b", "c"] {
        shop.gives(&format!("SECKILL.LIMIT {key} 5 600000 BURST 7 PEEK"), "0 7 5 -1 *");
    }
}

#[test]
fn the_tightest_key_is_shown_when_all_allow() {
    let shop = Server::start();
    shop.gives("SECKILL.MLIMIT 3 a b c RATE 9 600000 RATE 3 600000 RATE 5 600000", "0 3 2 -1 200000 0");
}

#[test]
fn a_key_named_twice_is_charged_the_sum() {
    let shop = Server::start();
    shop.gives("SECKILL.MLIMIT 2 key key RATE 5 600000", "0 5 3 -1 240000 0");
    shop.gives("SECKILL.MLIMIT 3 key other key RATE 5 600000 COST 2", "1 5 3 * * 3");
    shop.gives("EXISTS other", "0");
    shop.gives("SECKILL.MLIMIT 2 key key RATE 5 600000 COST 3", "1 5 3 -1 * 2");
    shop.gives("SECKILL.MLIMIT 2 key key RATE 5 600000 REFUND", "0 5 5 -1 0 0");
    shop.gives("EXISTS key", "0");
    shop.fails(
        "SECKILL.MLIMIT 2 key key RATE 5 1000 RATE 6 1000",
        "ERR a key that is named twice must have the same RATE",
    );
}

#[test]
fn peeks_and_refunds_are_for_all() {
    let shop = Server::start();
    shop.gives("SECKILL.MLIMIT 2 a b RATE 5 600000 COST 3", "0 5 2 -1 360000 0");
    shop.unchanged("PEEK", || {
        shop.gives("SECKILL.MLIMIT 2 a b RATE 5 600000 PEEK", "0 5 2 -1 * 0");
        shop.gives("SECKILL.MLIMIT 2 a b RATE 5 600000 PEEK COST 3", "1 5 2 * * 1");
        shop.gives("SECKILL.MLIMIT 2 a a RATE 5 600000 PEEK", "0 5 2 -1 * 0");
    });
    shop.gives("SECKILL.MLIMIT 2 a b RATE 5 600000 REFUND COST 2", "0 5 4 -1 * 0");
}

#[test]
fn words_come_in_any_order() {
    let shop = Server::start();
    shop.gives("SECKILL.MLIMIT 2 a b COST 2 RATE 5 600000 peek burst 6 rate 7 600000", "0 6 6 -1 0 0");
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let shop = Server::start();
    shop.gives("SET text x", "OK");
    shop.unchanged("bad input", || {
        for (words, error) in [
            ("0 RATE 5 1000 PEEK", "ERR numkeys must be an integer between 1 and 128"),
            ("-1 a RATE 5 1000", "ERR numkeys"),
            ("129 a RATE 5 1000", "ERR numkeys"),
            ("9 a RATE 5 1000", "ERR"),
            (
                "2 a b RATE 5 1000 RATE 5 1000 RATE 5 1000",
                "ERR RATE must be given once, or once for each key",
            ),
            ("3 a b c RATE 5 1000 RATE 5 1000", "ERR RATE must be given once"),
            ("2 a b BURST 5 COST 2", "ERR syntax error near 'BURST'"),
            ("2 a b COST 2 PEEK", "ERR syntax error near 'RATE'"),
            ("1 a RATE 5 1000 BURST 5 BURST 6", "ERR syntax error near 'BURST'"),
            ("1 a RATE 5 1000 COST 1 COST 1", "ERR syntax error near 'COST'"),
            ("1 a RATE 5 1000 PEEK REFUND", "ERR syntax error near 'REFUND'"),
            ("1 a RATE 0 1000 PEEK", "ERR count"),
            ("1 a RATE 5 0 PEEK", "ERR period"),
            ("1 a RATE 5 1000 BURST 9223372036854775807", "ERR BURST"),
            ("1 a RATE 5 1000 NONSENSE", "ERR syntax error near 'NONSENSE'"),
            ("2 a text RATE 5 1000", "WRONGTYPE"),
            ("2 text a RATE 5 1000", "WRONGTYPE"),
        ] {
            shop.fails(&format!("SECKILL.MLIMIT {words}"), error);
        }
    });
    shop.gives("EXISTS a b", "0");
}

#[test]
fn what_is_charged_takes_every_way_of_data() {
    let commands = ["SECKILL.MLIMIT 3 {x}a {x}b {x}a RATE 5 600000"];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.LIMIT {x}a 5 600000 PEEK", "0 5 3 -1 *");
        shop.gives("SECKILL.LIMIT {x}b 5 600000 PEEK", "0 5 4 -1 *");
    });
}

#[test]
fn the_charges_of_one_call_are_sent_together() {
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    shop.gives("SECKILL.MLIMIT 3 a b a RATE 5 600000", "0 5 3 -1 240000 0");
    let names: Vec<String> =
        log::raw_entries(shop).iter().map(log::name).filter(|name| name != "SELECT").collect();
    assert_eq!(names, ["MULTI", "SECKILL.APPLY", "SECKILL.APPLY", "EXEC"], "one effect a key");
    pair.same_digest();
    let before = (log::size(shop), pair::offset(shop));
    shop.gives("SECKILL.MLIMIT 2 b a RATE 5 600000 COST 4", "1 5 3 * * 2");
    assert_eq!((log::size(shop), pair::offset(shop)), before);
}

#[test]
fn keys_in_several_slots_are_refused_in_a_cluster() {
    let shop = Server::networked(&["cluster-enabled yes"]);
    shop.gives("CLUSTER ADDSLOTSRANGE 0 16383", "OK");
    crate::harness::wait_until("the cluster serves", || {
        shop.text("CLUSTER INFO").contains("cluster_state:ok")
    });
    shop.fails("SECKILL.MLIMIT 2 a b RATE 5 600000", "CROSSSLOT");
    shop.gives("SECKILL.MLIMIT 2 {x}a {x}b RATE 5 600000", "0 5 4 -1 120000 0");
}
