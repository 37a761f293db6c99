//! A cache entry and a naive model of it are asked the same at random, and must agree after every step.
//!
//! Loaders read a source that changes; who changes it invalidates the entry after.
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of steps in all.

#[allow(dead_code, reason = "other tests need the rest of it")]
#[path = "model/random.rs"]
mod random;

use random::Random;
use seckill_core::cache::{Change, Effect, Entry, LeaseToken, Refusal, Request, Supply};
use seckill_core::codec::cache::{self as codec, Sent};
use seckill_core::time::Timestamp;

const STEPS: u64 = 1_200_000;
const STEPS_OF_A_RUN: u64 = 2_000;
const SPAN_MS: u64 = 40;

/// What the source had when a loader looked: a version, or nothing.
type Version = Option<u64>;

/// A loader that was told to load.
#[derive(Clone, Copy)]
struct Loader {
    token: LeaseToken,
    read: Version,
    read_at_version: u64,
}

/// The entry as somebody would write it down who has no codec, no replica and no memory to save.
#[derive(Default)]
struct Model {
    /// Version, end of freshness, end of all.
    known: Option<(Version, u64, u64)>,
    lease: Option<(LeaseToken, u64)>,
}

impl Model {
    /// The answer to a FETCH, or none if the caller is to load.
    fn fetch(&self, now: u64) -> Option<String> {
        let lease = self.lease.filter(|(_, until)| now < *until);
        match (self.known, lease) {
            (Some((Some(version), fresh, _)), _) if now < fresh => {
                Some(format!("HIT {version} {}", fresh - now))
            }
            (Some((None, fresh, _)), _) if now < fresh => Some(format!("ABSENT {}", fresh - now)),
            (Some((Some(version), _, end)), Some(_)) if now < end => Some(format!("STALE {version}")),
            (_, Some((_, until))) => Some(format!("BUSY {}", until - now)),
            (_, None) => None,
        }
    }

    fn holds_something(&self, now: u64) -> bool {
        self.known.is_some_and(|(_, _, end)| now < end) || self.lease.is_some_and(|(_, until)| now < until)
    }
}

struct Trial {
    random: Random,
    now: u64,
    last: LeaseToken,
    entry: Entry,
    replica: Entry,
    model: Model,
    /// The source: its value at this version, and how often it changed.
    source: Version,
    changes: u64,
    /// The source's version at the newest INVALIDATE.
    invalidated_at: u64,
    loaders: Vec<Loader>,
}

impl Trial {
    fn new(seed: u64) -> Trial {
        Trial {
            random: Random::new(seed),
            now: 1_700_000_000_000,
            last: LeaseToken(0),
            entry: Entry::default(),
            replica: Entry::default(),
            model: Model::default(),
            source: Some(0),
            changes: 0,
            invalidated_at: 0,
            loaders: Vec::new(),
        }
    }

