//! What a folder holds: the region, how planes are cut, and what layers there are.

use crate::atomic::{self, Disk};
use crate::chunked::ChunkError;
use crate::file::FileError;
use crate::file::blocks::{Reader, Writer};
use crate::file::error::Trouble;
use crate::file::head::{self, Head};
use crate::layer::LayerKind;
use crate::region::Region;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"BMstore\n";
const VERSION: u32 = 1;

/// A layer of the folder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) name: Box<str>,
    pub(super) kind: LayerKind,
    /// Number of its first plane's folder.
    pub(super) folder: u32,
    /// What its numbers are where it was never written: their bits.
    pub(super) fill: Vec<u64>,
}

/// What is written down.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Manifest {
    pub(super) region: Region,
    pub(super) id: String,
    /// Binary logarithm of a tile's side.
    pub(super) log2: u32,
    pub(super) material: u16,
    /// Number of the next plane's folder.
    pub(super) next: u32,
    /// By name.
    pub(super) layers: Vec<Entry>,
}

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("grid.store")
}

pub(super) const fn planes(kind: LayerKind) -> usize {
    match kind {
        LayerKind::F32x2 => 2,
        _ => 1,
    }
}

impl Manifest {
    pub(super) fn save(&self, folder: &Path) -> Result<(), ChunkError> {
        let path = path(folder);
        let bytes = self.bytes().map_err(|trouble| trouble.of(&path))?;
        let saved = atomic::replace(&Disk, &path, true, |out| out.write_all(&bytes));
        Ok(saved.map_err(|failed| FileError::Io { path, step: failed.step, source: failed.error })?)
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        let mut out = Writer::new(&mut bytes);
        out.start(&MAGIC, VERSION)?;
        let layers = self.layers.iter().map(|layer| (layer.name.clone(), layer.kind)).collect();
        let head = Head { region: self.region, id: self.id.clone(), affected: BTreeSet::new(), layers };
        out.block(&head::write(&head)?, "the list of names")?;
        let mut body = Vec::new();
        body.extend(self.log2.to_le_bytes());
        body.extend(self.next.to_le_bytes());
        body.extend(self.material.to_le_bytes());
        for layer in &self.layers {
            body.extend(layer.folder.to_le_bytes());
            layer.fill.iter().for_each(|bits| body.extend(bits.to_le_bytes()));
        }
        out.block(&body, "the list of layers")?;
        out.end()?;
        Ok(bytes)
    }

    pub(super) fn load(folder: &Path) -> Result<Self, FileError> {
        let path = path(folder);
        let bytes = fs::read(&path).map_err(|source| FileError::Io {
            path: path.clone(),
            step: "read it",
            source,
        })?;
        Self::of_bytes(&bytes).map_err(|trouble| trouble.of(&path))
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Result<Self, Trouble> {
        let length = bytes.len() as u64;
        let mut from: &mut dyn io::Read = &mut &*bytes;
        let mut from = Reader::new(&mut from, length, u64::MAX);
        from.start(&MAGIC, VERSION)?;
        let block = from.block(length)?;
        let head = head::read(block.checked()?, block.at)?;
        let block = from.block(length)?;
        let mut body = block.checked()?;
        let short = || Trouble::Damaged(block.at, "the list of layers ends too soon");
        fn take<'a, const N: usize>(body: &mut &'a [u8]) -> Option<&'a [u8; N]> {
            let (taken, rest) = body.split_first_chunk()?;
            *body = rest;
            Some(taken)
        }
        let mut number = || take::<4>(&mut body).map(|n| u32::from_le_bytes(*n)).ok_or_else(short);
        let (log2, next) = (number()?, number()?);
        let material = take::<2>(&mut body).map(|n| u16::from_le_bytes(*n)).ok_or_else(short)?;
        if !(2..=12).contains(&log2) || material == 0 {
            return Err(Trouble::Damaged(block.at, "tiles of an impossible size, or no material"));
        }
        let mut layers = Vec::new();
        for (name, kind) in head.layers {
            let folder = take::<4>(&mut body).map(|n| u32::from_le_bytes(*n)).ok_or_else(short)?;
            let fill = (0..planes(kind))
                .map(|_| take::<8>(&mut body).map(|n| u64::from_le_bytes(*n)).ok_or_else(short));
            let fill = fill.collect::<Result<_, _>>()?;
            layers.push(Entry { name, kind, folder, fill });
        }
        let mut taken: Vec<u64> = layers
            .iter()
            .flat_map(|l: &Entry| (0..planes(l.kind)).map(|plane| u64::from(l.folder) + plane as u64))
            .collect();
        taken.sort_unstable();
        if !body.is_empty()
            || taken.windows(2).any(|two| two[0] == two[1])
            || taken.last().is_some_and(|&n| n >= next.into())
        {
            return Err(Trouble::Damaged(block.at, "layers share a folder, or there are bytes behind them"));
        }
        from.end()?;
        Ok(Self { region: head.region, id: head.id, log2, material, next, layers })
    }
}
