//! The consumer's name: the same after a restart, and another one for each process.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

/// More workers than one host can use.
const MOST: u32 = 1_000;

/// A name, and what keeps others from it while this process lives.
pub struct Name {
    pub text: String,
    _lock: Option<File>,
}

/// The name that was given, or the first one of this host that no living process has.
pub fn choose(given: Option<&str>, data: &Path) -> Result<Name> {
    if let Some(given) = given {
        return Ok(Name { text: given.to_owned(), _lock: None });
    }
    fs::create_dir_all(data).with_context(|| format!("cannot make the folder {}", data.display()))?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    for number in 1..=MOST {
        let file = data.join(format!("worker-{number}.lock"));
        let lock = File::create(&file).with_context(|| format!("cannot make {}", file.display()))?;
        // The lock goes with the process, however it ends.
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(Name { text: format!("{host}-{number}"), _lock: Some(lock) });
        }
    }
    bail!("{MOST} workers use {} already; give this one a --name", data.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_used_again_when_free_and_never_twice() {
        let folder = tempfile::TempDir::new().unwrap();
        let first = choose(None, folder.path()).unwrap();
        let second = choose(None, folder.path()).unwrap();
        assert_ne!(first.text, second.text);
        let freed = first.text.clone();
        drop(first);
        assert_eq!(choose(None, folder.path()).unwrap().text, freed);
        assert_eq!(choose(Some("mine"), folder.path()).unwrap().text, "mine");
    }
}
