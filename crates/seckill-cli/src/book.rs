//! The books of a sale, kept from its events alone.
//!
//! This knows nothing of how the module keeps its own: two ways to the same figures are worth comparing.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use crate::stream::Event;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    Confirmed,
    Ended,
}

#[derive(Clone, Debug)]
struct Reservation {
    user: Vec<u8>,
    qty: i64,
    state: State,
}

/// Units by where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub total: i64,
    pub available: i64,
    pub held: i64,
    pub confirmed: i64,
}

/// What the events say.
#[derive(Debug, Default)]
pub struct Book {
    totals: Totals,
    reservations: HashMap<u64, Reservation>,
    kinds: BTreeMap<String, u64>,
    last: Option<(u64, u64)>,
    gaps: Vec<String>,
    faults: Vec<String>,
}

impl Book {
    /// Replays the events of a sale that began with `stock` units.
    pub fn replay<'a>(stock: i64, events: impl IntoIterator<Item = &'a Event>) -> Self {
        let totals = Totals { total: stock, available: stock, ..Totals::default() };
        let mut book = Book { totals, ..Book::default() };
        events.into_iter().for_each(|event| book.enter(event));
        book
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How many events of each kind there are.
    pub fn kinds(&self) -> &BTreeMap<String, u64> {
        &self.kinds
    }

    /// Where a number is missing, doubled or out of order.
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// Where an event could not happen after those before it: sold too much, settled twice.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Every reservation that there was, with its user.
    pub fn reservations(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.reservations.iter().map(|(id, reservation)| (*id, reservation.user.as_slice()))
    }

    /// The confirmed reservations with their users.
    pub fn orders(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let confirmed = self.reservations.iter().filter(|(_, found)| found.state == State::Confirmed);
        confirmed.map(|(id, found)| (*id, found.user.as_slice()))
    }

    /// How many different users have a confirmed reservation.
    pub fn buyers(&self) -> usize {
        self.orders().map(|(_, user)| user).collect::<HashSet<_>>().len()
    }

    fn enter(&mut self, event: &Event) {
        *self.kinds.entry(event.kind.clone()).or_default() += 1;
        self.number(event);
        if let Err(fault) = self.settle(event) {
            self.faults.push(format!("{} {}-{}: {fault}", event.kind, event.epoch, event.seq));
        }
        if self.totals.available < 0 {
            let short = -self.totals.available;
            self.faults.push(format!("after {}-{}: {short} more than there is", event.epoch, event.seq));
        }
    }

    /// From 1 in each epoch, one after the other, epochs ascending.
    fn number(&mut self, event: &Event) {
        let (epoch, seq) = (event.epoch, event.seq);
        let follows = match self.last {
            None => seq == 1,
            Some((last, number)) if last == epoch => seq == number + 1,
            Some((last, _)) => epoch > last && seq == 1,
        };
        if !follows {
            let last = self.last.map_or_else(|| "the beginning".to_owned(), |(e, s)| format!("{e}-{s}"));
            self.gaps.push(format!("{epoch}-{seq} comes after {last}"));
        }
        self.last = Some((epoch, seq));
    }

    fn settle(&mut self, event: &Event) -> Result<(), String> {
        match event.kind.as_str() {
            "RESERVED" => self.begin(event, State::Held),
            "CONFIRMED" if self.reservations.contains_key(&event.id) => {
                self.turn(event, &[State::Held, State::Ended], State::Confirmed)
            }
            "CONFIRMED" => self.begin(event, State::Confirmed),
            "RELEASED" | "EXPIRED" => self.turn(event, &[State::Held], State::Ended),
            "EXTENDED" => self.turn(event, &[State::Held], State::Held),
            "REFUNDED" => self.refund(event),
            "RESTOCKED" => {
                self.totals.total += event.qty;
                self.totals.available += event.qty;
                Ok(())
            }
            kind => Err(format!("{kind} does not belong to this sale")),
        }
    }

    fn begin(&mut self, event: &Event, state: State) -> Result<(), String> {
        if event.id == 0 || event.qty <= 0 || event.user.is_empty() {
            return Err("names no reservation".to_owned());
        }
        let reservation = Reservation { user: event.user.clone(), qty: event.qty, state };
        if self.reservations.insert(event.id, reservation).is_some() {
            return Err(format!("reservation {} was there already", event.id));
        }
        self.totals.available -= event.qty;
        *self.units(state) += event.qty;
        Ok(())
    }

    fn turn(&mut self, event: &Event, from: &[State], to: State) -> Result<(), String> {
        let found = self.reservations.get_mut(&event.id).ok_or("no such reservation")?;
        if !from.contains(&found.state) {
            return Err(format!("reservation {} was {:?}", event.id, found.state));
        }
        if found.user != event.user || found.qty != event.qty {
            return Err(format!("reservation {} was another user's or of other units", event.id));
        }
        let before = std::mem::replace(&mut found.state, to);
        *self.units(before) -= event.qty;
        *self.units(to) += event.qty;
        Ok(())
    }

    fn refund(&mut self, event: &Event) -> Result<(), String> {
        let found = self.reservations.get_mut(&event.id).ok_or("no such reservation")?;
        if found.state != State::Confirmed || event.qty > found.qty {
            return Err(format!("reservation {} had {} {:?}", event.id, found.qty, found.state));
        }
        found.qty -= event.qty;
        if found.qty == 0 {
            found.state = State::Ended;
        }
        self.totals.confirmed -= event.qty;
        self.totals.available += event.qty;
        Ok(())
    }

    /// Where the units of a reservation in this state are; what has ended is available again.
    fn units(&mut self, state: State) -> &mut i64 {
        match state {
            State::Held => &mut self.totals.held,
            State::Confirmed => &mut self.totals.confirmed,
            State::Ended => &mut self.totals.available,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `KIND id user qty`, numbered from 0-1.
    fn events(lines: &[&str]) -> Vec<Event> {
        let event = |(at, line): (usize, &&str)| {
            let words: Vec<&str> = line.split(' ').collect();
            Event {
                kind: words[0].to_owned(),
                sale: b"phone".to_vec(),
                epoch: 0,
                seq: at as u64 + 1,
                id: words[1].parse().unwrap(),
                user: words[2].as_bytes().to_vec(),
                qty: words[3].parse().unwrap(),
            }
        };
        lines.iter().enumerate().map(event).collect()
    }

    fn replay(stock: i64, lines: &[&str]) -> Book {
        Book::replay(stock, &events(lines))
    }

    fn totals(total: i64, available: i64, held: i64, confirmed: i64) -> Totals {
        Totals { total, available, held, confirmed }
    }

    #[test]
    fn units_move_with_the_events() {
        let lines = [
            "RESERVED 1 alice 2",
            "RESERVED 2 bob 1",
            "CONFIRMED 1 alice 2",
            "EXPIRED 2 bob 1",
            "RESERVED 3 carol 1",
            "EXTENDED 3 carol 1",
            "RESTOCKED 0  4",
            "REFUNDED 1 alice 1",
        ];
        let book = replay(5, &lines);
        assert_eq!(book.totals(), totals(9, 7, 1, 1));
        assert!(book.faults().is_empty() && book.gaps().is_empty());
        assert_eq!((book.buyers(), book.kinds()["RESERVED"]), (1, 3));
    }

    #[test]
    fn a_late_payment_takes_the_units_again() {
        let book = replay(1, &["RESERVED 1 alice 1", "EXPIRED 1 alice 1", "CONFIRMED 1 alice 1"]);
        assert_eq!((book.totals(), book.faults().len()), (totals(1, 0, 0, 1), 0));
        let lines = ["RESERVED 1 alice 1", "EXPIRED 1 alice 1", "RESERVED 2 bob 1", "CONFIRMED 1 alice 1"];
        let book = replay(1, &lines);
        assert_eq!(book.faults(), ["after 0-4: 1 more than there is"]);
    }

    #[test]
    fn a_sale_without_payment_confirms_at_once() {
        assert_eq!(replay(2, &["CONFIRMED 1 alice 1"]).totals(), totals(2, 1, 0, 1));
    }

    #[test]
    fn an_oversold_sale_is_found_although_it_recovers() {
        let book = replay(1, &["RESERVED 1 a 1", "RESERVED 2 b 1", "RELEASED 1 a 1", "CONFIRMED 2 b 1"]);
        assert_eq!(book.totals(), totals(1, 0, 0, 1));
        assert_eq!(book.faults(), ["after 0-2: 1 more than there is"]);
    }

    #[test]
    fn what_cannot_happen_is_found() {
        for (lines, fault) in [
            (&["EXPIRED 1 a 1"][..], "no such reservation"),
            (&["RESERVED 1 a 1", "RESERVED 1 b 1"], "was there already"),
            (&["RESERVED 1 a 1", "EXPIRED 1 a 1", "EXPIRED 1 a 1"], "was Ended"),
            (&["RESERVED 1 a 1", "CONFIRMED 1 a 1", "RELEASED 1 a 1"], "was Confirmed"),
            (&["RESERVED 1 a 1", "CONFIRMED 1 a 1", "CONFIRMED 1 a 1"], "was Confirmed"),
            (&["RESERVED 1 a 1", "CONFIRMED 1 b 1"], "another user's"),
            (&["RESERVED 1 a 1", "CONFIRMED 1 a 1", "REFUNDED 1 a 2"], "had 1 Confirmed"),
            (&["RESERVED 0  1"], "names no reservation"),
            (&["STOLEN 1 a 1"], "does not belong"),
        ] {
            let book = replay(10, lines);
            assert!(book.faults().iter().any(|found| found.contains(fault)), "{lines:?}: {book:?}");
        }
    }

    #[test]
    fn numbers_begin_at_one_in_each_epoch_and_leave_no_gap() {
        let numbered = |numbers: &[(u64, u64)]| {
            let mut events = events(&vec!["RESTOCKED 0  1"; numbers.len()]);
            events.iter_mut().zip(numbers).for_each(|(event, number)| (event.epoch, event.seq) = *number);
            Book::replay(0, &events).gaps().len()
        };
        assert_eq!(numbered(&[(0, 1), (0, 2), (3, 1), (3, 2)]), 0);
        assert_eq!(numbered(&[(0, 2)]), 1);
        assert_eq!(numbered(&[(0, 1), (0, 3), (0, 4)]), 1);
        assert_eq!(numbered(&[(0, 1), (0, 1)]), 1);
        assert_eq!(numbered(&[(1, 1), (0, 2)]), 1);
        assert_eq!(numbered(&[(0, 1), (1, 2)]), 1);
    }
}
