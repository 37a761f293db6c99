//! `SECKILL.ALTER sale [START ms] [END ms] [HOLD ms] [GRACE ms] [MAXHOLD ms] [PERUSER n] [WAITLIST max] [OFFER ms] [MINTIER n] [TIERSTART tier ms] [TICKETS] [NOTICKETS] [FILTER key] [NOFILTER] [ONFAILOVER CONTINUE|FREEZE] [STATE OPEN|PAUSED|CLOSED]`

use seckill_core::sale::{Request, SaleState};

use super::args::{Cursor, syntax_error};
use super::{offer_some, reply, terms};
use crate::admission::take_filter;
use crate::change;
use crate::host::{Arg, Command, Context, Failure, Key, Mode};
use crate::types::SaleValue;

/// `SECKILL.ALTER`
pub struct Alter;

impl Command for Alter {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let mut key = Key::open(ctx, name, Mode::Write);
        let value = key.value_mut::<SaleValue>()?;
        let mut terms = value.as_ref().map(|value| *value.sale.terms()).unwrap_or_default();
        let mut filter = value.as_ref().map(|value| Box::from(value.sale.filter())).unwrap_or_default();
        let mut state = None;
        let words = terms::words(&["STATE", "NOTICKETS", "FILTER", "NOFILTER"]);
        while let Some(word) = cursor.word(&words)? {
            match word {
                "NOTICKETS" => terms.access.tickets = false,
                "FILTER" => filter = take_filter(ctx, name, cursor.next()?)?,
                "NOFILTER" => filter = Box::default(),
                "STATE" => state = Some(parse_state(&mut cursor)?),
                word => terms::take(&mut cursor, word, &mut terms)?,
            }
        }
        let value = value.ok_or("ERR no such sale")?;
        let terms = terms.checked()?;
        if value.sale.stays(value.moment(ctx), &terms, state, &filter) {
            ctx.status("OK");
            return Ok(());
        }
        match change::request(ctx, name, value, &Request::Alter { terms, state, filter: &filter }) {
            Ok(_) => {
                ctx.status("OK");
                offer_some(ctx, name, value);
                Ok(())
            }
            Err(why) => reply::not_made(ctx, value, why, |_| {}),
        }
    }
}

fn parse_state(cursor: &mut Cursor<'_>) -> Result<SaleState, Failure> {
    let word = cursor.next()?.bytes();
    let state = SaleState::ALL.into_iter().find(|state| word.eq_ignore_ascii_case(state.word().as_bytes()));
    state.ok_or_else(|| syntax_error(word))
}
