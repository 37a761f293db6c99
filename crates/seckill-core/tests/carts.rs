//! Carts at random over several sales, each beside its model on paper, must agree after every step.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of steps in all.

#[allow(dead_code, reason = "other tests need the rest of it")]
#[path = "model/mod.rs"]
mod naive;

use naive::copies::{assert_in_order, digest};
use naive::random::Random;
use naive::requests::{Flavour, TOKENS, USERS};
use naive::trial::{created, creation, done};
use naive::{Bytes, Done, Naive};
use seckill_core::codec;
use seckill_core::ids::ReservationId;
use seckill_core::sale::{
    Answer, Effect, Refusal, Request, ReservationState, Reserve, Sale, Settling, Verdict,
};
use seckill_core::time::{Moment, Timestamp};

const STEPS: u64 = 600_000;
const STEPS_OF_A_RUN: u64 = 1_000;
const SALES: usize = 4;

/// A sale and what it is on paper.
struct Pair {
    sale: Sale,
    model: Naive,
    flavour: Flavour,
}

/// A part of a cart: which sale, and what of it. There is no sale at `SALES`.
type Line = (usize, Reserve<'static>);

struct Shop {
    random: Random,
    now: u64,
    pairs: Vec<Pair>,
    /// Carts that were asked for, to ask for them again.
    asked: Vec<Vec<Line>>,
    /// Carts that were taken, refused, repeated, mismatched.
    seen: [u32; 4],
}

/// What the models say to a cart, as somebody with paper would find out: sale by sale, on copies.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// What each sale does, or which reservation it has already.
    Made(Vec<Result<Done, ReservationId>>),
    /// Which sale refuses; without a refusal there is none.
    Refused(usize, Option<Refusal>),
    Mismatched,
}

#[test]
fn a_cart_does_what_its_sales_would_do_one_by_one_or_nothing() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let steps = number("SECKILL_STEPS").unwrap_or(STEPS);
    let seeds = number("SECKILL_SEED").map_or(0..steps.div_ceil(STEPS_OF_A_RUN), |seed| seed..seed + 1);
    let mut seen = [0; 4];
    for seed in seeds {
        let run = std::panic::catch_unwind(|| Shop::new(seed).run());
        let counts = run.unwrap_or_else(|_| panic!("to repeat it: SECKILL_SEED={seed}"));
        seen.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
    }
    if steps >= STEPS {
        assert!(seen.iter().all(|count| *count > 1_000), "made, refused, repeated, mismatched: {seen:?}");
    }
}

impl Shop {
    fn new(seed: u64) -> Shop {
        let mut random = Random::new(seed);
        let now = 1_700_000_000_000;
        let pair = |random: &mut Random| {
            let flavour = Flavour { generous: !random.once_in(3), ..Flavour::any(random) };
            let creation = creation(random, &flavour, Timestamp(now));
            let mut payload = Vec::new();
            codec::encode_created(&creation, &mut payload);
            let model = Naive::new(creation.terms, flavour.stock, now);
            Pair { sale: created(&payload, seed), model, flavour }
        };
        let pairs = (0..SALES).map(|_| pair(&mut random)).collect();
        Shop { random, now, pairs, asked: Vec::new(), seen: [0; 4] }
    }

    fn run(mut self) -> [u32; 4] {
        for _ in 0..STEPS_OF_A_RUN {
            self.now += self.random.pick(&[0, 0, 0, 1, 7, 60, 400]);
            match self.random.below(7) {
                0 | 1 => self.reserve(),
                2 => self.settle(),
                3 => self.offer(),
                _ => self.ask_one(),
            }
        }
        for pair in self.pairs {
            assert_eq!(
                pair.sale.available_at(Timestamp(self.now)),
                pair.model.available(pair.model.time(self.now))
            );
            assert_in_order(pair.sale);
        }
        self.seen
    }

    fn moment(&self, at: usize) -> Moment {
        Moment { now: Timestamp(self.now), fresh: self.pairs[at].model.fresh }
    }

    /// Any request to any sale alone.
    fn ask_one(&mut self) {
        let at = self.random.below(SALES as u64) as usize;
        if self.random.once_in(100) {
            self.pairs[at].model.fresh = true;
        }
        let recent = self.recent().and_then(|cart| cart.first().copied());
        let pair = &self.pairs[at];
        let request = match recent {
            // What was asked of a cart, asked of one sale or given up there.
            Some((_, ask)) if self.random.once_in(6) => match ask.token {
                Some(token) if self.random.once_in(2) => Request::Void { user: ask.user, token, ms: 500 },
                _ => Request::Reserve(ask),
            },
            _ => pair.flavour.request(&mut self.random, &pair.model),
        };
        if matches!(request, Request::Restock { .. }) && !self.random.once_in(5) {
            return;
        }
        self.expire_obstacles(at, &request);
        if let Ok(effect) = self.pairs[at].sale.decide(self.moment(at), &request) {
            self.commit(at, &request, &effect);
        }
    }

