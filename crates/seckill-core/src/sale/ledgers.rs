//! What was done under a token, beside reservations: refunds, restocks, offers taken, and requests given up.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Slot;
use crate::time::Timestamp;

/// Requests given up dropped at most by one change.
const FORGOTTEN_AT_ONCE: usize = 16;

/// Refunded units of reservations and the tokens of their parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refunds {
    /// Units refunded so far, where there are any.
    pub(crate) units: BTreeMap<Slot, u64>,
    /// Units of each part.
    pub(crate) parts: BTreeMap<(Slot, Box<[u8]>), u64>,
}

impl Refunds {
    /// Units refunded so far.
    pub fn of(&self, slot: Slot) -> u64 {
        if self.units.is_empty() { 0 } else { self.units.get(&slot).copied().unwrap_or(0) }
    }

    /// The units of a part done before.
    pub fn part(&self, slot: Slot, token: &[u8]) -> Option<u64> {
        self.parts.get(&(slot, token.into())).copied()
    }

    pub(crate) fn add(&mut self, slot: Slot, units: u64, token: Option<&[u8]>) {
        *self.units.entry(slot).or_default() += units;
        if let Some(token) = token {
            self.parts.insert((slot, token.into()), units);
        }
    }
}

/// A restock done under a token, and what it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restocked {
    /// Units added.
    pub(crate) delta: i64,
    /// Units available after it.
    pub(crate) available: u64,
    /// Units in all after it.
    pub(crate) total: u64,
}

/// Restocks by token.
pub type Restocks = BTreeMap<Box<[u8]>, Restocked>;

/// Requests that took an offer under a token of their own: the user's first row and the token, and the offer's row.
pub type Answers = BTreeMap<(Slot, Box<[u8]>), Slot>;

/// Requests given up, until they are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Voids {
    until: BTreeMap<Request, Timestamp>,
    by_time: BTreeSet<(Timestamp, Request)>,
}

/// User and token.
pub(crate) type Request = (Box<[u8]>, Box<[u8]>);

impl Voids {
    /// Until when a request is refused, if it is at `now`.
    pub fn until(&self, user: &[u8], token: &[u8], now: Timestamp) -> Option<Timestamp> {
        if self.until.is_empty() {
            return None;
        }
        self.until.get(&(user.into(), token.into())).copied().filter(|until| *until > now)
    }

    /// In order of users and tokens.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Request, Timestamp)> {
        self.until.iter().map(|(request, until)| (request, *until))
    }

    pub(crate) fn insert(&mut self, user: &[u8], token: &[u8], until: Timestamp) {
        let request: Request = (user.into(), token.into());
        if let Some(old) = self.until.insert(request.clone(), until) {
            self.by_time.remove(&(old, request.clone()));
        }
        self.by_time.insert((until, request));
    }

    /// Forgets a few requests whose time is over: the same few wherever the same changes are made.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        for _ in 0..FORGOTTEN_AT_ONCE {
            match self.by_time.first() {
                Some((until, _)) if *until <= now => {}
                _ => return,
            }
            if let Some((_, request)) = self.by_time.pop_first() {
                self.until.remove(&request);
            }
        }
    }
}
