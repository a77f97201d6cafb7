//! A disk that fails, for tests: [`FaultFolder`] keeps a folder in memory, knows what of it is certainly on the disk,
//! refuses from a chosen moment on, and tells what could be found after a power loss.

use super::Media;
use bm_store::RawFile;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A folder in memory with the faults of a disk. Clones are the same folder.
///
/// After a failed sync the writes it should have secured are visible and yet lost for good, even if a later sync
/// succeeds: that is what systems do.
#[derive(Clone, Debug, Default)]
pub struct FaultFolder {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    disk: Disk,
    /// Everything that was done, if asked for.
    log: Option<(Disk, Vec<Op>)>,
    operations: u64,
    fail: Option<(u64, io::ErrorKind, bool)>,
}

/// Files by the order of their creation, and names for some of them.
#[derive(Clone, Debug, Default)]
struct Disk {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    safe_names: BTreeMap<String, usize>,
    pending_names: Vec<(String, Option<usize>)>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    /// What a reader sees.
    live: Vec<u8>,
    /// What is certainly on the disk.
    safe: Vec<u8>,
    /// What was done since the last sync.
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug)]
enum Op {
    Create(String),
    Remove(String),
    SyncFolder,
    Change(usize, Change),
    Sync(usize),
}

fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if bytes.len() < offset + data.len() {
        bytes.resize(offset + data.len(), 0);
    }
    bytes[offset..offset + data.len()].copy_from_slice(data);
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => write(bytes, *offset, data),
            Self::Length(len) => bytes.resize(*len, 0),
        }
    }
}

impl Disk {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::Create(name) => {
                self.files.push(Content::default());
                self.names.insert(name.clone(), self.files.len() - 1);
                self.pending_names.push((name.clone(), Some(self.files.len() - 1)));
            }
            Op::Remove(name) => {
                self.names.remove(name);
                self.pending_names.push((name.clone(), None));
            }
            Op::SyncFolder => {
                self.safe_names = self.names.clone();
                self.pending_names.clear();
            }
            Op::Change(file, change) => {
                let file = &mut self.files[*file];
                change.apply(&mut file.live);
                file.pending.push(change.clone());
            }
            Op::Sync(file) => {
                let file = &mut self.files[*file];
                for change in file.pending.drain(..) {
                    change.apply(&mut file.safe);
                }
            }
        }
    }

    /// What the failure of an operation does all the same.
    fn fail(&mut self, op: &Op) {
        match op {
            // Half of a write may have happened.
            Op::Change(file, Change::Write(offset, data)) => {
                let half = Change::Write(*offset, data[..data.len() / 2].to_vec());
                self.apply(&Op::Change(*file, half));
            }
            Op::Sync(file) => self.files[*file].pending.clear(),
            _ => {}
        }
    }
}

impl Content {
    fn crash(&self, pick: &mut dyn FnMut(u32) -> u32, sector: usize) -> Vec<u8> {
        let mut image = self.safe.clone();
        for change in &self.pending {
            match change {
                Change::Length(len) => {
                    if pick(2) == 1 {
                        image.resize(*len, 0);
                    }
                }
                Change::Write(offset, data) => {
                    let short = pick(8) == 0;
                    let cut = if short { pick(data.len() as u32 + 1) as usize } else { data.len() };
                    let mut at = 0;
                    while at < cut {
                        // Parts end where the disk's sectors do, not where the write began.
                        let end = cut.min(at + sector - (offset + at) % sector);
                        if pick(2) == 1 {
                            write(&mut image, offset + at, &data[at..end]);
                        }
                        at = end;
                    }
                }
            }
        }
        // The length is kept elsewhere than the bytes, and may be older or newer than they are.
        match pick(3) {
            0 => image.resize(self.safe.len(), 0),
            1 => image.resize(self.live.len(), 0),
            _ => {}
        }
        image
    }
}

