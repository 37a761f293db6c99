//! Permissions.

use crate::harness::{Client, Server};

fn user(shop: &Server, name: &str, rules: &str) -> Client {
    shop.gives(&format!("ACL SETUSER {name} on >secret resetkeys -@all +@connection {rules}"), "OK");
    let client = shop.client();
    client.gives(&format!("AUTH {name} secret"), "OK");
    client
}

#[test]
fn a_buyer_needs_the_sale_and_not_its_stream() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives("SECKILL.CREATE sale2 STOCK 5 STREAM log", "OK");
    shop.gives("SECKILL.CREATE other STOCK 5", "OK");
    let buyer = user(&shop, "buyer", "~sale* +seckill.reserve +seckill.release");
    buyer.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 4");
    buyer.gives("SECKILL.RELEASE sale 1", "RELEASED 1 1");
    buyer.gives("SECKILL.RESERVE sale2 u", "RESERVED 1 @ 4");
    assert_eq!(shop.int("XLEN log"), 1);
    shop.unchanged("what the buyer may not do", || {
        buyer.fails("SECKILL.RESERVE other u", "NOPERM");
        buyer.fails("SECKILL.CONFIRM sale 1", "NOPERM");
        buyer.fails("XLEN log", "NOPERM");
    });
}

#[test]
fn the_default_stream_belongs_to_the_sale() {
    let shop = Server::start();
    let operator = user(&shop, "operator", "~sale* +seckill.create");
    operator.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives("EXISTS {sale}:orders", "1");
}

#[test]
fn an_explicit_stream_must_be_permitted() {
    let shop = Server::start();
    let operator = user(&shop, "operator", "~sale* ~log* +seckill.create");
    shop.unchanged("a refused CREATE", || {
        operator.fails("SECKILL.CREATE sale STOCK 5 STREAM private", "NOPERM");
        operator.fails("SECKILL.CREATE sale STREAM private STOCK 5", "NOPERM");
        operator.fails("SECKILL.CREATE sale GROUP g stream private STOCK 5", "NOPERM");
    });
    operator.gives("SECKILL.CREATE sale STOCK 5 STREAM log", "OK");
}

#[test]
fn a_group_named_stream_hides_no_stream() {
    let shop = Server::start();
    // The server takes the word after the first STREAM for the key, here the second.
    let operator = user(&shop, "operator", "~sale* ~STREAM +seckill.create");
    shop.unchanged("a refused CREATE", || {
        operator.fails("SECKILL.CREATE sale STOCK 5 GROUP STREAM STREAM private", "NOPERM");
    });
}

#[test]
fn reading_is_a_permission_of_its_own() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    let viewer = user(&shop, "viewer", "%R~sale* +seckill.stock +seckill.get +seckill.info +seckill.reserve");
    viewer.gives("SECKILL.STOCK sale", "5");
    viewer.gives("SECKILL.GET sale 1", "nil");
    assert_eq!(viewer.field("SECKILL.INFO sale", "available"), "5");
    shop.unchanged("a write by a reader", || viewer.fails("SECKILL.RESERVE sale u", "NOPERM"));
}

#[test]
fn an_expiry_needs_no_permission() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1 HOLD 40", "OK");
    let buyer = user(&shop, "buyer", "~sale +seckill.reserve");
    buyer.gives("SECKILL.RESERVE sale a", "RESERVED 1 @ 0");
    crate::harness::wait_until("the unit is free", || {
        buyer.text("SECKILL.RESERVE sale b").starts_with("RESERVED")
    });
}
