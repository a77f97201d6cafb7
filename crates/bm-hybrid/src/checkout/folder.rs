//! Check-outs on disk: folders beside the world, each with the land as it was taken out and the checkpoints of what was
//! simulated on it.
//!
//! Whatever moment a process is killed at, or the power fails: a folder either holds the land as it was taken, whole, or is no
//! check-out; and the newest of its checkpoints that is whole is what a run goes on from. `seed.bmg` is written last and removed
//! first, it says itself what it was taken from, and what lies in a folder without it is rubbish: the next of this name clears it away.

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
use xxhash_rust::xxh3::Xxh3;

/// The land as it was taken out; written last, so a folder without it is no check-out.
const SEED: &str = "seed.bmg";
/// What it was taken from, to be told without opening the land.
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
    taken_ms: u64,
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
    /// Why nothing else can be said of it; [`World::drop_check_out`] removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

/// What stands beside the land.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meta {
    /// [`FORMAT`].
    checkout: u32,
    pub(super) version: u64,
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
        if !(how.depth.is_finite() && how.depth > 0.0) {
            return Err(bad(format!("a depth of {} m: give metres above 0", how.depth)));
        }
        if !is_name(name) {
            let detail = format!("{name:?} is no name for it: letters, digits, -, _ and . (not first)");
            return Err(bad(detail));
        }
        let folder = self.grids()?.join(name);
        fs::create_dir_all(&folder).map_err(lost(&folder))?;
        let lock = lock(&folder)?;
        if folder.join(SEED).exists() {
            return Err(bad(format!("there is one named {name}: take another name, or drop it first")));
        }
        // What one that was not taken or dropped to the end left must not be taken for this one's.
        clear(&folder)?;
        let view = self.view();
        let seed = view.seed(region, how, progress)?;
        let taken_ms = bm_overlay::now_ms();
        let (grid, layout) = layout::to_grid(&seed.state).map_err(|e| bad(e.to_string()))?;
        let meta = Meta {
            checkout: FORMAT,
            version: view.version(),
            fingerprint: format!("{:032x}", seed.fingerprint),
            depth: how.depth,
            strata: how.strata,
            simplified: seed.simplified,
            taken_ms,
            size: [region.width(), region.height()],
            cell: region.cell_size(),
            bbox: degrees(region),
            layout,
        };
        let meta = serde_json::to_vec(&meta).map_err(|e| bad(e.to_string()))?;
        replace(&folder.join(META), &meta)?;
        file::save(&grid, &meta, &folder.join(SEED)).map_err(WorldError::CheckOut)?;
        let origin = Origin::new(*region, view.version(), *how, seed.fingerprint, &seed.state);
        let (name, simplified) = (name.to_owned(), seed.simplified);
        Ok(CheckOut { name, folder, origin, seed: seed.state, simplified, taken_ms, lock })
    }

    /// Opens a check-out by its name.
    ///
    /// # Errors
    /// [`WorldError::Data`] when there is none of this name or another process has it open;
    /// [`WorldError::CheckOut`] when its land is damaged.
    pub fn open_check_out(&self, name: &str) -> Result<CheckOut, WorldError> {
        let folder = self.check_out_folder(name)?;
        let lock = lock(&folder)?;
        let (mut seed, meta) = read_seed(&folder, name)?;
        let region = seed.region.ok_or_else(|| bad(format!("{name}: it lies nowhere")))?;
        seed.materials = self.view().materials().clone().into();
        let fingerprint =
            u128::from_str_radix(&meta.fingerprint, 16).map_err(|e| bad(format!("{name}: {e}")))?;
        let seeding = Seeding { depth: meta.depth, strata: meta.strata, threads: 0 };
        let origin = Origin::new(region, meta.version, seeding, fingerprint, &seed);
        let Meta { simplified, taken_ms, .. } = meta;
        Ok(CheckOut { name: name.to_owned(), folder, origin, seed, simplified, taken_ms, lock })
    }

    /// The folder of a check-out that is there.
    pub(super) fn check_out_folder(&self, name: &str) -> Result<PathBuf, WorldError> {
        let folder = self.grids()?.join(name);
        if is_name(name) && folder.join(SEED).is_file() {
            return Ok(folder);
        }
        let all = self.check_outs()?.into_iter().map(|e| e.name).collect::<Vec<_>>();
        let there =
            if all.is_empty() { "there are none".into() } else { format!("there are {}", all.join(", ")) };
        Err(bad(format!("there is none named {name:?}; {there}")))
    }

    /// Removes a check-out by its name, also one that is damaged.
    ///
    /// # Errors
    /// [`WorldError::Data`] when there is none of this name or another process works on it; [`WorldError::CheckOut`] when files
    /// cannot be removed.
    pub fn drop_check_out(&self, name: &str) -> Result<(), WorldError> {
        let folder = self.check_out_folder(name)?;
        remove(&folder, lock(&folder)?)
    }

    /// The check-outs beside a world, by name.
    ///
    /// # Errors
    /// [`WorldError::CheckOut`] when the folder cannot be read.
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
            let newest = run::list(&folder).ok().and_then(|all| all.last().map(|(step, _)| *step));
            let files = fs::read_dir(&folder).map_err(lost(&folder))?;
            let bytes = files.flatten().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum();
            all.push(match read_meta(&folder) {
                Ok(Meta { version, size, cell, bbox, taken_ms, .. }) => {
                    Entry { name, version, size, cell, bbox, taken_ms, step: newest, bytes, damaged: None }
                }
                // One of them must not hide the others.
                Err(e) => {
                    let damaged = Some(e.to_string());
                    let (size, cell, bbox) = ([0; 2], 0.0, [0.0; 4]);
                    Entry { name, version: 0, size, cell, bbox, taken_ms: 0, step: newest, bytes, damaged }
                }
            });
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

    /// Commits land that was simulated on this check-out; see [`World::commit_land`]. The log has `what`, and behind it a mark by
    /// which [`CheckOut::landed`] knows the commit again.
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
        let [own, of_land] = self.marks(land);
        world.commit_land(&self.origin, land, how, &format!("{what} [{own}-{of_land}]"), progress)
    }

    /// The version that a commit of exactly this land made, if one did: then there is nothing left to commit, though whoever
    /// committed it was killed before they could drop the check-out.
    ///
    /// # Errors
    /// Those of the store.
    pub fn landed(&self, world: &World, land: &State) -> Result<Option<u64>, WorldError> {
        let [own, of_land] = self.marks(land);
        self.committed_as(world, &format!("[{own}-{of_land}]"))
    }

    /// The newest version that a commit of any land of this check-out made.
    ///
    /// # Errors
    /// Those of the store.
    pub fn landed_before(&self, world: &World) -> Result<Option<u64>, WorldError> {
        let [own, _] = self.marks(&self.seed);
        self.committed_as(world, &format!("[{own}-"))
    }

    fn committed_as(&self, world: &World, mark: &str) -> Result<Option<u64>, WorldError> {
        let log = world.log_since(self.origin.version)?;
        let newest = log.iter().rev().find(|e| e.version > self.origin.version && e.what.contains(mark));
        Ok(newest.map(|e| e.version))
    }

    /// What tells this check-out from every other, and a land from others that were simulated on it.
    fn marks(&self, land: &State) -> [String; 2] {
        let mut own = Xxh3::new();
        own.update(self.name.as_bytes());
        own.update(&self.taken_ms.to_le_bytes());
        own.update(&self.origin.fingerprint.to_le_bytes());
        let mut of_land = Xxh3::new();
        land.ground.values.iter().for_each(|z| of_land.update(&z.to_bits().to_le_bytes()));
        for stratum in land.strata.strata() {
            of_land.update(&stratum.material.0.to_le_bytes());
            stratum.thickness.iter().for_each(|t| of_land.update(&t.to_bits().to_le_bytes()));
        }
        [format!("{:08x}", own.digest() as u32), format!("{:016x}", of_land.digest())]
    }

    /// Removes it with all that was simulated on it.
    ///
    /// # Errors
    /// [`WorldError::Io`] when files cannot be removed.
    pub fn drop_it(self) -> Result<(), WorldError> {
        remove(&self.folder, self.lock)
    }
}

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(good)
}

