//! The demonstration: the Earth from the bundled relief, what it costs, how fast it answers, how it looks.
//!
//! Every number is measured in the run that reports it.

mod alps;
mod places;
mod rates;

pub use alps::Erosion;
pub use places::{Beach, DemoPlace};
pub use rates::Rate;

use crate::error::WorldError;
use crate::ingest::boundary::{BoundaryIngest, BoundaryReport, Source};
use crate::ingest::{IngestReport, Progress, ReliefIngest};
use crate::render::{self, SectionLine, Size, Window};
use crate::view::View;
use crate::world::World;
use bm_core::frame::{TICKS_PER_METRE, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_io::Relief;
use bm_vector::Kind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Half the height of the layer in which almost everything happens, metres: rates are measured inside.
pub const NEAR_SEA_LEVEL: u32 = 12_000;

/// What a demonstration made and measured.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DemoReport {
    /// The world's file.
    pub world: PathBuf,
    /// Seconds from the samples in memory to the durable commit.
    pub ingest_seconds: f64,
    /// The world's file in bytes.
    pub bytes_on_disk: u64,
    /// Pictures made.
    pub pictures: Vec<PathBuf>,
    /// Named places, and what is there.
    pub places: Vec<DemoPlace>,
    /// Version of the world.
    pub version: u64,
    /// Samples of the relief.
    pub samples: u64,
    /// Samples made durable a second.
    pub samples_per_second: f64,
    /// Quarter-metre cells of the whole world.
    pub cells: f64,
    /// Quarter-metre cells within 12 km of sea level.
    pub cells_near_sea_level: f64,
    /// Pages by kind.
    pub pages: BTreeMap<String, u64>,
    /// Bytes of the page bodies in the file.
    pub page_bytes: u64,
    /// The samples as plain numbers: bytes.
    pub raw_bytes: u64,
    /// The samples under zstd at level 19: bytes of the better of plain numbers and byte planes.
    pub zstd19_bytes: u64,
    /// Random points answered a second by one thread, by level.
    pub rates: Vec<Rate>,
    /// Vertices of the coastline.
    pub coast_vertices: u64,
    /// Bytes of its file beside the world.
    pub coast_bytes: u64,
    /// Seconds from its features in memory to the durable commit.
    pub coast_seconds: f64,
    /// Both sides of a beach.
    pub beach: Beach,
    /// A mountain range under rivers.
    pub erosion: Erosion,
    /// Seconds of the whole demonstration.
    pub seconds: f64,
}

