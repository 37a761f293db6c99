//! Callers who are blocked in FETCH: what wakes them, in what order, and what lets them go.

use crate::fetch::{filled, leased};
use crate::harness::reply::{fits, text};
use crate::harness::{Client, Pair, Server, log, wait_until};
use std::time::{Duration, Instant};

/// Callers on one key.
const CROWD: usize = 200;

/// Callers who wait for `key`, in this order, once the server has them all.
fn waiting(shop: &Server, count: usize, arguments: &str) -> Vec<Client> {
    let before = blocked(shop);
    let callers: Vec<Client> = (0..count).map(|_| shop.client()).collect();
    for (at, caller) in callers.iter().enumerate() {
        caller.send(&format!("SECKILL.FETCH {arguments}"));
        wait_until("the caller waits", || blocked(shop) == before + at + 1);
    }
    callers
}

fn blocked(shop: &Server) -> usize {
    shop.server_info("clients", "blocked_clients").parse().expect("a number")
}

/// So many still wait: the server counts those who were served a moment longer.
#[track_caller]
fn left_waiting(shop: &Server, count: usize) {
    wait_until("only these wait", || blocked(shop) <= count);
    assert_eq!(blocked(shop), count);
}

#[track_caller]
fn hears(caller: &Client, pattern: &str) -> String {
    let text = text(&caller.read());
    assert!(fits(&text, pattern), "a caller hears {text} and not {pattern}");
    text
}

#[track_caller]
fn hears_token(caller: &Client) -> i64 {
    hears(caller, "LEASED *").split_whitespace().nth(1).and_then(|token| token.parse().ok()).expect("a token")
}

#[test]
fn a_crowd_on_one_missing_key_causes_one_load() {
    let shop = Server::start();
    let callers: Vec<Client> = (0..CROWD).map(|_| shop.client()).collect();
    callers.iter().for_each(|caller| caller.send("SECKILL.FETCH key LEASE 600000 BLOCK 0"));
    let token = {
        wait_until("all but the loader wait", || blocked(&shop) == CROWD - 1);
        hears_token(&callers[0])
    };
    shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
    callers[1..].iter().for_each(|caller| drop(hears(caller, "HIT v *")));
    left_waiting(&shop, 0);
}

#[test]
fn nobody_loads_what_is_known_to_be_absent_until_that_ends() {
    let shop = Server::with(&["appendonly yes"]);
    let token = leased(&shop, "key LEASE 600000");
    let callers = waiting(&shop, 20, "key BLOCK 0");
    shop.gives(&format!("SECKILL.FILL key {token} ABSENT PX 1500"), "FILLED");
    let filled = Instant::now();
    callers.iter().for_each(|caller| drop(hears(caller, "ABSENT *")));
    let size = log::size(&shop);
    let mut replies = Vec::new();
    while filled.elapsed() < Duration::from_millis(1000) {
        replies.extend(callers.iter().map(|caller| caller.text("SECKILL.FETCH key")));
    }
    if filled.elapsed() < Duration::from_millis(1400) {
        assert!(replies.iter().all(|reply| reply.starts_with("ABSENT ")), "{replies:?}");
        assert_eq!(log::size(&shop), size);
    }
    wait_until("it is loaded again", || shop.text("SECKILL.FETCH key").starts_with("LEASED"));
}

#[test]
fn after_an_invalidation_the_first_of_those_who_wait_loads() {
    let pair = Pair::start();
    let shop = &pair.primary;
    let old = leased(shop, "key LEASE 600000");
    let callers = waiting(shop, 5, "key LEASE 600000 BLOCK 0");
    shop.gives("SECKILL.INVALIDATE key", "1");
    let new = hears_token(&callers[0]);
    assert!(new > old);
    shop.gives(&format!("SECKILL.FILL key {old} VALUE old PX 600000"), "DISCARDED");
    left_waiting(shop, 4);
    shop.gives(&format!("SECKILL.FILL key {new} VALUE new PX 600000"), "FILLED");
    callers[1..].iter().for_each(|caller| drop(hears(caller, "HIT new *")));
    pair.same_digest();
}

