//! Check-outs on disk: folders beside the world, each with the land as it was taken out and the checkpoints of what was
//! simulated on it.

use super::commit::{Back, Landed, Origin};
use super::seed::Seeding;
use crate::error::WorldError;
use crate::ingest::Progress;
use crate::world::World;
use bm_grid::Region;
use bm_grid::file::{self, FileError};
use bm_process::layout::{self, Layout};
use bm_process::run;
use bm_process::state::State;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The land as it was taken out; written last, so a folder without it is no check-out.
const SEED: &str = "seed.bmg";
/// What it was taken from.
const META: &str = "checkout.json";
const LOCK: &str = "lock";
const FORMAT: u32 = 1;

/// A check-out, held by this process: nobody else can simulate on it meanwhile.
#[derive(Debug)]
pub struct CheckOut {
    name: String,
    folder: PathBuf,
    origin: Origin,
    seed: State,
    simplified: u64,
    lock: File,
}

/// What can be said of a check-out without opening its land.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The version it was taken of.
    pub version: u64,
    /// Columns and rows.
    pub size: [u32; 2],
    /// Metres of a cell.
    pub cell: f64,
    /// West, south, east and north in degrees.
    pub bbox: [f64; 4],
    /// When it was taken, milliseconds since 1970.
    pub taken_ms: u64,
    /// Steps of the newest checkpoint; none before the first.
    pub step: Option<u64>,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What stands beside the land.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    /// [`FORMAT`].
    checkout: u32,
    version: u64,
    fingerprint: String,
    depth: f64,
    strata: usize,
    simplified: u64,
    taken_ms: u64,
    size: [u32; 2],
    cell: f64,
    bbox: [f64; 4],
    layout: Layout,
}

/// The folder beside a world's file that holds its check-outs.
#[must_use]
pub fn grids_path(world: &Path) -> PathBuf {
    let mut name = world.as_os_str().to_owned();
    name.push(".grids");
    name.into()
}

/// West, south, east and north of a region in degrees.
#[must_use]
pub fn degrees(region: &Region) -> [f64; 4] {
    let (b, per) =
        (region.bounds(), f64::from(bm_core::frame::WORLD_X / bm_core::frame::TICKS_PER_METRE) / 360.0);
    [b.min.x / per - 180.0, b.min.y / per - 90.0, b.max.x / per - 180.0, b.max.y / per - 90.0]
}

fn bad(detail: impl Into<String>) -> WorldError {
    WorldError::Data { what: "check-out", detail: detail.into() }
}

impl World {
    fn grids(&self) -> Result<PathBuf, WorldError> {
        let path = self.path().ok_or_else(|| bad("a world in memory has no place for it: use View::seed"))?;
        Ok(grids_path(path))
    }

