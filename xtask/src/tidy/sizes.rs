//! What is read together fits in one head.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use super::source::{Source, sources};
use super::tree::{Finding, Tree};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

/// Rule: files have at most 500 lines without their tests, functions at most 70.
pub fn too_long(tree: &Tree) -> Vec<Finding> {
    sources(tree).into_iter().flat_map(too_long_in).collect()
}

fn too_long_in(source: Source<'_>) -> Vec<Finding> {
    let mut functions = Functions::default();
    functions.visit_file(&source.file);
    let mut found = Vec::new();
    if source.lines > FILE_LINES {
        found.push(
            source.finding(Span::call_site(), format!("{} lines, {FILE_LINES} are allowed", source.lines)),
        );
    }
    for (span, name, lines) in functions.0.into_iter().filter(|(.., lines)| *lines > FUNCTION_LINES) {
        found.push(source.finding(span, format!("{name} has {lines} lines, {FUNCTION_LINES} are allowed")));
    }
    found
}

/// Every function with its length.
#[derive(Default)]
struct Functions(Vec<(Span, String, usize)>);

impl Functions {
    fn note(&mut self, signature: &Signature, body: &Block) {
        let lines = body.span().end().line - signature.span().start().line + 1;
        self.0.push((signature.span(), signature.ident.to_string(), lines));
    }
}

impl<'a> Visit<'a> for Functions {
    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'a TraitItemFn) {
        if let Some(body) = &function.default {
            self.note(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(statements: usize) -> String {
        format!(
            "impl A {{\n    /// Does it.\n    fn f() {{\n{}    }}\n}}\n",
            "        g();\n".repeat(statements)
        )
    }

    #[test]
    fn a_long_function_is_found_in_its_line() {
        let found = too_long(&Tree::of(&[("src/a.rs", &function(69))]));
        assert_eq!((found.len(), found[0].line), (1, 3));
        assert!(too_long(&Tree::of(&[("src/a.rs", &function(68))])).is_empty());
    }

    #[test]
    fn a_long_file_is_found_unless_its_tests_make_it_long() {
        let code = "const A: u8 = 1;\n".repeat(500);
        assert!(too_long(&Tree::of(&[("src/a.rs", &code)])).is_empty());
        let longer = format!("{code}const B: u8 = 1;\n");
        assert_eq!(too_long(&Tree::of(&[("src/a.rs", &longer)])).len(), 1);
        let tests = format!("{code}#[cfg(test)]\nmod tests {{\n{code}}}\n");
        assert!(too_long(&Tree::of(&[("src/a.rs", &tests)])).is_empty());
    }
}
