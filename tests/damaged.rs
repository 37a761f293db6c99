//! Payloads that were damaged, or made to harm.

use crate::harness::crc::{opened, sealed};
use crate::harness::reply::text;
use crate::harness::words::{split, with};
use crate::harness::{Random, Server, log, rounds, traffic};
use redis::Value;

/// How many damaged payloads are tried.
const ROUNDS: usize = 20_000;
/// Type byte and module id of a payload: whoever changes these speaks to another loader.
const PROTECTED: usize = 10;

#[test]
fn a_damaged_payload_is_refused_or_makes_a_sound_sale() {
    let shop = Server::start();
    let mut random = Random::seeded("damaged payloads");
    let originals = originals(&shop, &mut random);
    let mut accepted = 0;
    let rounds = rounds(ROUNDS);
    for _ in 0..rounds / 50 {
        let payloads: Vec<Vec<u8>> = (0..50).map(|_| damaged(&mut random, &originals)).collect();
        accepted += tried(&shop, &payloads);
    }
    eprintln!("{accepted} of {rounds} were accepted");
    assert!(accepted < rounds, "some damage is noticed");
    shop.gives("PING", "PONG");
}

/// Dumps of sales, with the two bytes of their format's version.
fn originals(shop: &Server, random: &mut Random) -> Vec<(Vec<u8>, [u8; 2])> {
    traffic::open(shop);
    let mut dumps = dumps(shop);
    traffic::run(shop, random, 60);
    dumps.extend(self::dumps(shop));
    // Compressed strings break before they reach the module.
    shop.gives("CONFIG SET rdbcompression no", "OK");
    dumps.extend(self::dumps(shop));
    traffic::run(shop, random, 600);
    dumps.extend(self::dumps(shop));
    dumps
}

fn dumps(shop: &Server) -> Vec<(Vec<u8>, [u8; 2])> {
    let dump = |sale: &&str| match shop.run(&["DUMP", sale]) {
        Value::BulkString(bytes) => opened(&bytes),
        other => panic!("DUMP gives {other:?}"),
    };
    traffic::SALES.iter().map(dump).collect()
}

fn damaged(random: &mut Random, originals: &[(Vec<u8>, [u8; 2])]) -> Vec<u8> {
    let (body, version) = &originals[random.below(originals.len())];
    let mut body = body.clone();
    for _ in 0..=random.below(3) {
        damage(random, &mut body, originals);
    }
    sealed(&body, *version)
}

fn damage(random: &mut Random, body: &mut Vec<u8>, originals: &[(Vec<u8>, [u8; 2])]) {
    let span = body.len().saturating_sub(PROTECTED);
    if span < 2 {
        return;
    }
    let at = PROTECTED + random.below(span);
    match random.below(8) {
        0 => body[at] ^= 1 << random.below(8),
        1 => body[at] = *random.pick(&[&0_u8, &1, &0x7f, &0x80, &0x81, &0xc0, &0xc3, &0xff]),
        2 => body.truncate(at),
        3 => body.insert(at, u8::try_from(random.below(256)).unwrap_or_default()),
        4 => drop(body.drain(at..(at + random.below(9)).min(body.len()))),
        5 => extreme(random, body, at),
        6 => repeat(random, body, at),
        _ => splice(random, body, at, originals),
    }
}

/// A number of eight bytes that overflows what it is added to.
fn extreme(random: &mut Random, body: &mut [u8], at: usize) {
    let value = *random.pick(&[&u64::MAX, &(u64::MAX >> 1), &(1 << 63), &(1 << 53), &(1 << 32), &0]);
    let bytes = if random.once_in(2) { value.to_be_bytes() } else { value.to_le_bytes() };
    body[at..].iter_mut().zip(bytes).for_each(|(byte, new)| *byte = new);
}

/// A piece comes twice, as a count that disagrees.
fn repeat(random: &mut Random, body: &mut Vec<u8>, at: usize) {
    let end = (at + 1 + random.below(40)).min(body.len());
    let piece = body[at..end].to_vec();
    body.splice(at..at, piece);
}

/// The end of another sale.
fn splice(random: &mut Random, body: &mut Vec<u8>, at: usize, originals: &[(Vec<u8>, [u8; 2])]) {
    let (other, _) = &originals[random.below(originals.len())];
    body.truncate(at);
    body.extend_from_slice(&other[random.below(other.len())..]);
}

/// What is done with a sale that was restored; the first and the last of it are audits.
const USES: [&str; 16] = [
    "SECKILL.AUDIT broken",
    "SECKILL.INFO broken",
    "SECKILL.SCAN broken 0 COUNT 10",
    "SECKILL.GET broken 1 2 3",
    "SECKILL.USER broken u1",
    "SECKILL.ALTER broken STATE OPEN START 0 END 0 PERUSER 0",
    "SECKILL.RESERVE broken u1 QTY 2 REQUEST t1",
    "SECKILL.RESERVE broken u2",
    "SECKILL.CONFIRM broken 1 LATE",
    "SECKILL.EXTEND broken 2 PX 9000000",
    "SECKILL.RELEASE broken 2",
    "SECKILL.REFUND broken 3 QTY 1 REQUEST t",
    "SECKILL.REFUND broken 1",
    "SECKILL.VOID broken u3 REQUEST t3 PX 60000",
    "SECKILL.RESTOCK broken 5",
    "SECKILL.AUDIT broken",
];

