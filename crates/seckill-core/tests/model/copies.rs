//! The ways of a sale to another place: as bytes, and back.

use seckill_core::bounds::COUNT_MAX;
use seckill_core::codec::{self, Loader, Purpose};
use seckill_core::ids::ReservationId;
use seckill_core::sale::{Sale, Seed};
use seckill_core::time::Moment;

/// What all copies of a sale have in common.
pub fn digest(sale: &Sale) -> Vec<u8> {
    let mut all = Vec::new();
    codec::blocks(sale, Purpose::Digest, |block| all.extend_from_slice(block));
    all
}

/// The sale as it is stored.
pub fn stored(sale: &Sale) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    codec::blocks(sale, Purpose::Store, |block| blocks.push(block.to_vec()));
    blocks
}

/// The sale that was stored, if the blocks are one.
pub fn loaded<B: AsRef<[u8]>>(blocks: &[B], seed: u64) -> Option<Sale> {
    let mut loader = Loader::new(Seed::new(seed));
    let mut feed = |found: Option<Sale>, block: &B| loader.feed(block.as_ref()).map(|sale| sale.or(found));
    blocks.iter().try_fold(None, &mut feed).ok().flatten()
}

/// The books are right, the sale can be stored and loaded again, and it goes on.
pub fn assert_in_order(mut sale: Sale) {
    let audit = sale.audit();
    assert_eq!((&audit.differences[..], audit.oversold), (&[][..], sale.oversold()));
    let again = loaded(&stored(&sale), 3).expect("a sale that was accepted can be stored");
    assert!(digest(&sale) == digest(&again), "stored and loaded, the sale is another");
    let later = sale.next_due().unwrap_or(sale.clock()).max(sale.clock().after(1));
    let mut moment = Moment { now: later, fresh: true };
    for id in sale.due(moment.now, 3) {
        let effect = sale.expire(moment, id);
        assert!(sale.check(&effect).is_ok() || later.0 > COUNT_MAX);
        sale.apply(&effect);
        moment.fresh = false;
    }
    let (_, ids) = sale.scan(ReservationId(0), None, usize::MAX, moment.now);
    assert_eq!(ids.len(), sale.reservations() as usize);
    assert!(sale.users() <= ids.len());
    assert_eq!(sale.audit().differences, []);
}
