//! Refunds that somebody has to make, because a payment came too late.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Database, StoreError};

/// A row of `refund_tasks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundTask {
    /// The sale's key.
    pub sale: String,
    /// The reservation that was paid too late.
    pub reservation: i64,
    /// Who gets the money back; empty if nobody knows any more.
    pub user: String,
    /// For how many units.
    pub qty: i64,
    /// Why.
    pub reason: String,
}

/// What was decided on a late payment, once and for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet: the sale is being asked.
    Asking,
    /// The buyer has the units.
    Paid,
    /// The buyer gets the money back; somebody has to do it.
    Refund,
    /// The money was paid back.
    Done,
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Decision::Asking => "ASKING",
            Decision::Paid => "PAID",
            Decision::Refund => "REFUND",
            Decision::Done => "DONE",
        }
    }

    fn of(word: &str) -> Option<Decision> {
        let all = [Decision::Asking, Decision::Paid, Decision::Refund, Decision::Done];
        all.into_iter().find(|decision| decision.word() == word)
    }
}

const ASK: &str =
    "INSERT INTO refund_tasks (sale, reservation, user_id, qty, reason, state, created_at, decided_at)
 VALUES ($1, $2, '', 0, '', 'ASKING', $3, 0) ON CONFLICT DO NOTHING";
const DECIDE: &str =
    "UPDATE refund_tasks SET state = $1, user_id = $2, qty = $3, reason = $4, decided_at = $5
 WHERE sale = $6 AND reservation = $7 AND state = 'ASKING'";
const STATE: &str = "SELECT state FROM refund_tasks WHERE sale = $1 AND reservation = $2";
const FINISH: &str =
    "UPDATE refund_tasks SET state = 'DONE' WHERE sale = $1 AND reservation = $2 AND state = 'REFUND'";
const OPEN: &str = "SELECT sale, reservation, user_id, qty, reason FROM refund_tasks WHERE state = 'REFUND'
 ORDER BY decided_at, sale, reservation";

impl Database {
    /// Notes that the sale is asked about a late payment, and gives what was decided before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn ask_late(&mut self, sale: &str, reservation: i64) -> Result<Decision, StoreError> {
        self.session.execute(ASK, &[sale.into(), reservation.into(), now_ms().into()])?;
        self.decision(sale, reservation)
    }

    /// Decides on a late payment unless it is decided, and gives the decision that holds.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn decide_late(&mut self, task: &RefundTask, decision: Decision) -> Result<Decision, StoreError> {
        let values = [
            decision.word().into(),
            task.user.as_str().into(),
            task.qty.into(),
            task.reason.as_str().into(),
            now_ms().into(),
            task.sale.as_str().into(),
            task.reservation.into(),
        ];
        self.session.execute(DECIDE, &values)?;
        self.decision(&task.sale, task.reservation)
    }

    /// Notes that the money was paid back; false if there is no such open task.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn finish_refund(&mut self, sale: &str, reservation: i64) -> Result<bool, StoreError> {
        Ok(self.session.execute(FINISH, &[sale.into(), reservation.into()])? > 0)
    }

    /// The refunds that somebody has to make, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn open_refunds(&mut self) -> Result<Vec<RefundTask>, StoreError> {
        let rows = self.session.query(OPEN, &[])?;
        let task = |row: super::Row| match row.as_slice() {
            [sale, reservation, user, qty, reason] => Some(RefundTask {
                sale: sale.text().to_owned(),
                reservation: reservation.int(),
                user: user.text().to_owned(),
                qty: qty.int(),
                reason: reason.text().to_owned(),
            }),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(task).collect())
    }

    fn decision(&mut self, sale: &str, reservation: i64) -> Result<Decision, StoreError> {
        let rows = self.session.query(STATE, &[sale.into(), reservation.into()])?;
        let word = rows.first().and_then(|row| row.first()).map_or("", |state| state.text());
        Decision::of(word).ok_or_else(|| StoreError::Refused(format!("a refund task in state '{word}'")))
    }
}

/// Unix milliseconds by this machine's clock: for when a row was made, never for a decision.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
