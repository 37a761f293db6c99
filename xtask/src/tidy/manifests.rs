//! One version of each crate, chosen in one place; and nobody leans on the module.

use toml::{Table, Value};

use super::tree::{Finding, Tree};

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Rule: every dependency is `workspace = true`, and none is the root package.
pub fn own_versions(tree: &Tree) -> Vec<Finding> {
    // The fuzz targets need a workspace of their own.
    let manifests = tree.ending("Cargo.toml").filter(|(path, _)| !path.starts_with("fuzz/"));
    manifests.flat_map(|(path, text)| wrong_in(path, text)).collect()
}

fn wrong_in(path: &str, text: &str) -> Vec<Finding> {
    let finding = |what: String| Finding { path: path.to_owned(), line: 1, what };
    let manifest: Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![finding(format!("cannot be read: {error}"))],
    };
    let own = [&manifest];
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = own.into_iter().chain(targets.filter_map(Value::as_table));
    let dependencies =
        tables.flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table())).flatten();
    let wrong = dependencies.filter_map(|(name, value)| {
        if name == "seckill" {
            return Some(finding("nobody depends on the module".to_owned()));
        }
        let shared = value.get("workspace").and_then(Value::as_bool) == Some(true);
        (!shared).then(|| finding(format!("{name} is not taken from [workspace.dependencies]")))
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        own_versions(&Tree::of(&[("crates/a/Cargo.toml", text)]))
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn a_version_of_its_own_is_found() {
        assert_eq!(
            found("[dependencies]\nserde = \"1\""),
            ["serde is not taken from [workspace.dependencies]"]
        );
        assert_eq!(found("[dev-dependencies]\nserde = { version = \"1\" }").len(), 1);
        assert_eq!(found("[target.'cfg(unix)'.dependencies]\nserde = \"1\"").len(), 1);
        assert_eq!(found("[dependencies]\nseckill = { workspace = true }"), ["nobody depends on the module"]);
        assert_eq!(found("[dependencies").len(), 1);
    }

    #[test]
    fn the_workspaces_version_is_fine() {
        assert!(found("[dependencies]\nserde.workspace = true\nredis = { workspace = true }").is_empty());
        assert!(found("[workspace.dependencies]\nserde = \"1\"").is_empty());
    }
}
