//! Requests at random: few users, few tokens, small numbers, so that they get in each other's way.

use seckill_core::ids::ReservationId;
use seckill_core::sale::{
    Access, Adopt, Early, HOLD_MS_MAX, OnFailover, Part, Rate, Rates, Request, Reserve, SaleState, Standing,
    Terms,
};
use seckill_core::time::Timestamp;

use super::random::Random;
use super::{Bytes, Naive};

/// Few users.
pub const USERS: [Bytes; 6] = [b"a", b"b", b"carol", b"dave\0\xff", b"b\0", &[b'u'; 255]];
/// Few tokens.
pub const TOKENS: [Bytes; 6] = [b"1", b"2", b"b", b"\0", b"token", &[b't'; 128]];
const DATA: [Bytes; 3] = [b"", b"payload", &[b'd'; 300]];

/// What kind of a sale a run has.
#[derive(Clone, Copy, Debug)]
pub struct Flavour {
    /// Of a hundred requests, so many reserve.
    pub reserves: u64,
    /// The stock at first; `None` is unlimited.
    pub stock: Option<u64>,
    /// The largest quantity.
    pub qty: u64,
    /// Of so many requests, one alters the terms.
    pub alters: u64,
    /// Of so many requests, one adopts a reservation; 0 is none.
    pub adopts: u64,
    /// True if users can wait.
    pub waits: bool,
    /// True if nobody is stopped by quota, window or tokens for long.
    pub generous: bool,
}

impl Flavour {
    /// One of many kinds.
    pub fn any(random: &mut Random) -> Flavour {
        let stock =
            random.pick(&[Some(0), Some(1), Some(3), Some(10), Some(10), Some(60), Some(5_000), None]);
        Flavour {
            reserves: random.pick(&[20, 40, 60]),
            stock,
            qty: random.pick(&[1, 3, 8]),
            alters: random.pick(&[20, 100, 1_000]),
            adopts: random.pick(&[0, 0, 30, 300]),
            waits: random.once_in(2),
            generous: random.once_in(3),
        }
    }

    /// A sale with thousands of holds at once.
    pub fn crowded(random: &mut Random) -> Flavour {
        let stock = random.pick(&[Some(6_000), Some(2_000), None]);
        Flavour { reserves: 85, stock, qty: 2, alters: 400, adopts: 100, waits: false, generous: true }
    }

    /// Terms for such a sale.
    pub fn terms(&self, random: &mut Random, now: u64) -> Terms {
        let hold_ms = if self.generous {
            random.pick(&[300, 2_000, 20_000])
        } else {
            random.pick(&[0, 1, 10, 100, 100, 1_000])
        };
        let around = |random: &mut Random| Timestamp(now - 300 + random.below(600));
        let start = (!self.generous && random.once_in(4)).then(|| around(random));
        let end = (!self.generous && random.once_in(4)).then(|| around(random));
        let end = end.map(|end| end.max(start.unwrap_or_default().after(1)));
        Terms {
            start,
            end,
            hold_ms,
            grace_ms: random.pick(&[0, 0, 5, 50]),
            hold_ms_max: random.pick(&[0, 0, 50, 500]),
            waiting_max: if self.waits { random.pick(&[0, 2, 5, 1_000]) } else { 0 },
            offer_ms: random.pick(&[0, 20, 200]),
            per_user: if self.generous { 0 } else { random.pick(&[0, 1, 2, 5, 9]) },
            rates: Rates {
                sale: rate(random, &[3, 50]),
                user: rate(random, &[1, 2, 20]),
                ip: rate(random, &[2, 5, 30]),
            },
            on_failover: random.pick(&OnFailover::ALL),
            access: Access {
                tickets: random.once_in(2),
                tier_min: random.pick(&[0, 0, 1, 3]),
                early: random
                    .once_in(2)
                    .then(|| Early { tier: random.pick(&[0, 1, 2]), from: around(random) }),
            },
        }
    }

