//! What a machine needs beside Rust, and how to get it.

use std::env;
use std::fs;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::steps;

#[derive(Args)]
pub struct Options {
    /// Say what would be installed, and how; change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Something that building, running or testing cannot do without.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Need {
    Server,
    Client,
    Compiler,
    /// libclang and clang's own headers, which generate the bindings to the server's module API.
    Clang,
    /// Only for the order worker's tests with it.
    Database,
    /// Only for the test of the example in Python.
    PythonClient,
}

impl Need {
    const ALL: [Need; 4] = [Need::Server, Need::Client, Need::Compiler, Need::Clang];
    /// Tests that need these say so and are skipped where they cannot be had.
    const OF_SOME_TESTS: [Need; 2] = [Need::Database, Need::PythonClient];

    fn name(self) -> &'static str {
        match self {
            Need::Server => "redis-server",
            Need::Client => "redis-cli",
            Need::Compiler => "a C compiler",
            Need::Clang => "libclang with its headers",
            Need::Database => "PostgreSQL",
            Need::PythonClient => "redis for Python",
        }
    }

    fn is_met(self, server: &Path) -> bool {
        match self {
            Need::Server => on_path(server).is_some(),
            Need::Client => on_path(Path::new("redis-cli")).is_some(),
            Need::Compiler => on_path(Path::new("cc")).is_some(),
            Need::Clang => clang_library().is_some() && has_clang_headers(),
            Need::Database => {
                on_path(Path::new("initdb")).is_some()
                    || matches("/usr/lib/postgresql/*/bin").iter().any(|f| f.join("initdb").is_file())
            }
            Need::PythonClient => {
                let imports = |python| answers(python, &["-c", "import redis"]).is_some();
                imports("/usr/bin/python3") || imports("python3")
            }
        }
    }

    /// The packages that bring it, by apt-get.
    fn packages(self, system: System) -> &'static [&'static str] {
        match (self, system) {
            (Need::Server, _) => &["redis-server"],
            (Need::Client, _) => &["redis-tools"],
            (Need::Compiler, _) => &["gcc", "libc6-dev"],
            // The smallest set that does: 50 MB instead of 290.
            (Need::Clang, System::Debian12) => &["libclang1-14", "libclang-common-14-dev"],
            (Need::Clang, System::Other) => &["libclang-dev"],
            (Need::Database, _) => &["postgresql"],
            (Need::PythonClient, _) => &["python3-redis"],
        }
    }
}

/// The systems whose packages differ.
#[derive(Clone, Copy, Debug, PartialEq)]
enum System {
    Debian12,
    Other,
}

impl System {
    fn of(os_release: &str) -> Self {
        let has = |line: &str| os_release.lines().any(|l| l.replace('"', "") == line);
        if has("ID=debian") && has("VERSION_ID=12") { System::Debian12 } else { System::Other }
    }
}

/// How packages can be installed here.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Installer {
    AptGet,
    SudoAptGet,
    /// There is no right or no apt-get: the user has to.
    User,
}

impl Installer {
    fn here() -> Self {
        if on_path(Path::new("apt-get")).is_none() {
            Installer::User
        } else if answers("id", &["-u"]).is_some_and(|id| id.trim() == "0") {
            Installer::AptGet
        } else if answers("sudo", &["-n", "true"]).is_some() {
            Installer::SudoAptGet
        } else {
            Installer::User
        }
    }

    fn commands(self, packages: &[&str]) -> Vec<Command> {
        let apt_get = |arguments: &[&str]| {
            let mut command = match self {
                Installer::SudoAptGet => Command::new("sudo"),
                Installer::AptGet | Installer::User => Command::new("apt-get"),
            };
            if self == Installer::SudoAptGet {
                command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            }
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
            command
        };
        let mut install = apt_get(&["install", "--yes", "--no-install-recommends"]);
        install.args(packages);
        vec![apt_get(&["update"]), install]
    }
}

/// `cargo xtask setup`.
pub fn run(options: &Options) -> Result<()> {
    let server = server_by_environment();
    let missing = missing(&server)?;
    if missing.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    if options.dry_run {
        println!("missing: {}", names(&missing));
        for command in Installer::here().commands(&packages(&missing, system())) {
            println!("$ {}", steps::shown(&command));
        }
        return Ok(());
    }
    install(&server, &missing)
}

