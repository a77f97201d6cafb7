//! The project's task runner. `cargo xtask` alone lists the tasks; each is one module here.
//!
//! | Task | Does |
//! |---|---|
//! | `test` | every test, doctest and example of the workspace; ends with `N passed, N failed` |
//! | `check` | what must hold before the tests are worth running: format, lints, docs, each crate alone |
//! | `ci` | `check`, then `test` |
//! | `data` | fetches the real data that is not bundled into the ignored folder `data/` |
//! | `peers` | sets up the programs we compare with in the ignored folder `peers/` |
//! | `fuzz` | feeds every decoder with mutated input, for a minute each (nightly toolchain and cargo-fuzz) |
//! | `campaign` | kills and damage at length |
//! | `bench` | builds the comparisons optimised and runs them |
#![allow(clippy::print_stdout, reason = "a task runner talks to whoever runs it")]

mod bench;
mod campaign;
mod check;
mod data;
mod examples;
mod fuzz;
mod peers;
mod shell;
mod tally;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's tasks")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test, doctest and example; the last line is `N passed, N failed`
    Test(test::Args),
    /// Check format, lints, docs, and that each library crate builds alone
    Check,
    /// Everything the automatic build does: check, then test
    Ci,
    /// Fetch the real data that is not bundled into data/ (through apt and pip)
    Data(data::Args),
    /// Set up the Python programs we compare with in peers/
    Peers,
    /// Feed every decoder (or the one named) with mutated input; needs a nightly toolchain and cargo-fuzz
    Fuzz(fuzz::Args),
    /// Run the crash and damage tests at length: kills at random moments, every byte flipped
    Campaign(campaign::Args),
    /// Compare with peers, side by side in one run; rewrites docs/benchmarks.md
    #[command(disable_help_flag = true)]
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.task {
        Task::Test(options) => test::run(options),
        Task::Check => check::run(),
        Task::Ci => check::run().and_then(|()| test::run(&test::Args::default())),
        Task::Data(options) => data::run(options),
        Task::Peers => peers::run(),
        Task::Fuzz(options) => fuzz::run(options),
        Task::Campaign(options) => campaign::run(options),
        Task::Bench(options) => bench::run(options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // An empty text means that the task has already said all there is to say.
            if !failure.0.is_empty() {
                eprintln!("xtask: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}
