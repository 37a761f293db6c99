//! Counts of what was answered, shared by all connections.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::answer::{Answer, Outcome, Status, Verb};

const STATUSES: usize = Status::ALL.len();

/// What a program that asks properly can be answered; everything else is a failure to be shown.
pub type Expects = fn(Verb, Status) -> bool;

/// Counts by verb and status, and of everything that should not have come.
pub struct Tally {
    expects: Expects,
    counts: [[AtomicU64; STATUSES]; Verb::ALL.len()],
    failures: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    pub fn new(expects: Expects) -> Self {
        Tally { expects, counts: Default::default(), failures: Mutex::default() }
    }

    /// Counts an outcome, and hands it on if it can be worked with.
    pub fn count(&self, verb: Verb, outcome: Outcome) -> Option<Answer> {
        match outcome {
            Ok(answer) => {
                self.counts[verb as usize][answer.status as usize].fetch_add(1, Ordering::Relaxed);
                if !(self.expects)(verb, answer.status) {
                    self.fail(format!("{} answered {}", verb.name(), answer.status.word()));
                }
                Some(answer)
            }
            Err(failure) => {
                self.fail(format!("{}: {failure}", verb.name()));
                None
            }
        }
    }

    /// Counts something that should not have come.
    pub fn fail(&self, failure: String) {
        // A thread that panicked while counting leaves a count that is still worth showing.
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner).entry(failure).or_default() += 1;
    }

    pub fn of(&self, verb: Verb, status: Status) -> u64 {
        self.counts[verb as usize][status as usize].load(Ordering::Relaxed)
    }

    /// How many answers the verb got.
    pub fn answers(&self, verb: Verb) -> u64 {
        Status::ALL.iter().map(|status| self.of(verb, *status)).sum()
    }

    /// The statuses that came, by their words.
    pub fn by_status(&self, verb: Verb) -> BTreeMap<&'static str, u64> {
        let counted = Status::ALL.iter().map(|status| (status.word(), self.of(verb, *status)));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    pub fn failures(&self) -> BTreeMap<String, u64> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn failed(&self) -> u64 {
        self.failures().values().sum()
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;
    use crate::answer::read;

    fn answer(status: Status) -> Outcome {
        read(Ok(Value::Array(vec![Value::SimpleString(status.word().to_owned())])))
    }

    #[test]
    fn what_was_not_expected_is_counted_twice_over() {
        let tally = Tally::new(|verb, status| verb == Verb::Reserve && status == Status::SoldOut);
        assert!(tally.count(Verb::Reserve, answer(Status::SoldOut)).is_some());
        assert!(tally.count(Verb::Reserve, answer(Status::Frozen)).is_some());
        assert!(tally.count(Verb::Confirm, Err("error ERR no".to_owned())).is_none());
        assert_eq!(tally.by_status(Verb::Reserve), BTreeMap::from([("SOLDOUT", 1), ("FROZEN", 1)]));
        assert_eq!(tally.answers(Verb::Confirm), 0);
        let failures = ["CONFIRM: error ERR no", "RESERVE answered FROZEN"].map(|text| (text.to_owned(), 1));
        assert_eq!(tally.failures(), BTreeMap::from(failures));
    }
}
