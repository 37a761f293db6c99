//! Limits and an exact model of them are asked the same at random, and must agree after every step.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of steps in all.

#[path = "limit/naive.rs"]
mod naive;
#[allow(dead_code, reason = "other tests need the rest of it")]
#[path = "model/random.rs"]
mod random;

use naive::{Naive, Numbers};
use random::Random;
use seckill_core::codec;
use seckill_core::limit::{Ask, Bucket, Effect, Rule, Verdict, decide, decide_all};
use seckill_core::time::Timestamp;

const STEPS: u64 = 1_200_000;
const STEPS_OF_A_RUN: u64 = 2_000;
const KEYS: usize = 3;

const RULES: [Numbers; 14] = [
    Numbers { count: 5, period_ms: 1000, burst: 5 },
    Numbers { count: 7, period_ms: 1000, burst: 7 },
    Numbers { count: 1, period_ms: 1, burst: 1 },
    Numbers { count: 1, period_ms: 1000, burst: 1 },
    Numbers { count: 3, period_ms: 7, burst: 20 },
    Numbers { count: 10, period_ms: 60_000, burst: 10 },
    Numbers { count: 10, period_ms: 60_000, burst: 4 },
    Numbers { count: 1000, period_ms: 999, burst: 50 },
    Numbers { count: 17, period_ms: 86_400_000, burst: 17 },
    Numbers { count: 1_000_003, period_ms: 1000, burst: 9 },
    Numbers { count: 1 << 53, period_ms: 1, burst: 1 << 53 },
    Numbers { count: 1 << 53, period_ms: 31_536_000_000, burst: 1 },
    Numbers { count: 1, period_ms: 31_536_000_000, burst: 1 << 53 },
    Numbers { count: 2, period_ms: 3, burst: 1 << 40 },
];

fn rule(numbers: Numbers) -> Rule {
    Rule::new(numbers.count, numbers.period_ms, numbers.burst).expect("a rule in range")
}

/// Buckets, the model of them, and the clock.
struct Trial {
    random: Random,
    now: u64,
    buckets: [Option<Effect>; KEYS],
    models: [Option<Naive>; KEYS],
}

impl Trial {
    fn new(seed: u64) -> Trial {
        Trial {
            random: Random::new(seed),
            now: 1_700_000_000_000,
            buckets: [None; KEYS],
            models: [None; KEYS],
        }
    }

    fn run(&mut self) {
        let usual = self.random.pick(&RULES);
        for _ in 0..STEPS_OF_A_RUN {
            self.time_passes(usual);
            let numbers = if self.random.once_in(12) { self.random.pick(&RULES) } else { usual };
            let ask = self.anything(numbers);
            if self.random.once_in(5) { self.ask_several(ask, usual) } else { self.ask_one(ask, numbers) }
        }
    }

    fn time_passes(&mut self, usual: Numbers) {
        let interval = usual.period_ms / usual.count;
        let step = match self.random.below(12) {
            0..=5 => self.random.below(3),
            6 | 7 => self.random.below(interval.saturating_mul(2).max(2)),
            8 => self.random.below(usual.period_ms + 1),
            9 => self.random.below(1 << 36),
            _ => 0,
        };
        self.now = match self.random.below(40) {
            0 => self.now - self.random.below(5_000),
            1 => self.now - self.random.below(500_000_000),
            _ => self.now + step,
        };
        for key in 0..KEYS {
            if self.buckets[key].is_some_and(|effect| effect.until.0 < self.now) {
                assert!(self.models[key].is_some_and(|model| model.until < self.now), "both go");
                (self.buckets[key], self.models[key]) = (None, None);
            }
        }
    }

    fn anything(&mut self, numbers: Numbers) -> Ask {
        let units = match self.random.below(10) {
            0..=5 => 1,
            6 | 7 => 1 + self.random.below(numbers.burst.min(1 << 53)),
            8 => numbers.burst,
            _ => numbers.burst + self.random.below(2),
        };
        let units = units.clamp(1, 1 << 53);
        match self.random.below(10) {
            0 | 1 => Ask::Peek(units),
            2 => Ask::Refund(units),
            _ => Ask::Take(units),
        }
    }

    fn ask_one(&mut self, ask: Ask, numbers: Numbers) {
        let key = self.random.below(KEYS as u64) as usize;
        let bucket = self.buckets[key].map(|effect| effect.bucket);
        let (verdict, effect) = decide(Timestamp(self.now), bucket.as_ref(), &rule(numbers), ask);
        let (expected, model) = Naive::ask(self.models[key], self.now, numbers, ask);
        let found = (verdict.limited, verdict.remaining, verdict.retry_ms, verdict.reset_ms);
        assert_eq!(found, expected, "{ask:?} by {numbers:?} of {bucket:?} at {}", self.now);
        assert_eq!(verdict.limit, numbers.burst);
        assert!(effect.is_none() || !(verdict.limited || matches!(ask, Ask::Peek(_))), "no trace");
        assert_told_the_truth(self.now, bucket.as_ref(), numbers, ask, &verdict);
        self.models[key] = model;
        effect.into_iter().for_each(|effect| self.keep(key, effect));
    }

