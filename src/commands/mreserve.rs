//! `SECKILL.MRESERVE numsales sale [sale …] user [QTY n [n …]] [REQUEST token] [IP addr] [TIER n] [TICKET ticket [ticket …]] [DATA payload]`

use seckill_core::sale::{QTY_MAX, Reserve as Ask};

use super::args::{Cursor, TIERS};
use super::basket::{self, Basket, Wording};
use super::reply;
use super::reserve::IP_BYTES_MAX;
use crate::admission::Pass;
use crate::cart::{self, Fate, Wish};
use crate::host::{Arg, Command, Context, Failure};

const WORDS: [&str; 6] = ["QTY", "REQUEST", "IP", "TIER", "TICKET", "DATA"];

/// `SECKILL.MRESERVE`
pub struct MReserve;

/// What is asked of all sales, and what of each.
struct Order<'a> {
    all: Ask<'a>,
    pass: Pass<'a>,
    /// Units, by place; none is one unit each.
    quantities: Vec<u64>,
    /// Tickets: none, one for all, or by place.
    tickets: Vec<&'a [u8]>,
}

impl Command for MReserve {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let basket = Basket::parse(&mut cursor)?;
        let order = parse(&mut cursor, basket.places.len())?;
        let mut keys = basket.open(ctx);
        let mut lines = basket.lines(&mut keys)?;
        let wishes = (0..lines.len()).map(|line| {
            let asks_for_tickets = lines
                .get(line)
                .and_then(|it| it.value.as_ref())
                .is_some_and(|it| it.sale.terms().access.tickets);
            order.wish(&basket, line, asks_for_tickets)
        });
        let wishes = wishes.collect::<Result<Vec<_>, _>>()?;
        match cart::reserve(ctx, &mut lines, wishes)? {
            Fate::Done(ids) => {
                let deadline = cart::deadline(ctx, &lines, &ids);
                ctx.array(2 + basket.places.len());
                ctx.status("RESERVED");
                reply::moment(ctx, deadline);
                basket.ids(&ids).for_each(|id| ctx.count(id.0));
                basket::offer(ctx, &mut lines);
                Ok(())
            }
            Fate::Refused(at, why) => basket::refused(ctx, lines.get(at), why, &Wording::Reserving),
        }
    }
}

fn parse<'a>(cursor: &mut Cursor<'a>, places: usize) -> Result<Order<'a>, Failure> {
    let all = Ask { user: cursor.user()?, qty: 1, token: None, data: None, tier: 0, waits: false };
    let mut order = Order { all, pass: Pass::default(), quantities: Vec::new(), tickets: Vec::new() };
    while let Some(word) = cursor.word(&WORDS)? {
        match word {
            "QTY" => {
                let one = |_| cursor.count(1..=QTY_MAX as i64);
                order.quantities = (0..places).map(one).collect::<Result<_, _>>()?;
            }
            "REQUEST" => order.all.token = Some(cursor.token()?),
            "IP" => order.pass.ip = Some(cursor.bytes("IP", 1..=IP_BYTES_MAX)?),
            "TIER" => order.pass.tier = cursor.small(TIERS)?,
            "TICKET" => order.tickets = tickets(cursor, places)?,
            _ => order.all.data = Some(cursor.data()?),
        }
    }
    // An empty payload is none, so that both are the same request.
    order.all.data = order.all.data.filter(|data| !data.is_empty());
    Ok(order)
}

/// One ticket, or one for each place: all up to the next word.
fn tickets<'a>(cursor: &mut Cursor<'a>, places: usize) -> Result<Vec<&'a [u8]>, Failure> {
    let mut tickets = vec![cursor.next()?.bytes()];
    let is_word = |arg: &Arg<'_>| WORDS.iter().any(|word| arg.bytes().eq_ignore_ascii_case(word.as_bytes()));
    while tickets.len() < places && cursor.rest().first().is_some_and(|arg| !is_word(arg)) {
        tickets.push(cursor.next()?.bytes());
    }
    if tickets.len() != 1 && tickets.len() != places {
        return Err("ERR TICKET must be given once, or once for each sale".into());
    }
    Ok(tickets)
}

impl<'a> Order<'a> {
    /// What is asked of the sale of a line: the sum of what its places ask for.
    fn wish(&self, basket: &Basket<'a>, line: usize, asks_for_tickets: bool) -> Result<Wish<'a>, Failure> {
        let places =
            || basket.places.iter().enumerate().filter(|(_, of)| **of == line).map(|(place, _)| place);
        let qty = places().map(|place| self.quantities.get(place).copied().unwrap_or(1)).sum();
        if qty > QTY_MAX {
            return Err(format!("ERR QTY of a sale must add up to an integer between 1 and {QTY_MAX}").into());
        }
        let ticket = match self.tickets[..] {
            // A ticket is for one sale: those that want none are not shown another's.
            [only] if basket.places.len() > 1 => asks_for_tickets.then_some(only),
            _ => places().next().and_then(|place| self.tickets.get(place)).copied(),
        };
        Ok(Wish { ask: Ask { qty, ..self.all }, pass: Pass { ticket, ..self.pass } })
    }
}
