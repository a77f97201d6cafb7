//! A disk under a whole world: the store's file and the journal's folder with one clock, so that a moment is the
//! same moment for both.

use bm_hybrid::{World, WorldError};
use bm_overlay::journal::{FaultFolder, Media};
use bm_store::{FaultFile, FileOptions, RawFile};
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

type Hook = Box<dyn FnMut(&Disk) + Send>;

/// Both media of a world. Clones are the same disk.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) file: Arc<FaultFile>,
    pub(crate) folder: FaultFolder,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    operations: AtomicU64,
    /// Called before every operation.
    hook: Mutex<Option<Hook>>,
    /// Operation that fails, how, and whether all later ones do.
    fail: Mutex<Option<(u64, ErrorKind, bool)>>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "disk after {} operations", self.operations())
    }
}

impl Disk {
    pub(crate) fn new(file: Vec<u8>, folder: FaultFolder) -> Self {
        Self { file: Arc::new(FaultFile::with_bytes(file)), folder, shared: Arc::default() }
    }

    /// A new world.
    pub(crate) fn create() -> (Self, World) {
        let disk = Self::new(Vec::new(), FaultFolder::new());
        let store = FileOptions::default().create_on(disk.store(), "crash.bm").unwrap();
        let world = World::on_media(Box::new(store), Arc::new(disk.clone()), Default::default()).unwrap();
        (disk, world)
    }

    /// The world on it.
    pub(crate) fn open(&self) -> Result<World, WorldError> {
        let store = FileOptions::default().open_on(self.store(), "crash.bm")?;
        World::on_media(Box::new(store), Arc::new(self.clone()), Default::default())
    }

    /// What a reader of the files sees now: what a process that is killed leaves.
    pub(crate) fn copy(&self) -> Self {
        Self::new(self.file.bytes(), FaultFolder::with_files(self.folder.files()))
    }

    fn store(&self) -> Arc<dyn RawFile> {
        Arc::new(Watched { raw: self.file.clone(), disk: self.clone() })
    }

    /// Creations, removals, writes, length changes and syncs of both so far.
    pub(crate) fn operations(&self) -> u64 {
        self.shared.operations.load(Relaxed)
    }

    pub(crate) fn before_each(&self, hook: impl FnMut(&Self) + Send + 'static) {
        *self.shared.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub(crate) fn no_hook(&self) {
        *self.shared.hook.lock().unwrap() = None;
    }

    /// Lets the `n`th operation fail, and every later one if `forever`.
    pub(crate) fn fail_from(&self, n: u64, kind: ErrorKind, forever: bool) {
        *self.shared.fail.lock().unwrap() = Some((n, kind, forever));
    }

    pub(crate) fn heal(&self) {
        *self.shared.fail.lock().unwrap() = None;
    }

    fn run<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        // Taken out while it runs, as it may well look at the disk.
        let hook = self.shared.hook.lock().unwrap().take();
        if let Some(mut hook) = hook {
            hook(self);
            *self.shared.hook.lock().unwrap() = Some(hook);
        }
        let n = self.shared.operations.fetch_add(1, Relaxed) + 1;
        match *self.shared.fail.lock().unwrap() {
            Some((from, kind, forever)) if n == from || (forever && n > from) => {
                // The media know best what a failure leaves behind.
                self.file.fail_from(self.file.operations() + 1, kind);
                self.folder.fail_from(self.folder.operations() + 1, kind, false);
            }
            _ => {}
        }
        let done = operation();
        self.file.fail_from(u64::MAX, ErrorKind::Other);
        self.folder.heal();
        done
    }
}

#[derive(Debug)]
struct Watched {
    raw: Arc<dyn RawFile>,
    disk: Disk,
}

impl RawFile for Watched {
    fn len(&self) -> io::Result<u64> {
        self.raw.len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.raw.read_at(offset, out)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.run(|| self.raw.write_at(offset, data))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.run(|| self.raw.set_len(len))
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.run(|| self.raw.sync())
    }
}

impl Media for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.list()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn RawFile>> {
        Ok(Arc::new(Watched { raw: self.folder.open(name)?, disk: self.clone() }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn RawFile>> {
        let raw = self.run(|| self.folder.create(name))?;
        Ok(Arc::new(Watched { raw, disk: self.clone() }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.run(|| self.folder.remove(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.run(|| self.folder.sync_folder())
    }
}
