#![forbid(unsafe_code)]
//! The pure half of seckill.
