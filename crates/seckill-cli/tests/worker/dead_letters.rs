//! Entries that cannot be processed reach the dead letters while the rest flows on.

use crate::harness::words::with;
use crate::harness::{Server, events, wait_until};
use crate::ledger::{stock, wait_until_equal};
use crate::process::{Worker, done, sqlite};
use crate::tables::Tables;

const STREAM: &str = "{phone}:orders";
const DEAD: &str = "{phone}:orders:dead";

fn letters(shop: &Server) -> usize {
    usize::try_from(shop.int(&["XLEN", DEAD])).expect("a length")
}

/// What the dead letters give as reasons, sorted.
fn reasons(shop: &Server) -> Vec<String> {
    let mut reasons: Vec<String> =
        events::all(shop, DEAD).iter().map(|letter| letter.get("reason").to_owned()).collect();
    reasons.sort();
    reasons
}

/// An entry for each way of being no order event, or one that the database refuses, and what is said of it.
fn poison(shop: &Server) -> [&'static str; 7] {
    let add = format!("XADD {STREAM} *");
    shop.run(&format!("{add} ev RESERVED sale phone"));
    shop.run(&format!("{add} ev SOLD sale phone seq 0-90 id 90 user x qty 1 deadline 0"));
    let user = format!("{add} ev RESERVED sale phone seq 0-91 id 91 qty 1 deadline 0 user");
    shop.run(&with(&user, &[b"\xff\xfe"]));
    shop.run(&format!("{add} ev RESERVED sale phone seq 0-92 id 92 user x qty many deadline 0"));
    // There is not so much stock.
    shop.run(&format!("{add} ev RESERVED sale phone seq 0-93 id 93 user x qty 5000 deadline 0"));
    // The database has a rule of its own.
    shop.run(&format!("{add} ev RESERVED sale phone seq 0-95 id 95 user x qty 1 deadline 0"));
    // The reservation has another buyer.
    shop.run(&format!("{add} ev CONFIRMED sale phone seq 7-1 id 1 user mallory qty 1 deadline 0"));
    [
        "field qty is not a number in its range",
        "field seq is missing",
        "field user is not text",
        "no place for it here",
        "id is taken by an order of alice",
        "the stock of phone is less than 5000",
        "unknown ev SOLD",
    ]
}

fn poison_is_given_up(shop: &Server, tables: &Tables) {
    shop.gives("SECKILL.CREATE phone STOCK 100", "OK");
    shop.reserve("phone alice");
    let expected = poison(shop);
    tables.forbid(95);
    shop.reserve("phone bob");
    let worker = Worker::start(shop, &tables.location(), "");
    wait_until("seven letters lie there", || letters(shop) == expected.len());
    shop.reserve("phone carol");
    wait_until_equal(shop, &tables.location(), "phone");
    let said = reasons(shop);
    assert!(said.iter().zip(expected).all(|(said, expected)| said.contains(expected)), "{said:?}");
    for letter in events::all(shop, DEAD) {
        // What lacks units while other events are missing waits for them four times as long.
        let expected = if letter.get("reason").contains("stock") { "12" } else { "3" };
        assert_eq!((letter.get("deliveries"), letter.get("group")), (expected, "orders"));
        assert!(letter.names().starts_with("reason deliveries entry group ev sale"), "{}", letter.names());
    }
    worker.stop();
}

#[test]
fn poison_reaches_the_dead_letters_and_the_rest_flows_on_with_a_file() {
    let shop = Server::start();
    let tables = Tables::file(&shop);
    poison_is_given_up(&shop, &tables);
}

#[test]
fn poison_reaches_the_dead_letters_and_the_rest_flows_on_with_postgresql() {
    if let Some(tables) = Tables::server() {
        poison_is_given_up(&Server::start(), &tables);
    }
}

#[test]
fn a_letter_is_sent_again_and_counts_once() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 5 PERUSER 2", "OK");
    let worker = Worker::start(&shop, &tables, "");
    shop.reserve("phone alice");
    wait_until_equal(&shop, &tables, "phone");
    // Somebody has changed the stock by hand, so that the next order does not fit.
    let mut database = tables.open().expect("the database opens");
    database.set_stock("phone", 0).expect("the stock can be set");
    shop.reserve("phone bob QTY 2");
    wait_until("the order is given up", || letters(&shop) == 1);
    let list = done("dead list", &shop, &tables);
    assert!(list.contains("{phone}:orders  3 deliveries  the stock of phone"), "{list}");
    let letter = list.split_whitespace().next().expect("an id").to_owned();
    let show = done(&format!("dead show {letter}"), &shop, &tables);
    assert!(show.contains("  user=bob\n  qty=2\n"), "{show}");
    // An order of five takes one and leaves four.
    database.set_stock("phone", 4).expect("the stock can be set");
    assert_eq!(done(&format!("dead retry {letter}"), &shop, &tables), "1 sent again\n");
    wait_until_equal(&shop, &tables, "phone");
    assert_eq!((letters(&shop), stock(&mut database, "phone")), (0, Some(2)));
    assert_eq!(database.epochs().expect("epochs").first().map(|epoch| epoch.missing()), Some(0));
    worker.stop();
}

#[test]
fn a_dropped_letter_strands_no_stock() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 5", "OK");
    let worker = Worker::start(&shop, &tables, "");
    shop.reserve("phone alice");
    wait_until_equal(&shop, &tables, "phone");
    let mut database = tables.open().expect("the database opens");
    database.set_stock("phone", 0).expect("the stock can be set");
    shop.reserve("phone bob");
    shop.gives("SECKILL.CONFIRM phone 2", "CONFIRMED 2 1");
    wait_until("both events of the order are given up", || letters(&shop) == 2);
    database.set_stock("phone", 4).expect("the stock can be set");
    let said = done("dead drop --all", &shop, &tables);
    assert!(said.contains("was paid; REFUNDED: give the buyer the money back"), "{said}");
    assert!(said.ends_with("2 dropped\n"), "{said}");
    shop.gives("SECKILL.STOCK phone", "4");
    assert_eq!(letters(&shop), 0);
    // Only the refund has reached the table, until the row is completed.
    wait_until("the refund is there", || database.order("phone", 2).is_ok_and(|order| order.is_some()));
    done("reconcile --fix", &shop, &tables);
    wait_until_equal(&shop, &tables, "phone");
    worker.stop();
}

#[test]
fn an_entry_that_ends_its_workers_is_given_up_untried() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 5", "OK");
    shop.reserve("phone alice");
    for _ in 0..25 {
        let mut worker = Worker::ending_at(&shop, &tables, "--max-attempts 3", "begun");
        wait_until("the worker has ended or given the entry up", || !worker.lives() || letters(&shop) == 1);
        if letters(&shop) == 1 {
            break;
        }
    }
    assert_eq!(reasons(&shop), ["\"delivered again and again without an outcome\""]);
}
