//! Redis: the streams that are read, and the sales that they tell of.

mod address;
pub mod dead;
mod discover;
mod intake;
mod upkeep;

pub mod sale;

pub use address::Address;
pub use discover::{Streams, discover};
pub use intake::{Delivery, Pending, Reader};
pub use upkeep::{
    Consumer, Group, consumers, groups, is_missing, last_entry, oldest_pending, remove_dead_consumers, trim,
};
