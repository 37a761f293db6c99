//! A command's synopsis, from what `COMMAND DOCS` tells of its arguments.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};
use redis::{FromRedisValue, Value, from_redis_value};

type Map = HashMap<String, Value>;

/// The flags that tell a reader something; the others depend on the server's version.
const FLAGS: [&str; 6] = ["admin", "blocking", "denyoom", "fast", "readonly", "write"];

/// The generated part of a page: summary, synopsis, and a line of facts.
pub fn header(name: &str, docs: &Map, flags: Vec<String>) -> Result<String> {
    let summary: String = field(docs, "summary")?.context("no summary")?;
    let since: String = field(docs, "since")?.context("no since")?;
    let complexity: Option<String> = field(docs, "complexity")?;
    let synopsis = [name.to_uppercase()].into_iter().chain(arguments(docs)?).collect::<Vec<_>>().join(" ");
    let flags: BTreeSet<&str> =
        flags.iter().map(String::as_str).filter(|flag| FLAGS.contains(flag)).collect();
    let facts = [Some(format!("since {since}")), complexity]
        .into_iter()
        .flatten()
        .chain((!flags.is_empty()).then(|| flags.into_iter().collect::<Vec<_>>().join(", ")));
    let facts = facts.collect::<Vec<_>>().join(" · ");
    Ok(format!("{summary}\n\n```text\n{synopsis}\n```\n\n{facts}\n"))
}

/// The option words of a command, those inside others too.
pub fn words(of: &Map) -> Result<Vec<String>> {
    let arguments: Vec<Map> = field(of, "arguments")?.unwrap_or_default();
    let mut found = Vec::new();
    for argument in &arguments {
        found.extend(field::<String>(argument, "token")?);
        found.extend(words(argument)?);
    }
    Ok(found)
}

fn arguments(of: &Map) -> Result<Vec<String>> {
    let arguments: Vec<Map> = field(of, "arguments")?.unwrap_or_default();
    arguments.iter().map(argument).collect()
}

fn argument(argument: &Map) -> Result<String> {
    let kind: String = field(argument, "type")?.context("an argument without a type")?;
    let name: String = field(argument, "name")?.context("an argument without a name")?;
    let shown: String = field(argument, "display_text")?.unwrap_or(name);
    let token: Option<String> = field(argument, "token")?;
    let flags: Vec<String> = field(argument, "flags")?.unwrap_or_default();
    let has = |flag: &str| flags.iter().any(|f| f == flag);
    let value = match kind.as_str() {
        "pure-token" => None,
        "oneof" => Some(arguments(argument)?.join(" | ")),
        "block" => Some(arguments(argument)?.join(" ")),
        _ => Some(shown),
    };
    let alternatives = kind == "oneof" && (token.is_some() || !has("optional"));
    let value = value.map(|value| if alternatives { format!("<{value}>") } else { value });
    let repeated = match (&token, value) {
        (Some(token), Some(value)) if has("multiple_token") => {
            format!("{token} {value} [{token} {value} ...]")
        }
        (Some(token), Some(value)) if has("multiple") => format!("{token} {value} [{value} ...]"),
        (Some(token), Some(value)) => format!("{token} {value}"),
        (None, Some(value)) if has("multiple") => format!("{value} [{value} ...]"),
        (Some(word), None) => word.clone(),
        (None, value) => value.unwrap_or_default(),
    };
    Ok(if has("optional") { format!("[{repeated}]") } else { repeated })
}

fn field<T: FromRedisValue>(map: &Map, name: &str) -> Result<Option<T>> {
    let value = map.get(name).cloned();
    value.map(from_redis_value).transpose().with_context(|| format!("field {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn list(words: &[&str]) -> Value {
        Value::Array(words.iter().map(|word| text(word)).collect())
    }

    /// An argument as a server sends it: names and values by turns.
    fn sent(fields: &[(&str, Value)]) -> Value {
        Value::Array(fields.iter().flat_map(|(name, value)| [text(name), value.clone()]).collect())
    }

    fn plain(name: &str) -> Value {
        sent(&[("name", text(name)), ("type", text("string"))])
    }

    #[test]
    fn every_kind_of_argument_is_shown_as_the_server_documents_it() {
        let word = |word| sent(&[("name", text("w")), ("type", text("pure-token")), ("token", text(word))]);
        let choice = sent(&[
            ("name", text("state")),
            ("type", text("oneof")),
            ("token", text("STATE")),
            ("flags", list(&["optional"])),
            ("arguments", Value::Array(vec![word("OPEN"), word("PAUSED")])),
        ]);
        let keys = sent(&[("name", text("sale")), ("type", text("key")), ("flags", list(&["multiple"]))]);
        let rate = sent(&[
            ("name", text("rate")),
            ("type", text("block")),
            ("token", text("RATE")),
            ("flags", list(&["optional"])),
            ("arguments", Value::Array(vec![plain("count"), plain("period")])),
        ]);
        let docs = Map::from([
            ("summary".to_owned(), text("Does it.")),
            ("since".to_owned(), text("0.1.0")),
            ("complexity".to_owned(), text("O(1)")),
            ("arguments".to_owned(), Value::Array(vec![keys, plain("user"), rate, choice])),
        ]);
        assert_eq!(words(&docs).unwrap(), ["RATE", "STATE", "OPEN", "PAUSED"]);
        let flags = ["write", "fast", "module"].map(str::to_owned).to_vec();
        assert_eq!(
            header("seckill.do", &docs, flags).unwrap(),
            "Does it.\n\n```text\nSECKILL.DO sale [sale ...] user [RATE count period] [STATE <OPEN | PAUSED>]\n```\n\n\
             since 0.1.0 · O(1) · fast, write\n"
        );
    }

    #[test]
    fn a_command_without_arguments_is_its_name() {
        let docs = Map::from([("summary".to_owned(), text("Helps.")), ("since".to_owned(), text("0.1.0"))]);
        assert_eq!(
            header("seckill.help", &docs, Vec::new()).unwrap(),
            "Helps.\n\n```text\nSECKILL.HELP\n```\n\nsince 0.1.0\n"
        );
    }
}
