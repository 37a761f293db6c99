//! Rust sources, read by a parser: what is code, what is test, and which paths the code names.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, File, ImplItem, Item};

use super::tree::{Finding, Tree};

/// A source without its tests.
pub struct Source<'a> {
    pub path: &'a str,
    pub file: File,
    /// How many lines are left without the tests.
    pub lines: usize,
}

impl Source<'_> {
    pub fn tokens(&self) -> TokenStream {
        self.file.to_token_stream()
    }

    pub fn finding(&self, span: Span, what: impl Into<String>) -> Finding {
        Finding { path: self.path.to_owned(), line: span.start().line, what: what.into() }
    }
}

/// The sources that are no tests, without the tests in them.
pub fn sources(tree: &Tree) -> Vec<Source<'_>> {
    let mut test_files = Vec::new();
    let mut sources = Vec::new();
    for (path, text) in tree.ending(".rs").filter(|(path, _)| !is_test_folder(path)) {
        let Ok(mut file) = syn::parse_file(text) else { continue };
        let mut tests = Vec::new();
        remove_tests(&mut file.items, &mut tests);
        let test_lines: usize = tests.iter().map(lines_of).sum();
        test_files.extend(tests.iter().filter_map(|item| own_file(path, item)));
        sources.push(Source { path, file, lines: text.lines().count() - test_lines });
    }
    let is_test_file = |path: &str| {
        test_files.iter().any(|module| {
            path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    };
    sources.retain(|source| !is_test_file(source.path));
    sources
}

/// Rule: a source that the parser cannot read would escape every other rule.
pub fn unreadable(tree: &Tree) -> Vec<Finding> {
    let read = |(path, text): (&str, &str)| {
        let error = syn::parse_file(text).err()?;
        Some(Finding { path: path.to_owned(), line: error.span().start().line, what: error.to_string() })
    };
    tree.ending(".rs").filter_map(read).collect()
}

/// A path named in code, as in `std::time::Instant`, whether in a `use`, an expression or a macro.
pub struct Named {
    pub segments: Vec<String>,
    pub span: Span,
}

/// Every path that the tokens name; a `use` of a group names each of its members.
pub fn named_paths(tokens: TokenStream) -> Vec<Named> {
    let mut found = Vec::new();
    collect_paths(tokens, &[], &mut found);
    found
}

/// Every token, with the groups opened; a group is itself passed before its members.
pub fn flattened(tokens: TokenStream) -> Vec<TokenTree> {
    let open = |token: TokenTree| {
        let inner = match &token {
            TokenTree::Group(group) => flattened(group.stream()),
            _ => Vec::new(),
        };
        [token].into_iter().chain(inner)
    };
    tokens.into_iter().flat_map(open).collect()
}

pub fn is_ident(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

pub fn is_punct(token: Option<&TokenTree>, punct: char) -> bool {
    matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == punct)
}

fn collect_paths(tokens: TokenStream, prefix: &[String], found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    let mut in_group_of_use = true;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(first) => {
                let start: &[String] = if in_group_of_use { prefix } else { &[] };
                let mut segments = start.to_vec();
                segments.push(first.to_string());
                let span = first.span();
                at += 1;
                while is_path_separator(&tokens, at) {
                    match tokens.get(at + 2) {
                        Some(TokenTree::Ident(next)) => segments.push(next.to_string()),
                        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                            collect_paths(group.stream(), &segments, found);
                        }
                        _ => break,
                    }
                    at += 3;
                }
                in_group_of_use = false;
                found.push(Named { segments, span });
            }
            TokenTree::Group(group) => {
                collect_paths(group.stream(), &[], found);
                at += 1;
            }
            TokenTree::Punct(punct) => {
                in_group_of_use = punct.as_char() == ',';
                at += 1;
            }
            TokenTree::Literal(_) => at += 1,
        }
    }
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    let joint = matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint);
    joint && is_punct(tokens.get(at + 1), ':')
}

/// The folders whose sources are tests, wherever they stand.
fn is_test_folder(path: &str) -> bool {
    path.split('/').any(|part| ["tests", "benches", "examples", "fuzz"].contains(&part))
}

fn remove_tests(items: &mut Vec<Item>, tests: &mut Vec<Item>) {
    tests.extend(items.extract_if(.., |item| is_test(attributes(item))));
    for item in items {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    remove_tests(items, tests);
                }
            }
            Item::Impl(block) => block.items.retain(|item| match item {
                ImplItem::Fn(function) => !is_test(&function.attrs),
                _ => true,
            }),
            _ => {}
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[test]`, or a `#[cfg(…)]` that holds in tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let tokens = flattened(attribute.meta.to_token_stream());
        let has = |word| tokens.iter().any(|token| is_ident(Some(token), word));
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg") && has("test") && !has("not") && !has("any")
    })
}

fn lines_of(item: &Item) -> usize {
    let span = item.span();
    span.end().line - span.start().line + 1
}

/// Where the body of a `mod name;` is, without its `.rs`.
fn own_file(path: &str, item: &Item) -> Option<String> {
    let Item::Mod(module) = item else { return None };
    if module.content.is_some() {
        return None;
    }
    let stem = path.strip_suffix(".rs")?;
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let parent = if ["lib", "main", "mod"].contains(&name) { folder } else { stem };
    Some(format!("{parent}/{}", module.ident))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(code: &str) -> Vec<String> {
        named_paths(code.parse().unwrap()).into_iter().map(|named| named.segments.join("::")).collect()
    }

    #[test]
    fn a_source_that_does_not_parse_is_found() {
        assert_eq!(unreadable(&Tree::of(&[("src/a.rs", "fn a( {")])).len(), 1);
    }

    #[test]
    fn paths_are_seen_in_uses_expressions_and_macros() {
        assert!(
            paths("use std::{fs, time::{Duration, Instant}};").contains(&"std::time::Instant".to_owned())
        );
        assert!(paths("use std::{fs, time::{Duration, Instant}};").contains(&"std::fs".to_owned()));
        assert!(paths("fn a() { b(std::env::var(c)) }").contains(&"std::env::var".to_owned()));
        assert!(paths("m! { x => crate::lock::Lock }").contains(&"crate::lock::Lock".to_owned()));
        assert!(paths("use a::{self, b as c, d::*};").contains(&"a::d".to_owned()));
    }

    #[test]
    fn tests_are_left_out() {
        let tree = Tree::of(&[
            ("src/a.rs", "fn a() {}\n#[cfg(test)]\nmod model;\n#[cfg(test)]\nmod tests {\n fn t() {}\n}\n"),
            ("src/a/model.rs", "fn m() {}"),
            ("src/a/model/deep.rs", "fn m() {}"),
            ("src/a/modest.rs", "fn m() {}"),
            ("tests/reserve.rs", "fn t() {}"),
        ]);
        let left = sources(&tree);
        assert_eq!(
            left.iter().map(|source| source.path).collect::<Vec<_>>(),
            ["src/a.rs", "src/a/modest.rs"]
        );
        assert_eq!(left[0].lines, 1);
        assert_eq!(left[0].tokens().to_string(), "fn a () { }");
    }
}
