//! The demo, from the sale through the stream and the worker to the tables.

use std::process::Command;

use crate::harness::server::{binary, module};

#[test]
fn the_demo_ends_with_a_row_for_each_unit_sold() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_seckill"));
    demo.args(["demo", "--units", "100", "--buyers", "2000", "--server", &binary(), "--module"])
        .arg(module());
    let output = demo.output().expect("the demo runs");
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{errors}");
    assert!(out.ends_with("\nsold 100, rows 100, oversold 0\n"), "{out}");
}
