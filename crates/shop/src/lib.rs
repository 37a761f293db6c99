//! A reference shop for flash sales.
//!
//! [`site`] makes the pages ahead, [`catalogue`] and [`store`] say what is on them.

pub mod catalogue;
pub mod lang;
pub mod site;
pub mod store;
