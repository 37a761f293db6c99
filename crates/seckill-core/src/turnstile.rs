//! The limits inside a sale: who asked how often of late. In memory of a primary only.
//!
//! Users and addresses are kept by a hash of 64 bits with a seed of the process. A bucket that nobody touched for a
//! period is empty, so buckets are kept in two generations that are turned over every period: what was not touched
//! meanwhile goes, exactly when it does not matter any more. A generation that is full is turned over earlier.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::limit::{Ask, Bucket, Rule, decide_all};
use crate::sale::{Rate, Rates, Refusal, Scope};
use crate::time::Timestamp;

/// Users, or addresses, of a generation at most.
const CROWD_MAX: usize = 500_000;

/// Parts of a crowd; a power of two.
const PARTS: usize = 64;

/// Who asked how often.
#[derive(Debug)]
pub struct Turnstile {
    seed: FixedState,
    sale: Option<Bucket>,
    users: Recent,
    ips: Recent,
}

/// Buckets that were touched of late.
#[derive(Debug, Default)]
struct Recent {
    young: Crowd,
    old: Crowd,
    /// When the young ones began.
    since: Timestamp,
    /// The most requests that a rule allowed so far.
    count_most: u64,
    /// How long a bucket takes to be empty, at most.
    span_ms: u64,
}

/// Buckets by name, in parts, so that growing never moves more than a few thousand of them at once.
#[derive(Debug, Default)]
struct Crowd {
    /// None, or all of them.
    parts: Vec<HashMap<u64, Bucket, FixedState>>,
    len: usize,
}

impl Turnstile {
    /// Nobody asked so far.
    pub fn new(random: u64) -> Turnstile {
        let seed = FixedState::with_seed(random);
        Turnstile { seed, sale: None, users: Recent::default(), ips: Recent::default() }
    }

    /// Charges a request to every limit there is, or to none.
    ///
    /// # Errors
    /// [`Refusal::Limited`] with the limit that refuses for the longest time.
    pub fn pass(&mut self, now: Timestamp, rates: &Rates, user: &[u8], ip: &[u8]) -> Result<(), Refusal> {
        self.ask(now, rates, [user, ip], Ask::Take(1))
    }

    /// Says whether a request would pass, and charges nothing.
    ///
    /// # Errors
    /// As [`Turnstile::pass`].
    pub fn peek(&mut self, now: Timestamp, rates: &Rates, user: &[u8], ip: &[u8]) -> Result<(), Refusal> {
        self.ask(now, rates, [user, ip], Ask::Peek(1))
    }

    fn ask(
        &mut self,
        now: Timestamp,
        rates: &Rates,
        [user, ip]: [&[u8]; 2],
        ask: Ask,
    ) -> Result<(), Refusal> {
        let [user, ip] = [user, ip].map(|name| self.seed.hash_one(name));
        let limits = [
            (Scope::User, rates.user, rates.user.and_then(|rate| self.users.find(now, rate, user))),
            (Scope::Ip, rates.ip, rates.ip.and_then(|rate| self.ips.find(now, rate, ip))),
            (Scope::Sale, rates.sale, self.sale),
        ];
        let buckets = limits.map(|(_, _, bucket)| bucket);
        let rules: Vec<(usize, Rule)> = limits
            .iter()
            .enumerate()
            .filter_map(|(at, (_, rate, _))| rate.and_then(rule).map(|rule| (at, rule)))
            .collect();
        let outcome = decide_all(now, &buckets, &rules, ask);
        if let Some(place) = outcome.refused_by {
            let limit = rules.get(place).and_then(|(at, _)| limits.get(*at));
            let scope = limit.map_or(Scope::Sale, |(scope, ..)| *scope);
            return Err(Refusal::Limited { scope, retry_ms: outcome.verdict.retry_ms.unwrap_or(0) });
        }
        for (at, effect) in outcome.effects {
            match limits.get(at).map(|(scope, ..)| *scope) {
                Some(Scope::User) => self.users.keep(user, effect.bucket),
                Some(Scope::Ip) => self.ips.keep(ip, effect.bucket),
                Some(Scope::Sale) => self.sale = Some(effect.bucket),
                None => {}
            }
        }
        Ok(())
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        let entry = size_of::<(u64, Bucket)>() + 1;
        [&self.users, &self.ips].iter().map(|recent| recent.capacity() * entry).sum()
    }
}

