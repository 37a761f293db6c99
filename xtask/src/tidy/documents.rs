//! Links that lead somewhere, and a page for each command.

use proc_macro2::{TokenStream, TokenTree};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::source::flattened;
use super::tree::{Finding, Tree};

const TABLE: &str = "src/commands/spec";
const PREFIX: &str = "SECKILL.";
/// Between servers only: refused to clients, and so no page for them.
const INTERNAL: &str = "SECKILL.APPLY";

/// Rule: each relative link in a document leads to a file, and to a heading when it names one.
pub fn broken_links(tree: &Tree) -> Vec<Finding> {
    tree.ending(".md").flat_map(|(path, text)| broken_in(tree, path, text)).collect()
}

/// Rule: each command of the table has its page, and each page its command.
pub fn missing_pages(tree: &Tree) -> Vec<Finding> {
    let commands = commands(tree);
    let page = |command: &str| format!("docs/commands/{}.md", command.to_lowercase());
    let missing = commands.iter().filter(|command| !tree.has(&page(command)));
    let missing = missing.map(|command| finding(&page(command), 1, "the command has no page".to_owned()));
    let pages = tree.files().filter(|(path, _)| path.starts_with("docs/commands/seckill."));
    let orphans = pages.filter(|(path, _)| commands.iter().all(|command| page(command) != *path));
    missing.chain(orphans.map(|(path, _)| finding(path, 1, "the page has no command".to_owned()))).collect()
}

/// The commands that the one table names.
fn commands(tree: &Tree) -> Vec<String> {
    let tables = tree.ending(".rs").filter(|(path, _)| path.starts_with(TABLE));
    let literals = tables.flat_map(|(_, text)| literals(text));
    let mut commands: Vec<String> = literals.filter(|literal| is_command(literal)).collect();
    commands.sort();
    commands.dedup();
    commands
}

fn is_command(literal: &str) -> bool {
    let verb = literal.strip_prefix(PREFIX).unwrap_or_default();
    literal != INTERNAL && !verb.is_empty() && verb.chars().all(|c| c.is_ascii_uppercase())
}

fn literals(text: &str) -> Vec<String> {
    let tokens = flattened(text.parse::<TokenStream>().unwrap_or_default());
    let strings = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Literal(literal) => {
            let shown = literal.to_string();
            Some(shown.strip_prefix('c').unwrap_or(&shown).strip_prefix('"')?.strip_suffix('"')?.to_owned())
        }
        _ => None,
    });
    strings.collect()
}

fn broken_in(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (event, range) in Parser::new(text).into_offset_iter() {
        let (Event::Start(Tag::Link { dest_url, .. }) | Event::Start(Tag::Image { dest_url, .. })) = event
        else {
            continue;
        };
        if dest_url.contains("://") || dest_url.starts_with("mailto:") {
            continue;
        }
        if !leads_somewhere(tree, path, text, &dest_url) {
            let line = text[..range.start].matches('\n').count() + 1;
            found.push(finding(path, line, format!("{dest_url} leads nowhere")));
        }
    }
    found
}

fn leads_somewhere(tree: &Tree, path: &str, text: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let there = if file.is_empty() { Some(text) } else { None };
    let Some(target) = resolved(path, file) else { return false };
    if there.is_none() && !tree.has(&target) {
        return false;
    }
    match (heading, there.or_else(|| tree.text(&target))) {
        (Some(heading), Some(text)) => anchors(text).iter().any(|anchor| anchor == heading),
        (heading, _) => heading.is_none(),
    }
}

/// A link from the root, or nothing when it leads out of the project.
fn resolved(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    (!link.starts_with('/')).then(|| parts.join("/"))
}

/// The names that a document's headings can be linked by.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|title| anchor(&title))),
            Event::Text(words) | Event::Code(words) => {
                if let Some(title) = &mut heading {
                    title.push_str(&words);
                }
            }
            _ => {}
        }
    }
    anchors
}

fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn finding(path: &str, line: usize, what: String) -> Finding {
    Finding { path: path.to_owned(), line, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let text = "# A\n\n[a](b.md) [b](../c.md) [c](#no) [d](/abs.md) [e](a.md#no)\n";
        let found = broken_links(&Tree::of(&[("docs/a.md", text)]));
        assert_eq!(found.len(), 5);
        assert_eq!((found[0].line, found[0].what.as_str()), (3, "b.md leads nowhere"));
    }

    #[test]
    fn a_link_to_a_file_a_folder_or_a_heading_is_fine() {
        let text = "# What `it` is, really\n\n[a](../README.md) [b](../src) [c](#what-it-is-really) \
                    [d](https://example.org/x) `[no](link.md)`\n";
        assert!(
            broken_links(&Tree::of(&[("docs/a.md", text), ("README.md", ""), ("src/a.rs", "")])).is_empty()
        );
    }

    #[test]
    fn a_command_without_a_page_and_a_page_without_a_command_are_found() {
        let tree = Tree::of(&[
            (
                "src/commands/spec.rs",
                "const A: [&CStr; 3] = [c\"SECKILL.RESERVE\", c\"SECKILL.INFO\", c\"SECKILL.APPLY\"];",
            ),
            ("docs/commands/seckill.info.md", ""),
            ("docs/commands/seckill.gone.md", ""),
        ]);
        let found: Vec<String> = missing_pages(&tree).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/commands/seckill.reserve.md:1: the command has no page",
                "docs/commands/seckill.gone.md:1: the page has no command"
            ]
        );
    }
}
