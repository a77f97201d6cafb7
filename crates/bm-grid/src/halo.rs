//! Tiles with their neighbours' cells around them, so that what looks a few cells far runs tile by tile.
//!
//! ```
//! use bm_grid::halo::{self, Edge};
//! use bm_grid::Plane;
//!
//! let heights = Plane::of_values(300, 200, &vec![7.0_f64; 60_000], 1)?;
//! let mut smooth = Plane::uniform(300, 200, 0.0_f64);
//! halo::for_each_tile_with_halo(&heights, &mut smooth, 1, Edge::Clamp, 2, |around, out| {
//!     for (y, out) in out.chunks_exact_mut(around.width()).enumerate() {
//!         let (south, row, north) = (around.row(y), around.row(y + 1), around.row(y + 2));
//!         for (x, out) in out.iter_mut().enumerate() {
//!             *out = (south[x + 1] + row[x] + row[x + 2] + north[x + 1]) / 4.0;
//!         }
//!     }
//! })?;
//! assert_eq!(smooth.get(150, 100), Some(7.0));
//! # Ok::<(), bm_grid::GridError>(())
//! ```

use crate::bounds::Window;
use crate::error::GridError;
use crate::plane::{Plane, Tile, Value};
use crate::scalar::Scalar;
use crate::workers;

/// What is beyond the edges of a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edge<T> {
    /// The nearest cell at the edge, again and again.
    Clamp,
    /// The plane in a mirror at its edge; the cell at the edge comes twice, so nothing slopes across the edge.
    Reflect,
    /// The plane again, from its other end.
    Periodic,
    /// One value everywhere.
    Value(T),
}

impl<T> Edge<T> {
    /// The column or row of `n` that is seen at `i`; none if it is a value of its own.
    fn seen(&self, i: i64, n: u32) -> Option<u32> {
        let n = i64::from(n);
        let seen = match self {
            _ if (0..n).contains(&i) => i,
            Self::Clamp => i.clamp(0, n - 1),
            Self::Periodic => i.rem_euclid(n),
            Self::Reflect => {
                let i = i.rem_euclid(2 * n);
                i.min(2 * n - 1 - i)
            }
            Self::Value(_) => return None,
        };
        Some(seen as u32)
    }
}

/// Cells of a window and those around it.
#[derive(Clone, Copy, Debug)]
pub struct Halo<'a, T> {
    /// The cells in the middle.
    pub window: Window,
    /// How many cells there are around them, to each side.
    pub radius: usize,
    /// All cells, row by row: `height() + 2 · radius` rows of [`Halo::stride`] cells.
    pub values: &'a [T],
}

impl<'a, T> Halo<'a, T> {
    /// Columns in the middle.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.window.width as usize
    }

    /// Rows in the middle.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.window.height as usize
    }

    /// Cells from one row to the next.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.width() + 2 * self.radius
    }

    /// A row with the cells around; row 0 is `radius` rows before the window's first, and the window's first column is at
    /// index `radius`.
    #[must_use]
    pub fn row(&self, row: usize) -> &'a [T] {
        &self.values[row * self.stride()..][..self.stride()]
    }
}

