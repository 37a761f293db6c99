//! The demo's order worker, and what it has written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use order_worker::order::{Order, State};
use order_worker::store::Location;
use order_worker::stream::groups;
use order_worker::worker::{self, Shared};
use redis::Connection;

use super::server::Server;
use crate::work;

/// For what is left in the stream once the sale is over.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A worker that carries the sale's events into a file beside the server's; dropping it ends it.
pub struct Ledger {
    shared: Arc<Shared>,
    working: Option<JoinHandle<()>>,
    stream: String,
}

/// What the tables say in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    pub orders: Vec<Row>,
    /// Units that no order takes.
    pub stock: i64,
}

/// An order in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub reservation: u64,
    pub user: String,
    pub is_paid: bool,
}

impl Ledger {
    /// Begins to work.
    pub fn open(server: &Server, stream: &str) -> Result<Self> {
        let location = Location::Sqlite(server.folder().join("orders.db"));
        let shared = work::beside(&server.url(), location, stream, Arc::new(AtomicBool::new(false)))?;
        let working = thread::spawn({
            let shared = shared.clone();
            move || worker::run(&shared)
        });
        Ok(Ledger { shared, working: Some(working), stream: stream.to_owned() })
    }

    /// Waits until nothing is left in the stream, ends the worker, and takes down the tables.
    ///
    /// What is still missing after a while is missing in the tables, which the checks then show.
    pub fn close(mut self, connection: &mut Connection, sale: &str) -> Result<Tables> {
        let deadline = Instant::now() + PATIENCE;
        let is_done = |connection: &mut Connection| -> Result<bool> {
            let groups = groups(connection, &self.stream)?;
            Ok(groups.iter().all(|group| group.pending == 0 && group.lag == Some(0)))
        };
        while !is_done(connection)? && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        self.end();
        let mut database = self.shared.settings.location.open()?;
        let orders = database.orders(sale, 0, i64::MAX)?;
        let products = database.products()?;
        let product = products.into_iter().find(|product| product.sale == sale);
        let stock = product.and_then(|product| product.stock).context("the sale has no row in the tables")?;
        Ok(Tables { orders: orders.iter().map(row).collect(), stock })
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(working) = self.working.take() {
            // A panic has been shown, and the tables miss what it left.
            let _ = working.join();
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.end();
    }
}

impl Tables {
    /// How many orders are paid.
    pub fn paid(&self) -> usize {
        self.orders.iter().filter(|row| row.is_paid).count()
    }
}

fn row(order: &Order) -> Row {
    Row {
        reservation: order.reservation.unsigned_abs(),
        user: order.user.clone(),
        is_paid: order.state == Some(State::Confirmed),
    }
}
