//! What must hold after the sale, each on its own.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::crowd::{Told, name};
use super::evidence::Evidence;
use super::ledger::Row;
use crate::book::Book;

/// What the crowd remembers.
#[derive(Debug, Default)]
pub struct Memory {
    pub units: i64,
    /// How many requests were answered.
    pub requests: u64,
    /// Buyers who never got anything.
    pub empty_handed: u64,
    pub told: Vec<(u64, u32, Told)>,
    /// What should not have come.
    pub failures: BTreeMap<String, u64>,
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    /// Why it does not hold; nothing if it does.
    pub problem: Option<String>,
}

/// All that must hold.
pub fn all(memory: &Memory, evidence: &Evidence, book: &Book) -> Vec<Check> {
    let check = |name, problem| Check { name, problem };
    vec![
        check("every answer was one that a buyer may get", unexpected(memory)),
        check("the events are numbered without a gap", first_of(book.gaps())),
        check("replayed, no event is impossible and stock is never below zero", first_of(book.faults())),
        check(
            "the replay gives the held, confirmed and available units of the server",
            totals(evidence, book),
        ),
        check("no unpaid hold is left", unsettled(evidence)),
        check("what buyers were told is what the events say", told(memory, book)),
        check("no buyer owns more than one", greedy(book)),
        check("nobody was turned away while units were left", unsold(memory, evidence)),
        check("the server counted the requests that were answered", uncounted(memory, evidence)),
        check("the server's own audit agrees, and nothing is oversold", audit(memory, evidence)),
        check(
            "the database has each order once, as the events end, and the same stock",
            tables(evidence, book),
        ),
    ]
}

fn unexpected(memory: &Memory) -> Option<String> {
    let shown: Vec<String> =
        memory.failures.iter().map(|(what, count)| format!("{count} × {what}")).collect();
    (!shown.is_empty()).then(|| shown.join("; "))
}

fn first_of(findings: &[String]) -> Option<String> {
    let first = findings.first()?;
    Some(format!("{first} ({} in all)", findings.len()))
}

fn totals(evidence: &Evidence, book: &Book) -> Option<String> {
    let (said, replayed, stock) = (evidence.info.totals, book.totals(), evidence.stock);
    if said != replayed {
        return Some(format!("the server says {said:?}, the events {replayed:?}"));
    }
    (stock != replayed.available)
        .then(|| format!("SECKILL.STOCK says {stock}, the events {}", replayed.available))
}

fn unsettled(evidence: &Evidence) -> Option<String> {
    let held = evidence.info.totals.held;
    (held != 0).then(|| format!("{held} units are still held long after their deadline"))
}

fn told(memory: &Memory, book: &Book) -> Option<String> {
    let told = |kind: Told| memory.told.iter().filter(move |(.., told)| *told == kind);
    let reserved = difference("reserved", told(Told::Reserved), book.reservations());
    reserved.or_else(|| difference("confirmed", told(Told::Confirmed), book.orders())).or_else(|| {
        let (said, counted) = (told(Told::Released).count() as u64, kind(book, "RELEASED"));
        (said != counted).then(|| format!("{said} buyers released, {counted} events say so"))
    })
}

/// The first reservation that only one of both knows, or that they give to different people.
fn difference<'a>(
    what: &str,
    told: impl Iterator<Item = &'a (u64, u32, Told)>,
    recorded: impl Iterator<Item = (u64, &'a [u8])>,
) -> Option<String> {
    let mut told: HashMap<u64, String> = told.map(|(id, buyer, _)| (*id, name(*buyer))).collect();
    for (id, user) in recorded {
        let user = String::from_utf8_lossy(user);
        match told.remove(&id) {
            None => return Some(format!("{user} was never told of {what} {id}")),
            Some(other) if other != user => {
                return Some(format!("{what} {id} is {user}'s, but {other} was told"));
            }
            Some(_) => {}
        }
    }
    told.iter().next().map(|(id, buyer)| format!("{buyer} was told of {what} {id}, which no event shows"))
}

fn greedy(book: &Book) -> Option<String> {
    let orders = book.orders().count();
    let buyers = book.buyers();
    (orders != buyers).then(|| format!("{buyers} buyers have {orders} orders"))
}

