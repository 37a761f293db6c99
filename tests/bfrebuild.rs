//! `SECKILL.BFREBUILD`.

use crate::harness::{Pair, Server, for_each_topology};

#[test]
fn a_second_generation_is_filled_while_the_first_answers() {
    let begun = [
        "SECKILL.BFCREATE filter CAPACITY 2",
        "SECKILL.BFADD filter a b c d",
        "SECKILL.BFDEL filter d",
        "SECKILL.BFREBUILD filter BEGIN CAPACITY 100 ERROR 0.001",
        "SECKILL.BFREBUILD filter ADD a b",
        "SECKILL.BFADD filter e",
        "SECKILL.BFDEL filter b",
    ];
    for_each_topology(&begun, |shop| {
        shop.gives("SECKILL.BFEXISTS filter a b c d e", "1 0 1 0 1");
        shop.gives("SECKILL.BFREBUILD filter ADD a f e f", "0 1 0 0");
        shop.gives("SECKILL.BFEXISTS filter f", "0");
        shop.gives("SECKILL.BFREBUILD filter COMMIT", "OK");
        shop.gives("SECKILL.BFEXISTS filter a b c d e f", "1 0 0 0 1 1");
        let info = shop.map("SECKILL.BFINFO filter");
        assert_eq!([&info["layers"], &info["items"], &info["removed"]], ["1", "4", "1"]);
        assert_eq!([&info["error"], &info["rebuilding"]], ["0.001", "0"]);
    });
}

#[test]
fn a_commit_and_an_abort_go_every_way() {
    let commands = [
        "SECKILL.BFADD kept a",
        "SECKILL.BFREBUILD kept BEGIN CAPACITY 5",
        "SECKILL.BFREBUILD kept ADD z",
        "SECKILL.BFREBUILD kept ABORT",
        "SECKILL.BFADD swapped a",
        "SECKILL.BFREBUILD swapped BEGIN CAPACITY 5",
        "SECKILL.BFREBUILD swapped ADD z",
        "SECKILL.BFREBUILD swapped commit",
    ];
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.BFEXISTS kept a z", "1 0");
        shop.gives("SECKILL.BFEXISTS swapped a z", "0 1");
    });
}

#[test]
fn a_rebuild_is_one_at_a_time_and_of_a_filter() {
    let shop = Server::start();
    for step in ["BEGIN CAPACITY 5", "ADD a", "COMMIT", "ABORT"] {
        shop.fails(&format!("SECKILL.BFREBUILD none {step}"), "NOFILTER");
    }
    shop.gives("SECKILL.BFADD filter a", "1");
    shop.unchanged("a rebuild that was not begun", || {
        for step in ["ADD a", "COMMIT", "ABORT"] {
            shop.fails(&format!("SECKILL.BFREBUILD filter {step}"), "ERR no rebuild is under way");
        }
    });
    shop.gives("SECKILL.BFREBUILD filter BEGIN CAPACITY 5", "OK");
    shop.unchanged("a second rebuild", || {
        shop.fails("SECKILL.BFREBUILD filter BEGIN CAPACITY 5", "ERR a rebuild is under way");
    });
}

#[test]
fn what_is_no_step_is_an_error() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD filter a", "1");
    shop.unchanged("what is no step", || {
        shop.fails("SECKILL.BFREBUILD filter WHAT", "ERR syntax error near 'WHAT'");
        shop.fails("SECKILL.BFREBUILD filter BEGIN", "ERR syntax error near 'CAPACITY'");
        shop.fails("SECKILL.BFREBUILD filter BEGIN ERROR 0.1", "ERR syntax error near 'CAPACITY'");
        shop.fails("SECKILL.BFREBUILD filter BEGIN CAPACITY 0", "ERR CAPACITY must be");
        shop.fails("SECKILL.BFREBUILD filter BEGIN CAPACITY 5 ERROR 2", "ERR ERROR must be");
        shop.fails(
            "SECKILL.BFREBUILD filter BEGIN CAPACITY 5 CAPACITY 5",
            "ERR syntax error near 'CAPACITY'",
        );
        shop.fails("SECKILL.BFREBUILD filter BEGIN CAPACITY 9007199254740992", "ERR the filter would need ");
        shop.fails("SECKILL.BFREBUILD filter ADD", "ERR syntax error near 'ADD'");
        shop.fails("SECKILL.BFREBUILD filter COMMIT now", "ERR syntax error near 'now'");
    });
}

#[test]
fn a_replica_follows_every_step() {
    let pair = Pair::start();
    let shop = &pair.primary;
    shop.gives("SECKILL.BFCREATE filter CAPACITY 4", "OK");
    for item in 0..40 {
        shop.gives(&format!("SECKILL.BFADD filter {item}"), "1");
    }
    shop.gives("SECKILL.BFREBUILD filter BEGIN CAPACITY 4", "OK");
    pair.same_digest();
    for item in 20..60 {
        shop.run(&format!("SECKILL.BFADD filter {item} new:{item}"));
        shop.run(&format!("SECKILL.BFREBUILD filter ADD {item} {}", item - 20));
        shop.run(&format!("SECKILL.BFDEL filter {}", item - 10));
    }
    pair.same_digest();
    shop.gives("SECKILL.BFREBUILD filter COMMIT", "OK");
    pair.same_digest();
}
