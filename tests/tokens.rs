//! Request tokens: the same request again changes nothing and is answered with what became of it.

use crate::harness::{Server, events, for_each_topology, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 10 PERUSER 0";
const RESERVE: &str = "SECKILL.RESERVE sale u QTY 2 REQUEST t DATA d";

#[test]
fn a_repeated_request_finds_its_hold() {
    for_each_topology(&[CREATE, RESERVE], |shop| {
        shop.unchanged("a repeated RESERVE", || {
            let deadline = shop.number(RESERVE, "RESERVED #1 @ 8", 2);
            shop.gives(RESERVE, &format!("RESERVED #1 {deadline} 8"));
        });
        assert_eq!(events::kinds(shop, "{sale}:orders"), "RESERVED");
    });
}

#[test]
fn a_repeated_request_finds_its_order() {
    for_each_topology(&[CREATE, RESERVE, "SECKILL.CONFIRM sale 1"], |shop| {
        shop.unchanged("a repeated RESERVE", || shop.gives(RESERVE, "CONFIRMED #1 2 8"));
    });
}

#[test]
fn a_repeated_request_learns_how_its_reservation_ended() {
    for_each_topology(&[CREATE, RESERVE, "SECKILL.RELEASE sale 1"], |shop| {
        shop.unchanged("a repeated RESERVE", || shop.gives(RESERVE, "RELEASED #1"));
    });
    for_each_topology(&[CREATE, RESERVE, "SECKILL.CONFIRM sale 1", "SECKILL.REFUND sale 1"], |shop| {
        shop.unchanged("a repeated RESERVE", || shop.gives(RESERVE, "REFUNDED #1"));
    });
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 HOLD 40", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 9");
    wait_until("the hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
    shop.unchanged("a repeated RESERVE", || shop.gives("SECKILL.RESERVE sale u REQUEST t", "EXPIRED 1"));
    shop.gives("SECKILL.RESERVE sale u REQUEST t2", "RESERVED 2 @ 9");
}

#[test]
fn the_same_token_with_other_arguments_is_a_mismatch() {
    for_each_topology(&[CREATE, RESERVE], |shop| {
        shop.unchanged("a mismatch", || {
            for other in
                ["QTY 3 REQUEST t DATA d", "REQUEST t DATA d", "QTY 2 REQUEST t DATA e", "QTY 2 REQUEST t"]
            {
                shop.fails(&format!("SECKILL.RESERVE sale u {other}"), "MISMATCH");
            }
        });
        shop.gives("SECKILL.RESERVE sale u QTY 2 REQUEST T DATA d", "RESERVED # @ 6");
    });
}

#[test]
fn the_same_token_of_another_user_is_another_request() {
    for_each_topology(&[CREATE, RESERVE], |shop| {
        shop.gives("SECKILL.RESERVE sale v QTY 5 REQUEST t", "RESERVED # @ 3");
        shop.gives(RESERVE, "RESERVED #1 @ 3");
    });
}

#[test]
fn user_and_token_are_never_run_together() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.RESERVE sale ab REQUEST c", "RESERVED 1 @ 9");
    shop.gives("SECKILL.RESERVE sale a REQUEST bc", "RESERVED 2 @ 8");
    shop.gives(r#"SECKILL.RESERVE sale "ab\x00" REQUEST c"#, "RESERVED 3 @ 7");
    shop.gives(r#"SECKILL.RESERVE sale ab REQUEST "\x00c""#, "RESERVED 4 @ 6");
}

#[test]
fn the_same_token_in_another_sale_is_another_request() {
    let shop = Server::start();
    shop.gives(CREATE, "OK");
    shop.gives("SECKILL.CREATE other STOCK 5", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 9");
    shop.gives("SECKILL.RESERVE other u REQUEST t", "RESERVED 1 @ 4");
}

#[test]
fn a_repeated_request_is_answered_when_the_sale_is_sold_out_or_over() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 0");
    shop.gives("SECKILL.ALTER sale END 1000", "OK");
    shop.gives("SECKILL.RESERVE sale u REQUEST t", "RESERVED 1 @ 0");
    shop.gives("SECKILL.RESERVE sale u REQUEST t2", "ENDED");
}

#[test]
fn the_longest_token_and_user_are_kept_whole() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0", "OK");
    let (user, token) = ([0xff_u8; 255], [0_u8; 128]);
    let request = |user: &[u8], token: &[u8]| -> Vec<Vec<u8>> {
        [b"SECKILL.RESERVE".as_slice(), b"sale", user, b"REQUEST", token].map(<[u8]>::to_vec).to_vec()
    };
    shop.gives(&request(&user, &token), "RESERVED 1 @ 9");
    shop.gives(&request(&user[1..], &token), "RESERVED 2 @ 8");
    shop.gives(&request(&user, &token[1..]), "RESERVED 3 @ 7");
    shop.gives(&request(&user, &token), "RESERVED 1 @ 7");
}
