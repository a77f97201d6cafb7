//! Checked pieces of a file, and groups of tiles in them.

use super::error::Trouble;
use crate::pack::{Packer, Unpacker};
use crate::plane::{Tile, Tiling};
use crate::scalar::Scalar;
use std::io::{self, Read, Write};
use std::ops::Range;

/// Tiles in a block.
pub(super) const GROUP: usize = 16;

/// A tile that is missing: where boundaries say nothing.
const ABSENT: u8 = 0;
/// A tile of one value.
const UNIFORM: u8 = 1;
/// A tile of many.
const DENSE: u8 = 2;
/// Added where a tile was written since the last sync.
const STALE: u8 = 0x80;

/// Bytes before a block's body.
const BLOCK_HEAD: usize = 8;

fn checksum(number: u64, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&number.to_le_bytes());
    crc.update(&(body.len() as u32).to_le_bytes());
    crc.update(body);
    crc.finalize()
}

/// Writes blocks one after another.
pub(crate) struct Writer<'a> {
    to: &'a mut dyn Write,
    /// Blocks and bytes so far.
    blocks: u64,
    bytes: u64,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(to: &'a mut dyn Write) -> Self {
        Self { to, blocks: 0, bytes: 0 }
    }

    /// What every file begins with.
    pub(crate) fn start(&mut self, magic: &[u8; 8], version: u32) -> Result<(), Trouble> {
        self.plain(magic)?;
        self.plain(&version.to_le_bytes())?;
        self.plain(&[0; 4])
    }

    fn plain(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.to.write_all(bytes).map_err(|e| Trouble::Io("write it", e))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn block(&mut self, body: &[u8], what: &'static str) -> Result<(), Trouble> {
        let Ok(length) = u32::try_from(body.len()) else { return Err(Trouble::TooLong(what)) };
        self.plain(&length.to_le_bytes())?;
        self.plain(&checksum(self.blocks, body).to_le_bytes())?;
        self.plain(body)?;
        self.blocks += 1;
        Ok(())
    }

    /// Writes the end; all bytes of the file.
    pub(crate) fn end(mut self) -> Result<u64, Trouble> {
        let mut body = self.blocks.to_le_bytes().to_vec();
        body.extend((self.bytes + (BLOCK_HEAD + 16) as u64).to_le_bytes());
        self.block(&body, "the end")?;
        Ok(self.bytes)
    }
}

/// Reads blocks one after another; never more than the file has.
pub(crate) struct Reader<'a> {
    from: &'a mut dyn Read,
    blocks: u64,
    at: u64,
    length: u64,
    /// Bytes of memory that may still be used.
    pub(super) most: u64,
    allowed: u64,
}

/// A block whose check sum is not yet compared: that is done by whoever unpacks it, beside others.
pub(crate) struct Block {
    number: u64,
    sum: u32,
    pub(crate) at: u64,
    body: Vec<u8>,
}

impl Block {
    pub(crate) fn checked(&self) -> Result<&[u8], Trouble> {
        if checksum(self.number, &self.body) != self.sum {
            return Err(Trouble::Damaged(self.at, "the check sum of a block is wrong"));
        }
        Ok(&self.body)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(from: &'a mut dyn Read, length: u64, most: u64) -> Self {
        Self { from, blocks: 0, at: 0, length, most, allowed: most }
    }

    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Counts memory before it is used.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), Trouble> {
        self.most = self.most.checked_sub(bytes).ok_or(Trouble::TooLarge(self.allowed))?;
        Ok(())
    }

    /// Checks that the file begins as it must.
    pub(crate) fn start(&mut self, magic: &[u8; 8], known: u32) -> Result<(), Trouble> {
        let mut start = [0; 16];
        self.plain(&mut start).map_err(|trouble| match trouble {
            Trouble::Damaged(..) => Trouble::Foreign,
            other => other,
        })?;
        let (own, rest) = start.split_at(magic.len());
        if own != magic {
            return Err(Trouble::Foreign);
        }
        let [v0, v1, v2, v3, zeros @ ..] = rest else { return Err(Trouble::Foreign) };
        let version = u32::from_le_bytes([*v0, *v1, *v2, *v3]);
        if version > known {
            return Err(Trouble::Version(version));
        }
        if version == 0 || *zeros != [0; 4] {
            return Err(Trouble::Damaged(8, "an unknown version"));
        }
        Ok(())
    }

