//! `SECKILL.FETCH`.

use crate::harness::{Client, Pair, Server, for_each_topology, pair, wait_until};

/// The token of the lease that the caller gets.
#[track_caller]
pub fn leased(shop: &Client, arguments: &str) -> i64 {
    shop.number(&format!("SECKILL.FETCH {arguments}"), "LEASED *", 1)
}

/// Loads a key whose value is not known.
#[track_caller]
pub fn filled(shop: &Client, key: &str, supply: &str) {
    let token = leased(shop, key);
    shop.gives(&format!("SECKILL.FILL {key} {token} {supply}"), "FILLED");
}

/// The number after the status, which is to be between these.
#[track_caller]
pub fn left(shop: &Client, command: &str, pattern: &str, at: usize, range: std::ops::RangeInclusive<i64>) {
    let left = shop.number(command, pattern, at);
    assert!(range.contains(&left), "{command}: {left} ms are left");
}

#[test]
fn the_first_caller_loads_and_the_others_wait() {
    for_each_topology(&["SECKILL.FETCH key LEASE 500000"], |shop| {
        shop.unchanged("a caller who is to wait", || {
            left(shop, "SECKILL.FETCH key", "BUSY *", 1, 400_000..=500_000);
        });
        leased(shop, "other");
    });
}

#[test]
fn a_loader_has_five_seconds_unless_it_says_otherwise() {
    let shop = Server::start();
    leased(&shop, "key");
    left(&shop, "SECKILL.FETCH key", "BUSY *", 1, 1..=5000);
    leased(&shop, "long LEASE 31536000000");
    left(&shop, "SECKILL.FETCH long", "BUSY *", 1, 31_535_000_000..=31_536_000_000);
}

#[test]
fn a_value_is_a_hit_everywhere() {
    let shop = Server::start();
    filled(&shop, "key", "VALUE v PX 600000");
    left(&shop, "SECKILL.FETCH key", "HIT v *", 2, 500_000..=600_000);
    let pair = Pair::start();
    filled(&pair.primary, "key", "VALUE v PX 600000");
    let mut promoted = pair.promote();
    left(&promoted, "SECKILL.FETCH key", "HIT v *", 2, 500_000..=600_000);
    promoted.restart();
    left(&promoted, "SECKILL.FETCH key", "HIT v *", 2, 400_000..=600_000);
}

#[test]
fn what_does_not_exist_is_remembered() {
    let shop = Server::start();
    filled(&shop, "key", "ABSENT PX 600000");
    shop.unchanged("a FETCH of nothing", || {
        left(&shop, "SECKILL.FETCH key", "ABSENT *", 1, 500_000..=600_000);
    });
    filled(&shop, "short", "ABSENT PX 60");
    wait_until("it is asked for again", || {
        let reply = shop.text("SECKILL.FETCH short");
        assert!(reply.starts_with("ABSENT ") || reply.starts_with("LEASED "), "{reply}");
        reply.starts_with("LEASED ")
    });
}

#[test]
fn an_old_value_will_do_while_one_caller_loads_a_new_one() {
    let shop = Server::start();
    filled(&shop, "key", "VALUE old PX 50 STALE 600000");
    let mut token = 0_i64;
    wait_until("the value is old", || {
        let reply = shop.text("SECKILL.FETCH key");
        assert!(reply.starts_with("HIT old ") || reply.starts_with("LEASED "), "{reply}");
        token = reply.split_once("LEASED ").map_or(0, |(_, token)| token.parse().expect("a token"));
        token > 0
    });
    shop.unchanged("a FETCH of an old value", || {
        shop.gives("SECKILL.FETCH key", "STALE old");
        shop.gives("SECKILL.FETCH key", "STALE old");
    });
    shop.gives(&format!("SECKILL.FILL key {token} VALUE new PX 60000"), "FILLED");
    shop.gives("SECKILL.FETCH key", "HIT new *");
}

#[test]
fn a_lease_that_ran_out_goes_to_the_next_caller() {
    let shop = Server::start();
    let first = leased(&shop, "key LEASE 50");
    let mut second = 0_i64;
    wait_until("the lease runs out", || {
        let reply = shop.text("SECKILL.FETCH key");
        second = reply.split_once("LEASED ").map_or(0, |(_, token)| token.parse().expect("a token"));
        second > 0
    });
    assert!(second > first, "{second} comes after {first}");
    shop.gives(&format!("SECKILL.FILL key {first} VALUE v PX 60000"), "DISCARDED");
    shop.gives(&format!("SECKILL.FILL key {second} VALUE w PX 60000"), "FILLED");
}

