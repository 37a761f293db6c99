//! Arguments that no command takes: each is an error that names what is wrong, and changes nothing.

use crate::harness::Server;
use crate::harness::words::{split, with};

/// Commands with the least that they take.
const LEAST: &[&str] = &[
    "SECKILL.CREATE fresh STOCK 5",
    "SECKILL.ALTER sale HOLD 900000",
    "SECKILL.RESTOCK sale 1",
    "SECKILL.RESERVE sale u",
    "SECKILL.CONFIRM sale 1",
    "SECKILL.RELEASE sale 1",
    "SECKILL.EXTEND sale 1 PX 5",
    "SECKILL.REFUND sale 1",
    "SECKILL.VOID sale u REQUEST t PX 5",
    "SECKILL.ADOPT sale 9 u QTY 1 STATE HELD",
    "SECKILL.STOCK sale",
    "SECKILL.GET sale 1",
    "SECKILL.USER sale u",
    "SECKILL.SCAN sale 0",
    "SECKILL.INFO sale",
    "SECKILL.AUDIT sale",
    "SECKILL.CURVE sale",
    "SECKILL.TICKET sale u",
    "SECKILL.MRESERVE 1 sale u",
    "SECKILL.MCONFIRM 1 sale u REQUEST t",
    "SECKILL.MRELEASE 1 sale u REQUEST t",
    "SECKILL.LOCK lock o PX 5",
    "SECKILL.UNLOCK lock o",
    "SECKILL.RENEW lock o PX 5",
    "SECKILL.LOCKINFO lock",
    "SECKILL.FENCE lock 1",
    "SECKILL.FETCH none",
    "SECKILL.FILL none 1 ABSENT PX 5",
    "SECKILL.LIMIT limit 5 1000",
    "SECKILL.MLIMIT 1 limit RATE 5 1000",
    "SECKILL.BFCREATE fresh CAPACITY 5",
    "SECKILL.BFADD filter a",
    "SECKILL.BFEXISTS filter a",
    "SECKILL.BFDEL filter a",
    "SECKILL.BFREBUILD filter COMMIT",
    "SECKILL.BFINFO filter",
    "SECKILL.APPLY sale",
];

/// A command, one of its options, and the range of its value.
const NUMBERS: [(&str, &str, i64, i64); 37] = [
    ("SECKILL.BFCREATE fresh CAPACITY 5", "EXPANSION", 1, 32768),
    ("SECKILL.CREATE fresh", "STOCK", -1, COUNT_MAX),
    ("SECKILL.CREATE fresh STOCK 5", "START", 0, COUNT_MAX),
    ("SECKILL.CREATE fresh STOCK 5", "END", 0, COUNT_MAX),
    ("SECKILL.CREATE fresh STOCK 5", "HOLD", 0, DURATION_MAX),
    ("SECKILL.CREATE fresh STOCK 5", "GRACE", 0, DURATION_MAX),
    ("SECKILL.CREATE fresh STOCK 5", "MAXHOLD", 0, DURATION_MAX),
    ("SECKILL.CREATE fresh STOCK 5", "PERUSER", 0, COUNT_MAX),
    ("SECKILL.ALTER sale", "START", 0, COUNT_MAX),
    ("SECKILL.ALTER sale", "END", 0, COUNT_MAX),
    ("SECKILL.ALTER sale", "HOLD", 0, DURATION_MAX),
    ("SECKILL.ALTER sale", "GRACE", 0, DURATION_MAX),
    ("SECKILL.ALTER sale", "MAXHOLD", 0, DURATION_MAX),
    ("SECKILL.ALTER sale", "PERUSER", 0, COUNT_MAX),
    ("SECKILL.CREATE fresh STOCK 5", "MINTIER", 0, 1_000_000),
    ("SECKILL.RESERVE sale u", "QTY", 1, 1_000_000),
    ("SECKILL.RESERVE sale u", "TIER", 0, 1_000_000),
    ("SECKILL.MRESERVE 1 sale u", "QTY", 1, 1_000_000),
    ("SECKILL.MRESERVE 1 sale u", "TIER", 0, 1_000_000),
    ("SECKILL.REFUND sale 1 REQUEST t", "QTY", 1, 1_000_000),
    ("SECKILL.ADOPT sale 9 u STATE HELD", "QTY", 1, 1_000_000),
    ("SECKILL.EXTEND sale 1", "PX", 1, DURATION_MAX),
    ("SECKILL.VOID sale u REQUEST t", "PX", 1, DURATION_MAX),
    ("SECKILL.SCAN sale 0", "COUNT", 1, 1000),
    ("SECKILL.CURVE sale", "SECONDS", 1, 600),
    ("SECKILL.TICKET sale u", "PX", 1, DURATION_MAX),
    ("SECKILL.TICKET sale u", "TIER", 0, 1_000_000),
    ("SECKILL.LIMIT limit 5 1000", "BURST", 1, COUNT_MAX),
    ("SECKILL.LIMIT limit 5 1000", "COST", 1, COUNT_MAX),
    ("SECKILL.MLIMIT 1 limit RATE 5 1000", "BURST", 1, COUNT_MAX),
    ("SECKILL.MLIMIT 1 limit RATE 5 1000", "COST", 1, COUNT_MAX),
    ("SECKILL.RESTOCK sale", "", -COUNT_MAX, COUNT_MAX),
    ("SECKILL.CONFIRM sale", "", 1, i64::MAX),
    ("SECKILL.FETCH fresh", "LEASE", 1, DURATION_MAX),
    ("SECKILL.FETCH fresh", "BLOCK", 0, DURATION_MAX),
    ("SECKILL.FILL fresh 1 VALUE v", "PX", 1, DURATION_MAX),
    ("SECKILL.FILL fresh 1 VALUE v PX 5", "STALE", 0, DURATION_MAX),
];

