//! From the sale to the tables: each event once, whatever ends on the way.

use std::time::Duration;

use crate::harness::{Client, Random, Server, events, wait_until};
use crate::ledger::{backlog, ids, wait_until_equal};
use crate::process::{Worker, sqlite};

/// Buyers of all kinds, from one seed.
pub fn trade(shop: &Client, random: &mut Random, sale: &str, count: usize) {
    let ids = ids(shop, sale);
    let commands: Vec<String> = (0..count).map(|_| operation(random, sale, &ids)).collect();
    for (command, reply) in commands.iter().zip(shop.pipeline(&commands)) {
        let reply = crate::harness::reply::text(&reply);
        assert!(!reply.starts_with('-') || reply.starts_with("-MISMATCH"), "{command} gives {reply}");
    }
}

/// Of those that are there, most often one of the newest, or one that will be there soon.
fn pick(random: &mut Random, ids: &[i64]) -> i64 {
    let newest = ids.last().copied().unwrap_or(0);
    match random.below(3) {
        0 => newest + random.below(20) as i64 + 1,
        1 => ids.get(random.below(ids.len().max(1))).copied().unwrap_or(1),
        _ => ids.iter().rev().nth(random.below(40)).copied().unwrap_or(1),
    }
}

fn operation(random: &mut Random, sale: &str, ids: &[i64]) -> String {
    let user = format!("u{}", random.below(200));
    let id = pick(random, ids);
    match random.below(16) {
        0..=5 => format!("SECKILL.RESERVE {sale} {user} QTY {}", random.below(3) + 1),
        6 => format!("SECKILL.RESERVE {sale} {user} DATA size-{id}"),
        7..=8 => format!("SECKILL.CONFIRM {sale} {id}"),
        9 => format!("SECKILL.CONFIRM {sale} {id} LATE"),
        10 => format!("SECKILL.RELEASE {sale} {id}"),
        11 => format!("SECKILL.EXTEND {sale} {id} PX {}", (random.below(40) + 1) * 50_000),
        12 => format!("SECKILL.REFUND {sale} {id}"),
        13 => format!("SECKILL.REFUND {sale} {id} QTY 1 REQUEST t{}", random.below(600)),
        14 => format!("SECKILL.RESTOCK {sale} {}", random.below(9) as i64 - 3),
        _ => format!("SECKILL.ALTER {sale} HOLD {}", if random.once_in(3) { 5 } else { 900_000 }),
    }
}

/// Sales that share a stream, one that has its own, one without a limit, one without a payment step.
pub const SALES: [&str; 4] = ["phone", "case", "film", "song"];

pub fn open(shop: &Server) {
    shop.gives("SECKILL.CREATE phone STOCK 200 PERUSER 4", "OK");
    shop.gives("SECKILL.CREATE case STOCK 90 PERUSER 0 STREAM {phone}:orders", "OK");
    shop.gives("SECKILL.CREATE film STOCK 150 PERUSER 9", "OK");
    shop.gives("SECKILL.CREATE song STOCK 80 PERUSER 2 HOLD 0", "OK");
}

#[test]
fn every_kind_of_event_reaches_the_tables() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    open(&shop);
    let worker = Worker::start(&shop, &tables, "--batch 16");
    let mut random = Random::seeded("flow");
    for _ in 0..6 {
        SALES[..3].iter().for_each(|sale| trade(&shop, &mut random, sale, 60));
    }
    for buyer in 0..90 {
        shop.run(&format!("SECKILL.RESERVE song u{buyer}"));
    }
    SALES.iter().for_each(|sale| wait_until_equal(&shop, &tables, sale));
    let said = worker.stop();
    assert!(said.contains("ended in order") && !said.contains("ERROR"), "{said}");
}

#[test]
fn who_waits_and_is_offered_units_is_in_the_tables_too() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 5 WAITLIST 40 HOLD 40 OFFER 30", "OK");
    let worker = Worker::start(&shop, &tables, "--batch 7");
    for buyer in 0..30 {
        shop.run(&format!("SECKILL.RESERVE phone u{buyer} WAITLIST"));
    }
    // Some pay what they hold, some answer their offer by a hold or by a payment, the others let it go.
    let is_busy = || events::count(&shop, "{phone}:orders", "EXPIRED") < 12;
    let mut random = Random::seeded("wait list");
    wait_until("many have let it go", || {
        let buyer = random.below(30);
        let id = buyer + 1;
        let command = match random.below(60) {
            0 => format!("SECKILL.CONFIRM phone {id}"),
            1 => format!("SECKILL.RESERVE phone u{buyer}"),
            2 => format!("SECKILL.RELEASE phone {id}"),
            _ => "PING".to_owned(),
        };
        shop.run(&command);
        !is_busy()
    });
    wait_until_equal(&shop, &tables, "phone");
    let kinds = events::kinds(&shop, "{phone}:orders");
    assert!(kinds.contains("WAITLISTED") && kinds.contains("OFFERED"), "{kinds}");
    worker.stop();
}

