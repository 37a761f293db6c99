//! Carts: what is written and sent of them, and many at once.

use crate::harness::reply::text;
use crate::harness::{Client, Pair, Server, events, for_each_topology, log, pair, wait_until};
use std::path::Path;

const CREATE: [&str; 3] = [
    "SECKILL.CREATE {x}a STOCK 5 PERUSER 0 STREAM {x}log",
    "SECKILL.CREATE {x}b STOCK 5 PERUSER 0 STREAM {x}log",
    "SECKILL.CREATE {x}c STOCK 5 PERUSER 0",
];

fn arrange(shop: &Server) {
    CREATE.iter().for_each(|command| shop.gives(*command, "OK"));
}

/// The commands in the log since then, without the choice of a database.
fn names_since(shop: &Server, entries: usize) -> Vec<String> {
    let names = log::raw_entries(shop).iter().skip(entries).map(log::name).collect::<Vec<_>>();
    names.into_iter().filter(|name| name != "SELECT").collect()
}

#[test]
fn a_cart_is_sent_as_one_transaction_of_effects() {
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    arrange(shop);
    for (command, reply) in [
        ("MRESERVE 3 {x}a {x}b {x}c u REQUEST t", "RESERVED @ 1 1 1"),
        ("MCONFIRM 3 {x}a {x}b {x}c u REQUEST t", "CONFIRMED 1 1 1"),
        ("MRESERVE 3 {x}a {x}b {x}c u QTY 2 2 2 REQUEST t2", "RESERVED @ 2 2 2"),
        ("MRELEASE 4 {x}c {x}b {x}a {x}b u REQUEST t2", "RELEASED 2 2 2 2"),
    ] {
        let before = log::raw_entries(shop).len();
        shop.gives(&format!("SECKILL.{command}"), reply);
        let expected = ["MULTI", "SECKILL.APPLY", "SECKILL.APPLY", "SECKILL.APPLY", "EXEC"];
        assert_eq!(names_since(shop, before), expected, "{command}");
        pair.same_digest();
        assert_eq!(events::all(shop, "{x}log"), events::all(&pair.replica, "{x}log"));
    }
    for sale in ["{x}a", "{x}b"] {
        events::assert_gapless(&events::all(shop, "{x}log"), sale);
    }
    let before = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), before);
}

#[test]
fn a_refused_cart_leaves_no_trace() {
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    arrange(shop);
    shop.gives("SECKILL.MRESERVE 2 {x}a {x}b u REQUEST t", "RESERVED @ 1 1");
    shop.gives("SECKILL.RELEASE {x}b 1", "RELEASED 1 1");
    pair.same_digest();
    let before = (log::size(shop), pair::offset(shop), shop.digest());
    let errors = shop.server_info("stats", "total_error_replies");
    for (command, reply) in [
        ("MRESERVE 3 {x}a {x}b {x}c u QTY 1 6 1", "REFUSED {x}b SHORT 5"),
        ("MRESERVE 2 {x}a {x}none u", "REFUSED {x}none NOSALE"),
        ("MRESERVE 2 {x}a {x}b u REQUEST t", "REFUSED {x}b RELEASED 1"),
        ("MCONFIRM 2 {x}a {x}b u REQUEST t", "REFUSED {x}b RELEASED 1"),
        ("MRELEASE 2 {x}a {x}c u REQUEST t", "REFUSED {x}c NOTFOUND"),
    ] {
        shop.gives(&format!("SECKILL.{command}"), reply);
    }
    assert_eq!((log::size(shop), pair::offset(shop), shop.digest()), before);
    assert_eq!(shop.server_info("stats", "total_error_replies"), errors);
}

/// `{x}a` and `{x}b` with a hold each that falls due while the server sleeps.
fn with_due_holds() -> Server {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    for sale in ["{x}a", "{x}b"] {
        shop.gives(&format!("SECKILL.CREATE {sale} STOCK 2 PERUSER 3 HOLD 1200"), "OK");
        shop.gives(&format!("SECKILL.RESERVE {sale} u QTY 2 REQUEST t"), "RESERVED 1 @ 0");
        shop.gives(&format!("SECKILL.ALTER {sale} HOLD 600000"), "OK");
    }
    shop
}