const COUNT_MAX: i64 = 1 << 53;
const DURATION_MAX: i64 = 365 * 24 * 60 * 60 * 1000;

/// A command, one of its options that take bytes, and how many at most.
const BYTES: [(&str, &str, usize, usize); 14] = [
    ("SECKILL.RESERVE sale", "", 1, 255),
    ("SECKILL.RESERVE sale u", "REQUEST", 1, 128),
    ("SECKILL.RESERVE sale u", "DATA", 0, 4096),
    ("SECKILL.MRESERVE 1 sale", "", 1, 255),
    ("SECKILL.MRESERVE 1 sale u", "REQUEST", 1, 128),
    ("SECKILL.MRESERVE 1 sale u", "DATA", 0, 4096),
    ("SECKILL.MCONFIRM 1 sale u", "REQUEST", 1, 128),
    ("SECKILL.RESTOCK sale 1", "REQUEST", 1, 128),
    ("SECKILL.REFUND sale 1 QTY 1", "REQUEST", 1, 128),
    ("SECKILL.VOID sale u PX 5", "REQUEST", 1, 128),
    ("SECKILL.USER sale", "", 1, 255),
    ("SECKILL.CREATE fresh STOCK 5", "STREAM", 1, usize::MAX),
    ("SECKILL.CREATE fresh STOCK 5", "GROUP", 1, usize::MAX),
    ("SECKILL.FILL fresh 1 PX 5", "VALUE", 0, usize::MAX),
];

/// A sale with a hold, and every command that a test adds is one that it refuses.
fn arranged() -> Server {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.gives("SECKILL.RESERVE sale holder", "RESERVED 1 @ 9");
    shop.gives("CONFIG SET seckill.ticket-secret secret", "OK");
    shop
}

#[test]
fn too_few_arguments_are_refused() {
    let shop = arranged();
    shop.unchanged("a command without its arguments", || {
        for least in LEAST {
            let words = split(least);
            for count in 1..words.len() {
                shop.fails(&words[..count], "ERR");
            }
        }
        shop.fails("SECKILL.VOID sale u REQUEST t", "ERR syntax error near 'PX'");
        shop.fails("SECKILL.EXTEND sale 1 PX", "ERR syntax error near 'PX'");
    });
}

