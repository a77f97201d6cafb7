//! Many cells of a plane at a time, from and to rows of an array.

use crate::bounds::Window;
use crate::error::GridError;
use crate::plane::{Plane, TILE, Tile, TileRef, Tiling, Value};
use crate::workers;

impl<T: Value> Plane<T> {
    /// A plane of an array, row by row, each tile in its smallest form. Written nowhere yet.
    ///
    /// # Errors
    /// [`GridError::Length`] when there are not as many values as cells.
    pub fn of_values(width: u32, height: u32, values: &[T], threads: usize) -> Result<Self, GridError> {
        let tiling = Tiling::new(width, height);
        let cells = width as usize * height as usize;
        if values.len() != cells {
            return Err(GridError::Length { given: values.len(), cells });
        }
        let tiles = workers::map(tiling.len(), threads, Vec::new, |buffer, tile| {
            let window = tiling.window(tile);
            buffer.clear();
            for y in window.y..window.end_y() {
                let from = y as usize * width as usize + window.x as usize;
                buffer.extend_from_slice(&values[from..from + window.width as usize]);
            }
            Tile::of(buffer)
        });
        Ok(Self::of_tiles(tiling, tiles, &vec![false; tiling.len()]))
    }

    pub(crate) fn check(&self, window: Window, given: usize) -> Result<(), GridError> {
        let (width, height) = (self.width(), self.height());
        // Not by the window's own ends, which may be beyond what a number holds.
        let fits = |from: u32, n: u32, all: u32| u64::from(from) + u64::from(n) <= u64::from(all);
        if !fits(window.x, window.width, width) || !fits(window.y, window.height, height) {
            let last = |from: u32, n: u32| i64::from(from) + i64::from(n) - 1;
            let (x, y) = (last(window.x, window.width), last(window.y, window.height));
            return Err(GridError::OutOfGrid { x, y, width, height });
        }
        if given != window.cells() {
            return Err(GridError::Length { given, cells: window.cells() });
        }
        Ok(())
    }

    /// Copies the cells of a window into a buffer, row by row.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`] when the window leaves the plane, [`GridError::Length`] when the buffer is not as long
    /// as it has cells.
    pub fn read_window(&self, window: Window, out: &mut [T]) -> Result<(), GridError> {
        self.check(window, out.len())?;
        self.copy_window(window, out, window.width as usize);
        Ok(())
    }

    /// Copies the cells of a window of the plane into rows that begin every `stride` values.
    pub(crate) fn copy_window(&self, window: Window, out: &mut [T], stride: usize) {
        for tile in self.tiling().tiles_of(window) {
            let own = self.tiling().window(tile);
            let Some(part) = own.intersection(&window) else { continue };
            let values = self.tile(tile);
            for y in part.y..part.end_y() {
                let to = (y - window.y) as usize * stride + (part.x - window.x) as usize;
                let row = &mut out[to..to + part.width as usize];
                match values {
                    TileRef::Uniform(value) => row.fill(value),
                    TileRef::Dense(all) => {
                        let from = (y - own.y) as usize * own.width as usize + (part.x - own.x) as usize;
                        row.copy_from_slice(&all[from..from + row.len()]);
                    }
                }
            }
        }
    }

    /// Replaces the cells of a window by those of a buffer, row by row. Only tiles in which a cell changes count as
    /// written; those that are replaced as a whole are kept in their smallest form.
    ///
    /// # Errors
    /// As [`Plane::read_window`].
    pub fn write_window(&mut self, window: Window, values: &[T]) -> Result<(), GridError> {
        self.check(window, values.len())?;
        let stride = window.width as usize;
        let mut buffer = Vec::new();
        for tile in self.tiling().tiles_of(window) {
            let own = self.tiling().window(tile);
            let Some(part) = own.intersection(&window) else { continue };
            let row = |y: u32| {
                let from = (y - window.y) as usize * stride + (part.x - window.x) as usize;
                &values[from..from + part.width as usize]
            };
            if part == own {
                buffer.clear();
                (own.y..own.end_y()).for_each(|y| buffer.extend_from_slice(row(y)));
                self.set_tile(tile, &buffer)?;
                continue;
            }
            let at = |y: u32| (y - own.y) as usize * own.width as usize + (part.x - own.x) as usize;
            let old = self.tile(tile);
            let same = |y: u32| row(y).iter().zip(at(y)..).all(|(v, i)| v.same(old.get(i)));
            if (part.y..part.end_y()).all(same) {
                continue;
            }
            let kept = self.tile_mut(tile);
            for y in part.y..part.end_y() {
                kept[at(y)..at(y) + part.width as usize].copy_from_slice(row(y));
            }
        }
        Ok(())
    }

    /// Copies all cells into a buffer, row by row.
    ///
    /// # Errors
    /// [`GridError::Length`] when the buffer is not as long as there are cells.
    pub fn read_all(&self, out: &mut [T], threads: usize) -> Result<(), GridError> {
        let (width, height) = (self.width(), self.height());
        self.check(Window { x: 0, y: 0, width, height }, out.len())?;
        let bands = out.chunks_mut(width as usize * TILE as usize).zip((0..).step_by(TILE as usize));
        let results = workers::each(bands.collect(), threads, |(band, y)| {
            self.read_window(Window { x: 0, y, width, height: TILE.min(height - y) }, band)
        });
        results.into_iter().collect()
    }

    /// Replaces all cells by those of a buffer, row by row. Only tiles in which a cell changes count as written.
    ///
    /// # Errors
    /// As [`Plane::read_all`].
    pub fn write_all(&mut self, values: &[T], threads: usize) -> Result<(), GridError> {
        let (width, height) = (self.width(), self.height());
        self.check(Window { x: 0, y: 0, width, height }, values.len())?;
        let tiling = self.tiling();
        let changed =
            workers::each(self.kept_tiles_mut().iter_mut().enumerate().collect(), threads, |(n, tile)| {
                let own = tiling.window(n);
                let row = |y: u32| {
                    let from = y as usize * width as usize + own.x as usize;
                    &values[from..from + own.width as usize]
                };
                let first = row(own.y)[0];
                let uniform = (own.y..own.end_y()).all(|y| row(y).iter().all(|v| v.same(first)));
                match (&mut *tile, uniform) {
                    (Tile::Uniform(old), true) if old.same(first) => return false,
                    (_, true) => *tile = Tile::Uniform(first),
                    (Tile::Dense(old), false) => {
                        let mut changed = false;
                        for (old, y) in old.chunks_exact_mut(own.width as usize).zip(own.y..) {
                            changed = changed || !old.iter().zip(row(y)).all(|(a, b)| a.same(*b));
                            old.copy_from_slice(row(y));
                        }
                        return changed;
                    }
                    (Tile::Uniform(_), false) => {
                        let mut all = Vec::with_capacity(own.cells());
                        (own.y..own.end_y()).for_each(|y| all.extend_from_slice(row(y)));
                        *tile = Tile::Dense(all.into());
                    }
                }
                true
            });
        for (tile, changed) in changed.into_iter().enumerate() {
            if changed {
                self.touch(tile);
            }
        }
        Ok(())
    }
}