/// Removes the files of a folder but its lock; the land first, as without it the others are rubbish.
fn clear(folder: &Path) -> Result<(), WorldError> {
    let seed = folder.join(SEED);
    match fs::remove_file(&seed) {
        Ok(()) => sync_folder(folder)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(lost(&seed)(e)),
    }
    for entry in fs::read_dir(folder).map_err(lost(folder))? {
        let entry = entry.map_err(lost(folder))?;
        if entry.file_name() != LOCK && entry.file_type().is_ok_and(|t| !t.is_dir()) {
            fs::remove_file(entry.path()).map_err(lost(folder))?;
        }
    }
    Ok(())
}

fn remove(folder: &Path, lock: File) -> Result<(), WorldError> {
    clear(folder)?;
    drop(lock);
    fs::remove_dir_all(folder).map_err(lost(folder))?;
    if let Some(all) = folder.parent() {
        // Others may be there.
        let _not_empty = fs::remove_dir(all);
    }
    Ok(())
}

/// Returns when the names in a folder are on the disk.
fn sync_folder(folder: &Path) -> Result<(), WorldError> {
    // Other systems write names through.
    if cfg!(unix) { File::open(folder).and_then(|f| f.sync_all()).map_err(lost(folder)) } else { Ok(()) }
}

/// The land as it was taken, and what it says of itself.
pub(super) fn read_seed(folder: &Path, name: &str) -> Result<(State, Meta), WorldError> {
    let path = folder.join(SEED);
    let (grid, meta) = file::load(&path).map_err(WorldError::CheckOut)?;
    // The first ones did not say it.
    let meta = if meta.is_empty() { read_meta(folder)? } else { meta_of(&meta, &path)? };
    let state = layout::from_grid(&grid, &meta.layout).map_err(|e| bad(format!("{name}: {e}")))?;
    Ok((state, meta))
}

pub(super) fn read_meta(folder: &Path) -> Result<Meta, WorldError> {
    let path = folder.join(META);
    let told = fs::read(&path).map_err(lost(&path)).and_then(|bytes| meta_of(&bytes, &path));
    told.or_else(|why| {
        // The land tells it as well, at greater length.
        let seed = folder.join(SEED);
        let (_, meta) = file::load(&seed).map_err(WorldError::CheckOut)?;
        if meta.is_empty() { Err(why) } else { meta_of(&meta, &seed) }
    })
}

fn meta_of(bytes: &[u8], path: &Path) -> Result<Meta, WorldError> {
    let meta: Meta = serde_json::from_slice(bytes).map_err(|e| bad(format!("{}: {e}", path.display())))?;
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
