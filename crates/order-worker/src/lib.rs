//! Order events of seckill into SQL, each exactly once.
//!
//! The policy is pure: [`event`] says what an entry tells, [`order`] what it does to an order, [`batch`] what a batch
//! changes, [`retry`] what becomes of a failure, [`trim`] how far a stream may be cut, [`reconcile`] what differs from the sale.

pub mod batch;
pub mod event;
pub mod http;
pub mod late;
pub mod metrics;
pub mod order;
pub mod probe;
pub mod reconcile;
pub mod retry;
pub mod store;
pub mod stream;
pub mod trim;
pub mod worker;