/// The server that `SECKILL_SERVER` names, else the one on the path.
pub fn server_by_environment() -> PathBuf {
    let program = env::var_os("SECKILL_SERVER").map_or_else(|| PathBuf::from("redis-server"), PathBuf::from);
    // The tests start it in other folders.
    if is_bare(&program) { program } else { path::absolute(&program).unwrap_or(program) }
}

/// Says what is missing, and fails when anything is.
pub fn check(server: &Path) -> Result<()> {
    let missing = missing(server)?;
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing: {}\n{}", names(&missing), advice(&missing));
}

/// Installs what is missing where that can be done without asking; else says what to install.
pub fn ensure_met(server: &Path) -> Result<()> {
    let missing = missing(server)?;
    if missing.is_empty() { Ok(()) } else { install(server, &missing) }
}

/// Installs what only some tests need, where that can be done without asking.
///
/// # Errors
/// What is missing afterwards: those tests are then skipped.
pub fn ensure_some_tests_can_run() -> Result<()> {
    let missing = || -> Vec<Need> {
        Need::OF_SOME_TESTS.into_iter().filter(|need| !need.is_met(Path::new(""))).collect()
    };
    let first = missing();
    let installer = Installer::here();
    if !first.is_empty() && installer != Installer::User {
        println!("missing: {}", names(&first));
        for mut command in installer.commands(&packages(&first, system())) {
            steps::run(&mut command)?;
        }
    }
    let left = missing();
    ensure!(left.is_empty(), "not here: {}; install {}", names(&left), packages(&left, system()).join(" "));
    Ok(())
}

/// Points the build at a libclang that it would not find by itself.
pub fn point_at_clang(command: &mut Command) {
    if env::var_os("LIBCLANG_PATH").is_some() || searched_by_the_build().any(|f| holds_libclang(&f)) {
        return;
    }
    if let Some(folder) = clang_library() {
        command.env("LIBCLANG_PATH", folder);
    }
}

