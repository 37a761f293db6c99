//! `BF.*`, with the load argument `compat`

use crate::harness::words::with;
use crate::harness::{Pair, Server, log};
use redis::Value;
use std::process::Command;

const COMPAT: &str = "loadmodule compat";

#[test]
fn items_are_added_and_found() {
    let shop = Server::with(&[COMPAT]);
    shop.gives("BF.ADD filter a", "1");
    shop.gives("BF.ADD filter a", "0");
    shop.gives("BF.MADD filter a b c b", "0 1 1 0");
    shop.gives("BF.EXISTS filter a", "1");
    shop.gives("BF.EXISTS filter z", "0");
    shop.gives("BF.MEXISTS filter a z c", "1 0 1");
    shop.gives("BF.CARD filter", "3");
    shop.gives("BF.INFO filter CAPACITY", "100");
    shop.gives("BF.INFO filter EXPANSION", "2");
    let items: [&[u8]; 4] = [b"", b"\0", b"\xff", b"a\0b"];
    assert_eq!(shop.text(&with("BF.MADD bytes", &items)), "1 1 1 1");
    assert_eq!(shop.text(&with("BF.MEXISTS bytes", &items)), "1 1 1 1");
    shop.gives("BF.MEXISTS bytes a b", "0 0");
    assert_eq!(shop.text(&with("BF.ADD", &[b"k\0\xff", b"x"])), "1");
}

#[test]
fn nothing_is_in_a_filter_that_there_is_not() {
    let shop = Server::with(&[COMPAT]);
    shop.gives("SET text x", "OK");
    for key in ["none", "text"] {
        shop.gives(&format!("BF.EXISTS {key} a"), "0");
        shop.gives(&format!("BF.MEXISTS {key} a b"), "0 0");
    }
    shop.gives("BF.CARD none", "0");
    shop.fails("BF.INFO none", "ERR not found");
    shop.gives("DBSIZE", "1");
}

#[test]
fn insert_makes_the_filter_it_names() {
    let shop = Server::with(&[COMPAT]);
    shop.gives("BF.INSERT filter CAPACITY 5 ERROR 0.001 EXPANSION 4 ITEMS a b a", "1 1 0");
    let info = shop.map("SECKILL.BFINFO filter");
    assert_eq!([&info["capacity"], &info["error"], &info["expansion"]], ["5", "0.001", "4"]);
    shop.gives("BF.INSERT filter NOCREATE ITEMS b c", "0 1");
    shop.gives("BF.INSERT filter CAPACITY 99 ITEMS d", "1");
    shop.gives("BF.INFO filter CAPACITY", "5");
    shop.fails("BF.INSERT none NOCREATE ITEMS a", "ERR not found");
    shop.gives("BF.INSERT fixed NONSCALING ITEMS a", "1");
    shop.gives("BF.INFO fixed EXPANSION", "nil");
}

#[test]
fn a_full_filter_takes_what_fits_and_ends_the_array_with_the_error() {
    let pair = Pair::with(&[COMPAT, "appendonly yes"]);
    let shop = &pair.primary;
    let full = "-ERR non scaling filter is full";
    shop.gives("BF.RESERVE filter 0.001 3 NONSCALING", "OK");
    assert_eq!(shop.text("BF.MADD filter a b c d e"), format!("1 1 1 {full}"));
    shop.gives("BF.CARD filter", "3");
    assert_eq!(shop.text("BF.MADD filter a d b"), format!("0 {full}"));
    shop.gives("BF.MADD filter c a", "0 0");
    shop.fails("BF.ADD filter d", "ERR non scaling filter is full");
    assert_eq!(shop.text("BF.INSERT other CAPACITY 2 NONSCALING ITEMS a b c"), format!("1 1 {full}"));
    shop.gives("BF.EXISTS filter d", "0");
    pair.same_digest();
}

