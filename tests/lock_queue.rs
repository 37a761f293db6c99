//! Callers who wait for a lock: order, wake-ups, and every way to leave the queue.

use std::time::{Duration, Instant};

use crate::harness::reply;
use crate::harness::{Client, Pair, Server, wait_until};
use crate::lock::acquired;

/// Queues a caller on a connection of its own.
fn queued(shop: &Server, arguments: &str) -> Client {
    let key = arguments.split(' ').next().expect("a key");
    let before = waiters(shop, key);
    let client = shop.client();
    client.send(&format!("SECKILL.LOCK {arguments}"));
    wait_until("the caller waits", || waiters(shop, key) == before + 1);
    client
}

fn waiters(shop: &Client, key: &str) -> i64 {
    shop.map(&format!("SECKILL.LOCKINFO {key}"))["waiters"].parse().expect("a number")
}

/// The reply that a queued caller gets.
fn told(client: &Client) -> String {
    reply::text(&client.read())
}

#[test]
fn waiters_are_served_in_the_order_in_which_they_came() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    let clients: Vec<Client> =
        (0..20).map(|n| queued(&shop, &format!("key w{n} PX 600000 BLOCK 0"))).collect();
    shop.gives("SECKILL.LOCK key late PX 1000", "BUSY * 20");
    let mut last = 0;
    shop.gives("SECKILL.UNLOCK key holder", "RELEASED");
    for (n, client) in clients.iter().enumerate() {
        let reply = told(client);
        let token: i64 = reply.split(' ').nth(1).and_then(|token| token.parse().ok()).expect("a token");
        assert!(reply.starts_with("ACQUIRED ") && token > last, "w{n}: {reply}");
        last = token;
        assert_eq!(waiters(&shop, "key"), 19 - n as i64);
        client.gives(&format!("SECKILL.UNLOCK key w{n}"), "RELEASED");
    }
}

#[test]
fn a_lease_that_ends_is_handed_over_by_itself() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 150");
    let began = Instant::now();
    let client = queued(&shop, "key next PX 600000 BLOCK 0");
    assert!(told(&client).starts_with("ACQUIRED "));
    assert!(began.elapsed() >= Duration::from_millis(100), "not before the lease is over");
}

#[test]
fn a_wait_that_is_over_times_out() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    shop.unchanged("a wait for nothing", || {
        let client = queued(&shop, "key w PX 1000 BLOCK 60");
        assert_eq!(told(&client), "TIMEOUT");
    });
    assert_eq!(waiters(&shop, "key"), 0);
}

#[test]
fn a_waiter_whose_connection_closes_leaves_at_once() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    let first = queued(&shop, "key first PX 600000 BLOCK 0");
    let second = queued(&shop, "key second PX 600000 BLOCK 0");
    drop(first);
    wait_until("the first has left", || waiters(&shop, "key") == 1);
    shop.gives("SECKILL.UNLOCK key holder", "RELEASED");
    assert!(told(&second).starts_with("ACQUIRED "));
}

#[test]
fn a_reader_behind_a_writer_that_leaves_joins_the_readers() {
    let shop = Server::start();
    acquired(&shop, "key r1 PX 600000 SHARED");
    let writer = queued(&shop, "key w PX 600000 BLOCK 0");
    // No writer starves: a new reader does not pass it.
    shop.gives("SECKILL.LOCK key r2 PX 1000 SHARED", "BUSY * 1");
    let reader = queued(&shop, "key r2 PX 600000 BLOCK 0 SHARED");
    drop(writer);
    assert!(told(&reader).starts_with("ACQUIRED "));
}

#[test]
fn readers_who_wait_together_are_served_together() {
    let shop = Server::start();
    acquired(&shop, "key w PX 600000");
    let readers: Vec<Client> =
        (0..5).map(|n| queued(&shop, &format!("key r{n} PX 600000 BLOCK 0 SHARED"))).collect();
    let writer = queued(&shop, "key w2 PX 600000 BLOCK 0");
    let behind = queued(&shop, "key r9 PX 600000 BLOCK 0 SHARED");
    shop.gives("SECKILL.UNLOCK key w", "RELEASED");
    readers.iter().for_each(|reader| assert!(told(reader).starts_with("ACQUIRED ")));
    assert_eq!(waiters(&shop, "key"), 2);
    (0..5).for_each(|n| shop.gives(&format!("SECKILL.UNLOCK key r{n}"), "RELEASED"));
    assert!(told(&writer).starts_with("ACQUIRED "));
    writer.gives("SECKILL.UNLOCK key w2", "RELEASED");
    assert!(told(&behind).starts_with("ACQUIRED "));
}

#[test]
fn the_next_is_served_when_the_key_goes() {
    let shop = Server::start();
    for how in [
        "DEL key",
        "UNLINK key",
        "FLUSHDB",
        "FLUSHALL",
        "RENAME key elsewhere",
        "PEXPIRE key 1",
        "MOVE key 3",
    ] {
        acquired(&shop, "key holder PX 600000");
        let next = queued(&shop, "key next PX 600000 BLOCK 20000");
        shop.run(how);
        assert!(told(&next).starts_with("ACQUIRED "), "{how}");
        shop.run("FLUSHALL");
    }
}

