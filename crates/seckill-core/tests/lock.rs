//! A lock and a model of it are asked the same at random, and must agree after every step.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of steps in all.

#[allow(dead_code, reason = "other tests need the rest of it")]
#[path = "model/random.rs"]
mod random;

use random::Random;
use seckill_core::codec::lock as codec;
use seckill_core::lock::{Change, Effect, FencingToken, Lock, Mode, Refusal, Request};
use seckill_core::time::Timestamp;

const STEPS: u64 = 1_000_000;
const STEPS_OF_A_RUN: u64 = 2_000;
const OWNERS: [&[u8]; 5] = [b"a", b"b", b"c\0\xff", b"dd", &[b'o'; 255]];

/// Every grant that was ever made, and nothing else.
#[derive(Default)]
struct Naive {
    grants: Vec<Grant>,
    fence: u64,
    clock: u64,
}

#[derive(Clone)]
struct Grant {
    owner: &'static [u8],
    shared: bool,
    token: u64,
    depth: u32,
    until: u64,
}

/// What a caller is told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Acquired { token: u64, depth: u32, until: u64 },
    Busy { ttl: u64 },
    Depth(u32),
    NotOwner,
    Free,
    Renewed { until: u64 },
    Lost,
    Accepted(bool),
}

impl Naive {
    fn live(&self, now: u64) -> Vec<usize> {
        (0..self.grants.len())
            .filter(|at| self.grants[*at].until > now && self.grants[*at].depth > 0)
            .collect()
    }

    fn ask(&mut self, now: u64, request: &Request<'static>) -> Told {
        let now = now.max(self.clock);
        let live = self.live(now);
        let told = match *request {
            Request::Acquire { owner, ms, mode, ahead, tick } => {
                self.acquire(now, owner, ms, (mode == Mode::Shared, ahead, tick.0))
            }
            Request::Release { owner, token } => match self.mine(&live, owner, token) {
                Some(at) => {
                    self.grants[at].depth -= 1;
                    Told::Depth(self.grants[at].depth)
                }
                None if live.is_empty() => Told::Free,
                None => Told::NotOwner,
            },
            Request::Renew { owner, ms, token } => match self.mine(&live, owner, token) {
                Some(at) => {
                    self.grants[at].until = now + ms;
                    Told::Renewed { until: now + ms }
                }
                None => Told::Lost,
            },
            Request::Fence { token } => {
                let good = token.0 >= self.fence;
                self.fence = self.fence.max(token.0);
                Told::Accepted(good)
            }
        };
        let changed = match told {
            Told::Busy { .. } | Told::NotOwner | Told::Free | Told::Lost => false,
            Told::Accepted(_) => matches!(request, Request::Fence { token } if token.0 == self.fence),
            _ => true,
        };
        // Time passes for a lock only with its changes; a token that was seen before changes nothing.
        if changed && !matches!(told, Told::Accepted(_)) {
            self.clock = now;
        }
        told
    }

    fn mine(&self, live: &[usize], owner: &[u8], token: Option<FencingToken>) -> Option<usize> {
        let at = live.iter().copied().find(|at| self.grants[*at].owner == owner)?;
        token.is_none_or(|token| token.0 == self.grants[at].token).then_some(at)
    }

    fn acquire(
        &mut self,
        now: u64,
        owner: &'static [u8],
        ms: u64,
        (shared, ahead, tick): (bool, usize, u64),
    ) -> Told {
        let live = self.live(now);
        let ttl = live.iter().map(|at| self.grants[*at].until - now).max().unwrap_or(0);
        let newest = self.grants.iter().map(|grant| grant.token).max().unwrap_or(0);
        let token = tick.max(newest + 1);
        let others = live.iter().filter(|at| self.grants[**at].owner != owner).count();
        if let Some(at) = self.mine(&live, owner, None) {
            let old = self.grants[at].clone();
            let upgrade = old.shared && !shared;
            if upgrade && others > 0 {
                return Told::Busy { ttl };
            }
            let until = old.until.max(now + ms);
            let token = if upgrade { token } else { old.token };
            self.grants[at].depth = 0;
            let depth = old.depth + 1;
            self.grants.push(Grant { owner, shared: old.shared && shared, token, depth, until });
            return Told::Acquired { token, depth, until };
        }
        let all_share = shared && live.iter().all(|at| self.grants[*at].shared);
        if ahead > 0 || others > 0 && !all_share {
            return Told::Busy { ttl };
        }
        self.grants.push(Grant { owner, shared, token, depth: 1, until: now + ms });
        Told::Acquired { token, depth: 1, until: now + ms }
    }
}

/// A lock, its copy, and the model.
struct Trial {
    lock: Lock,
    copy: Lock,
    model: Naive,
    now: u64,
    newest: FencingToken,
}

impl Trial {
    fn step(&mut self, random: &mut Random) {
        self.now = match random.below(20) {
            0 => self.now - random.below(200),
            1 => self.now + random.below(5_000),
            _ => self.now + random.below(20),
        };
        let request = self.request(random);
        let decided = self.lock.decide(Timestamp(self.now), &request);
        let before = self.lock.clone();
        let told = match decided {
            Ok(effect) => self.make(&effect),
            Err(refusal) => {
                assert_eq!(self.lock, before, "a refusal changes nothing");
                refused(refusal)
            }
        };
        let fence_known = matches!(request, Request::Fence { token } if token == self.lock.fence());
        assert_eq!(told, self.model.ask(self.now, &request), "{request:?}");
        if matches!(request, Request::Fence { .. }) && decided.is_ok() {
            // The model has no clock of fences.
            self.model.clock = self.model.clock.max(self.now);
            assert!(fence_known);
        }
        self.invariants();
    }

