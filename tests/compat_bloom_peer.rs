//! `BF.*` against RedisBloom itself: the same commands to both, and the same replies.
//!
//! `SECKILL_REDISBLOOM` names its library; without it these tests are skipped.

use crate::harness::reply::text;
use crate::harness::{Client, Random, Server, rounds};
use redis::Value;
use std::collections::{BTreeMap, BTreeSet};

const COMMANDS: usize = 20_000;
/// Filters whose layers grow as RedisBloom's do, and filters so small that a later layer may be made for more items.
const KEYS: [&str; 8] =
    ["plain:1", "plain:2", "plain:3", "tiny:1", "tiny:2", "tiny:3", "text", "bytes\0\u{7f}"];
const ERRORS: [&str; 4] = ["0.05", "0.01", "0.001", "1e-3"];
const NO_ERRORS: [&str; 9] = ["0", "1", "-0.5", "nan", "inf", "-inf", "what", "", "0.1x"];
const NO_NUMBERS: [&str; 7] = ["0", "-1", "1.5", "what", "", "9223372036854775808", "010"];
const FIGURES: [&str; 6] = ["CAPACITY", "filters", "ITEMS", "Expansion", "what", ""];

type Words = Vec<String>;

#[test]
fn replies_are_those_of_redis_bloom_whatever_is_asked() {
    let Some(library) = library() else { return };
    let mut random = Random::seeded("RedisBloom");
    let theirs = Server::with(&[&format!("loadmodule {library}")]);
    let ours = Server::with(&["loadmodule compat"]);
    let clients = |server: &Server| [server.client(), server.client_resp3()];
    let mut twins = Twins {
        theirs: clients(&theirs),
        ours: clients(&ours),
        members: BTreeMap::new(),
        strangers: 0,
        errors: 0,
    };
    twins.both(0, &["SET".to_owned(), "text".to_owned(), "x".to_owned()]);
    let commands = rounds(COMMANDS);
    for _ in 0..commands {
        let command = command(&mut random);
        twins.compare(random.below(2), &command);
    }
    let Twins { strangers, errors, .. } = twins;
    eprintln!("{commands} commands, {errors} errors, {strangers} strangers that one took for members");
    assert!(errors > commands / 50, "bad input is tried too");
    assert!(strangers < commands / 20, "{strangers} strangers are too many");
}

#[test]
fn names_that_redis_bloom_has_stay_its_own() {
    let Some(library) = library() else { return };
    let shop = Server::with(&[&format!("loadmodule {library}"), "loadmodule compat"]);
    shop.gives("BF.ADD theirs a", "1");
    shop.gives("TYPE theirs", "MBbloom--");
    shop.gives("SECKILL.BFADD ours a", "1");
    shop.gives("CL.THROTTLE user 15 30 60", "0 16 15 -1 2");
    assert_eq!(shop.log().matches("another module has bf.").count(), 8, "{}", shop.log());
}

/// RedisBloom's library.
fn library() -> Option<String> {
    let library = std::env::var("SECKILL_REDISBLOOM").ok();
    if library.is_none() {
        eprintln!("skipped: SECKILL_REDISBLOOM names no redisbloom.so");
    }
    library
}

/// Both servers, by protocol, and what was put into their filters.
struct Twins {
    theirs: [Client; 2],
    ours: [Client; 2],
    members: BTreeMap<String, BTreeSet<String>>,
    strangers: usize,
    errors: usize,
}

impl Twins {
    fn both(&self, protocol: usize, command: &[String]) -> (Value, Value) {
        (self.theirs[protocol].run(command), self.ours[protocol].run(command))
    }

