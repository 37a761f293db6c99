//! `CL.THROTTLE`, with the load argument `compat`

use crate::harness::{Pair, Server, log};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const COMPAT: &str = "loadmodule compat";

#[test]
fn it_answers_as_redis_cell_does() {
    let shop = Server::with(&[COMPAT]);
    shop.gives("CL.THROTTLE user 15 30 60", "0 16 15 -1 2");
    shop.gives("CL.THROTTLE user 15 30 60 10", "0 16 5 -1 22");
    shop.gives("CL.THROTTLE user 15 30 60 0", "0 16 5 -1 22");
    shop.gives("CL.THROTTLE user 15 30 60 6", "1 16 5 2 22");
    shop.gives("CL.THROTTLE user 15 30 60 17", "1 16 5 -1 22");
    shop.gives("CL.THROTTLE idle 15 30 60 17", "1 16 16 -1 0");
    shop.gives("CL.THROTTLE idle 0 1 60", "0 1 0 -1 60");
    shop.gives("CL.THROTTLE idle 0 1 60", "1 1 0 60 60");
}

#[test]
fn a_negative_quantity_gives_back() {
    let shop = Server::with(&[COMPAT]);
    shop.gives("CL.THROTTLE user 15 30 60 10", "0 16 6 -1 20");
    shop.gives("CL.THROTTLE user 15 30 60 -4", "0 16 10 -1 12");
    shop.gives("CL.THROTTLE user 15 30 60 -99", "0 16 16 -1 0");
}

#[test]
fn a_capacity_of_nothing_allows_nothing() {
    let shop = Server::with(&[COMPAT]);
    shop.gives("CL.THROTTLE user -1 30 60", "1 0 0 -1 0");
    shop.gives("CL.THROTTLE user -9223372036854775808 30 60", "1 -9223372036854775807 0 -1 0");
}

#[test]
fn errors_are_those_of_redis_cell() {
    let shop = Server::with(&[COMPAT]);
    let usage = "Cell error: Store error: Usage: cl.throttle <key> <max_burst> <count per period> <period> [<quantity>]";
    for words in ["", " k", " k 15", " k 15 30", " k 15 30 60 1 1"] {
        shop.fails(&format!("CL.THROTTLE{words}"), usage);
    }
    shop.fails("CL.THROTTLE k x 30 60", "Cell error: Store error: Couldn't parse as integer: x");
    shop.fails("CL.THROTTLE k 15 30 1.5", "Cell error: Store error: Couldn't parse as integer: 1.5");
    for rate in ["0 60", "30 0", "-1 60", "30 -1"] {
        shop.fails(
            &format!("CL.THROTTLE k 15 {rate}"),
            "Cell error: Store error: Zero rates are not supported",
        );
    }
    for numbers in ["9223372036854775807 30 60", "15 9223372036854775807 60", "15 30 9223372036854775807"] {
        shop.fails(&format!("CL.THROTTLE k {numbers}"), "Cell error: Store error: ");
    }
    shop.gives("SET text 5", "OK");
    shop.fails("CL.THROTTLE text 15 30 60", "WRONGTYPE");
    shop.fails(&[b"CL.THROTTLE".as_slice(), b"k", b"\xff", b"30", b"60"], "Cell error");
    shop.gives(&[b"CL.THROTTLE".as_slice(), b"\xff\0", b"15", b"30", b"60"], "0 16 15 -1 2");
    shop.gives("DBSIZE", "2");
}

#[test]
fn it_shares_its_keys_with_limit_and_its_ways_of_data() {
    let pair = Pair::with(&[COMPAT, "appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    shop.gives("CL.THROTTLE user 4 5 600 3", "0 5 2 -1 360");
    shop.gives("SECKILL.LIMIT user 5 600000 PEEK", "0 5 2 -1 *");
    assert_eq!(log::names(shop), ["SECKILL.APPLY"]);
    pair.same_digest();
    let before = log::size(shop);
    shop.gives("CL.THROTTLE user 4 5 600 3", "1 5 2 * *");
    assert_eq!(log::size(shop), before);
}

#[test]
fn without_the_argument_the_name_is_free() {
    let shop = Server::start();
    shop.fails("CL.THROTTLE user 15 30 60", "ERR unknown command");
}

#[test]
fn names_that_another_module_has_stay_the_others() {
    let folder = TempDir::new().expect("a temporary folder");
    let other = build(&folder, "tests/harness/other.c");
    let shop = Server::with(&[&format!("loadmodule {}", other.display()), COMPAT]);
    shop.gives("CL.THROTTLE user 15 30 60", "other");
    shop.gives("SECKILL.LIMIT user 5 600000", "0 5 4 -1 120000");
    shop.gives("BF.ADD filter a", "other");
    shop.gives("BF.MADD filter a", "1");
    for name in ["CL.THROTTLE", "bf.add"] {
        assert!(shop.log().contains(&format!("another module has {name} already")), "{}", shop.log());
    }
}

/// A small module in C, built by the compiler that links Rust programs.
fn build(folder: &TempDir, source: &str) -> PathBuf {
    let library = folder.path().join("other.so");
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(source);
    let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(built.expect("cc is there").success(), "cc builds the module");
    library
}
