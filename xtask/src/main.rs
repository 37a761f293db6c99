//! The entry for tasks.
fn main() {}