#[test]
fn a_word_that_no_command_knows_is_named() {
    let shop = arranged();
    let numeric = [
        "SECKILL.BFADD",
        "SECKILL.BFEXISTS",
        "SECKILL.BFDEL",
        "SECKILL.STOCK",
        "SECKILL.GET",
        "SECKILL.APPLY",
    ];
    let fixed = [
        "SECKILL.BFINFO",
        "SECKILL.LOCKINFO",
        "SECKILL.FENCE",
        "SECKILL.RELEASE",
        "SECKILL.USER",
        "SECKILL.INFO",
        "SECKILL.AUDIT",
    ];
    shop.unchanged("an unknown word", || {
        for least in LEAST.iter().filter(|least| !numeric.iter().any(|name| least.starts_with(name))) {
            let known = fixed.iter().any(|name| least.starts_with(name));
            let prefix = if known { "ERR" } else { "ERR syntax error near 'NONSENSE'" };
            shop.fails(&format!("{least} NONSENSE"), prefix);
        }
    });
}

#[test]
fn a_repeated_word_is_named() {
    let shop = arranged();
    shop.unchanged("a repeated word", || {
        for (command, option, _, high) in NUMBERS.iter().filter(|(_, option, ..)| !option.is_empty()) {
            let twice = format!("{command} {option} {high} {} {high}", option.to_lowercase());
            shop.fails(&twice, "ERR syntax error near '");
        }
        for (command, option, ..) in BYTES.iter().filter(|(_, option, ..)| !option.is_empty()) {
            shop.fails(&format!("{command} {option} a {option} a"), "ERR syntax error near '");
        }
        shop.fails("SECKILL.CONFIRM sale 1 LATE LATE", "ERR syntax error near 'LATE'");
        shop.fails("SECKILL.REFUND sale 1 NORESTOCK NORESTOCK", "ERR syntax error near 'NORESTOCK'");
        shop.fails("SECKILL.ALTER sale STATE OPEN STATE OPEN", "ERR syntax error near 'STATE'");
        shop.fails("SECKILL.SCAN sale 0 STATE HELD STATE HELD", "ERR syntax error near 'STATE'");
    });
}

#[test]
fn an_option_without_its_value_is_named() {
    let shop = arranged();
    shop.unchanged("a missing value", || {
        let numbers = NUMBERS.iter().map(|(command, option, ..)| (command, option));
        let bytes = BYTES.iter().map(|(command, option, ..)| (command, option));
        for (command, option) in numbers.chain(bytes).filter(|(_, option)| !option.is_empty()) {
            let least = format!("{command} {option}");
            shop.fails(&least, &format!("ERR syntax error near '{option}'"));
        }
    });
}

#[test]
fn what_is_no_number_in_range_is_refused_by_name() {
    let shop = arranged();
    let never = ["x", "1x", "1.5", "1e3", "0x10", "--1", "9223372036854775808", "-9223372036854775809"];
    let never = never.iter().map(|word| (*word).to_owned()).chain([String::new(), "9".repeat(500)]);
    let never: Vec<String> = never.collect();
    shop.unchanged("a number out of range", || {
        for (command, option, low, high) in NUMBERS {
            let beyond = [Some(i64::MIN), low.checked_sub(1), high.checked_add(1), beyond_max(high)];
            let beyond = beyond.into_iter().flatten().map(|number| number.to_string());
            for value in never.iter().cloned().chain(beyond) {
                let words = [split(&format!("{command} {option}")), vec![value.into_bytes()]].concat();
                shop.fails(&words, "ERR");
                let text = shop.text(&words);
                assert!(text.to_uppercase().contains(option), "{command}: {text} names {option}");
            }
        }
    });
}

fn beyond_max(high: i64) -> Option<i64> {
    (high < i64::MAX).then_some(i64::MAX)
}

#[test]
fn an_error_of_range_names_the_range() {
    let shop = arranged();
    for (command, option, low, high) in NUMBERS.iter().filter(|(_, option, ..)| !option.is_empty()) {
        let text = shop.text(&format!("{command} {option} {}", high + 1));
        for end in [low, high] {
            assert!(text.contains(&end.to_string()), "{option}: {end} in {text}");
        }
    }
}

