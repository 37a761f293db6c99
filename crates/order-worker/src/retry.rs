//! What becomes of an entry that failed, and how long to wait before anything is tried again.

use std::time::Duration;

/// How often and when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Deliveries after which a failing entry is given up, at least 1.
    pub attempts: u32,
    /// The first wait.
    pub base: Duration,
    /// The longest wait: entries that rest for longer may be claimed by any worker.
    pub cap: Duration,
}

/// How many times as patient with what waits for others.
const FOR_OTHERS: u32 = 4;

/// Why an entry failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// By itself.
    Itself,
    /// Events before it are missing, which may give it what it lacks; another worker may have them.
    Others,
}

/// What becomes of an entry that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays pending and is delivered again after so long.
    Again(Duration),
    /// It goes to the dead letters.
    Dead,
}

/// Random number of 0 to 999, so that workers that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(u16);

impl Jitter {
    /// The part of 1000 that any random number stands for.
    pub fn of(random: u64) -> Jitter {
        Jitter((random % 1_000) as u16)
    }
}

impl Patience {
    /// The verdict on an entry that has failed in its `deliveries`-th delivery.
    ///
    /// One that waits for others has four times the attempts.
    pub fn after_failure(&self, deliveries: u32, cause: Cause, jitter: Jitter) -> Verdict {
        let attempts = match cause {
            Cause::Itself => self.attempts,
            Cause::Others => self.attempts.saturating_mul(FOR_OTHERS),
        };
        if deliveries >= attempts { Verdict::Dead } else { Verdict::Again(self.wait(deliveries, jitter)) }
    }

    /// Whether an entry has been delivered so often without any outcome that it is taken to end its workers.
    pub fn is_deadly(&self, deliveries: u32) -> bool {
        deliveries > self.attempts.saturating_mul(FOR_OTHERS).saturating_add(4)
    }

    /// The wait after so many failures: doubled each time up to the cap, of which a random half is taken off.
    pub fn wait(&self, failures: u32, jitter: Jitter) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let longest = self.base.saturating_mul(1 << doublings).min(self.cap);
        longest / 2 + longest / 2 * u32::from(jitter.0) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { attempts: 5, base: Duration::from_millis(100), cap: Duration::from_secs(1) };

    #[test]
    fn a_wait_doubles_up_to_its_cap() {
        let most = |failures| PATIENCE.wait(failures, Jitter::of(999)).as_millis();
        assert_eq!([1, 2, 3, 4, 5, 60].map(most), [99, 199, 399, 799, 999, 999]);
    }

    #[test]
    fn a_wait_is_between_half_and_all_of_its_longest() {
        for random in 0..2_000 {
            let wait = PATIENCE.wait(3, Jitter::of(random)).as_millis();
            assert!((200..400).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn an_entry_is_given_up_at_the_last_attempt_and_not_before() {
        assert!(matches!(PATIENCE.after_failure(4, Cause::Itself, Jitter::of(0)), Verdict::Again(_)));
        assert_eq!(PATIENCE.after_failure(5, Cause::Itself, Jitter::of(0)), Verdict::Dead);
        assert_eq!(PATIENCE.after_failure(6, Cause::Itself, Jitter::of(0)), Verdict::Dead);
    }

    #[test]
    fn what_waits_for_others_is_given_up_later() {
        assert!(matches!(PATIENCE.after_failure(19, Cause::Others, Jitter::of(0)), Verdict::Again(_)));
        assert_eq!(PATIENCE.after_failure(20, Cause::Others, Jitter::of(0)), Verdict::Dead);
    }

    #[test]
    fn only_many_deliveries_without_an_outcome_are_deadly() {
        assert!(!PATIENCE.is_deadly(24));
        assert!(PATIENCE.is_deadly(25));
    }
}
