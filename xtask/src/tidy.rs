//! `cargo xtask tidy`: the invariants that a machine keeps, checked as tests of this crate.
//!
//! Each rule takes the checkout as plain data and returns what is wrong with it,
//! so that its own tests can show it a sample that must not pass.

#[cfg(test)]
mod boundaries;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod purity;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod source;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod unsafety;
#[cfg(test)]
mod words;

use anyhow::Result;

use crate::{steps, workspace};

/// Runs the tidy tests alone.
pub fn run() -> Result<()> {
    steps::run(workspace::cargo(&["test", "--package", "xtask", "--bins"]).args(["--", "tidy::"]))
}

#[cfg(test)]
mod tests {
    use super::tree::{Finding, Tree};
    use super::*;

    fn assert_tidy(rule: fn(&Tree) -> Vec<Finding>) {
        let found = rule(&Tree::checkout());
        let lines: Vec<String> = found.iter().map(Finding::to_string).collect();
        assert!(found.is_empty(), "\n{}\n", lines.join("\n"));
    }

    #[test]
    fn every_source_can_be_read() {
        assert_tidy(source::unreadable);
    }

    #[test]
    fn only_host_is_unsafe() {
        assert_tidy(unsafety::outside_host);
    }

    #[test]
    fn each_unsafe_block_says_why_it_is_sound() {
        assert_tidy(unsafety::without_reason);
    }

    #[test]
    fn module_and_core_do_not_panic() {
        assert_tidy(panics::calls);
    }

    #[test]
    fn the_crates_deny_what_must_not_come_back() {
        assert_tidy(panics::lints);
    }

    #[test]
    fn the_core_does_no_io_and_reads_no_clock() {
        assert_tidy(purity::impure_paths);
    }

    #[test]
    fn the_parts_keep_their_distance() {
        assert_tidy(boundaries::crossed);
    }

    #[test]
    fn files_and_functions_fit_in_one_head() {
        assert_tidy(sizes::too_long);
    }

    #[test]
    fn names_say_something() {
        assert_tidy(words::empty_names);
    }

    #[test]
    fn nothing_is_put_off() {
        assert_tidy(words::put_off);
    }

    #[test]
    fn no_file_knows_the_machine_it_was_written_on() {
        assert_tidy(words::machine_paths);
    }

    #[test]
    fn every_link_leads_somewhere() {
        assert_tidy(documents::broken_links);
    }

    #[test]
    fn every_command_has_its_page() {
        assert_tidy(documents::missing_pages);
    }

    #[test]
    fn every_dependency_is_the_workspaces() {
        assert_tidy(manifests::own_versions);
    }
}
