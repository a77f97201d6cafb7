//! The embedded store: a whole world in one file, kept by `redb` over blocks that check themselves.
//!
//! The layers, from the disk up: [`RawFile`] (the operating system, or a faulty disk in tests) · superblock and
//! checked blocks · the engine's trees and commits · rows of about thirty pages · sealed pages.

mod backend;
mod history;
mod raw;
mod read;
mod segment;
mod superblock;
mod tables;
#[cfg(test)]
mod tests;
mod write;

pub use raw::RawFile;

use crate::{Batch, PageStore, Problem, Snapshot, StoreError, StoreStats, VerifyReport};
use backend::Blocks;
use read::{FileSnapshot, Which};
use redb::{Builder, Database, ReadOnlyDatabase, ReadableDatabase, WriteTransaction};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tables::{HEAD_NAME, Head, METAS, NEXT_ROWS, PIECES, ROWS, Translate};

/// How a file store is opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileOptions {
    /// Memory for the engine's blocks, in bytes; half of it may hold what a commit has not written yet.
    pub cache_bytes: usize,
}

impl Default for FileOptions {
    /// 32 MiB: page caches live above the store.
    fn default() -> Self {
        Self { cache_bytes: 32 << 20 }
    }
}

impl FileOptions {
    /// Sets [`FileOptions::cache_bytes`].
    #[must_use]
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Makes a new, empty store at a path where nothing is, and opens it for writing.
    ///
    /// The file appears under its name only when it is complete.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], or what the system says.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        let path = path.as_ref();
        let taken = || StoreError::AlreadyExists { path: path.into() };
        if path.symlink_metadata().is_ok() {
            return Err(taken());
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".new-{}", std::process::id()));
        let draft = path.with_file_name(name);
        let made = (|| {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(true).open(&draft);
            let file = file.map_err(|e| io_error(path, "cannot create", e))?;
            lock(&file, path, true)?;
            let store = self.create_on(Arc::new(file), path)?;
            // A link, unlike a rename, cannot replace what somebody else put there meanwhile.
            match std::fs::hard_link(&draft, path) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(taken()),
                Err(_no_links_here) => {
                    std::fs::rename(&draft, path).map_err(|e| io_error(path, "cannot create", e))?;
                }
            }
            sync_folder(path)?;
            Ok(store)
        })();
        // Gone already if it was renamed; in every other case it is only in the way.
        let _ = std::fs::remove_file(&draft);
        made
    }

    /// Opens a store for reading and writing. After a crash of the last writer this repairs the file, which
    /// reads all of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NotAStore`], [`StoreError::NewerFormat`], [`StoreError::Locked`],
    /// [`StoreError::ReadOnly`], [`StoreError::Damaged`], or what the system says.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        let path = path.as_ref();
        let file = open_file(path, true)?;
        self.open_on(Arc::new(file), path)
    }

    /// Opens a store for reading; writes nothing. Several processes may do so at a time, but not beside a writer.
    ///
    /// # Errors
    /// As [`FileOptions::open`], and [`StoreError::NeedsRecovery`] after a crash of the last writer.
    pub fn open_read_only(&self, path: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        let path = path.as_ref();
        let file: Arc<dyn RawFile> = Arc::new(open_file(path, false)?);
        self.attach(file, path, |blocks, health| {
            if health.unclean || health.doubtful {
                return Err(StoreError::NeedsRecovery { path: path.into() });
            }
            let opened = self.builder().open_read_only_with_backend(blocks);
            Ok(opened.map(Engine::Read))
        })
    }

    /// Makes a new, empty store on any [`RawFile`] of length zero; `path` is what errors call it. The caller sees
    /// to it that nobody else writes there.
    ///
    /// # Errors
    /// What the file says.
    pub fn create_on(&self, file: Arc<dyn RawFile>, path: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        let path = path.as_ref();
        superblock::create(&*file).map_err(|e| io_error(path, "cannot write", e))?;
        let (blocks, _) = Blocks::open(file).map_err(|e| io_error(path, "cannot read", e))?;
        let opened = self.builder().create_with_backend(blocks.clone());
        let inner = Inner::new(opened.map(Engine::Write), blocks, path)?;
        inner.write(|_, head| Ok(head), true)?;
        Ok(FileStore { inner: Arc::new(inner) })
    }

    /// Opens a store on any [`RawFile`] for reading and writing, as [`FileOptions::open`] does.
    ///
    /// # Errors
    /// As [`FileOptions::open`].
    pub fn open_on(&self, file: Arc<dyn RawFile>, path: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        self.attach(file, path.as_ref(), |blocks, health| {
            let mut builder = self.builder();
            builder.set_check_integrity_on_open(health.doubtful);
            Ok(builder.create_with_backend(blocks).map(Engine::Write))
        })
    }

    fn builder(&self) -> Builder {
        let mut builder = Builder::new();
        builder.set_cache_size(self.cache_bytes);
        builder
    }

    fn attach(
        &self,
        file: Arc<dyn RawFile>,
        path: &Path,
        start: impl FnOnce(Blocks, backend::Health) -> Result<Result<Engine, redb::DatabaseError>, StoreError>,
    ) -> Result<FileStore, StoreError> {
        let read_error = |e| io_error(path, "cannot read", e);
        let damaged = |detail: &str| StoreError::Damaged { path: path.into(), detail: detail.into() };
        superblock::identify(&*file, path)?;
        let witness = superblock::read_witness(&*file).map_err(read_error)?;
        let (blocks, health) = Blocks::open(file).map_err(read_error)?;
        if !blocks.is_whole().map_err(read_error)? {
            return Err(damaged("the file is cut off in the middle of a block"));
        }
        if redb::StorageBackend::len(&blocks).map_err(read_error)? == 0 {
            return Err(damaged("neither copy of the header can be read"));
        }
        let engine = start(blocks.clone(), health)?;
        let mut inner = Inner::new(engine, blocks, path)?;
        inner.witness = Mutex::new(witness.at);
        let inner = Arc::new(inner);
        let version = inner.snapshot()?.head.version;
        if let Some(seen) = witness.value
            && version < seen
        {
            return Err(damaged(&format!("version {seen} was committed, but the file is back at {version}")));
        }
        Ok(FileStore { inner })
    }
}

