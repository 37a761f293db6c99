//! A filter against an exact set: at random, with a replica that follows the payloads, and reloads.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of steps in all.

#[path = "filter/naive.rs"]
mod naive;
#[allow(dead_code, reason = "other tests need the rest of it")]
#[path = "model/random.rs"]
mod random;

use naive::Trial;
use random::Random;
use seckill_core::codec::filter as codec;
use seckill_core::filter::{Begun, Change, ErrorRate, Filter, Growth, Rebuild, Refusal, Shape, Touch, Verb};

const STEPS: u64 = 400_000;
const STEPS_OF_A_RUN: u64 = 1_000;
const ROOM: u64 = 1 << 30;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn runs(steps_of_a_run: u64, run: impl Fn(u64) + std::panic::RefUnwindSafe) {
    let all = number("SECKILL_STEPS").unwrap_or(STEPS).div_ceil(steps_of_a_run);
    for seed in number("SECKILL_SEED").map_or(0..all, |seed| seed..seed + 1) {
        let found = std::panic::catch_unwind(|| run(seed));
        assert!(found.is_ok(), "to repeat it: SECKILL_SEED={seed}");
    }
}

fn filter(capacity: u64, error: f64, growth: Growth) -> Filter {
    let begun = Begun::decide(capacity, ErrorRate::new(error).unwrap(), growth, ROOM).unwrap();
    Filter::new(begun.error, begun.growth, begun.first)
}

fn done(filter: &mut Filter, verb: Verb, items: &[&str]) -> Vec<bool> {
    let items = items.iter().map(|item| item.as_bytes());
    let effect = filter.decide(verb, items, ROOM).unwrap();
    filter.apply_items(&effect);
    effect.steps.iter().map(|step| step.changes()).collect()
}

fn stored(filter: &Filter) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    codec::blocks(filter, |block| blocks.push(block.to_vec()));
    blocks
}

#[test]
fn a_filter_its_replica_its_reload_and_an_exact_set_agree() {
    runs(STEPS_OF_A_RUN, |seed| Trial::new(seed).run(STEPS_OF_A_RUN));
}

#[test]
fn what_is_added_twice_changes_nothing() {
    let mut filter = filter(100, 0.01, Growth::By(2));
    assert_eq!(done(&mut filter, Verb::Add, &["a", "b", "a"]), [true, true, false]);
    assert_eq!(done(&mut filter, Verb::Add, &["a", "b"]), [false, false]);
    let effect = filter.decide(Verb::Add, [&b"a"[..]].into_iter(), ROOM).unwrap();
    assert!(!effect.changes());
}

#[test]
fn a_removed_item_is_gone_until_it_is_added_again() {
    let mut filter = filter(100, 0.01, Growth::By(2));
    done(&mut filter, Verb::Add, &["a", "b"]);
    assert_eq!(done(&mut filter, Verb::Remove, &["a", "a", "c"]), [true, false, false]);
    assert!(!filter.may_exist(b"a") && filter.may_exist(b"b"));
    assert_eq!(filter.now().figures().removed, 1);
    assert_eq!(done(&mut filter, Verb::Add, &["a", "a"]), [true, false]);
    assert!(filter.may_exist(b"a"));
    assert_eq!((filter.now().figures().removed, filter.now().figures().items), (0, 2));
}

#[test]
fn a_fixed_filter_that_is_full_says_so_and_stays() {
    let mut filter = filter(2, 0.01, Growth::Fixed);
    let refused = filter.decide(Verb::Add, [&b"a"[..], b"b", b"c"].into_iter(), ROOM);
    assert_eq!(refused, Err(Refusal::Full { capacity: 2 }));
    assert_eq!(done(&mut filter, Verb::Add, &["a", "b"]), [true, true]);
    assert_eq!(done(&mut filter, Verb::Add, &["a", "b"]), [false, false]);
    assert!(filter.decide(Verb::Add, [&b"c"[..]].into_iter(), ROOM).is_err());
}

#[test]
fn memory_is_bounded_for_layers_for_removed_items_and_for_a_rebuild() {
    let error = ErrorRate::new(0.01).unwrap();
    let begun = |memory_max| Begun::decide(1000, error, Growth::By(2), memory_max);
    assert!(matches!(begun(1000), Err(Refusal::Memory { needed: 1000..2000 })));
    assert!(matches!(
        Begun::decide(1 << 53, error, Growth::By(2), ROOM),
        Err(Refusal::Memory { needed: ROOM.. })
    ));
    let mut filter = filter(1000, 0.01, Growth::By(2));
    let items: Vec<_> = (0..1001).map(|item: u32| item.to_le_bytes()).collect();
    let add = |filter: &Filter, range: std::ops::Range<usize>, memory_max| {
        let effect = filter.decide(Verb::Add, items[range].iter().map(|item| &item[..]), memory_max)?;
        Ok::<_, Refusal>(effect.grown)
    };
    assert!(matches!(add(&filter, 0..1001, 3000), Err(Refusal::Memory { .. })));
    assert_eq!(add(&filter, 0..900, 0), Ok(Vec::new()));
    assert_eq!(add(&filter, 0..1001, 6000).map(|grown| grown.len()), Ok(1));
    let begin = Rebuild::Begin { capacity: 2000, error: None };
    assert!(matches!(filter.decide_rebuild(begin, 3000), Err(Refusal::Memory { .. })));
    done(&mut filter, Verb::Add, &["a"]);
    let remove = |memory_max| filter.decide(Verb::Remove, [&b"a"[..]].into_iter(), memory_max);
    assert!(matches!(remove(filter.memory_bytes() as u64), Err(Refusal::Memory { .. })));
    assert!(remove(filter.memory_bytes() as u64 + 100).is_ok());
}

