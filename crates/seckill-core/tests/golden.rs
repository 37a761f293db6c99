//! The bytes of version 1: what is written today, and what is read for ever.
//!
//! A difference means that sales stored by an older module, or sent by one, are no longer understood.
//! `SECKILL_BLESS=1` writes the files anew, for a change that is meant: then say in the codec how the old is read.

#[path = "golden/history.rs"]
mod history;

use std::fmt::Write;
use std::path::Path;

use history::{
    ADOPTED_UNTIL, CREATED, EXTENDED_UNTIL, TERMS, TERMS_AFTER, TERMS_FROZEN, creation, history, id, refund,
    reserve,
};
use seckill_core::codec::{self, Corrupt, Loader, Purpose, Sent};
use seckill_core::ids::ReservationId;
use seckill_core::sale::{
    Change, Refusal, Request, ReservationState, Sale, SaleState, Seed, Stock, Terms, Window,
};
use seckill_core::time::{Moment, Timestamp};

const SALE: &str = "sale-v1.hex";
const SENT: &str = "sent-v1.hex";
/// A little after the last change of the history.
const LATER: Timestamp = Timestamp(1_700_000_909_000);
/// When grace's offer ends.
const OFFERED_UNTIL: Timestamp = Timestamp(1_700_000_062_000);
/// When judy's offer ends.
const OFFERED_LATER: Timestamp = Timestamp(1_700_000_968_200);

#[test]
fn a_sale_is_stored_as_version_1() {
    let found = stored(&history().sale, Purpose::Store).into_iter().map(|block| (block_word(&block), block));
    assert_written(SALE, &found.collect::<Vec<_>>());
}

#[test]
fn changes_are_sent_as_version_1() {
    assert_written(SENT, &history().sent);
}

#[test]
fn a_stored_sale_of_version_1_is_the_sale() {
    let sale = loaded(&pinned(SALE)).expect("version 1 is a sale");
    assert_is_the_sale(&sale);
    assert!(stored(&sale, Purpose::Store).into_iter().eq(pinned(SALE).into_iter().map(|(_, block)| block)));
}

#[test]
fn changes_sent_as_version_1_make_the_sale() {
    let sent = pinned(SENT);
    let Ok(Sent::Created(created)) = codec::decode_sent(&sent[0].1) else { panic!("no creation") };
    assert_eq!(created, creation());
    let mut sale = created.sale(Seed::new(2)).unwrap();
    for (word, payload) in &sent[1..] {
        let Ok(Sent::Effect(effect, entry)) = codec::decode_sent(payload) else {
            panic!("no effect: {word}")
        };
        assert_eq!(entry, effect.change.has_event().then_some((effect.at.0 - 3, 7)), "{word}");
        assert_eq!(sale.check(&effect), Ok(()), "{word}");
        sale.apply(&effect);
    }
    assert_is_the_sale(&sale);
    assert!(stored(&sale, Purpose::Digest) == stored(&history().sale, Purpose::Digest));
}

#[test]
fn every_field_of_a_change_is_read() {
    let sent = pinned(SENT);
    let changes: Vec<_> = sent[1..].iter().map(|(_, payload)| change(payload)).collect();
    let deadline = |at: u64| Some(CREATED.after(at).after(TERMS.hold_ms));
    let (t1, data) = (Some(&b"t1"[..]), Some(&b"{\"size\":42}"[..]));
    let first =
        Change::Reserved { id: id(1), user: b"alice", qty: 2, deadline: deadline(100), token: t1, data };
    let restocked = |delta, total, token| Change::Restocked { delta, total, token };
    let voided = Change::Voided { user: b"frank", token: b"gave up", until: CREATED.after(86_401_500) };
    let terms = TERMS_AFTER;
    let expected = [
        first,
        Change::Confirmed { id: id(2) },
        Change::Released { id: id(3) },
        Change::Extended { id: id(1), deadline: EXTENDED_UNTIL },
        Change::Refunded { id: id(5), units: 1, token: Some(b"r1"), restock: true },
        Change::Refunded { id: id(5), units: 2, token: Some(b"r2"), restock: false },
        Change::Refunded { id: id(2), units: 1, token: None, restock: true },
        restocked(50, 148, Some(&b"more"[..])),
        restocked(-10, 138, None),
        voided,
        Change::Waitlisted { id: id(6), user: b"grace", qty: 2, token: None, data: Some(b"gift") },
        Change::Waitlisted { id: id(7), user: b"heidi", qty: 1, token: Some(b"t4"), data: None },
        Change::Offered { id: id(6), deadline: OFFERED_UNTIL },
        Change::Accepted { id: id(6), deadline: deadline(2_200), token: Some(b"mine") },
        Change::Expired { id: id(4) },
        Change::Adopted { id: id(9), user: b"mallory", qty: 2, deadline: Some(ADOPTED_UNTIL) },
        Change::Adopted { id: id(11), user: b"nina", qty: 200, deadline: None },
        Change::Altered { terms, state: SaleState::Open, opened: 0, filter: b"" },
        Change::Altered { terms: TERMS_FROZEN, state: SaleState::Paused, opened: 91, filter: b"members:{7}" },
    ];
    for change in expected {
        assert!(changes.contains(&change), "{change:?} is none of {changes:#?}");
    }
}

