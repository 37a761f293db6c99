//! `cargo xtask docs`: the part of docs/commands that the module itself knows best.

mod synopsis;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use redis::Value;

use crate::processes::Stop;
use crate::server::{self, Server, Setup};
use crate::workspace::{self, Profile};
use crate::{prerequisites, steps};

const BEGIN: &str = "<!-- generated -->";
const END: &str = "<!-- /generated -->";

#[derive(Args)]
pub struct Options {
    /// Change nothing; fail when a page is missing or out of date.
    #[arg(long)]
    check: bool,
}

/// A command as the server describes it.
struct Described {
    name: String,
    header: String,
}

/// Writes the generated part of every command's page, or checks it.
pub fn run(options: &Options) -> Result<()> {
    let program = prerequisites::server_by_environment();
    prerequisites::ensure_met(&program)?;
    if options.check {
        return check(&program);
    }
    for command in described(&program)? {
        let path = page(&command.name);
        let old = fs::read_to_string(&path).unwrap_or_else(|_| new_page(&command.name));
        let new = with_header(&old, &command.header).with_context(|| path.display().to_string())?;
        if fs::read_to_string(&path).ok().as_deref() != Some(&new) {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&path, new).with_context(|| format!("cannot write {}", path.display()))?;
            println!("wrote {}", path.display());
        }
    }
    Ok(())
}

/// Fails when a page is missing or its generated part is not what the module says.
pub fn check(program: &Path) -> Result<()> {
    let mut stale = Vec::new();
    let commands = described(program)?;
    for command in &commands {
        let path = page(&command.name);
        let old = fs::read_to_string(&path).unwrap_or_default();
        if with_header(&old, &command.header).ok().as_deref() != Some(&old) {
            stale.push(path.display().to_string());
        }
    }
    ensure!(stale.is_empty(), "out of date, run `cargo xtask docs`:\n  {}", stale.join("\n  "));
    println!("{} pages are up to date", commands.len());
    Ok(())
}

fn page(command: &str) -> PathBuf {
    workspace::root().join("docs/commands").join(format!("{}.md", command.to_lowercase()))
}

fn new_page(command: &str) -> String {
    format!("# {}\n\n{BEGIN}\n{END}\n", command.to_uppercase())
}

/// The page with its generated part replaced.
fn with_header(page: &str, header: &str) -> Result<String> {
    let Some((before, rest)) = page.split_once(BEGIN) else { bail!("has no line {BEGIN}") };
    let Some((_, after)) = rest.split_once(END) else { bail!("has no line {END}") };
    Ok(format!("{before}{BEGIN}\n{header}{END}{after}"))
}

/// What a server with the module says of the module's commands.
fn described(program: &Path) -> Result<Vec<Described>> {
    let mut build = workspace::build_module(Profile::Dev);
    prerequisites::point_at_clang(&mut build);
    steps::run(&mut build)?;
    let data = workspace::target().join("seckill/docs");
    let setup = Setup {
        program: program.to_path_buf(),
        module: workspace::module(Profile::Dev),
        port: server::free_port()?,
        data: data.clone(),
    };
    let mut server = Server::start(&setup, &Stop::on_signals()?)?;
    let described = ask(&mut server);
    server.shut_down()?;
    fs::remove_dir_all(&data)?;
    described
}

fn ask(server: &mut Server) -> Result<Vec<Described>> {
    let mut names: Vec<String> = server.ask(&["COMMAND", "LIST", "FILTERBY", "MODULE", "seckill"])?;
    names.retain(|name| name.to_uppercase().starts_with("SECKILL."));
    names.sort();
    ensure!(!names.is_empty(), "the module has no commands");
    names.into_iter().map(|name| describe(server, name)).collect()
}

fn describe(server: &mut Server, name: String) -> Result<Described> {
    let docs: HashMap<String, HashMap<String, Value>> = server.ask(&["COMMAND", "DOCS", &name])?;
    let info: Vec<Vec<Value>> = server.ask(&["COMMAND", "INFO", &name])?;
    let docs = docs.get(&name).with_context(|| format!("COMMAND DOCS knows nothing of {name}"))?;
    let flags = info.first().and_then(|info| info.get(2)).cloned().unwrap_or(Value::Array(Vec::new()));
    let header = synopsis::header(&name, docs, redis::from_redis_value(flags)?)?;
    Ok(Described { name, header })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_between_the_marks_is_replaced() {
        let page = format!("# A\n\n{BEGIN}\nold\n{END}\n\nBy hand.\n");
        let new = with_header(&page, "new\n").unwrap();
        assert_eq!(new, format!("# A\n\n{BEGIN}\nnew\n{END}\n\nBy hand.\n"));
        assert_eq!(with_header(&new, "new\n").unwrap(), new);
    }

    #[test]
    fn a_page_without_marks_is_refused() {
        assert!(with_header("# A\n", "new\n").is_err());
        assert!(with_header(&format!("{BEGIN}\n"), "new\n").is_err());
    }
}
