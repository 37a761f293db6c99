//! Random words at every command: the server lives, and the books balance.

use crate::harness::{Random, Server, rounds};

const VERBS: [&str; 32] = [
    "CREATE",
    "ALTER",
    "RESTOCK",
    "RESERVE",
    "CONFIRM",
    "RELEASE",
    "MRESERVE",
    "MCONFIRM",
    "MRELEASE",
    "EXTEND",
    "REFUND",
    "VOID",
    "STOCK",
    "GET",
    "USER",
    "SCAN",
    "INFO",
    "AUDIT",
    "CURVE",
    "HELP",
    "APPLY",
    "FETCH",
    "FILL",
    "INVALIDATE",
    "LIMIT",
    "MLIMIT",
    "BFCREATE",
    "BFADD",
    "BFEXISTS",
    "BFDEL",
    "BFREBUILD",
    "BFINFO",
];

const WORDS: [&[u8]; 71] = [
    b"CAPACITY",
    b"ERROR",
    b"EXPANSION",
    b"NONSCALING",
    b"BEGIN",
    b"ADD",
    b"COMMIT",
    b"ABORT",
    b"0.01",
    b"sale",
    b"{x}sale",
    b"other",
    b"text",
    b"none",
    b"u",
    b"v",
    b"w",
    b"t",
    b"t2",
    b"0",
    b"1",
    b"2",
    b"3",
    b"5",
    b"-1",
    b"10",
    b"100",
    b"1000",
    b"60000",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9007199254740992",
    b"4294967297",
    b"1000000",
    b"STOCK",
    b"LEASE",
    b"STALE",
    b"VALUE",
    b"ABSENT",
    b"START",
    b"END",
    b"HOLD",
    b"GRACE",
    b"MAXHOLD",
    b"PERUSER",
    b"STREAM",
    b"GROUP",
    b"STATE",
    b"OPEN",
    b"PAUSED",
    b"CLOSED",
    b"HELD",
    b"CONFIRMED",
    b"QTY",
    b"REQUEST",
    b"DATA",
    b"LATE",
    b"PX",
    b"NORESTOCK",
    b"COUNT",
    b"SECONDS",
    b"RATE",
    b"TICKETS",
    b"WAITLIST",
    b"",
    b"\0",
    b"\xff\xfe",
    b"{",
    b"%s%n",
    b"\r\n",
    b"qty",
];

#[test]
fn no_words_whatever_hurt_a_sale() {
    let shop = Server::start();
    let mut random = Random::seeded("noise");
    shop.gives("SET text x", "OK");
    for _ in 0..rounds(20) {
        for sale in ["sale", "{x}sale", "other"] {
            shop.run(&format!("SECKILL.CREATE {sale} STOCK 50 PERUSER 0"));
        }
        let commands: Vec<Vec<Vec<u8>>> = (0..1500).map(|_| command(&mut random)).collect();
        shop.pipeline(&commands);
        balanced(&shop);
    }
    shop.gives("DEBUG RELOAD", "OK");
    balanced(&shop);
}

fn command(random: &mut Random) -> Vec<Vec<u8>> {
    let verb = random.pick(&VERBS);
    let mut words = vec![format!("SECKILL.{verb}").into_bytes()];
    if ["MRESERVE", "MCONFIRM", "MRELEASE"].contains(&verb) && !random.once_in(10) {
        words.push(b"2".to_vec());
        words.push(random.pick(&["sale", "{x}sale", "none"]).as_bytes().to_vec());
    }
    if !random.once_in(10) {
        words.push(random.pick(&["sale", "{x}sale", "other"]).as_bytes().to_vec());
    }
    words.extend((0..random.below(9)).map(|_| random.pick(&WORDS).to_vec()));
    words
}

fn balanced(shop: &Server) {
    for sale in ["sale", "{x}sale", "other"] {
        let audit = shop.map(&format!("SECKILL.AUDIT {sale}"));
        assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"), "{sale}: {audit:?}");
    }
}
