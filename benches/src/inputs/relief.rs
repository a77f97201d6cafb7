//! The real relief that suites build worlds from.

use std::path::PathBuf;

use bm_io::{Relief, ReliefOptions, read_relief};

use super::root;
use crate::harness::BenchError;

/// Where `cargo xtask data` puts the relief at 5 minutes of arc; `None` when it has not been run.
#[must_use]
pub fn etopo5_path() -> Option<PathBuf> {
    let path = root().join("data/etopo5.cdf");
    path.exists().then_some(path)
}

/// That relief, read.
///
/// # Errors
/// When the file is not what it should be.
pub fn read(path: &std::path::Path) -> Result<Relief, BenchError> {
    read_relief(path, &ReliefOptions::default()).map_err(|error| BenchError::contestant("relief", error))
}

/// Its heights as whole metres, row by row from the south-west corner: the form in which peers
/// compress them.
///
/// # Errors
/// When a height is missing, is not whole, or does not fit 16 bits.
pub fn whole_metres(relief: &Relief) -> Result<Vec<i16>, BenchError> {
    relief
        .values
        .iter()
        .map(|&value| {
            let ticks = i64::from(value) * i64::from(relief.unit_ticks);
            (value != Relief::NODATA && ticks % 4 == 0)
                .then(|| i16::try_from(ticks / 4).ok())
                .flatten()
                .ok_or_else(|| {
                    BenchError::contestant("relief", format!("{value} is not whole 16-bit metres"))
                })
        })
        .collect()
}
