//! A grid on disk: region, materials before and after boundaries, layers, and bytes of the caller, in one file.
//!
//! [`save`] replaces the file whole or not at all. [`load`] checks every byte. What is not saved is how often planes
//! were written ([`Plane::writes`](crate::Plane::writes) begins again at 0); tiles that wait for a sync still do.
//! `FORMAT.md` beside this crate's `Cargo.toml` says what every byte is.
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let path = &dir.path().join("alps.bmgrid");
//! use bm_core::MaterialId;
//! use bm_grid::{Bounds, DVec2, Grid, Region, file, layer};
//!
//! let region = Region::new(Bounds { min: DVec2::ZERO, max: DVec2::splat(1000.0) }, 10.0)?;
//! let mut grid = Grid::uniform(region, MaterialId::ROCK)?.with_id("alps");
//! grid.get_or_create_layer(layer::ELEVATION, 0.0_f64)?.set(5, 7, 4807.8)?;
//! let bytes = file::save(&grid, br#"{"years": 100}"#, path)?;
//! assert!(bytes < 2000);                              // tiles of one value cost that value
//! let (again, meta) = file::load(path)?;
//! assert_eq!((again, &meta[..]), (grid, &br#"{"years": 100}"#[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `head` | region, names, kinds of layers |
//! | `blocks` | checked pieces of the file; groups of tiles |
//! | `write`, `read` | all of it, in order |

pub(crate) mod blocks;
pub(crate) mod error;
pub(crate) mod head;
mod read;
mod write;

pub use error::FileError;

use crate::atomic::{self, Disk, Medium};
use crate::grid::Grid;
use crate::workers::cores;
use error::Trouble;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// First bytes of every file.
const MAGIC: [u8; 8] = *b"BMgrids\n";

/// Version of the format that is written, and the newest that is read.
const VERSION: u32 = 1;

/// Saves a grid and bytes of the caller (a description, parameters); the number of bytes written.
///
/// The file is written under another name in the same folder, brought to the disk and renamed: whatever happens
/// meanwhile, `path` is what it was before or the new grid. Only after a kill can a file `.NAME.*.part` be left.
///
/// # Errors
/// [`FileError::Io`]: what was at `path` is untouched (except when syncing the folder failed, at the very end: then
/// either may be found after a power loss). [`FileError::TooLong`].
pub fn save(grid: &Grid, meta: &[u8], path: &Path) -> Result<u64, FileError> {
    save_on(&Disk, grid, meta, path)
}

fn save_on(medium: &dyn Medium, grid: &Grid, meta: &[u8], path: &Path) -> Result<u64, FileError> {
    let mut done = 0;
    let mut too_long = None;
    let replaced = atomic::replace(medium, path, true, |out| {
        done = match write::write(grid, meta, cores(), out) {
            Ok(done) => done,
            Err(Trouble::Io(_, error)) => return Err(error),
            Err(other) => {
                too_long = Some(other);
                return Err(io::ErrorKind::InvalidInput.into());
            }
        };
        Ok(())
    });
    match (replaced, too_long) {
        (_, Some(trouble)) => Err(trouble.of(path)),
        (Err(failed), None) => Err(Trouble::Io(failed.step, failed.error).of(path)),
        (Ok(()), None) => Ok(done),
    }
}

/// Loads what [`save`] saved: the grid and the caller's bytes.
///
/// # Errors
/// [`FileError`]: the file is missing, not a grid, of a newer version, or damaged.
pub fn load(path: &Path) -> Result<(Grid, Vec<u8>), FileError> {
    load_within(path, u64::MAX)
}

/// The same, if the grid with the caller's bytes takes no more than so many bytes of memory; for files of unknown
/// origin: a small file can describe a large grid.
///
/// # Errors
/// As [`load`], and [`FileError::TooLarge`], before that memory is used.
pub fn load_within(path: &Path, most: u64) -> Result<(Grid, Vec<u8>), FileError> {
    let io = |step| move |error| Trouble::Io(step, error).of(path);
    let mut file = File::open(path).map_err(io("open it"))?;
    let length = file.metadata().map_err(io("ask for its length"))?.len();
    read(&mut file, length, path, most)
}

/// Writes what [`save`] would, to anywhere; the number of bytes.
///
/// # Errors
/// As [`save`]; `path` is for messages alone.
pub fn write(grid: &Grid, meta: &[u8], to: &mut dyn Write, path: &Path) -> Result<u64, FileError> {
    write::write(grid, meta, cores(), to).map_err(|trouble| trouble.of(path))
}

/// Reads what [`write()`] wrote, from anywhere that has `length` bytes left.
///
/// # Errors
/// As [`load_within`]; `path` is for messages alone.
pub fn read(from: &mut dyn Read, length: u64, path: &Path, most: u64) -> Result<(Grid, Vec<u8>), FileError> {
    read::read(from, length, cores(), most).map_err(|trouble| trouble.of(path))
}

#[cfg(test)]
mod tests;