/// Reads a window inside of so many cells and those around it, from anything that gives windows: `read_block` fills rows
/// that are so many cells apart.
pub(crate) fn read<T: Scalar, E>(
    (width, height): (u32, u32),
    window: Window,
    radius: usize,
    edge: Edge<T>,
    out: &mut Vec<T>,
    mut read_block: impl FnMut(Window, &mut [T], usize) -> Result<(), E>,
) -> Result<(), E> {
    let stride = window.width as usize + 2 * radius;
    let rows = window.height as usize + 2 * radius;
    let (left, bottom) = (i64::from(window.x) - radius as i64, i64::from(window.y) - radius as i64);
    let beyond = match edge {
        Edge::Value(value) => value,
        _ => T::default(),
    };
    out.resize(stride * rows, beyond);
    if window.cells() == 0 {
        out.fill(beyond);
        return Ok(());
    }
    // The part that is in the plane, and where it comes to lie.
    let part = |first: i64, n: usize, all: u32| {
        let (from, to) = (first.max(0), (first + n as i64).min(all.into()));
        (from as u32, (to - from) as u32, (from - first) as usize)
    };
    let (x, w, column) = part(left, stride, width);
    let (y, h, row) = part(bottom, rows, height);
    read_block(Window { x, y, width: w, height: h }, &mut out[row * stride + column..], stride)?;
    let inside = column..column + w as usize;
    for (n, at) in (0..rows).zip(bottom..) {
        let line = n * stride;
        match edge.seen(at, height) {
            Some(seen) if i64::from(seen) == at => {}
            Some(seen) if (y..y + h).contains(&seen) => {
                let from = ((i64::from(seen) - bottom) as usize) * stride;
                out.copy_within(from + inside.start..from + inside.end, line + inside.start);
            }
            Some(seen) => {
                let one = Window { x, y: seen, width: w, height: 1 };
                read_block(one, &mut out[line + inside.start..line + inside.end], stride)?;
            }
            None => {
                out[line..line + stride].fill(beyond);
                continue;
            }
        }
        for i in (0..inside.start).chain(inside.end..stride) {
            let Some(x) = edge.seen(left + i as i64, width) else {
                out[line + i] = beyond;
                continue;
            };
            let near = usize::try_from(i64::from(x) - left).ok().filter(|near| inside.contains(near));
            match (near, edge.seen(at, height)) {
                (Some(near), _) => out[line + i] = out[line + near],
                (None, Some(y)) => {
                    read_block(Window { x, y, width: 1, height: 1 }, &mut out[line + i..=line + i], stride)?;
                }
                (None, None) => {}
            }
        }
    }
    Ok(())
}

impl<T: Scalar> Plane<T> {
    /// Reads a window of the plane and `radius` cells around it into a buffer; [`Halo::values`] describes its order.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`] when the window leaves the plane.
    pub fn read_halo<'a>(
        &self,
        window: Window,
        radius: usize,
        edge: Edge<T>,
        out: &'a mut Vec<T>,
    ) -> Result<Halo<'a, T>, GridError> {
        self.check(window, window.cells())?;
        read((self.width(), self.height()), window, radius, edge, out, |block, out, stride| {
            self.copy_window(block, out, stride);
            Ok(())
        })?;
        Ok(Halo { window, radius, values: out })
    }
}

/// Calls `work` for every tile of `from`, with `radius` cells around it, and the same tile of `to`, whose values it may
/// read and replaces. Tiles are shared among `threads`; each value of `to` depends on `from` and itself alone, so
/// results are the same for any number of them. All tiles of `to` count as written, and are left in their smallest form.
///
/// # Errors
/// [`GridError::Length`] when the planes are not of the same width and height.
pub fn for_each_tile_with_halo<T: Scalar, U: Value>(
    from: &Plane<T>,
    to: &mut Plane<U>,
    radius: usize,
    edge: Edge<T>,
    threads: usize,
    work: impl Fn(&Halo<'_, T>, &mut [U]) + Sync,
) -> Result<(), GridError> {
    let tiling = from.tiling();
    if to.tiling() != tiling {
        let cells = |p: (u32, u32)| p.0 as usize * p.1 as usize;
        let (given, cells) = (cells((to.width(), to.height())), cells((from.width(), from.height())));
        return Err(GridError::Length { given, cells });
    }
    let tiles = to.kept_tiles_mut().iter_mut().enumerate().collect();
    let done = workers::each_with(tiles, threads, Vec::new, |buffer, (number, tile)| {
        let around = from.read_halo(tiling.window(number), radius, edge, buffer)?;
        let cells = around.window.cells();
        let mut values = match std::mem::replace(tile, Tile::Dense([].into())) {
            Tile::Dense(values) => values,
            Tile::Uniform(value) => vec![value; cells].into(),
        };
        work(&around, &mut values);
        *tile = match values.split_first() {
            Some((&first, rest)) if rest.iter().all(|v| v.same(first)) => Tile::Uniform(first),
            _ => Tile::Dense(values),
        };
        Ok(())
    });
    (0..tiling.len()).for_each(|tile| to.touch(tile));
    done.into_iter().collect()
}
