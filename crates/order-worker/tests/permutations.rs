//! Events of one reservation in any order, twice, from two consumers: the same tables in the end.

use order_worker::event::{EntryId, Event, Kind, Seq};
use order_worker::order::Order;
use order_worker::probe::Unobserved;
use order_worker::store::{Database, EpochRow, Location, Product, StoreError};
use proptest::prelude::*;
use tempfile::TempDir;

const SALE: &str = "phone";
const STOCK: i64 = 10;

fn event(kind: Kind, number: i64, reservation: i64, qty: i64) -> Event {
    let deadline = if matches!(kind, Kind::Reserved | Kind::Extended) { 9_000 + number } else { 0 };
    Event {
        kind,
        sale: SALE.to_owned(),
        seq: Seq { epoch: 0, number },
        reservation,
        user: format!("user-{reservation}"),
        qty,
        deadline,
        data: Some(b"red".to_vec()),
        entry: EntryId { ms: 100 + number as u64, number: 0 },
    }
}

/// Late payment and refunds in parts: the longest way that one reservation can go.
fn history() -> Vec<Event> {
    use Kind::*;
    let steps = [(Reserved, 3), (Extended, 3), (Expired, 3), (Confirmed, 3), (Refunded, 1), (Refunded, 2)];
    (1..).zip(steps).map(|(number, (kind, qty))| event(kind, number, 7, qty)).collect()
}

/// A new database, and two consumers of it.
struct Pair {
    consumers: [Database; 2],
    _folder: TempDir,
}

impl Pair {
    fn new() -> Pair {
        let folder = TempDir::new().unwrap();
        let location = Location::Sqlite(folder.path().join("orders.db"));
        let mut consumers = [location.open().unwrap(), location.open().unwrap()];
        consumers[0].add_product(SALE, Some(STOCK), Seq::default()).unwrap();
        Pair { consumers, _folder: folder }
    }

    fn commit(&mut self, consumer: usize, events: &[Event]) -> Result<usize, StoreError> {
        self.consumers[consumer % 2].commit(events, &Unobserved).map(|done| done.applied)
    }

    fn tables(&mut self) -> (Vec<Order>, Vec<Product>, Vec<EpochRow>) {
        let database = &mut self.consumers[0];
        (database.orders(SALE, 0, 100).unwrap(), database.products().unwrap(), database.epochs().unwrap())
    }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let insert = |tail: &Vec<usize>, at: usize| {
        let mut longer = tail.clone();
        longer.insert(at, count - 1);
        longer
    };
    shorter.iter().flat_map(|tail| (0..count).map(move |at| insert(tail, at))).collect()
}

#[test]
fn every_permutation_with_duplicates_from_two_consumers_ends_in_the_same_tables() {
    let history = history();
    let mut expected = Pair::new();
    for (at, event) in history.iter().enumerate() {
        expected.commit(at, std::slice::from_ref(event)).unwrap();
    }
    let expected = expected.tables();
    assert_eq!(expected.1[0].stock, Some(STOCK));
    assert_eq!((expected.2[0].events, expected.2[0].missing()), (6, 0));
    let all = permutations(history.len());
    assert_eq!(all.len(), 720);
    // One database for all would remember; a new file each is what takes the time, so most go without two connections.
    for (round, permutation) in all.iter().enumerate().filter(|(round, _)| round % 6 == 0 || soaks()) {
        let mut pair = Pair::new();
        for (at, which) in permutation.iter().enumerate() {
            pair.commit(at + round, std::slice::from_ref(&history[*which])).unwrap();
            // Delivered again to the other one, as after a crash before XACK.
            assert_eq!(pair.commit(at + round + 1, std::slice::from_ref(&history[*which])), Ok(0));
        }
        assert_eq!(pair.tables(), expected, "{permutation:?}");
    }
}

fn soaks() -> bool {
    std::env::var("SECKILL_SOAK").is_ok_and(|value| value == "1")
}

#[test]
fn a_batch_with_one_refused_event_changes_nothing() {
    let mut pair = Pair::new();
    pair.commit(0, &[event(Kind::Reserved, 1, 1, 4)]).unwrap();
    let before = pair.tables();
    let refused = pair.commit(1, &[event(Kind::Reserved, 2, 2, 4), event(Kind::Reserved, 3, 3, 4)]);
    assert_eq!(refused, Err(StoreError::Short("the stock of phone is less than 8".to_owned())));
    assert_eq!(pair.tables(), before);
    // Once units came back it goes through.
    pair.commit(0, &[event(Kind::Expired, 4, 1, 4)]).unwrap();
    assert_eq!(pair.commit(1, &[event(Kind::Reserved, 2, 2, 4), event(Kind::Reserved, 3, 3, 4)]), Ok(2));
    assert_eq!(pair.tables().1[0].stock, Some(STOCK - 8));
}

