//! `SECKILL.LIMIT`

use crate::harness::reply::text;
use crate::harness::words::with;
use crate::harness::{Pair, Server, for_each_topology, log, now_ms, pair, wait_until};
use redis::Value;
use std::time::{Duration, Instant};

/// Denied calls in the storm.
const STORM: usize = 100_000;

/// The figures of a reply.
#[track_caller]
fn figures(shop: &Server, command: &str) -> Vec<i64> {
    let reply = shop.text(command);
    reply.split(' ').map(|word| word.parse().unwrap_or_else(|_| panic!("{command} gives {reply}"))).collect()
}

#[test]
fn a_limit_allows_its_burst_and_then_tells_when() {
    let shop = Server::start();
    for left in [4, 3, 2, 1, 0] {
        shop.gives("SECKILL.LIMIT key 5 600000", &format!("0 5 {left} -1 *"));
    }
    let denied = figures(&shop, "SECKILL.LIMIT key 5 600000");
    assert_eq!(denied[..3], [1, 5, 0]);
    assert!((1..=120_000).contains(&denied[3]), "one unit comes back in two minutes: {denied:?}");
    assert!((480_001..=600_000).contains(&denied[4]), "all of them in ten: {denied:?}");
}

#[test]
fn the_burst_is_the_capacity() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT small 100 600000 BURST 2", "0 2 1 -1 *");
    shop.gives("SECKILL.LIMIT small 100 600000 BURST 2", "0 2 0 -1 *");
    shop.gives("SECKILL.LIMIT small 100 600000 BURST 2", "1 2 0 * *");
    shop.gives(
        "SECKILL.LIMIT large 1 600000 BURST 9007199254740992",
        "0 9007199254740992 9007199254740991 -1 600000",
    );
}

#[test]
fn a_cost_takes_all_or_nothing() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT key 5 600000 COST 3", "0 5 2 -1 360000");
    shop.gives("SECKILL.LIMIT key 5 600000 COST 3", "1 5 2 * *");
    shop.gives("SECKILL.LIMIT key 5 600000 COST 2", "0 5 0 -1 *");
    shop.gives("SECKILL.LIMIT fresh 5 600000 COST 6", "1 5 5 -1 0");
    shop.gives("SECKILL.LIMIT key 5 600000 cost 6", "1 5 0 -1 *");
    shop.gives("EXISTS fresh", "0");
}

#[test]
fn a_peek_shows_what_is_there_and_changes_nothing() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT key 5 600000 PEEK", "0 5 5 -1 0");
    shop.gives("EXISTS key", "0");
    shop.gives("SECKILL.LIMIT key 5 600000 COST 3", "0 5 2 -1 360000");
    shop.unchanged("PEEK", || {
        shop.gives("SECKILL.LIMIT key 5 600000 PEEK", "0 5 2 -1 *");
        shop.gives("SECKILL.LIMIT key 5 600000 PEEK COST 2", "0 5 2 -1 *");
        shop.gives("SECKILL.LIMIT key 5 600000 COST 3 PEEK", "1 5 2 * *");
        shop.gives("SECKILL.LIMIT key 5 600000 COST 6 PEEK", "1 5 2 -1 *");
    });
}

#[test]
fn a_refund_gives_back_at_most_what_was_used() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT key 5 600000 REFUND", "0 5 5 -1 0");
    shop.gives("EXISTS key", "0");
    shop.gives("SECKILL.LIMIT key 5 600000 COST 5", "0 5 0 -1 600000");
    shop.gives("SECKILL.LIMIT key 5 600000 REFUND COST 2", "0 5 2 -1 *");
    shop.gives("SECKILL.LIMIT key 5 600000 REFUND COST 9", "0 5 5 -1 0");
    shop.gives("EXISTS key", "0");
    shop.gives("SECKILL.LIMIT key 5 600000", "0 5 4 -1 120000");
}

