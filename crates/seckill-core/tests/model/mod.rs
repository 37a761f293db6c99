//! A sale as one would write it down on paper: lists, scans and no thought of speed.
//!
//! It decides every request by itself. What it has in common with the sale under test are only the words:
//! [`Request`], [`Refusal`], [`Terms`].

pub mod caller;
pub mod compare;
pub mod copies;
pub mod line;
pub mod random;
pub mod requests;
pub mod trial;

use seckill_core::ids::ReservationId;
use seckill_core::sale::{
    Adopt, HOLD_MS_MAX, Misuse, OnFailover, Part, Refusal, Request, ReservationState, Reserve, SaleState,
    Standing, Terms,
};
use seckill_core::time::Timestamp;

/// Names, tokens and payloads of the tests.
pub type Bytes = &'static [u8];

/// A reservation.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: ReservationId,
    /// Whose.
    pub user: Bytes,
    /// Units.
    pub qty: u64,
    /// Units paid back.
    pub refunded: u64,
    /// State as it was last written down.
    pub state: ReservationState,
    /// The end of the hold, if it ever was one.
    pub deadline: Option<u64>,
    /// How long after it the units go back.
    pub grace_ms: u64,
    /// When it was made.
    pub created: u64,
    /// The request's token.
    pub token: Option<Bytes>,
    /// The payload.
    pub data: Option<Bytes>,
}

/// What a request changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Units were taken, until then.
    Reserved(Option<u64>),
    /// A lost reservation is there again, until then.
    Adopted(Option<u64>),
    /// The user waits.
    Waitlisted,
    /// Units are kept for a user who waited, until then.
    Offered(ReservationId, u64),
    /// What was offered was taken, until then.
    Accepted(ReservationId, Option<u64>),
    /// A reservation was paid.
    Confirmed(ReservationId),
    /// A hold was given back.
    Released(ReservationId),
    /// A hold lasts until then.
    Extended(ReservationId, u64),
    /// So many units were paid back now.
    Refunded(ReservationId, u64),
    /// So many units there are in all.
    Restocked(u64),
    /// A request is refused until then.
    Voided(u64),
    /// Other terms.
    Altered,
}

/// A restock done under a token.
#[derive(Clone, Copy, Debug)]
pub struct Restock {
    token: Bytes,
    delta: i64,
    available: u64,
    total: u64,
}

/// The sale on paper.
#[derive(Clone, Debug)]
pub struct Naive {
    /// Its terms.
    pub terms: Terms,
    /// Its state.
    pub state: SaleState,
    /// The key of its filter.
    pub filter: Bytes,
    /// Units to sell; `None` if unlimited.
    pub total: Option<u64>,
    /// When the newest change was made.
    pub clock: u64,
    /// The epoch of the newest change.
    pub epoch: u32,
    /// Events of the epoch.
    pub seq: u64,
    /// Ids of the epoch.
    pub number: u32,
    /// True until the life that goes on with the sale has changed it.
    pub fresh: bool,
    /// True if a life went on with the sale, and it was not opened since.
    pub unopened: bool,
    /// All reservations, the oldest first.
    pub entries: Vec<Entry>,
    parts: Vec<(ReservationId, Bytes, u64)>,
    restocks: Vec<Restock>,
    voids: Vec<(Bytes, Bytes, u64)>,
    /// Requests that took an offer under a token of their own.
    answers: Vec<(Bytes, Bytes, ReservationId)>,
    patience: line::Patience,
    /// True once somebody waited.
    ever_waited: bool,
}

impl Entry {
    /// When the units of the hold go back.
    pub fn due(&self) -> u64 {
        self.deadline.map_or(u64::MAX, |deadline| deadline + self.grace_ms)
    }

    /// The state as a reader sees it at `now`.
    pub fn seen(&self, now: u64) -> ReservationState {
        let kept = matches!(self.state, ReservationState::Held | ReservationState::Offered);
        let over = kept && now >= self.due();
        if over { ReservationState::Expired } else { self.state }
    }

    /// Units of the stock that it has at `now`.
    pub fn units(&self, now: u64) -> u64 {
        match self.seen(now) {
            ReservationState::Held | ReservationState::Offered => self.qty,
            ReservationState::Confirmed => self.qty - self.refunded,
            ReservationState::Released
            | ReservationState::Expired
            | ReservationState::Refunded
            | ReservationState::Waiting => 0,
        }
    }
}

