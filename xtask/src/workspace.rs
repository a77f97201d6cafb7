//! What the workspace holds, as cargo tells it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::shell::{self, Failure, Outcome};

/// The folder that holds the root `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run`; the built-in path serves when the program is started directly.
    let own = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or(own.clone(), Path::to_path_buf)
}

/// Names of the library crates under `crates/`, sorted.
pub(crate) fn library_crates(root: &Path) -> Outcome<Vec<String>> {
    let text = shell::quiet(shell::cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Failure(format!("cargo metadata is not JSON: {error}")))?;
    let crates = root.join("crates");
    let mut names: Vec<String> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| {
            package["manifest_path"].as_str().is_some_and(|path| Path::new(path).starts_with(&crates))
        })
        .filter(|package| {
            package["targets"].as_array().into_iter().flatten().any(|target| has_kind(target, "lib"))
        })
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(Failure(format!("no library crate found under {}", crates.display())));
    }
    Ok(names)
}

/// Whether a target of cargo's messages is of a kind (`lib`, `bin`, `example`, …).
pub(crate) fn has_kind(target: &Value, kind: &str) -> bool {
    target["kind"].as_array().into_iter().flatten().any(|word| word == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_layer_is_found() {
        let names = library_crates(&root()).unwrap();
        assert!(names.iter().any(|name| name == "bm-morton"), "{names:?}");
        assert!(!names.iter().any(|name| name == "xtask"), "{names:?}");
    }
}