#[test]
fn what_was_used_is_kept_in_units_when_the_rule_changes() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT key 5 600000 COST 5", "0 5 0 -1 600000");
    shop.gives("SECKILL.LIMIT key 10 600000 PEEK", "0 10 5 -1 *");
    shop.gives("SECKILL.LIMIT key 10 900000 PEEK", "0 10 5 -1 *");
    shop.gives("SECKILL.LIMIT key 3 600000", "1 3 0 * *");
    shop.gives("SECKILL.LIMIT key 10 600000 COST 5", "0 10 0 -1 *");
    shop.gives("SECKILL.LIMIT key 10 600000", "1 10 0 * *");
}

#[test]
fn del_resets_a_limit() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT key 5 600000 COST 5", "0 5 0 -1 600000");
    shop.gives("DEL key", "1");
    shop.gives("SECKILL.LIMIT key 5 600000 COST 5", "0 5 0 -1 600000");
}

#[test]
fn the_key_goes_when_nothing_is_used_any_more() {
    let shop = Server::start();
    let begun = now_ms();
    shop.gives("SECKILL.LIMIT key 5 600000 COST 2", "0 5 3 -1 240000");
    let at = shop.int("PEXPIRETIME key");
    assert!((begun + 240_000..=now_ms() + 240_000).contains(&at), "{at}");
    shop.gives("SECKILL.LIMIT key 5 600000 COST 9", "1 5 3 -1 *");
    assert_eq!(shop.int("PEXPIRETIME key"), at, "a denied call moves no expiry");
    shop.gives("SECKILL.LIMIT key 5 600000 REFUND", "0 5 4 -1 *");
    assert!(shop.int("PEXPIRETIME key") < at, "a refund does");
    shop.gives("SECKILL.LIMIT soon 10 100 COST 3", "0 10 7 -1 30");
    wait_until("it goes", || shop.int("EXISTS soon") == 0);
}

/// Asks until it is allowed, each time after the wait that was told.
fn waited(shop: &Server, command: &str, from: Instant) -> Vec<Duration> {
    let mut allowed = Vec::new();
    while from.elapsed() < Duration::from_millis(1500) {
        let figures = figures(shop, command);
        if figures[0] == 0 {
            allowed.push(from.elapsed());
        } else {
            assert!(figures[3] > 0, "{figures:?}");
            std::thread::sleep(Duration::from_millis(figures[3].unsigned_abs()));
        }
    }
    allowed
}

#[test]
fn in_real_time_no_more_passes_than_the_rule_says_and_no_less() {
    let shop = Server::start();
    let from = Instant::now();
    let allowed = waited(&shop, "SECKILL.LIMIT key 50 1000 BURST 10", from);
    for (count, at) in allowed.iter().enumerate() {
        let most = 10 + at.as_millis() * 50 / 1000 + 1;
        assert!((count as u128) < most, "{} calls after {at:?}", count + 1);
    }
    let elapsed = from.elapsed().as_millis();
    let wanted = 10 + elapsed * 50 / 1000;
    // Who waits as told loses nothing but what the machine stalls beyond the burst.
    assert!(allowed.len() as u128 + 15 >= wanted, "{} of {wanted} in {elapsed} ms", allowed.len());
}

