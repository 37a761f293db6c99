//! Products, epochs, dead letters and orders, as reports and repairs need them.

use std::collections::BTreeMap;

use super::tasks::now_ms;
use super::{Database, Row, StoreError, Value};
use crate::event::{EntryId, Seq};
use crate::order::{Order, State};

/// A row of `products`: the stock of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The sale's key.
    pub sale: String,
    /// Units that no order takes; none if the sale is unlimited or was gone before its first event came.
    pub stock: Option<i64>,
    /// Up to which event the stock was counted when the sale was first seen.
    pub base: Seq,
}

/// A row of `epochs`: how much of an epoch was processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochRow {
    /// The sale's key.
    pub sale: String,
    /// The epoch.
    pub epoch: i64,
    /// Events that were processed.
    pub events: i64,
    /// The newest number among them.
    pub newest: i64,
    /// Events that would have taken a state back.
    pub setbacks: i64,
    /// Events of it that lie among the dead letters.
    pub dead: i64,
    /// Whether the sale was compared since.
    pub is_reconciled: bool,
}

impl EpochRow {
    /// Numbers that neither were processed nor lie among the dead letters.
    pub fn missing(&self) -> i64 {
        (self.newest - self.events - self.dead).max(0)
    }
}

/// A row of `dead_letters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The stream that it was in.
    pub stream: String,
    /// The entry that it was.
    pub entry: EntryId,
    /// Why it was given up.
    pub reason: String,
    /// How often it was delivered.
    pub deliveries: i64,
    /// Its fields, for a person to read.
    pub fields: Vec<u8>,
    /// The sale's key, as far as it can be read.
    pub sale: String,
    /// Its number, 0-0 if that cannot be read.
    pub seq: Seq,
}

const BASES: &str = "SELECT sale, stock, base_epoch, base_seq FROM products ORDER BY sale";
const PRODUCT: &str = "SELECT sale, stock, base_epoch, base_seq FROM products WHERE sale = $1";
const ADD: &str = "INSERT INTO products (sale, stock, total, base_epoch, base_seq, created_at)
 VALUES ($1, $2, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
const SET_STOCK: &str = "UPDATE products SET stock = $1 WHERE sale = $2";
const BURY: &str = "INSERT INTO dead_letters (stream, entry, reason, deliveries, fields, sale, epoch, seq, created_at,
 settled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '')
 ON CONFLICT (stream, entry) DO UPDATE SET reason = excluded.reason, deliveries = excluded.deliveries, settled = ''";
const SETTLE: &str = "UPDATE dead_letters SET settled = $1 WHERE stream = $2 AND entry = $3";
const EPOCHS: &str = "SELECT e.sale, e.epoch, e.events, e.newest, e.setbacks,
 (SELECT COUNT(*) FROM dead_letters d WHERE d.sale = e.sale AND d.epoch = e.epoch AND d.settled = ''
 AND NOT EXISTS (SELECT 1 FROM processed p WHERE p.sale = d.sale AND p.epoch = d.epoch AND p.seq = d.seq)),
 CASE WHEN e.reconciled_at > 0 THEN 1 ELSE 0 END FROM epochs e ORDER BY e.sale, e.epoch";
const BEHIND: &str = "SELECT events, newest FROM epochs WHERE sale = $1 AND epoch = $2";
const RECONCILED: &str = "UPDATE epochs SET reconciled_at = $1 WHERE sale = $2";
/// The numbers before which others are missing, and where the missing ones begin.
const GAPS: &str = "SELECT before + 1, seq - 1 FROM (SELECT seq, LAG(seq, 1, CAST(0 AS BIGINT)) OVER (ORDER BY seq)
 AS before FROM processed WHERE sale = $1 AND epoch = $2) AS numbers WHERE seq > before + 1 ORDER BY 1 LIMIT 20";
const PAGE: &str =
    "SELECT sale, reservation, user_id, qty, refunded, state, epoch, seq, deadline, data, created_at,
 updated_at, paid_at FROM orders WHERE sale = $1 AND reservation > $2 ORDER BY reservation LIMIT $3";
