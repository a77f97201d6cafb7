//! `cargo xtask fuzz`: feeds every decoder with mutated input, for a while each.

use std::path::Path;
use std::process::Command;

use crate::shell::{self, Failure, Outcome};
use crate::workspace;

/// Where the fuzz targets are.
const FOLDERS: [&str; 5] = [
    "crates/bm-hybrid/fuzz",
    "crates/bm-overlay/fuzz",
    "crates/bm-io/fuzz",
    "crates/bm-vector/fuzz",
    "crates/bm-grid/fuzz",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// One target; without it, all in turn
    target: Option<String>,
    /// How long to run each
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
}

/// Builds the targets with a nightly toolchain and `cargo-fuzz`, writes their seeds, and runs them. The first
/// input that breaks a target ends the task; it stays in `artifacts/`.
pub(crate) fn run(args: &Args) -> Outcome {
    let root = workspace::root();
    let mut found = false;
    for folder in FOLDERS.map(|f| root.join(f)) {
        let mut list = nightly(&folder);
        let targets = shell::quiet(list.args(["list", "--fuzz-dir", "."])).map_err(|error| {
            Failure(format!(
                "{error}\nfuzzing needs `rustup toolchain install nightly` and `cargo install cargo-fuzz`"
            ))
        })?;
        let targets: Vec<&str> =
            targets.lines().filter(|t| args.target.as_deref().is_none_or(|want| want == *t)).collect();
        if !targets.is_empty() {
            found = true;
            fuzz(&folder, &targets, args.seconds)?;
        }
    }
    if found {
        return Ok(());
    }
    Err(Failure(format!("no fuzz target of that name; the READMEs of {} list them", FOLDERS.join(" and "))))
}

fn fuzz(folder: &Path, targets: &[&str], seconds: u64) -> Outcome {
    let mut seeds = shell::cargo(folder);
    shell::step("seeds", seeds.args(["run", "--release", "--example", "seeds"]))?;
    for target in targets {
        let mut run = nightly(folder);
        // zstd is built by the system's C compiler, whose address sanitizer does not match Rust's: it reports
        // reads of its own constants. Overflow checks and debug assertions stay on.
        run.args(["run", target, "--fuzz-dir", ".", "--sanitizer", "none", "--"]);
        run.args([
            &format!("-max_total_time={seconds}"),
            "-rss_limit_mb=2048",
            "-timeout=30",
            "-max_len=60000",
        ]);
        shell::step(target, &mut run)?;
    }
    Ok(())
}

/// `cargo +nightly fuzz`, run from the fuzz folder.
fn nightly(folder: &Path) -> Command {
    let mut command = Command::new("rustup");
    // The cargo that started us is another toolchain's.
    command.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTDOC");
    command.args(["run", "nightly", "cargo", "fuzz"]).current_dir(folder);
    command
}
