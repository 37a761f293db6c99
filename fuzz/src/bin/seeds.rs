//! Writes what the targets begin with: the changes and the stored sales of a few histories.

use std::path::Path;

use seckill_fuzz::{SALES, copies, packed, trial::Trial};

const STEPS: u64 = 160;
/// Of so many changes, one becomes a seed.
const CHANGES_A_SEED: usize = 7;

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let [effects, blocks] = ["effect", "blocks"].map(|target| corpus.join(target));
    std::fs::create_dir_all(&effects)?;
    std::fs::create_dir_all(&blocks)?;
    for number in 0..SALES {
        let (sale, log) = Trial::new(u64::from(number)).history(STEPS);
        for (at, payload) in log.iter().enumerate().step_by(CHANGES_A_SEED) {
            std::fs::write(effects.join(format!("{number}-{at}")), [&[number], &payload[..]].concat())?;
        }
        std::fs::write(blocks.join(number.to_string()), packed(&copies::stored(&sale)))?;
    }
    Ok(())
}
