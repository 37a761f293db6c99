//! Payments that come in, in time or late: a paid order, or a refund that somebody has to make.
//!
//! What was decided on a late payment holds: a provider that reports it again gets the same answer,
//! although units may have come back meanwhile.

use redis::Connection;

use crate::order::Order;
use crate::reconcile::Error;
use crate::store::{Database, Decision, RefundTask};
use crate::stream::sale::decide;

/// What a payment has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// The buyer has the units.
    Paid,
    /// The buyer gets the money back, for this reason.
    Refund(String),
    /// The money was paid back already.
    PaidBack,
}

/// Confirms a reservation whose payment has come in; can be repeated, and from several places.
///
/// # Errors
/// If the sale or the database does not answer; repeat it then.
pub fn pay(
    connection: &mut Connection,
    database: &mut Database,
    sale: &str,
    reservation: i64,
) -> Result<Payment, Error> {
    let id = reservation.to_string();
    let (status, _) = decide(connection, &["SECKILL.CONFIRM", sale, &id])?;
    if status == "CONFIRMED" {
        return Ok(Payment::Paid);
    }
    match database.ask_late(sale, reservation)? {
        Decision::Asking => {}
        Decision::Paid => return Ok(Payment::Paid),
        Decision::Done => return Ok(Payment::PaidBack),
        Decision::Refund => return Ok(Payment::Refund("it was decided before".to_owned())),
    }
    let (status, _) = decide(connection, &["SECKILL.CONFIRM", sale, &id, "LATE"])?;
    let wanted = if status == "CONFIRMED" { Decision::Paid } else { Decision::Refund };
    let reason = reason(&status);
    let order = database.order(sale, reservation)?;
    match database.decide_late(&task(sale, reservation, order.as_ref(), reason), wanted)? {
        Decision::Paid => Ok(Payment::Paid),
        Decision::Done => Ok(Payment::PaidBack),
        Decision::Asking | Decision::Refund => {
            if status == "CONFIRMED" {
                // Somebody else was told of a refund a moment before, and that holds.
                decide(connection, &["SECKILL.REFUND", sale, &id])?;
            }
            Ok(Payment::Refund(reason.to_owned()))
        }
    }
}

fn reason(status: &str) -> &'static str {
    match status {
        "CONFIRMED" => "paid late",
        "SOLDOUT" => "paid late, and the units were sold to others",
        "RELEASED" => "paid after the buyer had given the units back",
        "REFUNDED" => "paid again after a refund",
        "NOTFOUND" | "NOSALE" => "paid for a reservation that nobody knows",
        _ => "paid late, and not confirmed",
    }
}

fn task(sale: &str, reservation: i64, order: Option<&Order>, reason: &str) -> RefundTask {
    RefundTask {
        sale: sale.to_owned(),
        reservation,
        user: order.map(|order| order.user.clone()).unwrap_or_default(),
        qty: order.map_or(0, |order| order.qty),
        reason: reason.to_owned(),
    }
}
