//! Damaged payloads: whatever the bytes, they are refused, or what they make is a sale in order.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of damaged payloads of each kind.

#[allow(dead_code, reason = "these tests compare with no model, they only need its requests")]
#[path = "model/mod.rs"]
mod naive;

use naive::requests::Flavour;
use naive::{Done, Naive, random::Random};
use seckill_core::codec::{self, Created, Loader, Purpose, Sent};
use seckill_core::sale::{Change, Effect, Outlet, Request, Sale, Seed, Stock};
use seckill_core::time::{Moment, Timestamp};

const DAMAGED: u64 = 100_000;
const DAMAGED_OF_A_RUN: u64 = 2_000;

/// A sale and the payload of the change that came next.
struct Page {
    before: Sale,
    payload: Vec<u8>,
}

fn runs(run: impl Fn(&mut Random) -> u64 + std::panic::RefUnwindSafe) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let all = number("SECKILL_STEPS").unwrap_or(DAMAGED).div_ceil(DAMAGED_OF_A_RUN);
    let mut accepted = 0;
    for seed in number("SECKILL_SEED").map_or(0..all, |seed| seed..seed + 1) {
        let found = std::panic::catch_unwind(|| run(&mut Random::new(seed)));
        accepted += found.unwrap_or_else(|_| panic!("to repeat it: SECKILL_SEED={seed}"));
    }
    assert!(accepted > 0, "nothing was accepted: the damage is too great to tell anything");
}

#[test]
fn a_damaged_effect_is_refused_or_leaves_a_sale_in_order() {
    runs(|random| {
        let pages = grown(random, 120);
        let mut accepted = 0;
        for _ in 0..DAMAGED_OF_A_RUN {
            let page = &pages[random.below(pages.len() as u64) as usize];
            let other = &pages[random.below(pages.len() as u64) as usize].payload;
            let mut payload = page.payload.clone();
            damage(random, &mut payload, other);
            let Ok(Sent::Effect(effect, _)) = codec::decode_sent(&payload) else { continue };
            if page.before.check(&effect).is_ok() {
                let mut sale = page.before.clone();
                sale.apply(&effect);
                in_order(sale);
                accepted += 1;
            }
        }
        accepted
    });
}

#[test]
fn damaged_blocks_are_refused_or_make_a_sale_in_order() {
    runs(|random| {
        let pages = grown(random, 120);
        let mut accepted = 0;
        let mut blocks = Vec::new();
        for n in 0..DAMAGED_OF_A_RUN {
            if n.is_multiple_of(100) {
                let at = pages.len() - 1 - random.below(pages.len() as u64 / 2) as usize;
                blocks = stored(&pages[at].before);
            }
            accepted += u64::from(damaged_blocks(random, &blocks).is_some_and(|sale| {
                in_order(sale);
                true
            }));
        }
        accepted
    });
}

#[test]
fn a_damaged_creation_is_refused_or_makes_a_sale_in_order() {
    runs(|random| {
        let (created, _) = creation(random);
        let mut whole = Vec::new();
        codec::encode_created(&created, &mut whole);
        let mut accepted = 0;
        for _ in 0..DAMAGED_OF_A_RUN / 4 {
            let mut payload = whole.clone();
            damage(random, &mut payload, &whole);
            let Ok(Sent::Created(sent)) = codec::decode_sent(&payload) else { continue };
            let made = Sale::new(sent.terms, sent.stock, sent.outlet, sent.at, Seed::new(1));
            accepted += u64::from(made.is_ok_and(|sale| {
                in_order(sale);
                true
            }));
        }
        accepted
    });
}

/// The books are right, the sale can be stored and loaded again, and it goes on.
fn in_order(mut sale: Sale) {
    let audit = sale.audit();
    assert_eq!((&audit.differences[..], audit.oversold), (&[][..], 0));
    let again = loaded(&stored(&sale)).expect("a sale that was accepted can be stored");
    let mut digests = [Vec::new(), Vec::new()];
    codec::blocks(&sale, Purpose::Digest, |block| digests[0].extend_from_slice(block));
    codec::blocks(&again, Purpose::Digest, |block| digests[1].extend_from_slice(block));
    assert!(digests[0] == digests[1], "stored and loaded, the sale is another");
    let moment = Moment { now: sale.clock().after(1), fresh: true };
    for id in sale.due(moment.now, 3) {
        let effect = sale.expire(Moment::at(moment.now), id);
        sale.apply(&effect);
    }
    let (ids, users) =
        (sale.scan(seckill_core::ids::ReservationId(0), None, 500, moment.now).1, sale.users());
    assert!(users <= ids.len());
    assert_eq!(sale.audit().differences, []);
}

