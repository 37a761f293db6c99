//! Reproducible randomness: a failure names its seed, `SECKILL_SEED` repeats it.

use super::now_ms;

/// SplitMix64.
pub struct Random(u64);

impl Random {
    /// A new seed for every run, printed with what a failing test prints.
    pub fn seeded(what: &str) -> Random {
        let seed = std::env::var("SECKILL_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or(now_ms().unsigned_abs());
        eprintln!("{what}: SECKILL_SEED={seed}");
        Random(seed)
    }

    /// Chance of its own for somebody who runs beside.
    pub fn split(&mut self) -> Random {
        Random(self.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `end`, without it.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a size fits in 64 bits");
        usize::try_from(self.next() % end).expect("it is below a usize")
    }

    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
