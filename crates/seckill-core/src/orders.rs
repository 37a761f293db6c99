//! Order events: what an entry of the sale's stream says.

use crate::ids::ReservationId;
use crate::sale::{Change, Effect, Sale};

/// The fields of an entry, always these and in this order; `data` follows where there is any.
pub const FIELDS: [&str; 7] = ["ev", "sale", "seq", "id", "user", "qty", "deadline"];

/// What can have happened.
pub const KINDS: [&str; 7] =
    ["RESERVED", "CONFIRMED", "RELEASED", "EXPIRED", "REFUNDED", "EXTENDED", "RESTOCKED"];

/// An entry of the sale's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What happened.
    pub ev: &'static str,
    /// The epoch and the number of the event in it.
    pub seq: (u32, u64),
    /// Which reservation; 0 if none.
    pub id: u64,
    /// Whose; empty if nobody's.
    pub user: &'a [u8],
    /// Units.
    pub qty: i64,
    /// The end of the hold in Unix milliseconds; 0 if there is none.
    pub deadline: u64,
    /// The reservation's payload.
    pub data: Option<&'a [u8]>,
}

impl<'a> Event<'a> {
    /// The event of an effect that is about to be applied to `sale`.
    pub fn of(sale: &'a Sale, effect: &Effect<'a>) -> Option<Event<'a>> {
        let about = |ev, id: ReservationId, deadline| {
            let found = sale.reservation(id, effect.at);
            let (user, qty, data) = found.map_or((&b""[..], 0, None), |r| (r.user, r.qty, r.data));
            Event { ev, seq: (effect.epoch, effect.seq), id: id.0, user, qty: qty as i64, deadline, data }
        };
        match effect.change {
            Change::Reserved { id, user, qty, deadline, data, .. } => {
                let ev = if deadline.is_some() { "RESERVED" } else { "CONFIRMED" };
                let deadline = deadline.map_or(0, |deadline| deadline.0);
                let seq = (effect.epoch, effect.seq);
                Some(Event { ev, seq, id: id.0, user, qty: qty as i64, deadline, data })
            }
            Change::Confirmed { id } => Some(about("CONFIRMED", id, 0)),
            Change::Released { id } => Some(about("RELEASED", id, 0)),
            Change::Expired { id } => Some(about("EXPIRED", id, 0)),
            Change::Extended { id, deadline } => Some(about("EXTENDED", id, deadline.0)),
            Change::Refunded { id, units, .. } => {
                Some(Event { qty: units as i64, ..about("REFUNDED", id, 0) })
            }
            Change::Restocked { delta, .. } => Some(Event {
                ev: "RESTOCKED",
                seq: (effect.epoch, effect.seq),
                id: 0,
                user: b"",
                qty: delta,
                deadline: 0,
                data: None,
            }),
            Change::Voided { .. } | Change::Altered { .. } => None,
        }
    }
}
