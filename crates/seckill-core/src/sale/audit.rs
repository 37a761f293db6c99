//! Every total recomputed from the reservations.

use std::collections::BTreeMap;

use super::{ReservationState, Sale, Stock};
use crate::ids::Slot;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Units to sell; `None` if unlimited.
    pub total: Option<u64>,
    /// Units left; `None` if unlimited.
    pub available: Option<u64>,
    /// Units held, due ones included.
    pub held: u64,
    /// Units paid and not paid back.
    pub confirmed: u64,
    /// Units offered to those who waited, due ones included.
    pub offered: u64,
    /// Reservations that wait.
    pub waiting: u64,
    /// Reservations.
    pub reservations: u64,
    /// Users.
    pub users: u64,
    /// Units given out beyond the stock.
    pub oversold: u64,
    /// Where the books and the reservations disagree.
    pub differences: Vec<Difference>,
}

/// A total that is not what the reservations make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which total.
    pub what: &'static str,
    /// As it stands in the books.
    pub kept: u64,
    /// As the reservations make it.
    pub counted: u64,
}

#[derive(Default)]
struct Count {
    held: u64,
    confirmed: u64,
    offered: u64,
    waiting: u64,
    out_of_line: u64,
    due_kept: u64,
    lost_users: u64,
    lost_requests: u64,
    lost_ids: u64,
    users: BTreeMap<Slot, u64>,
}

impl Sale {
    /// Recomputes every total.
    pub fn audit(&self) -> Audit {
        let count = self.count();
        let total = match self.stock {
            Stock::Limited(total) => Some(total),
            Stock::Unlimited => None,
        };
        let given = count.held + count.confirmed + count.offered;
        let quota = count.users.iter().filter(|(first, units)| self.user_units(**first) != **units).count();
        let all_due = self.deadlines.due_units(crate::time::Timestamp(u64::MAX), &self.table, |_| self.clock);
        let pairs = [
            ("held", self.held, count.held),
            ("confirmed", self.confirmed, count.confirmed),
            ("offered", self.offered, count.offered),
            ("waiting", self.waitlist.len(), count.waiting),
            ("deadlines", all_due, count.held + count.offered),
            ("users", self.users.len() as u64, count.users.len() as u64),
            ("quotas wrong", 0, quota as u64),
            ("users not found", 0, count.lost_users),
            ("requests not found", 0, count.lost_requests),
            ("ids not found", 0, count.lost_ids),
            ("deadlines early", 0, count.due_kept),
            ("out of line", 0, count.out_of_line),
        ];
        let differs = |(what, kept, counted): &(&'static str, u64, u64)| {
            (kept != counted).then_some(Difference { what, kept: *kept, counted: *counted })
        };
        Audit {
            total,
            available: total.map(|total| total.saturating_sub(given)),
            held: count.held,
            confirmed: count.confirmed,
            offered: count.offered,
            waiting: count.waiting,
            reservations: u64::from(self.table.len()),
            users: count.users.len() as u64,
            oversold: total.map_or(0, |total| given.saturating_sub(total)),
            differences: pairs.iter().filter_map(differs).collect(),
        }
    }

    fn count(&self) -> Count {
        let mut count = Count::default();
        let next_due = self.next_due();
        for slot in (0..self.table.len()).map(Slot) {
            let first = self.table.first_of(slot);
            let units = self.live_units(slot);
            *count.users.entry(first).or_default() += units;
            let state = self.table.row(slot).state();
            let early = || next_due.is_none_or(|next| self.due_at(slot) < next);
            count.due_kept += u64::from(state.has_deadline() && early());
            count.out_of_line += u64::from(state.is_queued() && self.queued(first) != Some(slot));
            match state {
                ReservationState::Held => count.held += units,
                ReservationState::Confirmed => count.confirmed += units,
                ReservationState::Offered => count.offered += units,
                ReservationState::Waiting => {
                    count.waiting += 1;
                    count.out_of_line += u64::from(self.waitlist.position(slot) != count.waiting);
                }
                ReservationState::Released | ReservationState::Expired | ReservationState::Refunded => {}
            }
            let user = self.users.first(self.table.user(slot), &self.table);
            count.lost_users += u64::from(user != Some(first));
            let request = self.table.token(slot).map(|token| self.users.request(first, token, &self.table));
            count.lost_requests += u64::from(request.is_some_and(|found| found != Some(slot)));
            count.lost_ids += u64::from(self.ids.slot(self.ids.id(slot)) != Some(slot));
        }
        count
    }
}
