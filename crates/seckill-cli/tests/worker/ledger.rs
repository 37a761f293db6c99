//! What a sale says and what the tables say, to be compared.

use std::collections::BTreeMap;

use order_worker::order::State;
use order_worker::store::{Database, Location};
use redis::Value;

use crate::harness::{Client, reply, wait_until};

/// Reservations with all that both sides know of them, a line each.
type Lines = BTreeMap<i64, String>;

/// Waits until the tables say what the sale says: every reservation once, in its state, and the same stock.
#[track_caller]
pub fn wait_until_equal(shop: &Client, location: &Location, sale: &str) {
    let mut database = location.open().expect("the database opens");
    let stream = shop.field(&["SECKILL.INFO", sale], "stream");
    // What is not acknowledged may still be on its way.
    let mut differs = None;
    let shown = DifferenceOnPanic(&mut differs);
    wait_until("the tables say what the sale says", || {
        *shown.0 = difference(shop, &mut database, sale);
        shown.0.is_none() && backlog(shop, &stream) == 0
    });
}

/// The first difference between a sale and its tables.
pub fn difference(shop: &Client, database: &mut Database, sale: &str) -> Option<String> {
    let (told, kept) = (of_sale(shop, sale), of_tables(database, sale));
    let ids = told.keys().chain(kept.keys());
    let differing = ids.copied().find(|id| told.get(id) != kept.get(id));
    if let Some(id) = differing {
        return Some(format!("{id}: {:?} in the sale, {:?} in the tables", told.get(&id), kept.get(&id)));
    }
    let available = available(shop, sale);
    let stock = stock(database, sale);
    // An unlimited sale has no stock in the tables.
    (available != stock.unwrap_or(-1))
        .then(|| format!("stock: {available} in the sale, {stock:?} in the tables"))
}

/// Entries that nobody was given, and those not acknowledged, by the group `orders`.
pub fn backlog(shop: &Client, stream: &str) -> i64 {
    let Value::Array(groups) = shop.run(&["XINFO", "GROUPS", stream]) else { panic!("{stream} has groups") };
    let groups: Vec<_> = groups.iter().map(reply::pairs).collect();
    let is_orders = |(name, value): &(String, Value)| name == "name" && reply::text(value) == "orders";
    let group = groups.iter().find(|group| group.iter().any(is_orders)).expect("the group orders");
    let number = |wanted: &str| {
        let found = group.iter().find(|(name, _)| name == wanted).map(|(_, value)| reply::text(value));
        found.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0)
    };
    number("lag") + number("pending")
}

/// The stock of a sale in the tables.
pub fn stock(database: &mut Database, sale: &str) -> Option<i64> {
    let products = database.products().expect("products can be read");
    products.into_iter().find(|product| product.sale == sale)?.stock
}

fn of_sale(shop: &Client, sale: &str) -> Lines {
    let mut lines = Lines::new();
    let mut cursor = "0".to_owned();
    loop {
        let Value::Array(page) = shop.run(&["SECKILL.SCAN", sale, &cursor, "COUNT", "1000"]) else {
            panic!("SCAN answers a page");
        };
        cursor = reply::text(&page[0]);
        let Value::Array(ids) = &page[1] else { panic!("SCAN answers ids") };
        let mut get = vec!["SECKILL.GET".to_owned(), sale.to_owned()];
        get.extend(ids.iter().map(reply::text));
        if let (false, Value::Array(found)) = (ids.is_empty(), shop.run(&get)) {
            lines.extend(found.iter().map(told));
        }
        if cursor == "0" {
            return lines;
        }
    }
}

fn told(reservation: &Value) -> (i64, String) {
    let map: BTreeMap<String, String> =
        reply::pairs(reservation).into_iter().map(|(name, value)| (name, reply::text(&value))).collect();
    let word = |name: &str| map.get(name).cloned().unwrap_or_default();
    let state = word("state");
    let refunded =
        if state == "REFUNDED" { word("qty") } else { map.get("refunded").cloned().unwrap_or("0".into()) };
    let deadline =
        if ["HELD", "OFFERED"].contains(&state.as_str()) { word("deadline") } else { "0".to_owned() };
    let line = format!("{} {} {state} {refunded} {deadline}", word("user"), word("qty"));
    (word("id").parse().expect("an id"), line)
}

/// Every reservation of a sale, ascending.
pub fn ids(shop: &Client, sale: &str) -> Vec<i64> {
    of_sale(shop, sale).into_keys().collect()
}

fn of_tables(database: &mut Database, sale: &str) -> Lines {
    let orders = database.orders(sale, 0, i64::MAX).expect("orders can be read");
    let line = |order: &order_worker::order::Order| {
        let state = order.state.map_or("", State::word);
        format!("{} {} {state} {} {}", order.user, order.qty, order.refunded, order.deadline)
    };
    orders.iter().map(|order| (order.reservation, line(order))).collect()
}

fn available(shop: &Client, sale: &str) -> i64 {
    shop.text(&["SECKILL.STOCK", sale]).parse().expect("a stock")
}

/// Shows the last difference when it was waited for in vain.
struct DifferenceOnPanic<'a>(&'a mut Option<String>);

impl Drop for DifferenceOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("last difference: {:?}", self.0);
        }
    }
}
