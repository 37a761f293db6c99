//! `SECKILL.BFINFO`.

use crate::harness::{Server, for_each_topology};

#[test]
fn it_tells_size_promise_and_fill_of_both_generations() {
    let commands = [
        "SECKILL.BFCREATE filter CAPACITY 2 ERROR 0.02 EXPANSION 3",
        "SECKILL.BFADD filter a b c",
        "SECKILL.BFDEL filter c",
        "SECKILL.BFREBUILD filter BEGIN CAPACITY 1000 ERROR 0.5",
        "SECKILL.BFREBUILD filter ADD a",
    ];
    for_each_topology(&commands, |shop| {
        let info = shop.map("SECKILL.BFINFO filter");
        for (field, value) in [
            // Of the second layer 11: so many bits as its share of the error asks for can hold them.
            ("capacity", "13"),
            ("items", "3"),
            ("removed", "1"),
            ("layers", "2"),
            ("error", "0.02"),
            ("expansion", "3"),
            ("rebuilding", "1"),
            ("rebuild_capacity", "1000"),
            ("rebuild_items", "1"),
            ("rebuild_removed", "0"),
            ("rebuild_layers", "1"),
            ("rebuild_error", "0.5"),
            ("rebuild_expansion", "3"),
        ] {
            assert_eq!(info[field], value, "{field}");
        }
        let number = |field: &str| info[field].parse::<u64>().unwrap();
        assert!(number("memory") > number("bytes") + number("rebuild_bytes"));
        let usage = shop.int("MEMORY USAGE filter") as u64;
        assert!((number("memory")..number("memory") + 200).contains(&usage), "{usage} {info:?}");
    });
}

#[test]
fn without_a_filter_there_is_nothing_to_tell() {
    let shop = Server::start();
    shop.gives("SECKILL.BFINFO none", "nil");
    shop.gives("SECKILL.BFCREATE filter CAPACITY 5", "OK");
    assert!(!shop.map("SECKILL.BFINFO filter").contains_key("rebuild_items"));
}