/// Makes `earth.bm`, `surface.png` and `section.png` in a folder, which is created if need be. A world of
/// that name that is there already is replaced once the new one is whole.
///
/// # Errors
/// [`WorldError`]; a world that was there before is untouched unless the new one is whole.
pub fn demo(folder: &Path, progress: &(dyn Fn(&Progress) + Sync)) -> Result<DemoReport, WorldError> {
    let start = Instant::now();
    let relief = bm_io::bundled::bundled_etopo20()?;
    let (path, made, coast) = build(folder, &relief, progress)?;
    let world = World::open_read_only(&path)?;
    let view = world.view();
    let info = world.info()?;
    progress(&Progress { stage: "zstd for comparison", done: 0, total: 1 });
    let (raw_bytes, zstd19_bytes) = packed(&relief)?;
    let rates = rates::measure(&view, progress)?;
    let places = places::answers(&view)?;
    let mut pictures = pictures(&view, folder, progress)?;
    let erosion = alps::erode(&world, folder, &mut pictures, progress)?;
    let seconds = made.elapsed.as_secs_f64();
    Ok(DemoReport {
        bytes_on_disk: info.bytes_on_disk,
        coast_vertices: coast.vertices,
        coast_bytes: world.area_bytes(),
        coast_seconds: coast.elapsed.as_secs_f64(),
        beach: places::beach(&view)?,
        world: path,
        ingest_seconds: seconds,
        pictures,
        places,
        erosion,
        version: info.version,
        samples: made.samples,
        samples_per_second: made.samples as f64 / seconds,
        cells: cells(WORLD_Z_MAX - WORLD_Z_MIN),
        cells_near_sea_level: cells(2 * NEAR_SEA_LEVEL * TICKS_PER_METRE),
        pages: info.pages,
        page_bytes: info.page_bytes,
        raw_bytes,
        zstd19_bytes,
        rates,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// The world, under a name of its own until it is whole.
fn build(
    folder: &Path,
    relief: &Relief,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<(PathBuf, IngestReport, BoundaryReport), WorldError> {
    if folder.exists() && !folder.is_dir() {
        let detail = format!("{} is a file; give a folder", folder.display());
        return Err(WorldError::Data { what: "demo", detail });
    }
    std::fs::create_dir_all(folder).map_err(|e| refused(folder, "cannot create the folder", e))?;
    let path = folder.join("earth.bm");
    check_replaceable(&path)?;
    let draft = folder.join("earth.bm.new");
    // Left by a demonstration that was killed, unless it is still at work.
    check_replaceable(&draft)?;
    let draft = Draft(draft);
    draft.clear();
    let mut world = World::open_or_create(&draft.0)?;
    let made = world.ingest_relief(relief, &ReliefIngest::default(), progress)?;
    let land = bm_io::bundled::natural_earth_land()?;
    let land = Source { name: COAST.into(), features: land.features };
    let how = BoundaryIngest::new(Kind::Coastline).id(Some(COAST.into())).rank(0.0, 200.0);
    let coast = world.ingest_boundaries(vec![land], &how, progress)?;
    world.compact()?;
    drop(world);
    // Files of areas are named by what is in them: those of a world that is there are not touched.
    let (from, to) = (beside(&draft.0, ".areas"), beside(&path, ".areas"));
    std::fs::create_dir_all(&to).map_err(|e| refused(&to, "cannot create the folder", e))?;
    let files = std::fs::read_dir(&from).map_err(|e| refused(&from, "cannot read", e))?;
    for file in files.flatten() {
        let name = to.join(file.file_name());
        std::fs::rename(file.path(), &name).map_err(|e| refused(&name, "cannot replace", e))?;
    }
    std::fs::rename(&draft.0, &path).map_err(|e| refused(&path, "cannot replace", e))?;
    // The edits of the world that was there went with it.
    let _ = std::fs::remove_dir_all(beside(&path, ".edits"));
    Ok((path, made, coast))
}

/// The name of the demonstration's coastline.
const COAST: &str = "natural-earth-land";

/// What lies beside a world under its name.
fn beside(world: &Path, suffix: &str) -> PathBuf {
    let mut name = world.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The whole surface, and a section from the Pacific over the Peru–Chile Trench and the Andes.
fn pictures(
    view: &View,
    folder: &Path,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<Vec<PathBuf>, WorldError> {
    let [surface, section] = ["surface.png", "section.png"].map(|name| folder.join(name));
    render::write_surface(
        view,
        &Window::WORLD,
        Size::new(2160, 1080)?,
        &surface,
        render::Lines::Drawn,
        progress,
    )?;
    let line = SectionLine::parallel(-23.0, -80.0, -55.0)?;
    render::write_section(
        view,
        &line,
        Size::new(1600, 640)?,
        Some([-40_000.0, 8_000.0]),
        &section,
        progress,
    )?;
    Ok(vec![surface, section])
}

/// Only a world that nobody has open may be replaced; other files are not ours to remove.
fn check_replaceable(path: &Path) -> Result<(), WorldError> {
    use bm_store::StoreError;
    match World::open(path) {
        Ok(_) | Err(WorldError::Unfinished(_)) => Ok(()),
        Err(WorldError::Store(StoreError::NotFound { .. } | StoreError::NewerFormat { .. })) => Ok(()),
        // A damaged world is as replaceable as a sound one.
        Err(e) if e.kind() == bm_core::ErrorKind::Corrupt => Ok(()),
        Err(e) => Err(e),
    }
}

/// A file that goes when it is not renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Draft {
    fn clear(&self) {
        // Gone already when all went well.
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(beside(&self.0, ".areas"));
        let _ = std::fs::remove_dir_all(beside(&self.0, ".edits"));
    }
}

fn cells(z: u32) -> f64 {
    f64::from(WORLD_X) * f64::from(WORLD_Y) * f64::from(z)
}

/// The heights as whole numbers in the fewest bytes that hold them, plain and under zstd.
fn packed(relief: &Relief) -> Result<(u64, u64), WorldError> {
    let small = relief.values.iter().all(|&v| i16::try_from(v).is_ok());
    let width = if small { 2 } else { 4 };
    let plain: Vec<u8> = relief.values.iter().flat_map(|v| v.to_le_bytes().into_iter().take(width)).collect();
    let planes: Vec<u8> = (0..width).flat_map(|k| plain.iter().copied().skip(k).step_by(width)).collect();
    let zstd = |bytes: &[u8]| {
        zstd::bulk::compress(bytes, 19)
            .map(|c| c.len() as u64)
            .map_err(|e| WorldError::Data { what: "zstd", detail: e.to_string() })
    };
    Ok((plain.len() as u64, zstd(&plain)?.min(zstd(&planes)?)))
}

fn refused(path: &Path, action: &'static str, source: std::io::Error) -> WorldError {
    bm_store::StoreError::Io { path: path.into(), action, source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_replaces_worlds_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new");
        let relief = bm_io::bundled::bundled_etopo20().unwrap();
        let (path, ..) = build(&folder, &relief, &|_| ()).unwrap();
        let root = |path: &Path| World::open_read_only(path).unwrap().view().tree().root_crc();
        let (bytes, first) = (std::fs::metadata(&path).unwrap().len(), root(&path));
        build(&folder, &relief, &|_| ()).unwrap();
        assert_eq!(root(&path), first, "equal input gives equal pages");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(left.iter().all(|n| n == "earth.bm" || n == "earth.bm.areas"), "{left:?}");

        let open = World::open(&path).unwrap();
        assert!(build(&folder, &relief, &|_| ()).is_err(), "somebody has it open");
        drop(open);
        std::fs::write(&path, b"my own notes").unwrap();
        assert!(build(&folder, &relief, &|_| ()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"my own notes");
    }
}
