//! Commands under the names of other modules, for the load argument `compat`.
//!
//! Their arguments, replies and errors are those of the modules that have the names, so that clients work unchanged.

use crate::host::CommandSpec;

/// All of them, by the module that has the names.
pub static TABLE: &[&[CommandSpec]] = &[];
