//! Cache entries wherever data goes, and what crosses the wire.

use crate::clock::step;
use crate::fetch::{filled, leased};
use crate::harness::crc::{opened, sealed};
use crate::harness::{Pair, Random, Server, for_each_topology, log, rounds, wait_until};
use redis::Value;

/// How many damaged payloads are tried.
const ROUNDS: usize = 5_000;

/// Entries of every kind. A lease can be filled only by who has its token, so a script plays the loader.
const ENTRIES: [&str; 5] = [
    "SECKILL.FETCH leased LEASE 600000",
    "EVAL \"return redis.call('SECKILL.FILL', KEYS[1], string.format('%.0f', redis.call('SECKILL.FETCH', KEYS[1])[2]), 'VALUE', 'v', 'PX', 600000)\" 1 value",
    "EVAL \"return redis.call('SECKILL.FILL', KEYS[1], string.format('%.0f', redis.call('SECKILL.FETCH', KEYS[1])[2]), 'ABSENT', 'PX', 600000)\" 1 absent",
    "EVAL \"return redis.call('SECKILL.FILL', KEYS[1], string.format('%.0f', redis.call('SECKILL.FETCH', KEYS[1])[2]), 'VALUE', 'old', 'PX', 1, 'STALE', 600000)\" 1 stale",
    "EVAL \"return redis.call('SECKILL.FETCH', KEYS[1], 'LEASE', 600000)\" 1 stale",
];

fn seems_the_same(shop: &Server) {
    shop.gives("SECKILL.FETCH leased", "BUSY *");
    shop.gives("SECKILL.FETCH value", "HIT v *");
    shop.gives("SECKILL.FETCH absent", "ABSENT *");
}

#[test]
fn entries_are_the_same_wherever_data_goes() {
    for_each_topology(&ENTRIES, |shop| {
        shop.unchanged("who looks", || seems_the_same(shop));
        for (key, most) in [("leased", 601_000), ("value", 600_000), ("absent", 600_000)] {
            let left = shop.int(&format!("PTTL {key}"));
            assert!((400_000..=most).contains(&left), "{key} stays for {left} ms");
        }
        wait_until("the old value is stale", || {
            let reply = shop.text("SECKILL.FETCH stale LEASE 600000");
            assert!(!reply.starts_with("BUSY"), "{reply}");
            reply == "STALE old"
        });
    });
}

#[test]
fn digests_are_equal_after_any_history() {
    let mut random = Random::seeded("histories of cache entries");
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    let mut tokens = [1_i64; 8];
    for step in 0..3000 {
        let at = random.below(8);
        let key = format!("key{at}");
        let command = match random.below(10) {
            0..=3 => format!("SECKILL.FETCH {key} LEASE {}", 1 + random.below(30) * 100),
            4..=5 => format!(
                "SECKILL.FILL {key} {} VALUE v{step} PX {} STALE 5000",
                tokens[at],
                1 + random.below(20)
            ),
            6 => format!("SECKILL.FILL {key} {} ABSENT PX {}", tokens[at], 1 + random.below(3000)),
            7 => format!("SECKILL.INVALIDATE {key} key{}", random.below(8)),
            8 => format!("RENAME {key} key{}", random.below(8)),
            _ => format!("COPY {key} key{} REPLACE", random.below(8)),
        };
        let reply = shop.text(&command);
        if let Some(token) = reply.strip_prefix("LEASED ") {
            tokens[at] = token.parse().expect("a token");
        }
        assert!(
            !reply.starts_with('-') || reply.contains("no such key") || reply.contains("the same"),
            "{command} gives {reply}"
        );
    }
    for key in 0..8 {
        shop.run(&format!("PERSIST key{key}"));
    }
    let digest = pair.same_digest();
    assert!(!pair.replica.log().contains("does not fit"), "the replica took all changes");
    shop.gives("DEBUG RELOAD", "OK");
    assert_eq!(shop.digest(), digest, "reloaded");
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest, "from the log");
    shop.rewrite_log();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest, "from the rewritten log");
}

#[test]
fn the_log_holds_effects_alone() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    filled(&shop, "key", "VALUE v PX 600000");
    filled(&shop, "none", "ABSENT PX 600000");
    leased(&shop, "leased LEASE 600000");
    shop.gives("SECKILL.INVALIDATE key", "1");
    assert!(log::names(&shop).iter().all(|name| name == "SECKILL.APPLY"), "{:?}", log::names(&shop));
}

#[test]
fn a_change_from_a_client_is_refused() {
    let shop = Server::start();
    leased(&shop, "key LEASE 600000");
    shop.unchanged("a forged change", || {
        shop.fails(&[b"SECKILL.APPLY".as_slice(), b"key", b"\x01\x40\x05\x04"], "NOTREPL");
    });
}

