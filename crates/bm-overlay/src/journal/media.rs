//! A folder of files, as a trait, so that tests can put a faulty disk underneath.

use bm_store::RawFile;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of files that are read and written at offsets.
///
/// What a disk is taken to promise, besides what [`RawFile`] says: a file that was created or removed is surely there,
/// or gone, after a successful [`Media::sync_folder`]; before it, after a power loss, either may be found.
pub trait Media: fmt::Debug + Send + Sync + 'static {
    /// Names of the files, in any order; none if the folder is not there.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file that exists.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none; what the system says.
    fn open(&self, name: &str) -> io::Result<Arc<dyn RawFile>>;

    /// Makes an empty file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is one; what the system says.
    fn create(&self, name: &str) -> io::Result<Arc<dyn RawFile>>;

    /// Removes a file. Whoever has it open may go on reading.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Returns when the names of all files are on the disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self) -> io::Result<()>;
}

/// A folder of the file system.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    writable: bool,
}

impl Folder {
    /// The folder at `path`; it is made if it is not there (the folder around it must be).
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        match fs::create_dir(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                made?;
                // The folder's own name must survive, too.
                sync_names(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
            }
        }
        Ok(Self { path, writable: true })
    }

    /// The folder at `path`, in which nothing will be written.
    pub fn read_only(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), writable: false }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(unix)]
fn sync_names(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Other systems write names through.
#[cfg(not(unix))]
fn sync_names(_folder: &Path) -> io::Result<()> {
    Ok(())
}

impl Media for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        // A name that is not Unicode is none of ours.
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_string().ok());
        match fs::read_dir(&self.path) {
            // A folder that was never made has no files.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => entries?.filter_map(|entry| name(entry).transpose()).collect(),
        }
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn RawFile>> {
        Ok(Arc::new(OpenOptions::new().read(true).write(self.writable).open(self.path.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn RawFile>> {
        let mut options = OpenOptions::new();
        Ok(Arc::new(options.read(true).write(true).create_new(true).open(self.path.join(name))?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        sync_names(&self.path)
    }
}
