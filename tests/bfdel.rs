//! `SECKILL.BFDEL`.

use crate::harness::{Pair, Server, for_each_topology};

#[test]
fn a_removed_item_is_gone_until_it_is_added_again() {
    let commands = [
        "SECKILL.BFADD filter a b c",
        "SECKILL.BFDEL filter a b",
        "SECKILL.BFADD filter b",
        "SECKILL.BFDEL filter b",
    ];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.BFEXISTS filter a b c", "0 0 1");
        assert_eq!(shop.field("SECKILL.BFINFO filter", "removed"), "2");
        shop.gives("SECKILL.BFDEL filter a", "0");
        shop.gives("SECKILL.BFADD filter a c", "1 0");
        shop.gives("SECKILL.BFEXISTS filter a b c", "1 0 1");
        assert_eq!(shop.field("SECKILL.BFINFO filter", "removed"), "1");
    });
}

#[test]
fn only_what_was_there_is_removed_and_once() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD filter a b", "1 1");
    shop.gives("SECKILL.BFDEL filter a x a", "1 0 0");
    shop.fails("SECKILL.BFDEL none a", "NOFILTER");
    shop.gives("EXISTS none", "0");
}

#[test]
fn the_list_counts_as_memory_and_is_capped() {
    let shop = Server::start();
    shop.gives("SECKILL.BFCREATE filter CAPACITY 100", "OK");
    let items: Vec<String> = (0..100).map(|item| format!("{item:0>50}")).collect();
    shop.run(&format!("SECKILL.BFADD filter {}", items.join(" ")));
    let before: u64 = shop.field("SECKILL.BFINFO filter", "memory").parse().unwrap();
    shop.run(&format!("SECKILL.BFDEL filter {}", items[..20].join(" ")));
    let after: u64 = shop.field("SECKILL.BFINFO filter", "memory").parse().unwrap();
    assert!(after >= before + 20 * 50, "{before} {after}");
    shop.gives("CONFIG SET seckill.filter-max-bytes 2600", "OK");
    shop.unchanged("a list that would be too long", || {
        shop.fails(
            &format!("SECKILL.BFDEL filter {}", items[20..60].join(" ")),
            "ERR the filter would need ",
        );
    });
}

#[test]
fn it_works_without_memory_where_adding_does_not() {
    let pair = Pair::start();
    let shop = &pair.primary;
    shop.gives("SECKILL.BFADD filter a b", "1 1");
    shop.gives("CONFIG SET maxmemory 1", "OK");
    for command in [
        "SECKILL.BFADD filter c",
        "SECKILL.BFCREATE other CAPACITY 100",
        "SECKILL.BFREBUILD filter BEGIN CAPACITY 100",
    ] {
        shop.fails(command, "OOM");
    }
    shop.gives("SECKILL.BFDEL filter a", "1");
    shop.gives("SECKILL.BFEXISTS filter a b", "0 1");
    pair.same_digest();
}
