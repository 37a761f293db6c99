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

#[test]
fn a_sale_restored_into_another_slot_does_not_write_across() {
    let shop = node();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    let redis::Value::BulkString(dump) = shop.run("DUMP sale") else { panic!("DUMP gives bytes") };
    shop.gives(&[b"RESTORE".as_slice(), b"elsewhere", b"0", &dump], "OK");
    shop.unchanged("a write across slots", || shop.fails("SECKILL.RESERVE elsewhere u", "CROSSSLOT"));
    assert_eq!(shop.int("XLEN {sale}:orders"), 0);
}

#[test]
fn a_hold_restored_into_another_slot_does_not_expire_across() {
    let shop = node();
    shop.gives("SECKILL.CREATE sale STOCK 1 HOLD 300", "OK");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 0");
    let redis::Value::BulkString(dump) = shop.run("DUMP sale") else { panic!("DUMP gives bytes") };
    shop.gives(&[b"RESTORE".as_slice(), b"elsewhere", b"0", &dump], "OK");
    wait_until("the hold expires at home", || events::kinds(&shop, "{sale}:orders") == "RESERVED EXPIRED");
    // The timer was there for both: what it left is due, reads as free, and needs an event that cannot be.
    wait_until("the other hold is due", || shop.text("SECKILL.STOCK elsewhere") == "1");
    shop.unchanged("a change across slots", || {
        shop.gives("SECKILL.CONFIRM elsewhere 1", "EXPIRED 1");
        for command in ["RESERVE elsewhere v", "CONFIRM elsewhere 1 LATE", "RESTOCK elsewhere 1"] {
            shop.fails(&format!("SECKILL.{command}"), "CROSSSLOT");
        }
    });
    assert_eq!(events::kinds(&shop, "{sale}:orders"), "RESERVED EXPIRED");
    // Back beside its stream it expires.
    shop.gives("DEL sale", "1");
    let redis::Value::BulkString(dump) = shop.run("DUMP elsewhere") else { panic!("DUMP gives bytes") };
    shop.gives(&[b"RESTORE".as_slice(), b"{sale}:again", b"0", &dump], "OK");
    wait_until("it expires", || events::kinds(&shop, "{sale}:orders") == "RESERVED EXPIRED EXPIRED");
}

/// Two nodes that know each other; the first has all slots.
fn nodes() -> (Server, Server) {
    let (first, second) = (node(), Server::networked(&["cluster-enabled yes"]));
    second.gives(&format!("CLUSTER MEET 127.0.0.1 {}", first.port()), "OK");
    for node in [&first, &second] {
        wait_until("the nodes know each other", || {
            let info = node.text("CLUSTER INFO");
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2")
        });
    }
    (first, second)
}

#[test]
fn a_sale_migrates_with_its_stream_and_expires_once() {
    let (first, second) = nodes();
    first.gives("SECKILL.CREATE sale STOCK 5 PERUSER 0 HOLD 2500", "OK");
    let kept = first.reserve("sale u");
    let slot = first.int("CLUSTER KEYSLOT sale");
    let ids = [&first, &second].map(|node| node.text("CLUSTER MYID"));
    second.gives(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", ids[0]), "OK");
    first.gives(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", ids[1]), "OK");
    let port = second.port();
    // The stream goes first: what comes in between must not make another.
    first.gives(&format!("MIGRATE 127.0.0.1 {port} {{sale}}:orders 0 5000"), "OK");
    first.unchanged("a write while the stream is away", || {
        let reply = first.text("SECKILL.RESERVE sale v");
        assert!(reply.starts_with("-NOSTREAM"), "{reply}");
    });
    first.gives(&format!("MIGRATE 127.0.0.1 {port} sale 0 5000"), "OK");
    for node in [&first, &second] {
        node.gives(&format!("CLUSTER SETSLOT {slot} NODE {}", ids[1]), "OK");
    }
    second.gives(&format!("SECKILL.GET sale {kept}"), "[id 1 user u **]");
    let id = second.reserve("sale v");
    assert!(id > 1 << 32, "{id} belongs to a later epoch");
    wait_until("both holds expire", || events::count(&second, "{sale}:orders", "EXPIRED") >= 2);
    events::assert_gapless(&events::all(&second, "{sale}:orders"), "sale");
    second.gives("SECKILL.STOCK sale", "5");
    assert_eq!(first.int("DBSIZE"), 0);
}

#[test]
fn a_key_that_migrates_is_not_made_again_for_those_who_wait() {
    let (first, second) = nodes();
    first.gives("SECKILL.FETCH key LEASE 600000", "LEASED *");
    let slot = first.int("CLUSTER KEYSLOT key");
    let ids = [&first, &second].map(|node| node.text("CLUSTER MYID"));
    let caller = first.client();
    caller.send("SECKILL.FETCH key BLOCK 0");
    wait_until("the caller waits", || first.server_info("clients", "blocked_clients") == "1");
    second.gives(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", ids[0]), "OK");
    first.gives(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", ids[1]), "OK");
    first.gives(&format!("MIGRATE 127.0.0.1 {} key 0 5000", second.port()), "OK");
    let since = std::time::Instant::now();
    wait_until("whatever is due is done", || since.elapsed() > std::time::Duration::from_millis(300));
    assert_eq!(first.int("DBSIZE"), 0, "the key was made again");
    for node in [&second, &first] {
        node.gives(&format!("CLUSTER SETSLOT {slot} NODE {}", ids[1]), "OK");
    }
    let heard = crate::harness::reply::text(&caller.read());
    assert!(heard.starts_with(&format!("-MOVED {slot} ")), "{heard}");
    second.gives("SECKILL.FETCH key", "BUSY *");
    assert_eq!((first.int("DBSIZE"), second.int("DBSIZE")), (0, 1));
}
