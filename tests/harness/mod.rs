//! Servers of their own for tests, and short ways to say what is expected of them.

pub mod client;
pub mod clock;
pub mod crc;
pub mod events;
pub mod log;
pub mod pair;
pub mod random;
pub mod reply;
pub mod server;
pub mod topology;
pub mod traffic;
pub mod words;

pub use client::Client;
pub use pair::Pair;
pub use random::Random;
pub use server::{Server, wait_until};
pub use topology::for_each_topology;

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix milliseconds: the servers run on this machine, so it is their clock too.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a clock before the year 292 million")
}

/// So many rounds, ten times as many in a soak.
pub fn rounds(usual: usize) -> usize {
    let soak = std::env::var("SECKILL_SOAK").is_ok_and(|value| value == "1");
    if soak { usual * 10 } else { usual }
}
