//! The exact set, and the trial that asks both.

use std::collections::{BTreeMap, BTreeSet};

use seckill_core::codec::filter as codec;
use seckill_core::filter::{Begun, Change, ErrorRate, Filter, Growth, Rebuild, Refusal, Verb};

use crate::random::Random;

/// Items that a trial knows; some are never added.
const ITEMS: u64 = 3_000;
const ROOM: u64 = 1 << 24;

/// What is surely true of a set of items.
#[derive(Clone, Default)]
struct Exact {
    /// Items that are in.
    present: BTreeSet<u64>,
    /// Items that were removed and not added since.
    removed: BTreeSet<u64>,
}

impl Exact {
    fn add(&mut self, item: u64) {
        self.present.insert(item);
        self.removed.remove(&item);
    }
}

/// A filter, its replica, and what must be true of them.
pub struct Trial {
    random: Random,
    filter: Filter,
    replica: Filter,
    now: Exact,
    next: Option<Exact>,
}

fn name(item: u64) -> Vec<u8> {
    let mut name = item.to_le_bytes().to_vec();
    name.extend(std::iter::repeat_n(0xff, (item % 30) as usize));
    name
}

fn received(payload: &[u8]) -> Filter {
    match codec::decode_sent(payload) {
        Ok(codec::Sent::Created(begun)) => Filter::new(begun.error, begun.growth, begun.first),
        other => panic!("no creation: {other:?}"),
    }
}

impl Trial {
    pub fn new(seed: u64) -> Trial {
        let mut random = Random::new(seed);
        let error = ErrorRate::new([0.5, 0.1, 0.01, 0.001][random.below(4) as usize]).unwrap();
        let growth = [Growth::By(1), Growth::By(2), Growth::By(4), Growth::Fixed][random.below(4) as usize];
        let capacity = if growth == Growth::Fixed { ITEMS } else { 1 + random.below(60) };
        let begun = Begun::decide(capacity, error, growth, ROOM).unwrap();
        let mut payload = Vec::new();
        codec::encode_created(&begun, &mut payload);
        let filter = Filter::new(begun.error, begun.growth, begun.first);
        Trial { random, filter, replica: received(&payload), now: Exact::default(), next: None }
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn run(&mut self, steps: u64) {
        for step in 0..steps {
            match self.random.below(40) {
                0 => self.rebuild(),
                1..=8 => self.items(Verb::Remove),
                9..=16 if self.next.is_some() => self.items(Verb::Refill),
                _ => self.items(Verb::Add),
            }
            if step % 100 == 99 {
                self.compare();
                self.reload();
            }
        }
        self.compare();
    }

    fn items(&mut self, verb: Verb) {
        let most = self.random.pick(&[1, 1, 20]);
        let count = 1 + self.random.below(most);
        let items: Vec<u64> = (0..count).map(|_| self.random.below(ITEMS * 2 / 3)).collect();
        let names: Vec<Vec<u8>> = items.iter().map(|item| name(*item)).collect();
        let before = self.filter.clone();
        let decided = self.filter.decide(verb, names.iter().map(Vec::as_slice), ROOM);
        let effect = match decided {
            Ok(effect) => effect,
            Err(Refusal::Full { .. }) if self.filter.now().growth() == Growth::Fixed => return,
            Err(why) => panic!("{why:?}"),
        };
        for (item, step) in items.iter().zip(effect.steps.iter()) {
            self.expect(verb, *item, step.changes());
        }
        let changes = effect.changes();
        self.make(Change::Items(effect), changes);
        if !changes {
            assert_eq!(blocks(&before), blocks(&self.filter), "nothing was to change");
        }
    }

    /// What an answer may be, and what is true from now on.
    fn expect(&mut self, verb: Verb, item: u64, changes: bool) {
        match verb {
            Verb::Add => {
                let news = |exact: &Exact| exact.removed.contains(&item);
                if self.next.is_none() {
                    assert!(!changes || !self.now.present.contains(&item), "added twice");
                    assert!(changes || !news(&self.now), "removed, but not restored");
                }
                self.now.add(item);
                self.next.iter_mut().for_each(|next| next.add(item));
            }
            Verb::Refill => self.next.iter_mut().for_each(|next| next.add(item)),
            Verb::Remove => {
                assert!(changes || !self.now.present.contains(&item), "not removed");
                let of = |exact: &mut Exact| {
                    if exact.present.remove(&item) {
                        exact.removed.insert(item);
                    }
                };
                of(&mut self.now);
                self.next.iter_mut().for_each(of);
            }
        }
    }

    fn rebuild(&mut self) {
        let what = match (&self.next, self.random.below(3)) {
            (None, _) => Rebuild::Begin { capacity: 1 + self.random.below(ITEMS), error: None },
            (Some(_), 0) => Rebuild::Abort,
            (Some(_), _) => Rebuild::Commit,
        };
        let change = self.filter.decide_rebuild(what, ROOM).unwrap();
        match what {
            Rebuild::Begin { .. } => self.next = Some(Exact::default()),
            Rebuild::Abort => self.next = None,
            Rebuild::Commit => self.now = self.next.take().unwrap(),
        }
        self.make(change, true);
    }

    fn make(&mut self, change: Change<'_>, sent: bool) {
        assert_eq!(self.filter.check(&change), Ok(()));
        self.filter.apply(&change);
        if !sent {
            return;
        }
        let mut payload = Vec::new();
        codec::encode_change(&change, &mut payload);
        match codec::decode_sent(&payload) {
            Ok(codec::Sent::Change(change)) => {
                assert_eq!(self.replica.check(&change), Ok(()));
                self.replica.apply(&change);
            }
            other => panic!("no change: {other:?}"),
        }
    }

    fn compare(&self) {
        for (exact, generation) in
            [(Some(&self.now), Some(self.filter.now())), (self.next.as_ref(), self.filter.next())]
        {
            let (Some(exact), Some(generation)) = (exact, generation) else { continue };
            let listed: BTreeMap<&[u8], ()> = generation.removed().map(|item| (item, ())).collect();
            assert!(exact.present.iter().all(|item| !listed.contains_key(&name(*item)[..])));
        }
        assert!(self.now.present.iter().all(|item| self.filter.may_exist(&name(*item))), "a false negative");
        assert!(
            self.now.removed.iter().all(|item| !self.filter.may_exist(&name(*item))),
            "removed, but found"
        );
        assert_eq!(blocks(&self.filter), blocks(&self.replica), "the replica is another");
    }

    fn reload(&mut self) {
        let mut loader = codec::Loader::default();
        let fed: Vec<_> =
            blocks(&self.filter).iter().filter_map(|block| loader.feed(block).unwrap()).collect();
        let [reloaded] = fed.try_into().expect("one filter");
        assert_eq!(blocks(&reloaded), blocks(&self.filter), "the reloaded is another");
        self.filter = reloaded;
    }
}

fn blocks(filter: &Filter) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    codec::blocks(filter, |block| blocks.push(block.to_vec()));
    blocks
}
