//! An order, and how events change it: in any order of arrival with the same outcome.
//!
//! A state has a rank, and an order only moves to a higher one, or within a rank to a newer event.
//! Units that were paid back are added up, times are minima and maxima.
//! Each of these is commutative, so every permutation of the same events ends in the same row.

use crate::event::{Event, Kind, Seq};

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// In the wait list.
    Waiting,
    /// Units are kept until the buyer answers.
    Offered,
    /// Units are kept until the buyer pays.
    Held,
    /// The buyer gave them back.
    Released,
    /// The buyer did not pay in time: cancelled.
    Expired,
    /// Paid.
    Confirmed,
    /// Paid, and all paid back.
    Refunded,
}

impl State {
    /// Every state.
    pub const ALL: [State; 7] = [
        State::Waiting,
        State::Offered,
        State::Held,
        State::Released,
        State::Expired,
        State::Confirmed,
        State::Refunded,
    ];

    /// The word in the database, the same as in the sale.
    pub fn word(self) -> &'static str {
        match self {
            State::Waiting => "WAITING",
            State::Offered => "OFFERED",
            State::Held => "HELD",
            State::Released => "RELEASED",
            State::Expired => "EXPIRED",
            State::Confirmed => "CONFIRMED",
            State::Refunded => "REFUNDED",
        }
    }

    /// The state of a word, if it is one.
    pub fn of(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    /// How far it is; a state of a lower rank never follows one of a higher.
    ///
    /// RELEASED and EXPIRED end a hold either way; CONFIRMED stands above them, for late payment follows EXPIRED.
    pub fn rank(self) -> u8 {
        match self {
            State::Waiting => 0,
            State::Offered => 1,
            State::Held => 2,
            State::Released | State::Expired => 3,
            State::Confirmed => 4,
            State::Refunded => 5,
        }
    }

    /// Whether units of the stock are taken in this state.
    pub fn takes_units(self) -> bool {
        matches!(self, State::Offered | State::Held | State::Confirmed)
    }

    /// Whether it is waited for an answer until a deadline.
    pub fn has_deadline(self) -> bool {
        matches!(self, State::Offered | State::Held)
    }
}

/// A row of the table `orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The key of the sale.
    pub sale: String,
    /// The reservation's id.
    pub reservation: i64,
    /// Whose order it is.
    pub user: String,
    /// Units ordered; 0 as long as only refunds have arrived.
    pub qty: i64,
    /// Units paid back.
    pub refunded: i64,
    /// Where it is; none in a row that no event has reached.
    pub state: Option<State>,
    /// The event that the state comes from.
    pub seq: Seq,
    /// The end of the hold or offer in Unix milliseconds; 0 when there is none.
    pub deadline: i64,
    /// The payload given to RESERVE.
    pub data: Option<Vec<u8>>,
    /// When the earliest of its events was written, in Unix milliseconds.
    pub created_at: i64,
    /// When the latest of its events was written, in Unix milliseconds.
    pub updated_at: i64,
    /// When it was paid, in Unix milliseconds; 0 if it was not.
    pub paid_at: i64,
}

/// Why an event cannot change an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The reservation's id is taken by another buyer's order, of a lost or a former life of the sale.
    OtherBuyer {
        /// Whose order it is.
        owner: String,
    },
}

/// What an event did to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It told something new.
    Forward,
    /// It is older than what is known, and changes no state.
    Overtaken,
    /// It is newer, and of a later epoch, yet would take the state back: the sale was set back by a failover.
    Setback,
}

impl Order {
    /// The row of a reservation that no event has reached.
    pub fn unknown(sale: &str, reservation: i64, user: &str) -> Order {
        Order {
            sale: sale.to_owned(),
            reservation,
            user: user.to_owned(),
            qty: 0,
            refunded: 0,
            state: None,
            seq: Seq::default(),
            deadline: 0,
            data: None,
            created_at: 0,
            updated_at: 0,
            paid_at: 0,
        }
    }

