//! Sales against the tables: what differs, and what puts it right. This file is pure.
//!
//! The tables may know more than the sale: a failover has lost its last changes.
//! The sale may know more than the tables: entries were lost before they were processed.
//! Whichever has gone further is right, for states never go backwards.

mod mend;
mod walk;

use std::fmt;

use crate::order::{Order, State};
use crate::stream::sale::Reservation;

pub use mend::mend;
pub use walk::{Account, Error, Outcome, examine};

/// A reservation of which the sale and the tables say different things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub reservation: i64,
    /// What the sale says; none if it does not know it.
    pub told: Option<Reservation>,
    /// What the tables say; none if they have no row.
    pub kept: Option<Order>,
    /// What puts it right.
    pub remedy: Remedy,
}

/// What puts a difference right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// ADOPT: the sale has lost units that the buyer was promised.
    Adopt,
    /// CONFIRM, LATE where it has ended: the buyer has paid.
    Confirm,
    /// RELEASE: the buyer has nothing any more, and the sale still holds units.
    Release,
    /// REFUND, after CONFIRM where it is only held: the money was paid back.
    Refund,
    /// The row is written as the sale has it.
    Rewrite,
    /// The row is closed: its hold is over, and the sale has lost it.
    Close,
    /// Somebody has to decide: two buyers claim one id.
    Nobody,
}

impl Remedy {
    /// What is done, in words.
    pub fn word(self) -> &'static str {
        match self {
            Remedy::Adopt => "adopt",
            Remedy::Confirm => "confirm",
            Remedy::Release => "release",
            Remedy::Refund => "refund",
            Remedy::Rewrite => "rewrite the row",
            Remedy::Close => "close the row",
            Remedy::Nobody => "decide by hand",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.told.as_ref().map_or("nothing".to_owned(), |told| {
            let Reservation { user, qty, state, refunded, .. } = told;
            format!("{} {qty} of {user}, {refunded} refunded", state.word())
        });
        let kept = self.kept.as_ref().map_or("nothing".to_owned(), |kept| {
            let state = kept.state.map_or("no state", State::word);
            format!("{state} {} of {}, {} refunded", kept.qty, kept.user, kept.refunded)
        });
        write!(
            to,
            "reservation {}: the sale says {told}; the tables say {kept}; {}",
            self.reservation,
            self.remedy.word()
        )
    }
}

/// Compares one reservation at a time `now`, in Unix milliseconds; none if both say the same.
pub fn compare(
    reservation: i64,
    told: Option<&Reservation>,
    kept: Option<&Order>,
    now: i64,
) -> Option<Difference> {
    let remedy = match (told, kept) {
        (None, None) => return None,
        (Some(told), None) => missing_in_tables(told)?,
        (None, Some(kept)) => missing_in_sale(kept, now)?,
        (Some(told), Some(kept)) => differing(told, kept)?,
    };
    Some(Difference { reservation, told: told.cloned(), kept: kept.cloned(), remedy })
}

/// Who only waits has no units, and may come and go between two looks.
fn missing_in_tables(told: &Reservation) -> Option<Remedy> {
    (told.state != State::Waiting).then_some(Remedy::Rewrite)
}

fn missing_in_sale(kept: &Order, now: i64) -> Option<Remedy> {
    match kept.state {
        Some(State::Confirmed) => Some(Remedy::Adopt),
        Some(State::Held) if kept.deadline > now => Some(Remedy::Adopt),
        Some(State::Held | State::Offered | State::Waiting) => Some(Remedy::Close),
        // What has ended takes no units on either side.
        Some(State::Released | State::Expired | State::Refunded) | None => None,
    }
}

fn differing(told: &Reservation, kept: &Order) -> Option<Remedy> {
    if told.user != kept.user {
        return Some(Remedy::Nobody);
    }
    let Some(state) = kept.state else { return Some(Remedy::Rewrite) };
    if is_same(told, kept, state) {
        return None;
    }
    if told.state.rank() > state.rank() || told.state.rank() == state.rank() && told.refunded >= kept.refunded
    {
        return Some(Remedy::Rewrite);
    }
    Some(match state {
        State::Confirmed if told.state == State::Confirmed => Remedy::Refund,
        State::Confirmed => Remedy::Confirm,
        State::Refunded if told.state.takes_units() => Remedy::Refund,
        // It was paid and paid back, and takes no units on either side.
        State::Refunded => return None,
        State::Released | State::Expired if told.state.takes_units() => Remedy::Release,
        _ => Remedy::Rewrite,
    })
}

