//! What a limit answers. Changes nothing: an effect holds the bucket as it is to be.

use super::{Bucket, Rule};
use crate::bounds::COUNT_MAX;
use crate::time::Timestamp;

/// What is asked of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Use so many units, if they fit.
    Take(u64),
    /// Would so many units fit?
    Peek(u64),
    /// Give so many units back, as far as they are used.
    Refund(u64),
}

impl Ask {
    fn units(self) -> u64 {
        match self {
            Ask::Take(units) | Ask::Peek(units) | Ask::Refund(units) => units,
        }
    }
}

/// A limit's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// True if the units do not fit now.
    pub limited: bool,
    /// Units that fit at most.
    pub limit: u64,
    /// Whole units that fit now.
    pub remaining: u64,
    /// How long until the units fit; `None` if they do, or can never fit at once.
    pub retry_ms: Option<u64>,
    /// How long until nothing is used any more.
    pub reset_ms: u64,
}

/// A bucket as it is from now on, in absolute values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What is used.
    pub bucket: Bucket,
    /// From when on nothing is used any more, and nothing needs to be kept.
    pub until: Timestamp,
}

/// The answer of several limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of the one that refuses for the longest time, or else of the one with the least remaining.
    pub verdict: Verdict,
    /// The place of the one that refuses, from 0.
    pub refused_by: Option<usize>,
    /// Each bucket that changes, by its place among the buckets; none if one limit refuses.
    pub effects: Vec<(usize, Effect)>,
}

/// What a limit answers at `now`, and what changes.
///
/// A clock that steps back leaks nothing, and gives nothing.
pub fn decide(now: Timestamp, bucket: Option<&Bucket>, rule: &Rule, ask: Ask) -> (Verdict, Option<Effect>) {
    let trial = Trial::new(now, bucket, rule, ask);
    (trial.verdict(rule, ask.units(), trial.then(ask)), trial.effect(rule, ask))
}

/// A request tried on a bucket.
struct Trial {
    /// Now, or the bucket's own moment if that is later: the clock was set back.
    now: Timestamp,
    /// How long until the clock is there.
    lag_ms: u64,
    /// Parts that are used.
    used: u128,
    /// Parts that would be used.
    after: u128,
    /// The units do not fit.
    limited: bool,
}

impl Trial {
    fn new(clock: Timestamp, bucket: Option<&Bucket>, rule: &Rule, ask: Ask) -> Trial {
        let now = bucket.map_or(clock, |bucket| clock.max(bucket.at()));
        let used = bucket.map_or(0, |bucket| bucket.used_at(now, rule));
        let (after, limited) = match ask {
            Ask::Take(units) | Ask::Peek(units) => {
                let after = used + rule.parts(units);
                (after, after > rule.parts(rule.burst))
            }
            Ask::Refund(units) => (used.saturating_sub(rule.parts(units)), false),
        };
        Trial { now, lag_ms: now.since(clock), used, after, limited }
    }

    /// Parts that are used once the request is answered.
    fn then(&self, ask: Ask) -> u128 {
        if self.limited || matches!(ask, Ask::Peek(_)) { self.used } else { self.after }
    }

    /// `units` is what must fit at once for the request to pass, `then` what is used once it is answered.
    fn verdict(&self, rule: &Rule, units: u64, then: u128) -> Verdict {
        let capacity = rule.parts(rule.burst);
        let wait_ms = |parts| rule.leak_ms(parts).saturating_add(self.lag_ms);
        let fits_ever = self.limited && units <= rule.burst;
        Verdict {
            limited: self.limited,
            limit: rule.burst,
            remaining: rule.units(capacity.saturating_sub(then)),
            retry_ms: fits_ever.then(|| wait_ms(self.after - capacity)),
            reset_ms: if then > 0 { wait_ms(then) } else { 0 },
        }
    }

    fn effect(&self, rule: &Rule, ask: Ask) -> Option<Effect> {
        let then = self.then(ask);
        (then != self.used).then(|| {
            let until = Timestamp(self.now.after(rule.leak_ms(then)).0.min(COUNT_MAX));
            Effect { bucket: Bucket::used(then, rule, self.now), until }
        })
    }
}

/// What several limits answer together: all are charged or none. Each rule names its bucket by its place;
/// a bucket that is named more than once is charged with the sum.
pub fn decide_all(now: Timestamp, buckets: &[Option<Bucket>], rules: &[(usize, Rule)], ask: Ask) -> Outcome {
    let mut tried: Vec<Tried> = buckets.iter().map(|bucket| Tried::new(*bucket)).collect();
    let mut refusal: Option<(usize, Verdict)> = None;
    for (place, (at, rule)) in rules.iter().enumerate() {
        let Some(one) = tried.get_mut(*at) else { continue };
        let verdict = one.ask(now, rule, ask);
        if verdict.limited && refusal.is_none_or(|(_, worst)| waits_longer(&verdict, &worst)) {
            refusal = Some((place, verdict));
        }
    }
    if let Some((place, verdict)) = refusal {
        return Outcome { verdict, refused_by: Some(place), effects: Vec::new() };
    }
    let tightest = tried.iter().filter_map(|one| one.verdict).min_by_key(|verdict| verdict.remaining);
    let effects = tried.iter().enumerate().filter_map(|(at, one)| one.effect.map(|effect| (at, effect)));
    Outcome { verdict: tightest.unwrap_or(NOTHING), refused_by: None, effects: effects.collect() }
}

/// A bucket while several requests are tried on it.
struct Tried {
    /// As it stands.
    found: Option<Bucket>,
    /// As it would be after what was asked, be it granted or not.
    after: Option<Bucket>,
    /// Units asked for.
    units: u64,
    /// The last answer.
    verdict: Option<Verdict>,
    effect: Option<Effect>,
}

impl Tried {
    fn new(found: Option<Bucket>) -> Tried {
        Tried { found, after: found, units: 0, verdict: None, effect: None }
    }

    fn ask(&mut self, now: Timestamp, rule: &Rule, ask: Ask) -> Verdict {
        let trial = Trial::new(now, self.after.as_ref(), rule, ask);
        self.units = self.units.saturating_add(ask.units());
        self.effect = trial.effect(rule, ask).or(self.effect);
        if trial.after != trial.used {
            self.after = Some(Bucket::used(trial.after, rule, trial.now));
        }
        let charged = !trial.limited && !matches!(ask, Ask::Peek(_));
        let found = || self.found.map_or(0, |bucket| bucket.used_at(trial.now, rule));
        let verdict = trial.verdict(rule, self.units, if charged { trial.after } else { found() });
        self.verdict = Some(verdict);
        verdict
    }
}

/// The answer of no limits at all.
const NOTHING: Verdict = Verdict { limited: false, limit: 0, remaining: 0, retry_ms: None, reset_ms: 0 };

/// One that never fits waits longest.
fn waits_longer(one: &Verdict, other: &Verdict) -> bool {
    one.retry_ms.unwrap_or(u64::MAX) > other.retry_ms.unwrap_or(u64::MAX)
}