#[test]
fn tokens_grow_whatever_becomes_of_the_key() {
    let mut shop = Server::with(&["appendonly yes"]);
    let mut last = 0;
    let mut next = |shop: &Server, what: &str| {
        let token = leased(shop, "key LEASE 600000");
        assert!(token > last, "{what}: {token} after {last}");
        last = token;
    };
    for _ in 0..200 {
        next(&shop, "invalidated");
        shop.gives("SECKILL.INVALIDATE key", "1");
        next(&shop, "deleted");
        shop.gives("DEL key", "1");
        next(&shop, "flushed");
        shop.gives("FLUSHALL", "OK");
    }
    shop.restart();
    next(&shop, "restarted");
}

#[test]
fn an_entry_goes_by_itself_when_it_is_over() {
    let pair = Pair::start();
    leased(&pair.primary, "lease LEASE 40");
    filled(&pair.primary, "absent", "ABSENT PX 40");
    filled(&pair.primary, "value", "VALUE v PX 20 STALE 20");
    for server in [&pair.primary, &pair.replica] {
        wait_until("the keys are gone", || server.int("DBSIZE") == 0);
    }
}

#[test]
fn what_is_answered_from_memory_leaves_no_trace() {
    let pair = Pair::with(&["appendonly yes"]);
    let shop = &pair.primary;
    filled(shop, "hit", "VALUE v PX 600000");
    filled(shop, "absent", "ABSENT PX 600000");
    filled(shop, "stale", "VALUE old PX 1 STALE 600000");
    wait_until("it is stale", || shop.text("SECKILL.FETCH stale LEASE 600000").starts_with("LEASED"));
    leased(shop, "busy LEASE 600000");
    pair.caught_up();
    let traces = || {
        let changes = shop.server_info("persistence", "rdb_changes_since_last_save");
        (crate::harness::log::size(shop), pair::offset(shop), changes)
    };
    let before = traces();
    let storm: Vec<String> =
        ["hit", "absent", "stale", "busy"].map(|key| format!("SECKILL.FETCH {key}")).to_vec();
    for _ in 0..2500 {
        let replies = shop.pipeline(&storm);
        assert_eq!(replies.len(), 4);
    }
    assert_eq!(traces(), before);
}

#[test]
fn a_replica_takes_no_fetch_and_a_writable_one_gives_no_lease() {
    let pair = Pair::start();
    filled(&pair.primary, "key", "VALUE v PX 600000");
    pair.caught_up();
    pair.replica.fails("SECKILL.FETCH key", "READONLY");
    pair.replica.gives("CONFIG SET replica-read-only no", "OK");
    pair.replica.gives("SECKILL.FETCH key", "HIT v *");
    pair.replica.fails("SECKILL.FETCH other", "READONLY");
    pair.replica.fails("SECKILL.INVALIDATE key", "READONLY");
    pair.same_digest();
}

#[test]
fn what_the_filter_does_not_know_is_not_loaded() {
    for_each_topology(&["SECKILL.BFADD filter known"], |shop| {
        shop.unchanged("a FETCH of what does not exist", || {
            for item in ["other", "knowN", "\"\"", "\"\\x00\\xff\""] {
                shop.gives(&format!("SECKILL.FETCH key GUARD filter {item} BLOCK 0"), "UNKNOWN");
            }
        });
        let token = leased(shop, "key LEASE 600000 guard filter known");
        shop.gives("SECKILL.FETCH key GUARD filter known", "BUSY *");
        shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
        shop.gives("SECKILL.FETCH key GUARD filter known", "HIT v *");
        shop.gives("SECKILL.BFDEL filter known", "1");
        shop.gives("SECKILL.FETCH key GUARD filter known", "UNKNOWN");
        shop.gives("SECKILL.FETCH key", "HIT v *");
    });
}

#[test]
fn a_guard_that_is_missing_or_no_filter_is_an_error() {
    let shop = Server::start();
    filled(&shop, "key", "VALUE v PX 600000");
    shop.gives("SET text x", "OK");
    shop.unchanged("a FETCH with a wrong guard", || {
        shop.fails("SECKILL.FETCH key GUARD none item", "NOFILTER");
        shop.fails("SECKILL.FETCH key GUARD text item", "WRONGTYPE");
        shop.fails("SECKILL.FETCH key GUARD key item", "WRONGTYPE");
        shop.fails("SECKILL.FETCH key GUARD", "ERR syntax error near 'GUARD'");
        shop.fails("SECKILL.FETCH key GUARD filter", "ERR syntax error near 'GUARD'");
        shop.fails("SECKILL.FETCH key GUARD none item GUARD none item", "ERR syntax error near 'GUARD'");
    });
}
