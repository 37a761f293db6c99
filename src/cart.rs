//! Carts: one request to several sales, of which all do their part or none does.
//!
//! Every sale is asked before the first is changed, and those who agree are not asked again whether they want to.

use seckill_core::admission::Entrance;
use seckill_core::ids::ReservationId;
use seckill_core::sale::{Answer, Change, Effect, Outcome, Refusal, Request, Reserve, Settling, Verdict};
use seckill_core::time::Timestamp;

use crate::admission::{self, Pass};
use crate::change::{self, NotMade, Part};
use crate::host::{Arg, Context, Failure};
use crate::totals;
use crate::types::SaleValue;

/// A sale of a cart.
pub struct Line<'v, 'a> {
    /// Its key, another one in each line.
    pub name: Arg<'a>,
    /// The sale, if there is one.
    pub value: Option<&'v mut SaleValue>,
}

/// What became of a cart.
pub enum Fate {
    /// All is done: the reservation in each line's sale.
    Done(Vec<ReservationId>),
    /// Nothing is, because of this line's sale; without a refusal there is no such sale.
    Refused(usize, Option<Refusal>),
}

/// What is asked of one sale, and by whom.
pub struct Wish<'a> {
    /// The part of the cart.
    pub ask: Reserve<'a>,
    /// What the caller shows this sale.
    pub pass: Pass<'a>,
}

/// Reserves in every line, or in none.
///
/// # Errors
/// [`Failure`] if the caller is to blame or the change cannot be made here; nothing was changed then.
pub fn reserve<'a>(
    ctx: &Context,
    lines: &mut [Line<'_, 'a>],
    mut wishes: Vec<Wish<'a>>,
) -> Result<Fate, Failure> {
    change::check_primary()?;
    let mut answers = Vec::with_capacity(lines.len());
    let mut is_charged = true;
    for (line, wish) in lines.iter_mut().zip(&mut wishes) {
        let (answer, passes) = appraise(ctx, line, wish)?;
        answers.push(answer);
        is_charged &= passes;
    }
    let fate = match Verdict::on_reserving(&answers) {
        Verdict::Mismatched => return Err(change::MISMATCH.into()),
        Verdict::Refused(at) => refused(ctx, lines, &answers, at),
        Verdict::Repeated => {
            count_all(ctx, lines, Outcome::Repeated);
            Fate::Done(answers.iter().filter_map(done).collect())
        }
        Verdict::Made => {
            let asked = |at: usize| wishes.get(at).map(|wish| Request::Reserve(wish.ask));
            let ids = make(ctx, lines, &answers, |at, _| asked(at))?;
            count_all(ctx, lines, Outcome::Reserved);
            Fate::Done(ids)
        }
    };
    if is_charged {
        for (line, wish) in lines.iter_mut().zip(&wishes) {
            if let Some(value) = line.value.as_deref_mut() {
                // It was asked before, at the same moment, and allows.
                let _ = admission::charge(ctx, value, wish.ask.user, wish.pass.ip);
            }
        }
    }
    Ok(fate)
}

/// Confirms or releases in every line what `user` reserved under `token`, or in none.
///
/// # Errors
/// As [`reserve`].
pub fn settle(
    ctx: &Context,
    lines: &mut [Line<'_, '_>],
    (user, token): (&[u8], &[u8]),
    how: Settling,
) -> Result<Fate, Failure> {
    change::check_primary()?;
    let answer = |line: &Line<'_, '_>| match &line.value {
        Some(value) => value.sale.appraise_settling(value.moment(ctx), user, token, how),
        None => Answer::NoSale,
    };
    let answers: Vec<Answer> = lines.iter().map(answer).collect();
    match Verdict::on_settling(&answers) {
        Verdict::Refused(at) => Ok(Fate::Refused(at, answers.get(at).and_then(Answer::refusal))),
        Verdict::Made | Verdict::Repeated | Verdict::Mismatched => {
            let asked = |value: &SaleValue| value.sale.find_request(user, token).map(|id| how.request(id));
            Ok(Fate::Done(make(ctx, lines, &answers, |_, value| asked(value))?))
        }
    }
}

