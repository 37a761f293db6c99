//! `SECKILL.LOCK`, `UNLOCK`, `RENEW`, `LOCKINFO`: who holds a lock.

use crate::harness::{Client, Server, for_each_topology, wait_until};

/// The token of a grant.
#[track_caller]
pub fn acquired(shop: &Client, arguments: &str) -> i64 {
    shop.number(&format!("SECKILL.LOCK {arguments}"), "ACQUIRED * * *", 1)
}

#[test]
fn one_owner_holds_it_and_gives_it_back() {
    let shop = Server::start();
    let token = acquired(&shop, "key alice PX 600000");
    shop.unchanged("a lock that others hold", || {
        let ttl = shop.number("SECKILL.LOCK key bob PX 1000", "BUSY * 0", 1);
        assert!((500_000..=600_000).contains(&ttl), "{ttl}");
        shop.gives("SECKILL.UNLOCK key bob", "NOTOWNER");
        shop.gives("SECKILL.UNLOCK key alice TOKEN 1", "NOTOWNER");
        shop.gives("SECKILL.RENEW key bob PX 1000", "LOST");
        shop.gives("SECKILL.RENEW key alice PX 1000 TOKEN 1", "LOST");
        shop.gives("SECKILL.UNLOCK other bob", "FREE");
    });
    shop.gives(&format!("SECKILL.UNLOCK key alice TOKEN {token}"), "RELEASED");
    shop.unchanged("a lock that is free", || shop.gives("SECKILL.UNLOCK key alice", "FREE"));
    assert!(acquired(&shop, "key bob PX 1000") > token, "tokens grow");
}

#[test]
fn the_same_owner_enters_again() {
    let shop = Server::start();
    let token = acquired(&shop, "key alice PX 600000");
    assert_eq!(acquired(&shop, "key alice PX 1000"), token);
    let info = shop.map("SECKILL.LOCKINFO key");
    assert_eq!((info["depth"].as_str(), info["state"].as_str()), ("2", "HELD"));
    assert!(info["ttl"].parse::<i64>().unwrap() > 500_000, "a shorter lease does not shorten it: {info:?}");
    assert_eq!(acquired(&shop, "key alice PX 1000"), token);
    shop.gives("SECKILL.UNLOCK key alice", "HELD 2");
    shop.gives("SECKILL.UNLOCK key alice", "HELD 1");
    shop.gives("SECKILL.LOCK key bob PX 1000", "BUSY * 0");
    shop.gives("SECKILL.UNLOCK key alice", "RELEASED");
    acquired(&shop, "key bob PX 1000");
}

#[test]
fn readers_share_and_a_writer_is_alone() {
    let shop = Server::start();
    let one = acquired(&shop, "key r1 PX 600000 SHARED");
    let two = acquired(&shop, "key r2 PX 300000 SHARED");
    assert!(two > one, "each reader has a token of its own");
    shop.gives("SECKILL.LOCK key w PX 1000", "BUSY * 0");
    // A reader becomes a writer when it is alone, under a new token.
    shop.gives("SECKILL.LOCK key r1 PX 1000", "BUSY * 0");
    let info = shop.map("SECKILL.LOCKINFO key");
    assert_eq!((info["mode"].as_str(), info["owners"].as_str()), ("SHARED", "r1 r2"), "{info:?}");
    shop.gives("SECKILL.UNLOCK key r2", "RELEASED");
    assert!(acquired(&shop, "key r1 PX 1000") > two);
    shop.gives("SECKILL.LOCK key r2 PX 1000 SHARED", "BUSY * 0");
    shop.gives("SECKILL.UNLOCK key r1", "HELD 1");
    shop.gives("SECKILL.UNLOCK key r1", "RELEASED");
    shop.gives("SECKILL.UNLOCK key r1", "FREE");
}

#[test]
fn a_lease_ends_by_itself_and_can_be_renewed() {
    let shop = Server::start();
    let token = acquired(&shop, "key alice PX 60");
    wait_until("the lease ends", || shop.text("SECKILL.LOCKINFO key").contains("FREE"));
    shop.gives("SECKILL.UNLOCK key alice", "FREE");
    shop.gives("SECKILL.RENEW key alice PX 1000", "LOST");
    let next = acquired(&shop, "key bob PX 400");
    assert!(next > token);
    shop.gives(&format!("SECKILL.RENEW key bob PX 600000 TOKEN {next}"), &format!("RENEWED {next} 600000"));
    shop.gives("SECKILL.RENEW key bob PX 30", &format!("RENEWED {next} 30"));
    wait_until("the shorter lease ends", || shop.text("SECKILL.LOCKINFO key").contains("FREE"));
}

#[test]
fn a_fence_refuses_smaller_tokens() {
    let shop = Server::start();
    for_each_topology(&["SECKILL.FENCE key 41", "SECKILL.LOCK key alice PX 600000"], |shop| {
        shop.unchanged("a token that is too small, or known", || {
            shop.gives("SECKILL.FENCE key 40", "0");
            shop.gives("SECKILL.FENCE key 41", "1");
        });
        shop.gives("SECKILL.FENCE key 42", "1");
        shop.gives("SECKILL.FENCE key 41", "0");
    });
    shop.gives("SECKILL.FENCE key 0", "1");
    shop.gives("SECKILL.FENCE key 9223372036854775807", "1");
    shop.gives("SECKILL.FENCE key 9223372036854775806", "0");
    for bad in ["-1", "9223372036854775808", "x", "1.5", ""] {
        shop.fails(&["SECKILL.FENCE", "key", bad], "ERR token must be an integer between 0 and");
    }
}