impl Naive {
    /// A sale without reservations.
    pub fn new(terms: Terms, total: Option<u64>, at: u64) -> Naive {
        Naive {
            terms,
            state: SaleState::Open,
            filter: b"",
            total,
            clock: at,
            epoch: 0,
            seq: 0,
            number: 0,
            fresh: false,
            unopened: false,
            entries: Vec::new(),
            parts: Vec::new(),
            restocks: Vec::new(),
            voids: Vec::new(),
            answers: Vec::new(),
            patience: line::Patience::default(),
            ever_waited: false,
        }
    }

    /// The sale's time: it does not run backwards.
    pub fn time(&self, now: u64) -> u64 {
        now.max(self.clock)
    }

    /// The epoch of the first change of another life: later by one, and by one for each ten seconds of silence.
    pub fn next_epoch(&self, now: u64) -> u32 {
        self.epoch + 1 + ((self.time(now) - self.clock) / 10_000) as u32
    }

    /// Whether anything can be reserved.
    pub fn is_open(&self, now: u64) -> bool {
        let started = self.terms.start.is_none_or(|start| start.0 <= now);
        let ended = self.terms.end.is_some_and(|end| end.0 <= now);
        self.state == SaleState::Open && started && !ended && !self.is_frozen()
    }

    /// Whether nothing can be reserved before an operator opens the sale.
    pub fn is_frozen(&self) -> bool {
        self.terms.on_failover == OnFailover::Freeze && (self.fresh || self.unopened)
    }

    /// Units of all reservations in `state` at `now`.
    pub fn units_in(&self, state: ReservationState, now: u64) -> u64 {
        self.entries.iter().filter(|e| e.seen(now) == state).map(|e| e.units(now)).sum()
    }

    /// Units that can be taken at `now`.
    pub fn available(&self, now: u64) -> Option<u64> {
        let given: u64 = self.entries.iter().map(|e| e.units(now)).sum();
        self.total.map(|total| total.saturating_sub(given))
    }

    /// Units given out at `now` beyond the stock.
    pub fn oversold(&self, now: u64) -> u64 {
        let given: u64 = self.entries.iter().map(|e| e.units(now)).sum();
        self.total.map_or(0, |total| given.saturating_sub(total))
    }

    /// Units left when holds that are due but not settled count as taken; what a RESTOCK is answered.
    pub fn unsettled(&self) -> u64 {
        let given: u64 = self.entries.iter().map(|e| e.units(0)).sum();
        self.total.map_or(0, |total| total.saturating_sub(given))
    }

    /// The reservation with this id.
    pub fn entry(&self, id: ReservationId) -> Option<&Entry> {
        self.entries.iter().find(|e| e.id == id)
    }

    /// What the request changes, or why it changes nothing.
    pub fn decide(&self, now: u64, request: &Request<'static>) -> Result<Done, Refusal> {
        let now = self.time(now);
        match *request {
            Request::Reserve(reserve) => self.reserve(now, &reserve),
            Request::Confirm { id, late } => self.confirm(now, id, late),
            Request::Release { id } => self.unsettled_entry(now, id).map(|_| Done::Released(id)),
            Request::Extend { id, ms } => self.extend(now, id, ms),
            Request::Refund { id, part, .. } => self.refund(id, part),
            Request::Void { user, token, ms } => self.void(now, user, token, now + ms),
            Request::Restock { delta, token } => self.restock(now, delta, token),
            Request::Adopt(adopt) => self.adopt(now, &adopt),
            Request::Alter { .. } => Ok(Done::Altered),
        }
    }

    /// The reservation that a user's request made, or took as an offer.
    pub fn request(&self, user: &[u8], token: &[u8]) -> Option<&Entry> {
        let made = self.entries.iter().find(|e| e.user == user && e.token == Some(token));
        made.or_else(|| self.answered(user, token))
    }

    fn reserve(&self, now: u64, reserve: &Reserve<'static>) -> Result<Done, Refusal> {
        self.preview(now, reserve)?;
        if let Some(e) = self.queued(now, reserve.user) {
            return self.accept(now, e);
        }
        self.quota(now, reserve)?;
        let taken = if self.line().count() == 0 {
            self.stock(now, reserve.qty)
        } else {
            self.turn_of(now, reserve.qty)
        };
        match taken {
            Err(Refusal::SoldOut { .. }) if self.can_wait(reserve) => return Ok(Done::Waitlisted),
            taken => taken?,
        }
        let hold_ms = self.terms.hold_ms;
        Ok(Done::Reserved(if hold_ms == 0 { None } else { Some(now + hold_ms) }))
    }