    fn request(&self, random: &mut Random) -> Request<'static> {
        let owner = random.pick(&OWNERS);
        let ms = random.pick(&[1, 5, 20, 100, 1_000]);
        let known = self.lock.holders().iter().map(|holder| holder.token).next();
        let token = match random.below(3) {
            0 => known,
            1 => Some(FencingToken(random.below(9))),
            _ => None,
        };
        match random.below(10) {
            0..=4 => {
                let mode = random.pick(&[Mode::Exclusive, Mode::Shared]);
                let ahead = if random.once_in(5) { 1 } else { 0 };
                let tick = FencingToken::tick(FencingToken(0), Timestamp(self.now));
                Request::Acquire { owner, ms, mode, ahead, tick }
            }
            5..=7 => Request::Release { owner, token },
            8 => Request::Renew { owner, ms, token },
            _ => Request::Fence { token: token.unwrap_or(self.lock.last()) },
        }
    }

    fn make(&mut self, effect: &Effect<'_>) -> Told {
        let mut payload = Vec::new();
        let kept = effect.at.after(7);
        codec::encode_effect(effect, kept, &mut payload);
        let Ok(codec::Sent::Effect(sent, until)) = codec::decode_sent(&payload) else { panic!("an effect") };
        assert_eq!((sent, until), (*effect, kept));
        self.copy.check(&sent).expect("a copy takes what was decided");
        self.copy.apply(&sent);
        self.lock.apply(effect);
        assert_eq!(self.lock, self.copy);
        assert!(self.copy.check(&sent).is_err() || matches!(effect.change, Change::Renewed { .. }), "twice");
        match effect.change {
            Change::Acquired { token, depth, until, .. } => {
                assert!(token > self.newest || depth > 1, "tokens grow");
                self.newest = self.newest.max(token);
                Told::Acquired { token: token.0, depth, until: until.0 }
            }
            Change::Released { depth, .. } => Told::Depth(depth),
            Change::Renewed { until, .. } => Told::Renewed { until: until.0 },
            Change::Fenced { .. } => Told::Accepted(true),
        }
    }

    fn invariants(&self) {
        let now = Timestamp(self.now);
        let held = self.lock.holders_at(now).count();
        assert!(held <= 1 || self.lock.mode() == Mode::Shared, "two writers");
        let mut payload = Vec::new();
        codec::encode_lock(&self.lock, &mut payload);
        assert_eq!(codec::decode_lock(&payload).as_ref(), Ok(&self.lock), "stored and loaded");
    }
}

fn refused(refusal: Refusal) -> Told {
    match refusal {
        Refusal::Busy { ttl_ms } => Told::Busy { ttl: ttl_ms },
        Refusal::NotOwner => Told::NotOwner,
        Refusal::Free => Told::Free,
        Refusal::Lost => Told::Lost,
        Refusal::Stale => Told::Accepted(false),
        Refusal::Accepted => Told::Accepted(true),
        Refusal::Full | Refusal::Exhausted => panic!("not in so few steps"),
    }
}

#[test]
fn a_lock_its_copy_and_the_model_agree_after_every_step() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let steps = number("SECKILL_STEPS").unwrap_or(STEPS);
    let seeds = number("SECKILL_SEED").map_or(0..steps.div_ceil(STEPS_OF_A_RUN), |seed| seed..seed + 1);
    for seed in seeds {
        let run = std::panic::catch_unwind(|| {
            let mut random = Random::new(seed);
            let (lock, copy, model) = (Lock::default(), Lock::default(), Naive::default());
            let mut trial = Trial { lock, copy, model, now: 1_000_000, newest: FencingToken(0) };
            (0..STEPS_OF_A_RUN).for_each(|_| trial.step(&mut random));
        });
        assert!(run.is_ok(), "to repeat it: SECKILL_SEED={seed}");
    }
}

#[test]
fn a_damaged_lock_is_refused_or_sound() {
    let mut lock = Lock::default();
    for (owner, at) in [(&b"a"[..], 1_000), (b"b", 1_001), (b"c", 1_002)] {
        let tick = FencingToken::tick(lock.last(), Timestamp(at));
        let request = Request::Acquire { owner, ms: 500, mode: Mode::Shared, ahead: 0, tick };
        let effect = lock.decide(Timestamp(at), &request).expect("readers share");
        lock.apply(&effect);
    }
    let mut payload = Vec::new();
    codec::encode_lock(&lock, &mut payload);
    for at in 0..payload.len() {
        for byte in 0..=255 {
            let mut damaged = payload.clone();
            damaged[at] = byte;
            if let Ok(lock) = codec::decode_lock(&damaged) {
                assert!(lock.holders().len() <= 1 || lock.mode() == Mode::Shared);
                assert!(lock.holders().iter().all(|holder| holder.token <= lock.last()));
            }
        }
        assert!(codec::decode_lock(&payload[..at]).is_err(), "cut at {at}");
    }
}
