//! `seckill shop`: the reference shop.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use shop::catalogue::Catalogue;
use shop::site::Site;
use shop::store::Store;

use crate::Verdict;

#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand, Clone, Debug)]
enum Task {
    /// Make the static pages, for a CDN or a web server.
    Build(Build),
}

#[derive(Args, Clone, Debug)]
struct Build {
    /// Products, texts, sales: a TOML file with its pictures beside it.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,

    /// Or the database that a shop has loaded them into.
    #[arg(long, value_name = "FILE", conflicts_with = "catalogue")]
    products: Option<PathBuf>,

    /// Where the pictures are, with --products.
    #[arg(long, value_name = "FOLDER", requires = "products", default_value = ".")]
    pictures: PathBuf,

    /// The folder to write into.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

pub fn run(options: &Options) -> Result<Verdict> {
    match &options.task {
        Task::Build(options) => build(options),
    }
}

fn build(options: &Build) -> Result<Verdict> {
    let catalogue = match (&options.catalogue, &options.products) {
        (_, Some(file)) => {
            ensure!(file.is_file(), "{} is not a file", file.display());
            Store::open(file)?.catalogue(&options.pictures)?
        }
        (Some(file), None) => Catalogue::read(file)?,
        (None, None) => Catalogue::read(Path::new("catalogue.toml"))?,
    };
    let site = Site::render(&catalogue)?;
    site.write(&options.out)?;
    println!("wrote {} files into {}", site.files().count(), options.out.display());
    Ok(Verdict::Good)
}