/// The earliest deadline of what is still held in the lines.
pub fn deadline(ctx: &Context, lines: &[Line<'_, '_>], ids: &[ReservationId]) -> Option<Timestamp> {
    let now = Timestamp(ctx.now_ms());
    let held = |(line, id): (&Line<'_, '_>, &ReservationId)| {
        line.value.as_ref().and_then(|value| value.sale.reservation(*id, now)?.deadline)
    };
    lines.iter().zip(ids).filter_map(held).min()
}

/// What a line's sale says, and whether the caller came to its limits and passes them.
fn appraise(ctx: &Context, line: &mut Line<'_, '_>, wish: &mut Wish<'_>) -> Result<(Answer, bool), Failure> {
    let Some(value) = line.value.as_deref_mut() else { return Ok((Answer::NoSale, false)) };
    let passes = match admission::screen(ctx, line.name, value, &mut wish.ask, wish.pass)? {
        Entrance::Refused(refusal) => return Ok((Answer::Refuses(refusal), false)),
        Entrance::Settled => false,
        Entrance::Open => value.sale.preview(value.moment(ctx), &wish.ask).is_ok(),
    };
    if passes && let Err(limited) = admission::peek(ctx, value, wish.ask.user, wish.pass.ip) {
        return Ok((Answer::Refuses(limited), false));
    }
    Ok((value.sale.appraise(value.moment(ctx), &wish.ask), passes))
}

fn refused(ctx: &Context, lines: &mut [Line<'_, '_>], answers: &[Answer], at: usize) -> Fate {
    totals::count_refused();
    let why = answers.get(at).and_then(Answer::refusal);
    let value = lines.get_mut(at).and_then(|line| line.value.as_deref_mut());
    if let (Some(value), Some(why)) = (value, why) {
        value.tally.count(Outcome::of(&why), Timestamp(ctx.now_ms()));
    }
    Fate::Refused(at, why)
}

fn count_all(ctx: &Context, lines: &mut [Line<'_, '_>], outcome: Outcome) {
    let tallies = lines.iter_mut().filter_map(|line| line.value.as_deref_mut());
    tallies.for_each(|value| value.tally.count(outcome, Timestamp(ctx.now_ms())));
}

/// Makes what the sales agreed to do, and gives each line's reservation.
fn make<'a>(
    ctx: &Context,
    lines: &mut [Line<'_, 'a>],
    answers: &[Answer],
    asked: impl Fn(usize, &SaleValue) -> Option<Request<'a>>,
) -> Result<Vec<ReservationId>, Failure> {
    let mut parts = Vec::with_capacity(lines.len());
    for (at, (line, answer)) in lines.iter_mut().zip(answers).enumerate() {
        if let (Answer::Does, Some(value)) = (answer, line.value.as_deref_mut())
            && let Some(request) = asked(at, value)
        {
            parts.push(Part { key: line.name, value, request });
        }
    }
    let effects = change::request_all(ctx, &mut parts).map_err(|why| match why {
        NotMade::Hindered(why) => Failure::from(why),
        NotMade::Refused(_) => Failure::from("ERR a sale of the cart changed its mind, nothing was done"),
    })?;
    let mut made = effects.iter();
    Ok(answers
        .iter()
        .filter_map(|answer| done(answer).or_else(|| made.next().and_then(reservation)))
        .collect())
}

fn done(answer: &Answer) -> Option<ReservationId> {
    if let Answer::Did(id) = answer { Some(*id) } else { None }
}

fn reservation(effect: &Effect<'_>) -> Option<ReservationId> {
    match effect.change {
        Change::Reserved { id, .. } | Change::Accepted { id, .. } => Some(id),
        Change::Confirmed { id } | Change::Released { id } => Some(id),
        _ => None,
    }
}
