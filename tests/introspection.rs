//! What the server knows of the commands.

use crate::harness::Server;
use crate::harness::reply::{pairs, text};
use redis::Value;

/// Every command that is offered.
pub const COMMANDS: &[&str] = &[
    "SECKILL.CREATE",
    "SECKILL.ALTER",
    "SECKILL.RESTOCK",
    "SECKILL.RESERVE",
    "SECKILL.CONFIRM",
    "SECKILL.RELEASE",
    "SECKILL.EXTEND",
    "SECKILL.REFUND",
    "SECKILL.VOID",
    "SECKILL.ADOPT",
    "SECKILL.STOCK",
    "SECKILL.GET",
    "SECKILL.USER",
    "SECKILL.SCAN",
    "SECKILL.INFO",
    "SECKILL.AUDIT",
    "SECKILL.CURVE",
    "SECKILL.TICKET",
    "SECKILL.MRESERVE",
    "SECKILL.MCONFIRM",
    "SECKILL.MRELEASE",
    "SECKILL.LOCK",
    "SECKILL.UNLOCK",
    "SECKILL.RENEW",
    "SECKILL.LOCKINFO",
    "SECKILL.FENCE",
    "SECKILL.LIMIT",
    "SECKILL.MLIMIT",
    "SECKILL.FETCH",
    "SECKILL.FILL",
    "SECKILL.INVALIDATE",
    "SECKILL.BFCREATE",
    "SECKILL.BFADD",
    "SECKILL.BFEXISTS",
    "SECKILL.BFDEL",
    "SECKILL.BFREBUILD",
    "SECKILL.BFINFO",
    "SECKILL.HELP",
];

const READING: &[&str] = &[
    "LOCKINFO", "BFEXISTS", "BFINFO", "TICKET", "STOCK", "GET", "USER", "SCAN", "INFO", "AUDIT", "CURVE",
    "HELP",
];
const TAKING_ON: &[&str] = &[
    "CREATE",
    "RESERVE",
    "ADOPT",
    "MRESERVE",
    "LOCK",
    "LIMIT",
    "MLIMIT",
    "BFCREATE",
    "BFADD",
    "BFREBUILD",
    "FETCH",
    "FILL",
];
const SETTLING: &[&str] = &[
    "CONFIRM",
    "MCONFIRM",
    "RELEASE",
    "MRELEASE",
    "REFUND",
    "VOID",
    "UNLOCK",
    "RENEW",
    "FENCE",
    "BFDEL",
    "INVALIDATE",
];

fn flags(shop: &Server, command: &str) -> String {
    let Value::Array(infos) = shop.run(&["COMMAND", "INFO", command]) else {
        panic!("COMMAND INFO gives an array")
    };
    let Some(Value::Array(info)) = infos.first() else { panic!("{command} is not known") };
    format!(" {} ", text(&info[2]))
}

#[test]
fn flags_say_what_a_command_does() {
    let shop = Server::start();
    for command in COMMANDS {
        let flags = flags(&shop, command);
        let verb = command.trim_start_matches("SECKILL.");
        let reads = READING.contains(&verb);
        let has = |flag: &str| flags.contains(&format!(" {flag} "));
        assert!(has("module"), "{command}: {flags}");
        assert_eq!(has("write"), !reads, "{command}: {flags}");
        assert_eq!(has("readonly"), reads && verb != "HELP", "{command}: {flags}");
        if TAKING_ON.contains(&verb) || SETTLING.contains(&verb) || reads {
            assert_eq!(has("denyoom"), TAKING_ON.contains(&verb), "{command}: {flags}");
        }
    }
    assert!(!flags(&shop, "SECKILL.APPLY").contains(" denyoom "));
}

#[test]
fn keys_are_found_by_the_server() {
    let shop = Server::start();
    for (command, keys) in [
        ("SECKILL.RESERVE k u QTY 2 REQUEST t", "k"),
        ("SECKILL.CONFIRM k 1 LATE", "k"),
        ("SECKILL.STOCK a b c", "a b c"),
        ("SECKILL.GET k 1 2 3", "k"),
        ("SECKILL.CREATE k STOCK 5", "k"),
        ("SECKILL.CREATE k STOCK 5 STREAM s", "k s"),
        ("SECKILL.CREATE k STREAM s STOCK 5 GROUP g", "k s"),
        ("SECKILL.ALTER k HOLD 5", "k"),
        ("SECKILL.ADOPT k 1 u QTY 1 STATE HELD", "k"),
        ("SECKILL.INFO k", "k"),
        ("SECKILL.SCAN k 0", "k"),
        ("SECKILL.FETCH k LEASE 5", "k"),
        ("SECKILL.FETCH k LEASE 5 GUARD f GUARD", "k f"),
        ("SECKILL.FILL k 1 ABSENT PX 5", "k"),
        ("SECKILL.INVALIDATE a b c", "a b c"),
        ("SECKILL.LIMIT k 5 1000 COST 2", "k"),
        ("SECKILL.MLIMIT 2 a b RATE 5 1000 PEEK", "a b"),
        ("SECKILL.MRESERVE 2 a b u QTY 1 1", "a b"),
        ("SECKILL.MCONFIRM 3 a b a u REQUEST t", "a b a"),
        ("SECKILL.MRELEASE 1 a u REQUEST t", "a"),
        ("SECKILL.BFCREATE k CAPACITY 5", "k"),
        ("SECKILL.BFADD k a b", "k"),
        ("SECKILL.BFEXISTS k a b", "k"),
        ("SECKILL.BFDEL k a b", "k"),
        ("SECKILL.BFREBUILD k ADD a b", "k"),
        ("SECKILL.BFINFO k", "k"),
    ] {
        shop.gives(&format!("COMMAND GETKEYS {command}"), keys);
    }
}