/// The replies to commands that run right after the holds fell due, before the timer can fire.
fn when_due(shop: &Server, commands: &[&str]) -> Vec<String> {
    let all: Vec<String> = ["DEBUG SLEEP 1.3"].iter().chain(commands).map(ToString::to_string).collect();
    shop.pipeline(&all).iter().skip(1).map(text).collect()
}

#[test]
fn a_refused_cart_expires_nothing() {
    let shop = with_due_holds();
    let commands = [
        "SECKILL.MRESERVE 2 {x}a {x}b v QTY 2 3",
        "SECKILL.MRESERVE 2 {x}a {x}none v QTY 2 1",
        "SECKILL.MRESERVE 2 {x}a {x}b u REQUEST t QTY 2 2",
        "SECKILL.MCONFIRM 2 {x}a {x}b u REQUEST t",
        "XLEN {x}a:orders",
        "XLEN {x}b:orders",
    ];
    let replies = when_due(&shop, &commands);
    let expected = [
        "REFUSED {x}b SHORT 2",
        "REFUSED {x}none NOSALE",
        "REFUSED {x}a EXPIRED 1",
        "REFUSED {x}a EXPIRED 1",
        "1",
        "1",
    ];
    assert_eq!(replies, expected);
}

#[test]
fn a_cart_expires_what_is_due_and_in_its_way() {
    let shop = with_due_holds();
    let commands = [
        "SECKILL.MRESERVE 2 {x}a {x}b v QTY 2 1",
        "SECKILL.MRESERVE 2 {x}a {x}b w QTY 1 1",
        "SECKILL.STOCK {x}a {x}b",
    ];
    let replies = when_due(&shop, &commands);
    assert!(replies[0].starts_with("RESERVED 1") && replies[0].ends_with(" 2 2"), "{replies:?}");
    assert_eq!(replies[1..], ["REFUSED {x}a SOLDOUT 2", "0 1"]);
    for stream in ["{x}a:orders", "{x}b:orders"] {
        assert_eq!(events::kinds(&shop, stream), "RESERVED EXPIRED RESERVED");
    }
    let before = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), before);
}

#[test]
fn a_users_own_due_hold_does_not_count_for_the_quota() {
    let shop = with_due_holds();
    let replies = when_due(&shop, &["SECKILL.MRESERVE 2 {x}a {x}b u QTY 2 2"]);
    assert!(replies[0].starts_with("RESERVED 1") && replies[0].ends_with(" 2 2"), "{replies:?}");
}

#[test]
fn a_missing_stream_keeps_the_whole_cart_away() {
    let shop = with_due_holds();
    shop.gives("SECKILL.CREATE {x}c STOCK 5 PERUSER 0 STREAM {x}gone", "OK");
    shop.gives("SECKILL.MRESERVE 2 {x}c {x}c v REQUEST t", "RESERVED @ 1 1");
    shop.gives("DEL {x}gone", "1");
    let commands = [
        "SECKILL.MRESERVE 3 {x}a {x}b {x}c v QTY 2 2 1",
        "SECKILL.MRESERVE 3 {x}c {x}b {x}a v QTY 1 2 2",
        "XLEN {x}a:orders",
        "XLEN {x}b:orders",
        "SECKILL.MRESERVE 2 {x}none {x}c v",
        "SECKILL.MCONFIRM 1 {x}c v REQUEST t",
        "SECKILL.MRELEASE 1 {x}c v REQUEST t",
    ];
    let replies = when_due(&shop, &commands);
    for (reply, expected) in replies.iter().zip([
        "-NOSTREAM",
        "-NOSTREAM",
        "1",
        "1",
        "REFUSED {x}none NOSALE",
        "-NOSTREAM",
        "-NOSTREAM",
    ]) {
        assert!(reply.starts_with(expected), "{replies:?}");
    }
    shop.gives("EXISTS {x}gone", "0");
    shop.gives("SET {x}gone text", "OK");
    shop.fails("SECKILL.MRESERVE 1 {x}c v", "WRONGTYPE");
}

