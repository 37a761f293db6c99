//! Every example of the documentation is run, and answers what it says.
//!
//! A block fenced as `console` or `sh` holds commands after `127.0.0.1:6379>` or `redis-cli`, each with the reply
//! below it as `redis-cli` shows it. Blocks of one page run one after another on one new server.
//! A line of a reply is right if it is equal after every number above 10^12, a time or an id of a later epoch,
//! is replaced by a placeholder on both sides; blanks at its ends do not count.
//! An integer from 100,000 to 10^12 may be a time that is left, and so may be 5 seconds off.
//! A command that names such a large number of an earlier reply is run with what the server answered in its place.

use crate::harness::Server;
use crate::harness::words::split;
use redis::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A command of a page and the reply that it is to get.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    line: usize,
    command: String,
    expected: Vec<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_readme_tells_the_truth() {
    let count = run_page(&root().join("README.md"));
    assert!(count > 0, "README.md has no example");
}

#[test]
fn the_pages_of_the_commands_tell_the_truth() {
    let pages = std::fs::read_dir(root().join("docs/commands")).expect("docs/commands exists");
    let paths = pages.map(|page| page.expect("a page").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.sort();
    let counts: Vec<(PathBuf, usize)> =
        paths.into_iter().map(|path| (path.clone(), run_page(&path))).collect();
    assert!(counts.iter().map(|(_, count)| count).sum::<usize>() > 0, "no page has an example");
    let bare: Vec<&PathBuf> = counts.iter().filter(|(_, count)| *count == 0).map(|(path, _)| path).collect();
    assert!(bare.is_empty(), "pages without an example: {bare:?}");
}

/// Runs all examples of a page and says how many there are.
fn run_page(path: &Path) -> usize {
    let page = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let examples = examples(&page);
    if examples.is_empty() {
        return 0;
    }
    let shop = Server::start();
    let mut told = HashMap::new();
    let wrong: Vec<String> =
        examples.iter().filter_map(|example| difference(&shop, example, &mut told)).collect();
    assert!(wrong.is_empty(), "{}:\n{}", path.display(), wrong.join("\n"));
    examples.len()
}

/// Runs an example; `told` is what the server said where the page has a large number.
fn difference(shop: &Server, example: &Example, told: &mut HashMap<String, String>) -> Option<String> {
    let reply = shop.run(&split(&with_numbers(&example.command, told)));
    let shown = shown(&reply, "");
    let lines = || example.expected.iter().map(String::as_str).zip(shown.lines());
    let alike = example.expected.len() == shown.lines().count() && lines().all(|(a, b)| is_alike(a, b));
    let numbers =
        lines().flat_map(|(page, server)| large_numbers(page).into_iter().zip(large_numbers(server)));
    told.extend(numbers.map(|(page, server)| (page.to_owned(), server.to_owned())));
    (!alike).then(|| {
        let (shown, expected) = (shown.replace('\n', "\n  "), example.expected.join("\n  "));
        format!("line {}: {}\n gives\n  {shown}\n instead of\n  {expected}", example.line, example.command)
    })
}

/// Milliseconds that may pass between an example and its reply.
const OFF_MS: u64 = 5_000;

/// Whether a line of the page and a line of the server say the same.
fn is_alike(page: &str, server: &str) -> bool {
    let left = |line: &str| line.rsplit_once("(integer) ")?.1.trim().parse::<u64>().ok();
    let near = left(page)
        .zip(left(server))
        .is_some_and(|(page, server)| page.min(server) >= 100_000 && page.abs_diff(server) <= OFF_MS);
    near || comparable(page) == comparable(server)
}

/// The numbers above 10^12 in a line.
fn large_numbers(line: &str) -> Vec<&str> {
    let numbers = line.split(|char: char| !char.is_ascii_digit());
    numbers.filter(|digits| is_large(digits)).collect()
}

fn is_large(digits: &str) -> bool {
    digits.parse::<u64>().is_ok_and(|number| number > 1_000_000_000_000)
}

fn with_numbers(command: &str, told: &HashMap<String, String>) -> String {
    let words = command.split(' ').map(|word| told.get(word).map_or(word, String::as_str));
    words.collect::<Vec<_>>().join(" ")
}

/// The examples of a page, in order.
fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let (mut inside, mut open) = (false, false);
    for (at, line) in page.lines().enumerate() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            inside = !inside && ["console", "sh"].contains(&fence.trim());
            open = false;
        } else if let Some(command) = command(line).filter(|_| inside) {
            found.push(Example { line: at + 1, command, expected: Vec::new() });
            open = true;
        } else if line.trim().is_empty() || line.starts_with("$ ") {
            open = false;
        } else if let Some(example) = found.last_mut().filter(|_| inside && open) {
            example.expected.push(line.to_owned());
        }
    }
    found
}