    fn keep(&mut self, key: usize, effect: Effect) {
        let sent = through_the_wire(&effect);
        self.buckets[key] = (!sent.bucket.is_empty()).then_some(sent);
        let until = self.models[key].map(|model| model.until);
        assert_eq!(self.buckets[key].map(|effect| effect.until.0), until.map(|until| until.min(1 << 53)));
    }

    fn ask_several(&mut self, ask: Ask, usual: Numbers) {
        let numbers: Vec<Numbers> = (0..KEYS)
            .map(|_| if self.random.once_in(3) { self.random.pick(&RULES) } else { usual })
            .collect();
        let keys: Vec<usize> =
            (0..1 + self.random.below(4)).map(|_| self.random.below(KEYS as u64) as usize).collect();
        let rules: Vec<(usize, Rule)> = keys.iter().map(|key| (*key, rule(numbers[*key]))).collect();
        let buckets = self.buckets.map(|effect| effect.map(|effect| effect.bucket));
        let now = Timestamp(self.now);
        let outcome = decide_all(now, &buckets, &rules, ask);
        // The model: each key once, with the sum.
        let sums: Vec<Option<Ask>> = (0..KEYS).map(|key| sum(ask, &keys, key)).collect();
        let answers: Vec<_> = (0..KEYS)
            .map(|key| sums[key].map(|ask| Naive::ask(self.models[key], self.now, numbers[key], ask)))
            .collect();
        let limited = answers.iter().flatten().any(|((limited, ..), _)| *limited);
        assert_eq!(outcome.verdict.limited, limited, "{ask:?} of {keys:?}");
        assert_eq!(outcome.refused_by.is_some(), limited);
        if let Some(place) = outcome.refused_by {
            let longest = answers.iter().flatten().filter(|((limited, ..), _)| *limited);
            let longest = longest.map(|((_, _, retry, _), _)| retry.unwrap_or(u64::MAX)).max();
            assert_eq!(
                outcome.verdict.retry_ms.unwrap_or(u64::MAX),
                longest.unwrap(),
                "{ask:?} of {keys:?} by {numbers:?} of {:?} at {}",
                self.models,
                self.now
            );
            let (_, remaining, ..) = answers[keys[place]].expect("it was asked").0;
            assert_eq!(outcome.verdict.remaining, remaining);
            assert!(outcome.effects.is_empty());
            if let Some(wait) = outcome.verdict.retry_ms.filter(|wait| *wait < 1 << 40) {
                assert!(
                    !decide_all(now.after(wait), &buckets, &rules, ask).verdict.limited,
                    "the wait is enough"
                );
                assert!(
                    decide_all(now.after(wait - 1), &buckets, &rules, ask).verdict.limited,
                    "and no longer"
                );
            }
            return;
        }
        let least = answers.iter().flatten().map(|((_, remaining, ..), _)| *remaining).min();
        assert_eq!(Some(outcome.verdict.remaining), least);
        for (model, answer) in self.models.iter_mut().zip(&answers) {
            *model = answer.map_or(*model, |(_, model)| model);
        }
        outcome.effects.iter().for_each(|(key, effect)| self.keep(*key, *effect));
    }
}

/// What is asked of one key in all.
fn sum(ask: Ask, keys: &[usize], key: usize) -> Option<Ask> {
    let times = keys.iter().filter(|named| **named == key).count() as u64;
    (times > 0).then(|| match ask {
        Ask::Take(units) => Ask::Take(units * times),
        Ask::Peek(units) => Ask::Peek(units * times),
        Ask::Refund(units) => Ask::Refund(units * times),
    })
}

/// The call passes after the wait that was told, and not a millisecond earlier.
fn assert_told_the_truth(now: u64, bucket: Option<&Bucket>, numbers: Numbers, ask: Ask, verdict: &Verdict) {
    let (rule, Ask::Take(units)) = (rule(numbers), ask) else { return };
    if let Some(wait) = verdict.retry_ms.filter(|wait| *wait < 1 << 40) {
        let peek = |ms| decide(Timestamp(now + ms), bucket, &rule, Ask::Peek(units)).0.limited;
        assert!(!peek(wait), "{wait} ms are enough");
        assert!(peek(wait - 1), "{wait} ms are needed");
    }
}

fn through_the_wire(effect: &Effect) -> Effect {
    let mut payload = Vec::new();
    codec::encode_limit(effect, &mut payload);
    let (bucket, until) = codec::decode_limit(&payload).expect("what was sent is understood");
    assert_eq!((bucket, until), (effect.bucket, Some(effect.until)));
    payload.clear();
    if !bucket.is_empty() {
        codec::encode_bucket(&bucket, &mut payload);
        assert_eq!(codec::decode_limit(&payload), Ok((bucket, None)));
    }
    Effect { bucket, until: effect.until }
}

#[test]
fn limits_and_the_model_agree_after_every_step() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let steps = number("SECKILL_STEPS").unwrap_or(STEPS);
    let seeds = number("SECKILL_SEED").map_or(0..steps.div_ceil(STEPS_OF_A_RUN), |seed| seed..seed + 1);
    for seed in seeds {
        let run = std::panic::catch_unwind(|| Trial::new(seed).run());
        assert!(run.is_ok(), "to repeat it: SECKILL_SEED={seed}");
    }
}

