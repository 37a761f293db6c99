//! The types of replies in both versions of the protocol.

use crate::harness::reply::{flat, text};
use crate::harness::{Client, Server};
use redis::Value;

fn arranged() -> Server {
    let shop = Server::start();
    for command in [
        "SECKILL.CREATE sale STOCK 10 PERUSER 0",
        "SECKILL.CREATE endless STOCK -1",
        "SECKILL.RESERVE sale u QTY 2 DATA d",
        "SECKILL.RESERVE sale u",
    ] {
        shop.run(command);
    }
    shop
}

const MAPS: [&str; 3] = ["SECKILL.INFO sale", "SECKILL.AUDIT sale", "SECKILL.USER sale u"];

#[test]
fn a_description_is_a_map_or_a_flat_array() {
    let shop = arranged();
    let modern = shop.client_resp3();
    for command in MAPS {
        assert!(matches!(shop.run(command), Value::Array(items) if items.len() % 2 == 0), "{command}");
        assert!(matches!(modern.run(command), Value::Map(_)), "{command}");
        assert_eq!(names(&shop, command), names(&modern, command));
    }
    let Value::Array(items) = modern.run("SECKILL.GET sale 1 9") else { panic!("GET gives an array") };
    assert!(matches!(items.as_slice(), [Value::Map(_), Value::Nil]), "{items:?}");
    let Value::Array(items) = shop.run("SECKILL.GET sale 1 9") else { panic!("GET gives an array") };
    assert!(matches!(items.as_slice(), [Value::Array(_), Value::Nil]), "{items:?}");
}

fn names(client: &Client, command: &str) -> Vec<String> {
    let items = match client.run(command) {
        Value::Map(pairs) => flat(&pairs),
        Value::Array(items) => items,
        other => panic!("{}", text(&other)),
    };
    items.iter().step_by(2).map(text).collect()
}

#[test]
fn a_status_is_a_simple_string_and_what_follows_are_numbers() {
    let shop = arranged();
    for client in [shop.client(), shop.client_resp3()] {
        for (command, count) in [
            ("SECKILL.RESERVE sale v", 4),
            ("SECKILL.RESERVE sale v QTY 1000000", 2),
            ("SECKILL.RESERVE none v", 1),
            ("SECKILL.CONFIRM sale 1", 3),
            ("SECKILL.RELEASE sale 2", 3),
            ("SECKILL.RELEASE sale 99", 1),
            ("SECKILL.EXTEND sale 1 PX 5", 3),
            ("SECKILL.REFUND sale 2", 2),
            ("SECKILL.RESTOCK sale 1", 3),
            ("SECKILL.VOID sale w REQUEST t PX 9000", 1),
        ] {
            status(&client, command, count);
        }
    }
}

fn status(client: &Client, command: &str, count: usize) {
    let Value::Array(items) = client.run(command) else { panic!("{command} gives an array") };
    assert!(matches!(items[0], Value::SimpleString(_)), "{command}: {items:?}");
    assert!(items[1..].iter().all(|item| matches!(item, Value::Int(_))), "{command}: {items:?}");
    // EXTEND of an order may or may not tell its units.
    assert!(items.len() == count || command.contains("EXTEND"), "{command}: {items:?}");
}

#[test]
fn ok_is_bare_and_nothing_is_null() {
    let shop = arranged();
    for client in [shop.client(), shop.client_resp3()] {
        assert_eq!(client.run("SECKILL.ALTER sale HOLD 5000"), Value::Okay);
        assert_eq!(client.run("SECKILL.INFO none"), Value::Nil);
        let stock = client.run("SECKILL.STOCK sale none endless");
        assert!(
            matches!(&stock, Value::Array(items) if matches!(items[..], [Value::Int(_), Value::Nil, Value::Int(-1)]))
        );
    }
}

#[test]
fn a_scan_gives_a_cursor_and_numbers() {
    let shop = arranged();
    let Value::Array(parts) = shop.run("SECKILL.SCAN sale 0") else { panic!("SCAN gives an array") };
    assert_eq!(
        parts[0],
        Value::BulkString(b"0".to_vec()),
        "the cursor is a string as in the server's own scans"
    );
    assert_eq!(parts[1], Value::Array(vec![Value::Int(1), Value::Int(2)]));
    assert_eq!(
        shop.run("SECKILL.SCAN none 0"),
        Value::Array(vec![Value::BulkString(b"0".to_vec()), Value::Array(vec![])])
    );
}

#[test]
fn users_and_data_are_strings_and_the_rest_numbers() {
    let shop = arranged();
    let modern = shop.client_resp3();
    let Value::Array(items) = modern.run("SECKILL.GET sale 1") else { panic!("GET gives an array") };
    let Some(Value::Map(pairs)) = items.first() else { panic!("GET gives maps") };
    for (name, value) in pairs {
        match text(name).as_str() {
            "user" => assert_eq!(*value, Value::BulkString(b"u".to_vec())),
            "data" => assert_eq!(*value, Value::BulkString(b"d".to_vec())),
            "state" => assert_eq!(text(value), "HELD"),
            other => assert!(matches!(value, Value::Int(_)), "{other} is {value:?}"),
        }
    }
}