#[test]
fn the_wait_that_is_told_is_enough() {
    let shop = Server::start();
    for round in 0..20 {
        let command = format!("SECKILL.LIMIT key{round} 7 300 COST 7");
        shop.gives(&command, "0 7 0 -1 300");
        let told = figures(&shop, &format!("SECKILL.LIMIT key{round} 7 300"))[3];
        std::thread::sleep(Duration::from_millis(told.unsigned_abs()));
        shop.gives(&format!("SECKILL.LIMIT key{round} 7 300"), "0 7 * -1 *");
    }
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let shop = Server::start();
    shop.unchanged("bad input", || {
        for (words, error) in [
            ("key 0 1000", "ERR count must be an integer between 1 and 9007199254740992"),
            ("key -5 1000", "ERR count"),
            ("key 9223372036854775807 1000", "ERR count"),
            ("key x 1000", "ERR count"),
            ("key 5 0", "ERR period must be an integer between 1 and 31536000000"),
            ("key 5 -1", "ERR period"),
            ("key 5 9223372036854775807", "ERR period"),
            (
                "key 5 1000 BURST 9223372036854775807",
                "ERR BURST must be an integer between 1 and 9007199254740992",
            ),
            ("key 5 1000 BURST 0", "ERR BURST"),
            ("key 5 1000 COST 0", "ERR COST"),
            ("key 5 1000 COST -1", "ERR COST"),
            ("key 5 1000 COST 9223372036854775807", "ERR COST"),
            ("key 5 1000 BURST", "ERR syntax error near 'BURST'"),
            ("key 5 1000 PEEK REFUND", "ERR syntax error near 'REFUND'"),
            ("key 5 1000 REFUND PEEK", "ERR syntax error near 'PEEK'"),
            ("key 5 1000 PEEK PEEK", "ERR syntax error near 'PEEK'"),
            ("key 5 1000 RATE 5 1000", "ERR syntax error near 'RATE'"),
            ("key 5", "ERR wrong number of arguments"),
        ] {
            shop.fails(&format!("SECKILL.LIMIT {words}"), error);
        }
    });
}

#[test]
fn extremes_are_counted_and_not_wrapped() {
    let shop = Server::start();
    const MOST: &str = "9007199254740992";
    shop.gives(&format!("SECKILL.LIMIT a {MOST} 1 COST {MOST}"), &format!("0 {MOST} 0 -1 1"));
    shop.gives(
        &format!("SECKILL.LIMIT b 1 31536000000 BURST {MOST} COST {MOST}"),
        &format!("0 {MOST} 0 -1 9223372036854775807"),
    );
    shop.gives(
        &format!("SECKILL.LIMIT b 1 31536000000 BURST {MOST} COST {MOST}"),
        &format!("1 {MOST} 0 * *"),
    );
    // By this rule 285,616 are back with every millisecond.
    shop.gives(&format!("SECKILL.LIMIT b {MOST} 31536000000 PEEK"), &format!("* {MOST} * * *"));
    shop.gives("DEBUG RELOAD", "OK");
    shop.gives(&format!("SECKILL.LIMIT b 1 31536000000 BURST {MOST} PEEK"), &format!("1 {MOST} 0 * *"));
}

#[test]
fn a_key_of_any_bytes_is_a_key() {
    let shop = Server::start();
    for key in [b"\0".as_slice(), b"\xff\xfe", b"a\r\nb", b""] {
        for left in [1, 0] {
            let command = [b"SECKILL.LIMIT".as_slice(), key, b"2", b"600000"];
            shop.gives(&command, &format!("0 2 {left} -1 *"));
        }
    }
    assert_eq!(shop.int("DBSIZE"), 4);
    shop.fails(&with("SECKILL.LIMIT key", &[b"\xff", b"1000"]), "ERR count");
}

#[test]
fn another_type_is_refused() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives("SET text 5", "OK");
    shop.gives("SECKILL.LIMIT key 5 600000", "0 **");
    shop.unchanged("another type", || {
        for key in ["sale", "text"] {
            for how in ["", "PEEK", "REFUND"] {
                shop.fails(&format!("SECKILL.LIMIT {key} 5 1000 {how}"), "WRONGTYPE");
            }
        }
        shop.fails("SECKILL.RESERVE key u", "WRONGTYPE");
        shop.fails("GET key", "WRONGTYPE");
    });
    assert_eq!(shop.text("TYPE key"), "seck-limt");
}

#[test]
fn a_limit_takes_every_way_of_data() {
    let commands = [
        "SECKILL.LIMIT key 7 600000 COST 4",
        "SECKILL.LIMIT key 7 600000",
        "SECKILL.LIMIT gone 5 600000",
        "SECKILL.LIMIT gone 5 600000 REFUND",
    ];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.LIMIT key 7 600000 PEEK", "0 7 2 -1 *");
        assert!((1..=600_000).contains(&shop.int("PTTL key")), "it still goes by itself");
        shop.gives("EXISTS gone", "0");
        shop.gives("SECKILL.LIMIT key 7 600000 COST 2", "0 7 0 -1 *");
        shop.gives("SECKILL.LIMIT key 7 600000", "1 7 0 * *");
    });
}

