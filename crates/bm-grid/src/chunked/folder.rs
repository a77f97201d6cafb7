//! Chunks as files of a folder.

use super::error::StoreError;
use super::store::{ChunkKey, ChunkStore};
use crate::atomic::{self, Disk, Medium, PART};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// When a saved chunk outlives a loss of power. It outlives the end of the process in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// As soon as it is saved.
    #[default]
    EachSave,
    /// After the next flush; a loss of power before may leave some chunks damaged, which is noticed. For work that
    /// can be done again.
    OnFlush,
}

/// A folder with a file for each chunk, `x{x/1024}/y{y/1024}/{x}_{y}.chunk`, used by one process at a time.
pub struct FolderStore {
    folder: PathBuf,
    durability: Durability,
    medium: Box<dyn Medium>,
    known: Mutex<Known>,
    /// Who comes second waits for what the first one syncs.
    syncing: Mutex<()>,
    /// Held as long as the folder is used; the system lets it go when the process ends, however it ends.
    _lock: File,
}

#[derive(Default)]
struct Known {
    chunks: HashSet<ChunkKey>,
    /// Folders there are.
    folders: HashSet<PathBuf>,
    /// Saved, but perhaps not on the disk yet.
    unsynced: HashSet<ChunkKey>,
}

impl fmt::Debug for FolderStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

const NO_KEY: ChunkKey = ChunkKey { x: 0, y: 0 };

impl FolderStore {
    /// Opens a folder, made if it is not there, and lists its chunks. What a killed process left half written is
    /// removed.
    ///
    /// # Errors
    /// When the folder cannot be made, read or locked: [`io::ErrorKind::WouldBlock`] if another process uses it.
    pub fn open(folder: impl Into<PathBuf>, durability: Durability) -> Result<Self, StoreError> {
        Self::open_on(folder.into(), durability, Box::new(Disk))
    }

    pub(crate) fn open_on(
        folder: PathBuf,
        durability: Durability,
        medium: Box<dyn Medium>,
    ) -> Result<Self, StoreError> {
        let failed = |step, place: &Path| {
            let place = place.display().to_string();
            move |source| StoreError { key: NO_KEY, place, step, source }
        };
        fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        let path = folder.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(failed("make a file", &path))?;
        lock.try_lock().map_err(|error| {
            let source = match error {
                TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
                TryLockError::Error(error) => error,
            };
            failed("lock the folder, which another process may use", &folder)(source)
        })?;
        let known = list(&folder).map_err(failed("list the chunks", &folder))?;
        Ok(Self {
            folder,
            durability,
            medium,
            known: Mutex::new(known),
            syncing: Mutex::new(()),
            _lock: lock,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: ChunkKey) -> PathBuf {
        let part = |axis: char, n: i64| format!("{axis}{}", n.div_euclid(1024));
        self.folder.join(part('x', key.x)).join(part('y', key.y)).join(format!("{}_{}.chunk", key.x, key.y))
    }

    fn failed(&self, key: ChunkKey, step: &'static str) -> impl FnOnce(io::Error) -> StoreError {
        let place = self.path(key).display().to_string();
        move |source| StoreError { key, place, step, source }
    }

    /// Makes the folders a chunk's file lies in, and their names last.
    fn make_folders(&self, path: &Path) -> io::Result<()> {
        let own = atomic::folder_of(path);
        if self.known().folders.contains(own) {
            return Ok(());
        }
        fs::create_dir_all(own)?;
        if self.durability == Durability::EachSave {
            for around in own.ancestors().skip(1).take_while(|f| f.starts_with(&self.folder)) {
                self.medium.sync_folder(around)?;
            }
        }
        self.known().folders.insert(own.to_owned());
        Ok(())
    }
}

/// The chunks of a folder. Files of other names are none of ours.
fn list(folder: &Path) -> io::Result<Known> {
    let mut known = Known::default();
    let folders = |within: &Path, axis: char| -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(within)? {
            let entry = entry?;
            let named =
                entry.file_name().to_str().and_then(|n| n.strip_prefix(axis)?.parse::<i64>().ok()).is_some();
            if named && entry.file_type()?.is_dir() {
                found.push(entry.path());
            }
        }
        Ok(found)
    };
    for column in folders(folder, 'x')? {
        for row in folders(&column, 'y')? {
            for entry in fs::read_dir(&row)? {
                let entry = entry?;
                let name = entry.file_name();
                let Some(name) = name.to_str() else { continue };
                if name.starts_with('.') && name.ends_with(PART) {
                    fs::remove_file(entry.path())?;
                } else if let Some((x, y)) = name.strip_suffix(".chunk").and_then(|n| n.split_once('_'))
                    && let (Ok(x), Ok(y)) = (x.parse(), y.parse())
                {
                    known.chunks.insert(ChunkKey { x, y });
                }
            }
            known.folders.insert(row);
        }
    }
    Ok(known)
}

impl ChunkStore for FolderStore {
    fn contains(&self, key: ChunkKey) -> Result<bool, StoreError> {
        Ok(self.known().chunks.contains(&key))
    }

