//! Stored sales that no history leads to, each wrong in one place, are refused for that reason.

use seckill_core::codec::{self, Corrupt, Loader, Purpose};
use seckill_core::ids::ReservationId;
use seckill_core::sale::{Adopt, Outlet, Request, Reserve, Sale, Seed, Standing, Stock, Terms};
use seckill_core::time::{Moment, Timestamp};

const HEAD: usize = 0;
const ROWS: usize = 1;
const TAILS: usize = 2;
/// Where the quantity of the first reservation stands among the rows, after version, kind and marks.
const QTY: usize = 3;
/// Where the length of its hold stands, after quantity and age.
const HOLD_MS: usize = 5;
const FIRST: ReservationId = ReservationId(1);

/// A sale of which user `a` holds two units.
fn held() -> Sale {
    let terms = Terms { hold_ms: 100, ..Terms { per_user: 0, ..Terms::default() } };
    let outlet = Outlet { stream: b"stream"[..].into(), group: b"orders"[..].into() };
    let at = Timestamp(1_000_000);
    let sale = Sale::new(terms, Stock::Limited(2), outlet, at, Seed::new(1)).unwrap();
    after(
        sale,
        &[Request::Reserve(Reserve {
            user: b"a",
            qty: 2,
            token: Some(b"t"),
            data: None,
            tier: 0,
            waits: false,
        })],
    )
}

/// The sale after these requests, a millisecond each.
fn after(mut sale: Sale, requests: &[Request<'_>]) -> Sale {
    for request in requests {
        let effect = sale.decide(Moment::at(sale.clock().after(1)), request).unwrap();
        sale.apply(&effect);
    }
    sale
}

fn stored(sale: &Sale) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    codec::blocks(sale, Purpose::Store, |block| blocks.push(block.to_vec()));
    blocks
}

/// Why the blocks are no sale.
fn refused(blocks: &[Vec<u8>]) -> Option<Corrupt> {
    let mut loader = Loader::new(Seed::new(2));
    blocks.iter().find_map(|block| loader.feed(block).err())
}

fn paid_back() -> Vec<Vec<u8>> {
    let confirm = Request::Confirm { id: FIRST, late: false };
    stored(&after(held(), &[confirm, Request::Refund { id: FIRST, part: None, restock: true }]))
}

#[test]
fn a_sale_as_it_was_stored_is_loaded() {
    assert_eq!((refused(&stored(&held())), refused(&paid_back())), (None, None));
}

#[test]
fn a_hold_without_a_deadline_is_refused() {
    let mut blocks = stored(&held());
    assert_eq!(blocks[ROWS][HOLD_MS], 100);
    blocks[ROWS][HOLD_MS] = 0;
    assert_eq!(refused(&blocks), Some(Corrupt("a hold without a deadline")));
}

#[test]
fn a_refund_that_is_not_listed_is_refused() {
    let mut blocks = paid_back();
    blocks.remove(TAILS);
    assert_eq!(refused(&blocks), Some(Corrupt("refunds that are not listed")));
}

#[test]
fn totals_that_the_reservations_do_not_make_are_refused() {
    let mut blocks = stored(&held());
    assert_eq!(blocks[ROWS][QTY], 2);
    blocks[ROWS][QTY] = 1;
    assert_eq!(refused(&blocks), Some(Corrupt("totals that differ")));
}

#[test]
fn a_reservation_without_an_id_is_refused() {
    let mut blocks = stored(&held());
    let more = blocks[ROWS].clone();
    blocks.insert(ROWS + 1, more);
    assert_eq!(refused(&blocks), Some(Corrupt("more reservations than ids")));
    blocks.drain(ROWS..=ROWS + 1);
    assert_eq!(refused(&blocks), Some(Corrupt("fewer reservations than ids")));
}

#[test]
fn ids_that_repeat_are_refused() {
    let blocks = stored(&held());
    let (rest, runs_and_graces) = blocks[HEAD].split_at(blocks[HEAD].len() - 6);
    assert_eq!(runs_and_graces, [1, 1, 1, 1, 0, 0], "one run: id 1, one long; one grace: from 0 on, 0 ms");
    let twice: &[u8] = &[2, 1, 1, 1, 1];
    let [empty, unnumbered]: [&[u8]; 2] = [&[2, 1, 1, 2, 0], &[1, 0, 1]];
    for runs in [twice, empty, unnumbered] {
        let head = [rest, runs, &[1, 0, 0]].concat();
        assert_eq!(refused(&[head]), Some(Corrupt("ids that repeat")), "{runs:?}");
    }
}

#[test]
fn blocks_out_of_order_are_refused() {
    let mut blocks = stored(&held());
    let head = blocks[HEAD].clone();
    blocks.insert(ROWS, head);
    assert_eq!(refused(&blocks), Some(Corrupt("a second head")));
    assert_eq!(refused(&blocks[ROWS + 1..]), Some(Corrupt("no head")));
}

#[test]
fn an_oversold_sale_is_loaded_and_one_that_does_not_say_so_is_refused() {
    let lost = Adopt { id: ReservationId(9), user: b"b", qty: 3, standing: Standing::Confirmed };
    let sale = after(held(), &[Request::Adopt(lost)]);
    assert_eq!((sale.available(), sale.oversold()), (Some(0), 3));
    let blocks = stored(&sale);
    assert_eq!(refused(&blocks), None);
    let mut damaged = blocks;
    let oversold = damaged[HEAD].len() - 12;
    let told = "oversold, nobody offered, no patience, two runs, one grace";
    assert_eq!(damaged[HEAD][oversold..], [3, 0, 0, 0, 2, 1, 1, 9, 1, 1, 0, 0], "{told}");
    damaged[HEAD][oversold] = 2;
    assert_eq!(refused(&damaged), Some(Corrupt("more units given out than there are")));
}

#[test]
fn a_sale_that_was_opened_in_an_epoch_to_come_is_refused() {
    let outlet = Outlet { stream: b"stream"[..].into(), group: b"orders"[..].into() };
    let sale = Sale::new(Terms::default(), Stock::Unlimited, outlet, Timestamp(1_000_000), Seed::new(1));
    let mut blocks = stored(&sale.unwrap().from_epoch(77).unwrap());
    assert_eq!(refused(&blocks), None);
    let epochs = blocks[HEAD].windows(4).position(|bytes| bytes == [77, 0, 0, 77]);
    let opened = epochs.expect("epoch, events, ids, opened") + 3;
    blocks[HEAD][opened] = 78;
    assert_eq!(refused(&blocks), Some(Corrupt("an epoch out of range")));
}
