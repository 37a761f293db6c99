//! Differences put right, one by one; each can be repeated.

use redis::{Connection, RedisError};

use super::walk::{Error, newest, now_ms};
use super::{Account, Difference, Remedy};
use crate::order::{Order, State};
use crate::store::{Database, StoreError};
use crate::stream::sale::{Reservation, decide, has_command};

/// Puts one difference right; what was done, in words.
///
/// # Errors
/// If one of both does not answer.
pub fn mend(
    connection: &mut Connection,
    database: &mut Database,
    account: &Account,
    difference: &Difference,
) -> Result<String, Error> {
    let (sale, id) = (account.sale.as_str(), difference.reservation.to_string());
    let done = match (difference.remedy, &difference.kept, &difference.told) {
        (Remedy::Adopt, Some(kept), _) => adopt(connection, kept)?,
        (Remedy::Confirm, ..) => confirm(connection, sale, &id)?,
        (Remedy::Release, ..) => status(connection, &["SECKILL.RELEASE", sale, &id])?,
        (Remedy::Refund, Some(kept), Some(told)) => refund(connection, database, kept, told)?,
        (Remedy::Rewrite, kept, Some(told)) => {
            database.put_order(&rewritten(account, kept.as_ref(), told))?;
            "written".to_owned()
        }
        (Remedy::Close, Some(kept), _) => {
            let closed = Order {
                state: Some(State::Expired),
                deadline: 0,
                seq: newest(&account.figures).max(kept.seq),
                updated_at: now_ms(),
                ..kept.clone()
            };
            database.put_order(&closed)?;
            "closed".to_owned()
        }
        _ => "left for somebody to decide".to_owned(),
    };
    Ok(done)
}

fn adopt(connection: &mut Connection, kept: &Order) -> Result<String, RedisError> {
    if !has_command(connection, "SECKILL.ADOPT")? {
        return Ok("not done: the server has no SECKILL.ADOPT".to_owned());
    }
    let (id, qty) = (kept.reservation.to_string(), (kept.qty - kept.refunded).to_string());
    let deadline = kept.deadline.to_string();
    let mut words = vec!["SECKILL.ADOPT", &kept.sale, &id, &kept.user, "QTY", &qty, "STATE"];
    if kept.state == Some(State::Held) {
        words.extend(["HELD", "PXAT", &deadline]);
    } else {
        words.push("CONFIRMED");
    }
    status(connection, &words)
}

/// In time if it is still held, else late; the buyer has paid either way.
fn confirm(connection: &mut Connection, sale: &str, id: &str) -> Result<String, RedisError> {
    let (status, _) = decide(connection, &["SECKILL.CONFIRM", sale, id, "LATE"])?;
    Ok(match status.as_str() {
        "SOLDOUT" => "SOLDOUT: the units are sold to others; give the buyer the money back".to_owned(),
        _ => status,
    })
}

/// The row first forgets the units whose refund the sale has lost, for the sale's event will add them again.
///
/// A row that is REFUNDED stays so, and tells what is still to do if this ends in between.
fn refund(
    connection: &mut Connection,
    database: &mut Database,
    kept: &Order,
    told: &Reservation,
) -> Result<String, Error> {
    let (sale, id) = (kept.sale.as_str(), kept.reservation.to_string());
    if told.state != State::Confirmed {
        decide(connection, &["SECKILL.CONFIRM", sale, &id])?;
    }
    let is_all = kept.state == Some(State::Refunded);
    let missing = if is_all { kept.qty } else { kept.refunded } - told.refunded;
    let row = Order { refunded: told.refunded, ..kept.clone() };
    if let Err(StoreError::Short(why)) = database.put_order(&row) {
        return Ok(format!("not done: {why}"));
    }
    // The token makes it safe to repeat: the same amount from the same point is the same refund.
    let (token, missing) = (format!("reconcile-{}-{missing}", told.refunded), missing.to_string());
    let words = ["SECKILL.REFUND", sale, &id, "QTY", &missing, "REQUEST", &token];
    Ok(status(connection, &words)?)
}

fn status(connection: &mut Connection, words: &[&str]) -> Result<String, RedisError> {
    decide(connection, words).map(|(status, _)| status)
}

/// The row as the sale has it.
fn rewritten(account: &Account, kept: Option<&Order>, told: &Reservation) -> Order {
    let seq = newest(&account.figures);
    let refunded = if told.state == State::Refunded { told.qty } else { told.refunded };
    let is_paid = matches!(told.state, State::Confirmed | State::Refunded);
    let paid_at = kept.map_or(0, |kept| kept.paid_at);
    Order {
        sale: account.sale.clone(),
        reservation: told.id,
        user: told.user.clone(),
        qty: told.qty,
        refunded,
        state: Some(told.state),
        seq: kept.map_or(seq, |kept| kept.seq.max(seq)),
        deadline: if told.state.has_deadline() { told.deadline } else { 0 },
        data: told.data.clone(),
        created_at: told.created,
        updated_at: now_ms(),
        // When exactly nobody can tell any more.
        paid_at: if is_paid && paid_at == 0 { now_ms() } else { paid_at },
    }
}