    /// Takes a region out under a name: the land lies beside the world from then on, and a crash loses nothing of it.
    ///
    /// # Errors
    /// [`WorldError::Data`] for names that are taken or no names, and for worlds in memory;
    /// [`WorldError::CheckOut`] when the folder cannot be written. As [`View::seed`](crate::View::seed).
    pub fn check_out(
        &self,
        name: &str,
        region: &Region,
        how: &Seeding,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<CheckOut, WorldError> {
        let good = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 100 || name.starts_with('.') || !name.chars().all(good) {
            let detail = format!("{name:?} is no name for it: letters, digits, -, _ and . (not first)");
            return Err(bad(detail));
        }
        let folder = self.grids()?.join(name);
        fs::create_dir_all(&folder).map_err(lost(&folder))?;
        let lock = lock(&folder)?;
        if folder.join(SEED).exists() {
            return Err(bad(format!("there is one named {name}: take another name, or drop it first")));
        }
        let view = self.view();
        let seed = view.seed(region, how, progress)?;
        let (grid, layout) = layout::to_grid(&seed.state).map_err(|e| bad(e.to_string()))?;
        let meta = Meta {
            checkout: FORMAT,
            version: view.version(),
            fingerprint: format!("{:032x}", seed.fingerprint),
            depth: how.depth,
            strata: how.strata,
            simplified: seed.simplified,
            taken_ms: bm_overlay::now_ms(),
            size: [region.width(), region.height()],
            cell: region.cell_size(),
            bbox: degrees(region),
            layout,
        };
        let meta = serde_json::to_vec(&meta).map_err(|e| bad(e.to_string()))?;
        replace(&folder.join(META), &meta)?;
        file::save(&grid, &[], &folder.join(SEED)).map_err(WorldError::CheckOut)?;
        let origin = Origin::new(*region, view.version(), *how, seed.fingerprint, &seed.state);
        let (name, simplified) = (name.to_owned(), seed.simplified);
        Ok(CheckOut { name, folder, origin, seed: seed.state, simplified, lock })
    }

    /// Opens a check-out by its name.
    ///
    /// # Errors
    /// [`WorldError::Data`] when there is none of this name or another process has it open;
    /// [`WorldError::CheckOut`] when its land is damaged.
    pub fn open_check_out(&self, name: &str) -> Result<CheckOut, WorldError> {
        let folder = self.grids()?.join(name);
        if !folder.join(SEED).is_file() {
            let all = self.check_outs()?.into_iter().map(|e| e.name).collect::<Vec<_>>();
            let there = if all.is_empty() {
                "there are none".into()
            } else {
                format!("there are {}", all.join(", "))
            };
            return Err(bad(format!("there is none named {name:?}; {there}")));
        }
        let lock = lock(&folder)?;
        let (grid, _) = file::load(&folder.join(SEED)).map_err(WorldError::CheckOut)?;
        let meta = read_meta(&folder)?;
        let mut seed = layout::from_grid(&grid, &meta.layout).map_err(|e| bad(format!("{name}: {e}")))?;
        seed.materials = self.view().materials().clone().into();
        let fingerprint =
            u128::from_str_radix(&meta.fingerprint, 16).map_err(|e| bad(format!("{name}: {e}")))?;
        let seeding = Seeding { depth: meta.depth, strata: meta.strata, threads: 0 };
        let origin = Origin::new(*grid.region(), meta.version, seeding, fingerprint, &seed);
        Ok(CheckOut { name: name.to_owned(), folder, origin, seed, simplified: meta.simplified, lock })
    }

    /// The check-outs beside a world, by name.
    ///
    /// # Errors
    /// [`WorldError::Io`] when the folder cannot be read; [`WorldError::CheckOut`] when land is damaged.
    pub fn check_outs(&self) -> Result<Vec<Entry>, WorldError> {
        let Some(path) = self.path().map(grids_path) else { return Ok(Vec::new()) };
        let folders = match fs::read_dir(&path) {
            Ok(folders) => folders,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(lost(&path)(e)),
        };
        let mut all = Vec::new();
        for folder in folders {
            let folder = folder.map_err(lost(&path))?;
            let Ok(name) = folder.file_name().into_string() else { continue };
            let folder = folder.path();
            if !folder.join(SEED).is_file() {
                continue;
            }
            let meta = read_meta(&folder)?;
            let newest = run::list(&folder).ok().and_then(|all| all.last().map(|(step, _)| *step));
            let files = fs::read_dir(&folder).map_err(lost(&folder))?;
            let bytes = files.flatten().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum();
            let Meta { version, size, cell, bbox, taken_ms, .. } = meta;
            all.push(Entry { name, version, size, cell, bbox, taken_ms, step: newest, bytes });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }
}

impl CheckOut {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its files lie; checkpoints belong here.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it was taken from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The land as it was taken.
    #[must_use]
    pub const fn seed(&self) -> &State {
        &self.seed
    }

    /// Cells whose columns have more strata than were kept, or hollows.
    #[must_use]
    pub const fn simplified(&self) -> u64 {
        self.simplified
    }

    /// Commits land that was simulated on this check-out; see [`World::commit_land`].
    ///
    /// # Errors
    /// As there; the check-out stays as it is.
    pub fn commit(
        &self,
        world: &World,
        land: &State,
        how: &Back,
        what: &str,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Landed, WorldError> {
        world.commit_land(&self.origin, land, how, what, progress)
    }

    /// Removes it with all that was simulated on it.
    ///
    /// # Errors
    /// [`WorldError::Io`] when files cannot be removed.
    pub fn drop_it(self) -> Result<(), WorldError> {
        // Without its seed it is no check-out, whatever else a crash leaves behind.
        fs::remove_file(self.folder.join(SEED)).map_err(lost(&self.folder))?;
        drop(self.lock);
        fs::remove_dir_all(&self.folder).map_err(lost(&self.folder))?;
        if let Some(all) = self.folder.parent() {
            // Others may be there.
            let _not_empty = fs::remove_dir(all);
        }
        Ok(())
    }
}

fn read_meta(folder: &Path) -> Result<Meta, WorldError> {
    let path = folder.join(META);
    let bytes = fs::read(&path).map_err(lost(&path))?;
    let meta: Meta = serde_json::from_slice(&bytes).map_err(|e| bad(format!("{}: {e}", path.display())))?;
    if meta.checkout > FORMAT {
        let detail = format!("{}: of version {}, only {FORMAT} is known", path.display(), meta.checkout);
        return Err(bad(detail));
    }
    Ok(meta)
}

/// Writes a file whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(lost(path))?;
    file.write_all(bytes).map_err(lost(path))?;
    file.as_file().sync_all().map_err(lost(path))?;
    file.persist(path).map_err(|e| lost(path)(e.error))?;
    Ok(())
}

fn lock(folder: &Path) -> Result<File, WorldError> {
    let path = folder.join(LOCK);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(lost(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(bad(format!("{}: another process is working on it: wait until it is done", folder.display())))
        }
        Err(TryLockError::Error(e)) => Err(lost(&path)(e)),
    }
}

fn lost(path: &Path) -> impl Fn(io::Error) -> WorldError + '_ {
    move |source| WorldError::CheckOut(FileError::Io { path: path.to_owned(), step: "use it", source })
}
