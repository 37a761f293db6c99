//! `SECKILL.VOID sale user REQUEST token PX ms`

use seckill_core::sale::{Change, Request, ReservationState};
use seckill_core::time::Timestamp;

use super::args::{Cursor, LASTING, syntax_error};
use super::{reply, with_sale_mut};
use crate::change;
use crate::host::{Arg, Command, Context, Failure};

/// `SECKILL.VOID`
pub struct Void;

impl Command for Void {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let key = cursor.next()?;
        let request = parse(&mut cursor)?;
        with_sale_mut(ctx, key, |value| match change::request(ctx, key, value, &request) {
            Ok(effect) => {
                match effect.change {
                    Change::Released { id } => {
                        let released = value.sale.reservation(id, Timestamp(ctx.now_ms()));
                        released.iter().for_each(|it| reply::state(ctx, it, ReservationState::Released));
                    }
                    _ => reply::status(ctx, "VOIDED"),
                }
                Ok(())
            }
            Err(why) => {
                reply::not_made(ctx, value, why, |it| reply::state(ctx, it, ReservationState::Released))
            }
        })
    }
}

fn parse<'a>(cursor: &mut Cursor<'a>) -> Result<Request<'a>, Failure> {
    let user = cursor.user()?;
    let (mut token, mut ms) = (None, None);
    while let Some(word) = cursor.word(&["REQUEST", "PX"])? {
        match word {
            "REQUEST" => token = Some(cursor.token()?),
            _ => ms = Some(cursor.count(LASTING)?),
        }
    }
    let token = token.ok_or_else(|| syntax_error(b"REQUEST"))?;
    let ms = ms.ok_or_else(|| syntax_error(b"PX"))?;
    Ok(Request::Void { user, token, ms })
}