    fn compare(&mut self, protocol: usize, command: &Words) {
        let (theirs, ours) = self.both(protocol, command);
        self.errors += usize::from(matches!(theirs, Value::ServerError(_)));
        let name = command[0].to_uppercase();
        let shown = format!("{command:?}\n theirs {}\n   ours {}", text(&theirs), text(&ours));
        if name == "BF.INFO" {
            assert_eq!(comparable(&theirs, command), comparable(&ours, command), "{shown}");
        } else if let Some(at) = first_difference(&theirs, &ours) {
            let item = items(command).get(at).unwrap_or_else(|| panic!("{shown}"));
            self.stranger(command, item, &shown);
        } else {
            assert_eq!(format!("{theirs:?}"), format!("{ours:?}"), "{shown}");
            self.learn(&name, command, &theirs);
        }
    }

    /// Only an item that was never added may be answered differently. Both begin again with an empty key.
    fn stranger(&mut self, command: &Words, item: &String, shown: &str) {
        let known = self.members.get(&command[1]).is_some_and(|members| members.contains(item));
        assert!(!known, "{shown}\n {item} was added");
        self.strangers += 1;
        self.both(0, &["DEL".to_owned(), command[1].clone()]);
        self.members.remove(&command[1]);
    }

    fn learn(&mut self, name: &str, command: &Words, reply: &Value) {
        let Some(key) = command.get(1) else { return };
        let asks = name.ends_with("EXISTS");
        match name {
            "DEL" => drop(self.members.remove(key)),
            "BF.ADD" | "BF.MADD" | "BF.INSERT" | "BF.EXISTS" | "BF.MEXISTS" => {
                for (item, answer) in items(command).iter().zip(answers(reply)) {
                    let members = self.members.entry(key.clone()).or_default();
                    assert!(!asks || answer != Answer::No || !members.contains(item), "{item} is forgotten");
                    if !asks && answer == Answer::Yes {
                        members.insert(item.clone());
                    }
                }
            }
            _ => {}
        }
    }
}

/// The items of a command that has any.
fn items(command: &Words) -> &[String] {
    let from = if command[0].eq_ignore_ascii_case("BF.INSERT") {
        command.iter().position(|word| word.eq_ignore_ascii_case("ITEMS")).map_or(command.len(), |at| at + 1)
    } else {
        command.len().min(2)
    };
    &command[from..]
}

/// What is said of an item.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Yes,
    No,
    /// It is not in a filter that takes no more.
    Full,
    Other,
}

fn answers(reply: &Value) -> Vec<Answer> {
    let answer = |value: &Value| match value {
        Value::Int(1) | Value::Boolean(true) => Answer::Yes,
        Value::Int(0) | Value::Boolean(false) => Answer::No,
        Value::ServerError(error) if error.details() == Some("non scaling filter is full") => Answer::Full,
        _ => Answer::Other,
    };
    match reply {
        Value::Array(values) => values.iter().map(answer).collect(),
        other => vec![answer(other)],
    }
}

/// Where one takes an item for a member and the other does not.
fn first_difference(theirs: &Value, ours: &Value) -> Option<usize> {
    let (theirs, ours) = (answers(theirs), answers(ours));
    let at = theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours)?;
    let both = [theirs[at], ours[at]];
    (both.contains(&Answer::No) && !both.contains(&Answer::Other)).then_some(at)
}