#[test]
fn errors_are_those_of_redis_bloom() {
    let shop = Server::with(&[COMPAT]);
    shop.gives("SET text x", "OK");
    shop.gives("BF.RESERVE filter 0.01 100", "OK");
    let errors = "
        BF.RESERVE new 0.01|wrong number of arguments for 'bf.reserve' command
        BF.RESERVE new 0.01 10 EXPANSION 2 NONSCALING x|wrong number of arguments for 'bf.reserve' command
        BF.RESERVE new x 10|bad error rate
        BF.RESERVE new nan 10|bad error rate
        BF.RESERVE new 0 10|(0 < error rate range < 1) \n\
        BF.RESERVE new 1 10|(0 < error rate range < 1) \n\
        BF.RESERVE new inf 10|(0 < error rate range < 1) \n\
        BF.RESERVE new 0.01 0|(capacity should be larger than 0)
        BF.RESERVE new 0.01 9223372036854775808|bad capacity
        BF.RESERVE new 0.01 9223372036854775807|could not create filter
        BF.RESERVE new 0.01 10 EXPANSION|no expansion
        BF.RESERVE new 0.01 10 NONSCALING EXPANSION|no expansion
        BF.RESERVE new 0.01 10 EXPANSION x|bad expansion
        BF.RESERVE new 0.01 10 EXPANSION 0|expansion should be greater or equal to 1
        BF.RESERVE filter 0.01 10|item exists
        BF.ADD new|wrong number of arguments for 'bf.add' command
        BF.MADD new|wrong number of arguments for 'bf.madd' command
        BF.INSERT new ITEMS|wrong number of arguments for 'bf.insert' command
        BF.INSERT new NOCREATE NONSCALING|wrong number of arguments for 'bf.insert' command
        BF.EXISTS new|wrong number of arguments for 'bf.exists' command
        BF.CARD filter x|wrong number of arguments for 'bf.card' command
        BF.INFO filter CAPACITY x|wrong number of arguments for 'bf.info' command";
    for case in errors.lines().skip(1) {
        let (command, error) = case.trim_start().split_once('|').expect("a command and its error");
        assert_eq!(shop.text(command), format!("-ERR {error}"), "{command}");
    }
    for (command, error) in [
        ("BF.RESERVE new 0.01 10 EXPANSION 2 NONSCALING", "Nonscaling filters cannot expand"),
        ("BF.INSERT new CAPACITY 0 ITEMS a", "Bad argument received"),
        ("BF.INSERT new ERROR 1 ITEMS a", "Bad argument received"),
        ("BF.INSERT new EXPANSION 0 ITEMS a", "Bad argument received"),
        ("BF.INSERT new CAPACITY x ITEMS a", "Bad capacity"),
        ("BF.INSERT new ERROR nan ITEMS a", "Bad error rate"),
        ("BF.INSERT new EXPANSION x ITEMS a", "Bad expansion"),
        ("BF.INSERT new WHAT ITEMS a", "Unknown argument received"),
        ("BF.INFO filter WHAT", "Invalid information value"),
    ] {
        assert_eq!(shop.text(command), format!("-{error}"), "{command}");
    }
    for command in
        ["BF.RESERVE text 0.1 9", "BF.ADD text a", "BF.MADD text a", "BF.CARD text", "BF.INFO text"]
    {
        shop.fails(command, "WRONGTYPE");
    }
    shop.gives("DBSIZE", "2");
}

#[test]
fn a_client_of_the_third_protocol_gets_truths_and_maps() {
    let shop = Server::with(&[COMPAT]);
    let client = shop.client_resp3();
    assert_eq!(client.run("BF.ADD filter a"), Value::Boolean(true));
    let both = Value::Array(vec![Value::Boolean(false), Value::Boolean(true)]);
    assert_eq!(client.run("BF.MADD filter a b"), both);
    assert_eq!(client.run("BF.MEXISTS filter z a"), both);
    assert_eq!(client.run("BF.EXISTS none a"), Value::Boolean(false));
    assert_eq!(client.run("BF.CARD filter"), Value::Int(2));
    let Value::Map(info) = client.run("BF.INFO filter") else { panic!("BF.INFO gives a map") };
    assert_eq!(info[0], (Value::SimpleString("Capacity".into()), Value::Int(100)));
    assert_eq!(info.len(), 5);
    let items = (Value::SimpleString("Number of items inserted".into()), Value::Int(2));
    assert_eq!(client.run("BF.INFO filter items"), Value::Map(vec![items]));
}

#[test]
fn both_names_use_one_filter_which_goes_every_way() {
    let commands = [
        "SECKILL.BFCREATE mine CAPACITY 100",
        "BF.MADD mine a b",
        "SECKILL.BFDEL mine b",
        "BF.RESERVE theirs 0.01 2 EXPANSION 3",
        "BF.MADD theirs a b c",
        "BF.ADD made a",
        "BF.INSERT put CAPACITY 9 ITEMS a b",
    ];
    let shop = Server::with(&[COMPAT, "appendonly yes", "aof-use-rdb-preamble no"]);
    commands.iter().for_each(|command| drop(shop.run(*command)));
    shop.gives("BF.MEXISTS mine a b", "1 0");
    shop.gives("SECKILL.BFEXISTS theirs a b c d", "1 1 1 0");
    assert!(
        log::names(&shop).iter().all(|name| name.starts_with("SECKILL.")),
        "a log needs no load argument"
    );
    let before = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), before);
}

#[test]
fn a_replica_without_the_argument_follows() {
    let pair = Pair::with(&[COMPAT]);
    pair.primary.gives("BF.MADD filter a b", "1 1");
    pair.primary.gives("BF.ADD filter c", "1");
    pair.same_digest();
    pair.replica.gives("BF.EXISTS filter c", "1");
    pair.replica.fails("BF.ADD filter d", "READONLY");
}

#[test]
fn redis_py_works_unchanged() {
    let python = std::env::var("SECKILL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let known = "import redis; exit(int(redis.__version__.split('.')[0]) < 5)";
    let found = Command::new(&python).args(["-c", known]).output();
    if !found.is_ok_and(|found| found.status.success()) {
        eprintln!("skipped: {python} has no redis-py 5 or later (SECKILL_PYTHON names another)");
        return;
    }
    let shop = Server::with(&[COMPAT]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compat_bloom.py");
    let ran = Command::new(&python).arg(script).arg(shop.socket()).output().expect("python runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
