//! A disk that fails, for tests: [`FaultFile`] keeps a file in memory, counts what is done to it, refuses from a
//! chosen moment on, and tells what could be on the disk after a crash.

use crate::RawFile;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that reach a disk together or not at all.
const SECTOR: usize = 512;

/// A file in memory with the faults of a disk.
#[derive(Debug, Default)]
pub struct FaultFile {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What a reader sees.
    live: Vec<u8>,
    /// What is certainly on the disk.
    safe: Vec<u8>,
    /// Writes since the last sync, in order.
    pending: Vec<Pending>,
    /// Writes, length changes and syncs so far.
    operations: u64,
    fail_from: Option<(u64, io::ErrorKind)>,
}

#[derive(Clone, Debug)]
enum Pending {
    Write { offset: usize, data: Vec<u8> },
    SetLen(usize),
}

fn apply(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if bytes.len() < offset + data.len() {
        bytes.resize(offset + data.len(), 0);
    }
    bytes[offset..offset + data.len()].copy_from_slice(data);
}

impl FaultFile {
    /// An empty file without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A file with these bytes, all of them on the disk.
    #[must_use]
    pub fn with_bytes(bytes: Vec<u8>) -> Self {
        Self { state: Mutex::new(State { live: bytes.clone(), safe: bytes, ..State::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets every write, length change and sync from the `n`th on (counted from the file's beginning) fail.
    pub fn fail_from(&self, n: u64, kind: io::ErrorKind) {
        self.lock().fail_from = Some((n, kind));
    }

    /// Writes, length changes and syncs so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// What a reader sees now.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().live.clone()
    }

    /// What could be on the disk if the power failed now: of what was written since the last sync, `pick` says for
    /// each sector-sized part (and for each change of length) whether it got there.
    #[must_use]
    pub fn crash_image(&self, mut pick: impl FnMut() -> bool) -> Vec<u8> {
        let state = self.lock();
        let mut image = state.safe.clone();
        for pending in &state.pending {
            match pending {
                Pending::SetLen(len) => {
                    if pick() {
                        image.resize(*len, 0);
                    }
                }
                Pending::Write { offset, data } => {
                    let mut at = 0;
                    while at < data.len() {
                        // Parts end where the disk's sectors do, not where the write began.
                        let end = (data.len()).min(at + SECTOR - (offset + at) % SECTOR);
                        if pick() {
                            apply(&mut image, offset + at, &data[at..end]);
                        }
                        at = end;
                    }
                }
            }
        }
        image
    }
}

impl State {
    fn count(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fail_from {
            Some((n, kind)) if self.operations >= n => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

impl RawFile for FaultFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().live.len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.lock();
        let from = usize::try_from(offset).ok().and_then(|at| state.live.get(at..)?.get(..out.len()));
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        state.count()?;
        let offset = usize::try_from(offset).map_err(|_beyond_memory| io::ErrorKind::FileTooLarge)?;
        apply(&mut state.live, offset, data);
        state.pending.push(Pending::Write { offset, data: data.to_vec() });
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.lock();
        state.count()?;
        let len = usize::try_from(len).map_err(|_beyond_memory| io::ErrorKind::FileTooLarge)?;
        state.live.resize(len, 0);
        state.pending.push(Pending::SetLen(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.count()?;
        state.safe = state.live.clone();
        state.pending.clear();
        Ok(())
    }
}