/// In one statement, so that no batch comes in between.
const STOCK_AND_TAKEN: &str =
    "SELECT p.stock, (SELECT CAST(COALESCE(SUM(CASE WHEN o.qty > o.refunded THEN o.qty - o.refunded ELSE 0 END), 0) AS BIGINT) FROM orders o
 WHERE o.sale = p.sale AND o.state IN ('OFFERED', 'HELD', 'CONFIRMED')) FROM products p WHERE p.sale = $1";
const ADJUST: &str = "UPDATE products SET stock = stock + $1 WHERE sale = $2 AND stock + $1 >= 0";
const STATES: &str = "SELECT state, COUNT(*) FROM orders WHERE sale = $1 GROUP BY state";

impl Database {
    /// Whether the stock of this sale is counted; a sale once known stays so.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn knows(&mut self, sale: &str) -> Result<bool, StoreError> {
        if self.bases.contains_key(sale) {
            return Ok(true);
        }
        let rows = self.session.query(PRODUCT, &[sale.into()])?;
        let found: Vec<Product> = rows.iter().filter_map(product).collect();
        for product in &found {
            self.bases.insert(product.sale.clone(), product.base);
        }
        Ok(!found.is_empty())
    }

    /// Makes the row of a sale unless it is there: the stock is its total, which no order has been taken from yet.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn add_product(&mut self, sale: &str, total: Option<i64>, base: Seq) -> Result<(), StoreError> {
        let values = [sale.into(), total.into(), base.epoch.into(), base.number.into(), now_ms().into()];
        self.session.execute(ADD, &values)?;
        self.knows(sale).map(|_| ())
    }

    /// Every sale whose orders are here.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn products(&mut self) -> Result<Vec<Product>, StoreError> {
        Ok(self.session.query(BASES, &[])?.iter().filter_map(product).collect())
    }

    /// Sets a stock right.
    ///
    /// # Errors
    /// If the database refuses it or does not answer.
    pub fn set_stock(&mut self, sale: &str, stock: i64) -> Result<(), StoreError> {
        self.session.execute(SET_STOCK, &[stock.into(), sale.into()]).map(|_| ())
    }

    /// Changes a stock by so much; false if it would go below zero.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn adjust_stock(&mut self, sale: &str, units: i64) -> Result<bool, StoreError> {
        Ok(self.session.execute(ADJUST, &[units.into(), sale.into()])? > 0)
    }

    /// Notes a dead letter; again, with its newest reason.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn bury(&mut self, letter: &Letter) -> Result<(), StoreError> {
        let values = [
            letter.stream.as_str().into(),
            letter.entry.to_string().as_str().into(),
            letter.reason.replace('\0', "").as_str().into(),
            letter.deliveries.into(),
            Value::Bytes(letter.fields.clone()),
            letter.sale.replace('\0', "").as_str().into(),
            letter.seq.epoch.into(),
            letter.seq.number.into(),
            now_ms().into(),
        ];
        self.session.execute(BURY, &values).map(|_| ())
    }

    /// Notes what became of a dead letter: `retried` or `dropped`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn settle_letter(&mut self, stream: &str, entry: EntryId, how: &str) -> Result<(), StoreError> {
        let entry = entry.to_string();
        self.session.execute(SETTLE, &[how.into(), stream.into(), entry.as_str().into()]).map(|_| ())
    }

    /// How much of each epoch was processed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn epochs(&mut self) -> Result<Vec<EpochRow>, StoreError> {
        Ok(self.session.query(EPOCHS, &[])?.iter().filter_map(epoch).collect())
    }

    /// Whether events of this epoch are missing beside this one, which was not processed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn misses_others(&mut self, sale: &str, seq: Seq) -> Result<bool, StoreError> {
        let rows = self.session.query(BEHIND, &[sale.into(), seq.epoch.into()])?;
        let (events, newest) = match rows.first().map(Vec::as_slice) {
            Some([events, newest]) => (events.int(), newest.int()),
            _ => (0, 0),
        };
        Ok(newest.max(seq.number) - 1 > events)
    }

    /// The first gaps in the numbers of an epoch, each from its first to its last missing number.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn gaps(&mut self, sale: &str, epoch: i64) -> Result<Vec<(i64, i64)>, StoreError> {
        let rows = self.session.query(GAPS, &[sale.into(), epoch.into()])?;
        let gap = |row: &Row| Some((row.first()?.int(), row.get(1)?.int()));
        Ok(rows.iter().filter_map(gap).collect())
    }

    /// Notes that a sale was compared.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn note_reconciled(&mut self, sale: &str) -> Result<(), StoreError> {
        self.session.execute(RECONCILED, &[now_ms().into(), sale.into()]).map(|_| ())
    }

    /// Orders of a sale after a reservation, in the order of their ids.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn orders(&mut self, sale: &str, after: i64, most: i64) -> Result<Vec<Order>, StoreError> {
        let rows = self.session.query(PAGE, &[sale.into(), after.into(), most.into()])?;
        Ok(rows.iter().filter_map(order).collect())
    }

    /// One order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn order(&mut self, sale: &str, reservation: i64) -> Result<Option<Order>, StoreError> {
        let page = self.orders(sale, reservation - 1, 1)?;
        Ok(page.into_iter().find(|order| order.reservation == reservation))
    }

    /// The stock of a sale, and what it would be by this total and the orders; none if the sale is unlimited.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn stock_by_orders(
        &mut self,
        sale: &str,
        total: Option<i64>,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let rows = self.session.query(STOCK_AND_TAKEN, &[sale.into()])?;
        let stock = match rows.first().map(Vec::as_slice) {
            Some([stock, taken]) => stock.optional_int().map(|stock| (stock, taken.int())),
            _ => None,
        };
        Ok(stock.zip(total).map(|((stock, taken), total)| (stock, total - taken)))
    }

    /// How many orders of a sale are in each state.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn states(&mut self, sale: &str) -> Result<BTreeMap<String, i64>, StoreError> {
        let rows = self.session.query(STATES, &[sale.into()])?;
        Ok(rows.iter().filter_map(|row| Some((row.first()?.text().to_owned(), row.get(1)?.int()))).collect())
    }

    /// Writes an order as the sale has it, with its stock, in one transaction.
    ///
    /// # Errors
    /// If the database refuses it or does not answer.
    pub fn put_order(&mut self, order: &Order) -> Result<(), StoreError> {
        self.transaction(|session| {
            let unknown = Order::unknown(&order.sale, order.reservation, &order.user);
            let known = session.lock(std::slice::from_ref(&unknown))?;
            let before = known.first().map_or(0, Order::taken);
            session.write(std::slice::from_ref(order))?;
            super::database::take(session, &order.sale, order.taken() - before)
        })
    }
}

