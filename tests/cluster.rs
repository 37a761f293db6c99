//! A cluster of one node.

use crate::harness::{Server, events, wait_until};

fn node() -> Server {
    let shop = Server::networked(&["cluster-enabled yes"]);
    shop.gives("CLUSTER ADDSLOTSRANGE 0 16383", "OK");
    wait_until("the cluster serves", || shop.text("CLUSTER INFO").contains("cluster_state:ok"));
    shop
}

#[test]
fn a_sale_and_its_stream_are_in_one_slot() {
    let shop = node();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives("SECKILL.CREATE {x}:sale STOCK 5 STREAM {x}:log", "OK");
    shop.unchanged("a sale across slots", || {
        shop.fails("SECKILL.CREATE a STOCK 5 STREAM b", "CROSSSLOT");
        shop.fails("SECKILL.CREATE {a}:sale STOCK 5 STREAM {b}:log", "CROSSSLOT");
        shop.fails("SECKILL.STOCK sale {x}:sale", "CROSSSLOT");
    });
    for sale in ["sale", "{x}:sale"] {
        shop.gives(&format!("SECKILL.RESERVE {sale} u"), "RESERVED 1 @ 4");
    }
    assert_eq!(events::kinds(&shop, "{sale}:orders"), "RESERVED");
    assert_eq!(events::kinds(&shop, "{x}:log"), "RESERVED");
    let slot = |key: &str| shop.int(&["CLUSTER", "KEYSLOT", key]);
    assert_eq!(slot("sale"), slot("{sale}:orders"));
}

#[test]
fn holds_of_every_slot_expire() {
    let shop = node();
    for sale in ["a", "b", "c", "{d}:sale"] {
        shop.gives(&format!("SECKILL.CREATE {sale} STOCK 5 HOLD 80"), "OK");
        shop.gives(&format!("SECKILL.RESERVE {sale} u"), "RESERVED 1 @ 4");
    }
    for stream in ["{a}:orders", "{b}:orders", "{c}:orders", "{d}:sale:orders"] {
        wait_until("the hold expires", || events::kinds(&shop, stream) == "RESERVED EXPIRED");
    }
}
