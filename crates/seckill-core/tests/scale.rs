//! A million reservations: what they cost, and that all of them come back.

use std::alloc::System;

use seckill_core::ids::ReservationId;
use seckill_core::sale::{Outlet, Request, ReservationState, Reserve, Sale, Seed, Stock, Terms};
use seckill_core::time::{Moment, Timestamp};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RESERVATIONS: u64 = 1_000_000;
const BYTES_EACH: usize = 45;
const BATCH: usize = 10_000;
const START: u64 = 1_700_000_000_000;
const HOLD_MS: u64 = 900_000;

/// Bytes in use.
fn allocated() -> usize {
    let stats = COUNTING.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// A user's name of 20 bytes.
fn name(n: u64) -> String {
    format!("user-{n:015}")
}

fn empty() -> Sale {
    let terms = Terms { hold_ms: HOLD_MS, ..Terms::default() };
    let outlet = Outlet { stream: b"{sale}:orders"[..].into(), group: b"orders"[..].into() };
    let stock = Stock::Limited(RESERVATIONS);
    Sale::new(terms, stock, outlet, Timestamp(START), Seed::new(42)).expect("the terms are sound")
}

/// Two buyers a millisecond, each with one unit.
fn fill(sale: &mut Sale) {
    for n in 0..RESERVATIONS {
        let user = name(n);
        assert_eq!(user.len(), 20);
        let reserve =
            Reserve { user: user.as_bytes(), qty: 1, token: None, data: None, tier: 0, waits: false };
        let moment = Moment::at(Timestamp(START + n / 2));
        let effect = sale.decide(moment, &Request::Reserve(reserve)).expect("there is enough for everybody");
        sale.apply(&effect);
    }
}

/// Lets all holds expire, batch by batch, as the timer does.
fn drain(sale: &mut Sale, now: Timestamp) {
    for batch in 1.. {
        let due = sale.due(now, BATCH);
        if due.is_empty() {
            return;
        }
        for id in due {
            let effect = sale.expire(Moment::at(now), id);
            sale.apply(&effect);
        }
        let left = RESERVATIONS - batch * BATCH as u64;
        assert_eq!((sale.held_at(Timestamp(START)), sale.due_units(now)), (0, left));
        assert_eq!(sale.available_at(now), Some(RESERVATIONS));
    }
}

#[test]
fn a_million_reservations_are_small_and_all_expire() {
    let before = allocated();
    let mut sale = empty();
    fill(&mut sale);
    let counted = allocated() - before + size_of::<Sale>();
    let told = sale.memory_bytes();
    println!("{counted} bytes allocated, {told} bytes told");
    assert!(counted <= RESERVATIONS as usize * BYTES_EACH, "{counted} bytes");
    assert!(told.abs_diff(counted) * 10 <= counted, "{told} bytes told, {counted} allocated");
    assert_eq!(sale.available(), Some(0));
    assert_eq!(sale.audit().differences, []);

    let last = Timestamp(START + RESERVATIONS / 2 + HOLD_MS);
    drain(&mut sale, last);
    assert_eq!((sale.next_due(), sale.held_at(last), sale.available()), (None, 0, Some(RESERVATIONS)));
    let audit = sale.audit();
    assert_eq!((audit.differences, audit.held, audit.reservations), (Vec::new(), 0, RESERVATIONS));
    let (_, held) = sale.scan(ReservationId(1), Some(ReservationState::Held), RESERVATIONS as usize, last);
    assert_eq!(held, []);
    let buyer = name(7);
    let again = Reserve { user: buyer.as_bytes(), qty: 1, token: None, data: None, tier: 0, waits: false };
    assert!(sale.decide(Moment::at(last), &Request::Reserve(again)).is_ok(), "the quota is free again");
    drop((sale, held));
    let left = allocated().saturating_sub(before);
    assert!(left < 100_000, "{left} bytes left behind");
}
