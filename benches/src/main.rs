//! `cargo xtask bench`: runs suites, prints their rows, keeps and writes the report.
#![allow(clippy::print_stdout, reason = "a command line program prints its results")]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bm_benches::report::{self, Row};
use bm_benches::suites::{self, Suite};
use bm_benches::{Bench, BenchError, Settings, inputs, machine};
use bm_io::picture;
use clap::Parser;

/// Compare with peers: ours and theirs in turn, in one run, on the same data.
///
/// A full run keeps its rows in docs/benchmarks.json and rewrites docs/benchmarks.md; rows of suites
/// that were not run stay as they are. Exit code 1 when answers differ or a check fails, 2 when the
/// command line is wrong.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Args {
    /// Suites to run; all when none is named
    #[arg(value_name = "SUITE", value_parser = known_suite)]
    suites: Vec<Suite>,
    /// Fewer and shorter rounds on smaller inputs; keeps nothing unless told to
    #[arg(long)]
    quick: bool,
    /// Write the rows of this run to a file, as a JSON array
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compare ratios with the kept ones, and fail when one is more than 10 % worse twice in a row;
    /// keeps nothing unless told to
    #[arg(long)]
    check: bool,
    /// Keep the rows even with --quick or --check
    #[arg(long)]
    write: bool,
    /// List the suites and end
    #[arg(long)]
    list: bool,
}

fn known_suite(name: &str) -> Result<Suite, String> {
    suites::find(name).copied().ok_or_else(|| {
        let names: Vec<&str> = suites::ALL.iter().map(|suite| suite.name).collect();
        format!("there is no such suite; known: {}", names.join(", "))
    })
}

/// Counts while a suite asks how much memory something keeps.
#[global_allocator]
static ALLOCATOR: bm_benches::memory::Counting = bm_benches::memory::Counting;

fn main() -> ExitCode {
    // A suite may have started us to be killed.
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(error) = suites::edited::child::run(&arguments) {
        eprintln!("bench: {error}");
        return ExitCode::FAILURE;
    }
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was as it should be.
fn run(args: &Args) -> Result<bool, BenchError> {
    let mut out = io::stdout().lock();
    if args.list {
        for suite in suites::ALL {
            writeln!(out, "{:<10} {}", suite.name, suite.about.replace('\n', "\n           "))?;
        }
        return Ok(true);
    }
    let chosen = if args.suites.is_empty() { suites::ALL } else { &args.suites };
    let docs = inputs::root().join("docs");
    let (stored_json, page) = (docs.join("benchmarks.json"), docs.join("benchmarks.md"));
    // Read first: a report that cannot be merged with should not cost a whole run.
    let stored = report::read(&stored_json)?;

    if let Some(load) = machine::load().filter(|&load| load > 0.5) {
        writeln!(
            out,
            "this machine is busy (load {load:.1}): trust ratios more than values, and neither much"
        )?;
    }
    let mut rows = measure(args, chosen, &mut out)?;
    let mut good = true;
    if args.check {
        good = check(args, &stored, &mut rows, &mut out)?;
    }
    for row in rows.iter().filter(|row| row.answers_equal == Some(false)) {
        good = false;
        writeln!(out, "answers differ: {} / {}", row.suite, row.case)?;
    }
    if let Some(file) = &args.json {
        report::write(file, &rows)?;
    }
    if args.write || !(args.quick || args.check) {
        let merged = report::merge(stored, &rows);
        let figure = docs.join("img/roofline.png");
        let drawn = report::Roofline::of(&merged).draw();
        if let Some(image) = &drawn {
            picture::write_png(&figure, image).map_err(|error| BenchError::contestant("roofline", error))?;
        }
        let about = |name: &str| suites::find(name).map(|suite| suite.about);
        let text = report::page(&merged, &about, drawn.is_some());
        report::write(&stored_json, &merged)?;
        std::fs::write(&page, text).map_err(|source| BenchError::File { path: page.clone(), source })?;
        writeln!(out, "\nkept in {} and {}", stored_json.display(), page.display())?;
    }
    Ok(good)
}

fn measure(args: &Args, chosen: &[Suite], out: &mut dyn Write) -> Result<Vec<Row>, BenchError> {
    let settings = if args.quick { Settings::quick() } else { Settings::full() };
    let mut bench = Bench::new(settings, out);
    for suite in chosen {
        bench.start(suite.name);
        (suite.run)(&mut bench)?;
    }
    Ok(bench.into_rows())
}

/// Compares with the stored ratios. What looks worse is measured a second time, because a busy
/// machine makes 10 % by itself; the better of the two counts.
fn check(args: &Args, stored: &[Row], rows: &mut [Row], out: &mut dyn Write) -> Result<bool, BenchError> {
    let first = report::regressions(stored, rows);
    if first.is_empty() {
        writeln!(out, "\nno ratio is more than 10 % worse than the kept one")?;
        return Ok(true);
    }
    let again: Vec<Suite> = suites::ALL
        .iter()
        .filter(|suite| first.iter().any(|found| found.row.suite == suite.name))
        .copied()
        .collect();
    writeln!(out, "\n{} ratios look worse; measuring again", first.len())?;
    for row in measure(args, &again, out)? {
        if let Some(old) = rows.iter_mut().find(|old| old.key() == row.key() && old.ratio < row.ratio) {
            *old = row;
        }
    }
    let confirmed = report::regressions(stored, rows);
    writeln!(out)?;
    for found in &confirmed {
        writeln!(out, "worse: {found}")?;
    }
    Ok(confirmed.is_empty())
}
