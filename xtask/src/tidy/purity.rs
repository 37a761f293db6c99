//! The core decides by what it is given: it does no IO, reads no clock and draws no random numbers.

use super::source::{Source, flattened, is_ident, is_punct, named_paths, sources};
use super::tree::{Finding, Tree};

const CORE: &str = "crates/seckill-core/src/";
const PATHS: [&str; 12] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "getrandom",
    "rand",
    "redis_module",
    "std::os",
];
const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Rule: the core names none of these.
pub fn impure_paths(tree: &Tree) -> Vec<Finding> {
    sources(tree).into_iter().filter(|source| source.path.starts_with(CORE)).flat_map(impure_in).collect()
}

fn impure_in(source: Source<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for named in named_paths(source.tokens()) {
        let path = named.segments.join("::");
        if PATHS.iter().any(|impure| path == *impure || path.starts_with(&format!("{impure}::"))) {
            found.push(source.finding(named.span, format!("the core names {path}")));
        }
    }
    let tokens = flattened(source.tokens());
    for window in tokens.windows(2) {
        let called =
            MACROS.iter().find(|name| is_ident(window.first(), name) && is_punct(window.get(1), '!'));
        found.extend(called.map(|name| source.finding(window[0].span(), format!("the core calls {name}!"))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> usize {
        impure_paths(&Tree::of(&[("crates/seckill-core/src/a.rs", code)])).len()
    }

    #[test]
    fn a_core_that_looks_outside_is_found() {
        assert_eq!(found("use std::time::{Duration, Instant};"), 1);
        assert_eq!(found("fn f() { std::env::var(a); }"), 1);
        assert_eq!(found("fn f() { println!(\"a\"); }"), 1);
        assert_eq!(found("use rand::Rng;"), 1);
    }

    #[test]
    fn durations_and_words_that_begin_alike_are_fine() {
        assert_eq!(
            found("use std::time::Duration; use std::collections::HashMap; fn f(rand_seed: u64) {}"),
            0
        );
        assert!(impure_paths(&Tree::of(&[("src/host/clock.rs", "use std::time::Instant;")])).is_empty());
    }
}
