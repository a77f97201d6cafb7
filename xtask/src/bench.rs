//! `cargo xtask bench`: builds the comparisons and the `bm` program optimised, then runs them.

use std::process::Command;

use crate::shell::{self, Outcome};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Suites to run and options of the harness; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "SUITE | OPTION")]
    pass_on: Vec<String>,
}

/// Everything after `bench` goes to the harness in `benches/`, which owns the options.
pub(crate) fn run(args: &Args) -> Outcome {
    let root = workspace::root();
    // One build for both, so that features and therefore code are the same in both programs.
    let mut build = shell::cargo(&root);
    build.args(["build", "--release", "--bins", "-p", "bm-benches", "-p", "bm-cli"]);
    shell::step("build", &mut build)?;
    let program = target_folder(&root)?.join("release/bm-benches");
    shell::step("bench", Command::new(program).current_dir(&root).args(&args.pass_on))
}

fn target_folder(root: &std::path::Path) -> Outcome<std::path::PathBuf> {
    let text = shell::quiet(shell::cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| shell::Failure(format!("cargo metadata is not JSON: {error}")))?;
    metadata["target_directory"]
        .as_str()
        .map(Into::into)
        .ok_or_else(|| shell::Failure("cargo metadata names no target folder".into()))
}
