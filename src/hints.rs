//! Places where there may be something to do, by the time from which on.
//!
//! A hint too many is harmless: what stands at the place then says what is to be done.

use std::collections::{BTreeSet, HashMap};

use seckill_core::time::Timestamp;

/// A database and a key.
pub type Place = (i32, Box<[u8]>);

/// One hint for each place, the earliest.
#[derive(Default)]
pub struct Hints {
    by_time: BTreeSet<(Timestamp, Place)>,
    by_place: HashMap<Place, Timestamp>,
}

impl Hints {
    /// Adds a hint.
    pub fn put(&mut self, place: Place, due: Timestamp) {
        match self.by_place.get(&place) {
            Some(earlier) if *earlier <= due => return,
            Some(later) => {
                self.by_time.remove(&(*later, place.clone()));
            }
            None => {}
        }
        self.by_place.insert(place.clone(), due);
        self.by_time.insert((due, place));
    }

    /// Takes a place whose time has come.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Place> {
        self.by_time.first().filter(|(due, _)| *due <= now)?;
        let (_, place) = self.by_time.pop_first()?;
        self.by_place.remove(&place);
        Some(place)
    }

    /// The time of the earliest.
    pub fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// Two databases changed places, and so do their hints.
    pub fn swap(&mut self, first: i32, second: i32) {
        let old = std::mem::take(&mut self.by_time);
        self.by_place.clear();
        for (due, (db, key)) in old {
            let db = if db == first {
                second
            } else if db == second {
                first
            } else {
                db
            };
            self.put((db, key), due);
        }
    }
}