    /// Units that came back are offered to those who wait.
    fn offer(&mut self) {
        let at = self.random.below(SALES as u64) as usize;
        let (moment, pair) = (self.moment(at), &mut self.pairs[at]);
        let offer = pair.model.offer(self.now);
        let Some(effect) = pair.sale.offer(moment) else { return assert_eq!(offer, None) };
        assert_eq!(offer, Some(done(&effect.change)));
        pair.model.make_offer(self.now, effect.epoch, done(&effect.change));
        pair.sale.apply(&effect);
    }

    fn expire_obstacles(&mut self, at: usize, request: &Request<'static>) {
        loop {
            let Err(refusal) = self.pairs[at].sale.decide(self.moment(at), request) else { return };
            let ids = self.pairs[at].sale.obstacles(Timestamp(self.now), request, &refusal, 1);
            if ids.is_empty() {
                return;
            }
            for id in ids {
                let effect = self.pairs[at].sale.expire(self.moment(at), id);
                let pair = &mut self.pairs[at];
                pair.model.expire(self.now, effect.epoch, id);
                pair.sale.apply(&effect);
            }
        }
    }

    fn commit(&mut self, at: usize, request: &Request<'static>, effect: &Effect<'static>) {
        let pair = &mut self.pairs[at];
        assert_eq!(pair.sale.check(effect), Ok(()));
        pair.model.make(self.now, effect.epoch, request, done(&effect.change));
        pair.sale.apply(effect);
    }

    /// One of the newest carts.
    fn recent(&mut self) -> Option<Vec<Line>> {
        let back = self.random.below(8) as usize + 1;
        self.asked.get(self.asked.len().checked_sub(back)?).cloned()
    }

    /// Some sales, each once, in any order; seldom one that is not there.
    fn cart(&mut self) -> Vec<Line> {
        if let Some(mut cart) = self.recent()
            && self.random.once_in(4)
        {
            match self.random.below(8) {
                0 if cart.len() > 1 => drop(cart.pop()),
                1 => cart[0].1.qty += 1,
                2 => cart.reverse(),
                _ => {}
            }
            return cart;
        }
        let (user, token) = (self.random.pick(&USERS), self.token());
        let first = self.random.below(SALES as u64) as usize;
        let step = self.random.pick(&[1, 3]);
        let mut cart = Vec::new();
        for n in 0..1 + self.random.below(SALES as u64) as usize {
            let at = if self.random.once_in(60) { SALES } else { (first + n * step) % SALES };
            let qty = 1 + self.random.below(self.pairs.get(at).map_or(1, |pair| pair.flavour.qty));
            cart.push((
                at,
                Reserve { user, qty, token, data: None, tier: self.random.below(4) as u32, waits: false },
            ));
        }
        self.asked.push(cart.clone());
        cart
    }

    fn token(&mut self) -> Option<Bytes> {
        static BYTES: [u8; 128] = [5; 128];
        match self.random.below(8) {
            0 => None,
            1 => Some(self.random.pick(&TOKENS)),
            _ => Some(&BYTES[..1 + self.random.below(128) as usize]),
        }
    }

    fn reserve(&mut self) {
        let cart = self.cart();
        let expected = self.expected(&cart);
        let answer = |(at, ask): &Line| match self.pairs.get(*at) {
            Some(pair) => pair.sale.appraise(self.moment(*at), ask),
            None => Answer::NoSale,
        };
        let answers: Vec<Answer> = cart.iter().map(answer).collect();
        let requests = cart.iter().map(|(at, ask)| (*at, Request::Reserve(*ask))).collect();
        let verdict = Verdict::on_reserving(&answers);
        self.seen[match verdict {
            Verdict::Made => 0,
            Verdict::Refused(_) => 1,
            Verdict::Repeated => 2,
            Verdict::Mismatched => 3,
        }] += 1;
        self.carry_out(requests, &answers, verdict, expected);
    }

    fn settle(&mut self) {
        let cart = self.cart();
        let how = self.random.pick(&[Settling::Confirm, Settling::Release]);
        let Some(token) = cart[0].1.token else { return };
        let expected = self.expected_settling(&cart, how);
        let answer = |(at, ask): &Line| match self.pairs.get(*at) {
            Some(pair) => pair.sale.appraise_settling(self.moment(*at), ask.user, token, how),
            None => Answer::NoSale,
        };
        let answers: Vec<Answer> = cart.iter().map(answer).collect();
        let id = |(at, ask): &Line| self.pairs.get(*at)?.sale.find_request(ask.user, token);
        let requests =
            cart.iter().map(|line| (line.0, how.request(id(line).unwrap_or(ReservationId(0))))).collect();
        self.carry_out(requests, &answers, Verdict::on_settling(&answers), expected);
    }

