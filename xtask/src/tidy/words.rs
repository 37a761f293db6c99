//! Names that say nothing, work that was put off, and paths of one machine.

use super::tree::{Finding, Tree};

/// Names for files that have no subject.
const EMPTY: [&str; 9] =
    ["utils", "util", "helpers", "helper", "common", "manager", "wrapper", "wrappers", "misc"];

/// Where somebody's checkout or home would be; split, so that this file does not name them.
const MACHINE: [[&str; 2]; 4] = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/Us", "ers/"]];

const PUT_OFF: [[&str; 2]; 3] = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]];

/// Rule: no file or folder has an empty name.
pub fn empty_names(tree: &Tree) -> Vec<Finding> {
    let is_empty = |part: &str| EMPTY.contains(&part.split('.').next().unwrap_or_default());
    let named = tree.files().filter(|(path, _)| path.split('/').any(is_empty));
    named.map(|(path, _)| finding(path, 1, "a name that says nothing")).collect()
}

/// Rule: what is to be done is done, or written down where it is planned.
pub fn put_off(tree: &Tree) -> Vec<Finding> {
    let holds = |line: &str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| PUT_OFF.iter().any(|parts| word == parts.concat()))
    };
    lines(tree).filter(|(.., line)| holds(line)).map(|(path, at, _)| finding(path, at, "put off")).collect()
}

/// Rule: no absolute path of somebody's machine.
pub fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let holds = |line: &str| MACHINE.iter().any(|parts| names_absolute(line, &parts.concat()));
    let found = lines(tree).filter(|(.., line)| holds(line));
    found.map(|(path, at, _)| finding(path, at, "a path of one machine")).collect()
}

/// Whether the path stands alone, and is not the inside of a longer one.
fn names_absolute(line: &str, path: &str) -> bool {
    let mut found = line.match_indices(path);
    found.any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~}$)/".contains(c)))
}

fn lines(tree: &Tree) -> impl Iterator<Item = (&str, usize, &str)> {
    tree.files().flat_map(|(path, text)| text.lines().enumerate().map(move |(at, line)| (path, at + 1, line)))
}

fn finding(path: &str, line: usize, what: &str) -> Finding {
    Finding { path: path.to_owned(), line, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_name_is_found() {
        let path = format!("src/{}.rs", EMPTY[0]);
        assert_eq!(empty_names(&Tree::of(&[(&path, "")])).len(), 1);
        let folder = format!("crates/{}/src/lib.rs", EMPTY[4]);
        assert_eq!(empty_names(&Tree::of(&[(&folder, "")])).len(), 1);
        assert!(empty_names(&Tree::of(&[("src/commands/reserve.rs", "")])).is_empty());
    }

    #[test]
    fn work_put_off_is_found() {
        for parts in PUT_OFF {
            let line = format!("let a = 1;\n// {}: later\n", parts.concat());
            assert_eq!(put_off(&Tree::of(&[("src/a.rs", &line)]))[0].line, 2);
        }
        let template = format!("mktemp -d name.{}{}", PUT_OFF[2].concat(), PUT_OFF[2].concat());
        assert!(put_off(&Tree::of(&[("a.sh", &template)])).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for parts in MACHINE {
            let line = format!("cd {}seckill", parts.concat());
            assert_eq!(machine_paths(&Tree::of(&[("a.md", &line)])).len(), 1);
            let inside = format!("see docs{}seckill", parts.concat());
            assert!(machine_paths(&Tree::of(&[("a.md", &inside)])).is_empty());
        }
    }
}
