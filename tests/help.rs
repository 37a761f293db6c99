//! `SECKILL.HELP`.

use crate::harness::Server;
use crate::harness::reply::text;
use redis::Value;

fn lines(shop: &Server, command: &str) -> Vec<String> {
    match shop.run(command) {
        Value::Array(lines) if !lines.is_empty() => lines.iter().map(text).collect(),
        other => panic!("{command} gives {} instead of lines", text(&other)),
    }
}

#[test]
fn help_names_every_command() {
    let shop = Server::start();
    let all = lines(&shop, "SECKILL.HELP").join("\n");
    for command in crate::introspection::COMMANDS {
        assert!(all.contains(command), "{command} in\n{all}");
    }
    assert!(!all.contains("SECKILL.APPLY"), "the internal command is not offered");
}

#[test]
fn help_for_one_command_shows_its_options() {
    let shop = Server::start();
    for name in ["SECKILL.RESERVE", "RESERVE", "reserve"] {
        let text = lines(&shop, &format!("SECKILL.HELP {name}")).join("\n");
        for word in ["QTY", "REQUEST", "DATA"] {
            assert!(text.contains(word), "{word} in\n{text}");
        }
    }
}
