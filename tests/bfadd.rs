//! `SECKILL.BFADD`.

use crate::harness::words::with;
use crate::harness::{Pair, Server, for_each_topology, log, pair};

#[test]
fn an_item_is_added_once() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD filter a b a", "1 1 0");
    shop.gives("SECKILL.BFADD filter b c", "0 1");
    shop.gives("SECKILL.BFEXISTS filter a b c d", "1 1 1 0");
    assert_eq!(shop.field("SECKILL.BFINFO filter", "items"), "3");
}

#[test]
fn a_missing_filter_is_made_as_configured() {
    let shop = Server::with(&["seckill.filter-capacity 500", "seckill.filter-error-ppm 1000"]);
    shop.gives("SECKILL.BFADD filter a", "1");
    let info = shop.map("SECKILL.BFINFO filter");
    assert_eq!([&info["capacity"], &info["error"], &info["expansion"]], ["500", "0.001", "2"]);
    shop.gives("CONFIG SET seckill.filter-capacity 7", "OK");
    shop.gives("SECKILL.BFADD other a", "1");
    assert_eq!(shop.field("SECKILL.BFINFO other", "capacity"), "7");
}

#[test]
fn it_grows_and_goes_every_way() {
    let items: Vec<String> = (0..600).map(|item| format!("item:{item}")).collect();
    let commands: Vec<String> = std::iter::once("SECKILL.BFCREATE filter CAPACITY 10".to_owned())
        .chain(items.chunks(7).map(|some| format!("SECKILL.BFADD filter {}", some.join(" "))))
        .chain(items.iter().skip(300).map(|item| format!("SECKILL.BFADD filter more:{item}")))
        .collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    for_each_topology(&commands, |shop| {
        let found = shop.text(&format!("SECKILL.BFEXISTS filter {}", items.join(" ")));
        assert_eq!(found.matches('1').count(), items.len(), "no item is forgotten");
        assert_eq!(shop.field("SECKILL.BFINFO filter", "layers"), "7");
        shop.gives("SECKILL.BFADD filter new", "1");
        shop.gives("SECKILL.BFEXISTS filter new", "1");
    });
}

#[test]
fn items_are_any_bytes() {
    let shop = Server::start();
    let items: [&[u8]; 5] = [b"", b"\0", b"\xff\xfe", b"a\0b", b"a b"];
    assert_eq!(shop.text(&with("SECKILL.BFADD filter", &items)), "1 1 1 1 1");
    assert_eq!(shop.text(&with("SECKILL.BFEXISTS filter", &items)), "1 1 1 1 1");
    shop.gives("SECKILL.BFEXISTS filter a b", "0 0");
    assert_eq!(shop.text(&with("SECKILL.BFADD", &[b"k\0\xff", b"x"])), "1");
}

#[test]
fn what_is_known_already_sends_nothing() {
    let pair = Pair::with(&["appendonly yes"]);
    let shop = &pair.primary;
    shop.gives("SECKILL.BFADD filter a b", "1 1");
    pair.caught_up();
    let before = (log::size(shop), pair::offset(shop));
    shop.gives("SECKILL.BFADD filter a b", "0 0");
    shop.gives("SECKILL.BFEXISTS filter a z", "1 0");
    shop.gives("SECKILL.BFDEL filter z", "0");
    shop.fails("SECKILL.BFREBUILD filter ADD x", "ERR no rebuild is under way");
    assert_eq!((log::size(shop), pair::offset(shop)), before);
    shop.gives("SECKILL.BFADD filter c", "1");
    shop.gives("SECKILL.BFADD filter a d", "0 1");
    let names = log::names(shop);
    assert_eq!(names, ["SECKILL.APPLY", "SECKILL.APPLY", "SECKILL.BFADD", "SECKILL.APPLY"]);
    let sent = log::entries(shop);
    assert!(sent[3][2].ends_with(b"d") && !sent[3][2].contains(&b'a'), "only what changes is sent");
    pair.same_digest();
}

#[test]
fn a_filter_that_cannot_grow_says_so_and_stays() {
    let shop = Server::start();
    shop.gives("SECKILL.BFCREATE filter CAPACITY 3 NONSCALING", "OK");
    shop.gives("SECKILL.BFADD filter a b", "1 1");
    shop.unchanged("a filter that would be too full", || {
        shop.fails("SECKILL.BFADD filter c d", "ERR the filter is full: it was made for 3 items");
    });
    shop.gives("SECKILL.BFADD filter a c", "0 1");
    shop.gives("SECKILL.BFADD filter a b c", "0 0 0");
    shop.fails("SECKILL.BFADD filter d", "ERR the filter is full");
}

#[test]
fn memory_is_capped_for_growth_and_nothing_is_half_done() {
    let shop = Server::start();
    shop.gives("CONFIG SET seckill.filter-max-bytes 4000", "OK");
    shop.gives("SECKILL.BFCREATE filter CAPACITY 1000", "OK");
    let add = |from: usize, to: usize| {
        let items: Vec<String> = (from..to).map(|item| item.to_string()).collect();
        format!("SECKILL.BFADD filter {}", items.join(" "))
    };
    shop.run(&add(0, 950));
    shop.unchanged("a filter that would be too large", || {
        shop.fails(&add(900, 1100), "ERR the filter would need ");
    });
    shop.gives("CONFIG SET seckill.filter-max-bytes 1mb", "OK");
    shop.run(&add(900, 1100));
    assert_eq!(shop.field("SECKILL.BFINFO filter", "layers"), "2");
}

#[test]
fn a_replica_with_less_memory_allowed_follows() {
    let pair = Pair::start();
    pair.replica.gives("CONFIG SET seckill.filter-max-bytes 1kb", "OK");
    for item in 0..2_000 {
        pair.primary.run(&format!("SECKILL.BFADD filter {item}"));
    }
    pair.primary.gives("SECKILL.BFCREATE other CAPACITY 10000", "OK");
    pair.same_digest();
}

#[test]
fn it_works_in_transactions_scripts_and_other_databases() {
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    shop.gives("MULTI", "OK");
    shop.gives("SECKILL.BFADD filter a", "QUEUED");
    shop.gives("SECKILL.BFADD filter a b", "QUEUED");
    shop.gives("EXEC", "[1] [0 1]");
    shop.gives("EVAL \"return redis.call('SECKILL.BFADD', KEYS[1], 'c', 'a')\" 1 filter", "1 0");
    shop.gives("EVAL \"return redis.call('SECKILL.BFADD', KEYS[1], 'd')\" 1 filter", "1");
    shop.gives("SELECT 3", "OK");
    shop.gives("SECKILL.BFADD filter e", "1");
    shop.gives("SECKILL.BFADD filter f", "1");
    pair.same_digest();
    pair.replica.gives("SELECT 3", "OK");
    pair.replica.gives("SECKILL.BFEXISTS filter a e f", "0 1 1");
}
