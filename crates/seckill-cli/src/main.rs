//! The seckill command line.
fn main() {}
