//! A disk that fails when told to, and what is left on it then.

use super::{Medium, Output};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug, Default)]
struct Inode {
    written: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    /// Names as a running system sees them, and as they are on the platter.
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    steps: usize,
    fail_at: Option<usize>,
    /// From the failure on nothing succeeds any more.
    broken: bool,
    for_good: bool,
}

impl State {
    /// Counts a step; fails when it is its turn.
    fn step(&mut self) -> io::Result<()> {
        self.steps += 1;
        if self.fail_at == Some(self.steps) {
            self.broken = self.for_good;
            return Err(io::ErrorKind::StorageFull.into());
        }
        if self.broken { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ram(Arc<Mutex<State>>);

impl Ram {
    /// From now on the step of this number (from 1) fails; and all later ones, if `for_good`.
    pub(crate) fn fail_at(&self, step: Option<usize>, for_good: bool) {
        let mut state = self.0.lock().unwrap();
        (state.steps, state.fail_at, state.for_good, state.broken) = (0, step, for_good, false);
    }

    /// Steps since then.
    pub(crate) fn steps(&self) -> usize {
        self.0.lock().unwrap().steps
    }

    /// What a file holds for a running system: after the end of a process.
    pub(crate) fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.0.lock().unwrap();
        Some(state.inodes[*state.names.get(path)?].written.clone())
    }

    /// What a file holds after the loss of power, if names not yet synced are lost, or are not.
    pub(crate) fn after_power_loss(&self, path: &Path, names_kept: bool) -> Option<Vec<u8>> {
        let state = self.0.lock().unwrap();
        let names = if names_kept { &state.names } else { &state.synced_names };
        Some(state.inodes[*names.get(path)?].synced.clone())
    }

    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.0.lock().unwrap().names.keys().cloned().collect()
    }
}

struct Open(Ram, usize);

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.0.lock().unwrap();
        let step = state.step();
        // A full disk takes a part.
        let taken = if step.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        state.inodes[self.1].written.extend_from_slice(taken);
        step.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for Open {
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.0.lock().unwrap();
        state.step()?;
        let inode = &mut state.inodes[self.1];
        inode.synced.clone_from(&inode.written);
        Ok(())
    }
}

impl Medium for Ram {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.inodes.push(Inode::default());
        let inode = state.inodes.len() - 1;
        state.names.insert(path.to_owned(), inode);
        Ok(Box::new(Open(self.clone(), inode)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        state.names.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        state.synced_names = state.names.clone();
        Ok(())
    }
}
