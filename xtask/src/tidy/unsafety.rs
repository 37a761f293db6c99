//! Unsafe code has one room, and each block of it its reason.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::source::{flattened, is_ident};
use super::tree::{Finding, Tree};

const ROOM: &str = "src/host/";

/// What cannot be in the room, and why.
const ALLOWED: [(&str, &str); 0] = [];

/// Rule: nothing outside `src/host/` is unsafe.
pub fn outside_host(tree: &Tree) -> Vec<Finding> {
    let outside = |path: &str| !path.starts_with(ROOM) && ALLOWED.iter().all(|(allowed, _)| *allowed != path);
    tree.ending(".rs")
        .filter(|(path, _)| outside(path))
        .flat_map(|(path, text)| {
            unsafe_lines(text, |_| true)
                .into_iter()
                .map(|line| finding(path, line, "unsafe outside src/host"))
        })
        .collect()
}

/// Rule: a comment with `SAFETY:` stands directly above each unsafe block and impl, or in its line.
pub fn without_reason(tree: &Tree) -> Vec<Finding> {
    let needs_reason = |next: Option<&TokenTree>| {
        let block = matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace);
        block || is_ident(next, "impl")
    };
    tree.ending(".rs")
        .flat_map(|(path, text)| {
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let bare =
                unsafe_lines(text, needs_reason).into_iter().filter(move |line| !has_reason(&lines, *line));
            bare.map(|line| finding(path, line, "no comment with SAFETY: above")).collect::<Vec<_>>()
        })
        .collect()
}

fn finding(path: &str, line: usize, what: &str) -> Finding {
    Finding { path: path.to_owned(), line, what: what.to_owned() }
}

/// The lines of the word `unsafe` where the token after it is wanted.
fn unsafe_lines(text: &str, wanted: impl Fn(Option<&TokenTree>) -> bool) -> Vec<usize> {
    let Ok(tokens) = text.parse::<TokenStream>() else { return Vec::new() };
    let tokens = flattened(tokens);
    let found = tokens
        .iter()
        .enumerate()
        .filter(|(at, token)| is_ident(Some(token), "unsafe") && wanted(tokens.get(at + 1)));
    found.map(|(_, token)| token.span().start().line).collect()
}

/// Looks upwards from the statement's beginning, over attributes, to the comment.
fn has_reason(lines: &[&str], line: usize) -> bool {
    let reason = "SAFETY:";
    if lines[line - 1].contains(reason) {
        return true;
    }
    let above = lines[..line - 1].iter().rev();
    let mut above = above.skip_while(|line| {
        let ends_something = line.is_empty() || line.ends_with([';', '}', '{', ',']);
        !line.starts_with("//") && (!ends_something || line.starts_with("#["))
    });
    above.by_ref().take_while(|line| line.starts_with("//")).any(|line| line.contains(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "fn f() {\n    let a = 1;\n    unsafe { g() }\n}\n";

    #[test]
    fn unsafe_outside_the_room_is_found_also_in_macros_and_tests() {
        assert_eq!(outside_host(&Tree::of(&[("src/lib.rs", BARE)]))[0].line, 3);
        assert_eq!(outside_host(&Tree::of(&[("tests/a.rs", "m! { unsafe { g() } }")])).len(), 1);
        assert_eq!(outside_host(&Tree::of(&[("src/a.rs", "unsafe impl Send for A {}")])).len(), 1);
        assert!(outside_host(&Tree::of(&[("src/host/key.rs", BARE)])).is_empty());
        assert!(
            outside_host(&Tree::of(&[("src/a.rs", "// unsafe\nconst A: &str = \"unsafe\";")])).is_empty()
        );
    }

    #[test]
    fn a_block_or_an_impl_without_a_reason_is_found() {
        assert_eq!(without_reason(&Tree::of(&[("src/host/key.rs", BARE)]))[0].line, 3);
        assert_eq!(without_reason(&Tree::of(&[("src/host/a.rs", "unsafe impl Send for A {}")])).len(), 1);
        let far = "// SAFETY: far away.\nfn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(without_reason(&Tree::of(&[("src/host/a.rs", far)])).len(), 1);
    }

    #[test]
    fn a_reason_above_the_statement_or_in_the_line_is_enough() {
        let reasoned = "// SAFETY: because\n// it is so.\nunsafe impl Send for A {}\n\
                        fn f() {\n// SAFETY: so.\nlet a =\n    unsafe { g() };\n    h(unsafe { g() }); // SAFETY: so.\n}\n";
        assert!(without_reason(&Tree::of(&[("src/host/a.rs", reasoned)])).is_empty());
        assert!(without_reason(&Tree::of(&[("src/host/a.rs", "unsafe extern \"C\" fn f() {}")])).is_empty());
    }
}
