//! Sales against their tables after a loss, and payments that come too late.

use redis::Value;

use crate::flow::trade;
use crate::harness::{Client, Random, Server, events, wait_until};
use crate::ledger::{difference, stock, wait_until_equal};
use crate::process::{Worker, done, seckill, sqlite};

/// The report of a dry run that finds something.
fn report(shop: &Server, tables: &order_worker::store::Location, options: &str) -> String {
    let output = seckill(&format!("reconcile {options}"), shop, tables).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}{errors}");
    text
}

#[test]
fn a_sale_and_its_tables_agree_while_both_go_on() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 200 PERUSER 4", "OK");
    let worker = Worker::start(&shop, &tables, "");
    let mut random = Random::seeded("reconcile");
    trade(&shop, &mut random, "phone", 200);
    wait_until_equal(&shop, &tables, "phone");
    std::thread::scope(|scope| {
        let socket = shop.socket();
        let trading = scope.spawn(move || {
            let client = Client::connect(&socket).expect("the server accepts a connection");
            let mut random = Random::seeded("reconcile meanwhile");
            (0..20).for_each(|_| trade(&client, &mut random, "phone", 20));
        });
        for _ in 0..5 {
            let said = done("reconcile", &shop, &tables);
            assert!(said.starts_with("phone: ok, "), "{said}");
        }
        trading.join().expect("the trade goes well");
    });
    worker.stop();
}

#[test]
fn what_a_failover_has_lost_is_found_and_brought_back() {
    let mut shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 100 PERUSER 0", "OK");
    let worker = Worker::start(&shop, &tables, "");
    for buyer in 1..=6 {
        shop.reserve(&format!("phone kept-{buyer}"));
    }
    shop.gives("SAVE", "OK");
    shop.gives("SECKILL.CONFIRM phone 1", "CONFIRMED 1 1");
    shop.gives("SECKILL.RELEASE phone 2", "RELEASED 2 1");
    shop.gives("SECKILL.CONFIRM phone 3", "CONFIRMED 3 1");
    shop.gives("SECKILL.REFUND phone 3", "REFUNDED 3 1");
    shop.reserve("phone lost QTY 2");
    shop.gives("SECKILL.CONFIRM phone 7", "CONFIRMED 7 2");
    wait_until_equal(&shop, &tables, "phone");
    shop.kill();
    shop.revive();
    // The next life begins a new epoch, and sells to others.
    shop.reserve("phone new");
    wait_until("the new epoch is noticed", || worker.log().contains("a new epoch"));
    let said = report(&shop, &tables, "");
    assert!(said.starts_with("phone: DIFFERS"), "{said}");
    for (id, remedy) in [(1, "confirm"), (2, "release"), (7, "adopt")] {
        let is_told = |line: &str| line.contains(&format!("reservation {id}:")) && line.ends_with(remedy);
        assert!(said.lines().any(is_told), "{id} {remedy}: {said}");
    }
    // A dry run changes nothing.
    assert_eq!(report(&shop, &tables, ""), said);
    let can_adopt =
        matches!(shop.run("COMMAND INFO SECKILL.ADOPT"), Value::Array(rows) if rows[0] != Value::Nil);
    if can_adopt {
        let said = done("reconcile --fix", &shop, &tables);
        assert!(said.contains("reservation 7: adopt: ADOPTED"), "{said}");
        wait_until_equal(&shop, &tables, "phone");
        assert!(done("reconcile", &shop, &tables).starts_with("phone: ok"));
    } else {
        assert!(report(&shop, &tables, "--fix").contains("the server has no SECKILL.ADOPT"));
    }
    shop.gives("SECKILL.GET phone 1 2", "[** state CONFIRMED **] [** state RELEASED **]");
    assert_eq!(shop.field("SECKILL.AUDIT phone", "ok"), "1");
    worker.stop();
}

