//! Any bytes as the next change of a sale: refused, or the sale is in order.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use seckill_core::codec::{self, Sent};
use seckill_core::sale::{Sale, Seed};
use seckill_fuzz::{SALES, copies, trial::Trial};

/// Steps before the change: less than the seeds have, so that some of their changes come next.
const STEPS: u64 = 150;

fuzz_target!(|data: &[u8]| {
    static SALES_BEFORE: OnceLock<Vec<Sale>> = OnceLock::new();
    let sales = SALES_BEFORE
        .get_or_init(|| (0..SALES).map(|number| Trial::new(u64::from(number)).history(STEPS).0).collect());
    let Some((number, payload)) = data.split_first() else { return };
    let before = &sales[usize::from(number % SALES)];
    match codec::decode_sent(payload) {
        Ok(Sent::Effect(effect, _)) if before.check(&effect).is_ok() => {
            let mut sale = before.clone();
            sale.apply(&effect);
            copies::assert_in_order(sale);
        }
        Ok(Sent::Created(sent)) => {
            if let Ok(sale) = sent.sale(Seed::new(1)) {
                copies::assert_in_order(sale);
            }
        }
        _ => {}
    }
});
