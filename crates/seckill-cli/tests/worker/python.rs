//! Another consumer, in another language, on the same stream and the same tables.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use order_worker::store::Location;

use crate::flow::trade;
use crate::harness::{Random, Server, wait_until};
use crate::ledger::wait_until_equal;
use crate::process::{Worker, sqlite};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/consumer.py");
const STREAM: &str = "{phone}:orders";

/// The example's process; dropping it ends it.
struct Consumer(Child);

impl Consumer {
    fn start(python: &str, shop: &Server, tables: &Location) -> Consumer {
        let Location::Sqlite(file) = tables else { panic!("the example knows SQLite") };
        let log = File::create(shop.folder().join("python.log")).expect("a log file");
        let mut command = Command::new(python);
        command
            .arg(EXAMPLE)
            .arg(format!("unix://{}", shop.socket().display()))
            .arg(file)
            .args([STREAM, "python"]);
        Consumer(command.stdin(Stdio::null()).stderr(log).spawn().expect("the example starts"))
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // Already gone is what was wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Python that can talk to Redis.
fn python() -> Option<&'static str> {
    let can = |python: &&str| {
        let tried = Command::new(python).args(["-c", "import redis"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    ["/usr/bin/python3", "python3"].into_iter().find(can)
}

fn said(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("python.log")).unwrap_or_default()
}

#[test]
fn a_consumer_in_python_shares_stream_and_tables_with_the_worker() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python here knows Redis; install it by `apt-get install python3-redis`");
        return;
    };
    let shop = Server::start();
    let tables = sqlite(&shop);
    tables.open().expect("the tables are made");
    shop.gives("SECKILL.CREATE phone STOCK 200 PERUSER 4", "OK");
    let mut random = Random::seeded("python");
    // Alone first, killed in between, and then beside the worker.
    trade(&shop, &mut random, "phone", 150);
    let consumer = Consumer::start(python, &shop, &tables);
    wait_until("it has begun", || !shop.text(&["XPENDING", STREAM, "orders"]).is_empty());
    trade(&shop, &mut random, "phone", 150);
    drop(consumer);
    let mut consumer = Consumer::start(python, &shop, &tables);
    wait_until_equal(&shop, &tables, "phone");
    let worker = Worker::start(&shop, &tables, "--batch 10");
    let before = shop.int(&["XLEN", STREAM]);
    for _ in 0..20 {
        trade(&shop, &mut random, "phone", 40);
    }
    wait_until_equal(&shop, &tables, "phone");
    assert!(shop.int(&["XLEN", STREAM]) > before);
    let ended = consumer.0.try_wait().expect("it can be asked after");
    // Out of turn, an order may find too few units; then it gives up, and the worker takes over.
    assert!(ended.is_none() || said(shop.folder()).contains("too few units"), "{}", said(shop.folder()));
    worker.stop();
}

#[test]
fn the_example_is_short() {
    let text = std::fs::read_to_string(EXAMPLE).expect("the example");
    assert!(text.lines().count() <= 60, "{} lines", text.lines().count());
}
