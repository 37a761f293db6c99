//! A killed server: what was acknowledged is there, once.

use crate::harness::reply::text;
use crate::harness::{Client, Random, Server, events, log, rounds, traffic, wait_until};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Acknowledged reservations before the end.
const ENOUGH: usize = 1500;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    for round in 0..rounds(1) {
        eprintln!("round {round}");
        killed_under_load();
    }
}

fn killed_under_load() {
    let mut shop = Server::with(&["appendonly yes", "appendfsync always"]);
    shop.gives("SECKILL.CREATE sale STOCK 1000000 PERUSER 0", "OK");
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let buyers: Vec<_> = (0..8)
        .map(|buyer| {
            let (socket, acknowledged) = (shop.socket(), Arc::clone(&acknowledged));
            std::thread::spawn(move || buy_until_the_end(&socket, buyer, &acknowledged))
        })
        .collect();
    wait_until("enough was sold", || acknowledged.load(Ordering::Relaxed) >= ENOUGH);
    shop.kill();
    let sold: BTreeMap<i64, String> =
        buyers.into_iter().flat_map(|buyer| buyer.join().expect("a buyer ends well")).collect();
    assert!(sold.len() >= ENOUGH);
    shop.revive();
    each_is_there_once(&shop, &sold);
}

/// Reserves until the connection breaks; what was acknowledged.
fn buy_until_the_end(socket: &Path, buyer: usize, acknowledged: &AtomicUsize) -> Vec<(i64, String)> {
    let client = Client::connect(socket).expect("the server accepts a connection");
    let mut sold = Vec::new();
    for turn in 0.. {
        let user = format!("b{buyer}-{turn}");
        let Ok(reply) = client.try_run(&["SECKILL.RESERVE", "sale", &user]) else { break };
        let reply = text(&reply);
        let id = reply.strip_prefix("RESERVED ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        sold.push((id.unwrap_or_else(|| panic!("{reply} instead of a hold")), user));
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    sold
}

fn each_is_there_once(shop: &Server, sold: &BTreeMap<i64, String>) {
    let mut told: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let events = events::all(shop, "{sale}:orders");
    events::assert_gapless(&events, "sale");
    for event in &events {
        let id = event.get("id").parse().expect("an id");
        told.entry(id).or_default().push(event.get("user").to_owned());
    }
    for (id, user) in sold {
        assert_eq!(told.get(id), Some(&vec![user.clone()]), "the events of reservation {id}");
        shop.gives(&format!("SECKILL.GET sale {id}"), &format!("[id {id} user {user} qty 1 state HELD **]"));
    }
    let held: usize = shop.field("SECKILL.INFO sale", "held").parse().expect("a number");
    assert_eq!(held, events.len(), "the sale holds what the stream tells");
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
}

#[test]
fn a_log_cut_anywhere_never_parts_a_sale_from_its_stream() {
    let mut random = Random::seeded("cut log");
    let mut shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    traffic::open(&shop);
    traffic::run(&shop, &mut random, 150);
    traffic::calm(&shop);
    let mut bytes = log::size(&shop);
    for _ in 0..rounds(40) {
        shop.kill();
        bytes -= u64::try_from(random.below(usize::try_from(bytes / 20).expect("a size"))).expect("a size");
        log::cut(&shop, bytes);
        shop.revive();
        bytes = log::size(&shop);
        for (sale, stream) in
            [("{a}sale", "{a}sale:orders"), ("endless", "{endless}:orders"), ("direct", "{direct}:orders")]
        {
            agrees(&shop, sale, stream);
        }
    }
}

/// The sale and its stream end with the same event, or neither is there.
fn agrees(shop: &Server, sale: &str, stream: &str) {
    assert_eq!(shop.int(&["EXISTS", sale]), shop.int(&["EXISTS", stream]), "{sale} and {stream}");
    if shop.int(&["EXISTS", sale]) == 0 {
        return;
    }
    let info = shop.map(&["SECKILL.INFO", sale]);
    let told = events::all(shop, stream);
    let last = told.iter().rfind(|event| event.get("sale") == sale).map_or("0-0", |event| event.get("seq"));
    assert_eq!(format!("{}-{}", info["epoch"], info["seq"]), last, "{sale}");
    assert_eq!(shop.field(&["SECKILL.AUDIT", sale], "ok"), "1");
}
