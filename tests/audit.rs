//! `SECKILL.AUDIT`.

use crate::harness::{Server, for_each_topology};

#[test]
fn the_books_of_a_sale_balance() {
    let commands = [
        "SECKILL.CREATE sale STOCK 20 PERUSER 0",
        "SECKILL.RESERVE sale u QTY 3",
        "SECKILL.RESERVE sale v QTY 4",
        "SECKILL.CONFIRM sale 2",
        "SECKILL.RESERVE sale w QTY 5",
        "SECKILL.RELEASE sale 3",
        "SECKILL.RESTOCK sale 7",
        "SECKILL.REFUND sale 2 QTY 1 REQUEST a NORESTOCK",
    ];
    for_each_topology(&commands, |shop| {
        let audit = shop.map("SECKILL.AUDIT sale");
        assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"), "{audit:?}");
        assert!(["0", "[]", ""].contains(&audit["differences"].as_str()), "{audit:?}");
        let shown = |name: &str| audit.get(name).map(String::as_str);
        assert_eq!(
            [shown("available"), shown("held"), shown("confirmed")],
            [Some("20"), Some("3"), Some("3")]
        );
    });
}

#[test]
fn no_sale_is_nil() {
    let shop = Server::start();
    shop.gives("SECKILL.AUDIT none", "nil");
}
