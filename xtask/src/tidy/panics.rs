//! No byte from the wire reaches a panic: neither the module nor the core has one to reach.

use proc_macro2::TokenTree;
use syn::{AttrStyle, File};

use super::source::{Source, flattened, is_ident, is_punct, sources};
use super::tree::{Finding, Tree};

const METHODS: [&str; 4] = ["unwrap", "expect", "unwrap_err", "expect_err"];
const MACROS: [&str; 7] =
    ["panic", "unreachable", "todo", "unimplemented", "assert", "assert_eq", "assert_ne"];

/// What may call one all the same, and why.
const ALLOWED: [(&str, &str, &str); 1] = [(
    "src/host/api.rs",
    "calls panic!",
    "a function that the load has checked for is gone: the guard at the boundary turns it into an error",
)];

/// What each crate's root must say, so that the compiler and clippy keep what a search cannot see.
const ROOTS: [(&str, &[&str]); 2] = [
    (
        "src/lib.rs",
        &[
            "clippy::unwrap_used",
            "clippy::expect_used",
            "clippy::panic",
            "clippy::indexing_slicing",
            "unsafe_code",
        ],
    ),
    ("crates/seckill-core/src/lib.rs", &["unsafe_code"]),
];

/// Rule: no call that panics, in `src/` and in the core, but for tests.
pub fn calls(tree: &Tree) -> Vec<Finding> {
    let sources = sources(tree).into_iter();
    sources
        .filter(|s| s.path.starts_with("src/") || s.path.starts_with("crates/seckill-core/src/"))
        .flat_map(calls_in)
        .collect()
}

/// Rule: the roots deny the lints.
pub fn lints(tree: &Tree) -> Vec<Finding> {
    let missing_in = |(path, wanted): (&str, &[&str])| {
        let denied =
            tree.text(path).and_then(|text| syn::parse_file(text).ok()).map(denied).unwrap_or_default();
        let missing: Vec<&str> =
            wanted.iter().filter(|lint| !denied.contains(&(**lint).to_owned())).copied().collect();
        let what = format!("does not deny {}", missing.join(", "));
        (!missing.is_empty()).then(|| Finding { path: path.to_owned(), line: 1, what })
    };
    ROOTS.into_iter().filter_map(missing_in).collect()
}

fn calls_in(source: Source<'_>) -> Vec<Finding> {
    let tokens = flattened(source.tokens());
    let found = tokens.windows(3).filter_map(|window| called(&window[0], &window[1], &window[2]));
    let allowed = |what: &str| ALLOWED.iter().any(|(path, call, _)| *path == source.path && *call == what);
    found.filter(|(_, what)| !allowed(what)).map(|(token, what)| source.finding(token.span(), what)).collect()
}

fn called<'a>(
    first: &'a TokenTree,
    second: &'a TokenTree,
    third: &TokenTree,
) -> Option<(&'a TokenTree, String)> {
    let method = METHODS.into_iter().find(|method| is_ident(Some(second), method));
    if let (true, Some(method), TokenTree::Group(_)) = (is_punct(Some(first), '.'), method, third) {
        return Some((second, format!("calls {method}")));
    }
    let name = MACROS.into_iter().find(|name| is_ident(Some(first), name))?;
    let is_call = is_punct(Some(second), '!') && matches!(third, TokenTree::Group(_));
    is_call.then(|| (first, format!("calls {name}!")))
}

/// The lints that the root's own attributes deny or forbid.
fn denied(file: File) -> Vec<String> {
    let inner = file.attrs.into_iter().filter(|attribute| matches!(attribute.style, AttrStyle::Inner(_)));
    let denying =
        inner.filter(|attribute| attribute.path().is_ident("deny") || attribute.path().is_ident("forbid"));
    let lists = denying.filter_map(|attribute| Some(attribute.meta.require_list().ok()?.tokens.to_string()));
    lists.flat_map(|list| list.replace(' ', "").split(',').map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, code: &str) -> Vec<String> {
        calls(&Tree::of(&[(path, code)])).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn calls_that_panic_are_found() {
        let code = "fn f() { a.unwrap(); b.expect(\"x\"); m!(c.unwrap()); unreachable!() }";
        assert_eq!(
            found("src/a.rs", code),
            ["calls unwrap", "calls expect", "calls unwrap", "calls unreachable!"]
        );
        assert_eq!(found("crates/seckill-core/src/a.rs", "fn f() { todo!(); }"), ["calls todo!"]);
    }

    #[test]
    fn tests_and_other_crates_may_panic() {
        let code = "#[cfg(test)] mod tests { fn f() { a.unwrap(); } }";
        assert!(found("src/a.rs", code).is_empty());
        assert!(found("xtask/src/a.rs", "fn f() { a.unwrap(); }").is_empty());
        assert!(found("src/a.rs", "fn f() { a.unwrap_or(1); debug_assert!(b); }").is_empty());
    }

    #[test]
    fn what_is_allowed_is_allowed_in_its_file_only() {
        assert!(found("src/host/api.rs", "fn f() { panic!(); }").is_empty());
        assert_eq!(found("src/host/api.rs", "fn f() { a.unwrap(); }"), ["calls unwrap"]);
        assert_eq!(found("src/host/key.rs", "fn f() { panic!(); }"), ["calls panic!"]);
    }

    #[test]
    fn a_root_that_does_not_deny_is_found() {
        let tree = Tree::of(&[
            ("src/lib.rs", "#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]"),
            ("crates/seckill-core/src/lib.rs", "#![forbid(unsafe_code)]"),
        ]);
        let found = lints(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "does not deny clippy::indexing_slicing");
    }
}
