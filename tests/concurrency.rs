//! Many connections at once.

use crate::harness::reply::text;
use crate::harness::{Client, Server, events, wait_until};
use std::collections::BTreeSet;
use std::path::Path;

const BUYERS: usize = 50;
const UNITS: usize = 1000;

/// One connection tries for 60 users, some of them twice; the users who got a unit.
fn buy(socket: &Path, buyer: usize) -> Vec<String> {
    let client = Client::connect(socket).expect("the server accepts a connection");
    let users: Vec<String> = (0..60).map(|n| format!("user-{}", buyer * 40 + n)).collect();
    let mut won = Vec::new();
    for user in users {
        let reply = text(&client.run(&["SECKILL.RESERVE", "sale", &user]));
        let status = reply.split_whitespace().next().unwrap_or_default();
        match status {
            "RESERVED" => won.push(user),
            "DUPLICATE" | "SOLDOUT" => {}
            other => panic!("{other} is no answer to a rush"),
        }
    }
    won
}

#[test]
fn a_rush_sells_every_unit_once_to_distinct_users() {
    let shop = Server::start();
    shop.gives(&format!("SECKILL.CREATE sale STOCK {UNITS}"), "OK");
    let socket = shop.socket();
    let buyers: Vec<_> = (0..BUYERS)
        .map(|buyer| {
            let socket = socket.clone();
            std::thread::spawn(move || buy(&socket, buyer))
        })
        .collect();
    let won: Vec<String> =
        buyers.into_iter().flat_map(|buyer| buyer.join().expect("a buyer ends well")).collect();
    assert_eq!(won.len(), UNITS);
    let distinct: BTreeSet<&String> = won.iter().collect();
    assert_eq!(distinct.len(), UNITS);
    shop.gives("SECKILL.STOCK sale", "0");
    let audit = shop.map("SECKILL.AUDIT sale");
    assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"));
    let told = events::all(&shop, "{sale}:orders");
    assert_eq!(told.len(), UNITS);
    events::assert_gapless(&told, "sale");
    let users: BTreeSet<String> = told.iter().map(|event| event.get("user").to_owned()).collect();
    assert_eq!(users.iter().collect::<BTreeSet<_>>(), distinct);
}

#[test]
fn holds_change_hands_under_load_without_loss() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 20 PERUSER 0 HOLD 25", "OK");
    let socket = shop.socket();
    let buyers: Vec<_> = (0..8)
        .map(|buyer| {
            let socket = socket.clone();
            std::thread::spawn(move || churn(&socket, buyer))
        })
        .collect();
    buyers.into_iter().for_each(|buyer| buyer.join().expect("a buyer ends well"));
    wait_until("what is unpaid comes back", || shop.field("SECKILL.INFO sale", "held") == "0");
    let confirmed: i64 = shop.field("SECKILL.INFO sale", "confirmed").parse().expect("a number");
    assert_eq!(shop.text("SECKILL.STOCK sale"), (20 - confirmed).to_string());
    let audit = shop.map("SECKILL.AUDIT sale");
    assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"));
    wait_until("the last expiry is told", || {
        let told = events::all(&shop, "{sale}:orders");
        let count = |kind: &str| told.iter().filter(|event| event.get("ev") == kind).count();
        events::assert_gapless(&told, "sale");
        count("RESERVED") == count("CONFIRMED") + count("RELEASED") + count("EXPIRED")
    });
}

/// Takes holds and pays a few, releases a few, forgets the rest.
fn churn(socket: &Path, buyer: usize) {
    let client = Client::connect(socket).expect("the server accepts a connection");
    for turn in 0..250 {
        let reply = text(&client.run(&format!("SECKILL.RESERVE sale b{buyer} QTY {}", turn % 3 + 1)));
        let mut words = reply.split_whitespace();
        if let (Some("RESERVED"), Some(id)) = (words.next(), words.next()) {
            match turn % 50 {
                7 => drop(client.run(&format!("SECKILL.CONFIRM sale {id}"))),
                n if n % 3 == 0 => drop(client.run(&format!("SECKILL.RELEASE sale {id}"))),
                _ => {}
            }
        }
    }
}
