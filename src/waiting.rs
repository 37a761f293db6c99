//! Who waits for which key, in the order in which they came.
//!
//! The server keeps the clients; this keeps their order, so that nobody overtakes, and knows how many there are.
//! What lies under a key is tried again when it was changed (`wake`), when time changes it (`wake_at`), and when
//! the key went away: then something must stand there before the server can try again.
//! In memory of a primary only, for the main thread only.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use seckill_core::time::Timestamp;

use crate::hints::{Hints, Place};
use crate::host::{Arg, Context, HostString, Timer};
use crate::life;

/// How long the timer waits when nothing may be replicated.
const RETRY_MS: u64 = 20;
/// The timer wakes at least this often while somebody waits: the wall clock may have jumped.
const WAIT_MS_MAX: u64 = 1000;

/// Sees to it that something stands under a key for which somebody waits.
pub type Restore = fn(&Context, Arg<'_>);

/// Those who wait for one key.
struct Queue {
    numbers: VecDeque<u64>,
    restore: Restore,
}

#[derive(Default)]
struct Waiting {
    queues: HashMap<Place, Queue>,
    newest: u64,
    wakes: Hints,
    /// The timer and when it fires.
    timer: Option<(Timer, Timestamp)>,
}

thread_local! {
    static WAITING: RefCell<Waiting> = RefCell::default();
}

impl Waiting {
    /// Takes a seat away; true if it was the first, and others wait behind it.
    fn remove(&mut self, seat: &Seat) -> bool {
        let Some(queue) = self.queues.get_mut(&seat.place) else { return false };
        let was_first = queue.numbers.front() == Some(&seat.number);
        queue.numbers.retain(|number| *number != seat.number);
        if queue.numbers.is_empty() {
            self.queues.remove(&seat.place);
            return false;
        }
        was_first
    }
}

/// A place in a queue.
pub struct Seat {
    place: Place,
    number: u64,
}

/// Takes the last place of a key's queue.
pub fn join(ctx: &Context, key: Arg<'_>, restore: Restore) -> Seat {
    let place = (ctx.db(), key.bytes().into());
    WAITING.with_borrow_mut(|waiting| {
        waiting.newest += 1;
        let number = waiting.newest;
        let queue = waiting.queues.entry(place.clone());
        queue.or_insert_with(|| Queue { numbers: VecDeque::new(), restore }).numbers.push_back(number);
        Seat { place, number }
    })
}

impl Seat {
    /// True if nobody came before.
    pub fn is_first(&self) -> bool {
        WAITING.with_borrow(|waiting| {
            waiting.queues.get(&self.place).and_then(|queue| queue.numbers.front()) == Some(&self.number)
        })
    }

    /// Gives the place up, for the wait had an end: whoever comes next is tried by the server anyway.
    pub fn served(&self) {
        WAITING.with_borrow_mut(|waiting| waiting.remove(self));
    }

    /// Gives the place up; who comes next may have been waiting for nothing else.
    pub fn leave(&self, ctx: &Context) {
        if WAITING.with_borrow_mut(|waiting| waiting.remove(self)) {
            wake_place_at(ctx, self.place.clone(), Timestamp(0));
        }
    }
}

/// How many wait for a key.
pub fn count(ctx: &Context, key: Arg<'_>) -> usize {
    WAITING.with_borrow(|waiting| {
        if waiting.queues.is_empty() {
            return 0;
        }
        let place = (ctx.db(), key.bytes().into());
        waiting.queues.get(&place).map_or(0, |queue| queue.numbers.len())
    })
}

/// Lets those who wait for a key try again once this call is over. The key must exist.
pub fn wake(ctx: &Context, key: Arg<'_>) {
    if count(ctx, key) > 0 {
        ctx.signal_ready(key);
    }
}

/// Lets those who wait for a key try again at a time.
pub fn wake_at(ctx: &Context, key: Arg<'_>, at: Timestamp) {
    if count(ctx, key) > 0 {
        wake_place_at(ctx, (ctx.db(), key.bytes().into()), at);
    }
}

fn wake_place_at(ctx: &Context, place: Place, at: Timestamp) {
    WAITING.with_borrow_mut(|waiting| waiting.wakes.put(place, at));
    arm(ctx);
}

/// A key of the selected database went away.
pub fn gone(ctx: &Context, key: Arg<'_>) {
    wake_at(ctx, key, Timestamp(0));
}

/// Databases were emptied, filled or swapped: everybody tries again.
pub fn all_changed(ctx: &Context) {
    WAITING.with_borrow_mut(|waiting| {
        let Waiting { queues, wakes, .. } = waiting;
        queues.keys().for_each(|place| wakes.put(place.clone(), Timestamp(0)));
    });
    arm(ctx);
}

fn arm(ctx: &Context) {
    let now = Timestamp(ctx.now_ms());
    WAITING.with_borrow_mut(|waiting| {
        let Some(due) = waiting.wakes.next() else { return };
        let fires = due.max(now).min(now.after(WAIT_MS_MAX));
        if waiting.timer.as_ref().is_some_and(|(_, at)| *at <= fires) {
            return;
        }
        if let Some((timer, _)) = waiting.timer.take() {
            timer.stop(ctx);
        }
        waiting.timer = Some((Timer::start(ctx, fires.since(now), on_timer), fires));
    });
}

fn on_timer(ctx: &Context) {
    // The timer that fired is gone: it must not be stopped.
    WAITING.with_borrow_mut(|waiting| waiting.timer = None);
    let now = Timestamp(ctx.now_ms());
    if ctx.must_not_replicate() {
        WAITING.with_borrow_mut(|waiting| {
            waiting.timer = Some((Timer::start(ctx, RETRY_MS, on_timer), now.after(RETRY_MS)));
        });
        return;
    }
    while let Some((db, key)) = WAITING.with_borrow_mut(|waiting| waiting.wakes.take_due(now)) {
        let place = (db, key);
        let restore = WAITING.with_borrow(|waiting| waiting.queues.get(&place).map(|queue| queue.restore));
        if let Some(restore) = restore.filter(|_| life::is_primary()) {
            ctx.select_db(place.0);
            let name = HostString::new(&place.1);
            if ctx.is_served_here(name.arg()) {
                restore(ctx, name.arg());
                ctx.signal_ready(name.arg());
            } else {
                // The server sends those who wait to the other node, or its cluster is down.
                let later = now.after(WAIT_MS_MAX);
                WAITING.with_borrow_mut(|waiting| waiting.wakes.put(place, later));
            }
        }
    }
    arm(ctx);
}
