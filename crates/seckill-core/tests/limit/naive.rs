//! A limit as one would explain it: a fraction of units is used, and it shrinks with time.

use seckill_core::limit::Ask;

/// Numbers of a rule: units, per milliseconds, at most at once.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    pub count: u64,
    pub period_ms: u64,
    pub burst: u64,
}

/// A fraction, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction(u128, u128);

impl Fraction {
    fn whole(units: u64) -> Fraction {
        Fraction(u128::from(units), 1)
    }

    fn reduced(self) -> Fraction {
        let (mut a, mut b) = (self.0, self.1);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        Fraction(self.0 / a, self.1 / a)
    }

    fn plus(self, other: Fraction) -> Fraction {
        Fraction(self.0 * other.1 + other.0 * self.1, self.1 * other.1).reduced()
    }

    /// The difference, or nothing.
    fn less(self, other: Fraction) -> Fraction {
        Fraction((self.0 * other.1).saturating_sub(other.0 * self.1), self.1 * other.1).reduced()
    }

    fn is_above(self, other: Fraction) -> bool {
        self.0 * other.1 > other.0 * self.1
    }

    fn floor(self) -> u128 {
        self.0 / self.1
    }

    fn ceil_of(self, times: u64) -> u128 {
        (self.0 * u128::from(times)).div_ceil(self.1)
    }
}

/// What is used, of one key.
#[derive(Clone, Copy, Debug)]
pub struct Naive {
    used: Fraction,
    at: u64,
    period_ms: u64,
    /// When the key goes.
    pub until: u64,
}

/// What a command would answer: limited, remaining, retry-after, reset-after.
pub type Answer = (bool, u64, Option<u64>, u64);

impl Naive {
    /// What is used at `now` by this rule, and the moment that counts as now.
    fn used(key: Option<Naive>, now: u64, rule: Numbers) -> (Fraction, u64) {
        let Some(key) = key else { return (Fraction::whole(0), now) };
        let mut used = key.used;
        if key.period_ms != rule.period_ms {
            // Beyond whole units, the next part of the new period.
            let beyond = used.less(Fraction(used.floor(), 1));
            let parts = beyond.ceil_of(rule.period_ms);
            used = Fraction(used.floor(), 1).plus(Fraction(parts, u128::from(rule.period_ms)));
        }
        let moment = now.max(key.at);
        let leaked =
            Fraction(u128::from(moment - key.at) * u128::from(rule.count), u128::from(rule.period_ms));
        (used.less(leaked), moment)
    }

    /// The answer, and what is kept from now on.
    pub fn ask(key: Option<Naive>, now: u64, rule: Numbers, ask: Ask) -> (Answer, Option<Naive>) {
        let (used, moment) = Naive::used(key, now, rule);
        let capacity = Fraction::whole(rule.burst);
        let (after, most) = match ask {
            Ask::Take(units) | Ask::Peek(units) => (used.plus(Fraction::whole(units)), units),
            Ask::Refund(units) => (used.less(Fraction::whole(units)), 0),
        };
        let refunds = matches!(ask, Ask::Refund(_));
        let limited = !refunds && after.is_above(capacity);
        let then = if limited || matches!(ask, Ask::Peek(_)) { used } else { after };
        let wait = |amount: Fraction| {
            let ms = (amount.0 * u128::from(rule.period_ms)).div_ceil(amount.1 * u128::from(rule.count));
            u64::try_from(ms).unwrap_or(u64::MAX).saturating_add(moment - now)
        };
        let retry = (limited && most <= rule.burst).then(|| wait(after.less(capacity)));
        let reset = if then.0 > 0 { wait(then) } else { 0 };
        let remaining = u64::try_from(capacity.less(then).floor()).unwrap();
        let kept = if then == used {
            key
        } else if then.0 == 0 {
            None
        } else {
            Some(Naive {
                used: then,
                at: moment,
                period_ms: rule.period_ms,
                until: now.saturating_add(reset).min(1 << 53),
            })
        };
        ((limited, remaining, retry, reset), kept)
    }
}
