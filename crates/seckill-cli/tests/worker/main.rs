//! The order worker as a process, against real servers and databases.

#[allow(dead_code, unused_imports, reason = "the server tests use the rest of it")]
#[path = "../../../../tests/harness/mod.rs"]
mod harness;

mod ledger;
#[allow(dead_code, reason = "the tests of the shards use the rest of it")]
#[path = "../cluster/nodes.rs"]
mod nodes;
mod postgres;
mod process;
mod tables;

mod dead_letters;
mod demo;
mod flow;
mod kills;
mod outages;
mod python;
mod reconcile;
mod store;
