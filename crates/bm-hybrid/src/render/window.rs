//! Which part of the globe, and in how many pixels.

use crate::error::WorldError;
use bm_core::frame::{WORLD_X, WORLD_Y, edge_ticks};
use bm_core::page::PAGE_SPAN;
use std::fmt;
use std::str::FromStr;

/// Ticks a degree, on both axes.
pub(crate) const DEGREE: i64 = (WORLD_X / 360) as i64;
const _: () = assert!(WORLD_X as i64 == 360 * DEGREE && WORLD_Y as i64 == 180 * DEGREE);

/// A window of longitudes and latitudes, in degrees.
///
/// `east` less than `west` means that the window crosses the date line: 170 to −170 is 20° wide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Western edge, −180 to 180.
    pub west: f64,
    /// Southern edge, −90 to 90.
    pub south: f64,
    /// Eastern edge, −180 to 180.
    pub east: f64,
    /// Northern edge, −90 to 90, more than `south`.
    pub north: f64,
}

impl Window {
    /// The whole world.
    pub const WORLD: Self = Self { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };

    /// A window with its edges checked.
    ///
    /// # Errors
    /// [`WorldError::Data`] for edges that are no numbers or out of range, and for empty windows.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, WorldError> {
        let it = Self { west, south, east, north };
        it.ticks().map(|_| it)
    }

    /// Degrees of longitude across.
    #[must_use]
    pub fn width(&self) -> f64 {
        let across = self.east - self.west;
        if across < 0.0 { across + 360.0 } else { across }
    }

    /// Degrees of latitude from south to north.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.north - self.south
    }

    /// First tick and extent on both axes. The extent of x may reach over the date line.
    pub(crate) fn ticks(&self) -> Result<[[i64; 2]; 2], WorldError> {
        for (name, v, limit) in [
            ("west", self.west, 180.0),
            ("south", self.south, 90.0),
            ("east", self.east, 180.0),
            ("north", self.north, 90.0),
        ] {
            if !(v.abs() <= limit) {
                return Err(bad(format!(
                    "{name} = {v} is not from -{limit} to {limit} degrees{}",
                    if limit == 180.0 { "; across the date line give east less than west, such as 170 to -170" } else { "" }
                )));
            }
        }
        let tick = |degrees: f64, offset: f64| ((degrees + offset) * DEGREE as f64).round() as i64;
        let (x, y) = (tick(self.west, 180.0), tick(self.south, 90.0));
        let width = (self.width() * DEGREE as f64).round() as i64;
        let height = tick(self.north, 90.0) - y;
        if width <= 0 {
            return Err(bad(format!(
                "no width from west = {} to east = {}; the whole globe is -180 to 180",
                self.west, self.east
            )));
        }
        if height <= 0 {
            return Err(bad(format!(
                "south = {} must be less than north = {}",
                self.south, self.north
            )));
        }
        Ok([[x % i64::from(WORLD_X), width], [y, height]])
    }
}

fn bad(detail: String) -> WorldError {
    WorldError::Data { what: "window", detail }
}

/// Width and height of a picture in pixels; written `1600x900`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Size {
    /// Fewest pixels a side.
    pub const MIN_SIDE: u32 = 16;
    /// Most pixels a side.
    pub const MAX_SIDE: u32 = 16_384;
    /// Most pixels in all.
    pub const MAX_PIXELS: u64 = 64 << 20;

    /// A size within bounds: 16 to 16 384 pixels a side and at most 64 Mi in all.
    ///
    /// # Errors
    /// [`WorldError::Data`] outside of these bounds.
    pub fn new(width: u32, height: u32) -> Result<Self, WorldError> {
        let side = Self::MIN_SIDE..=Self::MAX_SIDE;
        let pixels = u64::from(width) * u64::from(height);
        if !side.contains(&width) || !side.contains(&height) || pixels > Self::MAX_PIXELS {
            let detail = format!(
                "{width}x{height}: give {} to {} pixels a side, and at most {} in all",
                Self::MIN_SIDE,
                Self::MAX_SIDE,
                Self::MAX_PIXELS
            );
            return Err(WorldError::Data { what: "picture size", detail });
        }
        Ok(Self { width, height })
    }

    /// The height (to the whole pixel) that shows a window undistorted in longitude and latitude
    /// at this width, within bounds.
    ///
    /// # Errors
    /// As [`Window::new`] and [`Size::new`].
    pub fn fitting(window: &Window, width: u32) -> Result<Self, WorldError> {
        window.ticks()?;
        let height = f64::from(width) * window.height() / window.width();
        Self::new(width, (height.round() as u32).clamp(Self::MIN_SIDE, Self::MAX_SIDE))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = WorldError;

    fn from_str(s: &str) -> Result<Self, WorldError> {
        let sides = s.split_once(['x', 'X', '×']);
        let number = |t: &str| t.trim().parse::<u32>().ok();
        match sides.and_then(|(w, h)| Some((number(w)?, number(h)?))) {
            Some((width, height)) => Self::new(width, height),
            None => Err(WorldError::Data {
                what: "picture size",
                detail: format!("`{s}` is not WIDTHxHEIGHT, such as 1600x900"),
            }),
        }
    }
}

/// A window cut into pixels; columns run west to east, rows **south to north**.
///
/// Pixel edges are exact fractions of ticks, so that two windows side by side show the same
/// pixels as one window over both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// First tick and extent, x and y.
    ticks: [[i64; 2]; 2],
    pub(crate) width: usize,
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
    #[cfg(any(feature = "render", feature = "geotiff"))]
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
    fn edges_are_checked() {
        for [w, s, e, n] in [
            [f64::NAN, 0.0, 1.0, 1.0],
            [0.0, f64::NAN, 1.0, 1.0],
            [-181.0, 0.0, 1.0, 1.0],
            [0.0, 0.0, 190.0, 1.0],
            [0.0, -91.0, 1.0, 1.0],
            [0.0, 0.0, 1.0, f64::INFINITY],
            [5.0, 0.0, 5.0, 1.0],
            [0.0, 1.0, 1.0, 1.0],
            [0.0, 2.0, 1.0, 1.0],
            [180.0, 0.0, -180.0, 1.0],
            [0.0, 0.0, 1e-9, 1.0],
        ] {
            assert!(Window::new(w, s, e, n).is_err(), "{w} {s} {e} {n}");
        }
        let across = Window::new(170.0, -10.0, -170.0, 10.0).unwrap();
        assert_eq!(across.width(), 20.0);
        assert_eq!(across.ticks().unwrap(), [[350 * DEGREE, 20 * DEGREE], [80 * DEGREE, 20 * DEGREE]]);
        assert_eq!(Window::WORLD.ticks().unwrap()[0], [0, 360 * DEGREE]);
        assert_eq!(Window::new(180.0, 0.0, -170.0, 1.0).unwrap().ticks().unwrap()[0], [0, 10 * DEGREE]);
    }

    #[test]
    fn sizes_are_read_and_bounded() {
        assert_eq!("1600x900".parse::<Size>().unwrap(), Size { width: 1600, height: 900 });
        assert_eq!(" 64 X 32 ".parse::<Size>().unwrap().to_string(), "64x32");
        for s in ["", "x", "100", "100x", "-1x50", "15x100", "100x16385", "16384x16384", "1e3x20", "9999999999x20"] {
            assert!(s.parse::<Size>().is_err(), "{s}");
        }
        assert_eq!(Size::fitting(&Window::WORLD, 2160).unwrap(), Size { width: 2160, height: 1080 });
    }

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