fn is_same(told: &Reservation, kept: &Order, state: State) -> bool {
    let refunded = if told.state == State::Refunded { told.qty } else { told.refunded };
    told.state == state && told.qty == kept.qty && refunded == kept.refunded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Seq;

    const NOW: i64 = 1_000;

    fn told(state: State, refunded: i64) -> Reservation {
        let user = "alice".to_owned();
        Reservation { id: 7, user, qty: 3, refunded, state, deadline: 2_000, created: 10, data: None }
    }

    fn kept(state: State, refunded: i64) -> Order {
        let deadline = if state == State::Held { 2_000 } else { 0 };
        let seq = Seq { epoch: 0, number: 4 };
        Order { qty: 3, refunded, state: Some(state), seq, deadline, ..Order::unknown("phone", 7, "alice") }
    }

    fn remedy(told: Option<Reservation>, kept: Option<Order>) -> Option<Remedy> {
        compare(7, told.as_ref(), kept.as_ref(), NOW).map(|difference| difference.remedy)
    }

    #[test]
    fn the_same_state_is_no_difference() {
        for state in State::ALL {
            let refunded = if state == State::Refunded { 3 } else { 0 };
            assert_eq!(remedy(Some(told(state, 0)), Some(kept(state, refunded))), None, "{state:?}");
        }
        assert_eq!(remedy(Some(told(State::Confirmed, 1)), Some(kept(State::Confirmed, 1))), None);
    }

    #[test]
    fn what_the_sale_has_lost_is_adopted_while_it_takes_units() {
        assert_eq!(remedy(None, Some(kept(State::Confirmed, 0))), Some(Remedy::Adopt));
        assert_eq!(remedy(None, Some(kept(State::Held, 0))), Some(Remedy::Adopt));
        let mut over = kept(State::Held, 0);
        over.deadline = NOW;
        assert_eq!(remedy(None, Some(over)), Some(Remedy::Close));
        assert_eq!(remedy(None, Some(kept(State::Expired, 0))), None);
        assert_eq!(remedy(None, Some(kept(State::Refunded, 3))), None);
    }

    #[test]
    fn what_the_tables_lack_is_written_as_the_sale_has_it() {
        assert_eq!(remedy(Some(told(State::Held, 0)), None), Some(Remedy::Rewrite));
        assert_eq!(remedy(Some(told(State::Waiting, 0)), None), None);
        assert_eq!(
            remedy(Some(told(State::Confirmed, 0)), Some(kept(State::Held, 0))),
            Some(Remedy::Rewrite)
        );
        assert_eq!(remedy(Some(told(State::Expired, 0)), Some(kept(State::Held, 0))), Some(Remedy::Rewrite));
        assert_eq!(
            remedy(Some(told(State::Confirmed, 2)), Some(kept(State::Confirmed, 1))),
            Some(Remedy::Rewrite)
        );
    }

    #[test]
    fn a_sale_that_was_set_back_is_brought_forward_again() {
        assert_eq!(
            remedy(Some(told(State::Held, 0)), Some(kept(State::Confirmed, 0))),
            Some(Remedy::Confirm)
        );
        assert_eq!(
            remedy(Some(told(State::Expired, 0)), Some(kept(State::Confirmed, 0))),
            Some(Remedy::Confirm)
        );
        assert_eq!(remedy(Some(told(State::Held, 0)), Some(kept(State::Released, 0))), Some(Remedy::Release));
        assert_eq!(
            remedy(Some(told(State::Confirmed, 0)), Some(kept(State::Refunded, 3))),
            Some(Remedy::Refund)
        );
        assert_eq!(
            remedy(Some(told(State::Confirmed, 0)), Some(kept(State::Confirmed, 1))),
            Some(Remedy::Refund)
        );
    }

    #[test]
    fn what_was_paid_back_takes_no_units() {
        assert_eq!(remedy(Some(told(State::Held, 0)), Some(kept(State::Refunded, 3))), Some(Remedy::Refund));
        assert_eq!(remedy(Some(told(State::Expired, 0)), Some(kept(State::Refunded, 3))), None);
    }

    #[test]
    fn two_buyers_of_one_id_are_for_somebody_to_decide() {
        let mut other = kept(State::Confirmed, 0);
        other.user = "bob".to_owned();
        assert_eq!(remedy(Some(told(State::Held, 0)), Some(other)), Some(Remedy::Nobody));
    }
}
