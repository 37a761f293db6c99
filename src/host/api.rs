//! Calls of the server's functions.

/// Calls a server function that every supported server has.
///
/// The function pointers are filled when the module is loaded, which [`super::load`] checks for those
/// that this module needs.
macro_rules! api {
    ($name:ident($($arg:expr),* $(,)?)) => {
        match redis_module::raw::$name {
            Some(function) => function($($arg),*),
            None => $crate::host::api::missing(stringify!($name)),
        }
    };
}
pub(super) use api;

/// Cannot happen after a successful load; the guard turns it into an error if it does.
#[cold]
#[allow(clippy::panic, reason = "caught by the guard at the boundary")]
pub(super) fn missing(name: &str) -> ! {
    panic!("the server has no {name}")
}
