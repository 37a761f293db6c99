//! The checkout as plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::process::Command;

use crate::workspace;

/// Something that breaks a rule.
#[derive(Debug, PartialEq)]
pub struct Finding {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// The files that belong to the project, by path from the root; those that are no text are empty.
pub struct Tree(BTreeMap<String, String>);

impl Tree {
    /// What git keeps, and what it would keep: a mistake is found before it is committed.
    pub fn checkout() -> Self {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(workspace::root())
            .output()
            .expect("git lists the files");
        assert!(listed.status.success(), "git cannot list the files");
        let paths = String::from_utf8(listed.stdout).expect("paths are text");
        let read = |path: &str| Some((path.to_owned(), fs::read(workspace::root().join(path)).ok()?));
        let files = paths.split('\0').filter(|path| !path.is_empty()).filter_map(read);
        Tree(files.map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap_or_default())).collect())
    }

    /// A sample.
    pub fn of(files: &[(&str, &str)]) -> Self {
        Tree(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files whose names end so.
    pub fn ending(&self, end: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(end))
    }

    /// Whether a file or a folder is there.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty() || self.0.contains_key(path) || self.0.keys().any(|file| file.starts_with(&folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_holds_this_file() {
        let tree = Tree::checkout();
        assert!(
            tree.text("xtask/src/tidy/tree.rs")
                .is_some_and(|text| text.contains("the_checkout_holds_this_file"))
        );
        assert!(tree.has("xtask/src") && !tree.has("xtask/sr"));
    }
}
