//! When which sale has something to expire or to offer: hints for one timer.
//!
//! An entry says that the sale under a key may have a due hold, or units for those who wait, from then on. A hint too many is harmless:
//! the sale that stands there then says what is to do. For the main thread only.

use std::cell::RefCell;

use seckill_core::time::Timestamp;

use crate::change::{self, Hindrance};
use crate::hints::Hints;
use crate::host::{Arg, Context, HostString, Key, Mode, Role, Timer};
use crate::types::SaleValue;
use crate::{life, settings};

/// How long the timer waits when it must not replicate, or nothing could be done.
const RETRY_MS: u64 = 20;
/// The timer wakes at least this often while something is on the agenda: the wall clock may have jumped.
const WAIT_MS_MAX: u64 = 1000;

#[derive(Default)]
struct Agenda {
    hints: Hints,
    /// The timer and when it fires.
    timer: Option<(Timer, Timestamp)>,
}

thread_local! {
    static AGENDA: RefCell<Agenda> = RefCell::default();
}

/// Adds a hint; the timer learns of it when it is next woken or armed.
pub fn hint(db: i32, key: &[u8], due: Timestamp) {
    AGENDA.with_borrow_mut(|agenda| agenda.hints.put((db, key.into()), due));
}

/// Adds the time of the sale's next task, if it is not there, and arms the timer.
pub fn note(ctx: &Context, key: Arg<'_>, value: &mut SaleValue) {
    let Some(due) = value.sale.next_task() else { return };
    if value.on_agenda.is_some_and(|earlier| earlier <= due) {
        return;
    }
    value.on_agenda = Some(due);
    hint(ctx.db(), key.bytes(), due);
    arm(ctx);
}

/// Makes the timer fire for the earliest entry.
pub fn arm(ctx: &Context) {
    if !life::is_primary() {
        return;
    }
    let now = Timestamp(ctx.now_ms());
    AGENDA.with_borrow_mut(|agenda| {
        let Some(due) = agenda.hints.next() else { return };
        let fires = due.max(now).min(now.after(WAIT_MS_MAX));
        if agenda.timer.as_ref().is_some_and(|(_, at)| *at <= fires) {
            return;
        }
        if let Some((timer, _)) = agenda.timer.take() {
            timer.stop(ctx);
        }
        agenda.timer = Some((Timer::start(ctx, fires.since(now), on_timer), fires));
    });
}

/// The server became a primary: everything due is due now. Or a replica: the timer rests.
pub fn role_changed(ctx: &Context, role: Role) {
    match role {
        Role::Primary => arm(ctx),
        Role::Replica => {
            let timer = AGENDA.with_borrow_mut(|agenda| agenda.timer.take());
            timer.into_iter().for_each(|(timer, _)| timer.stop(ctx));
        }
    }
}

/// Two databases changed places, and so do their entries.
pub fn swapped(ctx: &Context, first: i32, second: i32) {
    AGENDA.with_borrow_mut(|agenda| agenda.hints.swap(first, second));
    arm(ctx);
}

/// A key came under its name; if it is a sale it is on the agenda under that name.
pub fn arrived(ctx: &Context, name: Arg<'_>) {
    let key = Key::open(ctx, name, Mode::Read);
    if let Ok(Some(value)) = key.value::<SaleValue>()
        && let Some(due) = value.sale.next_task()
    {
        hint(ctx.db(), name.bytes(), due);
        arm(ctx);
    }
}

fn on_timer(ctx: &Context) {
    // The timer that fired is gone: it must not be stopped.
    AGENDA.with_borrow_mut(|agenda| agenda.timer = None);
    if !life::is_primary() {
        return;
    }
    let now = Timestamp(ctx.now_ms());
    if ctx.must_not_replicate() {
        return wait(ctx, now);
    }
    let mut left = settings::expire_batch();
    while left > 0 {
        let Some((db, key)) = AGENDA.with_borrow_mut(|agenda| agenda.hints.take_due(now)) else { break };
        left -= visit(ctx, db, &key, left).clamp(1, left);
    }
    arm(ctx);
}

/// Tries again a little later.
fn wait(ctx: &Context, now: Timestamp) {
    AGENDA.with_borrow_mut(|agenda| {
        agenda.timer = Some((Timer::start(ctx, RETRY_MS, on_timer), now.after(RETRY_MS)));
    });
}

/// Expires and offers at most `limit` of what is due in one sale, notes when to come again, and tells how many.
fn visit(ctx: &Context, db: i32, name: &[u8], limit: usize) -> usize {
    ctx.select_db(db);
    let name = HostString::new(name);
    let mut key = Key::open(ctx, name.arg(), Mode::Write);
    let Ok(Some(value)) = key.value_mut::<SaleValue>() else { return 0 };
    let now = Timestamp(ctx.now_ms());
    let done = expire_and_offer(ctx, name.arg(), value, limit);
    let soonest = if done.is_err() { now.after(WAIT_MS_MAX) } else { now.after(1) };
    let (expired, offered) = done.unwrap_or((0, 0));
    // Where nobody could be offered what is there, only a change can help, or a moment to come.
    let idle = done.is_ok() && offered == 0 && expired < limit;
    let next_offer = value.sale.next_offer().filter(|at| !idle || *at > now);
    let next = value.sale.next_due().into_iter().chain(next_offer).min();
    value.on_agenda = next.map(|due| due.max(soonest));
    value.on_agenda.into_iter().for_each(|due| hint(db, name.arg().bytes(), due));
    expired + offered
}

/// Tells how many holds expired and how many offers were made, `limit` together at most.
fn expire_and_offer(
    ctx: &Context,
    name: Arg<'_>,
    value: &mut SaleValue,
    limit: usize,
) -> Result<(usize, usize), Hindrance> {
    let expired = change::expire_due(ctx, name, value, limit)?;
    let offered = change::make_offers(ctx, name, value, limit - expired)?;
    Ok((expired, offered))
}
