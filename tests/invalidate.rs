//! `SECKILL.INVALIDATE`.

use crate::fetch::{filled, leased};
use crate::harness::{Pair, Server, log, pair};

#[test]
fn keys_that_held_something_are_counted() {
    let pair = Pair::start();
    let shop = &pair.primary;
    filled(shop, "value", "VALUE v PX 600000");
    filled(shop, "absent", "ABSENT PX 600000");
    leased(shop, "lease LEASE 600000");
    shop.gives("SECKILL.INVALIDATE value none absent value lease none", "3");
    shop.gives("DBSIZE", "0");
    shop.gives("SECKILL.INVALIDATE value absent lease", "0");
    pair.same_digest();
    pair.replica.gives("DBSIZE", "0");
}

#[test]
fn an_old_value_cannot_be_put_back() {
    let shop = Server::start();
    let old = leased(&shop, "key");
    shop.gives("SECKILL.INVALIDATE key", "1");
    shop.gives(&format!("SECKILL.FILL key {old} VALUE old PX 600000"), "DISCARDED");
    let new = leased(&shop, "key");
    shop.gives(&format!("SECKILL.FILL key {old} VALUE old PX 600000"), "DISCARDED");
    shop.gives(&format!("SECKILL.FILL key {new} VALUE new PX 600000"), "FILLED");
    shop.gives(&format!("SECKILL.FILL key {old} VALUE old PX 600000"), "DISCARDED");
    shop.gives("SECKILL.FETCH key", "HIT new *");
}

#[test]
fn a_stale_value_goes_with_its_lease() {
    let shop = Server::start();
    filled(&shop, "key", "VALUE old PX 1 STALE 600000");
    crate::harness::wait_until("it is stale", || shop.text("SECKILL.FETCH key").starts_with("LEASED"));
    shop.gives("SECKILL.FETCH key", "STALE old");
    shop.gives("SECKILL.INVALIDATE key", "1");
    leased(&shop, "key");
    shop.gives("SECKILL.FETCH key", "BUSY *");
}

#[test]
fn what_holds_nothing_is_not_written_about() {
    let pair = Pair::with(&["appendonly yes"]);
    let shop = &pair.primary;
    filled(shop, "key", "VALUE v PX 600000");
    pair.caught_up();
    let before = (log::size(shop), pair::offset(shop));
    shop.gives("SECKILL.INVALIDATE none nor this", "0");
    assert_eq!((log::size(shop), pair::offset(shop)), before);
    shop.gives("SECKILL.INVALIDATE key", "1");
    assert_eq!(log::names(shop).last().map(String::as_str), Some("SECKILL.APPLY"));
}

#[test]
fn a_key_of_another_type_is_found_before_anything_goes() {
    let shop = Server::start();
    filled(&shop, "key", "VALUE v PX 600000");
    shop.gives("SET text x", "OK");
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.unchanged("a key of another type", || {
        shop.fails("SECKILL.INVALIDATE key text", "WRONGTYPE");
        shop.fails("SECKILL.INVALIDATE key sale", "WRONGTYPE");
    });
    shop.gives("SECKILL.FETCH key", "HIT v *");
}

#[test]
fn it_works_without_memory_where_loading_does_not() {
    let shop = Server::start();
    filled(&shop, "key", "VALUE v PX 600000");
    let token = leased(&shop, "lease LEASE 600000");
    shop.gives("CONFIG SET maxmemory 1", "OK");
    shop.fails("SECKILL.FETCH key", "OOM");
    shop.fails(&format!("SECKILL.FILL lease {token} VALUE v PX 5"), "OOM");
    shop.gives("SECKILL.INVALIDATE key lease", "2");
    shop.gives("DBSIZE", "0");
}