    /// Whether a request comes to be judged by who asks.
    pub fn preview(&self, now: u64, reserve: &Reserve<'static>) -> Result<(), Refusal> {
        if let Some(token) = reserve.token {
            if let Some(e) = self.request(reserve.user, token) {
                let own = e.token == Some(token);
                let same = !own || e.qty == reserve.qty && e.data == reserve.data;
                match (same, e.seen(now)) {
                    (true, ReservationState::Offered) => {}
                    (true, _) => return Err(Refusal::Standing(e.id)),
                    (false, _) => return Err(Refusal::Mismatch),
                }
            } else if self.voids.iter().any(|(u, t, until)| *u == reserve.user && *t == token && now < *until)
            {
                return Err(Refusal::Voided);
            }
        }
        if self.is_frozen() {
            return Err(Refusal::Frozen);
        }
        match self.state {
            SaleState::Paused => return Err(Refusal::Paused),
            SaleState::Closed => return Err(Refusal::Ended),
            SaleState::Open => {}
        }
        match (self.terms.start, self.terms.end) {
            (Some(start), _) if now < self.opens(start.0, reserve.tier) => {
                let start = self.opens(start.0, reserve.tier);
                return Err(Refusal::NotOpen { start: Timestamp(start), wait_ms: start - now });
            }
            (_, Some(end)) if now >= end.0 => return Err(Refusal::Ended),
            _ => {}
        }
        Ok(())
    }

    /// When a sale that starts at `start` opens for a tier.
    fn opens(&self, start: u64, tier: u32) -> u64 {
        match self.terms.access.early {
            Some(early) if early.tier <= tier && early.from.0 < start => early.from.0,
            _ => start,
        }
    }

    fn quota(&self, now: u64, reserve: &Reserve<'_>) -> Result<(), Refusal> {
        let live: Vec<&Entry> =
            self.entries.iter().filter(|e| e.user == reserve.user && e.units(now) > 0).collect();
        let units: u64 = live.iter().map(|e| e.units(now)).sum();
        let per_user = self.terms.per_user;
        if per_user == 0 || units + reserve.qty <= per_user {
            return Ok(());
        }
        let newest = live.last().map(|e| {
            let kept = e.state != ReservationState::Confirmed;
            (e.id, e.deadline.filter(|_| kept).map(Timestamp))
        });
        Err(Refusal::Duplicate { newest, units, per_user })
    }

    fn stock(&self, now: u64, qty: u64) -> Result<(), Refusal> {
        match self.available(now) {
            Some(left) if left >= qty => Ok(()),
            Some(0) => Err(self.sold_out(now)),
            Some(left) => Err(Refusal::Short { left }),
            None => Ok(()),
        }
    }

    fn held(&self, now: u64, id: ReservationId) -> Result<&Entry, Refusal> {
        let e = self.entry(id).ok_or(Refusal::NotFound)?;
        if e.seen(now) == ReservationState::Held { Ok(e) } else { Err(Refusal::Standing(id)) }
    }

    fn confirm(&self, now: u64, id: ReservationId, late: bool) -> Result<Done, Refusal> {
        let e = self.entry(id).ok_or(Refusal::NotFound)?;
        match e.seen(now) {
            ReservationState::Held | ReservationState::Offered => Ok(Done::Confirmed(id)),
            ReservationState::Expired if late => match self.available(now) {
                Some(left) if left < e.qty => Err(self.sold_out(now)),
                _ => Ok(Done::Confirmed(id)),
            },
            _ => Err(Refusal::Standing(id)),
        }
    }

    fn extend(&self, now: u64, id: ReservationId, ms: u64) -> Result<Done, Refusal> {
        let e = self.held(now, id)?;
        let old = e.deadline.unwrap_or(0);
        let max = if self.terms.hold_ms_max == 0 { HOLD_MS_MAX } else { self.terms.hold_ms_max };
        let (wanted, cap) = (now + ms, e.created + max);
        if wanted <= old {
            Err(Refusal::Unmoved { id, capped: false })
        } else if cap <= old {
            Err(Refusal::Unmoved { id, capped: true })
        } else {
            Ok(Done::Extended(id, wanted.min(cap)))
        }
    }

