//! What a limit answers. Changes nothing: an effect holds the bucket as it would be.

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

/// A limit's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// True if the units do not fit now.
    pub limited: bool,
    /// Units that fit at most.
    pub limit: u64,
    /// Whole units that fit now.
    pub remaining: u64,
    /// How long until the units fit; `None` if they do, or never will.
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
    let now = now.max(bucket.map_or(now, Bucket::at));
    let used = bucket.map_or(0, |bucket| bucket.used_at(now, rule));
    let capacity = rule.parts(rule.burst);
    let after = match ask {
        Ask::Take(units) | Ask::Peek(units) => used + rule.parts(units),
        Ask::Refund(units) => used.saturating_sub(rule.parts(units)),
    };
    let limited = !matches!(ask, Ask::Refund(_)) && after > capacity;
    let never = matches!(ask, Ask::Take(units) | Ask::Peek(units) if units > rule.burst);
    let then = if limited || matches!(ask, Ask::Peek(_)) { used } else { after };
    let verdict = Verdict {
        limited,
        limit: rule.burst,
        remaining: (capacity.saturating_sub(then) / u128::from(rule.period_ms)) as u64,
        retry_ms: (limited && !never).then(|| rule.leak_ms(after - capacity)),
        reset_ms: rule.leak_ms(then),
    };
    let changes = then != used;
    (verdict, changes.then(|| effect(now, then, rule, verdict.reset_ms)))
}

fn effect(now: Timestamp, used: u128, rule: &Rule, reset_ms: u64) -> Effect {
    let until = Timestamp(now.after(reset_ms).0.min(COUNT_MAX));
    Effect { bucket: Bucket::used(used, rule, now), until }
}

/// What several limits answer together: all are charged or none. Each rule names its bucket by its place;
/// a bucket that is named more than once is charged with the sum.
pub fn decide_all(now: Timestamp, buckets: &[Option<Bucket>], rules: &[(usize, Rule)], ask: Ask) -> Outcome {
    let mut after = buckets.to_vec();
    let mut effects: Vec<(usize, Effect)> = Vec::new();
    let mut refusal: Option<(usize, Verdict)> = None;
    let mut tightest: Option<Verdict> = None;
    for (place, (at, rule)) in rules.iter().enumerate() {
        let Some(bucket) = after.get_mut(*at) else { continue };
        let (verdict, effect) = decide(now, bucket.as_ref(), rule, ask);
        if verdict.limited {
            if refusal.is_none_or(|(_, worst)| waits_longer(&verdict, &worst)) {
                refusal = Some((place, verdict));
            }
            continue;
        }
        if let Some(effect) = effect {
            *bucket = Some(effect.bucket);
            effects.retain(|(changed, _)| changed != at);
            effects.push((*at, effect));
        }
        if tightest.is_none_or(|least| verdict.remaining <= least.remaining) {
            tightest = Some(verdict);
        }
    }
    match refusal {
        Some((place, verdict)) => Outcome { verdict, refused_by: Some(place), effects: Vec::new() },
        None => Outcome { verdict: tightest.unwrap_or(NOTHING), refused_by: None, effects },
    }
}

/// The answer of no limits at all.
const NOTHING: Verdict = Verdict { limited: false, limit: 0, remaining: 0, retry_ms: None, reset_ms: 0 };

/// One that never fits waits longest.
fn waits_longer(one: &Verdict, other: &Verdict) -> bool {
    one.retry_ms.unwrap_or(u64::MAX) > other.retry_ms.unwrap_or(u64::MAX)
}