#[test]
fn a_number_that_belongs_to_another_entry_is_refused() {
    let mut pair = Pair::new();
    pair.commit(0, &[event(Kind::Reserved, 1, 1, 1)]).unwrap();
    let mut again = event(Kind::Reserved, 1, 1, 1);
    again.entry.ms += 1_000_000;
    let Err(StoreError::Refused(why)) = pair.commit(0, &[again]) else { panic!("it is refused") };
    assert!(why.contains("made again under its name"), "{why}");
}

#[test]
fn an_id_of_a_lost_epoch_never_overwrites_another_buyers_order() {
    let mut pair = Pair::new();
    pair.commit(0, &[event(Kind::Reserved, 1, 1, 1)]).unwrap();
    let before = pair.tables();
    let mut other = event(Kind::Confirmed, 1, 1, 1);
    other.seq.epoch = 1;
    other.user = "somebody else".to_owned();
    let Err(StoreError::Refused(why)) = pair.commit(1, &[other]) else { panic!("it is refused") };
    assert!(why.contains("an order of user-1"), "{why}");
    assert_eq!(pair.tables(), before);
}

#[test]
fn gaps_are_found_and_closed() {
    let mut pair = Pair::new();
    let batch: Vec<Event> = [1, 2, 5, 9].map(|number| event(Kind::Reserved, number, number, 1)).into();
    pair.commit(0, &batch).unwrap();
    assert_eq!(pair.tables().2[0].missing(), 5);
    assert_eq!(pair.consumers[1].gaps(SALE, 0).unwrap(), [(3, 4), (6, 8)]);
    let rest: Vec<Event> = [3, 4, 6, 7, 8].map(|number| event(Kind::Reserved, number, number, 1)).into();
    pair.commit(1, &rest).unwrap();
    assert_eq!(pair.tables().2[0].missing(), 0);
    assert_eq!(pair.consumers[1].gaps(SALE, 0).unwrap(), []);
}

#[test]
fn a_new_epoch_is_noticed_once() {
    let mut pair = Pair::new();
    let mut later = event(Kind::Reserved, 1, 1 << 32, 1);
    later.seq.epoch = 1;
    let first = pair.consumers[0].commit(&[event(Kind::Reserved, 1, 1, 1)], &Unobserved).unwrap();
    assert_eq!(first.epochs, []);
    let second = pair.consumers[1].commit(&[later.clone()], &Unobserved).unwrap();
    assert_eq!(second.epochs.len(), 1);
    later.seq.number = 2;
    later.kind = Kind::Confirmed;
    assert_eq!(pair.consumers[0].commit(&[later], &Unobserved).unwrap().epochs, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several reservations, cut into batches of any size, from either consumer, some of them twice.
    #[test]
    fn any_batches_in_any_order_end_in_the_same_tables(
        order in Just((0..18usize).collect::<Vec<_>>()).prop_shuffle(),
        cuts in prop::collection::vec(1..5usize, 18),
        twice in prop::collection::vec(any::<bool>(), 18),
    ) {
        let history: Vec<Event> = (0..3).flat_map(|buyer| {
            let mut events = history();
            for event in &mut events {
                event.reservation = buyer + 1;
                event.user = format!("user-{}", buyer + 1);
                event.seq.number += buyer * 6;
                event.entry.ms = 100 + event.seq.number as u64;
            }
            events
        }).collect();
        let mut pair = Pair::new();
        let mut left = order.as_slice();
        let mut at = 0;
        while !left.is_empty() {
            let (batch, rest) = left.split_at(cuts[at].min(left.len()));
            let events: Vec<Event> = batch.iter().map(|which| history[*which].clone()).collect();
            pair.commit(at, &events).unwrap();
            if twice[at] {
                prop_assert_eq!(pair.commit(at + 1, &events), Ok(0));
            }
            left = rest;
            at += 1;
        }
        let mut expected = Pair::new();
        expected.commit(0, &history).unwrap();
        prop_assert_eq!(pair.tables(), expected.tables());
    }
}
