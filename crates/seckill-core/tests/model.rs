//! A sale and a model of it are asked the same at random, and must agree after every step.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of steps in all.

#[path = "model/mod.rs"]
mod naive;

use naive::random::Random;
use naive::requests::{Flavour, USERS};
use naive::{Done, Naive};
use seckill_core::codec::{self, Created, Loader, Purpose, Sent};
use seckill_core::sale::{
    Change, Effect, Outlet, Refusal, Request, Reservation, ReservationState, Sale, Seed, Stock,
};
use seckill_core::time::{Moment, Timestamp};

const STEPS: u64 = 1_000_000;
const STEPS_OF_A_RUN: u64 = 2_000;
/// Comparing all of a large sale at every step would take too long.
const COMPARED_AT_EVERY_STEP: usize = 200;

/// A sale, its model and its replica.
struct Trial {
    random: Random,
    flavour: Flavour,
    model: Naive,
    sale: Sale,
    replica: Sale,
    fresh: bool,
    now: u64,
    limit: usize,
}

#[test]
fn a_sale_its_replica_and_the_model_agree_after_every_step() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let steps = number("SECKILL_STEPS").unwrap_or(STEPS);
    let seeds = number("SECKILL_SEED").map_or(0..steps.div_ceil(STEPS_OF_A_RUN), |seed| seed..seed + 1);
    for seed in seeds {
        let run = std::panic::catch_unwind(|| {
            let mut trial = Trial::new(seed);
            for step in 1..=STEPS_OF_A_RUN {
                trial.step(step);
            }
            trial.copies_agree();
        });
        assert!(run.is_ok(), "to repeat it: SECKILL_SEED={seed}");
    }
}

fn digest(sale: &Sale) -> Vec<u8> {
    let mut all = Vec::new();
    codec::blocks(sale, Purpose::Digest, |block| all.extend_from_slice(block));
    all
}

fn reloaded(sale: &Sale, seed: u64) -> Sale {
    let mut loader = Loader::new(Seed::new(seed));
    let mut loaded = None;
    codec::blocks(sale, Purpose::Store, |block| {
        loaded = loader.feed(block).expect("what a sale wrote is a sale");
    });
    loaded.expect("the last block completes the sale")
}

fn sent_created(created: &Created, seed: u64) -> Sale {
    let mut payload = Vec::new();
    codec::encode_created(created, &mut payload);
    let Ok(Sent::Created(sent)) = codec::decode_sent(&payload) else { panic!("no creation: {payload:?}") };
    assert_eq!(&sent, created);
    Sale::new(sent.terms, sent.stock, sent.outlet, sent.at, Seed::new(seed)).expect("the terms are sound")
}

fn done(change: &Change<'_>) -> Done {
    match *change {
        Change::Reserved { deadline, .. } => Done::Reserved(deadline.map(|at| at.0)),
        Change::Confirmed { id } => Done::Confirmed(id),
        Change::Released { id } => Done::Released(id),
        Change::Extended { id, deadline } => Done::Extended(id, deadline.0),
        Change::Refunded { id, units, .. } => Done::Refunded(id, units),
        Change::Restocked { total, .. } => Done::Restocked(total),
        Change::Voided { until, .. } => Done::Voided(until.0),
        Change::Altered { .. } => Done::Altered,
        Change::Expired { id } => panic!("{id} expired on request"),
    }
}

impl Trial {
    fn new(seed: u64) -> Trial {
        let mut random = Random::new(seed);
        let crowded = seed % 25 == 24;
        let flavour = if crowded { Flavour::crowded(&mut random) } else { Flavour::any(&mut random) };
        let now = 1_700_000_000_000 + random.below(1_000);
        let terms = flavour.terms(&mut random, now);
        let stock = flavour.stock.map_or(Stock::Unlimited, Stock::Limited);
        let outlet = Outlet { stream: b"stream"[..].into(), group: b"orders"[..].into() };
        let created = Created { at: Timestamp(now), terms, stock, outlet };
        let (sale, replica) = (sent_created(&created, seed), sent_created(&created, !seed));
        let model = Naive::new(terms, flavour.stock, now);
        let limit = random.pick(&[1, 2, 1_000]);
        Trial { random, flavour, model, sale, replica, fresh: false, now, limit }
    }

    fn moment(&self) -> Moment {
        Moment { now: Timestamp(self.now), fresh: self.fresh }
    }

