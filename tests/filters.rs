//! Filters of a million items: none is forgotten, whatever becomes of the server.

use crate::harness::{Client, Pair, Server};
use std::io::{Read, Write};

const ITEMS: usize = 1_000_000;
const BATCH: usize = 1_000;

/// Items packed for the wire, a thousand at a time: six million are sent, so each is packed once.
struct Items(Vec<Vec<u8>>);

impl Items {
    fn new(from: usize, to: usize) -> Items {
        let batch = |start: usize| {
            let items = start..(start + BATCH).min(to);
            items.map(|item| format!("product:{item}")).flat_map(|item| packed_word(&item)).collect()
        };
        Items((from..to).step_by(BATCH).map(batch).collect())
    }

    /// Of how many the command says 1.
    #[track_caller]
    fn count(&self, client: &Client, command: &str) -> usize {
        let words: Vec<Vec<u8>> = command.split(' ').map(packed_word).collect();
        let head = [format!("*{}\r\n", words.len() + BATCH).into_bytes(), words.concat()].concat();
        let mut socket = client.socket();
        // "*1000" and then ":0" or ":1" for each.
        let mut reply = vec![0; 7 + 4 * BATCH];
        let mut ones = 0;
        for batch in &self.0 {
            socket.write_all(&[&head, &batch[..]].concat()).expect("the server takes a command");
            socket.read_exact(&mut reply).expect("an answer for each item");
            assert!(reply.starts_with(b"*1000\r\n:"), "{}", reply[..60].escape_ascii());
            ones += reply[7..].iter().filter(|byte| **byte == b'1').count();
        }
        ones
    }
}

fn packed_word(word: &str) -> Vec<u8> {
    format!("${}\r\n{word}\r\n", word.len()).into_bytes()
}

/// A million, and a hundred thousand that are never added.
struct Sample {
    items: Items,
    strangers: Items,
}

impl Sample {
    /// Every item is there, and of the strangers at most the part promised.
    #[track_caller]
    fn is_kept(&self, shop: &Server, error: f64, when: &str) {
        assert_eq!(self.items.count(shop, "SECKILL.BFEXISTS filter"), ITEMS, "{when}");
        let measured = self.strangers.count(shop, "SECKILL.BFEXISTS filter") as f64 / 100_000.0;
        eprintln!("{when}: {measured} of {error}, {} layers", shop.field("SECKILL.BFINFO filter", "layers"));
        assert!(measured <= error, "{when}: {measured} of {error}");
    }
}

#[test]
fn a_million_items_are_all_there_after_growth_reloads_and_a_rebuild() {
    let sample = Sample { items: Items::new(0, ITEMS), strangers: Items::new(ITEMS, ITEMS + 100_000) };
    let pair = Pair::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let shop = &pair.primary;
    shop.gives("SECKILL.BFCREATE filter CAPACITY 1000 ERROR 0.01", "OK");
    sample.items.count(shop, "SECKILL.BFADD filter");
    sample.is_kept(shop, 0.01, "added");
    pair.same_digest();
    sample.is_kept(&pair.replica, 0.01, "on the replica");
    shop.gives("DEBUG RELOAD", "OK");
    sample.is_kept(shop, 0.01, "loaded from RDB");
    shop.gives("DEBUG LOADAOF", "OK");
    sample.is_kept(shop, 0.01, "played from the log");
    shop.rewrite_log();
    shop.gives("DEBUG LOADAOF", "OK");
    sample.is_kept(shop, 0.01, "played from the rewritten log");
    shop.gives("SECKILL.BFREBUILD filter BEGIN CAPACITY 1000000 ERROR 0.001", "OK");
    sample.items.count(shop, "SECKILL.BFREBUILD filter ADD");
    shop.gives("SECKILL.BFREBUILD filter COMMIT", "OK");
    sample.is_kept(shop, 0.001, "rebuilt");
    pair.same_digest();
}

#[test]
fn each_promise_is_kept_over_many_layers() {
    let (items, strangers) = (Items::new(0, 100_000), Items::new(ITEMS, ITEMS + 300_000));
    let shop = Server::start();
    for error in [0.01, 0.001] {
        shop.gives(&format!("SECKILL.BFCREATE filter CAPACITY 1000 ERROR {error}"), "OK");
        items.count(&shop, "SECKILL.BFADD filter");
        assert_eq!(items.count(&shop, "SECKILL.BFEXISTS filter"), 100_000);
        let measured = strangers.count(&shop, "SECKILL.BFEXISTS filter") as f64 / 300_000.0;
        let layers = shop.field("SECKILL.BFINFO filter", "layers");
        eprintln!("{measured} of {error}, {layers} layers");
        assert!(measured <= error && layers == "7", "{measured} of {error}, {layers} layers");
        shop.gives("DEL filter", "1");
    }
}