    /// Applies an event that was not applied before.
    ///
    /// # Errors
    /// [`Refusal::OtherBuyer`]; nothing is changed then.
    pub fn apply(&mut self, event: &Event) -> Result<Step, Refusal> {
        if self.user != event.user {
            return Err(Refusal::OtherBuyer { owner: self.user.clone() });
        }
        let step = self.advance(event);
        let at = i64::try_from(event.entry.ms).unwrap_or(i64::MAX);
        self.created_at = if self.created_at == 0 { at } else { self.created_at.min(at) };
        self.updated_at = self.updated_at.max(at);
        if self.data.is_none() {
            self.data.clone_from(&event.data);
        }
        match event.kind {
            Kind::Refunded => self.refunded = self.refunded.saturating_add(event.qty),
            _ => self.qty = self.qty.max(event.qty),
        }
        if event.kind == Kind::Confirmed {
            self.paid_at = self.paid_at.max(at);
        }
        if self.state == Some(State::Confirmed) && self.qty > 0 && self.refunded >= self.qty {
            self.state = Some(State::Refunded);
        }
        Ok(step)
    }

    /// Units of the stock that this order takes.
    pub fn taken(&self) -> i64 {
        let takes = self.state.is_some_and(State::takes_units);
        if takes { self.qty.saturating_sub(self.refunded).max(0) } else { 0 }
    }

    fn advance(&mut self, event: &Event) -> Step {
        let Some(state) = told(event) else { return Step::Overtaken };
        // REFUNDED is CONFIRMED with everything paid back: reached by adding up, not by an event of its own.
        let rank = self.state.map(|state| state.rank().min(State::Confirmed.rank()));
        let is_newer = event.seq > self.seq;
        if rank.is_some_and(|rank| (state.rank(), event.seq) <= (rank, self.seq)) {
            let is_set_back = is_newer && event.seq.epoch > self.seq.epoch && rank > Some(state.rank());
            return if is_set_back { Step::Setback } else { Step::Overtaken };
        }
        self.state = Some(state);
        self.seq = event.seq;
        self.deadline = if state.has_deadline() { event.deadline } else { 0 };
        Step::Forward
    }
}