/// `BF.INFO` without what may differ: the bytes, and how small filters grow.
fn comparable(reply: &Value, command: &Words) -> String {
    let tiny = command.get(1).is_some_and(|key| !key.starts_with("plain"));
    let asked = command.get(2).map_or("", String::as_str).to_uppercase();
    let mut masked: Vec<&str> = vec!["Size"];
    if tiny {
        masked.extend(["Capacity", "Number of filters"]);
    }
    let mask = |name: &Value, value: &Value| match name {
        Value::SimpleString(name) if masked.contains(&name.as_str()) => (name.clone(), Value::Nil),
        other => (format!("{other:?}"), value.clone()),
    };
    match reply {
        Value::Array(one) if one.len() == 1 && tiny && ["CAPACITY", "FILTERS"].contains(&asked.as_str()) => {
            String::new()
        }
        Value::Array(all) if all.len() > 1 => {
            format!("{:?}", all.chunks(2).map(|pair| mask(&pair[0], &pair[1])).collect::<Vec<_>>())
        }
        Value::Map(pairs) => {
            format!("{:?}", pairs.iter().map(|(name, value)| mask(name, value)).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    }
}

/// A command, now and then with a word missing or too many.
fn command(random: &mut Random) -> Words {
    let key = random.pick(&KEYS).to_owned();
    let plain = key.starts_with("plain");
    let (name, mut rest) = match random.below(30) {
        0 => ("BF.RESERVE", reserve(random, plain)),
        1..=3 => ("bf.insert", insert(random, plain)),
        4..=8 => ("BF.ADD", vec![item(random)]),
        9..=15 => ("BF.MADD", some_items(random)),
        16..=19 => ("BF.EXISTS", vec![item(random)]),
        20..=24 => ("BF.MEXISTS", some_items(random)),
        25..=26 => ("BF.CARD", vec![]),
        27..=28 => ("BF.INFO", figure(random)),
        _ if random.once_in(10) && key != "text" => ("DEL", vec![]),
        _ => ("Bf.Reserve", reserve(random, plain)),
    };
    rest.splice(..0, [name.to_owned(), key]);
    if name != "DEL" && random.once_in(25) {
        if random.once_in(2) {
            let at = random.below(rest.len() - 1) + 1;
            // Without ERROR, or with it as the key, RedisBloom takes "nan" and "inf" for NONSCALING and ITEMS.
            let mut needed = rest[at..].iter().take(if at == 1 { 2 } else { 1 });
            if !needed.any(|word| word.eq_ignore_ascii_case("ERROR")) {
                rest.remove(at);
            }
        } else {
            rest.push(item(random));
        }
    }
    rest
}

fn figure(random: &mut Random) -> Words {
    if random.once_in(2) { vec![] } else { vec![random.pick(&FIGURES).to_owned()] }
}

fn item(random: &mut Random) -> String {
    match random.below(3_000) {
        0 => String::new(),
        1 => "\0".to_owned(),
        2 => "m\r\n\0\u{ff}".to_owned(),
        number => format!("m:{number}"),
    }
}

fn some_items(random: &mut Random) -> Words {
    (0..=random.below(20)).map(|_| item(random)).collect()
}

fn error(random: &mut Random) -> String {
    if random.once_in(8) { random.pick(&NO_ERRORS) } else { random.pick(&ERRORS) }.to_owned()
}

fn number(random: &mut Random, choices: &[&str]) -> String {
    if random.once_in(8) { random.pick(&NO_NUMBERS) } else { random.pick(choices) }.to_owned()
}

fn capacity(random: &mut Random, plain: bool) -> String {
    number(random, if plain { &["200", "500", "1000"] } else { &["1", "2", "7", "30"] })
}

fn growth(random: &mut Random, plain: bool) -> Words {
    let factor = number(random, if plain { &["2", "4"] } else { &["1", "2", "3"] });
    match random.below(8) {
        0 => vec!["NONSCALING".to_owned()],
        1 => vec!["nonscaling".to_owned(), "EXPANSION".to_owned(), factor],
        2 | 3 => vec!["expansion".to_owned(), factor],
        _ => vec![],
    }
}

fn reserve(random: &mut Random, plain: bool) -> Words {
    let mut words = vec![error(random), capacity(random, plain)];
    words.extend(growth(random, plain));
    words
}

fn insert(random: &mut Random, plain: bool) -> Words {
    let mut words = growth(random, plain);
    if random.once_in(4) {
        words.extend(["CAPACITY".to_owned(), capacity(random, plain)]);
    } else if random.once_in(2) {
        words.extend(["error".to_owned(), error(random), "capacity".to_owned(), capacity(random, plain)]);
    }
    if random.once_in(4) {
        words.push("NOCREATE".to_owned());
    }
    if random.once_in(20) {
        words.push("WHAT".to_owned());
    }
    words.push(random.pick(&["ITEMS", "items"]).to_owned());
    words.extend(some_items(random));
    words
}
