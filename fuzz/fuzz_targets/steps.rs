//! Any bytes as a history: the sale and its copies do what the model does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seckill_fuzz::trial::Trial;

fuzz_target!(|tape: &[u8]| Trial::taped(tape).play());