#[test]
fn holders_and_tokens_survive_everything() {
    let commands = [
        "SECKILL.LOCK key alice PX 600000",
        "SECKILL.LOCK key alice PX 600000",
        "SECKILL.LOCK readers r1 PX 600000 SHARED",
        "SECKILL.LOCK readers r2 PX 600000 SHARED",
        "SECKILL.LOCK freed bob PX 600000",
        "SECKILL.UNLOCK freed bob",
    ];
    for_each_topology(&commands, |shop| {
        let info = shop.map("SECKILL.LOCKINFO key");
        assert_eq!((info["owner"].as_str(), info["depth"].as_str()), ("alice", "2"));
        assert_eq!(shop.map("SECKILL.LOCKINFO readers")["owners"], "r1 r2");
        let last: i64 = shop.map("SECKILL.LOCKINFO freed")["token"].parse().expect("a token");
        assert!(last > 0 && acquired(shop, "freed bob PX 1000") > last);
        shop.gives("SECKILL.LOCK key bob PX 1000", "BUSY * 0");
        shop.gives("SECKILL.UNLOCK key alice", "HELD 1");
        shop.gives("SECKILL.UNLOCK key alice", "RELEASED");
    });
}

#[test]
fn the_key_stays_for_a_while_and_then_goes() {
    let shop = Server::with(&["seckill.lock-retention 1000"]);
    acquired(&shop, "key alice PX 5000");
    let ttl = shop.int("PTTL key");
    assert!((5_000..=6_000).contains(&ttl), "{ttl}");
    shop.gives("SECKILL.UNLOCK key alice", "RELEASED");
    assert!((1..=1_000).contains(&shop.int("PTTL key")));
    wait_until("the key goes", || shop.int("EXISTS key") == 0);
    shop.gives(
        "SECKILL.LOCKINFO key",
        "state FREE owner * owners [] token 0 ttl 0 depth 0 waiters 0 fence 0 mode *",
    );
}

#[test]
fn tokens_grow_whatever_becomes_of_the_key() {
    let mut shop = Server::with_clock(&["appendonly yes"]);
    let mut last = 0;
    let mut next = |shop: &Server, what: &str| {
        let token = acquired(shop, "key alice PX 600000");
        assert!(token > last, "{what}: {token} after {last}");
        last = token;
    };
    for _ in 0..200 {
        next(&shop, "released");
        shop.gives("SECKILL.UNLOCK key alice", "RELEASED");
        next(&shop, "deleted");
        shop.gives("DEL key", "1");
    }
    next(&shop, "flushed");
    shop.gives("FLUSHALL", "OK");
    shop.clock().set(-3_600_000);
    next(&shop, "the clock was set back");
    shop.gives("DEL key", "1");
    next(&shop, "the clock was set back, and the key deleted");
    shop.restart();
    shop.gives("SECKILL.UNLOCK key alice", "RELEASED");
    next(&shop, "restarted");
}

#[test]
fn bad_input_is_named() {
    let shop = Server::start();
    shop.gives("SET text 1", "OK");
    shop.unchanged("bad input", || {
        shop.fails("SECKILL.LOCK key alice", "ERR wrong number of arguments");
        shop.fails("SECKILL.LOCK key alice SHARED", "ERR syntax error near 'PX'");
        shop.fails("SECKILL.LOCK key alice PX 0", "ERR PX must be an integer between 1 and 31536000000");
        shop.fails("SECKILL.LOCK key alice PX 9223372036854775807", "ERR PX");
        shop.fails("SECKILL.LOCK key alice PX 5 BLOCK -1", "ERR BLOCK must be an integer between 0 and");
        shop.fails("SECKILL.LOCK key alice PX 5 PX 5", "ERR syntax error near 'PX'");
        shop.fails(&["SECKILL.LOCK", "key", "", "PX", "5"], "ERR owner must be 1 to 255 bytes long");
        shop.fails("SECKILL.UNLOCK key alice TOKEN -1", "ERR TOKEN must be an integer between 0 and");
        shop.fails("SECKILL.RENEW key alice TOKEN 5", "ERR syntax error near 'PX'");
        for command in
            ["LOCK text a PX 5", "UNLOCK text a", "RENEW text a PX 5", "LOCKINFO text", "FENCE text 1"]
        {
            shop.fails(&format!("SECKILL.{command}"), "WRONGTYPE");
        }
    });
}

#[test]
fn owners_and_keys_are_any_bytes() {
    let shop = Server::start();
    let owner: &[u8] = b"\0\xff owner\r\n";
    let command: [&[u8]; 5] = [b"SECKILL.LOCK", b"k\0\xff", owner, b"PX", b"60000"];
    shop.gives(&command, "ACQUIRED * * 1");
    shop.gives(&command, "ACQUIRED * * 2");
    let other: [&[u8]; 5] = [b"SECKILL.LOCK", b"k\0\xff", b"\0", b"PX", b"60000"];
    shop.gives(&other, "BUSY * 0");
}
