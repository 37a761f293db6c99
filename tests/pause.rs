//! While writes are paused nothing may be replicated, and afterwards nothing may be lost.

use crate::harness::{Pair, Server, events, now_ms, wait_until};

#[test]
fn holds_that_fall_due_in_a_pause_are_settled_after_it() {
    for mode in ["WRITE", "ALL"] {
        let shop = Server::with(&["appendonly yes"]);
        shop.gives("SECKILL.CREATE sale STOCK 500 PERUSER 0 HOLD 600", "OK");
        let mut deadline = 0;
        for _ in 0..200 {
            deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED # @ *", 2);
        }
        shop.gives(&format!("CLIENT PAUSE 1500 {mode}"), "OK");
        let paused_until = now_ms() + 1500;
        wait_until("the deadline has passed", || now_ms() > deadline + 100);
        if mode == "WRITE" && now_ms() < paused_until - 100 {
            shop.gives("SECKILL.STOCK sale", "500");
        }
        wait_until("the holds are settled", || events::count(&shop, "{sale}:orders", "EXPIRED") == 200);
        shop.gives("SECKILL.STOCK sale", "500");
        assert!(now_ms() >= paused_until, "nothing is settled in the pause");
    }
}

#[test]
fn an_unpaused_server_settles_at_once() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 400", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u", "RESERVED # @ *", 2);
    shop.gives("CLIENT PAUSE 600000 WRITE", "OK");
    wait_until("the deadline has passed", || now_ms() > deadline + 50);
    let before = events::kinds(&shop, "{sale}:orders");
    assert_eq!(before, "RESERVED");
    shop.gives("CLIENT UNPAUSE", "OK");
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
}

#[test]
fn a_failover_hands_the_holds_over() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 500 PERUSER 0 HOLD 400", "OK");
    for _ in 0..100 {
        pair.primary.reserve("sale u");
    }
    pair.caught_up();
    pair.primary.gives("FAILOVER", "OK");
    wait_until("the roles have changed", || {
        pair.replica.text("ROLE").starts_with("master") && pair.primary.text("ROLE").starts_with("slave")
    });
    let swapped = Pair { primary: pair.replica, replica: pair.primary };
    wait_until("the holds expire", || events::count(&swapped.primary, "{sale}:orders", "EXPIRED") == 100);
    swapped.same_digest();
    assert_eq!(events::count(&swapped.replica, "{sale}:orders", "EXPIRED"), 100);
    swapped.primary.gives("SECKILL.STOCK sale", "500");
    assert_eq!(swapped.primary.field("SECKILL.AUDIT sale", "ok"), "1");
}

#[test]
fn holds_that_fall_due_in_a_failover_wait_for_its_end() {
    let pair = Pair::start();
    pair.primary.gives("SECKILL.CREATE sale STOCK 500 PERUSER 0 HOLD 900", "OK");
    let deadlines: Vec<i64> =
        (0..50).map(|_| pair.primary.number("SECKILL.RESERVE sale u", "RESERVED # @ *", 2)).collect();
    pair.caught_up();
    // A replica that does not answer keeps the failover, and with it the pause of writes, waiting.
    pair.replica.signal("-STOP");
    pair.primary.gives("SECKILL.RESTOCK sale 1", "RESTOCKED * 501");
    pair.primary.gives("FAILOVER TIMEOUT 2500", "OK");
    let waiting = || pair.primary.server_info("replication", "master_failover_state") == "waiting-for-sync";
    wait_until("the deadlines have passed", || now_ms() > deadlines[49] + 100);
    let told = pair.primary.int("XLEN {sale}:orders");
    if waiting() {
        assert_eq!(told, 51, "nothing is settled while writes are paused");
    }
    wait_until("the failover is given up", || !waiting());
    wait_until("the holds are settled", || events::count(&pair.primary, "{sale}:orders", "EXPIRED") == 50);
    pair.replica.signal("-CONT");
    pair.same_digest();
    assert_eq!(pair.primary.field("SECKILL.AUDIT sale", "ok"), "1");
}