#[test]
fn a_stream_without_ids_for_all_events_takes_none() {
    let pair = Pair::start();
    let shop = &pair.primary;
    arrange(shop);
    shop.gives("XADD {x}log 18446744073709551615-18446744073709551614 last but", "**");
    pair.same_digest();
    let offset = pair::offset(shop);
    shop.unchanged("a cart without room in the stream", || {
        shop.fails("SECKILL.MRESERVE 3 {x}c {x}a {x}b u", "NOSTREAM");
    });
    shop.gives("XLEN {x}log", "1");
    shop.gives("XLEN {x}c:orders", "0");
    assert_eq!(pair::offset(shop), offset);
    shop.gives("SECKILL.RESERVE {x}c u", "RESERVED 1 @ 4");
    pair.same_digest();
}

#[test]
fn a_cart_takes_every_way_of_data() {
    let mut commands = CREATE.to_vec();
    commands.push("SECKILL.MRESERVE 3 {x}a {x}b {x}a u QTY 1 2 2 REQUEST t DATA gift");
    commands.push("SECKILL.MRESERVE 2 {x}a {x}c v REQUEST t");
    commands.push("SECKILL.MCONFIRM 2 {x}a {x}c v REQUEST t");
    for_each_topology(&commands, |shop| {
        shop.gives("SECKILL.STOCK {x}a {x}b {x}c", "1 3 4");
        shop.gives("SECKILL.MRESERVE 3 {x}a {x}b {x}a u QTY 1 2 2 REQUEST t DATA gift", "RESERVED @ 1 1 1");
        shop.gives("SECKILL.MRESERVE 2 {x}a {x}c v REQUEST t", "RESERVED 0 2 1");
        shop.gives("SECKILL.MRELEASE 2 {x}a {x}b u REQUEST t", "RELEASED 1 1");
        shop.gives("SECKILL.STOCK {x}a {x}b {x}c", "4 5 4");
        assert_eq!(shop.field("SECKILL.AUDIT {x}a", "ok"), "1");
    });
}

#[test]
fn a_log_that_ends_inside_a_cart_has_none_of_it() {
    let mut shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    arrange(&shop);
    let digest = shop.digest();
    let before = log::size(&shop);
    shop.gives("SECKILL.MRESERVE 3 {x}a {x}b {x}c u REQUEST t", "RESERVED @ 1 1 1");
    let after = log::size(&shop);
    shop.kill();
    log::cut(&shop, after - (after - before) / 3);
    shop.revive();
    wait_until("the log is loaded", || shop.server_info("persistence", "loading") == "0");
    assert_eq!(shop.digest(), digest);
    shop.gives("SECKILL.MRESERVE 3 {x}a {x}b {x}c u REQUEST t", "RESERVED @ # # #");
}

#[test]
fn carts_in_transactions_and_scripts_are_as_alone() {
    let shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    arrange(&shop);
    shop.gives("MULTI", "OK");
    for command in [
        "SECKILL.MRESERVE 2 {x}a {x}b u REQUEST t",
        "SECKILL.MRESERVE 2 {x}a {x}b v QTY 1 5",
        "SECKILL.MCONFIRM 2 {x}a {x}b u REQUEST t",
    ] {
        shop.gives(command, "QUEUED");
    }
    shop.gives("EXEC", "[RESERVED @ 1 1] [REFUSED {x}b SHORT 4] [CONFIRMED 1 1]");
    let script = "local r = redis.call('SECKILL.MRESERVE', 2, KEYS[1], KEYS[2], ARGV[1], 'REQUEST', 's')
        local c = redis.call('SECKILL.MRELEASE', 2, KEYS[1], KEYS[2], ARGV[1], 'REQUEST', 's')
        return {r[1].ok or r[1], r[3], r[4], c[1].ok or c[1], c[2], c[3]}";
    shop.gives(&["EVAL", script, "2", "{x}a", "{x}b", "w"], "RESERVED 2 2 RELEASED 2 2");
    let before = shop.digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), before);
    assert!(log::names(&shop).iter().all(|name| !name.starts_with("SECKILL.M") && name != "EVAL"));
}

