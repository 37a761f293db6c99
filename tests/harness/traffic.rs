//! A seeded stream of operations on a few sales.

use super::client::Client;
use super::random::Random;
use super::reply::text;
use redis::Value;

/// The sales that the operations are about; the last but one is unlimited, the last has no payment step.
pub const SALES: [&str; 4] = ["{a}sale", "{b}sale", "endless", "direct"];

/// Makes the sales.
pub fn open(client: &Client) {
    client.gives("SECKILL.CREATE {a}sale STOCK 60 PERUSER 4", "OK");
    client.gives(
        "SECKILL.CREATE {b}sale STOCK 40 PERUSER 0 MAXHOLD 2000000 GRACE 10 STREAM {a}sale:orders",
        "OK",
    );
    client.gives("SECKILL.CREATE endless STOCK -1 PERUSER 9", "OK");
    client.gives("SECKILL.CREATE direct STOCK 80 PERUSER 2 HOLD 0", "OK");
}

/// Runs so many operations; none of them may be answered with an error other than a mismatch.
#[track_caller]
pub fn run(client: &Client, random: &mut Random, count: usize) {
    let commands: Vec<String> = (0..count).map(|_| operation(random)).collect();
    let replies = client.pipeline(&commands);
    for (command, reply) in commands.iter().zip(replies) {
        let reply = text(&reply);
        let expected =
            !reply.starts_with('-') || reply.starts_with("-MISMATCH") || reply.contains("unlimited");
        assert!(expected, "{command} gives {reply}");
    }
}

/// The books of every sale balance.
#[track_caller]
pub fn balanced(client: &Client) {
    for sale in SALES {
        let audit = client.map(&["SECKILL.AUDIT", sale]);
        assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"), "{sale}: {audit:?}");
        let info = client.map(&["SECKILL.INFO", sale]);
        let total = |name: &str| info[name].parse::<i64>().expect("a number");
        if total("stock_total") >= 0 {
            let parts = total("available") + total("held") + total("confirmed") + total("offered");
            assert_eq!(total("stock_total"), parts, "{sale}: {info:?}");
        }
    }
}

/// Waits until no hold is due within the next moments, so that digests can be compared.
pub fn calm(client: &Client) {
    for sale in SALES {
        client.run(&["SECKILL.ALTER", sale, "GRACE", "0"]);
        let ids = held(client, sale);
        for id in ids {
            client.run(&["SECKILL.EXTEND", sale, &id, "PX", "900000"]);
        }
    }
    super::wait_until("short holds are over", || SALES.iter().all(|sale| short_holds(client, sale) == 0));
}

fn held(client: &Client, sale: &str) -> Vec<String> {
    let Value::Array(parts) = client.run(&["SECKILL.SCAN", sale, "0", "STATE", "HELD", "COUNT", "1000"])
    else {
        return Vec::new();
    };
    let Some(Value::Array(ids)) = parts.get(1) else { return Vec::new() };
    ids.iter().map(text).collect()
}

fn short_holds(client: &Client, sale: &str) -> usize {
    let soon = super::now_ms() + 60_000;
    let due = |id: &String| {
        let shown = client.text(&["SECKILL.GET", sale, id]);
        let mut words = shown.trim_matches(['[', ']']).split_whitespace();
        words.by_ref().find(|word| *word == "deadline");
        words.next().and_then(|ms| ms.parse::<i64>().ok()).is_some_and(|deadline| deadline < soon)
    };
    held(client, sale).iter().filter(|id| due(id)).count()
}

fn operation(random: &mut Random) -> String {
    let sale = random.pick(&SALES);
    let user = format!("u{}", random.below(30));
    let token = format!("t{}", random.below(60));
    let id = random.below(120) + 1;
    match random.below(20) {
        0..=5 => format!("SECKILL.RESERVE {sale} {user} QTY {} REQUEST {token}", random.below(3) + 1),
        6..=7 => format!("SECKILL.RESERVE {sale} {user}"),
        8 => format!("SECKILL.RESERVE {sale} {user} DATA size-{id}"),
        9..=10 => format!("SECKILL.CONFIRM {sale} {id}"),
        11 => format!("SECKILL.CONFIRM {sale} {id} LATE"),
        12..=13 => format!("SECKILL.RELEASE {sale} {id}"),
        14 => format!("SECKILL.EXTEND {sale} {id} PX {}", (random.below(40) + 1) * 50_000),
        15 => format!("SECKILL.REFUND {sale} {id}"),
        16 => format!("SECKILL.REFUND {sale} {id} QTY 1 REQUEST {token}"),
        17 => format!("SECKILL.VOID {sale} {user} REQUEST {token} PX 300"),
        18 => restock(random, sale, &token),
        _ => format!("SECKILL.ALTER {sale} HOLD {}", hold(random, sale)),
    }
}

fn restock(random: &mut Random, sale: &str, token: &str) -> String {
    let norestock = if random.once_in(2) { "NORESTOCK" } else { "" };
    match random.below(3) {
        0 => format!("SECKILL.RESTOCK {sale} {} REQUEST {token}", random.below(9) + 1),
        1 => format!("SECKILL.RESTOCK {sale} -{}", random.below(4) + 1),
        _ => format!("SECKILL.REFUND {sale} {} {norestock}", random.below(60) + 1),
    }
}

/// Some holds are so short that they expire while the operations run.
fn hold(random: &mut Random, sale: &str) -> usize {
    match sale {
        "direct" => 0,
        _ if random.once_in(3) => 5,
        _ => 900_000,
    }
}