#[test]
fn entries_that_were_deleted_are_made_up_for_from_the_sale() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 100 PERUSER 2", "OK");
    shop.reserve("phone alice");
    shop.reserve("phone bob QTY 2");
    shop.reserve("phone carol");
    shop.gives("SECKILL.CONFIRM phone 3", "CONFIRMED 3 1");
    let entries = events::all(&shop, "{phone}:orders");
    // Bob's only event, and Carol's payment.
    shop.gives(&["XDEL", "{phone}:orders", &entries[1].entry, &entries[3].entry], "2");
    shop.reserve("phone dave");
    let worker = Worker::start(&shop, &tables, "");
    wait_until("the gap is reported", || worker.log().contains("gaps=[(2, 2), (4, 4)]"));
    let said = report(&shop, &tables, "");
    assert!(
        said.contains("reservation 2: the sale says HELD 2 of bob, 0 refunded; the tables say nothing"),
        "{said}"
    );
    assert!(said.contains("2 events were never processed"), "{said}");
    done("reconcile --fix", &shop, &tables);
    wait_until_equal(&shop, &tables, "phone");
    // What comes later goes on from there.
    shop.gives("SECKILL.CONFIRM phone 2", "CONFIRMED 2 2");
    shop.gives("SECKILL.REFUND phone 3", "REFUNDED 3 1");
    wait_until_equal(&shop, &tables, "phone");
    worker.stop();
}

#[test]
fn a_stock_that_no_event_tells_of_is_set_right() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 10", "OK");
    let worker = Worker::start(&shop, &tables, "");
    shop.reserve("phone alice");
    wait_until_equal(&shop, &tables, "phone");
    shop.gives("SECKILL.CONFIRM phone 1", "CONFIRMED 1 1");
    shop.gives("SECKILL.REFUND phone 1 NORESTOCK", "REFUNDED 1 1");
    let mut database = tables.open().expect("the database opens");
    let stale = "stock: 9 in the sale, Some(10) in the tables";
    wait_until("the refund is there", || difference(&shop, &mut database, "phone").as_deref() == Some(stale));
    let said = report(&shop, &tables, "");
    assert!(said.contains("stock 10 in the table, 9 by the sale's total and the orders"), "{said}");
    done("reconcile --fix", &shop, &tables);
    assert_eq!(stock(&mut database, "phone"), Some(9));
    wait_until_equal(&shop, &tables, "phone");
    worker.stop();
}

#[test]
fn a_late_payment_ends_in_a_paid_order_or_in_a_refund() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 1 HOLD 30", "OK");
    let worker = Worker::start(&shop, &tables, "");
    shop.reserve("phone early");
    assert_eq!(done("pay phone 1", &shop, &tables), "paid\n");
    shop.gives("SECKILL.REFUND phone 1", "REFUNDED 1 1");
    shop.reserve("phone late");
    wait_until("the hold is over", || shop.text("SECKILL.GET phone 2").contains("EXPIRED"));
    wait_until_equal(&shop, &tables, "phone");
    assert_eq!(done("pay phone 2", &shop, &tables), "paid\n");
    shop.gives("SECKILL.REFUND phone 2", "REFUNDED 2 1");
    shop.reserve("phone later");
    wait_until("the hold is over", || shop.text("SECKILL.GET phone 3").contains("EXPIRED"));
    shop.reserve("phone quick");
    shop.gives("SECKILL.CONFIRM phone 4", "CONFIRMED 4 1");
    wait_until_equal(&shop, &tables, "phone");
    let said = done("pay phone 3", &shop, &tables);
    assert_eq!(said, "refund: paid late, and the units were sold to others\n");
    // Units come back, and the answer stays.
    shop.gives("SECKILL.REFUND phone 4", "REFUNDED 4 1");
    assert_eq!(done("pay phone 3", &shop, &tables), "refund: it was decided before\n");
    let list = done("refunds list", &shop, &tables);
    assert_eq!(list, "phone  3  1 of later  paid late, and the units were sold to others\n");
    done("refunds done phone 3", &shop, &tables);
    assert_eq!(done("refunds list", &shop, &tables), "");
    assert_eq!(done("pay phone 3", &shop, &tables), "paid back already\n");
    worker.stop();
}