#[test]
fn two_workers_share_the_work_and_make_no_order_twice() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    open(&shop);
    let workers = [Worker::start(&shop, &tables, "--batch 8"), Worker::start(&shop, &tables, "--batch 5")];
    let mut random = Random::seeded("two workers");
    for _ in 0..6 {
        SALES[..3].iter().for_each(|sale| trade(&shop, &mut random, sale, 80));
    }
    SALES[..3].iter().for_each(|sale| wait_until_equal(&shop, &tables, sale));
    assert_eq!(workers.map(Worker::stop).len(), 2);
}

#[test]
fn the_end_comes_within_the_batch_and_the_next_life_has_the_same_name() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 100000 PERUSER 0", "OK");
    let lines: Vec<String> = (0..4_000).map(|buyer| format!("SECKILL.RESERVE phone u{buyer}")).collect();
    shop.pipeline(&lines);
    for _ in 0..3 {
        let worker = Worker::start(&shop, &tables, "--batch 50");
        std::thread::sleep(Duration::from_millis(30));
        worker.stop();
        // Nothing was left half done: what was read is also acknowledged.
        assert_eq!(shop.text("XPENDING {phone}:orders orders").split(' ').next(), Some("0"));
    }
    let _worker = Worker::start(&shop, &tables, "");
    wait_until_equal(&shop, &tables, "phone");
    assert_eq!(consumers(&shop, "{phone}:orders").len(), 1);
}

#[test]
fn a_worker_takes_over_what_another_one_left() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 100", "OK");
    reserve_each(&shop, 20);
    shop.run("XREADGROUP GROUP orders gone COUNT 12 STREAMS {phone}:orders >");
    let _worker = Worker::start(&shop, &tables, "--consumer-idle 1000");
    wait_until_equal(&shop, &tables, "phone");
    wait_until("the consumer that owns nothing is removed", || {
        !consumers(&shop, "{phone}:orders").contains(&"gone".to_owned())
    });
}

#[test]
fn what_another_group_has_not_acknowledged_is_never_trimmed() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 100", "OK");
    shop.gives("XGROUP CREATE {phone}:orders audit 0", "OK");
    reserve_each(&shop, 20);
    let all: Vec<String> =
        events::all(&shop, "{phone}:orders").into_iter().map(|event| event.entry).collect();
    shop.run("XREADGROUP GROUP audit a COUNT 15 STREAMS {phone}:orders >");
    let acknowledge = |at: usize| shop.gives(&["XACK", "{phone}:orders", "audit", &all[at]], "1");
    (0..5).for_each(acknowledge);
    let _worker = Worker::start(&shop, &tables, "--keep 0");
    let oldest = || events::all(&shop, "{phone}:orders").first().map(|event| event.entry.clone());
    wait_until_equal(&shop, &tables, "phone");
    wait_until("what all have acknowledged is trimmed", || oldest().as_ref() == Some(&all[5]));
    acknowledge(6);
    acknowledge(5);
    wait_until("the next step is trimmed", || oldest().as_ref() == Some(&all[7]));
    (7..15).for_each(acknowledge);
    wait_until("what a group has not read stays", || oldest().as_ref() == Some(&all[15]));
    shop.reserve("phone late");
    wait_until("nothing is on its way", || backlog(&shop, "{phone}:orders") <= 6);
    assert_eq!(oldest().as_ref(), Some(&all[15]));
}

#[test]
fn streams_that_come_later_are_read_too() {
    let shop = Server::start();
    let tables = sqlite(&shop);
    let _worker = Worker::start(&shop, &tables, "");
    shop.gives("SECKILL.CREATE first STOCK 10", "OK");
    shop.reserve("first alice");
    wait_until_equal(&shop, &tables, "first");
    shop.gives("SECKILL.CREATE second STOCK 10", "OK");
    shop.reserve("second alice");
    wait_until_equal(&shop, &tables, "second");
}

fn reserve_each(shop: &Server, buyers: usize) {
    for buyer in 0..buyers {
        shop.reserve(&format!("phone u{buyer}"));
    }
}

fn consumers(shop: &Server, stream: &str) -> Vec<String> {
    let redis::Value::Array(rows) = shop.run(&["XINFO", "CONSUMERS", stream, "orders"]) else {
        return Vec::new();
    };
    let name = |row: &redis::Value| crate::harness::reply::text(&crate::harness::reply::pairs(row)[0].1);
    rows.iter().map(name).collect()
}