#[test]
fn the_ends_of_a_range_are_inside() {
    let shop = arranged();
    for (command, option, low, high) in NUMBERS {
        for end in [low, high] {
            let line = format!("{command} {option} {end}");
            let reply = shop.text(&line);
            let beyond = reply.starts_with("-ERR delta would take the stock out of its range");
            assert!(!reply.starts_with('-') || beyond, "{line} gives {reply}");
            shop.run("DEL fresh");
            shop.gives("SECKILL.ALTER sale START 0 END 0", "OK");
        }
    }
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
}

#[test]
fn bytes_are_counted() {
    let shop = arranged();
    shop.unchanged("bytes out of range", || {
        for (command, option, least, most) in BYTES {
            let line = format!("{command} {option}");
            if least > 0 && most < usize::MAX {
                shop.fails(&with(&line, &[b""]), "ERR");
            }
            for count in [most.checked_add(1), Some(1 << 20)].into_iter().flatten().filter(|n| *n > most) {
                shop.fails(&with(&line, &[&vec![b'x'; count]]), "ERR");
                shop.fails(&with(&line, &[&vec![0xff; count]]), "ERR");
            }
        }
    });
}

#[test]
fn the_most_bytes_are_taken_whatever_they_are() {
    let shop = arranged();
    shop.gives("SECKILL.ALTER sale PERUSER 0", "OK");
    for byte in [0_u8, b'\n', b'\r', b'"', 0x7f, 0x80, 0xff] {
        for (command, option, _, most) in BYTES {
            let line = format!("{command} {option}");
            let reply = shop.text(&with(&line, &[&vec![byte; most.min(4096)]]));
            assert!(!reply.starts_with('-'), "{line} with {byte:#x} gives {reply}");
            shop.run("DEL fresh");
        }
    }
    assert_eq!(shop.field("SECKILL.AUDIT sale", "ok"), "1");
}

#[test]
fn a_key_is_any_bytes() {
    let shop = Server::start();
    for key in [b"".as_slice(), b"\0", b"\xff\xfe", b"a\r\nb", &[b'k'; 3000], b"{}", b"{\xff}\0"] {
        shop.gives(&[b"SECKILL.CREATE".as_slice(), key, b"STOCK", b"5"], "OK");
        shop.gives(&[b"SECKILL.RESERVE".as_slice(), key, b"\0"], "RESERVED 1 @ 4");
        shop.gives(&[b"SECKILL.RESERVE".as_slice(), key, b"\xff"], "RESERVED 2 @ 3");
        let stream = shop.map(&[b"SECKILL.INFO".as_slice(), key]);
        assert!(stream["stream"].contains("orders"), "{stream:?}");
    }
    let before = shop.digest();
    shop.gives("DEBUG RELOAD", "OK");
    assert_eq!(shop.digest(), before);
}

#[test]
fn an_id_is_a_positive_number() {
    let shop = arranged();
    shop.unchanged("an id that cannot be", || {
        for command in ["CONFIRM sale", "RELEASE sale", "REFUND sale", "GET sale"] {
            for id in ["x", "1.0", "", "18446744073709551616"] {
                shop.fails(&with(&format!("SECKILL.{command}"), &[id.as_bytes()]), "ERR");
            }
            for id in ["9223372036854775807", "4294967296", "4294967297", "2"] {
                let reply = shop.text(&format!("SECKILL.{command} {id}"));
                assert!(["NOTFOUND", "nil"].contains(&reply.as_str()), "{command} {id} gives {reply}");
            }
        }
    });
}

#[test]
fn a_word_cannot_break_out_of_the_error_that_names_it() {
    let shop = arranged();
    for word in ["a\r\n+OK", "\r\n", "\n", "a\0b", "é", "%s%n%x", "'", "-ERR"] {
        for line in ["SECKILL.RESERVE sale u", "SECKILL.CREATE fresh", "SECKILL.SCAN sale 0", "SECKILL.HELP"]
        {
            let reply = shop.text(&with(line, &[word.as_bytes()]));
            assert!(reply.starts_with('-') || line.ends_with("HELP"), "{line} {word:?} gives {reply}");
            shop.gives("ECHO next", "next");
        }
    }
}