    fn step(&mut self, step: u64) {
        self.pass_time();
        if self.random.once_in(30) {
            self.tick();
        } else {
            self.ask();
        }
        self.totals_agree();
        self.users_agree();
        self.deadlines_agree();
        if self.model.entries.len() <= COMPARED_AT_EVERY_STEP || step.is_multiple_of(100) {
            (0..self.model.entries.len()).for_each(|at| self.reservation_agrees(at));
        }
        if step.is_multiple_of(50) {
            assert_eq!(self.sale.audit().differences, []);
            self.scan_agrees();
        }
        if step.is_multiple_of(500) {
            self.copies_agree();
            self.change_places();
        }
    }

    /// A little later, much later, to a moment where something ends, or backwards.
    fn pass_time(&mut self) {
        let next_due = self.sale.next_due().map_or(self.now, |at| at.0);
        let window = self.model.terms.start.or(self.model.terms.end).map_or(self.now, |at| at.0);
        self.now = match self.random.below(40) {
            0..=3 => self.now + 1,
            4..=7 => self.now + self.random.below(10),
            8 | 9 => self.now + self.random.below(100),
            10 => self.now + self.random.below(2_000),
            11 => self.now.max(next_due),
            12 => self.now.max(next_due - 1),
            13 => self.now.max(window),
            14 => self.now.max(window - 1),
            15 => self.now - self.random.below(300),
            16 if self.random.once_in(50) => self.now + self.random.below(100_000),
            _ => self.now,
        };
    }

    /// The timer: a few due holds expire.
    fn tick(&mut self) {
        let limit = self.random.below(20) as usize;
        for id in self.sale.due(Timestamp(self.now), limit) {
            self.expire(id);
        }
    }

    fn expire(&mut self, id: seckill_core::ids::ReservationId) {
        let effect = self.sale.expire(self.moment(), id);
        self.check_stamp(&effect);
        self.model.expire(self.now, effect.epoch, id);
        self.commit(&effect);
    }

    fn ask(&mut self) {
        let request = self.flavour.request(&mut self.random, &self.model);
        let expected = self.model.decide(self.now, &request);
        let answer = self.answer(&request);
        let found = answer.map(|effect| done(&effect.change));
        assert_eq!(found, expected, "{request:?} at {} of {:#?}", self.now, self.model);
        let Ok(effect) = answer else { return };
        self.check_stamp(&effect);
        self.check_words(&request, &effect.change);
        let made = self.model.make(self.now, effect.epoch, &request, done(&effect.change));
        if let Change::Reserved { id, .. } = effect.change {
            assert_eq!(made.map(|e| e.id), Some(id));
        }
        self.commit(&effect);
    }

