//! `seckill reconcile`: sales against their tables.

use anyhow::{Result, ensure};
use clap::Args;
use order_worker::reconcile::{Account, Outcome, examine, mend};
use order_worker::store::Database;
use redis::Connection;
use serde::Serialize;

use crate::Verdict;
use crate::stop::Stop;
use crate::work::Places;

#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A sale's key; can be given again [default: all that the tables know].
    #[arg(long = "sale", value_name = "KEY")]
    sales: Vec<String>,

    /// Put right what differs; without it nothing is changed.
    #[arg(long)]
    fix: bool,

    /// The report as one JSON array, and nothing else, on standard output.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    places: Places,
}

/// What is to be said of a sale.
#[derive(Serialize)]
struct Report {
    sale: String,
    /// Whether both say the same, in the end.
    ok: bool,
    compared: usize,
    /// What differs, and what was done about it.
    findings: Vec<String>,
}

pub fn run(options: &Options, stop: &Stop) -> Result<Verdict> {
    let address = options.places.address()?;
    let mut database = options.places.location().open()?;
    let known = database.products()?.into_iter().map(|product| product.sale);
    let sales: Vec<String> = if options.sales.is_empty() { known.collect() } else { options.sales.clone() };
    let mut reports = Vec::new();
    for sale in sales {
        if stop.is_asked() {
            return Ok(Verdict::Interrupted);
        }
        let mut connection = address.connect(&sale)?;
        let report = one(options, &mut connection, &mut database, &sale)?;
        if !options.json {
            show(&report);
        }
        reports.push(report);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
    }
    Ok(if reports.iter().all(|report| report.ok) { Verdict::Good } else { Verdict::Bad })
}

fn show(report: &Report) {
    let verdict = if report.ok { "ok" } else { "DIFFERS" };
    println!("{}: {verdict}, {} reservations compared", report.sale, report.compared);
    report.findings.iter().for_each(|finding| println!("  {finding}"));
}

fn one(
    options: &Options,
    connection: &mut Connection,
    database: &mut Database,
    sale: &str,
) -> Result<Report> {
    let group = &options.places.group;
    let account = match examine(connection, database, sale, group)? {
        Outcome::Compared(account) => account,
        Outcome::Gone => return Ok(without(sale, true, "there is no such sale any more")),
        Outcome::Behind { entries } => {
            let why = format!("{entries} entries wait; let a worker process them, then compare");
            return Ok(without(sale, false, &why));
        }
    };
    let mut findings = found(&account);
    let mut ok = is_equal(&account);
    if options.fix && !ok {
        ensure!(
            account.letters == 0,
            "{sale} has {} dead letters, which would be counted twice when they are sent again: \
             retry or drop them first",
            account.letters
        );
        findings.extend(put_right(connection, database, &account)?);
        let Outcome::Compared(after) = examine(connection, database, sale, group)? else {
            return Ok(Report { sale: sale.to_owned(), ok: false, compared: account.compared, findings });
        };
        ok = is_equal(&after);
        findings.extend(found(&after).into_iter().map(|finding| format!("still: {finding}")));
    }
    if ok {
        database.note_reconciled(sale)?;
    }
    Ok(Report { sale: sale.to_owned(), ok, compared: account.compared, findings })
}

fn without(sale: &str, ok: bool, why: &str) -> Report {
    Report { sale: sale.to_owned(), ok, compared: 0, findings: vec![why.to_owned()] }
}

fn is_equal(account: &Account) -> bool {
    account.differences.is_empty() && account.stock.is_none_or(|(kept, counted)| kept == counted)
}

fn found(account: &Account) -> Vec<String> {
    let mut findings: Vec<String> = account.differences.iter().map(ToString::to_string).collect();
    if let Some((kept, counted)) = account.stock.filter(|(kept, counted)| kept != counted) {
        findings.push(format!("stock {kept} in the table, {counted} by the sale's total and the orders"));
    }
    if account.missing > 0 {
        findings.push(format!("{} events were never processed", account.missing));
    }
    findings
}

/// The stock first, for orders that are written may need it.
fn put_right(connection: &mut Connection, database: &mut Database, account: &Account) -> Result<Vec<String>> {
    let mut done = Vec::new();
    if let Some((kept, counted)) = account.stock.filter(|(kept, counted)| kept != counted) {
        let is_set = database.adjust_stock(&account.sale, counted - kept)?;
        let how = if is_set { "set" } else { "not set: it would be below zero" };
        done.push(format!("stock: {how}"));
    }
    for difference in &account.differences {
        let how = mend(connection, database, account, difference)?;
        done.push(format!("reservation {}: {}: {how}", difference.reservation, difference.remedy.word()));
    }
    Ok(done)
}
