//! `SECKILL.FILL`.

use crate::fetch::{filled, leased, left};
use crate::harness::words::with;
use crate::harness::{Server, for_each_topology, wait_until};

#[test]
fn a_token_that_nobody_has_is_discarded() {
    for_each_topology(&["SECKILL.FETCH leased LEASE 600000"], |shop| {
        shop.unchanged("a value without a lease", || {
            shop.gives("SECKILL.FILL leased 1 VALUE v PX 5000", "DISCARDED");
            shop.gives("SECKILL.FILL leased 9223372036854775807 ABSENT PX 5000", "DISCARDED");
            shop.gives("SECKILL.FILL none 1 VALUE v PX 5000", "DISCARDED");
        });
    });
}

#[test]
fn a_lease_fills_once() {
    let shop = Server::start();
    let token = leased(&shop, "key");
    shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
    shop.unchanged("the same again", || {
        shop.gives(&format!("SECKILL.FILL key {token} VALUE w PX 600000"), "DISCARDED");
    });
    shop.gives("SECKILL.FETCH key", "HIT v *");
}

#[test]
fn a_lease_is_good_wherever_the_data_goes() {
    let mut shop = Server::with(&["appendonly yes"]);
    let token = leased(&shop, "key LEASE 600000");
    shop.restart();
    shop.gives("DEBUG RELOAD", "OK");
    shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
    let pair = crate::harness::Pair::start();
    let token = leased(&pair.primary, "key LEASE 600000");
    let promoted = pair.promote();
    promoted.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
}

#[test]
fn a_lease_that_was_voided_is_so_on_a_promoted_replica() {
    let pair = crate::harness::Pair::start();
    let token = leased(&pair.primary, "key LEASE 600000");
    pair.primary.gives("SECKILL.INVALIDATE key", "1");
    let promoted = pair.promote();
    promoted.gives(&format!("SECKILL.FILL key {token} VALUE old PX 600000"), "DISCARDED");
    let next = leased(&promoted, "key LEASE 600000");
    promoted.gives(&format!("SECKILL.FILL key {token} VALUE old PX 600000"), "DISCARDED");
    promoted.gives(&format!("SECKILL.FILL key {next} VALUE new PX 600000"), "FILLED");
}

#[test]
fn a_lease_that_ran_out_is_discarded() {
    let shop = Server::start();
    let token = leased(&shop, "key LEASE 30");
    wait_until("the key is gone", || shop.int("EXISTS key") == 0);
    shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "DISCARDED");
    shop.gives("EXISTS key", "0");
}

#[test]
fn a_value_is_any_bytes_of_any_length() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let values: [Vec<u8>; 6] =
        [vec![], vec![0], vec![0xff; 300], b"a\r\n$5\r\n".to_vec(), (0..=255).collect(), vec![7; 3_000_000]];
    for (at, value) in values.iter().enumerate() {
        let token = leased(&shop, &format!("key{at}"));
        let fill = format!("SECKILL.FILL key{at} {token} PX 600000 VALUE");
        shop.gives(&with(&fill, &[value]), "FILLED");
    }
    let digest = shop.digest();
    for round in ["as it is", "reloaded", "rewritten"] {
        match round {
            "reloaded" => shop.gives("DEBUG RELOAD", "OK"),
            "rewritten" => {
                shop.rewrite_log();
                shop.gives("DEBUG LOADAOF", "OK");
            }
            _ => {}
        }
        assert_eq!(shop.digest(), digest, "{round}");
        for (at, value) in values.iter().enumerate() {
            let redis::Value::Array(reply) = shop.run(&format!("SECKILL.FETCH key{at}")) else {
                panic!("FETCH gives an array")
            };
            assert_eq!(reply[1], redis::Value::BulkString(value.clone()), "{round}");
        }
    }
}

#[test]
fn freshness_and_staleness_add_up() {
    let shop = Server::start();
    filled(&shop, "key", "STALE 100000 VALUE v PX 200000");
    left(&shop, "SECKILL.FETCH key", "HIT v *", 2, 150_000..=200_000);
    left(&shop, "PTTL key", "*", 0, 250_000..=300_000);
    filled(&shop, "long", "VALUE v PX 31536000000 STALE 31536000000");
    left(&shop, "PTTL long", "*", 0, 63_071_000_000..=63_072_000_000);
    filled(&shop, "absent", "ABSENT PX 200000");
    left(&shop, "PTTL absent", "*", 0, 150_000..=200_000);
}

#[test]
fn a_fill_says_what_and_how_long_once() {
    let shop = Server::start();
    let token = leased(&shop, "key LEASE 600000");
    shop.unchanged("a FILL that says too little or too much", || {
        for (words, named) in [
            ("VALUE v STALE 5", "PX"),
            ("PX 5 STALE 5", "VALUE"),
            ("ABSENT STALE 5", "STALE"),
            ("ABSENT PX 5 STALE 5", "STALE"),
            ("ABSENT PX 5 VALUE v", "ABSENT"),
            ("VALUE v PX 5 ABSENT", "ABSENT"),
            ("ABSENT ABSENT PX 5", "ABSENT"),
            ("VALUE v VALUE v PX 5", "VALUE"),
        ] {
            let command = format!("SECKILL.FILL key {token} {words}");
            shop.fails(&command, &format!("ERR syntax error near '{named}'"));
        }
        for token in ["0", "-1", "-9223372036854775808", "x", "1.0", "", "01"] {
            let words = [b"SECKILL.FILL", b"key".as_slice(), token.as_bytes(), b"ABSENT", b"PX", b"5"];
            shop.fails(&words, "ERR token must be an integer between 1 and 9223372036854775807");
        }
    });
}
