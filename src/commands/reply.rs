//! Replies that several commands share.

use seckill_core::filter::{Steps, Verb};
use seckill_core::sale::{HOLD_MS_MAX, Misuse, QTY_MAX, Refusal, Reservation, ReservationState};
use seckill_core::time::Timestamp;

use crate::change::{MISMATCH, NotMade};
use crate::host::{Arg, Context, Failure};
use crate::types::SaleValue;

/// The number that stands for "no limit".
const UNLIMITED: i64 = -1;

/// Units, or -1.
pub fn units(ctx: &Context, units: Option<u64>) {
    match units {
        Some(units) => ctx.count(units),
        None => ctx.integer(UNLIMITED),
    }
}

/// A moment, or 0.
pub fn moment(ctx: &Context, moment: Option<Timestamp>) {
    ctx.count(moment.map_or(0, |at| at.0));
}

/// Where a status and what belongs to it are written.
pub trait To {
    /// Begins an array for so many elements, and gives what writes them.
    fn begin(&self, len: usize) -> &Context;

    /// Who is answered.
    fn ctx(&self) -> &Context;
}

/// As an answer of its own.
impl To for Context {
    fn begin(&self, len: usize) -> &Context {
        self.array(len);
        self
    }

    fn ctx(&self) -> &Context {
        self
    }
}

/// After `REFUSED sale`: what one sale says to a cart.
pub struct Refusing<'a> {
    /// Who is answered.
    pub ctx: &'a Context,
    /// The sale that refuses.
    pub sale: Arg<'a>,
}

impl To for Refusing<'_> {
    fn begin(&self, len: usize) -> &Context {
        self.ctx.array(2 + len);
        self.ctx.status("REFUSED");
        self.ctx.bulk(self.sale.bytes());
        self.ctx
    }

    fn ctx(&self) -> &Context {
        self.ctx
    }
}

/// A status alone.
pub fn status(to: &impl To, word: &'static str) {
    to.begin(1).status(word);
}

/// A status and its reason.
fn statuses(to: &impl To, word: &'static str, reason: &'static str) {
    let ctx = to.begin(2);
    ctx.status(word);
    ctx.bulk(reason.as_bytes());
}

/// A status and numbers.
pub fn numbers(to: &impl To, word: &'static str, numbers: &[u64]) {
    let ctx = to.begin(1 + numbers.len());
    ctx.status(word);
    numbers.iter().for_each(|number| ctx.count(*number));
}

/// For each item 1 if `verb` changed what is answered of it, else 0.
pub fn steps(ctx: &Context, steps: &Steps<'_>, verb: Verb) {
    ctx.array(steps.len());
    steps.iter().for_each(|step| ctx.integer(i64::from(step.answers(verb))));
}

/// A reservation's state and id, and its units if the state is the one that the command brings about.
pub fn state(ctx: &Context, reservation: &Reservation<'_>, brought: ReservationState) {
    let Reservation { id, qty, state, .. } = *reservation;
    if state == brought {
        numbers(ctx, state.word(), &[id.0, qty]);
    } else {
        numbers(ctx, state.word(), &[id.0]);
    }
}

/// Answers a request that changed nothing; `standing` answers with the reservation as it stands.
///
/// # Errors
/// [`Failure`] where the caller is to blame.
pub fn not_made(
    ctx: &impl To,
    value: &SaleValue,
    why: NotMade,
    standing: impl FnOnce(&Reservation<'_>),
) -> Result<(), Failure> {
    let refusal = match why {
        NotMade::Refused(refusal) => refusal,
        NotMade::Hindered(why) => return Err(why.into()),
    };
    let now = Timestamp(ctx.ctx().now_ms());
    let word = refusal.status().unwrap_or_default();
    match refusal {
        Refusal::Standing(id) | Refusal::Unmoved { id, .. } => {
            if let Some(reservation) = value.sale.reservation(id, now) {
                standing(&reservation);
            }
        }
        Refusal::Mismatch => return Err(MISMATCH.into()),
        Refusal::Misuse(misuse) => return Err(misuse_failure(misuse)),
        Refusal::Voided | Refusal::NotFound => status(ctx, word),
        Refusal::Frozen | Refusal::Paused | Refusal::Ended => status(ctx, word),
        Refusal::Restocked { available, total } => numbers(ctx, word, &[available, total]),
        Refusal::NotOpen { start, wait_ms } => numbers(ctx, word, &[start.0, wait_ms]),
        Refusal::BadTicket(bad) => statuses(ctx, word, bad.word()),
        Refusal::Ineligible(why) => statuses(ctx, word, why.word()),
        Refusal::Limited { scope, retry_ms } => {
            let ctx = ctx.begin(3);
            ctx.status(word);
            ctx.bulk(scope.word().as_bytes());
            ctx.count(retry_ms);
        }
        Refusal::Duplicate { newest, units, per_user } => {
            let (id, deadline) = newest.map_or((0, None), |(id, deadline)| (id.0, deadline));
            numbers(ctx, word, &[id, deadline.map_or(0, |at| at.0), units, per_user]);
        }
        Refusal::SoldOut { held } => numbers(ctx, word, &[held]),
        Refusal::Short { left } => numbers(ctx, word, &[left]),
    }
    Ok(())
}

fn misuse_failure(misuse: Misuse) -> Failure {
    Failure::from(match misuse {
        Misuse::Unlimited => "ERR the sale is unlimited: it has no stock to change".to_string(),
        Misuse::StockRange => {
            "ERR delta would take the stock out of its range, 0 to 9007199254740992".to_string()
        }
        Misuse::StrangeId => "ERR id is none that a sale gives out".to_string(),
        Misuse::Deadline => "ERR the sale has no HOLD: say after PXAT until when it is held".to_string(),
        Misuse::HoldRange => format!("ERR PXAT must be at most {HOLD_MS_MAX} milliseconds from now"),
        Misuse::Full => {
            format!("ERR the sale is full: no more reservations of up to {QTY_MAX} units can be numbered")
        }
    })
}
