//! The command line against a cluster of real servers.

#[allow(dead_code, unused_imports, reason = "the module's own tests use the rest of it")]
#[path = "../../../../tests/harness/mod.rs"]
mod harness;

mod crowd;
mod example;
mod failover;
mod nodes;
mod rebalance;
mod safety;
