//! Building and running every example of the workspace: an example must exit 0.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::shell::{self, Ended, Failure, Outcome};
use crate::tally::Tally;
use crate::workspace::has_kind;

/// An example shows use; one that runs this long does something else (or hangs).
const LIMIT: Duration = Duration::from_secs(300);

struct Example {
    name: String,
    package_folder: PathBuf,
    program: PathBuf,
}

/// Builds all examples, runs those whose name contains `filter`, and counts each as one test.
pub(crate) fn run_all(root: &Path, filter: Option<&str>, tally: &mut Tally) -> Outcome {
    let Some(examples) = build(root)? else {
        println!("== examples: did not compile; counted as one failure");
        tally.failed += 1;
        return Ok(());
    };
    for example in &examples {
        if filter.is_none_or(|filter| example.name.contains(filter)) {
            let well = run(example)?;
            tally.one(well);
        }
    }
    Ok(())
}

/// The programs cargo made, or `None` when one did not compile.
fn build(root: &Path) -> Outcome<Option<Vec<Example>>> {
    let mut command = shell::cargo(root);
    command.args(["build", "--workspace", "--examples", "--message-format=json-render-diagnostics"]);
    println!("\n== examples: {}", shell::shown(&command));
    let mut found = BTreeMap::new();
    let mut twice = None;
    let well = shell::each_line(&mut command, |line| {
        if let Some(example) = serde_json::from_str(line).ok().and_then(|m| artifact(&m)) {
            let program = example.program.clone();
            if let Some(other) = found.insert(program, example) {
                twice = Some(other.name);
            }
        }
    })?;
    if let Some(name) = twice {
        // Cargo writes both to one file, so one of them would never run.
        return Err(Failure(format!("two crates have an example `{name}`: rename one")));
    }
    Ok(well.then(|| found.into_values().collect()))
}

fn artifact(message: &Value) -> Option<Example> {
    if message["reason"] != "compiler-artifact" || !has_kind(&message["target"], "example") {
        return None;
    }
    let manifest = Path::new(message["manifest_path"].as_str()?);
    Some(Example {
        name: message["target"]["name"].as_str()?.to_owned(),
        package_folder: manifest.parent()?.to_path_buf(),
        program: PathBuf::from(message["executable"].as_str()?),
    })
}

/// Runs one example in an empty folder of its own, so that what it writes is never left behind.
fn run(example: &Example) -> Outcome<bool> {
    let folder =
        tempfile::tempdir().map_err(|error| Failure(format!("cannot make a temporary folder: {error}")))?;
    let cwd = folder.path().join("cwd");
    std::fs::create_dir(&cwd).map_err(|error| Failure(format!("cannot make {}: {error}", cwd.display())))?;
    let log = folder.path().join("log");
    let mut command = Command::new(&example.program);
    // What `cargo run --example` would set, for examples that read files of their crate.
    command.current_dir(&cwd).env("CARGO_MANIFEST_DIR", &example.package_folder);
    match shell::limited(&mut command, &log, LIMIT)? {
        Ended::Well => {
            println!("example {} ... ok", example.name);
            Ok(true)
        }
        Ended::Badly(how) => {
            println!("example {} ... FAILED ({how})", example.name);
            println!("{}", String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()));
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_example_programs_count() {
        let message = |kind: &str| {
            json!({
                "reason": "compiler-artifact",
                "manifest_path": "/w/crates/a/Cargo.toml",
                "target": {"kind": [kind], "name": "tour"},
                "executable": "/w/target/debug/examples/tour",
            })
        };
        let example = artifact(&message("example")).unwrap();
        assert_eq!(example.name, "tour");
        assert_eq!(example.package_folder, Path::new("/w/crates/a"));
        assert!(artifact(&message("bin")).is_none());
        assert!(artifact(&json!({"reason": "build-finished", "success": true})).is_none());
    }

    #[test]
    fn an_example_that_fails_is_seen() {
        let example = |program: &str| Example {
            name: program.to_owned(),
            package_folder: PathBuf::from("/"),
            program: PathBuf::from(program),
        };
        assert!(run(&example("true")).unwrap());
        assert!(!run(&example("false")).unwrap());
    }
}
