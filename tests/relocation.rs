//! Sales that change their place, and keep their deadlines there: here, after a restart, on a promoted replica.

use crate::harness::{Client, Pair, Server, events, for_each_topology, wait_until};

const CREATE: &str = "SECKILL.CREATE sale STOCK 10 PERUSER 0 HOLD 600";
const STREAM: &str = "{sale}:orders";

/// A move, and where the sale and its stream are then.
struct Relocation {
    commands: &'static [&'static str],
    database: i32,
    name: &'static str,
}

const RELOCATIONS: [Relocation; 5] = [
    Relocation { commands: &["RENAME sale elsewhere"], database: 0, name: "elsewhere" },
    Relocation { commands: &["MOVE sale 4", "MOVE {sale}:orders 4"], database: 4, name: "sale" },
    Relocation { commands: &["SWAPDB 0 7"], database: 7, name: "sale" },
    Relocation {
        commands: &["COPY sale twin DB 3", "COPY {sale}:orders {sale}:orders DB 3", "DEL sale"],
        database: 3,
        name: "twin",
    },
    Relocation { commands: &["SWAPDB 0 7", "RENAME sale x", "SWAPDB 7 2"], database: 2, name: "sale" },
];

/// The only hold ends there, once.
#[track_caller]
fn expires(client: &Client, place: &Relocation) {
    client.gives(&format!("SELECT {}", place.database), "OK");
    wait_until("the hold expires", || {
        client.text(&["SECKILL.STOCK", place.name]) == "10" && told(client) >= 1
    });
    let last = events::all(client, STREAM).pop().expect("an event");
    assert_eq!((last.get("ev"), last.get("sale")), ("EXPIRED", place.name));
    assert_eq!(client.field(&["SECKILL.AUDIT", place.name], "ok"), "1");
    client.run(&["SECKILL.RESERVE", place.name, "next"]);
    wait_until("the next hold expires", || told(client) >= 2);
    assert_eq!(told(client), 2);
}

fn told(client: &Client) -> usize {
    events::count(client, STREAM, "EXPIRED")
}

fn through_every_topology(place: &Relocation) {
    let commands = [&[CREATE, "SECKILL.RESERVE sale u"], place.commands].concat();
    for_each_topology(&commands, |shop| expires(shop, place));
}

#[test]
fn a_renamed_sale_keeps_its_deadlines_through_every_topology() {
    through_every_topology(&RELOCATIONS[0]);
}

#[test]
fn a_moved_sale_keeps_its_deadlines_through_every_topology() {
    through_every_topology(&RELOCATIONS[1]);
}

#[test]
fn a_swapped_sale_keeps_its_deadlines_through_every_topology() {
    through_every_topology(&RELOCATIONS[2]);
}

#[test]
fn a_copied_sale_keeps_its_deadlines_through_every_topology() {
    through_every_topology(&RELOCATIONS[3]);
}

#[test]
fn a_sale_relocated_in_several_steps_keeps_its_deadlines() {
    let shop = Server::start();
    let place = &RELOCATIONS[4];
    shop.gives(CREATE, "OK");
    shop.reserve("sale u");
    // What another database holds under the same name is not to be taken for it.
    shop.gives("SWAPDB 0 7", "OK");
    shop.gives(CREATE, "OK");
    shop.reserve("sale v");
    shop.gives("RENAME sale x", "OK");
    shop.gives("RENAME {sale}:orders {x}:kept", "OK");
    shop.gives("SWAPDB 7 2", "OK");
    expires(&shop, place);
    shop.gives("SELECT 0", "OK");
    shop.gives("RENAME {x}:kept {sale}:orders", "OK");
    wait_until("the other hold expires", || events::count(&shop, STREAM, "EXPIRED") == 1);
    shop.gives("SECKILL.STOCK x", "10");
}

#[test]
fn holds_of_every_database_expire_on_the_replica_as_on_the_primary() {
    let pair = Pair::start();
    for database in [3, 0, 9] {
        pair.primary.gives(&format!("SELECT {database}"), "OK");
        pair.primary.gives(CREATE, "OK");
        for _ in 0..20 {
            pair.primary.reserve("sale u");
            pair.primary.run("SECKILL.ALTER sale HOLD 300");
            pair.primary.run("SECKILL.RESTOCK sale 1");
        }
    }
    for database in [3, 0, 9] {
        pair.primary.gives(&format!("SELECT {database}"), "OK");
        wait_until("all expire", || told(&pair.primary) == 20);
    }
    pair.same_digest();
}

#[test]
fn a_sale_that_is_evicted_takes_its_deadlines_along() {
    let shop = Server::with(&["maxmemory-policy allkeys-random"]);
    for n in 0..50 {
        shop.gives(&format!("SECKILL.CREATE sale{n} STOCK 10 HOLD 200"), "OK");
        shop.reserve(&format!("sale{n} u"));
    }
    shop.gives("CONFIG SET maxmemory 1", "OK");
    wait_until("all are evicted", || {
        shop.run("SET filler x");
        shop.int("DBSIZE") == 0
    });
    shop.gives("CONFIG SET maxmemory 0", "OK");
    shop.gives(CREATE, "OK");
    shop.reserve("sale u");
    wait_until("a later hold expires", || told(&shop) == 1);
}
