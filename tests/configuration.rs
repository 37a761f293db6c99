//! `CONFIG` and `INFO`.

use crate::harness::{Server, traffic, wait_until};

#[test]
fn every_setting_can_be_read_and_written_back() {
    let shop = Server::start();
    let settings = shop.map("CONFIG GET seckill.*");
    assert!(!settings.is_empty(), "the module has settings");
    for (name, value) in settings {
        let quoted = value.trim_matches('"').to_owned();
        let reply = shop.text(&["CONFIG", "SET", &name, &quoted]);
        assert!(reply == "OK" || reply.contains("immutable"), "CONFIG SET {name} {value} gives {reply}");
    }
}

#[test]
fn a_setting_that_makes_no_sense_is_refused() {
    let shop = Server::start();
    let settings = shop.map("CONFIG GET seckill.*");
    for (name, value) in settings.iter().filter(|(_, value)| value.parse::<i64>().is_ok()) {
        shop.fails(&["CONFIG", "SET", name, "nonsense"], "ERR");
        shop.fails(&["CONFIG", "SET", name, "-1"], "ERR");
        shop.fails(&["CONFIG", "SET", name, "99999999999999999999"], "ERR");
        assert_eq!(shop.field(&["CONFIG", "GET", name], name), *value);
    }
}

#[test]
fn the_server_tells_of_the_module() {
    let shop = Server::start();
    traffic::open(&shop);
    let info = shop.text("INFO seckill");
    assert!(info.contains("# seckill"), "INFO seckill has a section: {info}");
    assert!(info.contains("seckill_"), "and fields: {info}");
    assert!(shop.text("INFO everything").contains("# seckill"));
    assert!(!shop.text("INFO").is_empty());
}

#[test]
fn a_setting_is_taken_from_the_servers_configuration() {
    let shop = Server::with(&["seckill.expire-batch 3"]);
    assert_eq!(shop.field("CONFIG GET seckill.expire-batch", "seckill.expire-batch"), "3");
    shop.gives("SECKILL.CREATE sale STOCK 500 PERUSER 0 HOLD 200", "OK");
    shop.pipeline(&vec!["SECKILL.RESERVE sale u".to_owned(); 500]);
    wait_until("all have expired, three at a time", || shop.int("XLEN {sale}:orders") == 1000);
    shop.gives("SECKILL.STOCK sale", "500");
}
