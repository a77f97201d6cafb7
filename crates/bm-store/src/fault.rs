//! A disk that fails, for tests: [`FaultFile`] keeps a file in memory, counts what is done to it, refuses from a
//! chosen moment on, and tells what could be on the disk after a crash.

use crate::RawFile;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that reach a disk together or not at all, if nothing else is said.
const SECTOR: usize = 512;

/// A file in memory with the faults of a disk.
///
/// A process that is killed leaves [`FaultFile::bytes`]. What a power failure leaves is one of very many images:
/// [`FaultFile::crash_image_in`] drops, reorders and tears what was not synced by sectors of 512 or 4 096 bytes (or any
/// other size), [`FaultFile::crash_image_cut`] lets of each write only a first part arrive.
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
    /// How much of a failing write arrives.
    part: usize,
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

    /// Lets of each write that fails the first `bytes` arrive all the same (as a write does that runs into the end of
    /// the space, or is interrupted); 0 at first.
    pub fn failed_writes_leave(&self, bytes: usize) {
        self.lock().part = bytes;
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
    /// each part of 512 bytes (and for each change of length) whether it got there.
    #[must_use]
    pub fn crash_image(&self, pick: impl FnMut() -> bool) -> Vec<u8> {
        self.crash_image_in(SECTOR, pick)
    }

    /// [`FaultFile::crash_image`] of a disk whose sectors have another size, in bytes (0 counts as 1).
    #[must_use]
    pub fn crash_image_in(&self, sector: usize, mut pick: impl FnMut() -> bool) -> Vec<u8> {
        let sector = sector.max(1);
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
                        let end = (data.len()).min(at + sector - (offset + at) % sector);
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

    /// What could be on the disk if the power failed now and writes are cut short: of each write since the last sync,
    /// `arrives` gets the length and says how many of its first bytes got there (more than there are: all). A change
    /// of length counts as a write of one byte.
    #[must_use]
    pub fn crash_image_cut(&self, mut arrives: impl FnMut(usize) -> usize) -> Vec<u8> {
        let state = self.lock();
        let mut image = state.safe.clone();
        for pending in &state.pending {
            match pending {
                Pending::SetLen(len) => {
                    if arrives(1) > 0 {
                        image.resize(*len, 0);
                    }
                }
                Pending::Write { offset, data } => {
                    let end = arrives(data.len()).min(data.len());
                    if end > 0 {
                        apply(&mut image, *offset, &data[..end]);
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
        let counted = state.count();
        let offset = usize::try_from(offset).map_err(|_beyond_memory| io::ErrorKind::FileTooLarge)?;
        let arrives = if counted.is_ok() { data.len() } else { state.part.min(data.len()) };
        if arrives > 0 || counted.is_ok() {
            apply(&mut state.live, offset, &data[..arrives]);
            state.pending.push(Pending::Write { offset, data: data[..arrives].to_vec() });
        }
        counted
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_torn_and_cut_where_they_should_be() {
        let file = FaultFile::with_bytes(vec![0; 8192]);
        file.write_at(500, &[7; 5000]).unwrap();
        let touched = |image: &[u8]| image.iter().filter(|&&b| b == 7).count();
        let parts = |sector: usize| {
            let mut parts = 0;
            let image = file.crash_image_in(sector, || {
                parts += 1;
                parts % 2 == 0
            });
            (parts, touched(&image))
        };
        // 500..512, 512..1024, … and 500..4096, 4096..5500.
        assert_eq!((parts(512), parts(4096)), ((11, 512 * 5), (2, 1404)));
        assert_eq!(touched(&file.crash_image(|| true)), 5000);
        let cut = file.crash_image_cut(|len| len / 5);
        assert!(touched(&cut) == 1000 && cut[500] == 7 && cut[1499] == 7 && cut.len() == 8192);
        assert_eq!(touched(&file.crash_image_cut(|_| usize::MAX)), 5000);

        file.fail_from(2, io::ErrorKind::StorageFull);
        file.failed_writes_leave(10);
        assert!(file.write_at(6000, &[7; 100]).is_err());
        assert_eq!((touched(&file.bytes()), file.operations()), (5010, 2));
    }
}