fn unsold(memory: &Memory, evidence: &Evidence) -> Option<String> {
    let (left, empty_handed) = (evidence.info.totals.available, memory.empty_handed);
    (left > 0 && empty_handed > 0)
        .then(|| format!("{left} of {} units are left, and {empty_handed} buyers got none", memory.units))
}

fn uncounted(memory: &Memory, evidence: &Evidence) -> Option<String> {
    let (info, curve) = (evidence.info.requests, evidence.curve_requests);
    let answered = memory.requests as i64;
    (info != answered || curve != answered)
        .then(|| format!("{answered} were answered; SECKILL.INFO counts {info}, SECKILL.CURVE {curve}"))
}

fn audit(memory: &Memory, evidence: &Evidence) -> Option<String> {
    let (audit, totals) = (&evidence.audit, evidence.info.totals);
    let mut problems = Vec::new();
    if !audit.ok {
        problems.push(format!("the audit is not ok: {}", audit.differences));
    }
    if audit.oversold != 0 {
        problems.push(format!("oversold {}", audit.oversold));
    }
    if totals.total != memory.units || totals.confirmed > memory.units {
        problems.push(format!(
            "{} of {} confirmed, {} were for sale",
            totals.confirmed, totals.total, memory.units
        ));
    }
    (!problems.is_empty()).then(|| problems.join("; "))
}

fn tables(evidence: &Evidence, book: &Book) -> Option<String> {
    let ordered: HashMap<u64, &[u8]> = book.reservations().collect();
    let paid: HashSet<u64> = book.orders().map(|(id, _)| id).collect();
    let rows = &evidence.tables.orders;
    let is_wrong = |row: &&Row| {
        ordered.get(&row.reservation) != Some(&row.user.as_bytes())
            || row.is_paid != paid.contains(&row.reservation)
    };
    if let Some(row) = rows.iter().find(is_wrong) {
        return Some(format!("{row:?} is not what the events say"));
    }
    if rows.len() != ordered.len() {
        return Some(format!("{} rows for {} reservations", rows.len(), ordered.len()));
    }
    let (stock, available) = (evidence.tables.stock, book.totals().available);
    (stock != available).then(|| format!("stock {stock} in the database, {available} by the events"))
}