#[test]
fn digests_are_equal_on_a_replica_and_after_every_reload() {
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    for round in 0..300 {
        let cost = round % 4 + 1;
        let how = if round % 7 == 0 { "REFUND" } else { "" };
        let command = format!("SECKILL.LIMIT key{} 9 {} COST {cost} {how}", round % 20, 700_000 + round % 3);
        assert!(!shop.text(&command).starts_with('-'));
    }
    let digest = pair.same_digest();
    for reload in ["DEBUG RELOAD", "DEBUG LOADAOF"] {
        shop.gives(reload, "OK");
        assert_eq!(shop.digest(), digest, "after {reload}");
    }
    shop.rewrite_log();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest, "after a rewrite");
    shop.gives("COPY key1 copy", "1");
    assert_eq!(shop.text("DEBUG DIGEST-VALUE copy"), shop.text("DEBUG DIGEST-VALUE key1"));
    assert!(shop.int("PTTL copy") > 0);
    let Value::BulkString(dump) = shop.run("DUMP key1") else { panic!("DUMP gives bytes") };
    shop.gives(&[b"RESTORE".as_slice(), b"restored", b"500000", &dump], "OK");
    assert_eq!(shop.text("DEBUG DIGEST-VALUE restored"), shop.text("DEBUG DIGEST-VALUE key1"));
}

#[test]
fn an_allowed_call_sends_its_effect_and_a_denied_one_nothing() {
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    shop.gives("SECKILL.LIMIT key 2 600000 COST 2", "0 2 0 -1 600000");
    let names = log::names(shop);
    assert_eq!(names, ["SECKILL.APPLY"], "the effect and nothing else");
    assert!(log::entries(shop)[0][2].len() < 24, "it is short");
    pair.caught_up();
    let changes = || shop.server_info("persistence", "rdb_changes_since_last_save");
    let before = (log::size(shop), pair::offset(shop), changes(), shop.digest());
    for command in [
        "key 2 600000",
        "key 2 600000 COST 3",
        "key 2 600000 PEEK",
        "none 2 600000 PEEK",
        "none 2 600000 REFUND",
    ] {
        shop.run(&format!("SECKILL.LIMIT {command}"));
    }
    assert_eq!((log::size(shop), pair::offset(shop), changes(), shop.digest()), before);
    pair.same_digest();
}

#[test]
fn a_storm_of_denied_calls_leaves_no_trace() {
    let pair = Pair::with(&["appendonly yes"]);
    let shop = &pair.primary;
    shop.gives("CONFIG SET notify-keyspace-events KEA", "OK");
    shop.gives("SECKILL.LIMIT key 1 31536000000", "0 1 0 -1 31536000000");
    pair.caught_up();
    let listener = shop.client();
    listener.run("PSUBSCRIBE __key*__:*");
    let watcher = shop.client();
    watcher.gives("WATCH key", "OK");
    watcher.gives("MULTI", "OK");
    watcher.gives("ECHO unbroken", "QUEUED");
    let errors = || shop.server_info("stats", "total_error_replies");
    let before = (log::size(shop), pair::offset(shop), errors());
    let denied = shop.pipeline(&vec!["SECKILL.LIMIT key 1 31536000000".to_owned(); STORM]);
    assert!(denied.iter().all(|reply| text(reply).starts_with("1 1 0 ")), "all are denied");
    assert_eq!((log::size(shop), pair::offset(shop), errors()), before);
    watcher.gives("EXEC", "unbroken");
    shop.gives("SET end x", "OK");
    let first = text(&listener.read());
    assert!(first.contains("end"), "no event before the end: {first}");
}