    fn plain(&mut self, out: &mut [u8]) -> Result<(), Trouble> {
        if out.len() as u64 > self.length.saturating_sub(self.at) {
            return Err(Trouble::Damaged(self.at, "the file ends too soon"));
        }
        self.from.read_exact(out).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Damaged(self.at, "the file ends too soon"),
            _ => Trouble::Io("read it", e),
        })?;
        self.at += out.len() as u64;
        Ok(())
    }

    /// The next block, of at most so many bytes.
    pub(crate) fn block(&mut self, most: u64) -> Result<Block, Trouble> {
        let at = self.at;
        let mut head = [0; BLOCK_HEAD];
        self.plain(&mut head)?;
        let [l0, l1, l2, l3, s0, s1, s2, s3] = head;
        let length = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
        if length > most {
            return Err(Trouble::Damaged(at, "a block is longer than what it can hold"));
        }
        if length > self.length.saturating_sub(self.at) {
            return Err(Trouble::Damaged(at, "the file ends too soon"));
        }
        let mut body = vec![0; length as usize];
        self.plain(&mut body)?;
        let number = self.blocks;
        self.blocks += 1;
        Ok(Block { number, sum: u32::from_le_bytes([s0, s1, s2, s3]), at, body })
    }

    /// The end of the file, and nothing behind it.
    pub(crate) fn end(mut self) -> Result<(), Trouble> {
        let blocks = self.blocks;
        let block = self.block(16)?;
        let body = block.checked()?;
        if body != [blocks.to_le_bytes(), self.at.to_le_bytes()].concat() {
            return Err(Trouble::Damaged(block.at, "the end is that of another file"));
        }
        if self.at != self.length {
            return Err(Trouble::Damaged(self.at, "there are bytes behind the end"));
        }
        Ok(())
    }
}

/// Tiles of a plane, and which of them are stale.
pub(super) type Tiles<T> = (Vec<Option<Tile<T>>>, Vec<bool>);

/// The bytes of some tiles, which `tile` gives by their numbers.
pub(super) fn pack_tiles<'a, T: Scalar>(
    tiles: Range<usize>,
    tile: impl Fn(usize) -> Option<&'a Tile<T>>,
    stale: impl Fn(usize) -> bool,
    packer: &mut Packer,
) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(tiles.len());
    let mut values = Vec::new();
    let mut dense = Vec::new();
    for number in tiles {
        let kind = match tile(number) {
            None => ABSENT,
            Some(Tile::Uniform(value)) => {
                values.push(*value);
                UNIFORM
            }
            // In its smallest form: what became uniform since is.
            Some(Tile::Dense(all)) => match all.split_first() {
                Some((&first, rest)) if rest.iter().all(|v| v.same(first)) => {
                    values.push(first);
                    UNIFORM
                }
                _ => {
                    dense.push(&**all);
                    DENSE
                }
            },
        };
        out.push(kind | if stale(number) { STALE } else { 0 });
    }
    for value in values {
        out.extend_from_slice(&value.bits().to_le_bytes()[..T::BYTES]);
    }
    packer.pack(&dense, &mut out)?;
    Ok(out)
}

/// The most bytes [`pack_tiles`] makes of so many cells in so many tiles.
pub(super) const fn most_bytes<T: Scalar>(tiles: usize, cells: usize) -> u64 {
    (tiles * (1 + T::BYTES) + cells * T::BYTES + T::BYTES * 4) as u64
}

/// Tiles of bytes made by [`pack_tiles`]. `absent` and `stale` say whether there may be such tiles.
pub(super) fn unpack_tiles<T: Scalar>(
    block: &Block,
    tiles: Range<usize>,
    tiling: Tiling,
    (absent, stale): (bool, bool),
    unpacker: &mut Unpacker,
) -> Result<Tiles<T>, Trouble> {
    let damaged = |what| Trouble::Damaged(block.at, what);
    let body = block.checked()?;
    let (kinds, mut body) = body.split_at_checked(tiles.len()).ok_or(damaged("tiles are missing"))?;
    let mut marks = Vec::with_capacity(kinds.len());
    let mut made = Vec::with_capacity(kinds.len());
    for (&kind, tile) in kinds.iter().zip(tiles) {
        marks.push(kind & STALE != 0);
        made.push(match kind & !STALE {
            ABSENT if absent => None,
            UNIFORM => {
                let (value, rest) = body.split_at_checked(T::BYTES).ok_or(damaged("values are missing"))?;
                body = rest;
                let mut bits = [0; 8];
                bits[..T::BYTES].copy_from_slice(value);
                Some(Tile::Uniform(T::from_bits(u64::from_le_bytes(bits))))
            }
            DENSE => Some(Tile::Dense(vec![T::default(); tiling.window(tile).cells()].into())),
            _ => return Err(damaged("a tile of unknown kind")),
        });
    }
    if !stale && marks.contains(&true) {
        return Err(damaged("a tile of unknown kind"));
    }
    let mut dense: Vec<&mut [T]> = made
        .iter_mut()
        .filter_map(|tile| match tile {
            Some(Tile::Dense(values)) => Some(&mut **values),
            _ => None,
        })
        .collect();
    unpacker.unpack(body, &mut dense).map_err(damaged)?;
    Ok((made, marks))
}

/// Whether a block says that a tile is kept value by value: known before its check sum is compared, to count memory.
pub(super) fn dense_cells(block: &Block, tiles: Range<usize>, tiling: Tiling) -> u64 {
    let dense = block.body.iter().zip(tiles).filter(|(kind, _)| *kind & !STALE == DENSE);
    dense.map(|(_, tile)| tiling.window(tile).cells() as u64).sum()
}
