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
/// Between servers only: refused to clients, and so no page for them.
const INTERNAL: &str = "SECKILL.APPLY";
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
    /// Its option words.
    words: Vec<String>,
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

/// Fails when a page is missing, its generated part is not what the module says, or an option is not explained.
pub fn check(program: &Path) -> Result<()> {
    let commands = described(program)?;
    let wrong: Vec<String> = commands.iter().flat_map(wrong_in_page).collect();
    ensure!(wrong.is_empty(), "the documents are not right:\n  {}", wrong.join("\n  "));
    println!("{} pages are up to date", commands.len());
    Ok(())
}

fn wrong_in_page(command: &Described) -> Vec<String> {
    let path = page(&command.name);
    let shown = path.display();
    let Ok(page) = fs::read_to_string(&path) else { return vec![format!("{shown} is missing")] };
    let stale = with_header(&page, &command.header).ok().as_deref() != Some(&page);
    let stale = stale.then(|| format!("{shown} is out of date, run `cargo xtask docs`"));
    let unexplained = unexplained(&page, &command.words);
    stale.into_iter().chain(unexplained.map(|word| format!("{shown} does not explain {word}"))).collect()
}

/// The option words that the part written by hand does not name.
fn unexplained<'a>(page: &'a str, words: &'a [String]) -> impl Iterator<Item = &'a String> {
    let by_hand = page.split_once(END).map_or(page, |(_, after)| after);
    let named: Vec<&str> = by_hand.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().filter(move |word| !named.contains(&word.as_str()))
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
    steps::run(&mut workspace::build_module(Profile::Dev))?;
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
    names.retain(|name| name.to_uppercase().starts_with("SECKILL.") && name.to_uppercase() != INTERNAL);
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
    Ok(Described { name, header, words: synopsis::words(docs)? })
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
    fn an_option_that_only_the_synopsis_names_is_not_explained() {
        let words = ["QTY", "DATA"].map(str::to_owned);
        let page =
            format!("{BEGIN}\nA [QTY n] [DATA d]\n{END}\n\n`QTY n`: how many; `DATABASE` is another word.\n");
        assert_eq!(unexplained(&page, &words).collect::<Vec<_>>(), ["DATA"]);
    }

    #[test]
    fn a_page_without_marks_is_refused() {
        assert!(with_header("# A\n", "new\n").is_err());
        assert!(with_header(&format!("{BEGIN}\n"), "new\n").is_err());
    }
}