/// The state that an event tells of.
fn told(event: &Event) -> Option<State> {
    match event.kind {
        Kind::Waitlisted => Some(State::Waiting),
        Kind::Offered => Some(State::Offered),
        Kind::Reserved | Kind::Extended => Some(State::Held),
        Kind::Released => Some(State::Released),
        Kind::Expired => Some(State::Expired),
        Kind::Confirmed => Some(State::Confirmed),
        Kind::Adopted if event.deadline > 0 => Some(State::Held),
        Kind::Adopted => Some(State::Confirmed),
        // A refund is added up; it says that the order was paid, but not for how many units.
        Kind::Refunded | Kind::Restocked => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EntryId;

    fn event(kind: Kind, number: i64, qty: i64) -> Event {
        let deadline =
            if matches!(kind, Kind::Reserved | Kind::Extended | Kind::Offered) { 9_000 + number } else { 0 };
        Event {
            kind,
            sale: "phone".to_owned(),
            seq: Seq { epoch: 0, number },
            reservation: 7,
            user: "alice".to_owned(),
            qty,
            deadline,
            data: Some(b"red".to_vec()),
            entry: EntryId { ms: 100 + number as u64, number: 0 },
        }
    }

    fn after(events: &[Event]) -> Order {
        let mut order = Order::unknown("phone", 7, "alice");
        for event in events {
            order.apply(event).unwrap();
        }
        order
    }

    /// Every history that a sale can write about one reservation.
    fn histories() -> Vec<Vec<Event>> {
        use Kind::*;
        let kinds: [&[(Kind, i64)]; 9] = [
            &[(Reserved, 3), (Extended, 3), (Extended, 3), (Confirmed, 3)],
            &[(Reserved, 3), (Extended, 3), (Expired, 3)],
            &[(Reserved, 3), (Released, 3)],
            &[(Reserved, 3), (Expired, 3), (Confirmed, 3), (Refunded, 3)],
            &[(Reserved, 3), (Confirmed, 3), (Refunded, 1), (Refunded, 1), (Refunded, 1)],
            &[(Confirmed, 3), (Refunded, 2)],
            &[(Waitlisted, 3), (Offered, 3), (Reserved, 3), (Confirmed, 3)],
            &[(Waitlisted, 3), (Offered, 3), (Expired, 3)],
            &[(Waitlisted, 3), (Released, 3)],
        ];
        let history = |kinds: &&[(Kind, i64)]| {
            (1..).zip(*kinds).map(|(n, (kind, qty))| event(*kind, n, *qty)).collect()
        };
        kinds.iter().map(history).collect()
    }

    fn permutations(events: &[Event]) -> Vec<Vec<Event>> {
        if events.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for at in 0..events.len() {
            let mut rest = events.to_vec();
            let first = rest.remove(at);
            all.extend(permutations(&rest).into_iter().map(|mut tail| {
                tail.insert(0, first.clone());
                tail
            }));
        }
        all
    }

    #[test]
    fn every_order_of_arrival_ends_in_the_same_row() {
        for history in histories() {
            let expected = after(&history);
            for permutation in permutations(&history) {
                assert_eq!(after(&permutation), expected, "{permutation:?}");
            }
        }
    }

    #[test]
    fn a_state_never_goes_backwards_on_the_way() {
        for history in histories() {
            for permutation in permutations(&history) {
                let mut order = Order::unknown("phone", 7, "alice");
                let mut rank = 0;
                for event in &permutation {
                    order.apply(event).unwrap();
                    let now = order.state.map_or(0, State::rank);
                    assert!(now >= rank, "{permutation:?}");
                    rank = now;
                }
            }
        }
    }

    #[test]
    fn units_are_taken_from_the_hold_to_its_end_and_refunds_give_them_back() {
        use Kind::*;
        let taken: Vec<i64> = histories().iter().map(|history| after(history).taken()).collect();
        assert_eq!(taken, [3, 0, 0, 0, 0, 1, 3, 0, 0]);
        assert_eq!(after(&[event(Refunded, 3, 2)]).taken(), 0);
        assert_eq!(after(&[event(Waitlisted, 1, 3)]).taken(), 0);
        assert_eq!(after(&[event(Waitlisted, 1, 3), event(Offered, 2, 3)]).taken(), 3);
    }

    #[test]
    fn a_refund_alone_is_no_paid_order() {
        let refunded = after(&[event(Kind::Refunded, 3, 2)]);
        assert_eq!((refunded.state, refunded.qty, refunded.refunded), (None, 0, 2));
        assert_eq!(
            after(&[event(Kind::Refunded, 3, 2), event(Kind::Confirmed, 2, 2)]).state,
            Some(State::Refunded)
        );
    }

    #[test]
    fn another_buyers_event_changes_nothing() {
        let mut order = after(&[event(Kind::Reserved, 1, 3)]);
        let before = order.clone();
        let mut other = event(Kind::Confirmed, 2, 3);
        other.user = "bob".to_owned();
        assert_eq!(order.apply(&other), Err(Refusal::OtherBuyer { owner: "alice".to_owned() }));
        assert_eq!(order, before);
    }

    #[test]
    fn a_later_epoch_that_knows_less_is_a_setback_and_takes_nothing_away() {
        let mut order = after(&[event(Kind::Reserved, 1, 3), event(Kind::Confirmed, 2, 3)]);
        let mut expired = event(Kind::Expired, 1, 3);
        assert_eq!(order.apply(&expired), Ok(Step::Overtaken));
        expired.seq = Seq { epoch: 1, number: 1 };
        assert_eq!(order.apply(&expired), Ok(Step::Setback));
        assert_eq!((order.state, order.taken()), (Some(State::Confirmed), 3));
    }

    #[test]
    fn what_was_adopted_is_held_or_paid() {
        let mut adopted = event(Kind::Adopted, 1, 3);
        assert_eq!(after(&[adopted.clone()]).state, Some(State::Confirmed));
        adopted.deadline = 77;
        assert_eq!((after(&[adopted.clone()]).state, after(&[adopted]).deadline), (Some(State::Held), 77));
    }

    #[test]
    fn words_and_states_are_one_to_one() {
        for state in State::ALL {
            assert_eq!(State::of(state.word()), Some(state));
        }
    }
}