const NOON: Timestamp = Timestamp(1_700_000_000_000);

fn by(count: u64, period_ms: u64, burst: u64) -> Rule {
    Rule::new(count, period_ms, burst).expect("a rule in range")
}

/// What is kept after so many units were taken at once.
fn taken(units: u64, rule: &Rule) -> Bucket {
    let (verdict, effect) = decide(NOON, None, rule, Ask::Take(units));
    assert!(!verdict.limited);
    effect.expect("a charge is kept").bucket
}

#[test]
fn what_was_used_is_kept_in_units_when_the_rule_changes() {
    let bucket = taken(5, &by(5, 60_000, 5));
    let remaining = |rule: Rule| decide(NOON, Some(&bucket), &rule, Ask::Peek(1)).0.remaining;
    assert_eq!(remaining(by(5, 60_000, 5)), 0);
    assert_eq!(remaining(by(10, 60_000, 10)), 5);
    assert_eq!(remaining(by(10, 1_000, 10)), 5);
    assert_eq!(remaining(by(3, 60_000, 3)), 0);
}

#[test]
fn a_raised_rate_helps_the_next_call_although_denied_calls_write_nothing() {
    let bucket = taken(5, &by(5, 3_600_000, 5));
    let raised = by(5, 1_000, 5);
    let (verdict, effect) = decide(NOON, Some(&bucket), &raised, Ask::Take(1));
    assert_eq!((verdict.limited, verdict.retry_ms, effect), (true, Some(200), None));
    assert!(!decide(NOON.after(200), Some(&bucket), &raised, Ask::Take(1)).0.limited);
}

#[test]
fn a_clock_set_back_gives_nothing_and_says_how_long() {
    let rule = by(1, 1_000, 1);
    let bucket = taken(1, &rule);
    let earlier = Timestamp(NOON.0 - 5_000);
    let (verdict, _) = decide(earlier, Some(&bucket), &rule, Ask::Take(1));
    assert_eq!((verdict.retry_ms, verdict.reset_ms), (Some(6_000), 6_000));
}

#[test]
fn a_cost_above_the_capacity_never_fits() {
    let rule = by(5, 1_000, 5);
    let (verdict, effect) = decide(NOON, None, &rule, Ask::Take(6));
    assert_eq!((verdict.limited, verdict.remaining, verdict.retry_ms, effect), (true, 5, None, None));
    let twice = [(0, rule), (0, rule)];
    let outcome = decide_all(NOON, &[None], &twice, Ask::Take(3));
    assert_eq!((outcome.refused_by, outcome.verdict.retry_ms), (Some(1), None));
}

#[test]
fn a_refund_never_gives_more_than_was_used() {
    let rule = by(5, 1_000, 5);
    let (verdict, effect) = decide(NOON, Some(&taken(2, &rule)), &rule, Ask::Refund(9));
    assert_eq!((verdict.remaining, verdict.reset_ms), (5, 0));
    assert!(effect.expect("something was used").bucket.is_empty());
    assert_eq!(decide(NOON, None, &rule, Ask::Refund(9)).1, None);
}

#[test]
fn the_bytes_of_a_bucket_are_pinned() {
    let rule = by(7, 1_000, 7);
    let (_, effect) = decide(NOON.after(1), Some(&taken(3, &rule)), &rule, Ask::Take(2));
    let effect = effect.expect("a charge is kept");
    let mut payload = Vec::new();
    codec::encode_limit(&effect, &mut payload);
    assert_eq!(payload, [1, 32, 0x81, 0xd0, 0x95, 0xff, 0xbc, 0x31, 0xe8, 0x07, 4, 0xe1, 0x07, 0xca, 0x05]);
    payload.clear();
    codec::encode_bucket(&effect.bucket, &mut payload);
    assert_eq!(payload, [1, 33, 0x81, 0xd0, 0x95, 0xff, 0xbc, 0x31, 0xe8, 0x07, 4, 0xe1, 0x07]);
}

#[test]
fn damaged_bytes_are_refused_or_are_a_sound_bucket() {
    let mut random = Random::new(7);
    let mut payload = Vec::new();
    codec::encode_limit(&decide(NOON, None, &by(7, 1_000, 7), Ask::Take(2)).1.unwrap(), &mut payload);
    for _ in 0..200_000 {
        let mut damaged = payload.clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(damaged.len() as u64) as usize;
            damaged[at] = random.next() as u8;
        }
        damaged.truncate(damaged.len() - random.below(2) as usize);
        let Ok((bucket, _)) = codec::decode_limit(&damaged) else { continue };
        for ask in [Ask::Take(1), Ask::Peek(1), Ask::Refund(1)] {
            let _ = decide(NOON, Some(&bucket), &by(5, 1_000, 5), ask);
            let _ = decide_all(NOON, &[Some(bucket)], &[(0, by(1 << 53, 1, 1 << 53))], ask);
        }
    }
}