/// A world in one file. Cheap to clone; the file is closed when the last clone and the last snapshot are gone.
#[derive(Clone, Debug)]
pub struct FileStore {
    inner: Arc<Inner>,
}

impl FileStore {
    /// [`FileOptions::create`] with default options.
    ///
    /// # Errors
    /// As there.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        FileOptions::default().create(path)
    }

    /// [`FileOptions::open`] with default options.
    ///
    /// # Errors
    /// As there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        FileOptions::default().open(path)
    }

    /// [`FileOptions::open_read_only`] with default options.
    ///
    /// # Errors
    /// As there.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        FileOptions::default().open_read_only(path)
    }

    /// Where the store lives.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }
}

enum Engine {
    Write(Database),
    Read(ReadOnlyDatabase),
}

struct Inner {
    engine: RwLock<Engine>,
    blocks: Blocks,
    path: PathBuf,
    /// Slot and sequence number of the last witness; held for the length of a commit.
    witness: Mutex<(usize, u64)>,
    poisoned: AtomicBool,
    snapshots: AtomicUsize,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

fn io_error(path: &Path, action: &'static str, source: io::Error) -> StoreError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => StoreError::NotFound { path },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full { path }
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => StoreError::ReadOnly { path },
        io::ErrorKind::InvalidData => StoreError::Damaged { path, detail: source.to_string() },
        io::ErrorKind::UnexpectedEof => StoreError::Damaged { path, detail: "the file is cut off".into() },
        _ => StoreError::Io { path, action, source },
    }
}

fn open_file(path: &Path, write: bool) -> Result<File, StoreError> {
    let action = if write { "cannot open for writing" } else { "cannot open" };
    let meta = path.metadata().map_err(|e| io_error(path, action, e))?;
    if !meta.is_file() {
        let detail = if meta.is_dir() { "it is a directory" } else { "it is not a regular file" };
        return Err(StoreError::NotAStore { path: path.into(), detail: detail.into() });
    }
    let file = OpenOptions::new().read(true).write(write).open(path).map_err(|e| match e.kind() {
        // Reading is refused: that is about the caller's rights, not about a read-only place.
        io::ErrorKind::PermissionDenied if !write => StoreError::Io { path: path.into(), action, source: e },
        _ => io_error(path, action, e),
    })?;
    lock(&file, path, write)?;
    Ok(file)
}

/// Many readers or one writer, over all processes; the system lets go when the file is closed, also by a kill.
fn lock(file: &File, path: &Path, write: bool) -> Result<(), StoreError> {
    let locked = if write { file.try_lock() } else { file.try_lock_shared() };
    locked.map_err(|e| match e {
        TryLockError::WouldBlock => StoreError::Locked { path: path.into() },
        TryLockError::Error(source) => StoreError::Io { path: path.into(), action: "cannot lock", source },
    })
}

