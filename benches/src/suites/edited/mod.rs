//! What the suites about edits share: worlds, places, commits, and what the system counts.

pub mod child;
pub mod ours;

use std::path::Path;

use bm_core::{GeoPoint, MaterialId, Pos};
use bm_hybrid::{ReliefIngest, World};
use bm_io::bundled::bundled_etopo20;

use crate::harness::{BenchError, Measure};

/// Cells of a kilometre.
pub const KILOMETRE: u32 = 4000;

/// A failure of ours.
pub fn ours(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

/// The middle of a cube in the Alps that the ground runs through.
///
/// # Errors
/// Does not fail.
pub fn alps() -> Result<Pos, BenchError> {
    Pos::from_geo(GeoPoint { lon: 8.0, lat: 46.5, alt: 1750.0 }).map_err(ours)
}

/// A new world on disk that holds the bundled relief.
///
/// # Errors
/// When it cannot be written.
pub fn earth(path: &Path) -> Result<World, BenchError> {
    let relief = bundled_etopo20().map_err(ours)?;
    let mut world = World::open_or_create(path).map_err(ours)?;
    world.ingest_relief(&relief, &ReliefIngest::default(), &|_| ()).map_err(ours)?;
    world.compact().map_err(ours)?;
    Ok(world)
}

/// Bytes of all files whose name begins as that of a world: its own, and those beside it.
///
/// # Errors
/// When they cannot be listed.
pub fn files(world: &Path) -> Result<f64, BenchError> {
    let error = |source| BenchError::File { path: world.to_path_buf(), source };
    let name = world.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut sum = 0;
    for entry in std::fs::read_dir(world.parent().unwrap_or(world)).map_err(error)? {
        let entry = entry.map_err(error)?;
        if entry.file_name().to_string_lossy().starts_with(&name) {
            sum += bytes(&entry.path()).map_err(error)?;
        }
    }
    Ok(sum as f64)
}

/// Bytes of a file, or of all files in a folder.
fn bytes(path: &Path) -> std::io::Result<u64> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    std::fs::read_dir(path)?.map(|entry| bytes(&entry?.path())).sum()
}

/// Copies a world with everything beside it into another, empty folder.
///
/// # Errors
/// When a file cannot be copied.
pub fn copy(world: &Path, to: &Path) -> Result<(), BenchError> {
    fn tree(from: &Path, to: &Path) -> std::io::Result<()> {
        if !std::fs::metadata(from)?.is_dir() {
            return std::fs::copy(from, to).map(drop);
        }
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            tree(&entry.path(), &to.join(entry.file_name()))?;
        }
        Ok(())
    }
    let error = |source| BenchError::File { path: world.to_path_buf(), source };
    let name = world.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for entry in std::fs::read_dir(world.parent().unwrap_or(world)).map_err(error)? {
        let entry = entry.map_err(error)?;
        if entry.file_name().to_string_lossy().starts_with(&name) {
            tree(&entry.path(), &to.join(entry.file_name())).map_err(error)?;
        }
    }
    Ok(())
}

/// A folder that is made anew, empty.
///
/// # Errors
/// When the system refuses.
pub fn emptied(path: &Path) -> Result<(), BenchError> {
    let error = |source| BenchError::File { path: path.to_path_buf(), source };
    if path.exists() {
        std::fs::remove_dir_all(path).map_err(error)?;
    }
    std::fs::create_dir_all(path).map_err(error)
}

/// Bytes that the disk under a folder has been sent so far, the file system's own records included, by whoever.
/// `None` where the system does not say.
///
/// What the system counts for a process is no use: it counts the page cache's pieces, which may be a megabyte each
/// when a single block of them was changed.
#[must_use]
pub fn written(folder: &Path) -> Option<f64> {
    use std::os::unix::fs::MetadataExt;
    const SECTOR: f64 = 512.0;
    let device = std::fs::metadata(folder).ok()?.dev();
    // As Linux packs the two numbers.
    let major = (device >> 8 & 0xfff) | (device >> 32 & !0xfff);
    let minor = (device & 0xff) | (device >> 12 & !0xff);
    let text = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    let sectors: f64 = text.split_whitespace().nth(6)?.parse().ok()?;
    Some(sectors * SECTOR)
}

/// Values measured before, as the rounds of a case.
pub fn one_after_another(values: Vec<f64>) -> Measure<'static> {
    let mut values = values.into_iter();
    Measure::given(move || Ok(values.next().unwrap_or(f64::NAN)))
}

/// The last edit of each cell.
pub type Cells = std::collections::HashMap<Pos, MaterialId>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_copied_with_what_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let (here, there) = (folder.path().join("a"), folder.path().join("b"));
        emptied(&here).unwrap();
        emptied(&there).unwrap();
        std::fs::create_dir(here.join("w.bm.edits")).unwrap();
        std::fs::write(here.join("w.bm"), "12345").unwrap();
        std::fs::write(here.join("w.bm.edits/1"), "123").unwrap();
        std::fs::write(here.join("other"), "1").unwrap();
        copy(&here.join("w.bm"), &there).unwrap();
        assert_eq!(files(&there.join("w.bm")).unwrap(), 8.0);
        assert!(!there.join("other").exists());
        emptied(&there).unwrap();
        assert_eq!(files(&there.join("w.bm")).unwrap(), 0.0);
    }
}
