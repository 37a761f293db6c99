//! The module's Redis types.

mod sale;

pub use sale::SaleValue;