/// Makes a new name durable.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| io_error(path, "cannot sync the folder", e))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

impl Translate for Inner {
    fn translate(&self, error: redb::Error) -> StoreError {
        let path = || self.path.clone();
        // Once a read has failed the engine refuses everything with PreviousIo; what counts is the first reason.
        if let (Some(detail), redb::Error::Io(_) | redb::Error::PreviousIo) = (self.blocks.damage(), &error) {
            return StoreError::Damaged { path: path(), detail };
        }
        match error {
            redb::Error::Io(source) => io_error(&self.path, "cannot read or write", source),
            redb::Error::PreviousIo => StoreError::Poisoned { path: path() },
            redb::Error::RepairAborted => StoreError::NeedsRecovery { path: path() },
            redb::Error::DatabaseAlreadyOpen => StoreError::Locked { path: path() },
            redb::Error::TransactionInProgress => StoreError::SnapshotsOpen { path: path() },
            redb::Error::UpgradeRequired(found) => StoreError::NewerFormat {
                path: path(),
                found: u32::from(found),
                supported: superblock::FORMAT,
            },
            other => StoreError::Damaged { path: path(), detail: other.to_string() },
        }
    }
}

impl Inner {
    fn new(
        engine: Result<Engine, redb::DatabaseError>,
        blocks: Blocks,
        path: &Path,
    ) -> Result<Self, StoreError> {
        let (engine, failed) = match engine {
            Ok(engine) => (Some(engine), None),
            Err(e) => (None, Some(e)),
        };
        let Some(engine) = engine else {
            let error = failed.map_or(redb::Error::PreviousIo, redb::Error::from);
            return Err(Unopened { blocks: &blocks, path }.translate(error));
        };
        Ok(Self {
            engine: RwLock::new(engine),
            blocks,
            path: path.into(),
            witness: Mutex::new((1, 0)),
            poisoned: AtomicBool::new(false),
            snapshots: AtomicUsize::new(0),
        })
    }

    fn storage_error(&self, e: impl Into<redb::Error>) -> StoreError {
        self.translate(e.into())
    }

    fn snapshot(self: &Arc<Self>) -> Result<FileSnapshot, StoreError> {
        self.snapshot_of(Which::Newest)
    }

    fn snapshot_of(self: &Arc<Self>, which: Which) -> Result<FileSnapshot, StoreError> {
        let read = match &*self.engine.read().unwrap_or_else(PoisonError::into_inner) {
            Engine::Write(db) => db.begin_read(),
            Engine::Read(db) => db.begin_read(),
        };
        FileSnapshot::new(self, &read.map_err(|e| self.storage_error(e))?, which)
    }

    /// One transaction: `change` gets it and the head before, and gives the head after.
    fn write(
        &self,
        change: impl FnOnce(&WriteTransaction, Head) -> Result<Head, StoreError>,
        first: bool,
    ) -> Result<u64, StoreError> {
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        if self.poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned { path: self.path.clone() });
        }
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        let Engine::Write(db) = &*engine else {
            return Err(StoreError::ReadOnly { path: self.path.clone() });
        };
        let txn = db.begin_write().map_err(|e| self.storage_error(e))?;
        let version = {
            let mut metas = txn.open_table(METAS).map_err(|e| self.storage_error(e))?;
            let before = if first { Head::default() } else { Head::read(&metas, self)? };
            drop(metas);
            let after = change(&txn, before)?;
            if first {
                for table in [ROWS, NEXT_ROWS] {
                    txn.open_table(table).map_err(|e| self.storage_error(e))?;
                }
                txn.open_table(PIECES).map_err(|e| self.storage_error(e))?;
                txn.delete_table(NEXT_ROWS).map_err(|e| self.storage_error(e))?;
            }
            metas = txn.open_table(METAS).map_err(|e| self.storage_error(e))?;
            metas.insert(HEAD_NAME, after.seal().as_slice()).map_err(|e| self.storage_error(e))?;
            after.version
        };
        if let Err(e) = txn.commit() {
            self.poisoned.store(true, Ordering::Release);
            return Err(self.storage_error(e));
        }
        let next = (1 - witness.0, witness.1 + 1);
        if superblock::write_witness(self.blocks.file(), next.0, next.1, version).is_err() {
            // This commit is on the disk, but a file that no longer takes writes must not take the next one.
            self.poisoned.store(true, Ordering::Release);
        }
        *witness = next;
        Ok(version)
    }

    fn compact(&self) -> Result<(), StoreError> {
        // Before the work, not after: the engine itself notices only when the rows have been packed.
        if self.snapshots.load(Ordering::Acquire) > 0 {
            return Err(StoreError::SnapshotsOpen { path: self.path.clone() });
        }
        let _witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        if self.poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned { path: self.path.clone() });
        }
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        let Engine::Write(db) = &mut *engine else {
            return Err(StoreError::ReadOnly { path: self.path.clone() });
        };
        let txn = db.begin_write().map_err(|e| self.storage_error(e))?;
        {
            let from = txn.open_table(ROWS).map_err(|e| self.storage_error(e))?;
            let mut to = txn.open_table(NEXT_ROWS).map_err(|e| self.storage_error(e))?;
            write::repack(&from, &mut to, self)?;
        }
        txn.delete_table(ROWS).map_err(|e| self.storage_error(e))?;
        txn.rename_table(NEXT_ROWS, ROWS).map_err(|e| self.storage_error(e))?;
        let result = txn.commit().map_err(|e| self.storage_error(e));
        let result = result.and_then(|()| db.compact().map(drop).map_err(|e| self.storage_error(e)));
        if matches!(&result, Err(e) if !matches!(e, StoreError::SnapshotsOpen { .. })) {
            self.poisoned.store(true, Ordering::Release);
        }
        result
    }
}

