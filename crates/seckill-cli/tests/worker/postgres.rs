//! A PostgreSQL server of its own: its folder, its socket, its end.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use order_worker::store::Location;
use tempfile::TempDir;

use crate::harness::wait_until;

/// A running server; dropping it ends the process.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    owner: Owner,
    child: Child,
}

/// Whose the folder and the process are: PostgreSQL refuses to be root's.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
    is_other: bool,
}

impl Postgres {
    /// None, said plainly, where PostgreSQL is not installed.
    pub fn start() -> Option<Postgres> {
        let Some(programs) = programs() else {
            eprintln!("skipped: there is no PostgreSQL here; install it by `apt-get install postgresql`");
            return None;
        };
        let folder = TempDir::new().expect("a temporary folder");
        let owner = Owner::of(folder.path());
        if owner.is_other {
            chown(folder.path(), Some(owner.user), Some(owner.group)).expect("root may give a folder away");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it can be opened");
        let mut made = owner.command(&programs.join("initdb"), folder.path());
        made.args(["--pgdata", "data", "--username", "shop", "--auth", "trust", "--encoding", "UTF8"]);
        let made = made.args(["--no-locale", "--no-sync"]).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let child = spawn(&programs, folder.path(), owner);
        let mut server = Postgres { programs, folder, owner, child };
        server.wait_until_ready();
        Some(server)
    }

    /// Its one database.
    pub fn location(&self) -> Location {
        Location::of(&format!("postgres:///postgres?user=shop&host={}", self.folder.path().display()))
    }

    /// A connection beside the worker's.
    pub fn client(&self) -> postgres::Client {
        let url = format!("user=shop dbname=postgres host={}", self.folder.path().display());
        postgres::Client::connect(&url, postgres::NoTls).expect("the database answers")
    }

    /// Ends it as a power cut would end the process.
    pub fn kill(&mut self) {
        self.child.kill().expect("the database can be killed");
        self.child.wait().expect("it has ended");
    }

    /// Starts again after `kill`, with the same folder.
    pub fn revive(&mut self) {
        self.child = spawn(&self.programs, self.folder.path(), self.owner);
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let url = format!("user=shop dbname=postgres host={}", self.folder.path().display());
        wait_until("the database answers", || {
            // Processes of a former life keep it from starting until they have noticed its end.
            if self.child.try_wait().expect("it can be asked after").is_some() {
                self.child = spawn(&self.programs, self.folder.path(), self.owner);
            }
            postgres::Client::connect(&url, postgres::NoTls).is_ok()
        });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: at once, and its children with it.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!(
                "--- the database ---\n{}",
                fs::read_to_string(log(self.folder.path())).unwrap_or_default()
            );
        }
    }
}

impl Owner {
    /// Who made the folder, or somebody else if that was root.
    fn of(folder: &Path) -> Owner {
        let made = folder.metadata().expect("the folder is there");
        if made.uid() != 0 {
            return Owner { user: made.uid(), group: made.gid(), is_other: false };
        }
        let accounts = fs::read_to_string("/etc/passwd").expect("accounts");
        let account = |wanted: &str| {
            let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?;
            let number = |at: usize| line.split(':').nth(at)?.parse().ok();
            Some(Owner { user: number(2)?, group: number(3)?, is_other: true })
        };
        account("postgres").or_else(|| account("nobody")).expect("an account that is not root's")
    }

    fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_remove("PGDATA").stdin(Stdio::null());
        if self.is_other {
            command.uid(self.user).gid(self.group);
        }
        command
    }
}

fn spawn(programs: &Path, folder: &Path, owner: Owner) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(log(folder)).expect("a log file");
    let mut command = owner.command(&programs.join("postgres"), folder);
    command.args(["-D", "data", "-k"]).arg(folder).args(["-c", "listen_addresses="]);
    // The process is killed in tests, the machine is not.
    command.args(["-c", "fsync=off", "-c", "max_connections=40"]);
    command.stdout(log.try_clone().expect("the log can be shared")).stderr(log);
    command.spawn().expect("the database starts")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// Where its programs are: on the path, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}