#[test]
fn a_dump_is_restored_and_a_damaged_one_is_refused_or_sound() {
    let shop = Server::start();
    ENTRIES.iter().for_each(|command| drop(shop.run(*command)));
    let dump = |key: &str| match shop.run(&["DUMP", key]) {
        Value::BulkString(bytes) => bytes,
        other => panic!("DUMP gives {other:?}"),
    };
    let dumps: Vec<Vec<u8>> = ["leased", "value", "absent", "stale"].map(dump).to_vec();
    for (key, dump) in ["leased", "value", "absent"].iter().zip(&dumps) {
        shop.gives(&["DEL", key], "1");
        shop.gives(&[b"RESTORE".as_slice(), key.as_bytes(), b"0", dump], "OK");
    }
    seems_the_same(&shop);
    let mut random = Random::seeded("damaged entries");
    let mut accepted = 0;
    let rounds = rounds(ROUNDS);
    for _ in 0..rounds {
        let (mut body, version) = opened(&dumps[random.below(dumps.len())]);
        for _ in 0..=random.below(2) {
            let at = 10 + random.below(body.len() - 10);
            body[at] = u8::try_from(random.below(256)).unwrap_or_default();
        }
        let damaged = sealed(&body, version);
        let reply = shop.text(&[b"RESTORE".as_slice(), b"damaged", b"0", &damaged, b"REPLACE"]);
        if reply == "OK" {
            accepted += 1;
            for command in ["FETCH damaged", "FILL damaged 1 VALUE v PX 5", "INVALIDATE damaged"] {
                let reply = shop.text(&format!("SECKILL.{command}"));
                assert!(!reply.starts_with('-') || reply.contains("no more leases"), "{command}: {reply}");
            }
        }
    }
    assert!(accepted < rounds, "some damage is noticed");
    shop.gives("DEBUG RELOAD", "OK");
}

#[test]
fn memory_is_told() {
    let shop = Server::start();
    filled(&shop, "small", "VALUE v PX 600000");
    let token = leased(&shop, "large");
    let value = vec![b'x'; 1_000_000];
    let fill = crate::harness::words::with(&format!("SECKILL.FILL large {token} PX 600000 VALUE"), &[&value]);
    shop.gives(&fill, "FILLED");
    let small = shop.int("MEMORY USAGE small");
    let large = shop.int("MEMORY USAGE large");
    assert!((80..=300).contains(&small), "{small} bytes");
    assert!((1_000_000..1_001_000).contains(&large), "{large} bytes");
    shop.gives("UNLINK large", "1");
}

#[test]
fn a_clock_that_steps_back_brings_no_invalidated_value_back() {
    let shop = Server::with_clock(&[]);
    filled(&shop, "key", "VALUE old PX 1000 STALE 1000");
    shop.gives("PERSIST key", "1");
    step(&shop, 3_600_000);
    shop.gives("SECKILL.INVALIDATE key", "0");
    step(&shop, 0);
    let first = leased(&shop, "key LEASE 600000");
    shop.gives("SECKILL.INVALIDATE key", "1");
    step(&shop, -3_600_000);
    let second = leased(&shop, "key LEASE 600000");
    assert!(second > first, "{second} comes after {first}");
}

#[test]
fn in_a_cluster_keys_stay_in_their_slots() {
    let shop = Server::networked(&["cluster-enabled yes"]);
    shop.gives("CLUSTER ADDSLOTSRANGE 0 16383", "OK");
    wait_until("the cluster serves", || shop.text("CLUSTER INFO").contains("cluster_state:ok"));
    for key in ["a", "{x}a", "{x}b"] {
        filled(&shop, key, "VALUE v PX 600000");
    }
    shop.fails("SECKILL.INVALIDATE a {x}a", "CROSSSLOT");
    shop.gives("SECKILL.INVALIDATE {x}a {x}b", "2");
    shop.gives("SECKILL.BFADD {x}filter item", "1");
    shop.fails("SECKILL.FETCH a GUARD {x}filter item", "CROSSSLOT");
    shop.gives("SECKILL.FETCH {x}a GUARD {x}filter item", "LEASED *");
}

#[test]
fn a_user_needs_the_key() {
    let shop = Server::start();
    shop.gives("ACL SETUSER someone on nopass ~mine* +@all", "OK");
    let may = |command: &str| shop.text(&format!("ACL DRYRUN someone {command}")) == "OK";
    for (command, mine, yours) in [
        ("FETCH", "mine", "yours"),
        ("FETCH", "mine GUARD mine2 item", "mine GUARD yours item"),
        ("FILL", "mine 1 ABSENT PX 5", "yours 1 ABSENT PX 5"),
        ("INVALIDATE", "mine mine2", "mine yours"),
    ] {
        assert!(may(&format!("SECKILL.{command} {mine}")), "{command}");
        assert!(!may(&format!("SECKILL.{command} {yours}")), "{command}");
    }
}
