//! What the commands for carts share: `numsales sale [sale …]`, and the answer of a sale that refuses.

use seckill_core::ids::ReservationId;
use seckill_core::sale::{Refusal, ReservationState, Settling};

use super::args::{Cursor, syntax_error};
use super::reply::{self, Refusing};
use crate::cart::{self, Fate, Line};
use crate::change::NotMade;
use crate::host::{Arg, Context, Failure, Key, Mode, WrongType};
use crate::types::SaleValue;

/// Sales of one cart: each is opened, and compared with the others.
const SALES_MAX: i64 = 128;

/// The sales that a cart names.
pub struct Basket<'a> {
    /// Each sale once, in the order in which they are named first.
    pub sales: Vec<Arg<'a>>,
    /// For each place of the request, which of them it names.
    pub places: Vec<usize>,
}

impl<'a> Basket<'a> {
    /// Reads how many sales there are, and which.
    ///
    /// # Errors
    /// [`Failure`] if the number is out of range, or fewer sales follow.
    pub fn parse(cursor: &mut Cursor<'a>) -> Result<Basket<'a>, Failure> {
        let count = cursor.number("numsales", 1..=SALES_MAX)?;
        if i64::try_from(cursor.rest().len()).is_ok_and(|left| left <= count) {
            return Err("ERR numsales must not be larger than the number of sales before the user".into());
        }
        let mut basket = Basket { sales: Vec::new(), places: Vec::new() };
        for _ in 0..count {
            let name = cursor.next()?;
            let known = basket.sales.iter().position(|other| other.bytes() == name.bytes());
            basket.places.push(known.unwrap_or(basket.sales.len()));
            if known.is_none() {
                basket.sales.push(name);
            }
        }
        Ok(basket)
    }

    /// Opens each sale's key.
    pub fn open(&self, ctx: &Context) -> Vec<Key> {
        self.sales.iter().map(|name| Key::open(ctx, *name, Mode::Write)).collect()
    }

    /// The sales under their open keys.
    ///
    /// # Errors
    /// [`WrongType`] if a key holds something else.
    pub fn lines<'v>(&self, keys: &'v mut [Key]) -> Result<Vec<Line<'v, 'a>>, WrongType> {
        let line = |(name, key): (&Arg<'a>, &'v mut Key)| {
            key.value_mut::<SaleValue>().map(|value| Line { name: *name, value })
        };
        self.sales.iter().zip(keys).map(line).collect()
    }

    /// Each place's reservation.
    pub fn ids<'v>(&'v self, ids: &'v [ReservationId]) -> impl Iterator<Item = ReservationId> + 'v {
        self.places.iter().filter_map(|line| ids.get(*line).copied())
    }
}

/// Serves `numsales sale [sale …] user REQUEST token`.
///
/// # Errors
/// [`Failure`] with the text for the client; nothing was changed then.
pub fn settle(ctx: &Context, args: &[Arg<'_>], how: Settling) -> Result<(), Failure> {
    let mut cursor = Cursor::new(args);
    let basket = Basket::parse(&mut cursor)?;
    let user = cursor.user()?;
    let mut token = None;
    while cursor.word(&["REQUEST"])?.is_some() {
        token = Some(cursor.token()?);
    }
    let token = token.ok_or_else(|| syntax_error(b"REQUEST"))?;
    let mut keys = basket.open(ctx);
    let mut lines = basket.lines(&mut keys)?;
    match cart::settle(ctx, &mut lines, (user, token), how)? {
        Fate::Done(ids) => {
            ctx.array(1 + basket.places.len());
            ctx.status(how.state().word());
            basket.ids(&ids).for_each(|id| ctx.count(id.0));
            offer(ctx, &mut lines);
            Ok(())
        }
        Fate::Refused(at, why) => refused(ctx, lines.get(at), why, &Wording::Settling),
    }
}

/// Gives units that came back in any of the sales to those who wait there.
pub fn offer(ctx: &Context, lines: &mut [Line<'_, '_>]) {
    for line in lines {
        if let Some(value) = line.value.as_deref_mut() {
            super::offer_some(ctx, line.name, value);
        }
    }
}

/// How a reservation that stands is told of: one that waits as its command words it.
pub enum Wording {
    /// `WAITLISTED id position`, as RESERVE does.
    Reserving,
    /// Its state and id, as CONFIRM and RELEASE do.
    Settling,
}

/// Answers a cart that a sale refuses: `REFUSED sale`, and what the sale says.
///
/// # Errors
/// [`Failure`] where the caller is to blame.
pub fn refused(
    ctx: &Context,
    line: Option<&Line<'_, '_>>,
    why: Option<Refusal>,
    wording: &Wording,
) -> Result<(), Failure> {
    let Some(line) = line else { return Ok(()) };
    let to = Refusing { ctx, sale: line.name };
    match (&line.value, why) {
        (Some(value), Some(why)) => {
            reply::not_made(&to, value, NotMade::Refused(why), |it| match (it.state, wording) {
                (ReservationState::Waiting, Wording::Reserving) => {
                    reply::numbers(&to, "WAITLISTED", &[it.id.0, value.sale.position(it.id)]);
                }
                _ => reply::numbers(&to, it.state.word(), &[it.id.0]),
            })
        }
        _ => {
            reply::status(&to, "NOSALE");
            Ok(())
        }
    }
}