/// The command behind a prompt, without its comment.
fn command(line: &str) -> Option<String> {
    let line = line.trim_start();
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let command = line.strip_prefix("127.0.0.1:6379>").or_else(|| line.strip_prefix("redis-cli "))?;
    let command = command.split(" # ").next().unwrap_or_default().trim();
    (!command.is_empty() && !command.starts_with('-')).then(|| command.to_owned())
}

/// Numbers above 10^12 become a placeholder.
fn comparable(line: &str) -> String {
    let mut result = String::new();
    let mut digits = String::new();
    for char in line.trim().chars().chain(['\n']) {
        if char.is_ascii_digit() {
            digits.push(char);
            continue;
        }
        result.push_str(if is_large(&digits) { "<large>" } else { &digits });
        digits.clear();
        result.push(char);
    }
    result.trim_end().to_owned()
}

/// The reply as `redis-cli` shows it on a terminal.
fn shown(reply: &Value, indent: &str) -> String {
    match reply {
        Value::Nil => "(nil)".to_owned(),
        Value::Okay => "OK".to_owned(),
        Value::Int(number) => format!("(integer) {number}"),
        Value::SimpleString(word) => word.clone(),
        Value::BulkString(bytes) => format!("\"{}\"", bytes.escape_ascii().to_string().replace("\\'", "'")),
        Value::ServerError(error) => {
            format!("(error) {} {}", error.code(), error.details().unwrap_or_default())
        }
        Value::Array(items) if items.is_empty() => "(empty array)".to_owned(),
        Value::Array(items) => listed(items, indent),
        other => format!("{other:?}"),
    }
}

/// Numbered lines; what is nested begins on the line of its number.
fn listed(items: &[Value], indent: &str) -> String {
    let width = items.len().to_string().len();
    let deeper = format!("{indent}{}", " ".repeat(width + 2));
    let line = |(at, item): (usize, &Value)| {
        let lead = if at == 0 { "" } else { indent };
        format!("{lead}{:>width$}) {}", at + 1, shown(item, &deeper))
    };
    items.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn examples_are_found_with_their_replies() {
    let page = "text\n```console\n127.0.0.1:6379> PING # always\nPONG\n$ redis-cli STOCK a\n1) (integer) 5\n\nnot\n```\n\
                ```rust\n127.0.0.1:6379> NO\n```\n";
    let found = examples(page);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].command.as_str(), found[0].expected.join("|").as_str()), ("PING", "PONG"));
    assert_eq!(
        (found[1].command.as_str(), found[1].expected.join("|").as_str()),
        ("STOCK a", "1) (integer) 5")
    );
}

#[test]
fn replies_are_shown_as_the_command_line_client_shows_them() {
    let inner = Value::Array(vec![Value::BulkString(b"a\0".to_vec()), Value::Int(2)]);
    let reply = Value::Array(vec![inner, Value::Nil, Value::SimpleString("RESERVED".to_owned())]);
    assert_eq!(shown(&reply, ""), "1) 1) \"a\\x00\"\n   2) (integer) 2\n2) (nil)\n3) RESERVED");
}

#[test]
fn a_number_that_the_server_told_is_used_again() {
    let told = HashMap::from([("1700000000000".to_owned(), "1800000000000".to_owned())]);
    assert_eq!(with_numbers("FILL key 1700000000000 PX 5", &told), "FILL key 1800000000000 PX 5");
    assert_eq!(large_numbers("2) (integer) 1700000000000"), ["1700000000000"]);
}

#[test]
fn a_time_that_is_left_may_be_a_little_off() {
    assert!(is_alike("3) (integer) 599998", "3) (integer) 599001"));
    assert!(!is_alike("3) (integer) 599998", "3) (integer) 590000"));
    assert!(!is_alike("3) (integer) 5000", "3) (integer) 4999"));
}

#[test]
fn only_large_numbers_are_alike() {
    assert_eq!(comparable(" 2) (integer) 1700000000000"), comparable("2) (integer) 1800000000000 "));
    assert_ne!(comparable("(integer) 5"), comparable("(integer) 6"));
    assert_eq!(comparable("\"1700000000000-0\""), "\"<large>-0\"");
}
