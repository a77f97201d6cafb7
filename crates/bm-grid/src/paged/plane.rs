//! A plane whose tiles are in memory only while they are used.

use crate::bounds::Window;
use crate::chunked::{Cache, CellBox, ChunkError, ChunkStore, ChunkedConfig, ChunkedGrid};
use crate::error::GridError;
use crate::halo::{self, Edge, Halo};
use crate::scalar::Scalar;
use crate::workers;
use std::sync::Arc;

/// One value a cell, in square tiles: those used last are in memory, the others in a store; tiles never written are
/// nowhere. All methods take `&self`: any number of threads read and write at once.
#[derive(Debug)]
pub struct Paged<T: Scalar> {
    cells: ChunkedGrid<T>,
    width: u32,
    height: u32,
}

impl<T: Scalar> Paged<T> {
    /// A plane that is `default` where it was never written, of tiles as the configuration says, in a cache that others
    /// may use as well.
    ///
    /// # Errors
    /// [`ChunkError::Config`].
    pub fn new(
        width: u32,
        height: u32,
        default: T,
        config: ChunkedConfig,
        store: Option<Arc<dyn ChunkStore>>,
        cache: Arc<Cache>,
    ) -> Result<Self, ChunkError> {
        Ok(Self { cells: ChunkedGrid::in_cache(default, config, store, cache)?, width, height })
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Its tiles as chunks: how many are in memory, what they weigh, which are unsaved.
    #[must_use]
    pub const fn chunks(&self) -> &ChunkedGrid<T> {
        &self.cells
    }

    const fn columns(&self) -> u32 {
        self.width.div_ceil(self.cells.config().side)
    }

    /// Number of tiles.
    #[must_use]
    pub const fn tiles(&self) -> usize {
        self.columns() as usize * self.height.div_ceil(self.cells.config().side) as usize
    }

    /// The tile that holds a cell; tiles are numbered row by row.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`].
    pub fn tile_of(&self, x: u32, y: u32) -> Result<usize, GridError> {
        self.check(Window { x, y, width: 1, height: 1 })?;
        let side = self.cells.config().side;
        Ok((y / side) as usize * self.columns() as usize + (x / side) as usize)
    }

    /// The cells of a tile.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`] when there is no such tile.
    pub fn tile_window(&self, tile: usize) -> Result<Window, GridError> {
        let (side, columns) = (self.cells.config().side, self.columns().max(1) as usize);
        if tile >= self.tiles() {
            let (x, y) = ((tile % columns) as i64, (tile / columns) as i64);
            let side = i64::from(side);
            return Err(GridError::OutOfGrid {
                x: x * side,
                y: y.saturating_mul(side),
                width: self.width,
                height: self.height,
            });
        }
        let (x, y) = ((tile % columns) as u32 * side, (tile / columns) as u32 * side);
        Ok(Window { x, y, width: side.min(self.width - x), height: side.min(self.height - y) })
    }

    fn check(&self, window: Window) -> Result<(), GridError> {
        let fits = |from: u32, n: u32, all: u32| u64::from(from) + u64::from(n) <= u64::from(all);
        if fits(window.x, window.width, self.width) && fits(window.y, window.height, self.height) {
            return Ok(());
        }
        let last = |from: u32, n: u32| i64::from(from) + i64::from(n) - 1;
        let (x, y) = (last(window.x, window.width), last(window.y, window.height));
        Err(GridError::OutOfGrid { x, y, width: self.width, height: self.height })
    }

    fn cells_of(&self, window: Window) -> Result<CellBox, GridError> {
        self.check(window)?;
        let (width, height) = (window.width as usize, window.height as usize);
        Ok(CellBox { x: window.x.into(), y: window.y.into(), width, height })
    }

    /// The value of a cell.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`]; when its tile cannot be loaded, or another not saved to make room for it.
    pub fn get(&self, x: u32, y: u32) -> Result<T, ChunkError> {
        self.check(Window { x, y, width: 1, height: 1 })?;
        self.cells.get(x.into(), y.into())
    }

    /// Writes a cell.
    ///
    /// # Errors
    /// As [`Paged::get`].
    pub fn set(&self, x: u32, y: u32, value: T) -> Result<(), ChunkError> {
        self.check(Window { x, y, width: 1, height: 1 })?;
        self.cells.set(x.into(), y.into(), value)
    }

    /// Copies the cells of a window into a buffer, row by row.
    ///
    /// # Errors
    /// As [`Paged::get`]; [`ChunkError::Length`] when the buffer is not as long as the window has cells.
    pub fn read_window(&self, window: Window, out: &mut [T]) -> Result<(), ChunkError> {
        self.cells.get_region(self.cells_of(window)?, out)
    }

    /// Replaces the cells of a window by those of a buffer, row by row.
    ///
    /// # Errors
    /// As [`Paged::read_window`]; some tiles may have been written then.
    pub fn write_window(&self, window: Window, values: &[T]) -> Result<(), ChunkError> {
        self.cells.set_region(self.cells_of(window)?, values)
    }

    /// Reads a window and `radius` cells around it into a buffer.
    ///
    /// # Errors
    /// As [`Paged::get`].
    pub fn read_halo<'a>(
        &self,
        window: Window,
        radius: usize,
        edge: Edge<T>,
        out: &'a mut Vec<T>,
    ) -> Result<Halo<'a, T>, ChunkError> {
        self.check(window)?;
        halo::read((self.width, self.height), window, radius, edge, out, |block, out, stride| {
            self.cells.copy_region(self.cells_of(block)?, out, stride)
        })?;
        Ok(Halo { window, radius, values: out })
    }

    /// Saves every tile written since it was saved; how many there were.
    ///
    /// # Errors
    /// As [`ChunkedGrid::flush`].
    pub fn flush(&self) -> Result<usize, ChunkError> {
        self.cells.flush()
    }
}

/// Calls `work` for some tiles of `from`, with `radius` cells around each, and the same tile of `to`, whose values it may
/// read and replaces. Tiles are shared among `threads`; each value of `to` depends on `from` and itself alone (the two
/// must be different planes), so results are the same for any number of threads. A thread needs memory for a tile with its
/// surroundings and a tile of `to` beyond the budget.
///
/// # Errors
/// [`GridError::OutOfGrid`] when there is no such tile, [`ChunkError::Config`] when the planes are not cut alike, and as
/// [`Paged::get`]; other tiles may have been written then.
pub fn for_tiles_with_halo<T: Scalar, U: Scalar>(
    from: &Paged<T>,
    to: &Paged<U>,
    tiles: &[usize],
    radius: usize,
    edge: Edge<T>,
    threads: usize,
    work: impl Fn(&Halo<'_, T>, &mut [U]) + Sync,
) -> Result<(), ChunkError> {
    let cut = |width, height, config: &ChunkedConfig| (width, height, config.side);
    let (a, b) = (from.cells.config(), to.cells.config());
    if cut(from.width, from.height, a) != cut(to.width, to.height, b) {
        return Err(ChunkError::Config { what: "the planes are not cut alike" });
    }
    let buffers = || (Vec::new(), Vec::new());
    let done = workers::map(tiles.len(), threads, buffers, |(around, values), n| {
        let window = from.tile_window(tiles[n])?;
        let around = from.read_halo(window, radius, edge, around)?;
        values.clear();
        values.resize(window.cells(), U::default());
        to.read_window(window, values)?;
        work(&around, values);
        to.write_window(window, values)
    });
    done.into_iter().collect()
}