fn kind(book: &Book, kind: &str) -> u64 {
    book.kinds().get(kind).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Totals;
    use crate::demo::evidence::{Audit, Info};
    use crate::demo::ledger::Tables;
    use crate::stream::Event;

    /// A sale of two units: one sold, one held and expired, then sold to a third buyer.
    struct Sale {
        memory: Memory,
        evidence: Evidence,
    }

    fn event(kind: &str, seq: u64, id: u64, user: &str) -> Event {
        let (kind, sale, user) = (kind.to_owned(), b"phone".to_vec(), user.as_bytes().to_vec());
        Event { kind, sale, epoch: 0, seq, id, user, qty: 1 }
    }

    fn row(reservation: u64, buyer: u32, is_paid: bool) -> Row {
        Row { reservation, user: format!("buyer-{buyer}"), is_paid }
    }

    fn sale() -> Sale {
        let events = vec![
            event("RESERVED", 1, 1, "buyer-0"),
            event("RESERVED", 2, 2, "buyer-1"),
            event("CONFIRMED", 3, 1, "buyer-0"),
            event("EXPIRED", 4, 2, "buyer-1"),
            event("RESERVED", 5, 3, "buyer-2"),
            event("CONFIRMED", 6, 3, "buyer-2"),
        ];
        let told = [(1, 0), (2, 1), (3, 2)].map(|(id, buyer)| (id, buyer, Told::Reserved)).into_iter();
        let paid = [(1, 0), (3, 2)].map(|(id, buyer)| (id, buyer, Told::Confirmed));
        let memory = Memory {
            units: 2,
            requests: 9,
            empty_handed: 5,
            told: told.chain(paid).collect(),
            failures: BTreeMap::new(),
        };
        let totals = Totals { total: 2, available: 0, held: 0, confirmed: 2 };
        let evidence = Evidence {
            info: Info { totals, requests: 9, stream: "{phone}:orders".to_owned() },
            audit: Audit { ok: true, oversold: 0, differences: String::new() },
            stock: 0,
            curve_requests: 9,
            events,
            tables: Tables { orders: [row(1, 0, true), row(2, 1, false), row(3, 2, true)].into(), stock: 0 },
        };
        Sale { memory, evidence }
    }

    /// The names of the checks that do not hold after the change.
    fn broken(change: impl FnOnce(&mut Sale)) -> Vec<&'static str> {
        let mut sale = sale();
        change(&mut sale);
        let book = Book::replay(sale.memory.units, &sale.evidence.events);
        let checks = all(&sale.memory, &sale.evidence, &book);
        checks.iter().filter(|check| check.problem.is_some()).map(|check| check.name).collect()
    }

    #[test]
    fn an_honest_sale_passes_every_check() {
        assert_eq!(broken(|_| {}), [""; 0]);
    }

    #[test]
    fn a_lost_event_is_found_by_its_number_and_by_its_buyer() {
        let names = broken(|sale| {
            sale.evidence.events.remove(2);
        });
        assert!(names.iter().any(|name| name.contains("without a gap")), "{names:?}");
        assert!(names.iter().any(|name| name.contains("what buyers were told")), "{names:?}");
        assert!(names.iter().any(|name| name.contains("the replay gives")), "{names:?}");
    }

    #[test]
    fn each_lie_breaks_its_check() {
        type Change = fn(&mut Sale);
        let changes: [(Change, &str); 14] = [
            (|sale| *sale.memory.failures.entry("x".to_owned()).or_default() += 1, "every answer"),
            (|sale| sale.evidence.stock = 1, "the replay gives"),
            (|sale| sale.memory.told.truncate(3), "what buyers were told"),
            (|sale| sale.memory.told.push((9, 3, Told::Confirmed)), "what buyers were told"),
            (|sale| sale.memory.told[0].1 = 7, "what buyers were told"),
            (|sale| sale.evidence.info.requests = 8, "the server counted"),
            (|sale| sale.evidence.curve_requests = 10, "the server counted"),
            (|sale| sale.evidence.audit.ok = false, "the server's own audit"),
            (|sale| sale.evidence.audit.oversold = 1, "the server's own audit"),
            (|sale| sale.evidence.tables.stock = 1, "the database has"),
            (|sale| drop(sale.evidence.tables.orders.pop()), "the database has"),
            (|sale| sale.evidence.tables.orders.push(row(9, 9, false)), "the database has"),
            (|sale| sale.evidence.tables.orders[0].is_paid = false, "the database has"),
            (|sale| sale.evidence.tables.orders[0].user.push('x'), "the database has"),
        ];
        for (change, expected) in changes {
            let names = broken(change);
            assert!(names.len() == 1 && names[0].starts_with(expected), "{expected}: {names:?}");
        }
    }

    #[test]
    fn one_buyer_with_two_orders_is_found() {
        let names = broken(|sale| {
            for event in sale.evidence.events.iter_mut().filter(|event| event.id == 3) {
                event.user = b"buyer-0".to_vec();
            }
            sale.memory.told.iter_mut().filter(|told| told.0 == 3).for_each(|told| told.1 = 0);
        });
        assert!(names.contains(&"no buyer owns more than one"), "{names:?}");
    }

    #[test]
    fn units_left_over_matter_only_to_those_who_got_none() {
        let unsold = |sale: &mut Sale| {
            sale.evidence.events.truncate(4);
            sale.memory.told.retain(|(id, ..)| *id != 3);
            sale.evidence.info.totals = Totals { total: 2, available: 1, held: 0, confirmed: 1 };
            sale.evidence.stock = 1;
            sale.evidence.tables.stock = 1;
            sale.evidence.tables.orders.pop();
        };
        assert_eq!(broken(unsold), ["nobody was turned away while units were left"]);
        assert_eq!(
            broken(|sale| {
                unsold(sale);
                sale.memory.empty_handed = 0;
            }),
            [""; 0]
        );
    }
}
