//! Keys that hold something else.

use crate::harness::Server;

const WRONGTYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

const ON_A_SALE: [&str; 15] = [
    "SECKILL.ALTER key HOLD 5",
    "SECKILL.RESTOCK key 5",
    "SECKILL.RESERVE key u",
    "SECKILL.CONFIRM key 1",
    "SECKILL.RELEASE key 1",
    "SECKILL.EXTEND key 1 PX 5",
    "SECKILL.REFUND key 1",
    "SECKILL.VOID key u REQUEST t PX 5",
    "SECKILL.STOCK key",
    "SECKILL.GET key 1",
    "SECKILL.USER key u",
    "SECKILL.SCAN key 0",
    "SECKILL.INFO key",
    "SECKILL.AUDIT key",
    "SECKILL.CURVE key",
];

#[test]
fn a_key_that_is_no_sale_is_a_wrong_type() {
    let shop = Server::start();
    for make in ["SET key x", "RPUSH key x", "XADD key * a b", "HSET key a b", "SADD key a", "ZADD key 1 a"] {
        shop.run("DEL key");
        shop.run(make);
        shop.unchanged(make, || ON_A_SALE.iter().for_each(|command| shop.fails(*command, WRONGTYPE)));
    }
}

#[test]
fn a_sale_is_a_wrong_type_for_other_commands() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE key STOCK 5", "OK");
    shop.unchanged("commands of other types", || {
        for command in ["GET key", "LPUSH key a", "XADD key * a b", "HGET key a", "INCR key"] {
            shop.fails(command, WRONGTYPE);
        }
    });
}

#[test]
fn a_key_that_is_no_cache_entry_is_a_wrong_type() {
    let shop = Server::start();
    for make in ["SET key x", "HSET key a b", "SECKILL.CREATE key STOCK 5"] {
        shop.run("DEL key");
        shop.run(make);
        shop.unchanged(make, || {
            for command in
                ["FETCH key", "FILL key 1 VALUE v PX 5", "FILL key 1 ABSENT PX 5", "INVALIDATE key"]
            {
                shop.fails(&format!("SECKILL.{command}"), WRONGTYPE);
            }
        });
    }
}

#[test]
fn a_cache_entry_is_a_wrong_type_for_other_commands() {
    let shop = Server::start();
    shop.gives("SECKILL.FETCH key LEASE 600000", "LEASED *");
    shop.unchanged("commands of other types", || {
        for command in ["GET key", "LPUSH key a", "INCR key"].iter().chain(&ON_A_SALE) {
            shop.fails(*command, WRONGTYPE);
        }
    });
}

#[test]
fn a_key_that_is_no_filter_is_a_wrong_type() {
    let shop = Server::start();
    for make in ["SET key x", "HSET key a b", "SECKILL.CREATE key STOCK 5", "SECKILL.FETCH key LEASE 600000"]
    {
        shop.run("DEL key");
        shop.run(make);
        shop.unchanged(make, || {
            for verb in ["BFADD key a", "BFEXISTS key a", "BFDEL key a", "BFINFO key", "BFREBUILD key COMMIT"]
            {
                shop.fails(&format!("SECKILL.{verb}"), WRONGTYPE);
            }
        });
    }
}

#[test]
fn a_filter_is_a_wrong_type_for_other_commands() {
    let shop = Server::start();
    shop.gives("SECKILL.BFADD key a", "1");
    shop.unchanged("commands of other types", || {
        for command in ["GET key", "LPUSH key a", "SECKILL.FETCH key"].iter().chain(&ON_A_SALE) {
            shop.fails(*command, WRONGTYPE);
        }
    });
}

#[test]
fn a_stream_key_that_is_no_stream_is_a_wrong_type() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5 HOLD 900000 PERUSER 0", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 4");
    shop.gives("SET {sale}:orders text", "OK");
    shop.unchanged("a write without its stream", || {
        for command in ["RESERVE sale v", "CONFIRM sale 1", "RELEASE sale 1", "RESTOCK sale 5"] {
            shop.fails(&format!("SECKILL.{command}"), WRONGTYPE);
        }
        shop.gives("SECKILL.RESERVE sale v QTY 9", "SHORT 4");
        shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 4");
        shop.gives("SECKILL.STOCK sale", "4");
    });
}

#[test]
fn type_and_encoding_of_a_sale_are_told() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    let kind = shop.text("TYPE sale");
    assert!(!["none", "string", "stream", "hash"].contains(&kind.as_str()), "TYPE is {kind}");
    shop.gives(&format!("SCAN 0 COUNT 100 TYPE {kind}"), "0 [sale]");
    shop.gives("OBJECT REFCOUNT sale", "1");
}