fn stored(sale: &Sale) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    codec::blocks(sale, Purpose::Store, |block| blocks.push(block.to_vec()));
    blocks
}

fn loaded(blocks: &[Vec<u8>]) -> Option<Sale> {
    let mut loader = Loader::new(Seed::new(3));
    blocks.iter().try_fold(None, |found, block| loader.feed(block).map(|sale| sale.or(found))).ok().flatten()
}

/// Damages a block or their order, and loads them.
fn damaged_blocks(random: &mut Random, blocks: &[Vec<u8>]) -> Option<Sale> {
    let mut blocks = blocks.to_vec();
    let len = blocks.len() as u64;
    let [at, other] = [0; 2].map(|_| random.below(len) as usize);
    match random.below(20) {
        0 => blocks.swap(at, other),
        1 => drop(blocks.remove(at)),
        2 => blocks.insert(at, blocks[other].clone()),
        _ => {
            let from = blocks[other].clone();
            damage(random, &mut blocks[at], &from);
        }
    }
    loaded(&blocks)
}

/// One to three small damages; numbers of the wire format grow to their limits.
fn damage(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    const NUMBERS: [&[u8]; 6] = [
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
        &[0x80, 0x01],
        &[0],
    ];
    for _ in 0..=random.below(3) {
        let len = bytes.len() as u64;
        let at = random.below(len + 1) as usize;
        let near = (at + random.below(6) as usize).min(bytes.len());
        match random.below(9) {
            0..=2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 if at < bytes.len() => bytes[at] = random.next() as u8,
            4 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
            5 => drop(bytes.splice(at..near, random.pick(&NUMBERS).iter().copied())),
            6 => drop(bytes.drain(at..near)),
            7 => bytes.truncate(at.max(2)),
            _ => {
                let from = random.below(other.len() as u64 + 1) as usize;
                let to = (from + random.below(12) as usize).min(other.len());
                bytes.splice(at..near, other[from..to].iter().copied());
            }
        }
    }
}

fn creation(random: &mut Random) -> (Created, Flavour) {
    let flavour = Flavour { stock: random.pick(&[Some(10), Some(100), None]), ..Flavour::any(random) };
    let at = Timestamp(1_000_000);
    let stock = flavour.stock.map_or(Stock::Unlimited, Stock::Limited);
    let outlet = Outlet { stream: b"stream"[..].into(), group: b"orders"[..].into() };
    (Created { at, terms: flavour.terms(random, at.0), stock, outlet }, flavour)
}

/// A sale that grows by as many changes, page by page.
fn grown(random: &mut Random, changes: usize) -> Vec<Page> {
    let (created, flavour) = creation(random);
    let Created { at, terms, stock, outlet } = created;
    let mut model = Naive::new(terms, flavour.stock, at.0);
    let mut sale = Sale::new(terms, stock, outlet, at, Seed::new(1)).expect("the terms are sound");
    let mut pages = Vec::new();
    let mut now = at.0;
    while pages.len() < changes {
        now += random.below(20);
        let moment = Moment { now: Timestamp(now), fresh: random.once_in(40) };
        if let Some(id) = sale.due(moment.now, 1).first() {
            let effect = sale.expire(moment, *id);
            model.expire(now, effect.epoch, *id);
            turn(&mut pages, &mut sale, &effect);
        }
        let request = flavour.request(random, &model);
        let Ok(effect) = sale.decide(Moment::at(Timestamp(now)), &request) else { continue };
        note(&mut model, now, &request, &effect);
        turn(&mut pages, &mut sale, &effect);
    }
    pages
}

fn note(model: &mut Naive, now: u64, request: &Request<'static>, effect: &Effect<'_>) {
    let done = match effect.change {
        Change::Reserved { deadline, .. } => Done::Reserved(deadline.map(|at| at.0)),
        Change::Confirmed { id } => Done::Confirmed(id),
        Change::Released { id } => Done::Released(id),
        Change::Extended { id, deadline } => Done::Extended(id, deadline.0),
        Change::Refunded { id, units, .. } => Done::Refunded(id, units),
        Change::Restocked { total, .. } => Done::Restocked(total),
        Change::Voided { until, .. } => Done::Voided(until.0),
        Change::Altered { .. } | Change::Expired { .. } => Done::Altered,
    };
    model.make(now, effect.epoch, request, done);
}

fn turn(pages: &mut Vec<Page>, sale: &mut Sale, effect: &Effect<'_>) {
    let mut payload = Vec::new();
    let entry = effect.change.has_event().then_some((effect.at.0, 0));
    codec::encode_effect(effect, entry, &mut payload);
    pages.push(Page { before: sale.clone(), payload });
    sale.apply(effect);
}