/// Where a program is: as given when it has a folder, else in the folders of `PATH`.
pub fn on_path(program: &Path) -> Option<PathBuf> {
    if !is_bare(program) {
        return program.is_file().then(|| program.to_path_buf());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// Whether a program is named without a folder, and so searched for on the path.
fn is_bare(program: &Path) -> bool {
    program.components().count() == 1
}

fn missing(server: &Path) -> Result<Vec<Need>> {
    // A server given by its path is not in any package.
    ensure!(is_bare(server) || server.is_file(), "{} is not a file", server.display());
    Ok(Need::ALL.into_iter().filter(|need| !need.is_met(server)).collect())
}

fn install(server: &Path, missing: &[Need]) -> Result<()> {
    println!("missing: {}", names(missing));
    let installer = Installer::here();
    if installer == Installer::User {
        bail!("{}", advice(missing));
    }
    for mut command in installer.commands(&packages(missing, system())) {
        steps::run(&mut command)?;
    }
    let left = self::missing(server)?;
    ensure!(left.is_empty(), "still missing after the installation: {}", names(&left));
    Ok(())
}

fn names(needs: &[Need]) -> String {
    needs.iter().map(|need| need.name()).collect::<Vec<_>>().join(", ")
}

fn packages(needs: &[Need], system: System) -> Vec<&'static str> {
    needs.iter().flat_map(|need| need.packages(system)).copied().collect()
}

fn advice(missing: &[Need]) -> String {
    if on_path(Path::new("apt-get")).is_some() {
        let packages = packages(missing, system()).join(" ");
        return format!("install them:\n  sudo apt-get update && sudo apt-get install {packages}");
    }
    "install them by your system's packages, for example:\n  \
     Fedora: dnf install redis gcc clang-devel\n  \
     Arch:   pacman -S redis gcc clang\n  \
     macOS:  brew install redis llvm"
        .to_owned()
}

fn system() -> System {
    System::of(&fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn answers(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The folder that holds a libclang.
fn clang_library() -> Option<PathBuf> {
    let given = env::var_os("LIBCLANG_PATH").map(PathBuf::from);
    let elsewhere = ["/opt/*/lib*", "/opt/homebrew/opt/llvm/lib"];
    given
        .into_iter()
        .chain(searched_by_the_build())
        .chain(elsewhere.into_iter().flat_map(matches))
        .find(|folder| holds_libclang(folder))
}

/// The folders in which the build looks for libclang by itself.
fn searched_by_the_build() -> impl Iterator<Item = PathBuf> {
    [
        "/usr/lib*/*/*",
        "/usr/lib*/*",
        "/usr/lib*",
        "/usr/local/lib*/*",
        "/usr/local/lib*",
        "/usr/local/llvm*/lib*",
    ]
    .into_iter()
    .flat_map(matches)
}

fn holds_libclang(folder: &Path) -> bool {
    // A file given instead of its folder counts as well.
    is_libclang(folder)
        || fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_libclang(&entry.path())))
}

fn is_libclang(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let library =
        name.starts_with("libclang.") || name.starts_with("libclang-") && !name.starts_with("libclang-cpp");
    library && (name.contains(".so") || name.ends_with(".dylib")) && file.is_file()
}

/// Without clang's own `stddef.h` a libclang reads no C header.
fn has_clang_headers() -> bool {
    let beside_the_library = clang_library().map(|folder| format!("{}/clang/*/include", folder.display()));
    let patterns = ["/usr/lib*/clang/*/include", "/usr/lib*/llvm*/lib*/clang/*/include"];
    let given = env::var_os("BINDGEN_EXTRA_CLANG_ARGS").is_some();
    given
        || patterns
            .into_iter()
            .map(str::to_owned)
            .chain(beside_the_library)
            .any(|pattern| matches(&pattern).iter().any(|folder| folder.join("stddef.h").is_file()))
}

/// The folders that a pattern with `*` in its parts stands for.
fn matches(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        found = found.iter().flat_map(|folder| matches_in(folder, part)).collect();
    }
    found
}

fn matches_in(folder: &Path, part: &str) -> Vec<PathBuf> {
    let Some((start, end)) = part.split_once('*') else {
        let path = folder.join(part);
        return if path.is_dir() { vec![path] } else { Vec::new() };
    };
    let fits =
        |name: &str| name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(fits) && entry.path().is_dir())
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(installer: Installer) -> Vec<String> {
        installer.commands(&["redis-server"]).iter().map(steps::shown).collect()
    }

    #[test]
    fn debian_12_gets_the_small_clang_packages() {
        assert_eq!(System::of("ID=debian\nVERSION_ID=\"12\"\n"), System::Debian12);
        assert_eq!(System::of("ID=ubuntu\nVERSION_ID=\"12\"\n"), System::Other);
        assert_eq!(packages(&[Need::Clang], System::Debian12), ["libclang1-14", "libclang-common-14-dev"]);
        assert_eq!(packages(&[Need::Server, Need::Clang], System::Other), ["redis-server", "libclang-dev"]);
    }

    #[test]
    fn the_lists_are_updated_before_anything_is_installed() {
        let install = "apt-get install --yes --no-install-recommends redis-server";
        assert_eq!(shown(Installer::AptGet), ["apt-get update", install]);
        let sudo = "sudo -n DEBIAN_FRONTEND=noninteractive ";
        assert_eq!(
            shown(Installer::SudoAptGet),
            [format!("{sudo}apt-get update"), format!("{sudo}{install}")]
        );
    }

    #[test]
    fn a_missing_program_is_noticed() {
        assert!(!Need::Server.is_met(Path::new("/no/such/redis-server")));
        assert!(!Need::Server.is_met(Path::new("no-such-redis-server")));
        assert!(on_path(Path::new("sh")).is_some());
    }

    #[test]
    fn libclang_is_told_from_its_neighbours() {
        let folder = env::temp_dir().join(format!("seckill-libclang-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("libclang-cpp.so.14"), "").unwrap();
        assert!(!holds_libclang(&folder));
        fs::write(folder.join("libclang-14.so.1"), "").unwrap();
        assert!(holds_libclang(&folder));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_pattern_finds_folders_only() {
        assert!(matches("/et*").contains(&PathBuf::from("/etc")));
        assert!(matches("/no-such-folder/*").is_empty());
    }
}