#[test]
fn a_replica_takes_no_carts() {
    let pair = Pair::start();
    arrange(&pair.primary);
    pair.primary.gives("SECKILL.MRESERVE 2 {x}a {x}b u REQUEST t", "RESERVED @ 1 1");
    let digest = pair.same_digest();
    for _ in 0..2 {
        for command in [
            "MRESERVE 2 {x}a {x}b v",
            "MRESERVE 2 {x}a {x}none v",
            "MRESERVE 2 {x}a {x}b u REQUEST t",
            "MCONFIRM 2 {x}a {x}b u REQUEST t",
            "MRELEASE 2 {x}a {x}b w REQUEST t",
        ] {
            pair.replica.fails(&format!("SECKILL.{command}"), "READONLY");
        }
        pair.replica.gives("CONFIG SET replica-read-only no", "OK");
    }
    assert_eq!(pair.replica.digest(), digest);
}

#[test]
fn every_sale_of_a_cart_must_be_permitted() {
    let shop = Server::start();
    arrange(&shop);
    let rules = "on nopass resetkeys ~{x}a ~{x}b -@all +@connection +seckill.mreserve +seckill.mconfirm";
    shop.gives(&format!("ACL SETUSER buyer {rules}"), "OK");
    let buyer = shop.client();
    buyer.gives("AUTH buyer any", "OK");
    shop.unchanged("what the buyer may not do", || {
        buyer.fails("SECKILL.MRESERVE 2 {x}a {x}c u", "NOPERM");
        buyer.fails("SECKILL.MRESERVE 3 {x}a {x}b {x}c u", "NOPERM");
        buyer.fails("SECKILL.MRELEASE 2 {x}a {x}b u REQUEST t", "NOPERM");
    });
    buyer.gives("SECKILL.MRESERVE 2 {x}a {x}b u REQUEST t", "RESERVED @ 1 1");
    buyer.gives("SECKILL.MCONFIRM 2 {x}a {x}b u REQUEST t", "CONFIRMED 1 1");
}

#[test]
fn a_cart_is_in_one_slot_of_a_cluster() {
    let shop = Server::networked(&["cluster-enabled yes"]);
    shop.gives("CLUSTER ADDSLOTSRANGE 0 16383", "OK");
    wait_until("the cluster serves", || shop.text("CLUSTER INFO").contains("cluster_state:ok"));
    arrange(&shop);
    shop.gives("SECKILL.CREATE other STOCK 5", "OK");
    let redis::Value::BulkString(dump) = shop.run("DUMP other") else { panic!("DUMP gives bytes") };
    shop.gives(&[b"RESTORE".as_slice(), b"{x}astray", b"0", &dump], "OK");
    shop.unchanged("a cart across slots", || {
        shop.fails("SECKILL.MRESERVE 2 {x}a other u", "CROSSSLOT");
        shop.fails("SECKILL.MCONFIRM 2 {x}a other u REQUEST t", "CROSSSLOT");
        shop.fails("SECKILL.MRELEASE 3 {x}a {x}b other u REQUEST t", "CROSSSLOT");
        shop.fails("SECKILL.MRESERVE 2 {x}a {x}astray u", "CROSSSLOT");
    });
    shop.gives("SECKILL.MRESERVE 3 {x}a {x}b {x}c u REQUEST t", "RESERVED @ 1 1 1");
    shop.gives("SECKILL.MCONFIRM 3 {x}a {x}b {x}c u REQUEST t", "CONFIRMED 1 1 1");
}

const BUYERS: usize = 50;
const TURNS: usize = 40;