#[test]
fn another_version_is_refused() {
    let blocks = pinned(SALE).into_iter().chain(pinned(SENT));
    for (word, mut payload) in blocks {
        payload[0] = 2;
        let newer = Corrupt("a version that this module does not know");
        assert_eq!(Loader::new(Seed::new(1)).feed(&payload).err(), Some(newer), "{word}");
        assert_eq!(codec::decode_sent(&payload).err(), Some(newer), "{word}");
    }
}

/// All that can be asked of it, word by word.
fn assert_is_the_sale(sale: &Sale) {
    let totals = (sale.stock(), sale.available(), sale.held_at(LATER), sale.confirmed());
    assert_eq!((sale.oversold(), sale.oversold_at(LATER)), (201, 201));
    assert_eq!(totals, (Stock::Limited(11), Some(0), 4, 207));
    assert_eq!((sale.offered_at(LATER), sale.waiting(), sale.position(later_id(3))), (1, 1, 1));
    assert_eq!(
        (sale.terms(), sale.state(), sale.outlet()),
        (&TERMS_FROZEN, SaleState::Paused, &creation().outlet)
    );
    assert_eq!((sale.epoch(), sale.seq(), sale.clock()), (91, 9, CREATED.after(908_500)));
    assert_eq!((sale.reservations(), sale.users(), sale.window(Moment::at(LATER))), (12, 11, Window::Paused));
    assert_eq!(sale.window(Moment { now: LATER, fresh: true }), Window::Frozen);
    let alices = (&b"alice"[..], 2, 0, ReservationState::Held, Some(EXTENDED_UNTIL));
    let expected = [
        (id(1), alices, 100, Some(&b"{\"size\":42}"[..])),
        (id(2), (b"bob", 1, 1, ReservationState::Refunded, None), 200, None),
        (id(3), (b"carol", 3, 0, ReservationState::Released, None), 400, None),
        (id(4), (b"dave", 1, 0, ReservationState::Expired, None), 600, Some(b"")),
        (id(5), (b"bob", 7, 3, ReservationState::Confirmed, None), 700, None),
        (id(6), (b"grace", 2, 0, ReservationState::Confirmed, None), 1_700, Some(b"gift")),
        (id(7), (b"heidi", 1, 0, ReservationState::Released, None), 1_800, None),
        (later_id(1), (&[0xff, 0], 1, 0, ReservationState::Confirmed, None), 907_700, None),
        (later_id(2), (b"judy", 1, 0, ReservationState::Offered, Some(OFFERED_LATER)), 907_900, None),
        (later_id(3), (b"ivan", 3, 0, ReservationState::Waiting, None), 908_000, None),
        (id(9), (b"mallory", 2, 0, ReservationState::Held, Some(ADOPTED_UNTIL)), 908_400, None),
        (id(11), (b"nina", 200, 0, ReservationState::Confirmed, None), 908_500, None),
    ];
    for (id, reservation, age_ms, data) in expected {
        let found = sale.reservation(id, LATER).expect("it was made");
        let named = (found.user, found.qty, found.refunded, found.state, found.deadline);
        assert_eq!((named, found.created, found.data), (reservation, CREATED.after(age_ms), data), "{id}");
    }
    assert_eq!(sale.next_due(), Some(OFFERED_LATER));
    assert_eq!(sale.filter(), b"members:{7}");
    assert_eq!(sale.audit().differences, []);
    assert_answers_again(sale);
}