    /// A request to the sale that the model describes.
    pub fn request(&self, random: &mut Random, model: &Naive) -> Request<'static> {
        if random.once_in(self.alters) {
            let states = [SaleState::Open, SaleState::Open, SaleState::Paused, SaleState::Closed];
            let state = (!random.once_in(4)).then(|| random.pick(&states));
            let filter = random.pick(&[&b""[..], b"guests"]);
            return Request::Alter { terms: self.terms(random, model.clock), state, filter };
        }
        if (model.state != SaleState::Open || model.is_frozen()) && random.once_in(10) {
            let (terms, filter) = (model.terms, model.filter);
            return Request::Alter { terms, state: Some(SaleState::Open), filter };
        }
        if self.adopts > 0 && random.once_in(self.adopts) {
            return Request::Adopt(self.adopt(random, model));
        }
        if random.below(100) < self.reserves {
            return Request::Reserve(self.reserve(random, model));
        }
        let id = some_id(random, model);
        let token = random.pick(&TOKENS);
        match random.below(10) {
            0..=2 => Request::Confirm { id, late: random.once_in(2) },
            3 => Request::Release { id },
            4 | 5 => Request::Extend { id, ms: random.pick(&[0, 1, 20, 100, 400, 5_000]) },
            6 | 7 => {
                let qty = 1 + random.below(self.qty + 1);
                let part = random.once_in(2).then_some(Part { qty, token });
                Request::Refund { id, part, restock: !random.once_in(3) }
            }
            8 => {
                let (user, token) =
                    (random.pick(&USERS), if random.once_in(2) { token } else { fresh(random) });
                Request::Void { user, token, ms: random.pick(&[0, 1, 50, 500]) }
            }
            _ => self.restock(random, model, token),
        }
    }

    fn reserve(&self, random: &mut Random, model: &Naive) -> Reserve<'static> {
        let token = match random.below(4) {
            0 => Some(random.pick(&TOKENS)),
            1 => Some(fresh(random)),
            _ => None,
        };
        let tier = random.pick(&[0, 0, 1, 2, 3]);
        let waits = random.once_in(2);
        let again = random.once_in(20).then(|| pick_entry(random, model)).flatten();
        if let Some(e) = again.and_then(|at| model.entries.get(at)) {
            return Reserve { user: e.user, qty: e.qty, token: e.token, data: e.data, tier, waits };
        }
        let data = random.once_in(5).then(|| random.pick(&DATA));
        Reserve { user: random.pick(&USERS), qty: 1 + random.below(self.qty), token, data, tier, waits }
    }

    fn adopt(&self, random: &mut Random, model: &Naive) -> Adopt<'static> {
        let standing = match random.below(6) {
            0 => Standing::Confirmed,
            1 => Standing::Held(None),
            2 => Standing::Held(Some(Timestamp(model.clock - random.below(50)))),
            3 if random.once_in(5) => Standing::Held(Some(Timestamp(model.clock + HOLD_MS_MAX))),
            _ => Standing::Held(Some(Timestamp(model.clock + random.below(500)))),
        };
        let id = lost_id(random, model);
        Adopt { id, user: random.pick(&USERS), qty: 1 + random.below(self.qty), standing }
    }

    fn restock(&self, random: &mut Random, model: &Naive, token: Bytes) -> Request<'static> {
        let delta = match random.below(12) {
            0 => 1 << 53,
            1 => -(1 << 53),
            2 => -(model.total.unwrap_or(0) as i64),
            _ => random.below(2 * self.qty + 1) as i64 - self.qty as i64,
        };
        Request::Restock { delta, token: random.once_in(2).then_some(token) }
    }
}

/// A limit, or mostly none. The period is always the same: a gate remembers for as long as it is.
fn rate(random: &mut Random, counts: &[u64]) -> Option<Rate> {
    random.once_in(5).then(|| Rate { count: random.pick(counts), period_ms: 1_000 })
}

/// A token that is seldom the same.
fn fresh(random: &mut Random) -> Bytes {
    static MANY: [u8; 64] = [7; 64];
    static OTHERS: [u8; 64] = [9; 64];
    let from = if random.once_in(2) { &MANY } else { &OTHERS };
    &from[..=random.below(64) as usize]
}

/// An id of this or a near epoch, known or not, or none at all.
fn lost_id(random: &mut Random, model: &Naive) -> ReservationId {
    let number = random.below(u64::from(model.number) + 12) as u32;
    let epoch = match random.below(8) {
        0..=3 => random.below(u64::from(model.epoch) + 1) as u32,
        4 | 5 => model.epoch,
        6 => model.epoch + random.below(3) as u32,
        _ if random.once_in(10) => i32::MAX as u32,
        _ => 0,
    };
    ReservationId::new(epoch, number)
}

/// Mostly a late reservation, sometimes one that does not exist.
fn some_id(random: &mut Random, model: &Naive) -> ReservationId {
    match pick_entry(random, model).and_then(|at| model.entries.get(at)) {
        Some(e) if !random.once_in(30) => e.id,
        Some(e) => ReservationId(e.id.0 + 1 - random.below(3)),
        None => ReservationId(random.below(3)),
    }
}

fn pick_entry(random: &mut Random, model: &Naive) -> Option<usize> {
    let len = model.entries.len() as u64;
    let newest = random.below(len.clamp(1, 12)) + 1;
    match random.below(3) {
        _ if len == 0 => None,
        0 => Some(random.below(len) as usize),
        _ => Some((len - newest) as usize),
    }
}