    fn run(mut self, steps: u64) {
        for _ in 0..steps {
            self.step();
            self.compare();
        }
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..=19 => self.now += self.random.below(SPAN_MS),
            20 => self.now -= self.random.below(SPAN_MS / 4),
            21..=54 => self.fetch(),
            55..=79 => self.fill(),
            80..=89 => self.change_source(),
            90..=94 => self.invalidate(),
            95..=96 => self.go_by_itself(),
            97 => self.restart(),
            _ => self.delete(),
        }
    }

    /// Sends a change to the replica as bytes and makes it on both.
    fn make(&mut self, effect: Effect<'_>) {
        let mut payload = Vec::new();
        codec::encode_effect(&effect, &mut payload);
        let Ok(Sent::Effect(sent)) = codec::decode_sent(&payload) else { panic!("no change") };
        assert_eq!(sent, effect);
        assert_eq!(self.replica.check(&sent), Ok(()));
        self.entry.apply(&effect);
        self.replica.apply(&sent);
    }

    fn fetch(&mut self) {
        let expected = self.model.fetch(self.now);
        let tick = LeaseToken::tick(self.last, Timestamp(self.now));
        let lease_ms = self.random.below(SPAN_MS);
        let entry = self.entry.clone();
        match entry.decide(Timestamp(self.now), &Request::Fetch { lease_ms, tick }) {
            Ok(effect) => {
                assert_eq!(expected, None, "leased");
                let Change::Leased { token, until } = effect.change else { panic!("no lease: {effect:?}") };
                assert!(self.loaders.iter().all(|loader| loader.token < token), "the token is a later one");
                self.last = tick;
                self.model.known = self.model.known.filter(|(_, _, end)| self.now < *end);
                self.model.lease = Some((token, until.0));
                self.loaders.push(Loader { token, read: self.source, read_at_version: self.changes });
                self.make(effect);
            }
            Err(refusal) => {
                assert_eq!(Some(shown(refusal)), expected);
                if let Refusal::Hit { value, .. } | Refusal::Stale { value } = refusal {
                    assert!(number(value) >= self.invalidated_at, "an old value was seen again");
                }
            }
        }
    }

    fn fill(&mut self) {
        if self.loaders.is_empty() {
            return;
        }
        let which = self.random.below(self.loaders.len() as u64) as usize;
        let loader = self.loaders[which];
        let (ms, stale_ms) = (1 + self.random.below(SPAN_MS), self.random.below(SPAN_MS));
        let bytes = loader.read.map(|version| version.to_string().into_bytes());
        let supply = match &bytes {
            Some(bytes) => Supply::Value { bytes, fresh_ms: ms, stale_ms },
            None => Supply::Absent { ms },
        };
        let fits = self.model.lease.is_some_and(|(token, until)| token == loader.token && self.now < until);
        let entry = self.entry.clone();
        match entry.decide(Timestamp(self.now), &Request::Fill { token: loader.token, supply }) {
            Ok(effect) => {
                assert!(fits, "filled by a loader without a lease");
                assert!(loader.read_at_version >= self.invalidated_at, "an old value was put back");
                let stale_ms = if loader.read.is_some() { stale_ms } else { 0 };
                self.model.known = Some((loader.read, self.now + ms, self.now + ms + stale_ms));
                self.model.lease = None;
                self.make(effect);
            }
            Err(refusal) => assert_eq!((refusal, fits), (Refusal::Discarded, false)),
        }
        if self.random.below(4) > 0 {
            self.loaders.swap_remove(which);
        }
    }

    fn change_source(&mut self) {
        self.changes += 1;
        self.source = (self.random.below(4) > 0).then_some(self.changes);
        if self.random.below(4) > 0 {
            self.invalidate();
        }
    }

    fn invalidate(&mut self) {
        let entry = self.entry.clone();
        match entry.decide(Timestamp(self.now), &Request::Invalidate) {
            Ok(effect) => {
                self.make(effect);
                assert!(self.entry.holds_nothing());
                self.delete();
            }
            Err(refusal) => {
                assert_eq!((refusal, entry.holds_nothing()), (Refusal::Unknown, true));
                assert!(!self.model.holds_something(self.now));
            }
        }
        self.invalidated_at = self.changes;
    }

    /// The server takes the key away once its time is over.
    fn go_by_itself(&mut self) {
        if self.entry.ends() < Timestamp(self.now) {
            assert!(!self.model.holds_something(self.now));
            self.delete();
        }
    }

    fn delete(&mut self) {
        (self.entry, self.replica) = (Entry::default(), Entry::default());
        self.model = Model::default();
    }

    /// The entry goes to disk and comes back; which tokens were given is forgotten.
    fn restart(&mut self) {
        let mut payload = Vec::new();
        codec::encode_entry(&self.entry, &mut payload);
        let loaded = codec::decode_entry(&payload);
        if self.entry.holds_nothing() {
            assert!(loaded.is_err());
        } else {
            self.entry = loaded.expect("an entry");
        }
    }

    fn compare(&self) {
        assert_eq!(self.entry, self.replica);
        assert_eq!(self.entry.is_alive(Timestamp(self.now)), self.model.holds_something(self.now));
    }
}