    fn refund(&self, id: ReservationId, part: Option<Part<'static>>) -> Result<Done, Refusal> {
        let e = self.entry(id).ok_or(Refusal::NotFound)?;
        let left = e.qty - e.refunded;
        let done = part.and_then(|part| self.parts.iter().find(|(i, t, _)| *i == id && *t == part.token));
        match (part, done, e.state) {
            (Some(part), Some((_, _, units)), _) if part.qty == *units => Err(Refusal::Standing(id)),
            (Some(_), Some(_), _) => Err(Refusal::Mismatch),
            (None, _, ReservationState::Confirmed) => Ok(Done::Refunded(id, left)),
            (Some(part), None, ReservationState::Confirmed) if part.qty <= left => {
                Ok(Done::Refunded(id, part.qty))
            }
            (Some(_), None, ReservationState::Confirmed) => Err(Refusal::Short { left }),
            (Some(_), None, ReservationState::Refunded) => Err(Refusal::Short { left: 0 }),
            _ => Err(Refusal::Standing(id)),
        }
    }

    fn void(&self, now: u64, user: Bytes, token: Bytes, until: u64) -> Result<Done, Refusal> {
        if let Some(e) = self.request(user, token) {
            return self.unsettled_entry(now, e.id).map(|e| Done::Released(e.id));
        }
        let longer =
            self.voids.iter().any(|(u, t, old)| *u == user && *t == token && now < *old && *old >= until);
        if longer { Err(Refusal::Voided) } else { Ok(Done::Voided(until)) }
    }

    fn adopt(&self, now: u64, adopt: &Adopt<'_>) -> Result<Done, Refusal> {
        if self.entry(adopt.id).is_some() {
            return Err(Refusal::Standing(adopt.id));
        }
        let (epoch, number) = (adopt.id.0 >> 32, adopt.id.0 % (1 << 32));
        if number == 0 || epoch >= (1 << 31) - 1 {
            return Err(Refusal::Misuse(Misuse::StrangeId));
        }
        let until = match adopt.standing {
            Standing::Confirmed => return Ok(Done::Adopted(None)),
            Standing::Held(Some(until)) if until.0 > now => until.0,
            Standing::Held(Some(_)) => now + 1,
            Standing::Held(None) if self.terms.hold_ms > 0 => now + self.terms.hold_ms,
            Standing::Held(None) => return Err(Refusal::Misuse(Misuse::Deadline)),
        };
        let fits = until - now <= HOLD_MS_MAX;
        if fits { Ok(Done::Adopted(Some(until))) } else { Err(Refusal::Misuse(Misuse::HoldRange)) }
    }

    fn restock(&self, now: u64, delta: i64, token: Option<Bytes>) -> Result<Done, Refusal> {
        let (Some(total), Some(available)) = (self.total, self.available(now)) else {
            return Err(Refusal::Misuse(Misuse::Unlimited));
        };
        if let Some(done) = self.restocks.iter().find(|done| Some(done.token) == token) {
            let same = Refusal::Restocked { available: done.available, total: done.total };
            return Err(if done.delta == delta { same } else { Refusal::Mismatch });
        }
        if i128::from(available) + i128::from(delta) < 0 && delta < 0 {
            return Err(Refusal::Short { left: available });
        }
        let sum = i128::from(total) + i128::from(delta);
        if sum > 1 << 53 { Err(Refusal::Misuse(Misuse::StockRange)) } else { Ok(Done::Restocked(sum as u64)) }
    }
}

impl Naive {
    /// A hold's time is over.
    pub fn expire(&mut self, now: u64, epoch: u32, id: ReservationId) {
        let now = self.time(now);
        self.turn(now, epoch);
        self.seq += 1;
        let e = self.entry_mut(id);
        assert!(
            e.seen(now) == ReservationState::Expired && e.state != ReservationState::Expired,
            "{e:?} at {now}"
        );
        e.state = ReservationState::Expired;
        self.turn_line(line::Passing::Nobody);
    }

