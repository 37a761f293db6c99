//! A sale, its model, its replica and its log go through the same history.

use seckill_core::codec::{self, Created, Sent};
use seckill_core::ids::ReservationId;
use seckill_core::sale::{Change, Effect, Outlet, Refusal, Request, Reserve, Sale, Seed, Stock};
use seckill_core::time::{Moment, Timestamp};

use super::caller::{Caller, Gate};
use super::copies::{digest, loaded, stored};
use super::random::Random;
use super::requests::Flavour;
use super::{Done, Naive};

/// A copy that missed an effect is shown all later ones for so many steps.
const BEHIND_STEPS: u64 = 50;

/// A sale, its model and its copies.
pub struct Trial {
    pub(super) random: Random,
    pub(super) model: Naive,
    pub(super) sale: Sale,
    pub(super) replica: Sale,
    pub(super) now: u64,
    flavour: Flavour,
    gate: Gate,
    limit: usize,
    /// All that was sent since the creation.
    log: Vec<Vec<u8>>,
    /// The copy that missed an effect, and the epoch of the first it missed.
    behind: Option<(Sale, Option<u32>)>,
}

/// What the change comes to in the model's words.
pub fn done(change: &Change<'_>) -> Done {
    match *change {
        Change::Reserved { deadline, .. } => Done::Reserved(deadline.map(|at| at.0)),
        Change::Adopted { deadline, .. } => Done::Adopted(deadline.map(|at| at.0)),
        Change::Waitlisted { .. } => Done::Waitlisted,
        Change::Offered { id, deadline } => Done::Offered(id, deadline.0),
        Change::Accepted { id, deadline, .. } => Done::Accepted(id, deadline.map(|at| at.0)),
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

/// The creation of a sale of that kind.
pub fn creation(random: &mut Random, flavour: &Flavour, at: Timestamp) -> Created {
    let terms = flavour.terms(random, at.0);
    let stock = flavour.stock.map_or(Stock::Unlimited, Stock::Limited);
    let outlet = Outlet { stream: b"stream"[..].into(), group: b"orders"[..].into() };
    Created { at, terms, stock, outlet, filter: Box::default(), epoch: 0 }
}

/// The sale that a payload creates.
pub fn created(payload: &[u8], seed: u64) -> Sale {
    let Ok(Sent::Created(sent)) = codec::decode_sent(payload) else { panic!("no creation: {payload:?}") };
    sent.sale(Seed::new(seed)).expect("the terms are sound")
}

impl Trial {
    /// A trial at random.
    pub fn new(seed: u64) -> Trial {
        let mut random = Random::new(seed);
        let crowded = seed % 25 == 24;
        let flavour = if crowded { Flavour::crowded(&mut random) } else { Flavour::any(&mut random) };
        Trial::of(random, flavour)
    }

    /// The trial that the tape tells.
    pub fn taped(tape: &[u8]) -> Trial {
        let mut random = Random::taped(tape);
        let flavour = Flavour::any(&mut random);
        Trial::of(random, flavour)
    }

    fn of(mut random: Random, flavour: Flavour) -> Trial {
        let now = 1_700_000_000_000 + random.below(1_000);
        let creation = creation(&mut random, &flavour, Timestamp(now));
        let mut payload = Vec::new();
        codec::encode_created(&creation, &mut payload);
        let (sale, replica) = (created(&payload, 1), created(&payload, 2));
        assert_eq!((sale.terms(), sale.stock()), (&creation.terms, creation.stock));
        assert_eq!((sale.outlet(), sale.clock()), (&creation.outlet, creation.at));
        let model = Naive::new(creation.terms, flavour.stock, now);
        let limit = random.pick(&[1_000, 2, 1]);
        let log = vec![payload];
        let gate = Gate::new(random.next());
        Trial { random, model, sale, replica, now, flavour, gate, limit, log, behind: None }
    }

    /// So many steps, then a comparison of all copies.
    pub fn run(mut self, steps: u64) {
        (1..=steps).for_each(|step| self.step(step));
        self.copies_agree();
        self.log_agrees();
    }

    /// As many steps as the tape tells.
    pub fn play(mut self) {
        let mut step = 0;
        while !self.random.is_spent() {
            step += 1;
            self.step(step);
            self.all_agrees();
        }
        self.copies_agree();
        self.log_agrees();
    }

    /// So many steps: the sale, and what was sent for each of its changes.
    pub fn history(mut self, steps: u64) -> (Sale, Vec<Vec<u8>>) {
        (1..=steps).for_each(|step| self.step(step));
        (self.sale, self.log)
    }

    fn step(&mut self, step: u64) {
        self.pass_time();
        if self.random.once_in(30) {
            self.tick();
        } else {
            self.ask();
        }
        self.agrees(step);
        if step.is_multiple_of(BEHIND_STEPS) {
            let small = self.model.entries.len() < 300;
            self.behind = small.then(|| (self.replica.clone(), None));
        }
        if step.is_multiple_of(500) || self.random.once_in(1_000) {
            self.copies_agree();
            self.change_places();
        }
    }

    /// A little later, much later, to a moment where something ends, or backwards.
    fn pass_time(&mut self) {
        let next_due = self.sale.next_task().map_or(self.now, |at| at.0);
        let window = self.model.terms.start.or(self.model.terms.end).map_or(self.now, |at| at.0);
        self.now = match self.random.below(40) {
            30..=33 => self.now + 1,
            34 | 35 => self.now.max(next_due),
            1..=4 => self.now + self.random.below(10),
            5 | 6 => self.now + self.random.below(100),
            7 => self.now + self.random.below(2_000),
            8 => self.now.max(next_due - 1),
            9 => self.now.max(window),
            10 => self.now.max(window - 1),
            11 => self.now - self.random.below(300),
            12 if self.random.once_in(50) => self.now + self.random.below(60_000),
            _ => self.now,
        };
    }

    /// The timer: a few due holds expire.
    fn tick(&mut self) {
        let limit = self.random.below(20) as usize;
        for id in self.sale.due(Timestamp(self.now), limit) {
            self.expire(id);
        }
        for _ in 0..limit {
            if !self.offer() {
                return;
            }
        }
    }

    /// Units that came back are offered to those who wait.
    fn offer(&mut self) -> bool {
        let expected = self.model.offer(self.now);
        let found = self.sale.offer(self.moment());
        assert_eq!(found.map(|effect| done(&effect.change)), expected, "{:#?}", self.model);
        let ready = self.sale.next_offer().is_some_and(|at| at.0 <= self.model.time(self.now));
        assert!(ready || found.is_none(), "an offer before its time");
        let (Some(effect), Some(offer)) = (found, expected) else { return false };
        self.check_stamp(&effect);
        self.model.make_offer(self.now, effect.epoch, offer);
        self.commit(&effect);
        true
    }

    fn expire(&mut self, id: ReservationId) {
        let effect = self.sale.expire(self.moment(), id);
        self.check_stamp(&effect);
        self.model.expire(self.now, effect.epoch, id);
        self.commit(&effect);
    }

    fn ask(&mut self) {
        let mut request = self.flavour.request(&mut self.random, &self.model);
        if let Request::Reserve(reserve) = &mut request
            && !self.admit(reserve)
        {
            return;
        }
        let expected = self.model.decide(self.now, &request);
        let answer = self.answer(&request);
        let found = answer.map(|effect| done(&effect.change));
        assert_eq!(found, expected, "{request:?} at {} of {:#?}", self.now, self.model);
        let Ok(effect) = answer else { return };
        self.check_stamp(&effect);
        check_words(&request, &effect.change);
        let made = self.model.make(self.now, effect.epoch, &request, done(&effect.change));
        if let Change::Reserved { id, .. } | Change::Waitlisted { id, .. } = effect.change {
            assert_eq!(made.map(|e| e.id), Some(id));
        }
        self.commit(&effect);
    }

    /// Whether the caller may ask at all.
    fn admit(&mut self, reserve: &mut Reserve<'static>) -> bool {
        let caller = Caller::any(&mut self.random);
        let moment = self.moment();
        self.gate.admit(&self.sale, &self.model, moment, reserve, caller) == Some(Ok(()))
    }

    /// Decides; what is due and alone in the way expires first.
    fn answer(&mut self, request: &Request<'static>) -> Result<Effect<'static>, Refusal> {
        let mut lacked = None;
        loop {
            let refusal = match self.sale.decide(self.moment(), request) {
                Ok(effect) => return Ok(effect),
                Err(refusal) => refusal,
            };
            let obstacles = self.sale.obstacles(Timestamp(self.now), request, &refusal, self.limit);
            if obstacles.is_empty() {
                assert_eq!(lacked, None, "holds expired for units, and yet {refusal:?}");
                return Err(refusal);
            }
            assert!(obstacles.len() <= self.limit);
            if matches!(refusal, Refusal::SoldOut { .. } | Refusal::Short { .. }) {
                lacked = Some(refusal);
            }
            obstacles.into_iter().for_each(|id| self.expire(id));
        }
    }

    /// Makes the change here and, by way of its bytes, on the replica.
    fn commit(&mut self, effect: &Effect<'_>) {
        self.sale.apply(effect);
        let has_event = effect.change.has_event();
        assert_eq!(effect.seq, if has_event { self.model.seq } else { 0 }, "{effect:?}");
        let entry = has_event.then_some((effect.at.0 - 3, 7));
        let mut payload = Vec::new();
        codec::encode_effect(effect, entry, &mut payload);
        let Ok(Sent::Effect(sent, sent_entry)) = codec::decode_sent(&payload) else {
            panic!("not read: {effect:?}")
        };
        assert_eq!((&sent, sent_entry), (effect, entry));
        assert_eq!(self.replica.check(&sent), Ok(()), "{effect:?}");
        self.replica.apply(&sent);
        let again = self.replica.check(&sent);
        let repeats = matches!(effect.change, Change::Altered { .. })
            || matches!(effect.change, Change::Voided { until, .. } if until == effect.at);
        assert_eq!(again.is_ok(), repeats, "twice: {effect:?}");
        self.show_behind(&sent);
        self.log.push(payload);
    }

    /// A copy that missed an event refuses all that follow in that epoch.
    fn show_behind(&mut self, effect: &Effect<'_>) {
        let Some((copy, missed)) = &mut self.behind else { return };
        match *missed {
            Some(epoch) if effect.change.has_event() && effect.epoch == epoch => {
                assert!(copy.check(effect).is_err(), "out of order: {effect:?}");
            }
            None if effect.change.has_event() => *missed = Some(effect.epoch),
            _ => {}
        }
    }

    pub(super) fn moment(&self) -> Moment {
        Moment { now: Timestamp(self.now), fresh: self.model.fresh }
    }

    fn check_stamp(&self, effect: &Effect<'_>) {
        assert_eq!(effect.at.0, self.model.time(self.now));
        let epoch = if self.model.fresh { self.model.next_epoch(self.now) } else { self.model.epoch };
        let later_than = if let Change::Adopted { id, .. } = effect.change { id.epoch() + 1 } else { 0 };
        assert_eq!(effect.epoch, epoch.max(later_than));
    }

    /// Sometimes the server starts again, or the replica is promoted.
    fn change_places(&mut self) {
        match self.random.below(4) {
            0 => return,
            1 => std::mem::swap(&mut self.sale, &mut self.replica),
            2 => self.replica = self.restarted(),
            _ => self.sale = self.restarted(),
        }
        self.now += self.random.pick(&[0, 0, 9_999, 10_000, 10_001, 55_555]);
        self.model.fresh = true;
        self.gate = Gate::new(self.random.next());
    }

    fn restarted(&mut self) -> Sale {
        let seed = self.random.next();
        loaded(&stored(&self.sale), seed).expect("what a sale stored is a sale")
    }

    /// Whoever replays the log has the same sale.
    fn log_agrees(&self) {
        let mut again = created(&self.log[0], 9);
        for payload in &self.log[1..] {
            let Ok(Sent::Effect(effect, _)) = codec::decode_sent(payload) else { panic!("{payload:?}") };
            assert_eq!(again.check(&effect), Ok(()));
            again.apply(&effect);
        }
        assert!(digest(&again) == digest(&self.sale), "the log tells another history");
    }
}

/// The effect says what was asked for.
fn check_words(request: &Request<'static>, change: &Change<'static>) {
    match (request, change) {
        (Request::Reserve(asked), Change::Reserved { user, qty, token, data, .. }) => {
            assert_eq!((asked.user, asked.qty, asked.token, asked.data), (*user, *qty, *token, *data));
        }
        (Request::Adopt(asked), Change::Adopted { id, user, qty, .. }) => {
            assert_eq!((asked.id, asked.user, asked.qty), (*id, *user, *qty));
        }
        (Request::Reserve(asked), Change::Waitlisted { user, qty, token, data, .. }) => {
            assert_eq!((asked.user, asked.qty, asked.token, asked.data), (*user, *qty, *token, *data));
        }
        (Request::Reserve(asked), Change::Accepted { token, .. }) => {
            assert!(token.is_none() || asked.token == *token);
        }
        (Request::Refund { part, restock, .. }, Change::Refunded { token, restock: made, .. }) => {
            assert_eq!((part.map(|part| part.token), restock), (*token, made));
        }
        (Request::Restock { delta, token }, Change::Restocked { delta: d, token: t, .. }) => {
            assert_eq!((delta, token), (d, t));
        }
        (Request::Void { user, token, .. }, Change::Voided { user: u, token: t, .. }) => {
            assert_eq!((user, token), (u, t));
        }
        (Request::Alter { terms, state, filter }, Change::Altered { terms: t, state: s, filter: f, .. }) => {
            assert_eq!(filter, f);
            assert_eq!((terms, state.unwrap_or(*s)), (t, *s));
        }
        (Request::Confirm { id, .. } | Request::Release { id } | Request::Extend { id, .. }, _) => {
            let same = matches!(change, Change::Confirmed { id: i } | Change::Released { id: i }
                | Change::Extended { id: i, .. } if i == id);
            assert!(same, "{request:?} made {change:?}");
        }
        (Request::Void { .. }, Change::Released { .. }) => {}
        other => panic!("{other:?} do not fit"),
    }
}
