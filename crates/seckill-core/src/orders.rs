//! Order events: what an entry of the sale's stream says.

use crate::ids::ReservationId;
use crate::sale::{Change, Effect, Sale};

/// The fields of an entry, always these and in this order; `data` follows where there is any.
pub const FIELDS: [&str; 7] = ["ev", "sale", "seq", "id", "user", "qty", "deadline"];

/// What can have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Units were taken until a deadline.
    Reserved,
    /// Units were paid, or taken in a sale without holds.
    Confirmed,
    /// The buyer gave units back.
    Released,
    /// Time gave units back.
    Expired,
    /// Units were paid back.
    Refunded,
    /// The buyer has more time.
    Extended,
    /// There are more units to sell, or fewer.
    Restocked,
    /// A reservation that was lost is taken in again.
    Adopted,
    /// A user waits for units.
    Waitlisted,
    /// Units are kept for a user who waited.
    Offered,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 10] = [
        Kind::Reserved,
        Kind::Confirmed,
        Kind::Released,
        Kind::Expired,
        Kind::Refunded,
        Kind::Extended,
        Kind::Restocked,
        Kind::Adopted,
        Kind::Waitlisted,
        Kind::Offered,
    ];

    /// The word in the field `ev`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Reserved => "RESERVED",
            Kind::Confirmed => "CONFIRMED",
            Kind::Released => "RELEASED",
            Kind::Expired => "EXPIRED",
            Kind::Refunded => "REFUNDED",
            Kind::Extended => "EXTENDED",
            Kind::Restocked => "RESTOCKED",
            Kind::Adopted => "ADOPTED",
            Kind::Waitlisted => "WAITLISTED",
            Kind::Offered => "OFFERED",
        }
    }
}

/// An entry of the sale's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What happened.
    pub kind: Kind,
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
        let about = |kind, id: ReservationId, deadline| {
            let found = sale.reservation(id, effect.at);
            let (user, qty, data) = found.map_or((&b""[..], 0, None), |r| (r.user, r.qty, r.data));
            Event { kind, seq: (effect.epoch, effect.seq), id: id.0, user, qty: qty as i64, deadline, data }
        };
        match effect.change {
            Change::Reserved { id, user, qty, deadline, data, .. } => {
                let kind = if deadline.is_some() { Kind::Reserved } else { Kind::Confirmed };
                let deadline = deadline.map_or(0, |deadline| deadline.0);
                let seq = (effect.epoch, effect.seq);
                Some(Event { kind, seq, id: id.0, user, qty: qty as i64, deadline, data })
            }
            Change::Adopted { id, user, qty, deadline } => Some(Event {
                kind: Kind::Adopted,
                seq: (effect.epoch, effect.seq),
                id: id.0,
                user,
                qty: qty as i64,
                deadline: deadline.map_or(0, |deadline| deadline.0),
                data: None,
            }),
            Change::Waitlisted { id, user, qty, data, .. } => {
                let (kind, seq) = (Kind::Waitlisted, (effect.epoch, effect.seq));
                Some(Event { kind, seq, id: id.0, user, qty: qty as i64, deadline: 0, data })
            }
            Change::Offered { id, deadline } => Some(about(Kind::Offered, id, deadline.0)),
            Change::Accepted { id, deadline: Some(deadline), .. } => {
                Some(about(Kind::Reserved, id, deadline.0))
            }
            Change::Confirmed { id } | Change::Accepted { id, deadline: None, .. } => {
                Some(about(Kind::Confirmed, id, 0))
            }
            Change::Released { id } => Some(about(Kind::Released, id, 0)),
            Change::Expired { id } => Some(about(Kind::Expired, id, 0)),
            Change::Extended { id, deadline } => Some(about(Kind::Extended, id, deadline.0)),
            Change::Refunded { id, units, .. } => {
                Some(Event { qty: units as i64, ..about(Kind::Refunded, id, 0) })
            }
            Change::Restocked { delta, .. } => Some(Event {
                kind: Kind::Restocked,
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
