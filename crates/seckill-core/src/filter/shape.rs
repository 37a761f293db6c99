//! How large layers are, and how errors are shared out among them.

use std::f64::consts::LN_2;

use crate::bounds::{COUNT_MAX, Invalid};

/// The smallest error rate that can be asked for: below it two items of a full filter may share a digest.
pub const ERROR_MIN: f64 = 0.000_000_001;
/// The largest error rate that can be asked for.
pub const ERROR_MAX: f64 = 0.999_999;
/// Items that a layer can be made for.
pub const CAPACITY_MAX: u64 = COUNT_MAX;
/// How many times as large as the layer before a layer can be.
pub const EXPANSION_MAX: u32 = 32_768;
/// Layers that a generation can have: a look may have to visit all of them.
pub const LAYERS_MAX: usize = 1024;
/// Bytes of bits that a layer can have: 64 GiB.
pub const BYTES_MAX: u64 = 1 << 36;
/// Hash functions that a layer can have.
const HASHES_MAX: u32 = 64;

/// The share of the first layer in the error of a filter that grows. The others share the rest,
/// the i-th of them with 1 / (i (i + 1)) of it, which adds up to 1 however many there are.
const FIRST_SHARE: f64 = 0.75;
/// The share of the one layer of a filter that does not grow: a little is kept back for chance.
const ONLY_SHARE: f64 = 0.95;
/// Bytes more than the formula asks for: in few bits, positions meet more often than it says.
const SPARE_BYTES: u64 = 8;
/// What two hashes add to the error, times the bits of the layer. All positions of an item are one arithmetic
/// progression: a stranger whose progression runs in a circle, or along another item's, errs more often than the
/// formula says. Measured up to 0.15 from 10 to 10,000 items and 10^-3 to 10^-6.
const PROGRESSION_ERRORS: f64 = 0.2;
/// By how much a layer is made larger until its error is small enough.
const STEP: f64 = 1.001;

/// A promised rate of items that are said to be in the set although they are not.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct ErrorRate(f64);

impl ErrorRate {
    /// The rate, if it is one.
    ///
    /// # Errors
    /// [`Invalid`] outside [`ERROR_MIN`] to [`ERROR_MAX`].
    pub fn new(rate: f64) -> Result<ErrorRate, Invalid> {
        if (ERROR_MIN..=ERROR_MAX).contains(&rate) {
            return Ok(ErrorRate(rate));
        }
        Err(Invalid("ERROR must be a number between 0.000000001 and 0.999999"))
    }

    /// As a number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// What is promised for the layer with this number, from 0.
    fn share(self, growth: Growth, layer: usize) -> f64 {
        match (growth, layer) {
            (Growth::Fixed, _) => self.0 * ONLY_SHARE,
            (Growth::By(_), 0) => self.0 * FIRST_SHARE,
            (Growth::By(_), layer) => {
                let number = layer as f64;
                self.0 * (1.0 - FIRST_SHARE) / (number * (number + 1.0))
            }
        }
    }
}

/// Whether a full filter goes on with another layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It does not.
    Fixed,
    /// With one so many times as large as the last.
    By(u32),
}

impl Growth {
    /// As a number: 0 is none.
    pub fn factor(self) -> u32 {
        match self {
            Growth::Fixed => 0,
            Growth::By(factor) => factor,
        }
    }

    /// The growth with this factor; 0 is none.
    ///
    /// # Errors
    /// [`Invalid`] above [`EXPANSION_MAX`].
    pub fn from_factor(factor: u32) -> Result<Growth, Invalid> {
        match factor {
            0 => Ok(Growth::Fixed),
            1..=EXPANSION_MAX => Ok(Growth::By(factor)),
            _ => Err(Invalid("EXPANSION must be an integer between 1 and 32768")),
        }
    }
}

/// The size of a layer. Decided once, by a primary: it follows from logarithms, which machines may round differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Items that it is made for.
    pub capacity: u64,
    /// Bytes of bits.
    pub bytes: u64,
    /// Hash functions.
    pub hashes: u32,
}