fn product(row: &Row) -> Option<Product> {
    let [sale, stock, epoch, number] = row.as_slice() else { return None };
    let base = Seq { epoch: epoch.int(), number: number.int() };
    Some(Product { sale: sale.text().to_owned(), stock: stock.optional_int(), base })
}

fn epoch(row: &Row) -> Option<EpochRow> {
    let [sale, epoch, events, newest, setbacks, dead, is_reconciled] = row.as_slice() else { return None };
    Some(EpochRow {
        sale: sale.text().to_owned(),
        epoch: epoch.int(),
        events: events.int(),
        newest: newest.int(),
        setbacks: setbacks.int(),
        dead: dead.int(),
        is_reconciled: is_reconciled.int() == 1,
    })
}

fn order(row: &Row) -> Option<Order> {
    let [sale, reservation, user, qty, refunded, state, epoch, seq, deadline, data, created, updated, paid] =
        row.as_slice()
    else {
        return None;
    };
    Some(Order {
        sale: sale.text().to_owned(),
        reservation: reservation.int(),
        user: user.text().to_owned(),
        qty: qty.int(),
        refunded: refunded.int(),
        state: State::of(state.text()),
        seq: Seq { epoch: epoch.int(), number: seq.int() },
        deadline: deadline.int(),
        data: data.bytes(),
        created_at: created.int(),
        updated_at: updated.int(),
        paid_at: paid.int(),
    })
}
