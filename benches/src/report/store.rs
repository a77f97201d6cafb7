//! The stored report: a JSON array of rows, in the shape `--json` writes too.

use std::fs;
use std::io;
use std::path::Path;

use super::row::Row;
use crate::harness::BenchError;

/// The rows of a stored report; none when there is no such file yet.
///
/// # Errors
/// When the file cannot be read, or is not such a report.
pub fn read(path: &Path) -> Result<Vec<Row>, BenchError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|source| BenchError::Report { path: path.to_path_buf(), source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(BenchError::File { path: path.to_path_buf(), source }),
    }
}

/// Writes rows, one a line, so that a change of one is a change of one line.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, rows: &[Row]) -> Result<(), BenchError> {
    let mut lines = Vec::new();
    for row in rows {
        lines.push(
            serde_json::to_string(row)
                .map_err(|source| BenchError::Report { path: path.to_path_buf(), source })?,
        );
    }
    fs::write(path, format!("[\n{}\n]\n", lines.join(",\n")))
        .map_err(|source| BenchError::File { path: path.to_path_buf(), source })
}

/// The stored rows with those of the suites that were run replaced by the new ones. Suites keep
/// their place; new ones come last.
#[must_use]
pub fn merge(stored: Vec<Row>, new: &[Row]) -> Vec<Row> {
    let mut merged = Vec::new();
    let mut placed: Vec<&str> = Vec::new();
    let mut place = |suite: &str, merged: &mut Vec<Row>| {
        let Some(first) = new.iter().find(|row| row.suite == suite) else {
            return false;
        };
        if !placed.contains(&first.suite.as_str()) {
            placed.push(&first.suite);
            merged.extend(new.iter().filter(|row| row.suite == suite).cloned());
        }
        true
    };
    for old in stored {
        if !place(&old.suite, &mut merged) {
            merged.push(old);
        }
    }
    for row in new {
        place(&row.suite, &mut merged);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Unit;

    fn row(suite: &str, case: &str, ours: f64) -> Row {
        Row::alone(suite, case, Unit::Bytes, &[ours], None).unwrap()
    }

    #[test]
    fn one_suite_replaces_only_its_rows() {
        let stored = vec![row("a", "1", 1.0), row("a", "old", 1.0), row("b", "1", 1.0)];
        let new = [row("a", "1", 2.0), row("c", "1", 2.0)];
        let merged = merge(stored, &new);
        let seen: Vec<_> =
            merged.iter().map(|row| (row.suite.as_str(), row.case.as_str(), row.ours)).collect();
        assert_eq!(seen, [("a", "1", 2.0), ("b", "1", 1.0), ("c", "1", 2.0)]);
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("benchmarks.json");
        assert_eq!(read(&path).unwrap(), []);
        let rows = vec![row("a", "1", 0.1), row("b", "2", 1e9)];
        write(&path, &rows).unwrap();
        assert_eq!(read(&path).unwrap(), rows);
        fs::write(&path, "{}").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("delete it"));
    }
}