/// A file the engine would not open.
struct Unopened<'a> {
    blocks: &'a Blocks,
    path: &'a Path,
}

impl Unopened<'_> {
    fn translate(&self, error: redb::Error) -> StoreError {
        let path = self.path.to_owned();
        match (self.blocks.damage(), error) {
            (Some(detail), _) => StoreError::Damaged { path, detail },
            (None, redb::Error::Io(source)) => io_error(&path, "cannot open", source),
            (None, redb::Error::RepairAborted) => StoreError::NeedsRecovery { path },
            (None, redb::Error::UpgradeRequired(found)) => {
                StoreError::NewerFormat { path, found: u32::from(found), supported: superblock::FORMAT }
            }
            (None, other) => StoreError::Damaged { path, detail: other.to_string() },
        }
    }
}

impl PageStore for FileStore {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(self.inner.snapshot()?))
    }

    fn snapshot_at(&self, version: u64) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(self.inner.snapshot_of(Which::At(version))?))
    }

    fn oldest(&self) -> Result<u64, StoreError> {
        Ok(self.inner.snapshot()?.head.oldest)
    }

    fn retire(&self, before: u64) -> Result<u64, StoreError> {
        let inner = &*self.inner;
        let head = self.inner.snapshot()?.head;
        if before.min(head.version) <= head.oldest {
            return Ok(0);
        }
        let mut freed = 0;
        let change = |txn: &WriteTransaction, mut head: Head| {
            let bytes = head.history_bytes;
            head.oldest = head.oldest.max(before.min(head.version));
            history::retire(txn, &mut head, inner)?;
            freed = bytes - head.history_bytes;
            Ok(head)
        };
        inner.write(change, false)?;
        Ok(freed)
    }

    fn commit(&self, batch: Batch) -> Result<u64, StoreError> {
        batch.check()?;
        let inner = &*self.inner;
        let change = |txn: &WriteTransaction, mut head: Head| {
            batch.check_version(head.version)?;
            write::commit(txn, &batch, &mut head, inner)?;
            Ok(head)
        };
        inner.write(change, false)
    }

    fn stats(&self) -> Result<StoreStats, StoreError> {
        let head = self.inner.snapshot()?.head;
        let stored_bytes =
            self.inner.blocks.file().len().map_err(|e| io_error(self.path(), "cannot read", e))?;
        Ok(StoreStats {
            kind: "file",
            version: head.version,
            pages: head.pages,
            payload_bytes: head.payload_bytes,
            stored_bytes,
            history_pages: head.history_pages,
            history_bytes: head.history_bytes,
        })
    }

    fn verify(
        &self,
        on_problem: &mut dyn FnMut(Problem),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<VerifyReport, StoreError> {
        Ok(self.inner.snapshot_of(Which::Oldest)?.verify(on_problem, progress))
    }

    fn compact(&self) -> Result<(), StoreError> {
        self.inner.compact()
    }
}