impl Shape {
    /// The smallest layer for `capacity` items that keeps the layer's share of the error; `layer` is its number, from 0.
    /// One after the first is made for more items where its share asks for so many bits anyway.
    pub fn of(capacity: u64, error: ErrorRate, growth: Growth, layer: usize) -> Shape {
        let share = error.share(growth, layer);
        let bits_min = 2.0 * PROGRESSION_ERRORS / share;
        let fitting = (bits_min / bits_an_item(share / 2.0)) as u64;
        let capacity = if layer > 0 { capacity.max(fitting) } else { capacity }.min(CAPACITY_MAX);
        let items = capacity as f64;
        let hashes = ((1.0 / share).log2().round() as u32).clamp(1, HASHES_MAX);
        let functions = f64::from(hashes);
        let mut bits = (items * bits_an_item(share)).max(PROGRESSION_ERRORS / share).max(8.0);
        while expected_error(bits, items, functions) > share {
            bits *= STEP;
        }
        // A conversion to an integer stops at the largest one.
        let bytes = ((bits / 8.0).ceil() as u64).saturating_add(SPARE_BYTES);
        Shape { capacity, bytes, hashes }
    }

    /// The same shape, if there can be such a layer.
    ///
    /// # Errors
    /// [`Invalid`] if a number is out of range.
    pub fn checked(self) -> Result<Shape, Invalid> {
        let sound = (1..=CAPACITY_MAX).contains(&self.capacity)
            && (1..=BYTES_MAX).contains(&self.bytes)
            && (1..=HASHES_MAX).contains(&self.hashes);
        if sound { Ok(self) } else { Err(Invalid("a layer out of range")) }
    }
}

/// What theory asks for.
fn bits_an_item(error: f64) -> f64 {
    -error.ln() / (LN_2 * LN_2)
}

/// The error of a full layer.
fn expected_error(bits: f64, items: f64, functions: f64) -> f64 {
    (1.0 - (-functions * items / bits).exp()).powf(functions) + PROGRESSION_ERRORS / bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_an_item(error: f64, growth: Growth) -> f64 {
        let shape = Shape::of(1_000_000, ErrorRate::new(error).unwrap(), growth, 0);
        shape.bytes as f64 / shape.capacity as f64
    }

    #[test]
    fn a_layer_is_hardly_larger_than_theory_asks_for() {
        assert!(bytes_an_item(0.01, Growth::By(2)) < 1.28);
        assert!(bytes_an_item(0.001, Growth::By(2)) < 1.88);
        assert!(bytes_an_item(0.01, Growth::Fixed) < 1.22);
        assert!(bytes_an_item(0.001, Growth::Fixed) < 1.83);
    }

    #[test]
    fn the_errors_of_all_layers_add_up_to_what_is_promised() {
        let error = ErrorRate::new(0.01).unwrap();
        let sum: f64 = (0..LAYERS_MAX).map(|layer| error.share(Growth::By(2), layer)).sum();
        assert!(sum <= 0.01 && sum > 0.0099, "{sum}");
    }

    #[test]
    fn every_size_that_can_be_asked_for_has_a_shape() {
        for error in [ERROR_MIN, 0.000_1, 0.5, 0.9, ERROR_MAX] {
            for capacity in [1, 2, 1000, CAPACITY_MAX] {
                for layer in [0, 1, LAYERS_MAX] {
                    let shape = Shape::of(capacity, ErrorRate::new(error).unwrap(), Growth::By(2), layer);
                    assert!(shape.bytes > 0 && (1..=HASHES_MAX).contains(&shape.hashes), "{shape:?}");
                }
            }
        }
    }

    #[test]
    fn layers_that_do_not_expand_grow_where_their_share_asks_for_it() {
        let error = ErrorRate::new(0.01).unwrap();
        let items = |layers: usize| {
            (0..layers).map(|at| Shape::of(1, error, Growth::By(1), at).capacity).sum::<u64>()
        };
        let bytes =
            |layers: usize| (0..layers).map(|at| Shape::of(1, error, Growth::By(1), at).bytes).sum::<u64>();
        assert!(items(100) > 1_000_000 && bytes(100) < 6 * items(100), "{} {}", items(100), bytes(100));
    }

    #[test]
    fn what_is_no_error_rate_is_refused() {
        for rate in [0.0, 1.0, -0.1, 1.5, 1e-10, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(ErrorRate::new(rate).is_err(), "{rate}");
        }
    }
}
