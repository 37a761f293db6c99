//! One request to several sales: each gives its part, or none does.
//!
//! A sale is asked first what it would say, and changes only when all of them agree.

use super::{Refusal, Request, ReservationState, Reserve, Sale};
use crate::ids::{ReservationId, Slot};
use crate::time::{Moment, Timestamp};

/// What a sale says to its part of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It does its part, as soon as due holds that stand in the way are expired.
    Does,
    /// It did its part before, and this reservation is what came of it.
    Did(ReservationId),
    /// It does not: the user waits in line there.
    Waits(ReservationId),
    /// It does not.
    Refuses(Refusal),
    /// There is no such sale.
    NoSale,
}

/// What becomes of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sales that have not done their part do it now.
    Made,
    /// All was done before.
    Repeated,
    /// Nothing is done, because of the sale at this place.
    Refused(usize),
    /// Nothing is done: the request's token was used with other arguments.
    Mismatched,
}

/// How a cart ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settling {
    /// The buyer has paid.
    Confirm,
    /// The buyer gives the units back.
    Release,
}

impl Settling {
    /// The request to the sale that has the reservation.
    pub fn request(self, id: ReservationId) -> Request<'static> {
        match self {
            Settling::Confirm => Request::Confirm { id, late: false },
            Settling::Release => Request::Release { id },
        }
    }

    /// The state that it brings about.
    pub fn state(self) -> ReservationState {
        match self {
            Settling::Confirm => ReservationState::Confirmed,
            Settling::Release => ReservationState::Released,
        }
    }
}

impl Answer {
    /// True if the sale knows the request's token.
    fn knows(&self) -> bool {
        matches!(self, Answer::Did(_) | Answer::Refuses(Refusal::Standing(_) | Refusal::Mismatch))
    }

    /// True if the token says nothing to the sale.
    fn is_new(&self) -> bool {
        !self.knows() && !matches!(self, Answer::NoSale | Answer::Refuses(Refusal::Voided))
    }

    fn is_refusal(&self) -> bool {
        matches!(self, Answer::Waits(_) | Answer::Refuses(_) | Answer::NoSale)
    }

    /// Why the sale does not do its part; none if it does, did, or is not there.
    pub fn refusal(&self) -> Option<Refusal> {
        match *self {
            Answer::Waits(id) => Some(Refusal::Standing(id)),
            Answer::Refuses(refusal) => Some(refusal),
            Answer::Does | Answer::Did(_) | Answer::NoSale => None,
        }
    }
}

impl Verdict {
    /// What becomes of a cart to reserve, by its sales' answers in the order given.
    ///
    /// A cart is taken as a whole, so a token that only some of its sales know was used for another one.
    pub fn on_reserving(answers: &[Answer]) -> Verdict {
        let differs = answers.contains(&Answer::Refuses(Refusal::Mismatch));
        let in_part = answers.iter().any(Answer::knows) && answers.iter().any(Answer::is_new);
        if differs || in_part { Verdict::Mismatched } else { Verdict::on_settling(answers) }
    }

    /// What becomes of a cart to settle, by its sales' answers in the order given.
    pub fn on_settling(answers: &[Answer]) -> Verdict {
        match answers.iter().position(Answer::is_refusal) {
            Some(place) => Verdict::Refused(place),
            None if answers.contains(&Answer::Does) => Verdict::Made,
            None => Verdict::Repeated,
        }
    }
}

impl Sale {
    /// What this sale says to its part of a cart to reserve. Changes nothing.
    ///
    /// Holds that are due count as expired already, so that a cart which another sale refuses expires nothing here.
    pub fn appraise(&self, moment: Moment, part: &Reserve<'_>) -> Answer {
        let now = self.clamped(moment.now);
        let first = self.users.first(part.user, &self.table);
        let admitted =
            self.check_request(now, first, part).and_then(|()| self.check_window(moment, part.tier));
        let queued = first.and_then(|first| self.queued(first));
        let judged = admitted.and_then(|()| match queued.map(|slot| (slot, self.state_at(slot, now))) {
            Some((slot, ReservationState::Waiting)) => Ok(Answer::Waits(self.ids.id(slot))),
            // The part takes what was offered.
            Some((_, ReservationState::Offered)) => Ok(Answer::Does),
            _ => self.appraise_taking(moment, first, part.qty),
        });
        match judged {
            Ok(answer) => answer,
            Err(Refusal::Standing(id)) => match self.seen(now, id) {
                Some(ReservationState::Waiting) => Answer::Waits(id),
                Some(state) if state.is_live() => Answer::Did(id),
                _ => Answer::Refuses(Refusal::Standing(id)),
            },
            Err(refusal) => Answer::Refuses(refusal),
        }
    }

    fn appraise_taking(&self, moment: Moment, first: Option<Slot>, qty: u64) -> Result<Answer, Refusal> {
        let now = self.clamped(moment.now);
        self.check_settled_quota(now, first, qty)?;
        self.check_settled_units(now, qty)?;
        self.room_for(moment).map(|_| Answer::Does)
    }

    /// What this sale says to its part of a cart to settle, reserved by `user` under `token`. Changes nothing.
    pub fn appraise_settling(&self, moment: Moment, user: &[u8], token: &[u8], how: Settling) -> Answer {
        let Some(id) = self.find_request(user, token) else { return Answer::Refuses(Refusal::NotFound) };
        match self.decide(moment, &how.request(id)) {
            Ok(_) => Answer::Does,
            Err(Refusal::Standing(id)) if self.seen(moment.now, id) == Some(how.state()) => Answer::Did(id),
            Err(refusal) => Answer::Refuses(refusal),
        }
    }

    fn seen(&self, now: Timestamp, id: ReservationId) -> Option<ReservationState> {
        self.ids.slot(id).map(|slot| self.state_at(slot, now))
    }

    /// The quota as it is once the user's due holds are expired.
    fn check_settled_quota(&self, now: Timestamp, first: Option<Slot>, qty: u64) -> Result<(), Refusal> {
        let Err(refusal) = self.check_quota(first, qty) else { return Ok(()) };
        let (Refusal::Duplicate { per_user, .. }, Some(first)) = (refusal, first) else {
            return Err(refusal);
        };
        let live: Vec<Slot> = match self.users.repeat(first) {
            Some(repeat) => repeat.live.iter().copied().collect(),
            None => vec![first],
        };
        let live = live.into_iter().filter(|slot| self.state_at(*slot, now).is_live());
        let (mut units, mut newest) = (0, None);
        for slot in live {
            units += self.live_units(slot);
            newest = Some((self.ids.id(slot), self.live_deadline(slot)));
        }
        if units + qty <= per_user {
            return Ok(());
        }
        Err(Refusal::Duplicate { newest, units, per_user })
    }

    /// The stock as it is once due holds are expired.
    fn check_settled_units(&self, now: Timestamp, qty: u64) -> Result<(), Refusal> {
        match self.check_units(now, qty) {
            Err(Refusal::Short { left }) if qty <= left => Ok(()),
            judged => judged,
        }
    }
}
