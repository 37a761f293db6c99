//! A wall clock that a test sets forward and back, for one server.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The library that shows the server its clock, built from C by the compiler that links Rust programs.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/harness/clock.c");

/// A clock, as far from the real one as its file says.
pub struct Clock {
    folder: TempDir,
}

impl Clock {
    pub fn new() -> Clock {
        let clock = Clock { folder: TempDir::new().expect("a temporary folder") };
        let built = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .arg(clock.library())
            .arg(SOURCE)
            .status();
        assert!(built.expect("cc is there").success(), "cc builds the clock");
        clock.set(0);
        clock
    }

    /// So many milliseconds ahead of the real time from now on.
    pub fn set(&self, ms: i64) {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.offset());
        // Written in place: the server has the file mapped, and a shorter one would end it.
        file.and_then(|file| file.write_all_at(&ms.to_ne_bytes(), 0)).expect("the offset can be written");
    }

    /// Makes the process obey.
    pub fn rule(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.library()).env("SECKILL_CLOCK", self.offset());
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    fn offset(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}