/// The reservation with this number of the last epoch.
fn later_id(number: u32) -> ReservationId {
    ReservationId::new(91, number)
}

/// What was done under a token is answered as it was.
fn assert_answers_again(sale: &Sale) {
    let ask = |request| sale.decide(Moment::at(LATER), &request).map(|effect| effect.change);
    let data = Some(&b"{\"size\":42}"[..]);
    assert_eq!(ask(reserve(b"alice", 2, Some(b"t1"), data)), Err(Refusal::Standing(id(1))));
    assert_eq!(ask(reserve(b"carol", 3, Some(b"t3"), None)), Err(Refusal::Standing(id(3))));
    assert_eq!(ask(reserve(b"bob", 7, Some(b"\0\xff"), None)), Err(Refusal::Standing(id(5))));
    assert_eq!(ask(reserve(b"grace", 1, Some(b"mine"), None)), Err(Refusal::Standing(id(6))));
    assert_eq!(ask(reserve(b"frank", 1, Some(b"gave up"), None)), Err(Refusal::Voided));
    assert_eq!(ask(refund(5, 1, b"r1", true)), Err(Refusal::Standing(id(5))));
    assert_eq!(ask(refund(5, 1, b"r2", true)), Err(Refusal::Mismatch));
    let restocked = Refusal::Restocked { available: 141, total: 148 };
    assert_eq!(ask(Request::Restock { delta: 50, token: Some(b"more") }), Err(restocked));
    let end = Terms { hold_ms: 7, ..TERMS_AFTER };
    assert!(ask(Request::Alter { terms: end, state: Some(SaleState::Open), filter: b"" }).is_ok());
}

fn change(payload: &[u8]) -> Change<'_> {
    let Ok(Sent::Effect(effect, _)) = codec::decode_sent(payload) else { panic!("no effect: {payload:?}") };
    effect.change
}

fn stored(sale: &Sale, purpose: Purpose) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    codec::blocks(sale, purpose, |block| blocks.push(block.to_vec()));
    blocks
}

fn loaded(blocks: &[(String, Vec<u8>)]) -> Option<Sale> {
    let mut loader = Loader::new(Seed::new(3));
    blocks.iter().find_map(|(word, block)| loader.feed(block).unwrap_or_else(|why| panic!("{word}: {why:?}")))
}

fn block_word(block: &[u8]) -> &'static str {
    ["head", "rows", "tails", "end"][usize::from(block[1]) - 3]
}

/// What is written today is what the file says; or, if asked, the file says what is written today.
fn assert_written(file: &str, payloads: &[(&str, Vec<u8>)]) {
    let text = payloads.iter().fold(String::new(), |mut text, (word, payload)| {
        let hex = payload.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let _ = writeln!(text, "{word} {hex}");
        text
    });
    if std::env::var_os("SECKILL_BLESS").is_some() {
        std::fs::write(path(file), &text).expect("the file can be written");
    }
    for (line, expected) in text.lines().zip(read(file).lines()) {
        assert_eq!(line, expected, "the format of {file} has changed");
    }
    assert_eq!(text, read(file), "the format of {file} has changed");
}

/// The payloads of a file: a word and hexadecimal digits in each line.
fn pinned(file: &str) -> Vec<(String, Vec<u8>)> {
    let byte = |hex: &[u8]| u8::from_str_radix(str::from_utf8(hex).unwrap(), 16).unwrap();
    let line = |line: &str| {
        let (word, hex) = line.split_once(' ').expect("a word and digits");
        (word.to_owned(), hex.as_bytes().chunks(2).map(byte).collect())
    };
    read(file).lines().map(line).collect()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(path(file)).expect("the file is there")
}

fn path(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}
