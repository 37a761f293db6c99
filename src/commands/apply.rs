//! `SECKILL.APPLY sale payload`, from a primary or the AOF only

use std::cell::RefCell;
use std::collections::HashMap;

use seckill_core::codec::{self, Loader, Sent};
use seckill_core::sale::Seed;

use super::args::Cursor;
use super::create;
use crate::host::{Arg, Command, Context, Failure, Key, Level, Mode};
use crate::types::SaleValue;
use crate::{agenda, change, life};

/// `SECKILL.APPLY`
pub struct Apply;

thread_local! {
    /// Sales of which the rewritten AOF has given some blocks, by database and key.
    static HALF_LOADED: RefCell<HashMap<(i32, Vec<u8>), Loader>> = RefCell::default();
}

impl Command for Apply {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let name = cursor.next()?;
        let payload = cursor.next()?.bytes();
        cursor.end()?;
        if !ctx.is_replayed() {
            return Err("NOTREPL this command is for replication and the AOF only".into());
        }
        let applied = match codec::decode_sent(payload).map_err(|why| Failure::from(why.0)) {
            Ok(Sent::Created(created)) => make(ctx, name, &created),
            Ok(Sent::Effect(effect, entry)) => {
                let mut key = Key::open(ctx, name, Mode::Write);
                match key.value_mut::<SaleValue>()? {
                    Some(value) => {
                        change::replay(ctx, name, value, &effect, entry).map_err(|why| Failure::from(why.0))
                    }
                    None => Err("there is no such sale".into()),
                }
            }
            Ok(Sent::Block) => load(ctx, name, payload),
            Err(why) => Err(why),
        };
        applied.map_err(|why| refused(ctx, name, &why))?;
        ctx.replicate_verbatim();
        ctx.status("OK");
        Ok(())
    }
}

/// Says in the log and to the caller that this copy is not its primary's any more.
fn refused(ctx: &Context, name: Arg<'_>, why: &Failure) -> Failure {
    let text = format!("a change of the sale '{}' does not fit: {}", name.bytes().escape_ascii(), why.0);
    ctx.log(Level::Warning, &text);
    Failure::from(format!("ERR {text}"))
}

fn make(ctx: &Context, name: Arg<'_>, created: &codec::Created) -> Result<(), Failure> {
    let sale = create::build(created)?;
    put(ctx, name, SaleValue::arrived(sale))
}

/// Takes a block of a stored sale; the last one makes the key.
fn load(ctx: &Context, name: Arg<'_>, block: &[u8]) -> Result<(), Failure> {
    let place = (ctx.db(), name.bytes().to_vec());
    HALF_LOADED.with_borrow_mut(|half| {
        let loader = half.entry(place.clone()).or_insert_with(|| Loader::new(Seed::new(life::seed())));
        match loader.feed(block) {
            Ok(None) => Ok(()),
            Ok(Some(sale)) => {
                half.remove(&place);
                put(ctx, name, SaleValue::arrived(sale))
            }
            Err(why) => {
                half.remove(&place);
                Err(why.0.into())
            }
        }
    })
}

fn put(ctx: &Context, name: Arg<'_>, mut value: SaleValue) -> Result<(), Failure> {
    let mut key = Key::open(ctx, name, Mode::Write);
    if !key.is_empty() {
        return Err("the key exists".into());
    }
    agenda::note(ctx, name, &mut value);
    key.set(value);
    ctx.signal_modified(name);
    Ok(())
}

/// Drops sales whose last block never came.
pub fn forget_half_loaded() {
    HALF_LOADED.with_borrow_mut(HashMap::clear);
}
