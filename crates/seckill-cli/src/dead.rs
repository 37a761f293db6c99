//! `seckill dead`: entries that the worker has given up.

use std::io::{IsTerminal, stdout};

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use order_worker::event::EntryId;
use order_worker::store::Database;
use order_worker::stream::dead::{self, DeadLetter};
use order_worker::stream::{Address, discover, sale};
use redis::Connection;
use serde::Serialize;

use crate::Verdict;
use crate::work::Places;

/// Letters of one round trip.
const PAGE: usize = 500;

#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand, Clone, Debug)]
enum Task {
    /// One line for each letter.
    List {
        #[command(flatten)]
        places: Places,
        /// As one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Everything about one letter.
    Show {
        /// The letter's id, as list shows it.
        letter: String,
        #[command(flatten)]
        places: Places,
    },
    /// Send letters again, to the end of their streams.
    Retry {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        places: Places,
    },
    /// Take letters off; a reservation that still takes units gives them back first.
    Drop {
        #[command(flatten)]
        which: Which,
        /// What becomes of the units that the letter's reservation takes.
        #[arg(long, value_enum, default_value_t = Units::Return)]
        units: Units,
        #[command(flatten)]
        places: Places,
    },
}

#[derive(Args, Clone, Debug)]
struct Which {
    /// Ids of letters, as list shows them.
    letters: Vec<String>,
    /// All letters.
    #[arg(long, conflicts_with = "letters")]
    all: bool,
}

/// What becomes of units whose order was never made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Units {
    /// A hold is released and a paid reservation refunded, so that they can be sold again.
    Return,
    /// They stay with the reservation.
    Keep,
}

/// A stream, its dead letters' stream and a connection to both.
struct Place {
    stream: String,
    dead: String,
    connection: Connection,
}

pub fn run(options: &Options) -> Result<Verdict> {
    match &options.task {
        Task::List { places, json } => list(places, *json),
        Task::Show { letter, places } => show(places, letter),
        Task::Retry { which, places } => {
            let mut database = places.location().open()?;
            each(places, which, "sent again", |place, letter| retry(place, letter, &mut database))
        }
        Task::Drop { which, units, places } => {
            let mut database = places.location().open()?;
            each(places, which, "dropped", |place, letter| drop_one(place, letter, *units, &mut database))
        }
    }
}

fn places_of(places: &Places) -> Result<Vec<Place>> {
    let address: Address = places.address()?;
    let streams = discover(&address, &places.streams(), &places.group)?;
    let open = |stream: &std::sync::Arc<str>| {
        let connection = address.connect(stream)?;
        let dead = dead::dead_stream(stream, address.is_cluster());
        Ok(Place { stream: stream.to_string(), dead, connection })
    };
    streams.iter().map(open).collect()
}

impl Place {
    fn letters(&mut self) -> Result<Vec<DeadLetter>> {
        let mut all = Vec::new();
        let mut after = EntryId::default();
        loop {
            let page = dead::letters(&mut self.connection, &self.dead, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.id;
            all.extend(page);
        }
    }
}

/// A letter for a machine.
#[derive(Serialize)]
struct Row {
    stream: String,
    letter: String,
    entry: String,
    deliveries: u32,
    reason: String,
    fields: String,
}

fn list(places: &Places, json: bool) -> Result<Verdict> {
    let mut rows = Vec::new();
    for mut place in places_of(places)? {
        for letter in place.letters()? {
            rows.push(Row {
                stream: place.stream.clone(),
                letter: letter.id.to_string(),
                entry: letter.entry.to_string(),
                deliveries: letter.deliveries,
                reason: letter.reason,
                fields: dead::shown(&letter.fields),
            });
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(Verdict::Good);
    }
    for row in &rows {
        println!("{}  {}  {} deliveries  {}", row.letter, row.stream, row.deliveries, row.reason);
    }
    if rows.is_empty() && stdout().is_terminal() {
        println!("there are no dead letters");
    }
    Ok(Verdict::Good)
}

fn show(places: &Places, wanted: &str) -> Result<Verdict> {
    for mut place in places_of(places)? {
        let found = place.letters()?.into_iter().find(|letter| letter.id.to_string() == wanted);
        let Some(letter) = found else { continue };
        println!("letter      {}\nstream      {}\nentry       {}", letter.id, place.stream, letter.entry);
        println!("deliveries  {}\nreason      {}", letter.deliveries, letter.reason);
        for field in &letter.fields {
            println!("  {}", dead::shown(&vec![field.clone()]));
        }
        return Ok(Verdict::Good);
    }
    bail!("there is no letter {wanted}; see `seckill dead list`")
}

/// Does something with the letters that were named.
fn each(
    places: &Places,
    which: &Which,
    done: &str,
    mut work: impl FnMut(&mut Place, &DeadLetter) -> Result<()>,
) -> Result<Verdict> {
    ensure!(which.all || !which.letters.is_empty(), "name the letters, or say --all");
    let mut count = 0;
    for mut place in places_of(places)? {
        for letter in place.letters()? {
            if which.all || which.letters.contains(&letter.id.to_string()) {
                work(&mut place, &letter)?;
                count += 1;
            }
        }
    }
    ensure!(
        which.all || count == which.letters.len(),
        "{count} of {} letters were there",
        which.letters.len()
    );
    println!("{count} {done}");
    Ok(Verdict::Good)
}

fn retry(place: &mut Place, letter: &DeadLetter, database: &mut Database) -> Result<()> {
    let is_sent = dead::send_again(&mut place.connection, &place.dead, &place.stream, letter)?;
    ensure!(is_sent, "the stream {} is not there", place.stream);
    database.settle_letter(&place.stream, letter.entry, "retried")?;
    Ok(())
}

fn drop_one(place: &mut Place, letter: &DeadLetter, units: Units, database: &mut Database) -> Result<()> {
    if units == Units::Return {
        give_back(place, letter, database)?;
    }
    database.settle_letter(&place.stream, letter.entry, "dropped")?;
    dead::remove(&mut place.connection, &place.dead, letter.id)?;
    Ok(())
}

/// Frees what the letter's reservation takes, unless the database has its order.
fn give_back(place: &mut Place, letter: &DeadLetter, database: &mut Database) -> Result<()> {
    let name = |field| dead::field(&letter.fields, field).unwrap_or_default();
    let (key, id) = (name("sale"), name("id"));
    let Ok(number) = id.parse::<i64>() else { return Ok(()) };
    if key.is_empty() || number == 0 {
        return Ok(());
    }
    let order = database.orders(&key, number - 1, 1)?.into_iter().find(|order| order.reservation == number);
    if order.is_some_and(|order| order.taken() > 0) {
        println!("{}: reservation {id} of {key} has its order, and keeps its units", letter.id);
        return Ok(());
    }
    let (status, _) = sale::decide(&mut place.connection, &["SECKILL.RELEASE", &key, &id])?;
    if status == "CONFIRMED" {
        let (status, _) = sale::decide(&mut place.connection, &["SECKILL.REFUND", &key, &id])?;
        println!(
            "{}: reservation {id} of {key} was paid; {status}: give the buyer the money back, \
             then `seckill reconcile --fix --sale {key}` completes its row",
            letter.id
        );
    } else {
        println!("{}: reservation {id} of {key}: {status}", letter.id);
    }
    Ok(())
}
