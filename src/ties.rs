//! Locks that end with the connection that took them.
//!
//! In memory of a primary only, for the main thread only.

use std::cell::RefCell;
use std::collections::HashMap;

use seckill_core::lock::{Change, FencingToken, Request};

use crate::hints::Place;
use crate::host::{Arg, Context, HostString, Level, Timer};
use crate::{life, lock};

/// How long the timer waits when nothing may be replicated.
const RETRY_MS: u64 = 20;

/// A lock and who holds it.
type Hold = (Place, Box<[u8]>);

#[derive(Default)]
struct Ties {
    /// The newest grant of each hold, by connection.
    by_client: HashMap<u64, HashMap<Hold, FencingToken>>,
    /// What is to be given back, for its connection is closed.
    cut: Vec<(Hold, FencingToken)>,
}

thread_local! {
    static TIES: RefCell<Ties> = RefCell::default();
}

/// The lock ends with this connection.
pub fn tie(ctx: &Context, client: u64, key: Arg<'_>, owner: &[u8], token: FencingToken) {
    let hold = ((ctx.db(), key.bytes().into()), owner.into());
    TIES.with_borrow_mut(|ties| ties.by_client.entry(client).or_default().insert(hold, token));
}

/// The lock was given back.
pub fn untie(ctx: &Context, client: u64, key: Arg<'_>, owner: &[u8]) {
    TIES.with_borrow_mut(|ties| {
        if let Some(holds) = ties.by_client.get_mut(&client) {
            holds.remove(&((ctx.db(), key.bytes().into()), owner.into()));
            if holds.is_empty() {
                ties.by_client.remove(&client);
            }
        }
    });
}

/// A connection is closed: what was tied to it is given back as soon as the server is done with that.
pub fn disconnected(ctx: &Context, client: u64) {
    let cut = TIES.with_borrow_mut(|ties| {
        let holds = ties.by_client.remove(&client).unwrap_or_default();
        ties.cut.extend(holds);
        !ties.cut.is_empty()
    });
    if cut {
        Timer::start(ctx, 0, on_timer);
    }
}

/// Two databases changed places, and so do the locks in them.
pub fn swapped(first: i32, second: i32) {
    let swap = |db: i32| match db {
        db if db == first => second,
        db if db == second => first,
        db => db,
    };
    TIES.with_borrow_mut(|ties| {
        for holds in ties.by_client.values_mut() {
            let moved = std::mem::take(holds).into_iter();
            *holds = moved.map(|(((db, key), owner), token)| (((swap(db), key), owner), token)).collect();
        }
        ties.cut.iter_mut().for_each(|(((db, _), _), _)| *db = swap(*db));
    });
}

fn on_timer(ctx: &Context) {
    if !life::is_primary() {
        TIES.with_borrow_mut(|ties| ties.cut.clear());
        return;
    }
    if ctx.must_not_replicate() {
        Timer::start(ctx, RETRY_MS, on_timer);
        return;
    }
    let cut = TIES.with_borrow_mut(|ties| std::mem::take(&mut ties.cut));
    for (((db, key), owner), token) in cut {
        ctx.select_db(db);
        let name = HostString::new(&key);
        let request = Request::Release { owner: &owner, token: Some(token) };
        // Another grant, or none, stands there: then the tie has done its work.
        loop {
            match lock::request(ctx, name.arg(), &request) {
                Ok(Ok(effect)) if !matches!(effect.change, Change::Released { depth: 0, .. }) => {}
                Ok(_) => break,
                Err(why) => {
                    ctx.log(Level::Notice, &format!("a tied lock was not given back: {}", why.0));
                    break;
                }
            }
        }
    }
}
