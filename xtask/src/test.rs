//! `cargo xtask test`: every test, doctest and example of the workspace.

use std::path::Path;

use crate::examples;
use crate::shell::{self, Failure, Outcome};
use crate::tally::Tally;
use crate::workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Run only tests, doctests and examples whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// Runs everything, whatever fails on the way, and closes with one line of counts.
pub(crate) fn run(args: &Args) -> Outcome {
    let root = workspace::root();
    let filter = args.filter.as_deref();
    let mut tally = Tally::default();
    // Examples are left out here because `cargo test` would build each a second time, as a test;
    // they are built as programs and run below.
    harness(
        &root,
        "unit and integration tests",
        &["--lib", "--bins", "--tests", "--benches"],
        filter,
        &mut tally,
    )?;
    harness(&root, "doctests", &["--doc"], filter, &mut tally)?;
    examples::run_all(&root, filter, &mut tally)?;

    if tally.ignored > 0 {
        println!("\n{} tests are marked as ignored", tally.ignored);
    }
    if tally == Tally::default() {
        println!("\nnothing ran: that is a failure too");
    }
    println!("\n{tally}");
    if tally.is_good() { Ok(()) } else { Err(Failure::already_told()) }
}

fn harness(root: &Path, title: &str, targets: &[&str], filter: Option<&str>, tally: &mut Tally) -> Outcome {
    let mut command = shell::cargo(root);
    command.args(["test", "--workspace", "--no-fail-fast"]).args(targets);
    if let Some(filter) = filter {
        command.args(["--", filter]);
    }
    println!("\n== {title}: {}", shell::shown(&command));
    let before = *tally;
    let well = shell::each_line(&mut command, |line| {
        println!("{line}");
        tally.read(line);
    })?;
    if !well && tally.failed == before.failed {
        // No test said that it failed, yet cargo did: it did not compile, or a test program died.
        println!("== {title}: did not compile, or a test program died; counted as one failure");
        tally.failed += 1;
    }
    Ok(())
}
