//! The module's Redis types.

mod cache;
mod limit;
mod sale;

pub use cache::CacheValue;
pub use limit::LimitValue;
pub use sale::SaleValue;
