//! Rectangles of cells, copied row by row from chunk to chunk.

use super::error::ChunkError;
use super::store::ChunkKey;
use super::{ChunkedGrid, Edited};
use crate::plane::{Tile, TileRef};
use crate::scalar::Scalar;

/// A rectangle of cells anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellBox {
    /// First column.
    pub x: i64,
    /// First row.
    pub y: i64,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// The part of a rectangle that lies in a chunk: cells `x..x + width` of the chunk's rows `y..y + height`, and where it
/// begins in the rectangle.
struct Part {
    key: ChunkKey,
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    to_x: usize,
    to_y: usize,
}

impl CellBox {
    fn check(&self, values: usize) -> Result<(), ChunkError> {
        let Self { x, y, width, height } = *self;
        let ends = |from: i64, n: usize| i64::try_from(n).ok().and_then(|n| from.checked_add(n)).is_some();
        match width.checked_mul(height) {
            Some(cells) if ends(x, width) && ends(y, height) => {
                if cells == values {
                    Ok(())
                } else {
                    Err(ChunkError::Length { given: values, cells })
                }
            }
            _ => Err(ChunkError::TooFar { x, y, width, height }),
        }
    }

    /// Its parts by chunks. It must not be empty, and its ends must be numbers.
    fn parts(self, log2: u32) -> impl Iterator<Item = Part> {
        let mask = (1_i64 << log2) - 1;
        let side = 1_i64 << log2;
        // Chunk, first cell in it, cells in it, first cell in the rectangle.
        let cut = move |from: i64, n: usize| {
            let end = from + n as i64;
            (from >> log2..=(end - 1) >> log2).map(move |chunk| {
                let first = from.max(chunk << log2);
                let last = (end - 1).min((chunk << log2) + (side - 1));
                (chunk, (first & mask) as usize, (last - first + 1) as usize, (first - from) as usize)
            })
        };
        cut(self.y, self.height).flat_map(move |(cy, y, height, to_y)| {
            cut(self.x, self.width).map(move |(cx, x, width, to_x)| Part {
                key: ChunkKey { x: cx, y: cy },
                x,
                y,
                width,
                height,
                to_x,
                to_y,
            })
        })
    }
}

impl<T: Scalar> ChunkedGrid<T> {
    /// Copies the cells of a rectangle into a buffer, row by row.
    ///
    /// # Errors
    /// [`ChunkError::Length`] when the buffer is not as long, [`ChunkError::TooFar`], and as [`ChunkedGrid::get`].
    pub fn get_region(&self, cells: CellBox, out: &mut [T]) -> Result<(), ChunkError> {
        cells.check(out.len())?;
        self.copy_region(cells, out, cells.width)
    }

    /// The same into rows that begin every `stride` values; the rectangle's ends must be numbers.
    pub(crate) fn copy_region(&self, cells: CellBox, out: &mut [T], stride: usize) -> Result<(), ChunkError> {
        if cells.width == 0 || cells.height == 0 {
            return Ok(());
        }
        let log2 = self.common.log2;
        // One at a time is changed by the closure, which the chunk's lock calls once.
        let out = std::cell::RefCell::new(out);
        for part in cells.parts(log2) {
            self.read(part.key, |tile| {
                let mut out = out.borrow_mut();
                let values = tile.map_or(TileRef::Uniform(self.common.default), Tile::view);
                for row in 0..part.height {
                    let to = (part.to_y + row) * stride + part.to_x;
                    let to = &mut out[to..to + part.width];
                    match values {
                        TileRef::Uniform(value) => to.fill(value),
                        TileRef::Dense(all) => {
                            let from = ((part.y + row) << log2) + part.x;
                            to.copy_from_slice(&all[from..from + part.width]);
                        }
                    }
                }
            })?;
        }
        Ok(())
    }

    /// Replaces the cells of a rectangle by those of a buffer, row by row. Chunks in which no cell changes are not
    /// written; those replaced by one value cost that value.
    ///
    /// # Errors
    /// As [`ChunkedGrid::get_region`] and [`ChunkedGrid::set`]; some chunks may have been written then.
    pub fn set_region(&self, cells: CellBox, values: &[T]) -> Result<(), ChunkError> {
        cells.check(values.len())?;
        if values.is_empty() {
            return Ok(());
        }
        self.flush_if_due()?;
        let log2 = self.common.log2;
        let side = 1_usize << log2;
        for part in cells.parts(log2) {
            let row = |row: usize| {
                let from = (part.to_y + row) * cells.width + part.to_x;
                &values[from..from + part.width]
            };
            let whole = (part.width, part.height) == (side, side);
            let first = row(0)[0];
            let uniform = (0..part.height).all(|y| row(y).iter().all(|v| v.same(first)));
            self.edit(part.key, |tile| match tile {
                Tile::Uniform(old) if uniform && old.same(first) => Edited::Same,
                tile if whole && uniform => {
                    *tile = Tile::Uniform(first);
                    Edited::Changed
                }
                Tile::Uniform(_) => Edited::NeedsValues,
                Tile::Dense(all) => {
                    let mut changed = false;
                    for y in 0..part.height {
                        let from = ((part.y + y) << log2) + part.x;
                        let old = &mut all[from..from + part.width];
                        changed = changed || !old.iter().zip(row(y)).all(|(a, b)| a.same(*b));
                        old.copy_from_slice(row(y));
                    }
                    if changed { Edited::Changed } else { Edited::Same }
                }
            })?;
        }
        Ok(())
    }
}
