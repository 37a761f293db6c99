//! A sale and a model of it are asked the same at random, and must agree after every step.
//!
//! `SECKILL_SEED` repeats a run, `SECKILL_STEPS` sets the number of steps in all.
//! What the tapes find is shrunk to the shortest tape, which is printed; `PROPTEST_RNG_SEED` repeats it.

#[allow(dead_code, reason = "other tests need the rest of it")]
#[path = "model/mod.rs"]
mod naive;

use naive::trial::Trial;
use proptest::prelude::*;

const STEPS: u64 = 1_200_000;
const STEPS_OF_A_RUN: u64 = 2_000;

#[test]
fn a_sale_its_replica_its_log_and_the_model_agree_after_every_step() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let steps = number("SECKILL_STEPS").unwrap_or(STEPS);
    let seeds = number("SECKILL_SEED").map_or(0..steps.div_ceil(STEPS_OF_A_RUN), |seed| seed..seed + 1);
    for seed in seeds {
        let run = std::panic::catch_unwind(|| Trial::new(seed).run(STEPS_OF_A_RUN));
        assert!(run.is_ok(), "to repeat it: SECKILL_SEED={seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_short_history_leaves_a_sale_as_the_model_says(tape in prop::collection::vec(any::<u8>(), 0..700)) {
        Trial::taped(&tape).play();
    }
}