    fn load(&self, key: ChunkKey) -> Result<Option<Vec<u8>>, StoreError> {
        if !self.known().chunks.contains(&key) {
            return Ok(None);
        }
        fs::read(self.path(key)).map(Some).map_err(self.failed(key, "read it"))
    }

    fn save(&self, key: ChunkKey, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(key);
        self.make_folders(&path).map_err(self.failed(key, "make its folder"))?;
        let durable = self.durability == Durability::EachSave;
        let saved = atomic::replace(&*self.medium, &path, durable, |out| out.write_all(bytes));
        let mut known = self.known();
        // A failure may come after the file was renamed.
        if saved.is_ok() || path.exists() {
            known.chunks.insert(key);
        }
        if !durable {
            known.unsynced.insert(key);
        }
        saved.map_err(|failed| self.failed(key, failed.step)(failed.error))
    }

    fn delete(&self, key: ChunkKey) -> Result<bool, StoreError> {
        let mut known = self.known();
        if !known.chunks.contains(&key) {
            return Ok(false);
        }
        let path = self.path(key);
        match self.medium.remove(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(self.failed(key, "remove it")(e)),
            _ => {}
        }
        known.chunks.remove(&key);
        known.unsynced.remove(&key);
        drop(known);
        let folder = self.medium.sync_folder(atomic::folder_of(&path));
        folder.map_err(self.failed(key, "sync its folder"))?;
        Ok(true)
    }

    fn keys(&self) -> Result<Vec<ChunkKey>, StoreError> {
        Ok(self.known().chunks.iter().copied().collect())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let _syncing = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        // What is saved from here on is the next one's.
        let unsynced = std::mem::take(&mut self.known().unsynced);
        let synced = self.sync_files(&unsynced);
        if synced.is_err() {
            self.known().unsynced.extend(unsynced);
        }
        synced
    }
}

impl FolderStore {
    fn sync_files(&self, keys: &HashSet<ChunkKey>) -> Result<(), StoreError> {
        let mut folders = HashMap::new();
        for &key in keys {
            let path = self.path(key);
            match File::open(&path).and_then(|file| file.sync_all()) {
                // Deleted meanwhile.
                Err(e) if e.kind() == io::ErrorKind::NotFound && !self.known().chunks.contains(&key) => {}
                synced => synced.map_err(self.failed(key, "sync it"))?,
            }
            let own = atomic::folder_of(&path).ancestors().take_while(|f| f.starts_with(&self.folder));
            folders.extend(own.map(|folder| (folder.to_owned(), key)));
        }
        for (folder, key) in folders {
            self.medium.sync_folder(&folder).map_err(self.failed(key, "sync its folder"))?;
        }
        Ok(())
    }
}