fn rule(rate: Rate) -> Option<Rule> {
    Rule::new(rate.count, rate.period_ms, rate.count).ok()
}

impl Recent {
    fn find(&mut self, now: Timestamp, rate: Rate, name: u64) -> Option<Bucket> {
        self.learn(rate);
        if now.since(self.since) >= self.span_ms || self.young.len() >= CROWD_MAX {
            // What was not touched for so long is empty now, the old ones even if the young ones are not.
            let forgotten = now.since(self.since) >= self.span_ms.saturating_mul(2);
            self.old = std::mem::take(&mut self.young);
            if forgotten {
                self.old = Crowd::default();
                (self.count_most, self.span_ms) = (rate.count, rate.period_ms);
            }
            self.since = now;
        }
        self.young.get(name).or_else(|| self.old.get(name))
    }

    /// A bucket is empty after a period, or later if an earlier rule allowed more than this one, or was slower.
    fn learn(&mut self, rate: Rate) {
        self.count_most = self.count_most.max(rate.count);
        let span_ms = u128::from(self.count_most) * u128::from(rate.period_ms);
        let span_ms = u64::try_from(span_ms.div_ceil(u128::from(rate.count.max(1)))).unwrap_or(u64::MAX);
        self.span_ms = self.span_ms.max(span_ms);
    }

    fn keep(&mut self, name: u64, bucket: Bucket) {
        self.old.remove(name);
        self.young.insert(name, bucket);
    }

    fn capacity(&self) -> usize {
        self.young.capacity() + self.old.capacity()
    }
}

impl Crowd {
    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, name: u64) -> Option<Bucket> {
        self.parts.get(part(name)).and_then(|part| part.get(&name)).copied()
    }

    fn insert(&mut self, name: u64, bucket: Bucket) {
        self.parts.resize_with(PARTS, HashMap::default);
        let old = self.parts.get_mut(part(name)).and_then(|part| part.insert(name, bucket));
        self.len += usize::from(old.is_none());
    }

    fn remove(&mut self, name: u64) {
        let old = self.parts.get_mut(part(name)).and_then(|part| part.remove(&name));
        self.len -= usize::from(old.is_some());
    }

    fn capacity(&self) -> usize {
        self.parts.iter().map(HashMap::capacity).sum()
    }
}

