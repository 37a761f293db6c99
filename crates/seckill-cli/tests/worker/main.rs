//! The order worker as a process, against real servers and databases.

#[allow(dead_code, unused_imports, reason = "the server tests use the rest of it")]
#[path = "../../../../tests/harness/mod.rs"]
mod harness;

mod ledger;
mod postgres;
mod process;
mod tables;

mod dead_letters;
mod demo;
mod flow;
mod kills;
mod reconcile;