#[test]
fn a_lease_that_runs_out_goes_to_the_first_of_those_who_wait() {
    let pair = Pair::start();
    let shop = &pair.primary;
    let since = Instant::now();
    leased(shop, "key LEASE 400");
    let callers = waiting(shop, 3, "key LEASE 300 BLOCK 0");
    let first = hears_token(&callers[0]);
    assert!(since.elapsed() >= Duration::from_millis(400), "not before the lease is over");
    let second = hears_token(&callers[1]);
    assert!(since.elapsed() >= Duration::from_millis(700), "not before the second lease is over");
    assert!(second > first);
    shop.gives(&format!("SECKILL.FILL key {first} VALUE v PX 600000"), "DISCARDED");
    let filled = shop.text(&format!("SECKILL.FILL key {second} VALUE w PX 600000"));
    match filled.as_str() {
        "FILLED" => drop(hears(&callers[2], "HIT w *")),
        _ => drop(hears_token(&callers[2])),
    }
    pair.same_digest();
}

#[test]
fn whatever_takes_the_key_away_makes_the_first_of_those_who_wait_the_loader() {
    for how in
        ["DEL key", "UNLINK key", "FLUSHALL", "FLUSHDB ASYNC", "RENAME key other", "MOVE key 3", "SWAPDB 0 5"]
    {
        let shop = Server::start();
        leased(&shop, "key LEASE 600000");
        let callers = waiting(&shop, 2, "key LEASE 600000 BLOCK 0");
        shop.run(how);
        let token = hears_token(&callers[0]);
        left_waiting(&shop, 1);
        shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
        hears(&callers[1], "HIT v *");
    }
}

#[test]
fn a_key_that_arrives_serves_those_who_wait() {
    let shop = Server::start();
    leased(&shop, "key LEASE 600000");
    filled(&shop, "other", "VALUE v PX 600000");
    let callers = waiting(&shop, 2, "key BLOCK 0");
    shop.gives("RENAME other key", "OK");
    callers.iter().for_each(|caller| drop(hears(caller, "HIT v *")));
}

#[test]
fn callers_of_other_databases_and_keys_are_not_woken() {
    let shop = Server::start();
    let token = leased(&shop, "key LEASE 600000");
    leased(&shop, "other LEASE 600000");
    let there = shop.client();
    there.gives("SELECT 4", "OK");
    let distant = leased(&there, "key LEASE 600000");
    there.send("SECKILL.FETCH key BLOCK 0");
    left_waiting(&shop, 1);
    let callers = waiting(&shop, 2, "other BLOCK 0");
    let others = waiting(&shop, 1, "key BLOCK 0");
    shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
    hears(&others[0], "HIT v *");
    left_waiting(&shop, 3);
    let loader = shop.client();
    loader.gives("SELECT 4", "OK");
    loader.gives(&format!("SECKILL.FILL key {distant} VALUE w PX 600000"), "FILLED");
    hears(&there, "HIT w *");
    drop(callers);
    wait_until("those who left are gone", || blocked(&shop) == 0);
}

#[test]
fn a_caller_waits_as_long_as_it_said() {
    let shop = Server::start();
    leased(&shop, "key LEASE 600000");
    let since = Instant::now();
    let caller = waiting(&shop, 1, "key BLOCK 150").remove(0);
    hears(&caller, "BUSY *");
    assert!(since.elapsed() >= Duration::from_millis(150));
    caller.gives("SECKILL.FETCH key", "BUSY *");
}

#[test]
fn a_client_can_be_unblocked_killed_or_gone() {
    let shop = Server::start();
    let token = leased(&shop, "key LEASE 600000");
    let callers = waiting(&shop, 5, "key BLOCK 0");
    let list = shop.text("CLIENT LIST");
    let ids: Vec<String> = list
        .split("\\n")
        .filter(|line| line.contains("cmd=seckill.fetch") || line.contains("cmd=SECKILL.FETCH"))
        .filter_map(|line| line.split("id=").nth(1)?.split(' ').next().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 5, "{list}");
    shop.gives(&format!("CLIENT UNBLOCK {}", ids[0]), "1");
    hears(&callers[0], "BUSY *");
    shop.gives(&format!("CLIENT UNBLOCK {} ERROR", ids[1]), "1");
    hears(&callers[1], "-UNBLOCKED **");
    shop.gives(&format!("CLIENT KILL ID {}", ids[2]), "1");
    let mut callers = callers;
    drop(callers.remove(3));
    wait_until("two have left", || blocked(&shop) == 1);
    shop.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "FILLED");
    hears(&callers[3], "HIT v *");
}

