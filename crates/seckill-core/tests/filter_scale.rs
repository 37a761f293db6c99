//! A million items over many layers: none is forgotten, errors and bytes stay within what is promised.

use seckill_core::filter::{Begun, Change, ErrorRate, Filter, Growth, Rebuild, Verb};

const ITEMS: u64 = 1_000_000;
const STRANGERS: u64 = 1_000_000;

fn filter(capacity: u64, error: f64, growth: Growth) -> Filter {
    let begun = Begun::decide(capacity, ErrorRate::new(error).unwrap(), growth, u64::MAX).unwrap();
    Filter::new(begun.error, begun.growth, begun.first)
}

fn item(number: u64) -> [u8; 20] {
    let mut item = *b"product:............";
    item[8..16].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    item
}

fn fill(filter: &mut Filter, verb: Verb, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let item = item(number);
        let effect = filter.decide(verb, std::iter::once(&item[..]), u64::MAX).unwrap();
        filter.apply_items(&effect);
    }
}

/// The part of items never added that are said to exist.
fn measured_error(filter: &Filter) -> f64 {
    let strangers = ITEMS..ITEMS + STRANGERS;
    strangers.filter(|number| filter.may_exist(&item(*number))).count() as f64 / STRANGERS as f64
}

fn assert_holds_all(filter: &Filter, items: u64) {
    assert!((0..items).all(|number| filter.may_exist(&item(number))));
}

#[test]
fn a_million_items_over_scaling_are_all_found_within_the_error_promised() {
    for (error, capacity) in [(0.01, 1_000), (0.001, 10_000), (0.01, 300_000)] {
        let mut filter = filter(capacity, error, Growth::By(2));
        fill(&mut filter, Verb::Add, 0..ITEMS);
        assert_holds_all(&filter, ITEMS);
        let (measured, figures) = (measured_error(&filter), filter.now().figures());
        println!(
            "from {capacity} at {error}: {measured:.6} in {} layers, {:.3} bytes an item",
            figures.layers,
            filter.memory_bytes() as f64 / ITEMS as f64
        );
        assert!(figures.layers > 1 && measured <= error, "{measured} of {error}");
    }
}

#[test]
fn a_full_layer_keeps_its_error_in_few_bytes() {
    for (error, bytes_max) in [(0.01, 1.3), (0.001, 1.9)] {
        for growth in [Growth::By(2), Growth::Fixed] {
            let mut filter = filter(ITEMS, error, growth);
            fill(&mut filter, Verb::Add, 0..ITEMS);
            assert_holds_all(&filter, ITEMS);
            let measured = measured_error(&filter);
            let bytes = filter.memory_bytes() as f64 / ITEMS as f64;
            println!("{ITEMS} at {error}, {growth:?}: {measured:.6}, {bytes:.3} bytes an item");
            assert!(measured <= error, "{measured} of {error}");
            assert!(bytes <= bytes_max, "{bytes} of {bytes_max}");
        }
    }
}

#[test]
fn small_filters_keep_their_error_too() {
    for capacity in [1, 3, 10, 100, 1_000] {
        for error in [0.5, 0.01, 0.001] {
            for growth in [Growth::By(2), Growth::Fixed] {
                // Many filters with other items each, for one small filter may be lucky.
                let trials = (3_000 / capacity).clamp(30, 100);
                let mut errors = 0.0;
                for trial in 0..trials {
                    let mut filter = filter(capacity, error, growth);
                    fill(&mut filter, Verb::Add, trial * capacity..(trial + 1) * capacity);
                    let strangers =
                        (ITEMS..ITEMS + 5_000).filter(|number| filter.may_exist(&item(number + trial)));
                    errors += strangers.count() as f64 / 5_000.0 / trials as f64;
                }
                assert!(errors <= error, "{errors} of {error} at {capacity}, {growth:?}");
            }
        }
    }
}

#[test]
fn few_items_keep_a_very_small_error_too() {
    for (capacity, error) in [(10, 0.000_1), (40, 0.000_01), (200, 0.000_01), (40, 0.000_001)] {
        let mut errors = 0;
        for trial in 0..20 {
            let mut filter = filter(capacity, error, Growth::By(2));
            fill(&mut filter, Verb::Add, trial * capacity..(trial + 1) * capacity);
            let strangers = ITEMS + trial * 100_000..ITEMS + (trial + 1) * 100_000;
            errors += strangers.filter(|number| filter.may_exist(&item(*number))).count();
        }
        assert!(errors as f64 / 2_000_000.0 <= error, "{errors} of 2,000,000 for {capacity} at {error}");
    }
}

#[test]
fn a_rebuild_forgets_none_that_was_added_meanwhile() {
    let mut filter = filter(1_000, 0.01, Growth::By(2));
    fill(&mut filter, Verb::Add, 0..100_000);
    let begin = Rebuild::Begin { capacity: 150_000, error: None };
    let begun = filter.decide_rebuild(begin, u64::MAX).unwrap();
    filter.apply(&begun);
    fill(&mut filter, Verb::Refill, 0..50_000);
    fill(&mut filter, Verb::Add, 90_000..120_000);
    fill(&mut filter, Verb::Refill, 50_000..100_000);
    assert_holds_all(&filter, 120_000);
    filter.apply(&Change::Committed);
    assert_holds_all(&filter, 120_000);
    assert!(measured_error(&filter) <= 0.01);
    assert_eq!(filter.now().layers().len(), 1);
}