fn number(value: &[u8]) -> u64 {
    std::str::from_utf8(value).unwrap().parse().unwrap()
}

fn shown(refusal: Refusal<'_>) -> String {
    let word = refusal.status().unwrap();
    match refusal {
        Refusal::Hit { value, left_ms } => format!("{word} {} {left_ms}", number(value)),
        Refusal::Stale { value } => format!("{word} {}", number(value)),
        Refusal::Absent { left_ms } => format!("{word} {left_ms}"),
        Refusal::Busy { retry_ms } => format!("{word} {retry_ms}"),
        Refusal::Discarded | Refusal::Unknown | Refusal::Exhausted => panic!("no answer to a FETCH"),
    }
}

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn an_invalidated_value_is_never_seen_again() {
    let steps = number_from("SECKILL_STEPS").unwrap_or(STEPS);
    let seeds = number_from("SECKILL_SEED").map_or(0..steps.div_ceil(STEPS_OF_A_RUN), |seed| seed..seed + 1);
    for seed in seeds {
        let run = std::panic::catch_unwind(|| Trial::new(seed).run(STEPS_OF_A_RUN));
        assert!(run.is_ok(), "to repeat it: SECKILL_SEED={seed}");
    }
}

mod stored {
    use super::*;
    use seckill_core::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
    use seckill_core::cache::Content;
    use seckill_core::codec::{Corrupt, Family};

    const AT: Timestamp = Timestamp(1_000_000);

    fn leased() -> Entry {
        let mut entry = Entry::default();
        let request = Request::Fetch { lease_ms: 5000, tick: LeaseToken(7) };
        let effect = entry.decide(AT, &request).unwrap();
        entry.apply(&effect);
        entry
    }

    fn filled() -> Entry {
        let mut entry = leased();
        let supply = Supply::Value { bytes: b"a\0\xff", fresh_ms: 10, stale_ms: 20 };
        let effect = entry.decide(AT, &Request::Fill { token: LeaseToken(7), supply }).unwrap();
        entry.apply(&effect);
        entry
    }

    fn bytes(entry: &Entry) -> Vec<u8> {
        let mut payload = Vec::new();
        codec::encode_entry(entry, &mut payload);
        payload
    }

    #[test]
    fn entries_of_version_1_keep_their_bytes() {
        assert_eq!(bytes(&leased()), [1, 65, 7, 200, 171, 61, 0]);
        assert_eq!(bytes(&filled()), [1, 65, 7, 0, 2, 202, 132, 61, 20, 3, b'a', 0, 0xff]);
        for entry in [leased(), filled()] {
            assert_eq!(codec::decode_entry(&bytes(&entry)), Ok(entry));
        }
    }

    #[test]
    fn changes_of_version_1_keep_their_bytes() {
        let sent = |change| {
            let mut payload = Vec::new();
            codec::encode_effect(&Effect { at: Timestamp(5), change }, &mut payload);
            assert_eq!(Family::of(&payload), Ok(Family::Cache));
            assert_eq!(codec::decode_sent(&payload), Ok(Sent::Effect(Effect { at: Timestamp(5), change })));
            payload
        };
        let token = LeaseToken(5001);
        assert_eq!(sent(Change::Leased { token, until: Timestamp(6) }), [1, 64, 5, 1, 2, 1]);
        let (fresh_until, stale_until) = (Timestamp(6), Timestamp(8));
        let filled = Change::Filled { token, value: b"v", fresh_until, stale_until };
        assert_eq!(sent(filled), [1, 64, 5, 2, 2, 1, 2, 1, b'v']);
        assert_eq!(sent(Change::FoundAbsent { token, until: Timestamp(6) }), [1, 64, 5, 3, 2, 1]);
        assert_eq!(sent(Change::Invalidated), [1, 64, 5, 4]);
    }

