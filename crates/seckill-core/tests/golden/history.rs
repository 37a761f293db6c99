//! A small sale with one of everything, always the same.

use seckill_core::codec::{self, Created};
use seckill_core::ids::ReservationId;
use seckill_core::sale::{
    Access, Adopt, Change, Early, Effect, OnFailover, Outlet, Part, Rate, Rates, Request, Reserve, Sale,
    SaleState, Seed, Standing, Stock, Terms,
};
use seckill_core::time::{Moment, Timestamp};

/// When the sale is created.
pub const CREATED: Timestamp = Timestamp(1_700_000_000_000);
/// When alice's hold ends after it was extended.
pub const EXTENDED_UNTIL: Timestamp = Timestamp(1_700_001_800_800);
/// When grace's hold ends, which is adopted.
pub const ADOPTED_UNTIL: Timestamp = Timestamp(1_700_002_000_000);
/// The terms at first.
pub const TERMS: Terms = Terms {
    start: Some(Timestamp(1_699_999_999_000)),
    end: Some(Timestamp(1_700_086_400_000)),
    hold_ms: 900_000,
    grace_ms: 5_000,
    hold_ms_max: 3_600_000,
    per_user: 9,
    waiting_max: 50,
    offer_ms: 60_000,
    access: Access {
        tickets: true,
        tier_min: 0,
        early: Some(Early { tier: 2, from: Timestamp(1_699_999_990_000) }),
    },
    rates: Rates { sale: None, user: Some(Rate { count: 3, period_ms: 1_000 }), ip: None },
    on_failover: OnFailover::Continue,
};
/// The terms after they were altered.
pub const TERMS_AFTER: Terms = Terms {
    start: None,
    end: None,
    hold_ms: 0,
    grace_ms: 0,
    access: Access { tickets: false, tier_min: 1, early: None },
    ..TERMS
};

/// The terms at the end.
pub const TERMS_FROZEN: Terms = Terms { on_failover: OnFailover::Freeze, ..TERMS_AFTER };

/// The sale, and all that was sent: what it is, and its bytes.
pub struct History {
    /// The sale at the end.
    pub sale: Sale,
    /// A word for each payload, and the payload.
    pub sent: Vec<(&'static str, Vec<u8>)>,
    now: Timestamp,
}

/// The creation of the sale.
pub fn creation() -> Created {
    let outlet = Outlet { stream: b"orders:{7}"[..].into(), group: b"workers"[..].into() };
    Created {
        at: CREATED,
        terms: TERMS,
        stock: Stock::Limited(100),
        outlet,
        filter: b"guests:{7}"[..].into(),
        epoch: 0,
    }
}

/// The reservation with this number of the first epoch.
pub fn id(number: u32) -> ReservationId {
    ReservationId::new(0, number)
}

/// A request for units.
pub fn reserve(
    user: &'static [u8],
    qty: u64,
    token: Option<&'static [u8]>,
    data: Option<&'static [u8]>,
) -> Request<'static> {
    Request::Reserve(Reserve { user, qty, token, data, tier: 0, waits: true })
}

