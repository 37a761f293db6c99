//! Replies as short texts, and patterns for them.

use redis::Value;

/// The reply in one line: elements with blanks between, nested arrays in brackets, `nil`, errors as `-CODE text`.
///
/// A map reads as the flat array that it is in RESP2.
pub fn text(value: &Value) -> String {
    match value {
        Value::Array(items) | Value::Set(items) if !items.is_empty() => join(items),
        Value::Map(pairs) if !pairs.is_empty() => join(&flat(pairs)),
        other => nested(other),
    }
}

fn nested(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::BulkString(bytes) => quoted(bytes),
        Value::SimpleString(word) => word.clone(),
        Value::Okay => "OK".to_owned(),
        Value::Array(items) | Value::Set(items) => format!("[{}]", join(items)),
        Value::Map(pairs) => format!("[{}]", join(&flat(pairs))),
        Value::Double(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::VerbatimString { text, .. } => quoted(text.as_bytes()),
        Value::Push { data, .. } => format!("push[{}]", join(data)),
        Value::ServerError(error) => {
            format!("-{} {}", error.code(), error.details().unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}

fn join(items: &[Value]) -> String {
    items.iter().map(nested).collect::<Vec<_>>().join(" ")
}

fn quoted(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"[]".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    format!("\"{}\"", bytes.escape_ascii())
}

/// Keys and values in turn.
pub fn flat(pairs: &[(Value, Value)]) -> Vec<Value> {
    pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect()
}

/// The pairs of a map in either protocol.
pub fn pairs(value: &Value) -> Vec<(String, Value)> {
    let items = match value {
        Value::Map(pairs) => flat(pairs),
        Value::Array(items) => items.clone(),
        other => panic!("a map was expected instead of {}", text(other)),
    };
    items.chunks(2).map(|pair| (text(&pair[0]), pair.get(1).cloned().unwrap_or(Value::Nil))).collect()
}

/// True if the text fits: `*` is any one word, `**` any number of words,
/// `#n` the n-th id of any epoch, `#` any id, and `@` a time from 2001 on in milliseconds.
pub fn fits(text: &str, pattern: &str) -> bool {
    matches(&tokens(text), &tokens(pattern))
}

fn tokens(line: &str) -> Vec<String> {
    let spaced = line.replace('[', " [ ").replace(']', " ] ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

fn matches(text: &[String], pattern: &[String]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((first, rest)) if first == "**" => (0..=text.len()).any(|at| matches(&text[at..], rest)),
        Some((first, rest)) => {
            text.split_first().is_some_and(|(word, words)| word_fits(word, first) && matches(words, rest))
        }
    }
}

fn word_fits(word: &str, pattern: &str) -> bool {
    match pattern {
        "*" => word != "[" && word != "]",
        "@" => word.parse::<i64>().is_ok_and(|ms| ms > 1_000_000_000_000),
        "#" => word.parse::<u64>().is_ok_and(|id| id & 0xffff_ffff > 0),
        _ => match pattern.strip_prefix('#').and_then(|number| number.parse::<u64>().ok()) {
            Some(number) => word.parse::<u64>().is_ok_and(|id| id & 0xffff_ffff == number),
            None => word == pattern,
        },
    }
}

#[test]
fn a_pattern_fits_what_it_says_and_nothing_else() {
    let id = (7_u64 << 32) + 3;
    assert!(fits(&format!("RESERVED {id} 1700000000000 [a 5]"), "RESERVED #3 @ [a *]"));
    assert!(!fits(&format!("RESERVED {id} 0 5"), "RESERVED #2 0 5"));
    assert!(!fits("RESERVED 1 17 5", "RESERVED #1 @ 5"));
    assert!(fits("SOLDOUT 4 5 6", "SOLDOUT **") && !fits("SOLDOUT 4", "SOLDOUT"));
    assert!(!fits("SOLDOUT 4 5", "SOLDOUT *") && !fits("a [b]", "a *"));
}
