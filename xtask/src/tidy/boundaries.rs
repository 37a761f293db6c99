//! Which part may know which.

use super::source::{Source, named_paths, sources};
use super::tree::{Finding, Tree};

const CORE: &str = "crates/seckill-core/src/";
const HOST: &str = "src/host/";
/// The types of the core: each fits in one head because it knows none of the others.
const SIBLINGS: [&str; 5] = ["sale", "lock", "limit", "filter", "cache"];

/// What the crate's root declares for the host, in the host's own types: a load function has no argument for it.
const DECLARED: &str = "SETUP";

/// Rule: siblings in the core never import each other, no type knows the codec, and the host knows no sales.
pub fn crossed(tree: &Tree) -> Vec<Finding> {
    sources(tree).into_iter().flat_map(crossed_in).collect()
}

fn crossed_in(source: Source<'_>) -> Vec<Finding> {
    let own = module_of(source.path);
    let named = named_paths(source.tokens()).into_iter().filter_map(|named| {
        let crosses = if source.path.starts_with(CORE) {
            crosses_in_core(&own, &named.segments)
        } else if source.path.starts_with(HOST) {
            crosses_in_host(&own, &named.segments)
        } else {
            false
        };
        crosses.then(|| source.finding(named.span, format!("must not know {}", named.segments.join("::"))))
    });
    named.collect()
}

fn crosses_in_core(own: &[String], path: &[String]) -> bool {
    let (Some(from), Some(to)) = (own.first(), target(own, path)) else { return false };
    let siblings = SIBLINGS.contains(&from.as_str()) && SIBLINGS.contains(&to.as_str());
    from != &to && (siblings || to == "codec")
}

fn crosses_in_host(own: &[String], path: &[String]) -> bool {
    path[0] == "seckill_core" || target(own, path).is_some_and(|to| to != "host" && to != DECLARED)
}

/// The top module that a path inside the crate leads to.
fn target(own: &[String], path: &[String]) -> Option<String> {
    if path[0] == "crate" {
        return path.get(1).cloned();
    }
    let ups = path.iter().take_while(|segment| *segment == "super").count();
    // A `super` inside an inline module goes less far up; it then stays inside the file's own module.
    let kept = own.len().checked_sub(ups).filter(|_| ups > 0)?;
    own[..kept].first().or(path.get(ups)).cloned()
}

/// `src/host/key.rs` is the module `host::key`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("src/").map_or(path, |(_, inside)| inside);
    let parts =
        inside.trim_end_matches(".rs").split('/').filter(|part| !["lib", "main", "mod"].contains(part));
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, code: &str) -> usize {
        crossed(&Tree::of(&[(path, code)])).len()
    }

    #[test]
    fn a_sibling_that_imports_another_is_found() {
        assert_eq!(found("crates/seckill-core/src/sale/decide.rs", "use crate::lock::Lock;"), 1);
        assert_eq!(found("crates/seckill-core/src/sale/decide.rs", "use super::super::limit::Rule;"), 1);
        assert_eq!(found("crates/seckill-core/src/lock.rs", "use crate::{time::Timestamp, sale};"), 1);
        assert_eq!(found("crates/seckill-core/src/lock.rs", "use super::sale::Sale;"), 1);
    }

    #[test]
    fn a_type_that_knows_the_codec_is_found() {
        assert_eq!(found("crates/seckill-core/src/orders.rs", "use crate::codec::Reader;"), 1);
        assert_eq!(
            found("crates/seckill-core/src/codec/sale.rs", "use crate::sale::Sale; use super::Reader;"),
            0
        );
    }

    #[test]
    fn a_host_that_knows_of_sales_is_found() {
        assert_eq!(found("src/host/key.rs", "use seckill_core::sale::Sale;"), 1);
        assert_eq!(found("src/host/key.rs", "use crate::commands::args;"), 1);
        assert_eq!(found("src/host/key.rs", "use crate::{SETUP, host::clock}; use super::reply;"), 0);
    }

    #[test]
    fn what_is_shared_may_be_used_by_all() {
        assert_eq!(
            found("crates/seckill-core/src/sale/mod.rs", "use crate::time::Timestamp; use self::row::Row;"),
            0
        );
        assert_eq!(found("crates/seckill-core/src/lib.rs", "pub mod codec; pub use crate::sale::Sale;"), 0);
        assert_eq!(found("src/persist.rs", "use seckill_core::codec; use seckill_core::sale;"), 0);
    }
}
