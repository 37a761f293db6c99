//! `SECKILL.BFCREATE`.

use crate::harness::{Pair, Server, for_each_topology};

#[test]
fn a_filter_is_made_as_asked_for_and_goes_every_way() {
    let commands = [
        "SECKILL.BFCREATE small CAPACITY 100 ERROR 0.001 EXPANSION 4",
        "SECKILL.BFCREATE fixed CAPACITY 1000 NONSCALING ERROR 0.05",
        "SECKILL.BFCREATE plain CAPACITY 50",
        "SECKILL.BFADD small a b",
    ];
    for_each_topology(&commands, |shop| {
        let small = shop.map("SECKILL.BFINFO small");
        for (field, value) in
            [("capacity", "100"), ("items", "2"), ("layers", "1"), ("error", "0.001"), ("expansion", "4")]
        {
            assert_eq!(small[field], value, "{field}");
        }
        assert_eq!(shop.field("SECKILL.BFINFO fixed", "expansion"), "0");
        assert_eq!(shop.field("SECKILL.BFINFO fixed", "error"), "0.05");
        assert_eq!(shop.field("SECKILL.BFINFO plain", "expansion"), "2");
        assert_eq!(shop.field("SECKILL.BFINFO plain", "error"), "0.01");
        shop.gives("SECKILL.BFEXISTS small a b c", "1 1 0");
    });
}

#[test]
fn a_key_that_exists_is_left_alone() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD filter a", "1");
    shop.gives("SET text x", "OK");
    shop.unchanged("a key that exists", || {
        shop.fails("SECKILL.BFCREATE filter CAPACITY 100", "BUSYKEY");
        shop.fails("SECKILL.BFCREATE text CAPACITY 100", "BUSYKEY");
    });
}

#[test]
fn what_is_no_error_rate_is_an_error_that_names_the_range() {
    let shop = Server::start();
    for rate in
        ["0", "1", "-0.5", "1.5", "NaN", "nan", "inf", "-inf", "1e-10", "0x1", "ten", "", "0,1", "\\xff"]
    {
        let words = ["SECKILL.BFCREATE", "filter", "CAPACITY", "100", "ERROR", rate];
        shop.fails(&words, "ERR ERROR must be a number between 0.000000001 and 0.999999");
    }
    for rate in ["1e-9", "0.000000001", "0.999999", "5e-1", "0.25"] {
        shop.gives(&format!("SECKILL.BFCREATE filter CAPACITY 100 ERROR {rate}"), "OK");
        shop.gives("DEL filter", "1");
    }
    shop.gives("DBSIZE", "0");
}

#[test]
fn what_is_no_capacity_is_an_error_that_names_the_range() {
    let shop = Server::start();
    let beyond = ["0", "-1", "9007199254740993", "9223372036854775807", "18446744073709551616"];
    for capacity in beyond.into_iter().chain(["", "1.5", "1e3", "ten", " 1", "\u{0}", "\u{ff}"]) {
        let words = ["SECKILL.BFCREATE", "filter", "CAPACITY", capacity];
        shop.fails(&words, "ERR CAPACITY must be an integer between 1 and 9007199254740992");
    }
    shop.gives("DBSIZE", "0");
}

#[test]
fn what_would_not_fit_the_memory_allowed_is_an_error_that_names_both() {
    let shop = Server::start();
    for capacity in ["9007199254740992", "1000000000000", "200000000"] {
        let command = format!("SECKILL.BFCREATE filter CAPACITY {capacity}");
        shop.fails(&command, "ERR the filter would need ");
        assert!(shop.text(&command).ends_with("seckill.filter-max-bytes allows 134217728"));
    }
    shop.gives("CONFIG SET seckill.filter-max-bytes 2000", "OK");
    shop.fails("SECKILL.BFCREATE filter CAPACITY 1500", "ERR the filter would need ");
    shop.gives("DBSIZE", "0");
    shop.gives("SECKILL.BFCREATE filter CAPACITY 1000", "OK");
}

#[test]
fn expansion_and_nonscaling_exclude_each_other() {
    let shop = Server::start();
    shop.fails("SECKILL.BFCREATE f CAPACITY 5 EXPANSION 2 NONSCALING", "ERR syntax error near 'NONSCALING'");
    shop.fails("SECKILL.BFCREATE f CAPACITY 5 NONSCALING EXPANSION 2", "ERR syntax error near 'EXPANSION'");
    shop.fails(
        "SECKILL.BFCREATE f CAPACITY 5 EXPANSION 0",
        "ERR EXPANSION must be an integer between 1 and 32768",
    );
    shop.fails("SECKILL.BFCREATE f ERROR 0.5", "ERR syntax error near 'CAPACITY'");
    shop.gives("DBSIZE", "0");
}

#[test]
fn a_replica_makes_none_of_its_own() {
    let pair = Pair::with(&["replica-read-only no"]);
    pair.primary.gives("SECKILL.BFADD filter a", "1");
    pair.caught_up();
    for command in [
        "SECKILL.BFCREATE other CAPACITY 100",
        "SECKILL.BFADD other a",
        "SECKILL.BFADD filter b",
        "SECKILL.BFDEL filter a",
        "SECKILL.BFREBUILD filter BEGIN CAPACITY 100",
    ] {
        pair.replica.fails(command, "READONLY");
    }
    pair.replica.gives("SECKILL.BFADD filter a", "0");
    pair.replica.gives("SECKILL.BFEXISTS filter a b", "1 0");
    pair.same_digest();
}