    /// Decides; what is due and alone in the way expires first.
    fn answer(&mut self, request: &Request<'static>) -> Result<Effect<'static>, Refusal> {
        loop {
            let refusal = match self.sale.decide(self.moment(), request) {
                Ok(effect) => return Ok(effect),
                Err(refusal) => refusal,
            };
            let obstacles = self.sale.obstacles(Timestamp(self.now), request, &refusal, self.limit);
            if obstacles.is_empty() {
                return Err(refusal);
            }
            assert!(obstacles.len() <= self.limit);
            obstacles.into_iter().for_each(|id| self.expire(id));
        }
    }

    fn check_stamp(&self, effect: &Effect<'_>) {
        assert_eq!(effect.at.0, self.model.time(self.now));
        if self.fresh {
            assert!(effect.epoch > self.model.epoch, "{effect:?}");
        } else {
            assert_eq!(effect.epoch, self.model.epoch);
        }
    }

    fn check_words(&self, request: &Request<'static>, change: &Change<'static>) {
        match (request, change) {
            (Request::Reserve(asked), Change::Reserved { user, qty, token, data, .. }) => {
                assert_eq!((asked.user, asked.qty, asked.token, asked.data), (*user, *qty, *token, *data));
            }
            (Request::Refund { restock, .. }, Change::Refunded { restock: made, .. }) => {
                assert_eq!(restock, made);
            }
            (Request::Restock { delta, token }, Change::Restocked { delta: d, token: t, .. }) => {
                assert_eq!((delta, token), (d, t));
            }
            _ => {}
        }
    }

    /// Makes the change here and, by way of its bytes, on the replica.
    fn commit(&mut self, effect: &Effect<'_>) {
        self.sale.apply(effect);
        self.fresh = false;
        let seq = if effect.change.has_event() { self.model.seq } else { 0 };
        assert_eq!(effect.seq, seq, "{effect:?}");
        let entry = effect.change.has_event().then_some((effect.at.0 - 3, 7));
        let mut payload = Vec::new();
        codec::encode_effect(effect, entry, &mut payload);
        let Ok(Sent::Effect(sent, sent_entry)) = codec::decode_sent(&payload) else {
            panic!("not read: {effect:?}")
        };
        assert_eq!((&sent, sent_entry), (effect, entry));
        assert_eq!(self.replica.check(&sent), Ok(()), "{effect:?}");
        self.replica.apply(&sent);
        if effect.change.has_event() {
            assert!(self.replica.check(&sent).is_err(), "twice: {effect:?}");
        }
    }

    fn totals_agree(&self) {
        let (sale, model, now) = (&self.sale, &self.model, self.model.time(self.now));
        let at = Timestamp(self.now);
        let held = model.units_in(ReservationState::Held, now);
        let confirmed = model.units_in(ReservationState::Confirmed, now);
        assert_eq!(sale.available_at(at), model.available(now));
        assert_eq!((sale.held_at(at), sale.confirmed()), (held, confirmed));
        assert_eq!(sale.available().unwrap_or(0), model.unsettled());
        let total = sale.available_at(at).map(|available| available + held + confirmed);
        assert_eq!(total, model.total);
        assert_eq!(sale.stock(), model.total.map_or(Stock::Unlimited, Stock::Limited));
        let clocks = (sale.clock().0, sale.epoch(), sale.seq(), sale.reservations() as usize);
        assert_eq!(clocks, (model.clock, model.epoch, model.seq, model.entries.len()));
        assert_eq!((sale.terms(), sale.state()), (&model.terms, model.state));
    }

    fn users_agree(&self) {
        let now = self.model.time(self.now);
        for user in USERS {
            let all: Vec<_> = self.model.entries.iter().filter(|e| e.user == user).collect();
            let units =
                |state| all.iter().filter(|e| e.seen(now) == state).map(|e| e.units(now)).sum::<u64>();
            let found = self.sale.holdings(user, Timestamp(self.now));
            assert_eq!(found.held, units(ReservationState::Held));
            assert_eq!(found.confirmed, units(ReservationState::Confirmed));
            assert!(found.reservations.iter().eq(all.iter().map(|e| &e.id)));
        }
    }

    fn deadlines_agree(&self) {
        let now = self.model.time(self.now);
        let held = || self.model.entries.iter().filter(|e| e.state == ReservationState::Held);
        assert_eq!(self.sale.next_due().map(|at| at.0), held().map(|e| e.due()).min());
        let due = held().filter(|e| e.due() <= now).count();
        let found = self.sale.due(Timestamp(self.now), 5);
        assert_eq!(found.len(), due.min(5));
        assert!(found.iter().all(|id| held().any(|e| e.id == *id && e.due() <= now)));
    }

    fn reservation_agrees(&self, at: usize) {
        let e = &self.model.entries[at];
        let state = e.seen(self.model.time(self.now));
        let expected = Reservation {
            id: e.id,
            user: e.user,
            qty: e.qty,
            refunded: e.refunded,
            state,
            deadline: e.deadline.filter(|_| state == ReservationState::Held).map(Timestamp),
            created: Timestamp(e.created),
            data: e.data,
        };
        assert_eq!(self.sale.reservation(e.id, Timestamp(self.now)), Some(expected));
        if let Some(token) = e.token {
            assert_eq!(self.sale.find_request(e.user, token), Some(e.id));
        }
    }

    /// Every reservation is listed once, ascending, whatever the size of the pages.
    fn scan_agrees(&mut self) {
        let count = 1 + self.random.below(40) as usize;
        let state = self.random.once_in(2).then(|| self.random.pick(&ReservationState::ALL));
        let now = self.model.time(self.now);
        let all = self.model.entries.iter().filter(|e| state.is_none_or(|state| state == e.seen(now)));
        let all: Vec<_> = all.map(|e| e.id).collect();
        let (mut from, mut found) = (Some(seckill_core::ids::ReservationId(0)), Vec::new());
        while let Some(at) = from {
            let (next, page) = self.sale.scan(at, state, count, Timestamp(self.now));
            found.extend(page);
            from = next;
        }
        assert_eq!(found, all);
    }

    fn copies_agree(&self) {
        let expected = digest(&self.sale);
        assert!(digest(&self.replica) == expected, "the replica differs: {:#?}", self.model);
        let again = reloaded(&self.sale, 5);
        assert!(digest(&again) == expected, "the reloaded sale differs: {:#?}", self.model);
        assert_eq!(again.audit(), self.sale.audit());
        assert_eq!(self.replica.audit(), self.sale.audit());
    }

    /// Sometimes the server starts again, or the replica is promoted.
    fn change_places(&mut self) {
        match self.random.below(4) {
            0 => self.sale = reloaded(&self.sale, self.random.next()),
            1 => std::mem::swap(&mut self.sale, &mut self.replica),
            2 => self.replica = reloaded(&self.sale, self.random.next()),
            _ => return,
        }
        self.fresh = true;
    }
}