    /// Does what the verdict says, as a server does it, and compares.
    fn carry_out(
        &mut self,
        requests: Vec<(usize, Request<'static>)>,
        answers: &[Answer],
        verdict: Verdict,
        expected: Expected,
    ) {
        let before: Vec<Vec<u8>> = self.pairs.iter().map(|pair| digest(&pair.sale)).collect();
        let found = match verdict {
            Verdict::Mismatched => Expected::Mismatched,
            Verdict::Refused(place) => Expected::Refused(place, answers[place].refusal()),
            Verdict::Repeated | Verdict::Made => Expected::Made(self.made(&requests, answers)),
        };
        assert_eq!(found, expected, "{requests:?}");
        if verdict != Verdict::Made {
            let changed = self.pairs.iter().zip(before).any(|(pair, before)| digest(&pair.sale) != before);
            assert!(!changed, "{verdict:?} changed something");
        }
    }

    /// Expires what is in the way, decides all, then makes all.
    fn made(
        &mut self,
        requests: &[(usize, Request<'static>)],
        answers: &[Answer],
    ) -> Vec<Result<Done, ReservationId>> {
        let does = |place: usize| answers[place] == Answer::Does;
        for (place, (at, request)) in requests.iter().enumerate() {
            if does(place) {
                self.expire_obstacles(*at, request);
            }
        }
        let decide = |(place, (at, request)): (usize, &(usize, Request<'static>))| match answers[place] {
            Answer::Did(id) => Err(id),
            _ => Ok(self.pairs[*at].sale.decide(self.moment(*at), request).expect("a sale that agreed")),
        };
        let decided: Vec<Result<Effect<'static>, ReservationId>> =
            requests.iter().enumerate().map(decide).collect();
        for ((at, request), effect) in requests.iter().zip(&decided) {
            if let Ok(effect) = effect {
                self.commit(*at, request, effect);
            }
        }
        decided.into_iter().map(|each| each.map(|effect| done(&effect.change))).collect()
    }

    /// Whether a sale on paper knows the token, and what it says.
    fn expected(&self, cart: &[Line]) -> Expected {
        let on_paper = |(at, ask): &Line| {
            self.pairs.get(*at).map(|pair| pair.model.decide(self.now, &Request::Reserve(*ask)))
        };
        let answers: Vec<_> = cart.iter().map(on_paper).collect();
        let waits = |(at, id): (usize, ReservationId)| {
            let model: &Naive = &self.pairs[at].model;
            model.entry(id).is_some_and(|e| e.state == ReservationState::Waiting)
        };
        let (mut known, mut new) = (false, false);
        for (answer, (at, _)) in answers.iter().zip(cart) {
            match answer {
                Some(Err(Refusal::Mismatch)) => return Expected::Mismatched,
                Some(Err(Refusal::Standing(id))) if !waits((*at, *id)) => known = true,
                None | Some(Err(Refusal::Voided)) => {}
                Some(_) => new = true,
            }
        }
        if known && new {
            return Expected::Mismatched;
        }
        let live = [ReservationState::Held, ReservationState::Confirmed];
        self.first_refusal(cart, answers, &live)
    }

    fn expected_settling(&self, cart: &[Line], how: Settling) -> Expected {
        let on_paper = |(at, ask): &Line| {
            let model = &self.pairs.get(*at)?.model;
            let entry = ask.token.and_then(|token| model.request(ask.user, token));
            let Some(entry) = entry else { return Some(Err(Refusal::NotFound)) };
            Some(model.decide(self.now, &how.request(entry.id)))
        };
        let answers: Vec<_> = cart.iter().map(on_paper).collect();
        self.first_refusal(cart, answers, &[how.state()])
    }

    fn first_refusal(
        &self,
        cart: &[Line],
        answers: Vec<Option<Result<Done, Refusal>>>,
        fine: &[ReservationState],
    ) -> Expected {
        let mut parts = Vec::new();
        for (place, (answer, (at, _))) in answers.into_iter().zip(cart).enumerate() {
            match answer {
                None => return Expected::Refused(place, None),
                Some(Ok(done)) => parts.push(Ok(done)),
                Some(Err(Refusal::Standing(id))) => {
                    let model = &self.pairs[*at].model;
                    let seen = model.entry(id).map(|e| e.seen(model.time(self.now)));
                    if !seen.is_some_and(|seen| fine.contains(&seen)) {
                        return Expected::Refused(place, Some(Refusal::Standing(id)));
                    }
                    parts.push(Err(id));
                }
                Some(Err(refusal)) => return Expected::Refused(place, Some(refusal)),
            }
        }
        Expected::Made(parts)
    }
}