    #[test]
    fn a_payload_that_ends_early_or_late_is_refused() {
        for entry in [leased(), filled()] {
            let payload = bytes(&entry);
            for len in 0..payload.len() {
                assert!(codec::decode_entry(&payload[..len]).is_err(), "{len} bytes");
            }
            assert_eq!(codec::decode_entry(&[&payload[..], b"x"].concat()), Err(Corrupt("too long")));
        }
    }

    /// Damaged payloads that are tried.
    const DAMAGED: u64 = 300_000;

    #[test]
    fn a_damaged_payload_is_refused_or_means_what_it_says() {
        let mut random = Random::new(number_from("SECKILL_SEED").unwrap_or(7));
        let mut sent = Vec::new();
        let change = Change::Filled {
            token: LeaseToken(5001),
            value: b"value",
            fresh_until: Timestamp(9),
            stale_until: Timestamp(300),
        };
        codec::encode_effect(&Effect { at: Timestamp(5), change }, &mut sent);
        let originals = [bytes(&leased()), bytes(&filled()), sent];
        for _ in 0..DAMAGED {
            let mut payload = originals[random.below(3) as usize].clone();
            for _ in 0..=random.below(3) {
                let at = 2 + random.below(payload.len() as u64 - 2) as usize;
                match random.below(4) {
                    0 => payload[at] ^= 1 << random.below(8),
                    1 => payload[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5) as usize],
                    2 => payload.insert(at, random.next() as u8),
                    _ => payload.truncate(at.max(3)),
                }
            }
            match codec::decode_sent(&payload) {
                Ok(Sent::Entry(entry)) => assert_eq!(codec::decode_entry(&bytes(&entry)), Ok(entry)),
                Ok(Sent::Effect(effect)) => apply_where_it_fits(&effect),
                Err(_) => {}
            }
        }
    }

    fn apply_where_it_fits(effect: &Effect<'_>) {
        for mut entry in [Entry::default(), leased(), filled()] {
            if entry.check(effect).is_ok() {
                entry.apply(effect);
                assert!(entry.holds_nothing() || codec::decode_entry(&bytes(&entry)).as_ref() == Ok(&entry));
            }
        }
    }

    #[test]
    fn a_key_outlives_its_lease_by_a_second_and_its_content_by_nothing() {
        assert_eq!(leased().kept_until(), AT.after(5000 + 1000));
        assert_eq!((filled().kept_until(), filled().ends()), (AT.after(30), AT.after(30)));
        assert!(Entry::default().kept_until() == Timestamp(0) && Entry::default().holds_nothing());
    }

    #[test]
    fn entries_that_no_history_leads_to_are_refused() {
        let refused = |content, token: u64, leased_until: u64| {
            Entry::restored(content, LeaseToken(token), Timestamp(leased_until)).map_err(|Invalid(why)| why)
        };
        let value = |fresh, stale| Content::Value {
            bytes: Box::default(),
            fresh_until: Timestamp(fresh),
            stale_until: Timestamp(stale),
        };
        assert!(refused(value(5, 5), 1, 0).is_ok());
        assert_eq!(refused(value(5, 4), 1, 0), Err("a value that is stale before it was fresh"));
        let too_late = COUNT_MAX + 2 * DURATION_MS_MAX + 1;
        assert_eq!(refused(value(5, too_late), 1, 0), Err("a moment out of range"));
        assert_eq!(refused(Content::Nothing, 1, too_late), Err("a moment out of range"));
        assert_eq!(refused(value(5, 5), 0, 0), Err("a token out of range"));
        assert_eq!(refused(value(5, 5), LeaseToken::MAX.0 + 1, 0), Err("a token out of range"));
        assert_eq!(refused(Content::Nothing, 1, 0), Err("an entry of nothing"));
    }

    #[test]
    fn changes_that_this_entry_could_not_decide_are_refused() {
        let why = |entry: &Entry, at, change| entry.check(&Effect { at, change }).map_err(|why| why.0);
        let later = AT.after(1);
        let lease = |token, ms| Change::Leased { token: LeaseToken(token), until: later.after(ms) };
        assert_eq!(why(&leased(), later, lease(8, 1)), Err("somebody loads the entry"));
        assert_eq!(why(&filled(), later, lease(8, 1)), Err("the entry is fresh"));
        let over = AT.after(5000);
        let after = |token, ms| Change::Leased { token: LeaseToken(token), until: over.after(ms) };
        assert_eq!(why(&leased(), over, after(7, 1)), Err("its token is not a later one"));
        assert_eq!(
            why(&leased(), over, after(LeaseToken::MAX.0 + 1, 1)),
            Err("its token is not a later one")
        );
        assert_eq!(why(&leased(), over, after(8, 0)), Ok(()));
        assert_eq!(why(&leased(), over, after(8, DURATION_MS_MAX + 1)), Err("its lease is out of range"));
        assert_eq!(why(&leased(), over, after(8, DURATION_MS_MAX)), Ok(()));
        let absent = |token, ms| Change::FoundAbsent { token: LeaseToken(token), until: later.after(ms) };
        assert_eq!(why(&leased(), later, absent(7, 1)), Ok(()));
        assert_eq!(why(&leased(), later, absent(7, 0)), Err("its end is out of range"));
        assert_eq!(why(&leased(), later, absent(6, 1)), Err("its lease is not the entry's"));
        assert_eq!(why(&filled(), later, absent(7, 1)), Err("its lease is not the entry's"));
        assert_eq!(why(&leased(), over, absent(7, 9000)), Err("its lease is not the entry's"));
        let filled_for = |fresh_ms, stale_ms| Change::Filled {
            token: LeaseToken(7),
            value: b"v",
            fresh_until: later.after(fresh_ms),
            stale_until: later.after(fresh_ms + stale_ms),
        };
        assert_eq!(why(&leased(), later, filled_for(DURATION_MS_MAX, DURATION_MS_MAX)), Ok(()));
        assert_eq!(why(&leased(), later, filled_for(0, 1)), Err("its end is out of range"));
        assert_eq!(why(&leased(), later, filled_for(DURATION_MS_MAX + 1, 0)), Err("its end is out of range"));
        assert_eq!(why(&leased(), later, filled_for(1, DURATION_MS_MAX + 1)), Err("its end is out of range"));
        let forget = Change::Invalidated;
        assert_eq!(why(&Entry::default(), later, forget), Err("there is nothing to forget"));
        assert_eq!(why(&leased(), over, forget), Ok(()));
        assert_eq!(why(&leased(), Timestamp(COUNT_MAX + 1), forget), Err("its time is out of range"));
    }

    #[test]
    fn what_was_over_when_it_was_invalidated_stays_so_when_the_clock_steps_back() {
        let mut entry = filled();
        let over = entry.ends().after(1);
        assert!(!entry.is_alive(over));
        let effect = entry.decide(over, &Request::Invalidate).unwrap();
        entry.apply(&effect);
        let request = Request::Fetch { lease_ms: 1, tick: LeaseToken(8) };
        assert!(matches!(entry.decide(AT, &request), Ok(Effect { change: Change::Leased { .. }, .. })));
    }

    #[test]
    fn an_entry_whose_tokens_are_used_up_says_so() {
        let entry = Entry::restored(Content::Absent { until: AT }, LeaseToken::MAX, Timestamp(0)).unwrap();
        let request = Request::Fetch { lease_ms: 1, tick: LeaseToken(1) };
        assert_eq!(entry.decide(AT, &request), Err(Refusal::Exhausted));
    }
}
