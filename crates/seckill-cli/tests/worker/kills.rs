//! Whatever is killed, and at whichever step: every reservation has one row, and the stock is the sale's.

use order_worker::probe::Step;

use crate::flow::{SALES, open, trade};
use crate::harness::{Random, Server, wait_until};
use crate::ledger::wait_until_equal;
use crate::process::Worker;
use crate::tables::Tables;

/// Small batches, so that there are many; nothing is kept, so that there is something to trim.
const OPTIONS: &str = "--batch 16 --keep 0 --max-attempts 5";
const STREAM: &str = "{phone}:orders";
const DEAD: &str = "{phone}:orders:dead";

/// What survives a kill of the server.
const DURABLE: [&str; 2] = ["appendonly yes", "appendfsync always"];

/// How a run of cycles went.
#[derive(Debug, Default)]
struct Sum {
    worker_kills: usize,
    /// Of those, by the worker itself at its step.
    at_steps: usize,
    redis_kills: usize,
    database_kills: usize,
    poisoned: i64,
}

/// Some of every kind of event, and one entry that is none.
fn feed(shop: &Server, random: &mut Random, sum: &mut Sum) {
    SALES[..3].iter().for_each(|sale| trade(shop, random, sale, 30));
    shop.run(&format!("XADD {STREAM} * ev SOLD sale phone seq 0-1 id 1 user x qty 1 deadline 0"));
    sum.poisoned += 1;
}

/// Everything was applied once, in the end, and what is poison was given up once.
fn settled(shop: &Server, tables: &Tables, sum: &Sum) {
    let _worker = Worker::start(shop, &tables.location(), OPTIONS);
    wait_until("the poison is given up", || shop.int(&["XLEN", DEAD]) >= sum.poisoned);
    SALES[..3].iter().for_each(|sale| wait_until_equal(shop, &tables.location(), sale));
    let mut database = tables.location().open().expect("the database opens");
    let epochs = database.epochs().expect("epochs can be read");
    for sale in &SALES[..3] {
        let newest = shop.field(&["SECKILL.INFO", sale], "seq");
        let last = epochs.iter().filter(|epoch| epoch.sale == *sale).max_by_key(|epoch| epoch.epoch);
        let last = last.expect("the sale has an epoch");
        assert_eq!((last.events.to_string(), last.newest.to_string()), (newest.clone(), newest), "{sale}");
        assert!(epochs.iter().all(|epoch| epoch.missing() == 0), "{epochs:?}");
        assert_eq!(shop.field(&["SECKILL.AUDIT", sale], "ok"), "1");
    }
    assert_eq!(shop.int(&["XLEN", DEAD]), sum.poisoned, "each poison is one letter, and nothing else is");
}

/// The worker is killed at every step in turn.
fn each_step(shop: &Server, tables: &Tables) {
    open(shop);
    let mut random = Random::seeded("each step");
    let mut sum = Sum::default();
    for step in Step::ALL {
        feed(shop, &mut random, &mut sum);
        // The rare ones are reached once.
        let is_rare = matches!(step, Step::Claimed | Step::LetterNoted | Step::Buried);
        let times = if is_rare { 1 } else { random.below(2) + 1 };
        let mut worker = Worker::ending_at(shop, &tables.location(), OPTIONS, &format!("{step}:{times}"));
        worker.killed();
        sum.worker_kills += 1;
        sum.at_steps += 1;
    }
    settled(shop, tables, &sum);
    eprintln!("{sum:?}");
}

#[test]
fn a_worker_killed_at_any_step_loses_and_doubles_nothing_in_a_file() {
    let shop = Server::start();
    let tables = Tables::file(&shop);
    each_step(&shop, &tables);
}

#[test]
fn a_worker_killed_at_any_step_loses_and_doubles_nothing_in_postgresql() {
    let shop = Server::start();
    if let Some(tables) = Tables::server() {
        each_step(&shop, &tables);
    }
}

/// Workers, Redis and the database are killed at random while two workers are at work.
fn cycles(shop: &mut Server, tables: &mut Tables, count: usize) {
    open(shop);
    let mut random = Random::seeded("cycles");
    let mut sum = Sum::default();
    let steady = Worker::start(shop, &tables.location(), OPTIONS);
    for cycle in 0..count {
        feed(shop, &mut random, &mut sum);
        let step = Step::ALL[cycle % Step::ALL.len()];
        let at = format!("{step}:{}", random.below(3) + 1);
        let mut other = Worker::ending_at(shop, &tables.location(), OPTIONS, &at);
        feed(shop, &mut random, &mut sum);
        match random.below(6) {
            0 => {
                shop.kill();
                shop.revive();
                sum.redis_kills += 1;
            }
            1 if matches!(tables, Tables::Postgres(_)) => {
                tables.crash();
                sum.database_kills += 1;
            }
            _ => {}
        }
        feed(shop, &mut random, &mut sum);
        // It may be that the steady one left it nothing to reach its step with.
        let until = std::time::Instant::now() + std::time::Duration::from_millis(300);
        while other.lives() && std::time::Instant::now() < until {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        sum.at_steps += usize::from(!other.lives());
        other.kill();
        sum.worker_kills += 1;
    }
    steady.stop();
    settled(shop, tables, &sum);
    eprintln!("{count} cycles: {sum:?}");
}

fn cycle_count() -> usize {
    if crate::harness::rounds(1) > 1 { 200 } else { 8 }
}

#[test]
fn workers_and_redis_killed_at_random_lose_and_double_nothing_in_a_file() {
    let mut shop = Server::with(&DURABLE);
    let mut tables = Tables::file(&shop);
    cycles(&mut shop, &mut tables, cycle_count());
}

#[test]
fn workers_redis_and_postgresql_killed_at_random_lose_and_double_nothing() {
    let mut shop = Server::with(&DURABLE);
    if let Some(mut tables) = Tables::server() {
        cycles(&mut shop, &mut tables, cycle_count());
    }
}
