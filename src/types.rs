//! The module's Redis types.

mod cache;
mod filter;
mod limit;
mod lock;
mod one_block;
mod sale;

pub use cache::CacheValue;
pub use filter::FilterValue;
pub use limit::LimitValue;
pub use lock::LockValue;
pub use sale::SaleValue;
