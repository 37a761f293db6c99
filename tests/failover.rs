//! A primary dies in the middle of a sale, and its replica lacks what was sold last.
//!
//! The buyers' replies are the ledger: what a database of orders would know.

use crate::harness::reply::{self, text};
use crate::harness::{Client, Pair, Server, rounds, wait_until};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const STOCK: i64 = 6_000;
const BUYERS: usize = 6;
/// Reservations before the replica is cut off, and after.
const REPLICATED: usize = 500;
const LOST: usize = 300;

/// What a buyer was told.
#[derive(Clone, Debug)]
struct Sold {
    id: i64,
    user: String,
    qty: i64,
    deadline: i64,
    state: &'static str,
}

impl Sold {
    fn units(&self) -> i64 {
        if self.state == "RELEASED" { 0 } else { self.qty }
    }

    /// What brings it back.
    fn adopt(&self) -> String {
        let Sold { id, user, qty, deadline, state } = self;
        let until = if *state == "HELD" { format!(" PXAT {deadline}") } else { String::new() };
        format!("SECKILL.ADOPT sale {id} {user} QTY {qty} STATE {state}{until}")
    }
}

/// Buys, pays and gives back until the connection breaks or nothing is left. Counts what was reserved.
fn buy(client: &Client, name: &str, count: &AtomicUsize) -> Vec<Sold> {
    let mut sold: Vec<Sold> = Vec::new();
    for turn in 0.. {
        let (user, qty) = (format!("{name}-{turn}"), turn % 3 + 1);
        let Ok(reply) = client.try_run(&format!("SECKILL.RESERVE sale {user} QTY {qty}")) else { break };
        let reply = text(&reply);
        let words: Vec<&str> = reply.split(' ').collect();
        match words[..] {
            ["FROZEN"] => continue,
            ["SOLDOUT" | "SHORT", _] => break,
            _ => assert_eq!(words[0], "RESERVED", "{reply}"),
        }
        let number = |at: usize| words[at].parse().expect("a number");
        sold.push(Sold { id: number(1), user, qty, deadline: number(2), state: "HELD" });
        count.fetch_add(1, Ordering::Relaxed);
        let last = sold.last_mut().expect("it was just pushed");
        let (command, state) = match turn % 8 {
            0..=3 => ("CONFIRM", "CONFIRMED"),
            4 => ("RELEASE", "RELEASED"),
            _ => continue,
        };
        let Ok(reply) = client.try_run(&format!("SECKILL.{command} sale {}", last.id)) else { break };
        assert!(text(&reply).starts_with(state), "{command} gives {}", text(&reply));
        last.state = state;
    }
    sold
}

/// Several buyers at once.
struct Crowd {
    reserved: Arc<AtomicUsize>,
    buyers: Vec<std::thread::JoinHandle<Vec<Sold>>>,
}

impl Crowd {
    fn at(shop: &Server, name: &str) -> Crowd {
        let reserved = Arc::new(AtomicUsize::new(0));
        let start = |buyer: usize| {
            let (client, reserved) = (shop.client(), Arc::clone(&reserved));
            let name = format!("{name}{buyer}");
            std::thread::spawn(move || buy(&client, &name, &reserved))
        };
        let buyers = (0..BUYERS).map(start).collect();
        Crowd { reserved, buyers }
    }