/// Names are hashes: their upper bits will do.
fn part(name: u64) -> usize {
    (name >> (u64::BITS - PARTS.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u64 = 1_000_000;

    fn rates(sale: u64, user: u64, ip: u64) -> Rates {
        let rate = |count| (count > 0).then_some(Rate { count, period_ms: 1_000 });
        Rates { sale: rate(sale), user: rate(user), ip: rate(ip) }
    }

    fn refused(scope: Scope, retry_ms: u64) -> Result<(), Refusal> {
        Err(Refusal::Limited { scope, retry_ms })
    }

    #[test]
    fn each_limit_is_for_whom_it_says() {
        let mut gate = Turnstile::new(7);
        let rates = rates(5, 2, 3);
        let mut pass = |user: &str, ip: &str| gate.pass(Timestamp(T), &rates, user.as_bytes(), ip.as_bytes());
        assert_eq!([pass("a", "1"), pass("a", "1")], [Ok(()), Ok(())]);
        assert_eq!(pass("a", "2"), refused(Scope::User, 500));
        assert_eq!(pass("b", "1"), Ok(()));
        assert_eq!(pass("b", "1"), refused(Scope::Ip, 334));
        assert_eq!([pass("b", "2"), pass("c", "2")], [Ok(()), Ok(())]);
        assert_eq!(pass("d", "3"), refused(Scope::Sale, 200));
    }

    #[test]
    fn a_refusal_charges_no_limit() {
        let mut gate = Turnstile::new(7);
        let rates = rates(100, 1, 2);
        let pass =
            |gate: &mut Turnstile, at, user: &str| gate.pass(Timestamp(at), &rates, user.as_bytes(), b"ip");
        assert_eq!(pass(&mut gate, T, "a"), Ok(()));
        for _ in 0..50 {
            assert_eq!(pass(&mut gate, T, "a"), refused(Scope::User, 1_000));
        }
        assert_eq!(pass(&mut gate, T, "b"), Ok(()), "the address has one left");
        assert_eq!(pass(&mut gate, T + 999, "a"), refused(Scope::User, 1));
        assert_eq!(pass(&mut gate, T + 1_000, "a"), Ok(()));
    }

    #[test]
    fn a_peek_tells_what_a_request_would_be_told_and_charges_nothing() {
        let mut gate = Turnstile::new(7);
        let rates = rates(2, 1, 0);
        for user in ["a", "b"] {
            for _ in 0..5 {
                assert_eq!(gate.peek(Timestamp(T), &rates, user.as_bytes(), b""), Ok(()));
            }
            assert_eq!(gate.pass(Timestamp(T), &rates, user.as_bytes(), b""), Ok(()));
        }
        for user in ["a", "c"] {
            let peeked = gate.peek(Timestamp(T), &rates, user.as_bytes(), b"");
            assert!(peeked.is_err());
            assert_eq!(gate.pass(Timestamp(T), &rates, user.as_bytes(), b""), peeked);
        }
    }

    #[test]
    fn whoever_was_quiet_for_a_period_is_forgotten_and_nobody_else() {
        let mut gate = Turnstile::new(7);
        let rates = rates(0, 3, 0);
        let mut exact: HashMap<u64, Bucket> = HashMap::new();
        let rule = Rule::new(3, 1_000, 3).unwrap();
        let mut state = 9u64;
        for step in 0..200_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (user, now) = (state >> 33 & 0xff, Timestamp(T + step * 3));
            let (verdict, effect) = crate::limit::decide(now, exact.get(&user), &rule, Ask::Take(1));
            if let Some(effect) = effect {
                exact.insert(user, effect.bucket);
            }
            let passed = gate.pass(now, &rates, &user.to_le_bytes(), b"");
            assert_eq!(passed.is_err(), verdict.limited, "step {step}");
        }
        assert!(gate.users.young.len() + gate.users.old.len() <= 512);
    }

    #[test]
    fn whoever_used_much_under_an_earlier_rule_is_remembered_for_longer() {
        let mut gate = Turnstile::new(7);
        let mut ask = |at: u64, rates: &Rates, user: &[u8]| gate.pass(Timestamp(T + at), rates, user, b"");
        (0..10).for_each(|_| assert_eq!(ask(0, &rates(0, 10, 0), b"u"), Ok(())));
        for at in [1_000, 2_000, 3_000] {
            assert_eq!(ask(at, &rates(0, 2, 0), b"another"), Ok(()));
        }
        assert_eq!(ask(3_500, &rates(0, 2, 0), b"u"), refused(Scope::User, 1_000));
        assert_eq!(ask(4_500, &rates(0, 2, 0), b"u"), Ok(()));
    }

    #[test]
    fn a_crowd_takes_bounded_memory() {
        let mut gate = Turnstile::new(7);
        let rates = rates(0, 1, 0);
        for user in 0..1_200_000u64 {
            assert_eq!(gate.pass(Timestamp(T), &rates, &user.to_le_bytes(), b""), Ok(()));
        }
        assert!(gate.users.young.len() <= CROWD_MAX && gate.users.old.len() <= CROWD_MAX);
        let last = 1_199_999u64.to_le_bytes();
        assert_eq!(gate.pass(Timestamp(T), &rates, &last, b""), refused(Scope::User, 1_000));
        assert!(gate.heap_bytes() < 100 << 20, "{}", gate.heap_bytes());
    }
}