    /// Makes a change that [`Naive::decide`] allowed. Returns the new reservation.
    pub fn make(&mut self, now: u64, epoch: u32, request: &Request<'static>, done: Done) -> Option<&Entry> {
        let now = self.time(now);
        self.turn(now, epoch);
        self.seq += u64::from(!matches!(done, Done::Voided(_) | Done::Altered));
        match (done, *request) {
            (Done::Reserved(deadline), Request::Reserve(reserve)) => {
                let held = deadline.is_some();
                let state = if held { ReservationState::Held } else { ReservationState::Confirmed };
                self.push_new(now, state, deadline, &reserve);
                self.turn_line(line::Passing::Somebody);
                return self.entries.last();
            }
            (Done::Adopted(deadline), Request::Adopt(Adopt { id, user, qty, .. })) => {
                let held = deadline.is_some();
                let state = if held { ReservationState::Held } else { ReservationState::Confirmed };
                let reserve = Reserve { user, qty, token: None, data: None, tier: 0, waits: false };
                self.push(id, now, state, deadline, &reserve);
            }
            (Done::Waitlisted, Request::Reserve(reserve)) => {
                self.ever_waited = true;
                self.push_new(now, ReservationState::Waiting, None, &reserve);
                self.turn_line(line::Passing::Nobody);
                return self.entries.last();
            }
            (Done::Accepted(id, deadline), Request::Reserve(reserve)) => {
                self.take_offer(id, deadline, reserve.token)
            }
            (Done::Confirmed(id), _) => self.entry_mut(id).state = ReservationState::Confirmed,
            (Done::Released(id), _) => self.entry_mut(id).state = ReservationState::Released,
            (Done::Extended(id, deadline), _) => self.entry_mut(id).deadline = Some(deadline),
            (Done::Refunded(id, units), Request::Refund { part, restock, .. }) => {
                self.pay_back(now, id, units, part.map(|part| part.token), restock);
            }
            (Done::Restocked(total), Request::Restock { delta, token }) => {
                self.total = Some(total);
                let available = self.unsettled();
                self.restocks.extend(token.map(|token| Restock { token, delta, available, total }));
            }
            (Done::Voided(until), Request::Void { user, token, .. }) => {
                self.voids.retain(|(u, t, _)| (*u, *t) != (user, token));
                self.voids.push((user, token, until));
            }
            (Done::Altered, Request::Alter { terms, state, filter }) => {
                self.filter = filter;
                let opens = state == Some(SaleState::Open);
                let warm = OnFailover::Continue;
                self.unopened &= !opens && self.terms.on_failover != warm && terms.on_failover != warm;
                (self.terms, self.state) = (terms, state.unwrap_or(self.state));
            }
            other => panic!("{other:?} do not fit"),
        }
        self.turn_line(line::Passing::Nobody);
        None
    }

    fn turn(&mut self, now: u64, epoch: u32) {
        self.clock = now;
        self.fresh = false;
        if epoch != self.epoch {
            self.unopened = true;
            (self.epoch, self.seq, self.number) = (epoch, 0, 0);
        }
    }

    fn push_new(
        &mut self,
        now: u64,
        state: ReservationState,
        deadline: Option<u64>,
        reserve: &Reserve<'static>,
    ) {
        self.number += 1;
        let id = ReservationId((u64::from(self.epoch) << 32) + u64::from(self.number));
        self.push(id, now, state, deadline, reserve);
    }

    fn push(
        &mut self,
        id: ReservationId,
        now: u64,
        state: ReservationState,
        deadline: Option<u64>,
        reserve: &Reserve<'static>,
    ) {
        self.entries.push(Entry {
            id,
            user: reserve.user,
            qty: reserve.qty,
            refunded: 0,
            state,
            deadline,
            grace_ms: self.terms.grace_ms,
            created: now,
            token: reserve.token,
            data: reserve.data,
        });
    }

    fn pay_back(&mut self, now: u64, id: ReservationId, units: u64, token: Option<Bytes>, restock: bool) {
        let never_there = self.oversold(now).min(units);
        let e = self.entry_mut(id);
        e.refunded += units;
        if e.refunded == e.qty {
            e.state = ReservationState::Refunded;
        }
        self.parts.extend(token.map(|token| (id, token, units)));
        if !restock {
            self.total = self.total.map(|total| total - (units - never_there));
        }
    }

    fn entry_mut(&mut self, id: ReservationId) -> &mut Entry {
        self.entries.iter_mut().find(|e| e.id == id).expect("the model knows what it allowed")
    }
}
