//! `seckill pay` and `seckill refunds`: payments that come in, and those that come too late.

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use order_worker::late::{Payment, pay};
use serde::Serialize;

use crate::Verdict;
use crate::work::Places;

#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The sale's key.
    sale: String,
    /// The reservation's id.
    id: i64,
    #[command(flatten)]
    places: Places,
}

#[derive(Args, Clone, Debug)]
pub struct Refunds {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand, Clone, Debug)]
enum Task {
    /// Those that somebody has to make, oldest first.
    List {
        /// As one JSON array.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        places: Places,
    },
    /// The money of this reservation was paid back.
    Done {
        /// The sale's key.
        sale: String,
        /// The reservation's id.
        id: i64,
        #[command(flatten)]
        places: Places,
    },
}

/// A refund for a machine.
#[derive(Serialize)]
struct Row {
    sale: String,
    reservation: i64,
    user: String,
    qty: i64,
    reason: String,
}

pub fn run(options: &Options) -> Result<Verdict> {
    let mut connection = options.places.address()?.connect(&options.sale)?;
    let mut database = options.places.location().open()?;
    match pay(&mut connection, &mut database, &options.sale, options.id)? {
        Payment::Paid => println!("paid"),
        Payment::Refund(reason) => println!("refund: {reason}"),
        Payment::PaidBack => println!("paid back already"),
    }
    Ok(Verdict::Good)
}

pub fn refunds(options: &Refunds) -> Result<Verdict> {
    match &options.task {
        Task::List { json, places } => list(places, *json),
        Task::Done { sale, id, places } => {
            let is_noted = places.location().open()?.finish_refund(sale, *id)?;
            ensure!(is_noted, "no refund is open for reservation {id} of {sale}");
            Ok(Verdict::Good)
        }
    }
}

fn list(places: &Places, json: bool) -> Result<Verdict> {
    let tasks = places.location().open()?.open_refunds()?;
    let rows = tasks.into_iter().map(|task| Row {
        sale: task.sale,
        reservation: task.reservation,
        user: task.user,
        qty: task.qty,
        reason: task.reason,
    });
    if json {
        println!("{}", serde_json::to_string_pretty(&rows.collect::<Vec<_>>())?);
    } else {
        rows.for_each(|row| {
            println!("{}  {}  {} of {}  {}", row.sale, row.reservation, row.qty, row.user, row.reason);
        });
    }
    Ok(Verdict::Good)
}
