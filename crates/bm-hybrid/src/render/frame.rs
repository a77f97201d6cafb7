//! A window cut into pixels: which tick each pixel asks.

use super::window::{DEGREE, Size, Window};
use crate::error::WorldError;
use bm_core::frame::{WORLD_X, WORLD_Y, edge_ticks};
use bm_core::page::PAGE_SPAN;

/// A window cut into pixels; columns run west to east, rows **south to north**.
///
/// Pixel edges are exact fractions of ticks, so that two windows side by side show the same
/// pixels as one window over both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// First tick and extent, x and y.
    ticks: [[i64; 2]; 2],
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}

impl Frame {
    pub(crate) fn new(window: &Window, size: Size) -> Result<Self, WorldError> {
        Size::new(size.width, size.height)?;
        let ticks = window.ticks()?;
        Ok(Self { ticks, width: size.width as usize, height: size.height as usize })
    }

    /// The tick at the middle of column `i` (any whole number) when every pixel is cut into `n`.
    pub(crate) fn x(&self, i: i64, n: usize) -> u32 {
        let [first, extent] = self.ticks[0];
        let tick = first + middle(i, extent, self.width * n);
        // In range by the remainder.
        tick.rem_euclid(i64::from(WORLD_X)) as u32
    }

    /// The tick at the middle of row `j`; rows beyond the poles are those at the poles.
    pub(crate) fn y(&self, j: i64, n: usize) -> u32 {
        let [first, extent] = self.ticks[1];
        let tick = first + middle(j, extent, self.height * n);
        tick.clamp(0, i64::from(WORLD_Y) - 1) as u32
    }

    /// Ticks a pixel, x and y.
    #[cfg(feature = "render")]
    pub(crate) fn pixel(&self) -> [f64; 2] {
        let [[_, w], [_, h]] = self.ticks;
        [w as f64 / self.width as f64, h as f64 / self.height as f64]
    }

    /// Edges in degrees: west, south, east, north, with east more than west.
    #[cfg(feature = "render")]
    pub(crate) fn degrees(&self) -> [f64; 4] {
        let [[x, w], [y, h]] = self.ticks;
        let d = |t: i64, offset: i64| (t - offset * DEGREE) as f64 / DEGREE as f64;
        [d(x, 180), d(y, 90), d(x + w, 180), d(y + h, 90)]
    }

    /// Loads the page columns of the window that the surface lies in, each once. Threads that work
    /// on neighbouring rows would otherwise decode the same pages at the same time.
    pub(crate) fn load_pages(&self, view: &crate::View) -> Result<(), WorldError> {
        let edge = i64::from(edge_ticks(PAGE_SPAN));
        // The first tick of each page within the window.
        let starts = |[from, extent]: [i64; 2]| {
            let first = from.div_euclid(edge) * edge;
            (first..from + extent).step_by(edge as usize).map(move |t| t.max(from))
        };
        let places: Vec<[u32; 2]> = starts(self.ticks[1])
            .flat_map(|y| starts(self.ticks[0]).map(move |x| [x.rem_euclid(WORLD_X.into()) as u32, y as u32]))
            .collect();
        let read = bm_octree::parallel::map(&places, 0, |&[x, y]| view.surface(x, y).map(|_| ()));
        read.into_iter().collect()
    }

    /// Where the pixels' middles lie, for rasters.
    #[cfg(feature = "geotiff")]
    pub(crate) fn georef(&self) -> bm_io::GridGeoref {
        let axis = |[first, extent]: [i64; 2], zero: i64, n: usize| bm_io::Axis {
            origin_num: 2 * n as i64 * (first - zero * DEGREE) + extent,
            step_num: 2 * extent,
            den: 2 * n as i64 * DEGREE,
        };
        bm_io::GridGeoref {
            x: axis(self.ticks[0], 180, self.width),
            y: axis(self.ticks[1], 90, self.height),
            wraps: self.ticks[0][1] == i64::from(WORLD_X),
        }
    }
}

/// Middle of part `i` of `n` parts of an extent.
fn middle(i: i64, extent: i64, n: usize) -> i64 {
    // At most 2^29 · 2^17: far below 2^63.
    ((2 * i + 1) * extent).div_euclid(2 * n as i64)
}

/// Rows of a picture in bands, for parallel work.
#[cfg(feature = "render")]
pub(crate) struct Rows;

#[cfg(feature = "render")]
impl Rows {
    /// Bands `from..to` of at most `thick`.
    pub(crate) fn bands(n: usize, thick: usize) -> Vec<(usize, usize)> {
        (0..n).step_by(thick).map(|a| (a, (a + thick).min(n))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_show_the_pixels_of_the_whole() {
        let size = |width| Size { width, height: 32 };
        let f = |w, e, width| Frame::new(&Window::new(w, -8.0, e, 8.0).unwrap(), size(width)).unwrap();
        let (all, left, right) = (f(170.0, -170.0, 80), f(170.0, 180.0, 40), f(-180.0, -170.0, 40));
        for n in [1, 2, 3] {
            for i in 0..(40 * n) as i64 {
                assert_eq!(all.x(i, n), left.x(i, n));
                assert_eq!(all.x(i + (40 * n) as i64, n), right.x(i, n));
            }
        }
        assert_eq!(all.x(-1, 1), left.x(-1, 1));
    }
}
