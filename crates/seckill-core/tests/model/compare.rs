//! What a sale and its model must agree on.

use seckill_core::ids::ReservationId;
use seckill_core::sale::{Reservation, ReservationState, Stock, Window};
use seckill_core::time::Timestamp;

use super::copies::{digest, loaded, stored};
use super::requests::USERS;
use super::trial::Trial;

/// Comparing all of a large sale at every step would take too long.
const COMPARED_AT_EVERY_STEP: usize = 200;

impl Trial {
    /// After a step: most of it, and from time to time the rest.
    pub fn agrees(&mut self, step: u64) {
        self.totals_agree();
        self.users_agree();
        self.deadlines_agree();
        if self.model.entries.len() <= COMPARED_AT_EVERY_STEP || step.is_multiple_of(100) {
            (0..self.model.entries.len()).for_each(|at| self.reservation_agrees(at));
        }
        if step.is_multiple_of(50) {
            self.books_agree();
            self.scan_agrees();
        }
    }

    /// All of it.
    pub fn all_agrees(&mut self) {
        self.agrees(0);
        self.books_agree();
        self.scan_agrees();
    }

    fn totals_agree(&self) {
        let (sale, model, now) = (&self.sale, &self.model, self.model.time(self.now));
        let at = Timestamp(self.now);
        let held = model.units_in(ReservationState::Held, now);
        let confirmed = model.units_in(ReservationState::Confirmed, now);
        assert_eq!(sale.available_at(at), model.available(now));
        assert_eq!((sale.held_at(at), sale.confirmed()), (held, confirmed));
        assert_eq!(sale.available().unwrap_or(0), model.unsettled());
        let offered = model.units_in(ReservationState::Offered, now);
        assert_eq!((sale.offered_at(at), sale.kept_at(at)), (offered, offered + held));
        assert_eq!(sale.waiting(), model.line().count() as u64);
        let oversold = sale.oversold_at(at);
        assert_eq!(oversold, model.oversold(now));
        let total = sale.available_at(at).map(|available| available + held + confirmed + offered - oversold);
        assert_eq!(total, model.total);
        assert_eq!(sale.stock(), model.total.map_or(Stock::Unlimited, Stock::Limited));
        let clocks = (sale.clock().0, sale.epoch(), sale.seq(), sale.reservations() as usize);
        assert_eq!(clocks, (model.clock, model.epoch, model.seq, model.entries.len()));
        assert_eq!((sale.terms(), sale.state(), sale.filter()), (&model.terms, model.state, model.filter));
        let window = sale.window(self.moment());
        assert_eq!(
            (window == Window::Open, window == Window::Frozen),
            (model.is_open(now), model.is_frozen())
        );
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
            assert_eq!(found.offered, units(ReservationState::Offered));
            let waiting = all.iter().map(|e| self.model.position(e.id)).max().unwrap_or(0);
            assert_eq!(found.position, waiting);
            assert!(found.reservations.iter().eq(all.iter().map(|e| &e.id)));
        }
    }

    fn deadlines_agree(&self) {
        let now = self.model.time(self.now);
        let kept = [ReservationState::Held, ReservationState::Offered];
        let held = || self.model.entries.iter().filter(|e| kept.contains(&e.state));
        assert_eq!(self.sale.next_due().map(|at| at.0), held().map(|e| e.due()).min());
        let due = held().filter(|e| e.due() <= now).count();
        let mut found = self.sale.due(Timestamp(self.now), 5);
        assert_eq!(found.len(), due.min(5));
        assert!(found.iter().all(|id| held().any(|e| e.id == *id && e.due() <= now)));
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), due.min(5), "a hold was named twice");
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
            deadline: e
                .deadline
                .filter(|_| matches!(state, ReservationState::Held | ReservationState::Offered))
                .map(Timestamp),
            created: Timestamp(e.created),
            data: e.data,
        };
        assert_eq!(self.sale.reservation(e.id, Timestamp(self.now)), Some(expected));
        if let Some(token) = e.token {
            assert_eq!(self.sale.find_request(e.user, token), Some(e.id));
        }
    }

    fn books_agree(&self) {
        let audit = self.sale.audit();
        let oversold = self.model.oversold(0);
        assert_eq!((&audit.differences[..], audit.oversold), (&[][..], oversold));
        assert_eq!(self.sale.oversold(), oversold);
        let users: std::collections::BTreeSet<_> = self.model.entries.iter().map(|e| e.user).collect();
        assert_eq!((audit.users as usize, self.sale.users()), (users.len(), users.len()));
        assert_eq!((audit.total, audit.reservations as usize), (self.model.total, self.model.entries.len()));
    }

    /// Every reservation is listed once, ascending, whatever the size of the pages.
    fn scan_agrees(&mut self) {
        let count = 1 + self.random.below(40) as usize;
        let state = self.random.once_in(2).then(|| self.random.pick(&ReservationState::ALL));
        let now = self.model.time(self.now);
        let all = self.model.entries.iter().filter(|e| state.is_none_or(|state| state == e.seen(now)));
        let mut all: Vec<_> = all.map(|e| e.id).collect();
        all.sort_unstable();
        let (mut from, mut found) = (Some(ReservationId(0)), Vec::new());
        while let Some(at) = from {
            let (next, page) = self.sale.scan(at, state, count, Timestamp(self.now));
            found.extend(page);
            from = next;
        }
        assert_eq!(found, all);
    }

    /// The sale, its replica and the sale as it would be loaded are the same.
    pub fn copies_agree(&self) {
        let expected = digest(&self.sale);
        assert!(digest(&self.replica) == expected, "the replica differs: {:#?}", self.model);
        let again = loaded(&stored(&self.sale), 5).expect("what a sale stored is a sale");
        assert!(digest(&again) == expected, "the loaded sale differs: {:#?}", self.model);
        assert_eq!(again.audit(), self.sale.audit());
        assert_eq!(self.replica.audit(), self.sale.audit());
    }
}
