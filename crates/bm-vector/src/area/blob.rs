//! Where the bytes of an area are.

use super::error::AreaError;
use super::layout::{self, Head, Sections};
use super::search::Tree;
use std::ops::Deref;
use std::path::Path;

/// Bytes in memory or in a file.
enum Bytes {
    Owned(Vec<u8>),
    #[cfg(feature = "mmap")]
    Mapped(memmap2::Mmap),
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            #[cfg(feature = "mmap")]
            Self::Mapped(map) => map,
        }
    }
}

/// Bytes of an area whose check sums, counts and references hold.
pub(super) struct Blob {
    bytes: Bytes,
    pub(super) head: Head,
    sections: Sections,
}

impl Blob {
    /// Of bytes that have just been built.
    pub(super) fn built(bytes: Vec<u8>) -> Result<Self, AreaError> {
        let (head, sections) = Head::read(&bytes)?;
        Ok(Self { bytes: Bytes::Owned(bytes), head, sections })
    }

    pub(super) fn checked(bytes: Vec<u8>) -> Result<Self, AreaError> {
        Self::check(Bytes::Owned(bytes))
    }

    fn check(bytes: Bytes) -> Result<Self, AreaError> {
        let (head, sections) = Head::read(&bytes)?;
        layout::verify(&bytes, &head, &sections)?;
        Ok(Self { bytes, head, sections })
    }

    /// Maps a file, or reads it where that is not built in.
    pub(super) fn open(path: &Path) -> Result<Self, AreaError> {
        let failed = |source| AreaError::File { path: path.to_owned(), source };
        #[cfg(feature = "mmap")]
        let bytes = {
            let file = std::fs::File::open(path).map_err(failed)?;
            // SAFETY: files of areas are written once, under a name of their own, and never changed in place; that is
            // what the documentation of `Area::open` asks for.
            Bytes::Mapped(unsafe { memmap2::Mmap::map(&file) }.map_err(failed)?)
        };
        #[cfg(not(feature = "mmap"))]
        let bytes = Bytes::Owned(std::fs::read(path).map_err(failed)?);
        Self::check(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline(always)]
    pub(super) fn tree(&self) -> Tree<'_> {
        Tree::new(&self.bytes, &self.head, &self.sections)
    }
}
