//! Boundaries as bytes, and the large areas among them: immutable files beside the world, named by what is in them.

use super::boundaries::damaged;
use crate::error::WorldError;
use bm_vector::bytes::{self, AreaBytes};
use bm_vector::{Area, Boundary, Shape};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Bytes from which an area gets a file of its own: below, it is as quick to build it again.
const LARGE: usize = 64 << 10;
const SUFFIX: &str = ".bma";

/// Where the areas of a world lie that are too large for a record.
#[derive(Default)]
pub(super) struct Areas {
    /// None for worlds that are no files: everything goes into records.
    folder: Option<PathBuf>,
    /// Those in use, so that versions share them.
    open: Mutex<HashMap<String, Weak<Area>>>,
}

/// The folder beside a world's file that holds its large areas.
pub(super) fn areas_path(world: &Path) -> PathBuf {
    let mut name = world.as_os_str().to_owned();
    name.push(".areas");
    name.into()
}

/// A name that says what is in an area: 32 hexadecimal digits of its bytes' hash.
fn name_of(bytes: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))
}

impl Areas {
    pub(super) fn beside(world: Option<&Path>) -> Self {
        Self { folder: world.map(areas_path), ..Self::default() }
    }

    /// The bytes of a boundary; a large area is on the disk under its name when this returns.
    ///
    /// # Errors
    /// [`WorldError::Area`] when the file cannot be written.
    pub(super) fn encode(&self, b: &Boundary) -> Result<Vec<u8>, WorldError> {
        if let (Shape::Area(area), Some(folder)) = (&b.shape, &self.folder)
            && area.as_bytes().len() >= LARGE
        {
            let name = name_of(area.as_bytes());
            self.keep(folder, &name, area)?;
            return Ok(bytes::encode(b, AreaBytes::External(name.as_bytes())));
        }
        Ok(bytes::encode(b, AreaBytes::Inline))
    }

    /// A boundary from its bytes.
    ///
    /// # Errors
    /// [`WorldError::Record`] for bytes that are damaged, [`WorldError::Area`] for a file that is missing or damaged.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Boundary, WorldError> {
        let mut failed = None;
        let made = bytes::decode(bytes, |name| match self.get(name) {
            Ok(area) => Some(area),
            Err(e) => {
                failed = Some(e);
                None
            }
        });
        match (made, failed) {
            (_, Some(e)) => Err(e),
            (made, None) => made.map_err(|e| damaged("record", e)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.as_deref().unwrap_or(Path::new(""));
        folder.join(format!("{name}{SUFFIX}"))
    }

    /// Writes an area's file, unless it is there: whole, and on the disk, or not at all.
    fn keep(&self, folder: &Path, name: &str, area: &Arc<Area>) -> Result<(), WorldError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(name).is_some_and(|a| a.strong_count() > 0) {
            return Ok(());
        }
        let path = self.path(name);
        let write = || -> io::Result<()> {
            if !folder.is_dir() {
                fs::create_dir(folder)?;
                sync_folder(folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
            }
            let same = fs::metadata(&path).is_ok_and(|m| m.len() == area.as_bytes().len() as u64);
            if !same || fs::read(&path)? != area.as_bytes() {
                let mut temp = tempfile::Builder::new().prefix(".bm-").tempfile_in(folder)?;
                temp.write_all(area.as_bytes())?;
                temp.as_file().sync_all()?;
                temp.persist(&path).map_err(|e| e.error)?;
            }
            sync_folder(folder)
        };
        write().map_err(|source| WorldError::Area { path: path.clone(), detail: source.to_string() })?;
        open.insert(name.to_owned(), Arc::downgrade(area));
        Ok(())
    }

    fn get(&self, name: &[u8]) -> Result<Arc<Area>, WorldError> {
        let hex = |b: &u8| b.is_ascii_hexdigit();
        let name = std::str::from_utf8(name).ok().filter(|n| n.len() <= 32 && n.as_bytes().iter().all(hex));
        let name = name.ok_or_else(|| damaged("record", "names no area"))?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(area) = open.get(name).and_then(Weak::upgrade) {
            return Ok(area);
        }
        let path = self.path(name);
        let wrong = |detail: String| WorldError::Area { path: path.clone(), detail };
        let area = Area::open(&path).map_err(|e| wrong(e.to_string()))?;
        let area = Arc::new(area);
        open.insert(name.to_owned(), Arc::downgrade(&area));
        Ok(area)
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files().map(|(_, len)| len).sum()
    }

    fn files(&self) -> impl Iterator<Item = (String, u64)> {
        let entries = self.folder.as_ref().and_then(|f| fs::read_dir(f).ok());
        entries.into_iter().flatten().filter_map(|e| {
            let e = e.ok()?;
            let name = e.file_name().into_string().ok()?;
            Some((name.strip_suffix(SUFFIX)?.to_owned(), e.metadata().ok()?.len()))
        })
    }

    /// Removes the files that none of these boundaries needs. It only takes room: a failure is for the next time.
    pub(super) fn sweep<'a>(&self, needed: impl Iterator<Item = &'a Boundary>) {
        let names: BTreeSet<String> = needed
            .filter_map(|b| match &b.shape {
                Shape::Area(area) if area.as_bytes().len() >= LARGE => Some(name_of(area.as_bytes())),
                _ => None,
            })
            .collect();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, _) in self.files().filter(|(name, _)| !names.contains(name)) {
            // Somebody may still hold it in a view, which is no reason to keep the file: it is in memory.
            open.remove(&name);
            let _next_time = fs::remove_file(self.path(&name));
        }
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
