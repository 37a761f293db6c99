//! Chance that can be repeated.

/// Numbers from a tape as long as it lasts, then from splitmix64.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    tape: Vec<u8>,
    read: usize,
}

impl Random {
    /// The same numbers for the same seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed, tape: Vec::new(), read: 0 }
    }

    /// The numbers that the tape says: a shorter tape, or smaller bytes, tell a simpler story.
    pub fn taped(tape: &[u8]) -> Random {
        Random { state: 0, tape: tape.to_vec(), read: 0 }
    }

    /// True when nothing is left on the tape.
    pub fn is_spent(&self) -> bool {
        self.read >= self.tape.len()
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        if self.is_spent() {
            return self.next() % end;
        }
        let bytes = if end > 256 { 2 } else { 1 };
        let upto = (self.read + bytes).min(self.tape.len());
        let number = self.tape[self.read..upto].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        self.read = upto;
        number % end
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == n - 1
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}