impl FaultFolder {
    /// An empty folder without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A folder with these files, all of them on the disk.
    #[must_use]
    pub fn with_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut disk = Disk::default();
        for (name, bytes) in files {
            disk.names.insert(name, disk.files.len());
            disk.files.push(Content { live: bytes.clone(), safe: bytes, pending: Vec::new() });
        }
        disk.safe_names = disk.names.clone();
        Self::of(disk)
    }

    fn of(disk: Disk) -> Self {
        Self { state: Arc::new(Mutex::new(State { disk, ..State::default() })) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the `n`th operation fail (creations, removals, writes, length changes and syncs count, from 1 on), and
    /// every later one if `forever`.
    pub fn fail_from(&self, n: u64, kind: io::ErrorKind, forever: bool) {
        self.lock().fail = Some((n, kind, forever));
    }

    /// Lets everything work again.
    pub fn heal(&self) {
        self.lock().fail = None;
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Remembers every operation from now on, for [`FaultFolder::at`].
    pub fn record(&self) {
        let mut state = self.lock();
        state.log = Some((state.disk.clone(), Vec::new()));
    }

    /// The folder as it was after `n` of the operations that were remembered, with what was then not yet on the disk.
    #[must_use]
    pub fn at(&self, n: usize) -> Self {
        let state = self.lock();
        let Some((disk, log)) = &state.log else { return Self::new() };
        let mut disk = disk.clone();
        log.iter().take(n).for_each(|op| disk.apply(op));
        Self::of(disk)
    }

    /// Number of operations remembered.
    #[must_use]
    pub fn recorded(&self) -> usize {
        self.lock().log.as_ref().map_or(0, |(_, log)| log.len())
    }

    /// Names and bytes as a reader sees them.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.lock();
        state.disk.names.iter().map(|(name, &i)| (name.clone(), state.disk.files[i].live.clone())).collect()
    }

    /// What could be on the disk if the power failed now. `pick(n)` decides, with numbers below `n`: of everything
    /// that was not synced, which names and removals, which parts of `sector` bytes (512 or 4096) of which writes got
    /// there, which writes only in part, and whether the length did. Always 0 keeps nothing of it, always `n - 1`
    /// everything.
    #[must_use]
    pub fn crash_image(&self, mut pick: impl FnMut(u32) -> u32, sector: usize) -> Self {
        let state = self.lock();
        let mut names = state.disk.safe_names.clone();
        for (name, file) in &state.disk.pending_names {
            if pick(2) == 1 {
                match file {
                    Some(file) => names.insert(name.clone(), *file),
                    None => names.remove(name),
                };
            }
        }
        let mut crash = |i: usize| state.disk.files[i].crash(&mut pick, sector.max(1));
        Self::with_files(names.into_iter().map(|(name, i)| (name, crash(i))))
    }
}

impl State {
    fn run(&mut self, op: Op) -> io::Result<()> {
        self.operations += 1;
        match self.fail {
            Some((n, kind, forever)) if self.operations == n || (forever && self.operations > n) => {
                self.disk.fail(&op);
                return Err(kind.into());
            }
            _ => {}
        }
        self.disk.apply(&op);
        if let Some((_, log)) = &mut self.log {
            log.push(op);
        }
        Ok(())
    }
}

impl Media for FaultFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().disk.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn RawFile>> {
        let file = *self.lock().disk.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(FaultFile { folder: self.clone(), file }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn RawFile>> {
        let mut state = self.lock();
        if state.disk.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.run(Op::Create(name.into()))?;
        let file = state.disk.files.len() - 1;
        Ok(Arc::new(FaultFile { folder: self.clone(), file }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        if !state.disk.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.run(Op::Remove(name.into()))
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.lock().run(Op::SyncFolder)
    }
}

/// A file of a [`FaultFolder`].
#[derive(Debug)]
struct FaultFile {
    folder: FaultFolder,
    file: usize,
}

impl RawFile for FaultFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.folder.lock().disk.files[self.file].live.len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.folder.lock();
        let live = &state.disk.files[self.file].live;
        let from = usize::try_from(offset).ok().and_then(|at| live.get(at..)?.get(..out.len()));
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(|_beyond_memory| io::ErrorKind::FileTooLarge)?;
        self.folder.lock().run(Op::Change(self.file, Change::Write(offset, data.to_vec())))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_beyond_memory| io::ErrorKind::FileTooLarge)?;
        self.folder.lock().run(Op::Change(self.file, Change::Length(len)))
    }

    fn sync(&self) -> io::Result<()> {
        self.folder.lock().run(Op::Sync(self.file))
    }
}
