//! The pure half of seckill: what sales and limits decide, and how they change.
//!
//! Nothing here knows Redis, reads a clock, draws a random number or does IO.
//! Time and chance are arguments, so every run can be repeated.
#![forbid(unsafe_code)]

pub mod admission;
pub mod bounds;
pub mod cache;
pub mod codec;
pub mod filter;
pub mod ids;
pub mod index;
pub mod limit;
pub mod lock;
pub mod orders;
pub mod sale;
pub mod ticket;
pub mod time;
pub mod turnstile;
