//! The entry for tasks: `cargo xtask <task>`.

mod docs;
mod matrix;
mod prerequisites;
mod processes;
mod release;
mod server;
mod soak;
mod steps;
mod test;
mod tidy;
mod up;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs, tests and documents seckill.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the module, start a server with it, and follow it until Ctrl-C.
    Up(up::Options),
    /// Check the format, run the lints and run every test.
    Test(test::Options),
    /// Check the invariants of the code and the documents.
    Tidy,
    /// Write the generated part of docs/commands from a live server.
    Docs(docs::Options),
    /// Run the server tests on every server that can be had.
    Matrix(matrix::Options),
    /// Run the long tests.
    Soak(soak::Options),
    /// Build the release module and print its size and checksum.
    Release,
    /// Install what building, running and testing need.
    Setup(prerequisites::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Up(options) => up::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Tidy => tidy::run(),
        Task::Docs(options) => docs::run(&options),
        Task::Matrix(options) => matrix::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Release => release::run(),
        Task::Setup(options) => prerequisites::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
