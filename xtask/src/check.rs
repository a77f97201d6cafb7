//! `cargo xtask check`: what must hold before the tests are worth running.

use crate::shell::{self, Outcome};
use crate::workspace;

/// Format, lints, docs (warnings denied in both), then each library crate alone.
///
/// The cheapest step comes first, and all steps use the development profile, so that what one has
/// compiled the next one finds.
pub(crate) fn run() -> Outcome {
    let root = workspace::root();
    shell::step("format", shell::cargo(&root).args(["fmt", "--all", "--check"]))?;
    shell::step(
        "lints",
        shell::cargo(&root).args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    shell::step(
        "docs",
        shell::cargo(&root).env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--workspace", "--no-deps"]),
    )?;
    for name in workspace::library_crates(&root)? {
        shell::step(
            "crate alone",
            shell::cargo(&root).args(["build", "--no-default-features", "-p", &name]),
        )?;
    }
    Ok(())
}
