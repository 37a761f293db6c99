//! What a batch of events changes: rows and events in, rows and stock out. Nothing is read or written here.

use std::collections::{BTreeMap, HashMap};

use crate::event::{Event, Kind, Seq};
use crate::order::{Order, Refusal, Step};

/// Which order: sale and reservation.
pub type OrderKey = (String, i64);

/// The key of the order that an event is about, if it is about one.
pub fn key(event: &Event) -> Option<OrderKey> {
    (event.reservation > 0).then(|| (event.sale.clone(), event.reservation))
}

/// What is to be written for a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Orders that changed, by sale and reservation, so that two workers lock them in the same order.
    pub orders: Vec<Order>,
    /// Units that leave the stock of each sale; negative where units come back.
    pub taken: BTreeMap<String, i64>,
    /// New events of each sale and epoch, and the newest number among them.
    pub counts: BTreeMap<(String, i64), Count>,
    /// Events that would have taken a state back after a failover.
    pub setbacks: Vec<Seq>,
}

/// How many events of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Events.
    pub events: i64,
    /// The newest number.
    pub newest: i64,
}

/// Works out what events change that were not processed before.
///
/// `rows` are the orders they are about, as they stand.
/// `bases` tells for each sale up to which event its stock was counted when it was first seen.
///
/// # Errors
/// The first event that cannot be applied; nothing must be written then.
pub fn plan(
    mut rows: HashMap<OrderKey, Order>,
    bases: &HashMap<String, Seq>,
    events: &[&Event],
) -> Result<Plan, Refusal> {
    let mut plan = Plan::default();
    let before: HashMap<OrderKey, i64> =
        rows.iter().map(|(key, order)| (key.clone(), order.taken())).collect();
    for event in events {
        plan.count(event);
        match key(event) {
            None => plan.restock(event, bases.get(&event.sale).copied().unwrap_or_default()),
            Some(key) => {
                let row = rows.entry(key);
                let order =
                    row.or_insert_with(|| Order::unknown(&event.sale, event.reservation, &event.user));
                if order.apply(event)? == Step::Setback {
                    plan.setbacks.push(event.seq);
                }
            }
        }
    }
    for (key, order) in &rows {
        let delta = order.taken() - before.get(key).copied().unwrap_or(0);
        *plan.taken.entry(key.0.clone()).or_default() += delta;
    }
    plan.taken.retain(|_, delta| *delta != 0);
    plan.orders = rows.into_values().collect();
    plan.orders.sort_by(|a, b| (&a.sale, a.reservation).cmp(&(&b.sale, b.reservation)));
    Ok(plan)
}

impl Plan {
    fn count(&mut self, event: &Event) {
        let count = self.counts.entry((event.sale.clone(), event.seq.epoch)).or_default();
        count.events += 1;
        count.newest = count.newest.max(event.seq.number);
    }

    /// A change of the stock counts unless it was in the figures with which the sale was first seen.
    fn restock(&mut self, event: &Event, base: Seq) {
        if event.kind == Kind::Restocked && event.seq > base {
            *self.taken.entry(event.sale.clone()).or_default() -= event.qty;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EntryId;

    fn event(kind: Kind, number: i64, reservation: i64, qty: i64) -> Event {
        Event {
            kind,
            sale: "phone".to_owned(),
            seq: Seq { epoch: 0, number },
            reservation,
            user: format!("user-{reservation}"),
            qty,
            deadline: 0,
            data: None,
            entry: EntryId { ms: number as u64, number: 0 },
        }
    }

    fn planned(events: &[Event]) -> Plan {
        let bases = HashMap::from([("phone".to_owned(), Seq { epoch: 0, number: 2 })]);
        plan(HashMap::new(), &bases, &events.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_batch_takes_what_its_orders_take_in_the_end() {
        let plan = planned(&[
            event(Kind::Reserved, 3, 1, 2),
            event(Kind::Reserved, 4, 2, 1),
            event(Kind::Expired, 5, 1, 2),
        ]);
        assert_eq!(plan.taken, BTreeMap::from([("phone".to_owned(), 1)]));
        assert_eq!(plan.orders.len(), 2);
        assert_eq!(plan.counts[&("phone".to_owned(), 0)], Count { events: 3, newest: 5 });
    }

    #[test]
    fn a_restock_counts_only_after_the_stock_was_first_seen() {
        let plan = planned(&[event(Kind::Restocked, 2, 0, 10), event(Kind::Restocked, 3, 0, 5)]);
        assert_eq!(plan.taken, BTreeMap::from([("phone".to_owned(), -5)]));
    }

    #[test]
    fn rows_are_written_in_one_order_by_everybody() {
        let plan = planned(&[event(Kind::Reserved, 4, 9, 1), event(Kind::Reserved, 3, 2, 1)]);
        let order: Vec<i64> = plan.orders.iter().map(|order| order.reservation).collect();
        assert_eq!(order, [2, 9]);
    }

    #[test]
    fn one_refused_event_refuses_the_batch() {
        let mut other = event(Kind::Reserved, 5, 1, 2);
        other.user = "somebody else".to_owned();
        let events = [event(Kind::Reserved, 3, 1, 2), other];
        let refused = plan(HashMap::new(), &HashMap::new(), &events.iter().collect::<Vec<_>>());
        assert_eq!(refused, Err(Refusal::OtherBuyer { owner: "user-1".to_owned() }));
    }
}