/// Restores each, and uses what came of it; how many were accepted.
fn tried(shop: &Server, payloads: &[Vec<u8>]) -> usize {
    payloads.iter().filter(|payload| accepted(shop, payload)).count()
}

fn accepted(shop: &Server, payload: &[u8]) -> bool {
    let restored = shop.run(&with("RESTORE broken 0", &[payload, b"REPLACE"]));
    if restored != Value::Okay {
        assert!(text(&restored).starts_with('-'), "RESTORE gives {}", text(&restored));
        return false;
    }
    let replies = shop.pipeline(&USES.map(split));
    for audit in [&replies[0], &replies[USES.len() - 1]] {
        let shown = text(audit);
        assert!(shown.starts_with("ok 1 "), "{shown} after {}", payload.escape_ascii());
    }
    saves_itself(shop, payload);
    true
}

/// What was accepted can be saved and loaded again, and is then the same.
fn saves_itself(shop: &Server, payload: &[u8]) {
    const DIGEST: &str = "DEBUG DIGEST-VALUE broken";
    // In one step each, so that no hold that is due ends in between.
    let saved = at_once(shop, &[split(DIGEST), split("DUMP broken")]);
    let Value::BulkString(dump) = &saved[1] else { panic!("DUMP gives bytes") };
    let loaded = at_once(shop, &[with("RESTORE broken 0", &[dump, b"REPLACE"]), split(DIGEST)]);
    assert_eq!(loaded[0], Value::Okay, "what it saves is refused after {}", payload.escape_ascii());
    assert_eq!(text(&loaded[1]), text(&saved[0]), "it saves another sale after {}", payload.escape_ascii());
}

fn at_once(shop: &Server, commands: &[Vec<Vec<u8>>]) -> Vec<Value> {
    shop.gives("MULTI", "OK");
    for command in commands {
        shop.gives(command, "QUEUED");
    }
    match shop.run("EXEC") {
        Value::Array(replies) => replies,
        other => panic!("EXEC gives {}", text(&other)),
    }
}

#[test]
fn a_damaged_log_makes_no_unsound_sale() {
    let mut random = Random::seeded("damaged log");
    let mut shop = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    traffic::open(&shop);
    traffic::run(&shop, &mut random, 500);
    let soundlog = log::raw_entries(&shop);
    for round in 0..rounds(25) {
        let mut damaged = soundlog.clone();
        // The later the round the more is wrong.
        for entry in damaged.iter_mut().filter(|entry| log::name(entry) == "SECKILL.APPLY") {
            if random.below(rounds(25)) < round {
                spoil(&mut random, &mut entry[2], &soundlog);
            }
        }
        shop.kill();
        log::replace(&shop, &damaged);
        shop.revive();
        let present = traffic::SALES.iter().filter(|sale| shop.int(&["EXISTS", sale]) == 1);
        for sale in present {
            let audit = shop.map(&["SECKILL.AUDIT", sale]);
            assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"), "{sale}: {audit:?}");
        }
    }
}

/// Another byte, another length, or another effect.
fn spoil(random: &mut Random, payload: &mut Vec<u8>, others: &[log::Entry]) {
    let at = random.below(payload.len());
    match random.below(5) {
        0 => payload[at] ^= 1 << random.below(8),
        1 => payload[at] = *random.pick(&[&0_u8, &1, &0x7f, &0x80, &0xff]),
        2 => payload.truncate(at),
        3 => payload.insert(at, 0xff),
        _ => {
            let other = &others[random.below(others.len())];
            payload.splice(at.., other[other.len() - 1].iter().copied());
        }
    }
}

#[test]
fn a_payload_without_its_checksum_is_refused() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    let Value::BulkString(mut dump) = shop.run("DUMP sale") else { panic!("DUMP gives bytes") };
    let last = dump.len() - 1;
    dump[last] ^= 1;
    shop.fails(&[b"RESTORE".as_slice(), b"copy", b"0", &dump], "ERR");
    shop.gives("EXISTS copy", "0");
}

#[test]
fn a_payload_sealed_again_is_taken() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    shop.gives("SECKILL.RESERVE sale u", "RESERVED 1 @ 4");
    let Value::BulkString(dump) = shop.run("DUMP sale") else { panic!("DUMP gives bytes") };
    let (body, version) = opened(&dump);
    assert_eq!(sealed(&body, version), dump);
    shop.gives(&[b"RESTORE".as_slice(), b"copy", b"0", &sealed(&body, version)], "OK");
    shop.gives("SECKILL.STOCK copy", "4");
}

#[test]
fn a_payload_of_a_later_version_is_refused() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 5", "OK");
    let Value::BulkString(dump) = shop.run("DUMP sale") else { panic!("DUMP gives bytes") };
    let (mut body, version) = opened(&dump);
    // The low ten bits of the module id are the version of its encoding.
    body[9] |= 0x1f;
    shop.fails(&[b"RESTORE".as_slice(), b"copy", b"0", &sealed(&body, version)], "");
    shop.gives("EXISTS copy", "0");
}
