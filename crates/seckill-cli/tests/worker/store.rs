//! The same events in any order, in batches of any size, from two consumers at once: the same tables.

use std::thread;

use order_worker::event::{EntryId, Event, Kind, Seq};
use order_worker::order::Order;
use order_worker::probe::Unobserved;
use order_worker::store::{Location, StoreError};

use crate::harness::{Random, Server, rounds};
use crate::tables::Tables;

const SALE: &str = "phone";
const BUYERS: i64 = 40;
const STOCK: i64 = 200;

/// The ways that reservations go, of three units each.
const WAYS: [&[(Kind, i64)]; 4] = [
    &[(Kind::Reserved, 3), (Kind::Extended, 3), (Kind::Confirmed, 3)],
    &[
        (Kind::Reserved, 3),
        (Kind::Expired, 3),
        (Kind::Confirmed, 3),
        (Kind::Refunded, 1),
        (Kind::Refunded, 2),
    ],
    &[(Kind::Reserved, 3), (Kind::Released, 3)],
    &[(Kind::Confirmed, 3), (Kind::Refunded, 2)],
];

fn events() -> Vec<Event> {
    let steps = (1..=BUYERS)
        .flat_map(|buyer| WAYS[buyer as usize % WAYS.len()].iter().map(move |step| (buyer, step)));
    let event = |(number, (buyer, (kind, qty))): (i64, (i64, &(Kind, i64)))| Event {
        kind: *kind,
        sale: SALE.to_owned(),
        seq: Seq { epoch: 0, number },
        reservation: buyer,
        user: format!("user-{buyer}"),
        qty: *qty,
        deadline: if matches!(kind, Kind::Reserved | Kind::Extended) { 9_000 + number } else { 0 },
        data: None,
        entry: EntryId { ms: 100 + number.unsigned_abs(), number: 0 },
    };
    (1..).zip(steps).map(event).collect()
}

fn shuffled(random: &mut Random, mut events: Vec<Event>) -> Vec<Event> {
    for at in (1..events.len()).rev() {
        events.swap(at, random.below(at + 1));
    }
    events
}

/// Commits all of them; how many were new.
fn commit_all(location: &Location, mut random: Random) -> usize {
    let mut database = location.open().expect("the database opens");
    let events = shuffled(&mut random, events());
    let (mut rest, mut applied) = (events.as_slice(), 0);
    while !rest.is_empty() {
        let (batch, later) = rest.split_at((random.below(12) + 1).min(rest.len()));
        match database.commit(batch, &Unobserved) {
            Ok(done) => applied += done.applied,
            Err(StoreError::Unavailable(why)) => panic!("two consumers are in each other's way: {why}"),
            Err(error) => panic!("{error}"),
        }
        rest = later;
    }
    applied
}

fn orders(location: &Location) -> (Vec<Order>, Option<i64>, i64) {
    let mut database = location.open().expect("the database opens");
    let orders = database.orders(SALE, 0, i64::MAX).expect("orders can be read");
    let stock = database.products().expect("products can be read")[0].stock;
    (orders, stock, database.epochs().expect("epochs can be read").iter().map(|epoch| epoch.events).sum())
}

fn two_at_once(tables: &Tables) {
    let location = tables.location();
    let mut random = Random::seeded("two at once");
    location
        .open()
        .expect("it opens")
        .add_product(SALE, Some(STOCK), Seq::default())
        .expect("the sale is known");
    let applied: usize = thread::scope(|scope| {
        let consumers =
            [random.split(), random.split()].map(|random| scope.spawn(|| commit_all(&location, random)));
        consumers.map(|consumer| consumer.join().expect("a consumer ends well")).iter().sum()
    });
    assert_eq!(applied, events().len(), "each event is applied by one of both");
    // One after the other, in the order in which they happened.
    let shop = tempfile::TempDir::new().expect("a temporary folder");
    let plain = Location::Sqlite(shop.path().join("orders.db"));
    let mut database = plain.open().expect("it opens");
    database.add_product(SALE, Some(STOCK), Seq::default()).expect("the sale is known");
    for event in events() {
        database.commit(std::slice::from_ref(&event), &Unobserved).expect("it is applied");
    }
    assert_eq!(orders(&location), orders(&plain));
}

#[test]
fn any_order_from_two_consumers_at_once_ends_in_the_same_tables_in_a_file() {
    for _ in 0..rounds(3) {
        two_at_once(&Tables::file(&Server::start()));
    }
}

#[test]
fn any_order_from_two_consumers_at_once_ends_in_the_same_tables_in_postgresql() {
    for _ in 0..rounds(1) {
        match Tables::server() {
            Some(tables) => two_at_once(&tables),
            None => return,
        }
    }
}
