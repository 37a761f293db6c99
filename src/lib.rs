//! Flash sales inside Redis: reserve, hold, confirm and the order event in one atomic step.
//!
//! This crate is the half that knows Redis. It translates; `seckill-core` decides.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(unsafe_code)]

mod admission;
mod agenda;
mod arrival;
mod cache;
mod cart;
mod change;
mod commands;
mod filter;
mod hints;
mod host;
mod life;
mod limits;
mod lock;
mod orders;
mod settings;
mod slot;
mod ties;
mod totals;
mod types;
mod waiting;

use std::ffi::CStr;

use host::{Context, Handlers, Level, LoadArgument, Role, Setup, register_type};
use types::{CacheValue, FilterValue, LimitValue, LockValue, SaleValue};

/// The module's version, which is also that of all its commands.
const VERSION: &CStr = c"0.1.0";

static SETUP: Setup = Setup {
    version: VERSION,
    types: &[
        register_type::<SaleValue>,
        register_type::<LockValue>,
        register_type::<LimitValue>,
        register_type::<FilterValue>,
        register_type::<CacheValue>,
    ],
    commands: commands::TABLE,
    arguments: &[LoadArgument { word: "compat", commands: commands::COMPAT }],
    settings: settings::ALL,
    texts: settings::TEXTS,
    handlers: Handlers {
        role_changed,
        loaded,
        swapped,
        flushed: waiting::all_changed,
        arrived: agenda::arrived,
        gone: waiting::gone,
        disconnected: ties::disconnected,
    },
    report: totals::report,
    begin,
};

fn role_changed(ctx: &Context, role: Role) {
    life::role_changed(ctx, role);
    agenda::role_changed(ctx, role);
}

fn swapped(ctx: &Context, first: i32, second: i32) {
    agenda::swapped(ctx, first, second);
    ties::swapped(first, second);
    waiting::all_changed(ctx);
}

/// All data are there: what is due is due now, and what was half loaded is forgotten.
fn loaded(ctx: &Context) {
    arrival::forget_half_loaded();
    filter::forget_half_loaded();
    agenda::arm(ctx);
}

/// All is registered: the first life begins.
fn begin(ctx: &Context) {
    life::begin(ctx);
    ctx.log(Level::Notice, &format!("seckill {} is here", VERSION.to_string_lossy()));
}
