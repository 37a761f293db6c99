//! The people at the door: who they are, what they share, and what they may be answered.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use super::habits::Buyer;
use crate::answer::{Status, Verb};
use crate::stop::Stop;
use crate::tally::Tally;

/// What all parts of the crowd share.
pub struct Crowd {
    pub sale: String,
    pub buyers: Vec<Buyer>,
    pub tally: Tally,
    pub begun: Instant,
    /// From then on only those who were sold out ask again, until everything is paid.
    pub last_call: Duration,
    pub gives_up: Duration,
    pub stop: Stop,
    /// The latest reservation of each buyer.
    pub holds: Vec<AtomicU64>,
    pub arrived: AtomicU64,
    /// Reservations that were new.
    pub reserved: AtomicU64,
    /// Second clicks that were answered with the first one's reservation.
    pub repeated: AtomicU64,
    /// Late payments that found nothing left.
    pub refunds: AtomicU64,
    /// Late payments that got their units again.
    pub late_confirmed: AtomicU64,
    pub is_over: AtomicBool,
    pub is_abandoned: AtomicBool,
}

impl Crowd {
    /// These people at the door of a sale; the run begins now.
    pub fn new(sale: &str, buyers: Vec<Buyer>, last_call: Duration, gives_up: Duration, stop: &Stop) -> Self {
        Crowd {
            sale: sale.to_owned(),
            holds: buyers.iter().map(|_| AtomicU64::new(0)).collect(),
            buyers,
            tally: Tally::new(expects),
            begun: Instant::now(),
            last_call,
            gives_up,
            stop: stop.clone(),
            arrived: AtomicU64::default(),
            reserved: AtomicU64::default(),
            repeated: AtomicU64::default(),
            refunds: AtomicU64::default(),
            late_confirmed: AtomicU64::default(),
            is_over: false.into(),
            is_abandoned: false.into(),
        }
    }
}

/// What a buyer was told of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Reserved,
    Confirmed,
    Released,
}

/// The name under which a buyer is known to the sale.
pub fn name(buyer: u32) -> String {
    format!("buyer-{buyer}")
}

/// What a crowd that asks properly can be answered.
fn expects(verb: Verb, status: Status) -> bool {
    use Status::{Confirmed, Duplicate, Expired, NotOpen, Released, Reserved, SoldOut};
    match verb {
        // A second click that comes late learns how the first one's reservation ended.
        Verb::Reserve => {
            matches!(status, Reserved | Duplicate | SoldOut | NotOpen | Confirmed | Released | Expired)
        }
        Verb::Confirm => matches!(status, Confirmed | Expired | SoldOut),
        Verb::Release => matches!(status, Released | Expired),
    }
}