#[test]
fn databases_have_queues_of_their_own() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    let other = shop.client();
    other.gives("SELECT 5", "OK");
    acquired(&other, "key holder PX 600000");
    let third = shop.client();
    third.gives("SELECT 5", "OK");
    third.send("SECKILL.LOCK key w PX 600000 BLOCK 0");
    wait_until("it waits", || waiters(&other, "key") == 1);
    assert_eq!(waiters(&shop, "key"), 0);
    shop.gives("SECKILL.UNLOCK key holder", "RELEASED");
    assert_eq!(waiters(&other, "key"), 1);
    other.gives("SECKILL.UNLOCK key holder", "RELEASED");
    assert!(told(&third).starts_with("ACQUIRED "));
}

#[test]
fn swapped_databases_swap_their_locks_under_those_who_wait() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    let next = queued(&shop, "key next PX 600000 BLOCK 20000");
    shop.gives("SWAPDB 0 7", "OK");
    assert!(told(&next).starts_with("ACQUIRED "), "nobody holds what is there now");
}

#[test]
fn nobody_waits_inside_a_transaction_or_a_script() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    shop.gives("MULTI", "OK");
    shop.gives("SECKILL.LOCK key w PX 1000 BLOCK 0", "QUEUED");
    shop.gives("EXEC", "[BUSY * 0]");
    let script = "return redis.call('SECKILL.LOCK', KEYS[1], 'w', 'PX', 1000, 'BLOCK', 0)";
    shop.gives(&["EVAL", script, "1", "key"], "BUSY * 0");
    assert_eq!(waiters(&shop, "key"), 0);
}

#[test]
fn a_release_inside_a_transaction_wakes_after_it() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    let next = queued(&shop, "key next PX 600000 BLOCK 0");
    shop.gives("MULTI", "OK");
    shop.gives("SECKILL.UNLOCK key holder", "QUEUED");
    shop.gives("SECKILL.LOCK key pusher PX 1000", "QUEUED");
    shop.gives("EXEC", "[RELEASED] [BUSY 0 1]");
    assert!(told(&next).starts_with("ACQUIRED "));
}

#[test]
fn an_operator_can_end_a_wait() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    for (how, expected) in [("TIMEOUT", "TIMEOUT"), ("ERROR", "-UNBLOCKED")] {
        let client = shop.client();
        let id = client.int("CLIENT ID");
        client.send("SECKILL.LOCK key w PX 1000 BLOCK 0");
        wait_until("it waits", || waiters(&shop, "key") == 1);
        shop.gives(&format!("CLIENT UNBLOCK {id} {how}"), "1");
        let reply = told(&client);
        assert!(reply.starts_with(expected), "{how}: {reply}");
        wait_until("it has left", || waiters(&shop, "key") == 0);
    }
    let client = shop.client();
    let id = client.int("CLIENT ID");
    client.send("SECKILL.LOCK key w PX 1000 BLOCK 0");
    wait_until("it waits", || waiters(&shop, "key") == 1);
    shop.gives(&format!("CLIENT KILL ID {id}"), "1");
    wait_until("it has left", || waiters(&shop, "key") == 0);
    assert!(client.try_read().is_err(), "the connection is closed");
}

#[test]
fn a_primary_that_becomes_a_replica_sends_its_waiters_away() {
    let pair = Pair::start();
    acquired(&pair.primary, "key holder PX 600000");
    let next = queued(&pair.primary, "key next PX 600000 BLOCK 0");
    pair.caught_up();
    pair.replica.gives("REPLICAOF NO ONE", "OK");
    pair.primary.gives(&format!("REPLICAOF 127.0.0.1 {}", pair.replica.port()), "OK");
    assert!(told(&next).starts_with("-UNBLOCKED"));
    pair.replica.gives("SECKILL.LOCK key other PX 1000", "BUSY * 0");
    pair.replica.gives("SECKILL.UNLOCK key holder", "RELEASED");
    let reply = pair.primary.text("SECKILL.LOCK key other PX 1000 BLOCK 0");
    assert!(reply.starts_with("-READONLY"), "{reply}");
}

#[test]
fn tied_locks_end_with_their_connection() {
    let pair = Pair::start();
    let client = pair.primary.client();
    acquired(&client, "key tied PX 600000 TIED");
    acquired(&client, "key tied PX 600000 TIED");
    acquired(&client, "loose tied PX 600000");
    let next = queued(&pair.primary, "key next PX 600000 BLOCK 0 TIED");
    drop(client);
    assert!(told(&next).starts_with("ACQUIRED "));
    assert_eq!(pair.primary.map("SECKILL.LOCKINFO loose")["state"], "HELD");
    drop(next);
    wait_until("a tied waiter's lock is free too", || {
        pair.primary.map("SECKILL.LOCKINFO key")["state"] == "FREE"
    });
    pair.same_digest();
}

#[test]
fn a_tie_does_not_cut_a_later_grant() {
    let shop = Server::start();
    let client = shop.client();
    acquired(&client, "key owner PX 600000 TIED");
    shop.gives("SECKILL.UNLOCK key owner", "RELEASED");
    acquired(&shop, "key owner PX 600000");
    drop(client);
    wait_until("the connection is closed", || {
        shop.int("EXISTS key") == 1 && shop.server_info("clients", "connected_clients") == "1"
    });
    shop.run("PING");
    assert_eq!(shop.map("SECKILL.LOCKINFO key")["state"], "HELD");
}

#[test]
fn a_hand_over_is_the_same_on_the_replica() {
    let pair = Pair::start();
    acquired(&pair.primary, "key holder PX 600000");
    let next = queued(&pair.primary, "key next PX 600000 BLOCK 0");
    pair.primary.gives("DEL key", "1");
    assert!(told(&next).starts_with("ACQUIRED "));
    pair.same_digest();
    assert_eq!(pair.replica.map("SECKILL.LOCKINFO key")["owner"], "next");
}
