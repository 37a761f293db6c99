//! Payloads that were damaged, or made to harm.

use crate::harness::crc::{opened, sealed};
use crate::harness::reply::text;
use crate::harness::{Random, Server, rounds, traffic};
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

/// Restores each, and uses what came of it; how many were accepted.
fn tried(shop: &Server, payloads: &[Vec<u8>]) -> usize {
    let mut commands: Vec<Vec<Vec<u8>>> = Vec::new();
    for payload in payloads {
        let words = |line: &str| crate::harness::words::split(line);
        commands.push(crate::harness::words::with("RESTORE broken 0", &[payload, b"REPLACE"]));
        commands.extend(["SECKILL.AUDIT broken", "SECKILL.INFO broken"].map(words));
        commands.extend(["SECKILL.SCAN broken 0 COUNT 10", "SECKILL.GET broken 1 2 3"].map(words));
        commands
            .extend(["SECKILL.RESERVE broken u1 QTY 2 REQUEST t1", "SECKILL.CONFIRM broken 1"].map(words));
        commands.extend(["SECKILL.RELEASE broken 2", "SECKILL.RESTOCK broken 5", "DUMP broken"].map(words));
        commands.extend(["SECKILL.AUDIT broken", "DEL broken"].map(words));
    }
    let replies = shop.pipeline(&commands);
    replies.chunks(12).zip(payloads).filter(|(replies, payload)| accepted(replies, payload)).count()
}

fn accepted(replies: &[Value], payload: &[u8]) -> bool {
    if replies[0] != Value::Okay {
        assert!(text(&replies[0]).starts_with('-'), "RESTORE gives {}", text(&replies[0]));
        return false;
    }
    for audit in [&replies[1], &replies[10]] {
        let shown = text(audit);
        let sound = shown.starts_with("ok 1 ") || shown.contains(" ok 1");
        assert!(sound, "{shown} after {}", payload.escape_ascii());
    }
    true
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