#[test]
fn a_rebuild_is_one_at_a_time() {
    let mut filter = filter(100, 0.01, Growth::By(2));
    let begin = Rebuild::Begin { capacity: 100, error: None };
    assert_eq!(filter.decide_rebuild(Rebuild::Commit, ROOM), Err(Refusal::NoRebuild));
    assert_eq!(filter.decide_rebuild(Rebuild::Abort, ROOM), Err(Refusal::NoRebuild));
    assert_eq!(filter.decide(Verb::Refill, [&b"a"[..]].into_iter(), ROOM), Err(Refusal::NoRebuild));
    let begun = filter.decide_rebuild(begin, ROOM).unwrap();
    filter.apply(&begun);
    assert_eq!(filter.decide_rebuild(begin, ROOM), Err(Refusal::Rebuilding));
    assert!(filter.check(&begun).is_err());
    filter.apply(&Change::Aborted);
    assert!(filter.check(&Change::Committed).is_err());
}

#[test]
fn a_change_that_does_not_fit_is_refused() {
    let mut filter = filter(2, 0.01, Growth::By(2));
    let effect = |filter: &Filter, verb, items: &[&'static str]| {
        filter.decide(verb, items.iter().map(|item| item.as_bytes()), ROOM).unwrap()
    };
    let fits = |filter: &Filter, effect| filter.check(&Change::Items(effect)).is_ok();
    let before = effect(&filter, Verb::Add, &["a", "b"]);
    let mut needless = before.clone();
    needless.grown.push(Shape { capacity: 4, bytes: 30, hashes: 7 });
    assert!(fits(&filter, before.clone()) && !fits(&filter, needless));
    done(&mut filter, Verb::Add, &["a", "b"]);
    assert!(!fits(&filter, before));
    let mut missing = effect(&filter, Verb::Add, &["c"]);
    assert!(fits(&filter, missing.clone()));
    missing.grown.clear();
    assert!(!fits(&filter, missing));
    let removal = effect(&filter, Verb::Remove, &["a"]);
    done(&mut filter, Verb::Remove, &["a"]);
    assert!(!fits(&filter, removal));
    assert_eq!(effect(&filter, Verb::Add, &["a"]).steps.iter().next().unwrap().now, Touch::Restore);
}

/// Blocks of a small filter with two generations, two layers and removed items.
fn blocks_of_all_kinds(seed: u64) -> Vec<Vec<u8>> {
    let mut trial = Trial::new(seed);
    trial.run(60);
    stored(trial.filter())
}

#[test]
fn damaged_blocks_are_refused_or_make_a_filter_in_order() {
    let mut accepted = 0;
    let mut random = Random::new(number("SECKILL_SEED").unwrap_or(0));
    for run in 0..number("SECKILL_STEPS").unwrap_or(60_000) / 100 {
        let whole = blocks_of_all_kinds(run);
        for _ in 0..100 {
            let mut blocks = whole.clone();
            let at = random.below(blocks.len() as u64) as usize;
            match random.below(5) {
                0 => drop(blocks.remove(at)),
                1 => blocks.swap(at, random.below(whole.len() as u64) as usize),
                2 => blocks.push(whole[at].clone()),
                3 => blocks[at].truncate(random.below(whole[at].len() as u64) as usize),
                _ => {
                    let byte = random.below(whole[at].len() as u64) as usize;
                    blocks[at][byte] ^= 1 << random.below(8);
                }
            }
            let mut loader = codec::Loader::default();
            let Some(Ok(Some(filter))) =
                blocks.iter().map(|block| loader.feed(block)).find(|fed| !matches!(fed, Ok(None)))
            else {
                continue;
            };
            accepted += 1;
            let again = stored(&filter);
            let mut loader = codec::Loader::default();
            assert!(again.iter().all(|block| loader.feed(block).is_ok()), "what was accepted can be stored");
        }
    }
    assert!(accepted > 0, "the damage is too great to tell anything");
}

#[test]
fn any_bytes_as_a_payload_are_refused_or_checked() {
    let mut random = Random::new(number("SECKILL_SEED").unwrap_or(0));
    let mut trial = Trial::new(7);
    trial.run(100);
    for kind in 0..64u8 {
        for len in 0..200 {
            let mut payload = vec![1, kind];
            payload.extend((0..len % 40).map(|_| random.below(256) as u8));
            if let Ok(codec::Sent::Change(change)) = codec::decode_sent(&payload) {
                let _ = trial.filter().check(&change);
            }
            let _ = codec::Loader::default().feed(&payload);
        }
    }
}
