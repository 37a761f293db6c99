//! Sales that come from elsewhere: what a primary sends, and what the rewritten AOF holds.

use std::cell::RefCell;
use std::collections::HashMap;

use seckill_core::codec::{self, Created, Loader, Sent};
use seckill_core::sale::Seed;

use crate::host::{Arg, Context, Failure, Key, Mode};
use crate::types::SaleValue;
use crate::{agenda, change, life};

thread_local! {
    /// Sales of which the rewritten AOF has given some blocks, by database and key.
    static HALF_LOADED: RefCell<HashMap<(i32, Vec<u8>), Loader>> = RefCell::default();
}

/// Does what a payload of SECKILL.APPLY says.
///
/// # Errors
/// [`Failure`] if it does not fit what is here; nothing is changed then.
pub fn replay(ctx: &Context, name: Arg<'_>, payload: &[u8]) -> Result<(), Failure> {
    match codec::decode_sent(payload).map_err(|why| Failure::from(why.0))? {
        Sent::Created(created) => make(ctx, name, &created),
        Sent::Effect(effect, entry) => {
            let mut key = Key::open(ctx, name, Mode::Write);
            let value = key.value_mut::<SaleValue>()?.ok_or("there is no such sale")?;
            change::replay(ctx, name, value, &effect, entry).map_err(|why| Failure::from(why.0))
        }
        Sent::Block => load(ctx, name, payload),
    }
}

fn make(ctx: &Context, name: Arg<'_>, created: &Created) -> Result<(), Failure> {
    let sale = created.sale(Seed::new(life::seed()))?;
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
