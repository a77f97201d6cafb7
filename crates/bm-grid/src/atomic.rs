//! Files that are replaced whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a file goes through on its way to the disk, as a trait, so that tests can put a faulty disk underneath.
pub(crate) trait Medium: Send + Sync {
    /// A new file to write; it must not exist.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>>;
    /// Gives a file another name, in place of whatever had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when the names in a folder are on the disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file being written.
pub(crate) trait Output: Write {
    /// Returns when all that was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Output for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// The file system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk;

impl Medium for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        Ok(Box::new(OpenOptions::new().write(true).create_new(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Other systems write names through.
    #[cfg(not(unix))]
    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// How names of files being written end: what is found with it after a crash is rubbish.
pub(crate) const PART: &str = ".part";

/// The folder a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name beside `path` that nobody else uses.
fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{number}{PART}", std::process::id()));
    folder_of(path).join(name)
}

/// Which step of replacing a file failed, and how.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) step: &'static str,
    pub(crate) error: io::Error,
}

/// Writes a file under another name and renames it to `path` once all of it is on the disk, so that at every moment
/// either the old file or the new one is there, whole. `durable` waits for the disk before and after the renaming;
/// without, that holds for the end of the process, not for that of the power.
pub(crate) fn replace(
    medium: &dyn Medium,
    path: &Path,
    durable: bool,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failed> {
    let failed = |step| move |error| Failed { step, error };
    let mut other = beside(path);
    // Left by a process of the same number that was killed.
    let mut tries = 0;
    let file = loop {
        match medium.create(&other) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && tries < 1000 => {
                tries += 1;
                other = beside(path);
            }
            made => break made.map_err(failed("make a file beside it"))?,
        }
    };
    let mut out = BufWriter::with_capacity(1 << 18, file);
    let written = fill(&mut out)
        .and_then(|()| out.flush())
        .map_err(failed("write it"))
        .and_then(|()| if durable { out.get_mut().sync().map_err(failed("sync it")) } else { Ok(()) })
        .and_then(|()| medium.rename(&other, path).map_err(failed("give it its name")));
    if let Err(error) = written {
        // Nothing more is written, whatever the buffer still holds.
        drop(out.into_parts());
        // It is rubbish anyway; the first failure is what counts.
        let _ = medium.remove(&other);
        return Err(error);
    }
    if durable {
        medium.sync_folder(folder_of(path)).map_err(failed("sync its folder"))?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod faulty;
