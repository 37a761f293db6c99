//! `SECKILL.HELP [command]`

use super::TABLE;
use super::args::Cursor;
use crate::host::{Arg, Command, CommandSpec, Context, Failure};

/// What every command's name begins with.
const PREFIX: &str = "SECKILL.";

/// `SECKILL.HELP`
pub struct Help;

impl Command for Help {
    fn run(ctx: &Context, args: &[Arg<'_>]) -> Result<(), Failure> {
        let mut cursor = Cursor::new(args);
        let asked = if cursor.rest().is_empty() { None } else { Some(cursor.next()?.bytes()) };
        cursor.end()?;
        let shown = TABLE.iter().copied().flatten().filter(|spec| spec.is_offered());
        let lines: Vec<String> = match asked {
            None => shown.flat_map(brief).collect(),
            Some(name) => shown.filter(|spec| is_called(spec, name)).flat_map(full).collect(),
        };
        if lines.is_empty() {
            return Err("ERR no such command; SECKILL.HELP alone lists them all".into());
        }
        ctx.array(lines.len());
        lines.iter().for_each(|line| ctx.bulk(line.as_bytes()));
        Ok(())
    }
}

fn is_called(spec: &CommandSpec, name: &[u8]) -> bool {
    let full = spec.name.to_bytes();
    let verb = full.get(PREFIX.len()..).unwrap_or(full);
    name.eq_ignore_ascii_case(full) || name.eq_ignore_ascii_case(verb)
}

fn brief(spec: &CommandSpec) -> [String; 2] {
    [spec.synopsis(), format!("    {}", spec.summary.to_string_lossy())]
}

fn full(spec: &CommandSpec) -> [String; 3] {
    let [synopsis, summary] = brief(spec);
    [synopsis, summary, format!("    Complexity: {}", spec.complexity.to_string_lossy())]
}
