//! Flash sales inside Redis.
