//! A crowd at three shards, while units move between them and the mover is killed again and again.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, Random, events, reply, rounds};
use crate::nodes::{Cluster, ITEM, Told};

const SHARDS: usize = 3;

/// CRC-32 by a table, written down a second time so that it can differ from the program's.
fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256)
        .map(|byte| (0..8).fold(byte, |crc, _| if crc % 2 == 1 { 0xEDB8_8320 ^ (crc / 2) } else { crc / 2 }))
        .collect();
    let step = |crc: u32, byte: &u8| table[usize::from(*byte ^ crc.to_le_bytes()[0])] ^ (crc >> 8);
    bytes.iter().fold(u32::MAX, step) ^ u32::MAX
}

fn shard(user: &str) -> usize {
    crc32(user.as_bytes()) as usize % SHARDS
}

#[test]
fn every_language_routes_as_the_program_says() {
    let users = ["alice", "bob", "user-000017", "用户", "0", "e3b0c442-98fc-1c14-9afb-f4c8996fb924"];
    let mut route = Command::new(env!("CARGO_BIN_EXE_seckill"));
    let said = route.args(["route", "--item", ITEM, "--shards", "3"]).args(users).output();
    let expected: Vec<String> =
        users.iter().map(|user| format!("{user}\t{0}\t{{{ITEM}#{0}}}\n", shard(user))).collect();
    assert_eq!(String::from_utf8(said.expect("it runs").stdout).expect("text"), expected.concat());
}

/// What everybody shares.
struct Rush<'a> {
    units: i64,
    /// Far longer than it takes.
    patience: Duration,
    sales: &'a [String],
    sold: AtomicI64,
    is_over: AtomicBool,
    begun: Instant,
}

#[test]
fn a_crowd_buys_every_unit_once_while_rebalances_are_killed() {
    let people = rounds(50_000);
    // Fewer than people, and more than those of one shard.
    let units = i64::try_from(people / 10 * 9).expect("a count");
    let mut random = Random::seeded("crowd");
    let shops = Cluster::start();
    // All of it is at one shard: two thirds of the crowd depend on what is brought to them.
    let sales = shops.sell(&[units.unsigned_abs(), 0, 0], "");
    let (sold, is_over) = (AtomicI64::new(0), AtomicBool::new(false));
    let patience = Duration::from_secs(rounds(120) as u64);
    let rush = Rush { units, patience, sales: &sales, sold, is_over, begun: Instant::now() };
    let mut killed = 0;
    thread::scope(|scope| {
        let crowds = (0..SHARDS).map(|at| {
            let users: Vec<String> =
                (0..people).map(|n| format!("user-{n:06}")).filter(|user| shard(user) == at).collect();
            let (rush, client) = (&rush, shops.at(&sales[at]).client());
            scope.spawn(move || rush.buy(&client, at, users))
        });
        let crowds: Vec<_> = crowds.collect();
        while !rush.is_over.load(Ordering::Relaxed) && !crowds.iter().any(|crowd| crowd.is_finished()) {
            // Every other time two of them, which see each other's units in transit.
            let movers = (0..=killed % 2).map(|_| shops.rebalancing(&sales, "--watch --every 50"));
            let movers: Vec<_> = movers.collect();
            thread::sleep(Duration::from_millis(random.below(500) as u64));
            for mut mover in movers {
                mover.kill().expect("the program can be killed");
                mover.wait().expect("it has ended");
            }
            killed += 1;
        }
        crowds.into_iter().for_each(|crowd| crowd.join().expect("nobody is surprised"));
    });
    let seconds = rush.begun.elapsed().as_secs_f64();
    let told = shops.rebalanced(&sales, "");
    let halves = |sale: &String| shops.at(sale).int(&format!("HLEN {sale}:moves"));
    let transfers = sales.iter().map(halves).sum::<i64>() / 2;
    eprintln!("{people} users, {units} units, {killed} kills, {transfers} transfers, {seconds:.1} s");
    assert!(killed > 3, "only {killed} were killed");
    assert_all_sold_once(&shops, &sales, units, &told);
}

