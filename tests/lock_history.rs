//! Many callers, killed and cut off at random: never two grants at once, and tokens that always grow.
//!
//! Each caller writes down what it was told and between which moments; the server's order of grants is that of
//! their tokens. What a caller holds for certain, from the reply on until it asks to give it back or the lease ends
//! at the earliest, must overlap with nobody else's.

use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, Pair, Random, Server, reply, rounds, wait_until};
use crate::lock::acquired;

const CALLERS: usize = 12;
const OPERATIONS: usize = 10_000;
const LEASES_MS: [u64; 3] = [3, 8, 40];

/// A time in which a caller certainly held the lock.
struct Hold {
    token: i64,
    asked: Instant,
    from: Instant,
    until: Instant,
}

#[test]
fn no_two_hold_it_at_once_and_tokens_grow() {
    let mut random = Random::seeded("callers of a lock");
    let shop = Server::start();
    let socket = shop.socket();
    let history: Mutex<Vec<Hold>> = Mutex::default();
    let operations = rounds(OPERATIONS);
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (socket, history, chance) = (&socket, &history, random.split());
            scope.spawn(move || call(socket, caller, chance, operations / CALLERS, history));
        }
    });
    let mut history = history.into_inner().expect("no caller failed");
    assert!(history.len() > operations / 10, "{} grants", history.len());
    history.sort_by_key(|hold| hold.token);
    assert!(history.windows(2).all(|pair| pair[0].token < pair[1].token), "no token is given twice");
    let mut newest_question = history[0].asked;
    for hold in &history {
        assert!(
            hold.from >= newest_question,
            "an older grant was asked for after token {} was told",
            hold.token
        );
        newest_question = newest_question.max(hold.asked);
    }
    let certain: Vec<&Hold> = history.iter().filter(|hold| hold.from < hold.until).collect();
    eprintln!("{} grants, {} of them certain for a while", history.len(), certain.len());
    assert!(certain.len() > operations / 10);
    for pair in certain.windows(2) {
        let [one, next] = pair else { continue };
        assert!(one.until <= next.from, "two hold the lock at once, tokens {} and {}", one.token, next.token);
    }
}

/// Takes and gives back, and now and then closes the connection in the middle.
fn call(socket: &Path, caller: usize, mut random: Random, operations: usize, history: &Mutex<Vec<Hold>>) {
    let connect = || Client::connect(socket).expect("the server takes a connection");
    let mut client = connect();
    for number in 0..operations {
        let owner = format!("c{caller}-{number}");
        let ms = LEASES_MS[random.below(3)];
        let tied = if random.once_in(4) { " TIED" } else { "" };
        let asked = Instant::now();
        client.send(&format!("SECKILL.LOCK key {owner} PX {ms} BLOCK 200{tied}"));
        if random.once_in(25) {
            // Cut off while it waits, or holds without knowing.
            client = connect();
            continue;
        }
        let told = reply::text(&client.read());
        let from = Instant::now();
        let Some(token) = told.strip_prefix("ACQUIRED ").and_then(|rest| rest.split(' ').next()) else {
            assert_eq!(told, "TIMEOUT");
            continue;
        };
        let token = token.parse().expect("a token");
        thread::sleep(Duration::from_micros(random.below(1_500) as u64));
        let kept = random.once_in(10);
        // The lease began when the server granted it, after the caller had asked.
        let until = Instant::now().min(asked + Duration::from_millis(ms));
        history.lock().expect("no caller failed").push(Hold { token, asked, from, until });
        if !kept {
            client.run(&format!("SECKILL.UNLOCK key {owner} TOKEN {token}"));
        }
    }
}

#[test]
fn tokens_grow_over_failovers() {
    let mut primary = Server::networked(&[]);
    let mut last = 0;
    for round in 0..20 {
        let pair = Pair::of(primary, &[]);
        for _ in 0..5 {
            let token = acquired(&pair.primary, "key owner PX 600000");
            assert!(token > last, "round {round}: {token} after {last}");
            last = token;
            pair.primary.gives("SECKILL.UNLOCK key owner", "RELEASED");
        }
        primary = pair.promote();
    }
}

#[test]
fn a_crowd_of_waiters_that_vanishes_leaves_nothing_behind() {
    let shop = Server::start();
    acquired(&shop, "key holder PX 600000");
    let crowd: Vec<Client> = (0..200)
        .map(|n| {
            let client = shop.client();
            client.send(&format!("SECKILL.LOCK key w{n} PX 1000 BLOCK 0"));
            client
        })
        .collect();
    let waiters = || shop.map("SECKILL.LOCKINFO key")["waiters"].clone();
    wait_until("all wait", || waiters() == "200");
    drop(crowd);
    wait_until("nobody waits", || waiters() == "0");
    shop.gives("SECKILL.UNLOCK key holder", "RELEASED");
    acquired(&shop, "key next PX 1000");
}
