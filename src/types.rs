//! The module's Redis types.

mod cache;
mod sale;

pub use cache::CacheValue;
pub use sale::SaleValue;