#[track_caller]
fn assert_all_sold_once(shops: &Cluster, sales: &[String], units: i64, told: &Told) {
    told.says(&format!(
        "{units} units: 0 available, 0 held, {units} confirmed; 0 in transit, 0 at two shards"
    ));
    for figure in ["stock_total", "confirmed"] {
        assert_eq!(shops.sum(sales, figure), units, "{figure}");
    }
    shops.assert_sound(sales);
    let mut owners = BTreeMap::new();
    for (at, sale) in sales.iter().enumerate() {
        let events = events::all(shops.at(sale), &format!("{sale}:orders"));
        events::assert_gapless(&events, sale);
        for event in events.iter().filter(|event| event.get("ev") == "RESERVED") {
            let user = event.get("user").to_owned();
            assert_eq!(shard(&user), at, "{user} bought at a shard that is another's");
            assert!(owners.insert(user, at).is_none(), "{event:?} is somebody's second");
        }
    }
    assert_eq!(i64::try_from(owners.len()), Ok(units));
}

impl Rush<'_> {
    /// All of a shard's users try until everything is sold; who won tries again at once.
    fn buy(&self, client: &Client, at: usize, mut users: Vec<String>) {
        let sale = &self.sales[at];
        while self.sold.load(Ordering::Relaxed) < self.units {
            assert!(
                self.begun.elapsed() < self.patience,
                "{} units are left unsold",
                self.units - self.sold()
            );
            for some in users.clone().chunks(1_000) {
                let winners = self.ask(client, sale, some);
                users.retain(|user| !winners.contains_key(user));
                self.settle(client, sale, &winners);
                if self.sold() >= self.units {
                    break;
                }
            }
        }
        self.is_over.store(true, Ordering::Relaxed);
    }

    fn sold(&self) -> i64 {
        self.sold.load(Ordering::Relaxed)
    }

    /// Each asks twice with one token, as a double click does; who got something, with the id.
    fn ask(&self, client: &Client, sale: &str, users: &[String]) -> BTreeMap<String, String> {
        let click = |user: &String| format!("SECKILL.RESERVE {sale} {user} REQUEST click-{user}");
        let commands: Vec<String> = users.iter().flat_map(|user| [click(user), click(user)]).collect();
        let replies = client.pipeline(&commands);
        let mut winners = BTreeMap::new();
        for (user, answers) in users.iter().zip(replies.chunks(2)) {
            let answers = [&answers[0], &answers[1]].map(reply::text);
            let ids = answers.each_ref().map(|text| text.strip_prefix("RESERVED ").map(first_word));
            for answer in &answers {
                assert!(
                    reply::fits(answer, "RESERVED # @ *") || reply::fits(answer, "SOLDOUT *"),
                    "{answer}"
                );
            }
            match ids {
                [Some(first), second] => {
                    assert_eq!(second.as_ref(), Some(&first), "{user}: {answers:?}");
                    winners.insert(user.clone(), first);
                }
                // Units came between the two clicks.
                [None, Some(second)] => drop(winners.insert(user.clone(), second)),
                [None, None] => {}
            }
        }
        winners
    }

    /// Who won pays, and wants another one in vain.
    fn settle(&self, client: &Client, sale: &str, winners: &BTreeMap<String, String>) {
        let greedy: Vec<String> =
            winners.keys().map(|user| format!("SECKILL.RESERVE {sale} {user}")).collect();
        for reply in client.pipeline(&greedy) {
            assert!(reply::text(&reply).starts_with("DUPLICATE "), "{}", reply::text(&reply));
        }
        let payments: Vec<String> =
            winners.values().map(|id| format!("SECKILL.CONFIRM {sale} {id}")).collect();
        for reply in client.pipeline(&payments) {
            assert!(reply::text(&reply).starts_with("CONFIRMED "), "{}", reply::text(&reply));
        }
        self.sold.fetch_add(i64::try_from(winners.len()).expect("a count"), Ordering::Relaxed);
    }
}

fn first_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().to_owned()
}
