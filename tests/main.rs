//! Tests against a real server: a file for every command and for every concern.

mod harness;

mod alter;
mod audit;
mod confirm;
mod create;
mod curve;
mod extend;
mod get;
mod help;
mod info;
mod refund;
mod release;
mod reserve;
mod restock;
mod scan;
mod stock;
mod user;
mod void;

mod acl;
mod clock;
mod cluster;
mod coexistence;
mod concurrency;
mod configuration;
mod damaged;
mod durability;
mod events;
mod examples;
mod expiry;
mod introspection;
mod keyspace;
mod loading;
mod memory;
mod noise;
mod pause;
mod persistence;
mod relocation;
mod replication;
mod resp;
mod resync;
mod syntax;
mod tokens;
mod transactions;
mod types;