#[test]
fn key_access_is_declared() {
    let shop = Server::start();
    let of = |command: &str| shop.text(&format!("COMMAND GETKEYSANDFLAGS {command}"));
    let reading = of("SECKILL.GET k 1");
    assert!(reading.contains("RO") && !reading.contains("RW"), "{reading}");
    let writing = of("SECKILL.RESERVE k u");
    assert!(writing.contains("RW"), "{writing}");
}

#[test]
fn every_command_is_documented() {
    let shop = Server::start();
    for command in COMMANDS {
        let docs = pairs(&shop.run(&["COMMAND", "DOCS", command]));
        let (_, doc) = docs.first().unwrap_or_else(|| panic!("no docs of {command}"));
        let doc = pairs(doc);
        let find = |name: &str| doc.iter().find(|(key, _)| key == name).map(|(_, value)| text(value));
        for name in ["summary", "since", "complexity"] {
            assert!(find(name).is_some_and(|value| value.len() > 2), "{command} has {name}: {doc:?}");
        }
        let arguments = find("arguments").unwrap_or_default();
        assert!(!arguments.is_empty(), "{command} has arguments");
    }
}

#[test]
fn documented_options_are_those_that_work() {
    let shop = Server::start();
    for (command, options) in [
        (
            "SECKILL.CREATE",
            &["STOCK", "START", "END", "HOLD", "GRACE", "MAXHOLD", "PERUSER", "STREAM", "GROUP"][..],
        ),
        (
            "SECKILL.ALTER",
            &[
                "START",
                "END",
                "HOLD",
                "GRACE",
                "MAXHOLD",
                "PERUSER",
                "RATE",
                "USERRATE",
                "IPRATE",
                "MINTIER",
                "TIERSTART",
                "ONFAILOVER",
                "STATE",
            ],
        ),
        ("SECKILL.RESERVE", &["QTY", "REQUEST", "IP", "TIER", "TICKET", "DATA"]),
        ("SECKILL.MRESERVE", &["QTY", "REQUEST", "IP", "TIER", "TICKET", "DATA"]),
        ("SECKILL.MCONFIRM", &["REQUEST"]),
        ("SECKILL.MRELEASE", &["REQUEST"]),
        ("SECKILL.TICKET", &["PX", "TIER"]),
        ("SECKILL.CONFIRM", &["LATE"]),
        ("SECKILL.EXTEND", &["PX"]),
        ("SECKILL.REFUND", &["QTY", "REQUEST", "NORESTOCK"]),
        ("SECKILL.VOID", &["REQUEST", "PX"]),
        ("SECKILL.ADOPT", &["QTY", "STATE", "HELD", "CONFIRMED", "PXAT"]),
        ("SECKILL.SCAN", &["STATE", "COUNT"]),
        ("SECKILL.CURVE", &["SECONDS"]),
        ("SECKILL.RESTOCK", &["REQUEST"]),
        ("SECKILL.FETCH", &["GUARD", "LEASE", "BLOCK"]),
        ("SECKILL.BFCREATE", &["CAPACITY", "ERROR", "EXPANSION", "NONSCALING"]),
        ("SECKILL.BFREBUILD", &["BEGIN", "CAPACITY", "ERROR", "ADD", "COMMIT", "ABORT"]),
        ("SECKILL.FILL", &["VALUE", "ABSENT", "PX", "STALE"]),
        ("SECKILL.LIMIT", &["BURST", "COST", "PEEK", "REFUND"]),
        ("SECKILL.MLIMIT", &["RATE", "BURST", "COST", "PEEK", "REFUND"]),
    ] {
        let docs = text(&shop.run(&["COMMAND", "DOCS", command]));
        for option in options {
            assert!(docs.contains(&format!("token {option}")), "{command} documents {option}: {docs}");
        }
    }
}

#[test]
fn arity_is_enforced_before_the_command_runs() {
    let shop = Server::start();
    for command in COMMANDS.iter().filter(|name| !name.ends_with("HELP")) {
        shop.fails(*command, "ERR wrong number of arguments");
    }
}

#[test]
fn the_module_is_listed() {
    let shop = Server::start();
    let modules = shop.text("MODULE LIST");
    assert!(modules.contains("name seckill"), "{modules}");
}

#[test]
fn no_command_is_forgotten_here() {
    let shop = Server::start();
    let listed = shop.text("COMMAND LIST FILTERBY MODULE seckill").to_uppercase();
    let mut listed: Vec<&str> = listed.split_whitespace().collect();
    listed.sort_unstable();
    let mut known: Vec<&str> = COMMANDS.iter().copied().chain(["SECKILL.APPLY"]).collect();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn categories_part_reading_from_writing() {
    let shop = Server::start();
    if shop.server_info("server", "redis_version").starts_with("7.0.") {
        eprintln!("this server lets no module choose categories");
        return;
    }
    for (rule, may_read, may_write) in
        [("+@read", true, false), ("+@write", false, true), ("+@all -@write", true, false)]
    {
        shop.gives(&format!("ACL SETUSER someone on nopass resetkeys ~* -@all {rule}"), "OK");
        let may = |command: &str| shop.text(&format!("ACL DRYRUN someone {command}")) == "OK";
        assert_eq!(may("SECKILL.STOCK sale"), may_read, "STOCK with {rule}");
        assert_eq!(may("SECKILL.GET sale 1"), may_read, "GET with {rule}");
        assert_eq!(may("SECKILL.RESERVE sale u"), may_write, "RESERVE with {rule}");
        assert_eq!(may("SECKILL.CONFIRM sale 1"), may_write, "CONFIRM with {rule}");
    }
}
