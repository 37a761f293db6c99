//! Where the module and the server are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

const MODULE: &str = "libseckill.so";
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];

/// The module that was named, or the one that was built here.
pub fn module(named: Option<&Path>) -> Result<PathBuf> {
    let by_environment = env::var_os("SECKILL_MODULE").filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(named) = named.map(Path::to_path_buf).or(by_environment) {
        return first(&[named], "the module", BUILD);
    }
    let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(MODULE)));
    let built = Path::new("target/release").join(MODULE);
    first(&beside.into_iter().chain([built]).collect::<Vec<_>>(), "the module", BUILD)
}

const BUILD: &str =
    "build it with `cargo build --release -p seckill`, or name it with --module or SECKILL_MODULE";
const INSTALL: &str = "install Redis 7.0 or newer (`apt-get install redis-server`), or name it with --server";

/// The server that was named, or the first on the PATH.
pub fn server(named: Option<&Path>) -> Result<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let on_path =
        |name: &Path| env::split_paths(&folders).map(|folder| folder.join(name)).collect::<Vec<_>>();
    if let Some(named) = named {
        // A bare name is a program's name, as in a shell.
        let is_bare = named.components().count() == 1 && !named.exists();
        let candidates = if is_bare { on_path(named) } else { vec![named.to_path_buf()] };
        return first_or(&candidates, || bail!("the server {} is not there; {INSTALL}", named.display()));
    }
    let candidates: Vec<PathBuf> = SERVERS.iter().flat_map(|name| on_path(Path::new(name))).collect();
    first_or(&candidates, || bail!("neither {} is on the PATH; {INSTALL}", SERVERS.join(" nor ")))
}

fn first(candidates: &[PathBuf], what: &str, remedy: &str) -> Result<PathBuf> {
    first_or(candidates, || {
        let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        bail!("{what} was not found; looked for {}; {remedy}", looked.join(" and "))
    })
}

fn first_or(candidates: &[PathBuf], missing: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
    match candidates.iter().find(|path| path.is_file()) {
        // The server works in a folder of its own, where a relative path would lead elsewhere.
        Some(found) => Ok(std::path::absolute(found)?),
        None => missing(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_module_is_reported_with_its_place_and_a_remedy() {
        let error = module(Some(Path::new("no/such/module.so"))).unwrap_err().to_string();
        assert!(error.contains("looked for no/such/module.so"), "{error}");
        assert!(error.contains("cargo build --release -p seckill"), "{error}");
    }

    #[test]
    fn a_missing_server_is_reported_with_a_remedy() {
        for name in ["no/such/server", "no-such-server"] {
            let error = server(Some(Path::new(name))).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("--server"), "{error}");
        }
    }

    #[test]
    fn a_bare_name_is_looked_for_on_the_path() {
        assert!(server(Some(Path::new("sh"))).unwrap().is_absolute());
    }
}
