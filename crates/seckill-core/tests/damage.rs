//! Damaged payloads: whatever the bytes, they are refused, or what they make is a sale in order.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of damaged payloads of each kind.

#[allow(dead_code, reason = "these tests compare with no model, they only need its requests")]
#[path = "model/mod.rs"]
mod naive;

use naive::copies::{assert_in_order, loaded, stored};
use naive::trial::{created, creation, done};
use naive::{Naive, random::Random, requests::Flavour};
use seckill_core::bounds::COUNT_MAX;
use seckill_core::codec::{self, Sent};
use seckill_core::sale::{Effect, Sale, Seed};
use seckill_core::time::{Moment, Timestamp};

const DAMAGED: u64 = 100_000;
const DAMAGED_OF_A_RUN: u64 = 2_000;
const GOES_ON_STEPS: usize = 12;
const CREATED: u64 = 1_000_000;

/// A sale's life.
struct Story {
    creation: Vec<u8>,
    pages: Vec<Page>,
    model: Naive,
    flavour: Flavour,
}

/// The sale, and the payload of the change that came next.
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
        let story = grown(random, 120);
        let pages = &story.pages;
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
                story.goes_on(random, sale);
                accepted += 1;
            }
        }
        accepted
    });
}

#[test]
fn damaged_blocks_are_refused_or_make_a_sale_in_order() {
    runs(|random| {
        let story = grown(random, 120);
        let mut accepted = 0;
        let mut blocks = Vec::new();
        for n in 0..DAMAGED_OF_A_RUN {
            if n.is_multiple_of(100) {
                let at = story.pages.len() - 1 - random.below(story.pages.len() as u64 / 2) as usize;
                blocks = stored(&story.pages[at].before);
            }
            if let Some(sale) = damaged_blocks(random, &blocks) {
                story.goes_on(random, sale);
                accepted += 1;
            }
        }
        accepted
    });
}

#[test]
fn a_damaged_creation_is_refused_or_makes_a_sale_in_order() {
    runs(|random| {
        let story = grown(random, 20);
        let mut accepted = 0;
        for _ in 0..DAMAGED_OF_A_RUN / 4 {
            let mut payload = story.creation.clone();
            damage(random, &mut payload, &story.creation);
            let Ok(Sent::Created(sent)) = codec::decode_sent(&payload) else { continue };
            let made = sent.sale(Seed::new(1));
            if let Ok(sale) = made {
                story.goes_on(random, sale);
                accepted += 1;
            }
        }
        accepted
    });
}

impl Story {
    /// The sale is in order, and still is after a few requests.
    fn goes_on(&self, random: &mut Random, mut sale: Sale) {
        let clock = sale.clock();
        assert_in_order(sale.clone());
        let mut moment = Moment { now: clock, fresh: random.once_in(2) };
        for _ in 0..GOES_ON_STEPS {
            moment.now = moment.now.after(random.below(50));
            let request = self.flavour.request(random, &self.model);
            let decided = sale.decide(moment, &request);
            let obstacles = decided
                .err()
                .map(|refusal| sale.obstacles(moment.now, &request, &refusal, 2))
                .unwrap_or_default();
            let expired = obstacles.first().map(|id| sale.expire(moment, *id));
            for effect in expired.into_iter().chain(decided) {
                let out_of_range = effect.at.0 > COUNT_MAX || effect.seq > COUNT_MAX;
                assert!(out_of_range || sale.check(&effect).is_ok(), "{effect:?}: {:?}", sale.check(&effect));
                sale.apply(&effect);
                moment.fresh = false;
            }
        }
        let audit = sale.audit();
        assert_eq!((&audit.differences[..], audit.oversold), (&[][..], sale.oversold()));
    }
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
    loaded(&blocks, 3)
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

/// A sale that grows by as many changes, page by page.
fn grown(random: &mut Random, changes: usize) -> Story {
    let flavour = Flavour { stock: random.pick(&[Some(10), Some(100), None]), ..Flavour::any(random) };
    let creation = creation(random, &flavour, Timestamp(CREATED));
    let mut payload = Vec::new();
    codec::encode_created(&creation, &mut payload);
    let mut model = Naive::new(creation.terms, flavour.stock, CREATED);
    let mut sale = created(&payload, 1);
    let mut pages = Vec::new();
    let mut now = CREATED;
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
        model.make(now, effect.epoch, &request, done(&effect.change));
        turn(&mut pages, &mut sale, &effect);
    }
    Story { creation: payload, pages, model, flavour }
}

fn turn(pages: &mut Vec<Page>, sale: &mut Sale, effect: &Effect<'_>) {
    let mut payload = Vec::new();
    let entry = effect.change.has_event().then_some((effect.at.0, 0));
    codec::encode_effect(effect, entry, &mut payload);
    pages.push(Page { before: sale.clone(), payload });
    sale.apply(effect);
}
