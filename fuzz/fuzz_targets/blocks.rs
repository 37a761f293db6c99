//! Any bytes as a stored sale: refused, or the sale is in order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seckill_fuzz::{copies, unpacked};

fuzz_target!(|data: &[u8]| {
    if let Some(sale) = copies::loaded(&unpacked(data), 1) {
        copies::assert_in_order(sale);
    }
});
