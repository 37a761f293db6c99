//! `cargo xtask up`: from a checkout to a sale that can be bought from.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::processes::{self, Process, Stop};
use crate::server::{self, Server, Setup};
use crate::workspace::{self, Profile};
use crate::{prerequisites, steps};

/// The worker finishes its batch within it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The sale that is there to try things on.
const SAMPLE: &str = "phone";

#[derive(Args)]
pub struct Options {
    /// The port; 6379, or the next free one when that is taken.
    #[arg(long)]
    port: Option<u16>,
    /// The data folder.
    #[arg(long, default_value = "target/seckill/data", value_name = "PATH")]
    dir: PathBuf,
    /// The server program; `redis-server` on the path, or what SECKILL_SERVER names.
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Say what is missing instead of installing it.
    #[arg(long)]
    no_install: bool,
}

/// Builds, starts, shows what to try, and follows until the end.
pub fn run(options: &Options) -> Result<()> {
    let program = options.server.clone().unwrap_or_else(prerequisites::server_by_environment);
    if options.no_install {
        prerequisites::check(&program)?;
    } else {
        prerequisites::ensure_met(&program)?;
    }
    let port = server::choose_port(options.port)?;
    steps::run(&mut workspace::build_module(Profile::Release))?;
    steps::run(&mut workspace::build_command_line())?;

    let stop = Stop::on_signals()?;
    let setup = Setup {
        program,
        module: workspace::module(Profile::Release),
        port,
        data: workspace::root().join(&options.dir),
    };
    let mut server = Server::start(&setup, &stop)?;
    let followed = open_sample(&mut server).and_then(|()| follow(&mut server, &setup, &stop));
    println!("shutting down");
    let ended = server.shut_down();
    followed.and(ended)
}

/// What belongs beside the server is started here, followed with it, and ended before it.
fn follow(server: &mut Server, setup: &Setup, stop: &Stop) -> Result<()> {
    let mut worker = Process::start("worker", &mut work(setup))?;
    greet(server, setup);
    let followed = processes::follow_until(stop, &mut [&mut server.process, &mut worker]);
    match followed {
        Ok(()) => worker.end(PATIENCE),
        Err(error) => {
            worker.kill();
            Err(error)
        }
    }
}

/// The order worker, on the tables beside the server's data.
fn work(setup: &Setup) -> Command {
    let mut worker = Command::new(workspace::command_line());
    worker.args(["work", "--url", &format!("redis://127.0.0.1:{}", setup.port), "--data"]).arg(&setup.data);
    worker
}

fn open_sample(server: &mut Server) -> Result<()> {
    if server.ask::<i64>(&["EXISTS", SAMPLE])? == 0 {
        server.ask::<()>(&["SECKILL.CREATE", SAMPLE, "STOCK", "1000", "HOLD", "60000"])?;
    }
    Ok(())
}

fn greet(server: &Server, setup: &Setup) {
    let port = server.port;
    println!(
        "\nseckill runs on port {port}, its data is in {data}. Try:\n\n  \
         redis-cli -p {port} SECKILL.RESERVE {SAMPLE} alice\n  \
         redis-cli -p {port} SECKILL.CONFIRM {SAMPLE} 1\n  \
         redis-cli -p {port} SECKILL.INFO {SAMPLE}\n\n\
         The order worker brings its orders into {data}/orders.db.\n\
         Ctrl-C stops it, and the next `cargo xtask up` finds the data again.\n",
        data = setup.data.display()
    );
}