    fn reserved(&self) -> usize {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Waits until so many more were reserved.
    fn buys(&self, more: usize) {
        let wanted = self.reserved() + more;
        wait_until("the crowd has bought", || self.reserved() >= wanted);
    }

    /// What they were told, by id; no id twice.
    fn ledger(self, ledger: &mut BTreeMap<i64, Sold>) {
        for sold in self.buyers.into_iter().flat_map(|buyer| buyer.join().expect("a buyer ends well")) {
            let earlier = ledger.insert(sold.id, sold);
            assert!(earlier.is_none(), "an id was given out twice: {earlier:?}");
        }
    }
}

/// Sells on a primary, cuts its replica off, sells on, kills it, promotes the replica. What buyers were told.
fn failed_over(options: &str) -> (Server, BTreeMap<i64, Sold>) {
    let Pair { mut primary, replica } = Pair::start();
    primary.gives(&format!("SECKILL.CREATE sale STOCK {STOCK} PERUSER 0 {options}"), "OK");
    let crowd = Crowd::at(&primary, "first");
    crowd.buys(REPLICATED);
    // The replica cannot come back: its primary knows no such user.
    replica.gives("CONFIG SET masteruser nobody", "OK");
    replica.gives("CONFIG SET masterauth nothing", "OK");
    assert_eq!(primary.int("CLIENT KILL TYPE replica"), 1);
    crowd.buys(LOST);
    primary.kill();
    let mut ledger = BTreeMap::new();
    crowd.ledger(&mut ledger);
    replica.gives("REPLICAOF NO ONE", "OK");
    let lost = ledger.keys().filter(|id| replica.text(&format!("SECKILL.GET sale {id}")) == "nil").count();
    eprintln!("{} were reserved, {lost} of them lost", ledger.len());
    assert!(lost >= LOST - BUYERS, "only {lost} were lost");
    (replica, ledger)
}

/// Brings back what the ledger knows, and says how many units that were.
fn reconcile(shop: &Server, ledger: &BTreeMap<i64, Sold>) -> i64 {
    let mut adopted = 0;
    for sold in ledger.values() {
        let known = match sold.state {
            "RELEASED" => shop.text(&format!("SECKILL.RELEASE sale {}", sold.id)),
            _ => shop.text(&sold.adopt()),
        };
        match (known.split(' ').next(), sold.state) {
            (Some("ADOPTED"), _) => adopted += sold.qty,
            (Some("RELEASED" | "NOTFOUND"), "RELEASED") => {}
            (Some("EXISTS"), "CONFIRMED") => {
                shop.gives(&format!("SECKILL.CONFIRM sale {}", sold.id), "CONFIRMED # *");
            }
            (Some("EXISTS"), _) => {}
            _ => panic!("{sold:?} is answered with {known}"),
        }
    }
    adopted
}

/// Every buyer has what the reply said.
fn keeps_its_promises(shop: &Server, ledger: &BTreeMap<i64, Sold>) {
    for Sold { id, user, qty, state, .. } in ledger.values().filter(|sold| sold.units() > 0) {
        shop.gives(
            &format!("SECKILL.GET sale {id}"),
            &format!("[id {id} user {user} qty {qty} state {state} **]"),
        );
    }
}

/// Units of all reservations, counted one by one.
fn units(shop: &Server) -> i64 {
    let (mut cursor, mut units) = ("0".to_owned(), 0);
    loop {
        let page = text(&shop.run(&format!("SECKILL.SCAN sale {cursor} COUNT 1000")));
        let (next, ids) = page.split_once(' ').expect("a cursor and ids");
        let ids = ids.trim_matches(['[', ']']);
        if !ids.is_empty() {
            let redis::Value::Array(found) = shop.run(&format!("SECKILL.GET sale {ids}")) else {
                panic!("reservations are an array")
            };
            units += found.iter().map(|found| live_units(&reply::pairs(found))).sum::<i64>();
        }
        if next == "0" {
            return units;
        }
        next.clone_into(&mut cursor);
    }
}

fn live_units(reservation: &[(String, redis::Value)]) -> i64 {
    let field =
        |name: &str| reservation.iter().find(|(field, _)| field == name).map(|(_, value)| text(value));
    let live = ["HELD", "CONFIRMED"].contains(&field("state").expect("a state").as_str());
    if live { field("qty").and_then(|qty| qty.parse().ok()).expect("units") } else { 0 }
}

#[test]
fn a_frozen_sale_that_adopts_what_was_lost_is_not_oversold() {
    for round in 0..rounds(1) {
        eprintln!("round {round}");
        let (shop, mut ledger) = failed_over("ONFAILOVER FREEZE");
        let crowd = Crowd::at(&shop, "second");
        wait_until("the crowd is turned away", || {
            shop.field("SECKILL.INFO sale", "refused").parse::<usize>().expect("a number") > 1_000
        });
        let adopted = reconcile(&shop, &ledger);
        assert!(adopted > 0 && crowd.reserved() == 0, "nobody buys before the sale is opened");
        let audit = shop.map("SECKILL.AUDIT sale");
        assert_eq!([&audit["ok"], &audit["oversold"]], ["1", "0"]);
        keeps_its_promises(&shop, &ledger);
        shop.gives("SECKILL.ALTER sale STATE OPEN", "OK");
        crowd.ledger(&mut ledger);
        let audit = shop.map("SECKILL.AUDIT sale");
        assert_eq!([&audit["ok"], &audit["oversold"]], ["1", "0"], "{audit:?}");
        let left: i64 = audit["available"].parse().expect("a number");
        assert!(left < 3, "the rest was sold: {audit:?}");
        assert_eq!(units(&shop), STOCK - left);
        keeps_its_promises(&shop, &ledger);
    }
}

#[test]
fn a_sale_that_goes_on_names_what_was_sold_twice() {
    for round in 0..rounds(1) {
        eprintln!("round {round}");
        let (shop, mut ledger) = failed_over("ONFAILOVER CONTINUE");
        let first = ledger.clone();
        Crowd::at(&shop, "second").ledger(&mut ledger);
        let before: i64 = shop.field("SECKILL.INFO sale", "available").parse().expect("a number");
        let came_back = reconcile(&shop, &first);
        let audit = shop.map("SECKILL.AUDIT sale");
        let oversold: i64 = audit["oversold"].parse().expect("a number");
        assert!(oversold > 0 && audit["ok"] == "0", "{audit:?}");
        assert_eq!(oversold, units(&shop) - STOCK, "{came_back} units came back, {before} were left");
        assert!(["0", "[]", ""].contains(&audit["differences"].as_str()), "{audit:?}");
        assert_eq!(shop.field("SECKILL.INFO sale", "oversold"), oversold.to_string());
        keeps_its_promises(&shop, &ledger);
    }
}
