//! Who has what: users by name, and what those with more than one reservation have in all.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};

use super::table::{Buyer, NewRow, Table};
use crate::ids::Slot;
use crate::index::Index;

/// Hashes names with a seed of the process, so that nobody can choose names that collide.
#[derive(Clone, Debug)]
pub struct Seed(FixedState);

impl Seed {
    /// A seed from a random number.
    pub fn new(random: u64) -> Seed {
        Seed(FixedState::with_seed(random))
    }

    /// The hash of a user.
    pub fn user(&self, user: &[u8]) -> u64 {
        self.0.hash_one(user)
    }

    /// The hash of a user's request.
    pub fn request(&self, first: Slot, token: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write_u32(first.0);
        hasher.write(token);
        hasher.finish()
    }
}

/// The users of a sale.
#[derive(Clone, Debug)]
pub struct Users {
    seed: Seed,
    /// User to first row.
    by_name: Index,
    /// First row and request token to row.
    by_request: Index,
    /// What users with more than one row have, by first row.
    repeats: BTreeMap<Slot, Repeat>,
}

/// The rows of a user with more than one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeat {
    /// Live units.
    pub(crate) units: u64,
    /// All rows, ascending.
    pub(crate) slots: Vec<Slot>,
    /// Live rows.
    pub(crate) live: BTreeSet<Slot>,
}

impl Users {
    /// No users.
    pub fn new(seed: Seed) -> Users {
        Users { seed, by_name: Index::default(), by_request: Index::default(), repeats: BTreeMap::new() }
    }

    /// Number of users.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The user's first row.
    pub fn first(&self, user: &[u8], table: &Table) -> Option<Slot> {
        self.by_name.find(self.seed.user(user), |slot| table.user(slot) == user)
    }

    /// The row that the user's request made.
    pub fn request(&self, first: Slot, token: &[u8], table: &Table) -> Option<Slot> {
        let is_it = |slot| table.token(slot) == Some(token) && table.first_of(slot) == first;
        self.by_request.find(self.seed.request(first, token), is_it)
    }

    /// The rows of a user who has more than one.
    pub fn repeat(&self, first: Slot) -> Option<&Repeat> {
        self.repeats.get(&first)
    }

    /// Finds the user's first row, or takes the user in: then it is the row about to be put at `slot`.
    pub(crate) fn enter<'a>(&mut self, user: &'a [u8], slot: Slot, table: &Table) -> Buyer<'a> {
        let seed = &self.seed;
        let is_it = |slot| table.user(slot) == user;
        let found =
            self.by_name.find_or_insert(seed.user(user), slot, is_it, |slot| seed.user(table.user(slot)));
        found.map_or(Buyer::New(user), Buyer::Known)
    }

    /// Takes in `new`, which stands at `slot` by now, and whose user was taken in before.
    /// `earlier` are the live units of the user's first row, if this is the second.
    pub(crate) fn add(&mut self, slot: Slot, new: &NewRow<'_>, earlier: u64, table: &Table) {
        let seed = &self.seed;
        let first = match new.buyer {
            Buyer::New(_) => slot,
            Buyer::Known(first) => {
                let repeat = self.repeats.entry(first).or_insert_with(|| Repeat::of(first, earlier));
                repeat.slots.push(slot);
                repeat.set_live(slot, new.state.is_live());
                repeat.units += if new.state.is_live() { new.qty } else { 0 };
                first
            }
        };
        if let Some(token) = new.token {
            let hash_of = |slot| seed.request(table.first_of(slot), table.token(slot).unwrap_or_default());
            self.by_request.insert(seed.request(first, token), slot, hash_of);
        }
    }

    /// A row's live units changed from `old` to `new`.
    pub fn changed(&mut self, slot: Slot, old: u64, new: u64, table: &Table) {
        if self.repeats.is_empty() {
            return;
        }
        if let Some(repeat) = self.repeats.get_mut(&table.first_of(slot)) {
            repeat.units = repeat.units - old + new;
            repeat.set_live(slot, new > 0);
        }
    }

    /// Bytes on the heap, about.
    pub fn memory_bytes(&self) -> usize {
        let repeats = self.repeats.values().map(|r| 80 + r.slots.capacity() * 4 + r.live.len() * 8);
        self.by_name.memory_bytes() + self.by_request.memory_bytes() + repeats.sum::<usize>()
    }

    /// Number of allocations, about.
    pub fn allocations(&self) -> usize {
        self.by_name.allocations() + self.by_request.allocations() + self.repeats.len() * 2
    }

    /// Each block of the indexes.
    pub fn blocks_mut(&mut self) -> impl Iterator<Item = &mut Box<[u32]>> {
        self.by_name.blocks_mut().chain(self.by_request.blocks_mut())
    }
}

impl Repeat {
    fn of(first: Slot, units: u64) -> Repeat {
        let mut repeat = Repeat { units, slots: vec![first], live: BTreeSet::new() };
        repeat.set_live(first, units > 0);
        repeat
    }

    fn set_live(&mut self, slot: Slot, live: bool) {
        if live {
            self.live.insert(slot);
        } else {
            self.live.remove(&slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReservationState;
    use super::*;
    use crate::time::Timestamp;

    /// Hashes that are equal are rare, so the second entry is made by hand.
    #[test]
    fn a_request_is_not_taken_for_another_of_the_same_hash() {
        let (mut table, mut users) = (Table::default(), Users::new(Seed::new(1)));
        let (token, state) = (&b"t"[..], ReservationState::Held);
        let [a, b] = [b"a", b"b"].map(|user| {
            users.enter(user, Slot(table.len()), &table);
            let (buyer, token) = (Buyer::New(user), (user == b"a").then_some(token));
            let row =
                NewRow { buyer, qty: 1, state, age_ms: 0, hold_ms: 5, pinned: false, token, data: None };
            let slot = table.push(&row, Timestamp(5));
            users.add(slot, &row, 0, &table);
            slot
        });
        users.by_request.insert(users.seed.request(b, token), a, |_| 0);
        assert_eq!((users.request(a, token, &table), users.request(b, token, &table)), (Some(a), None));
    }
}