/// A reservation that is adopted.
pub fn adopt(number: u32, user: &'static [u8], qty: u64, standing: Standing) -> Request<'static> {
    Request::Adopt(Adopt { id: id(number), user, qty, standing })
}

/// A part of a refund.
pub fn refund(number: u32, qty: u64, token: &'static [u8], restock: bool) -> Request<'static> {
    Request::Refund { id: id(number), part: Some(Part { qty, token }), restock }
}

/// The whole story.
pub fn history() -> History {
    let sale = creation().sale(Seed::new(1)).expect("the terms are sound");
    let mut payload = Vec::new();
    codec::encode_created(&creation(), &mut payload);
    let mut story = History { sale, sent: vec![("created", payload)], now: CREATED };
    story.sells();
    story.pays_back();
    story.queues();
    story.goes_on_elsewhere();
    story.takes_in_what_was_lost();
    story
}

impl History {
    fn sells(&mut self) {
        self.ask(reserve(b"alice", 2, Some(b"t1"), Some(b"{\"size\":42}")));
        self.ask(reserve(b"bob", 1, None, None));
        self.ask(Request::Confirm { id: id(2), late: false });
        self.ask(reserve(b"carol", 3, Some(b"t3"), None));
        self.ask(Request::Release { id: id(3) });
        self.ask(reserve(b"dave", 1, None, Some(b"")));
        self.ask(reserve(b"bob", 7, Some(b"\0\xff"), None));
        self.ask(Request::Extend { id: id(1), ms: 1_800_000 });
    }

    fn pays_back(&mut self) {
        self.ask(Request::Confirm { id: id(5), late: false });
        self.ask(refund(5, 1, b"r1", true));
        self.ask(refund(5, 2, b"r2", false));
        self.ask(Request::Refund { id: id(2), part: None, restock: true });
        self.ask(Request::Restock { delta: 50, token: Some(b"more") });
        self.ask(Request::Restock { delta: -10, token: None });
        self.ask(Request::Void { user: b"frank", token: b"gave up", ms: 86_400_000 });
    }

    /// Two wait for what is gone; units come back, one takes them, the other leaves.
    fn queues(&mut self) {
        self.ask(Request::Restock { delta: -131, token: None });
        self.ask(reserve(b"grace", 2, None, Some(b"gift")));
        self.ask(reserve(b"heidi", 1, Some(b"t4"), None));
        self.ask(Request::Restock { delta: 4, token: None });
        self.offer();
        self.offer();
        self.ask(reserve(b"grace", 2, Some(b"mine"), None));
        self.ask(Request::Confirm { id: id(6), late: false });
        self.ask(Request::Release { id: id(7) });
        self.ask(Request::Restock { delta: 127, token: None });
    }

    fn offer(&mut self) {
        self.now = self.now.after(100);
        if let Some(effect) = self.sale.offer(Moment::at(self.now)) {
            self.make(&effect);
        }
    }

    /// Another server leads the sale: its ids are of another epoch. One is offered units at the end, and one waits.
    fn goes_on_elsewhere(&mut self) {
        self.ask(Request::Alter { terms: TERMS_AFTER, state: Some(SaleState::Open), filter: b"" });
        self.now = self.now.after(905_000);
        let effect = self.sale.expire(Moment { now: self.now, fresh: true }, id(4));
        self.make(&effect);
        self.ask(reserve(&[0xff, 0], 1, None, None));
        self.ask(Request::Restock { delta: -129, token: None });
        self.ask(reserve(b"judy", 1, None, None));
        self.ask(reserve(b"ivan", 3, None, None));
        self.ask(Request::Restock { delta: 2, token: None });
        self.offer();
        self.ask(Request::Alter {
            terms: TERMS_FROZEN,
            state: Some(SaleState::Paused),
            filter: b"members:{7}",
        });
    }

    /// What the first server sold last is adopted; it is more than there is.
    fn takes_in_what_was_lost(&mut self) {
        self.ask(adopt(9, b"mallory", 2, Standing::Held(Some(ADOPTED_UNTIL))));
        self.ask(adopt(11, b"nina", 200, Standing::Confirmed));
    }

    /// A tenth of a second later; what is refused changes nothing.
    fn ask(&mut self, request: Request<'static>) {
        self.now = self.now.after(100);
        if let Ok(effect) = self.sale.decide(Moment::at(self.now), &request) {
            self.make(&effect);
        }
    }

    fn make(&mut self, effect: &Effect<'_>) {
        let entry = effect.change.has_event().then_some((effect.at.0 - 3, 7));
        let mut payload = Vec::new();
        codec::encode_effect(effect, entry, &mut payload);
        self.sent.push((word(&effect.change), payload));
        self.sale.apply(effect);
    }
}

fn word(change: &Change<'_>) -> &'static str {
    match change {
        Change::Reserved { .. } => "reserved",
        Change::Adopted { .. } => "adopted",
        Change::Waitlisted { .. } => "waitlisted",
        Change::Offered { .. } => "offered",
        Change::Accepted { .. } => "accepted",
        Change::Confirmed { .. } => "confirmed",
        Change::Released { .. } => "released",
        Change::Expired { .. } => "expired",
        Change::Extended { .. } => "extended",
        Change::Refunded { .. } => "refunded",
        Change::Restocked { .. } => "restocked",
        Change::Voided { .. } => "voided",
        Change::Altered { .. } => "altered",
    }
}