/// One connection takes carts of two or three of the sales, pays some, gives some back, forgets the rest.
fn shop_around(socket: &Path, buyer: usize) {
    let client = Client::connect(socket).expect("the server accepts a connection");
    for turn in 0..TURNS {
        let sales = ["a b c", "a b", "b c", "c a"][(buyer + turn) % 4];
        let names: Vec<String> = sales.split(' ').map(|sale| format!("{{x}}{sale}")).collect();
        let cart = format!("{} {} b{buyer}t{turn}", names.len(), names.join(" "));
        let quantities = ["1 2 1", "2 1", "1 1", "3 2"][(buyer + turn) % 4];
        let reply = text(&client.run(&format!("SECKILL.MRESERVE {cart} QTY {quantities} REQUEST t")));
        match reply.split(' ').next() {
            Some("RESERVED") if turn % 5 == 0 => {
                let paid = text(&client.run(&format!("SECKILL.MCONFIRM {cart} REQUEST t")));
                assert!(paid.starts_with("CONFIRMED ") || paid.contains(" EXPIRED "), "{paid}");
            }
            Some("RESERVED") if turn % 3 == 0 => {
                let back = text(&client.run(&format!("SECKILL.MRELEASE {cart} REQUEST t")));
                assert!(back.starts_with("RELEASED ") || back.contains(" EXPIRED "), "{back}");
            }
            Some("RESERVED" | "REFUSED") => {}
            other => panic!("{other:?} is no answer to a cart"),
        }
    }
}

#[test]
fn under_fifty_connections_no_part_of_a_cart_is_taken() {
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    for (sale, stock) in [("a", 500), ("b", 300), ("c", 400)] {
        shop.gives(
            &format!("SECKILL.CREATE {{x}}{sale} STOCK {stock} PERUSER 0 HOLD 300 STREAM {{x}}log"),
            "OK",
        );
    }
    let socket = shop.socket();
    let buyers: Vec<_> = (0..BUYERS)
        .map(|buyer| {
            let socket = socket.clone();
            std::thread::spawn(move || shop_around(&socket, buyer))
        })
        .collect();
    buyers.into_iter().for_each(|buyer| buyer.join().expect("a buyer ends well"));
    // A hold that is due reads as free before its expiry is told.
    wait_until("the last expiry is told", || {
        let count = |kind| events::count(shop, "{x}log", kind);
        count("RESERVED") == count("CONFIRMED") + count("RELEASED") + count("EXPIRED")
    });
    let told = events::all(shop, "{x}log");
    // Parts of a cart are neighbours in the common stream, in the order of its sales.
    let mut sold = std::collections::BTreeMap::new();
    for kind in ["RESERVED", "CONFIRMED", "RELEASED"] {
        let mut parts = told.iter().filter(|event| event.get("ev") == kind).peekable();
        while let Some(first) = parts.next() {
            let name = |event: &events::Event| event.get("sale").trim_start_matches("{x}").to_owned();
            let mut cart = vec![name(first)];
            while let Some(next) = parts.next_if(|next| next.get("user") == first.get("user")) {
                cart.push(name(next));
            }
            assert!(["a b c", "a b", "b c", "c a"].contains(&cart.join(" ").as_str()), "{kind} {cart:?}");
            *sold.entry(kind).or_insert(0) += 1;
        }
    }
    assert!(sold.values().all(|carts| *carts > 50) && sold.len() == 3, "{sold:?}");
    for (sale, stock) in [("a", 500), ("b", 300), ("c", 400)] {
        let sale = format!("{{x}}{sale}");
        events::assert_gapless(&told, &sale);
        let paid = |kind: &str| {
            let events = told.iter().filter(|event| event.get("sale") == sale && event.get("ev") == kind);
            events.map(|event| event.get("qty").parse::<i64>().expect("a number")).sum::<i64>()
        };
        assert_eq!(paid("RESERVED"), paid("CONFIRMED") + paid("RELEASED") + paid("EXPIRED"));
        assert_eq!(shop.text(&format!("SECKILL.STOCK {sale}")), (stock - paid("CONFIRMED")).to_string());
        let audit = shop.map(&format!("SECKILL.AUDIT {sale}"));
        assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"));
    }
    let digest = pair.same_digest();
    shop.gives("DEBUG LOADAOF", "OK");
    assert_eq!(shop.digest(), digest);
}