#[test]
fn nobody_waits_in_transactions_scripts_and_functions() {
    let shop = Server::start();
    leased(&shop, "key LEASE 600000");
    let caller = shop.client();
    caller.gives("MULTI", "OK");
    caller.gives("SECKILL.FETCH key BLOCK 0", "QUEUED");
    caller.gives("EXEC", "[BUSY *]");
    shop.gives("EVAL \"return redis.call('SECKILL.FETCH', KEYS[1], 'BLOCK', 0)\" 1 key", "BUSY *");
    let code = "#!lua name=lib\\nredis.register_function('f', function(keys) return redis.call('SECKILL.FETCH', keys[1], 'BLOCK', 0) end)";
    shop.gives(&format!("FUNCTION LOAD \"{code}\""), "lib");
    shop.gives("FCALL f 1 key", "BUSY *");
}

#[test]
fn a_fill_and_an_invalidation_in_a_transaction_wake_after_it() {
    let shop = Server::start();
    let token = leased(&shop, "key LEASE 600000");
    let callers = waiting(&shop, 2, "key LEASE 600000 BLOCK 0");
    let loader = shop.client();
    for command in [&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "SECKILL.INVALIDATE key"] {
        loader.gives("MULTI", "OK");
        loader.gives(command, "QUEUED");
        loader.run("EXEC");
    }
    callers.iter().for_each(|caller| drop(hears(caller, "HIT v *")));
    let token = leased(&shop, "key LEASE 600000");
    let callers = waiting(&shop, 2, "key LEASE 600000 BLOCK 0");
    loader.gives("MULTI", "OK");
    loader.gives(&format!("SECKILL.FILL key {token} VALUE v PX 600000"), "QUEUED");
    loader.gives("SECKILL.INVALIDATE key", "QUEUED");
    loader.gives("EXEC", "[FILLED] 1");
    hears_token(&callers[0]);
    left_waiting(&shop, 1);
}

#[test]
fn a_newcomer_does_not_overtake_those_who_wait() {
    let shop = Server::start();
    leased(&shop, "key LEASE 600000");
    let callers = waiting(&shop, 1, "key LEASE 600000 BLOCK 0");
    let newcomer = shop.client();
    newcomer.gives("MULTI", "OK");
    newcomer.gives("SECKILL.INVALIDATE key", "QUEUED");
    newcomer.gives("SECKILL.FETCH key", "QUEUED");
    newcomer.gives("EXEC", "1 [BUSY 1]");
    hears_token(&callers[0]);
    left_waiting(&shop, 0);
}

#[test]
fn a_server_that_becomes_a_replica_lets_its_callers_go() {
    let primary = Server::networked(&[]);
    let shop = Server::networked(&[]);
    leased(&shop, "key LEASE 600000");
    let callers = waiting(&shop, 3, "key BLOCK 0");
    shop.gives(&format!("REPLICAOF 127.0.0.1 {}", primary.port()), "OK");
    callers.iter().for_each(|caller| drop(hears(caller, "-UNBLOCKED **")));
    left_waiting(&shop, 0);
    shop.gives("REPLICAOF NO ONE", "OK");
    leased(&shop, "key2 LEASE 100");
    let callers = waiting(&shop, 1, "key2 BLOCK 0");
    hears_token(&callers[0]);
}

#[test]
fn while_writes_are_paused_nobody_becomes_a_loader() {
    let shop = Server::start();
    leased(&shop, "key LEASE 300");
    let callers = waiting(&shop, 1, "key BLOCK 0");
    shop.gives("CLIENT PAUSE 1500 WRITE", "OK");
    let since = Instant::now();
    wait_until("the lease is over", || since.elapsed() > Duration::from_millis(700));
    if since.elapsed() < Duration::from_millis(1300) {
        left_waiting(&shop, 1);
    }
    hears_token(&callers[0]);
    assert!(since.elapsed() > Duration::from_millis(1300), "not while writes are paused");
}

#[test]
fn many_keys_are_looked_after() {
    let shop = Server::start();
    let callers: Vec<Client> = (0..300).map(|_| shop.client()).collect();
    for (at, caller) in callers.iter().enumerate() {
        leased(&shop, &format!("key{at} LEASE {}", 600 + at));
        caller.send(&format!("SECKILL.FETCH key{at} LEASE 600000 BLOCK 0"));
    }
    for caller in &callers {
        hears_token(caller);
    }
    left_waiting(&shop, 0);
}

#[test]
fn a_wait_that_ends_leaves_nothing_behind() {
    let pair = Pair::start();
    let shop = &pair.primary;
    leased(shop, "key LEASE 100");
    let callers = waiting(shop, 2, "key LEASE 100 BLOCK 60000");
    drop(callers);
    wait_until("the callers are gone", || blocked(shop) == 0);
    wait_until("the key is gone", || shop.int("DBSIZE") == 0);
    pair.same_digest();
}