#[test]
fn without_replication_nothing_is_sent() {
    let pair = Pair::with(&["appendonly yes", "seckill.limit-replication no"]);
    let shop = &pair.primary;
    let before = (log::size(shop), pair::offset(shop));
    shop.gives("SECKILL.LIMIT key 5 600000 COST 2", "0 5 3 -1 240000");
    shop.gives("SECKILL.LIMIT key 5 600000 REFUND", "0 5 4 -1 *");
    shop.gives("SECKILL.LIMIT key 5 600000 REFUND COST 5", "0 5 5 -1 0");
    shop.gives("SECKILL.LIMIT key 5 600000", "0 5 4 -1 120000");
    assert_eq!((log::size(shop), pair::offset(shop)), before);
    pair.replica.gives("EXISTS key", "0");
    shop.gives("CONFIG SET seckill.limit-replication yes", "OK");
    shop.gives("SECKILL.LIMIT key 5 600000", "0 5 3 -1 *");
    pair.same_digest();
}

#[test]
fn a_replica_charges_nobody() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.LIMIT key 5 600000 COST 2", "0 5 3 -1 240000");
    pair.caught_up();
    pair.replica.fails("SECKILL.LIMIT key 5 600000", "READONLY");
    pair.replica.gives("CONFIG SET replica-read-only no", "OK");
    pair.replica.unchanged("a stray call", || {
        pair.replica.fails("SECKILL.LIMIT key 5 600000", "READONLY");
        pair.replica.fails("SECKILL.MLIMIT 1 key RATE 5 600000", "READONLY");
        pair.replica.gives("SECKILL.LIMIT key 5 600000 PEEK", "0 5 3 -1 *");
    });
    pair.same_digest();
}

#[test]
fn a_charge_is_refused_when_memory_is_short() {
    let shop = Server::start();
    shop.gives("CONFIG SET maxmemory 1", "OK");
    shop.fails("SECKILL.LIMIT key 5 600000", "OOM");
    shop.fails("SECKILL.MLIMIT 1 key RATE 5 600000", "OOM");
}

#[test]
fn a_transaction_and_a_script_charge_as_a_client_does() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let script = "return redis.call('SECKILL.LIMIT', KEYS[1], 2, 600000)";
    shop.gives(&["EVAL", script, "1", "key"], "0 2 1 -1 300000");
    shop.gives("MULTI", "OK");
    shop.gives("SECKILL.LIMIT key 2 600000", "QUEUED");
    shop.gives("SECKILL.LIMIT key 2 600000", "QUEUED");
    shop.gives("EXEC", "[0 2 0 -1 *] [1 2 0 * *]");
    let digest = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest);
}

#[test]
fn a_clock_set_back_gives_nothing() {
    let shop = Server::with_clock(&[]);
    shop.gives("SECKILL.LIMIT key 5 60000 COST 5", "0 5 0 -1 60000");
    shop.clock().set(-3_600_000);
    wait_until("the server sees its new clock", || {
        figures(&shop, "SECKILL.LIMIT key 5 60000")[3] > 3_500_000
    });
    shop.clock().set(3_600_000);
    wait_until("the units come back", || figures(&shop, "SECKILL.LIMIT key 5 60000 PEEK")[2] == 5);
}

#[test]
fn damaged_bytes_never_become_a_limit() {
    let shop = Server::start();
    shop.gives("SECKILL.LIMIT key 7 600000 COST 4", "0 7 3 -1 *");
    let Value::BulkString(dump) = shop.run("DUMP key") else { panic!("DUMP gives bytes") };
    for at in 0..dump.len() {
        let mut damaged = dump.clone();
        damaged[at] ^= 0x55;
        shop.fails(&[b"RESTORE".as_slice(), b"copy", b"0", &damaged], "ERR");
    }
    for payload in [
        b"".as_slice(),
        b"\x01",
        b"\x01\x20",
        b"\x01\x21",
        b"\x01\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        shop.fails(&[b"SECKILL.APPLY".as_slice(), b"key", payload], "NOTREPL");
    }
}
