//! Which part of the globe, and in how many pixels.

use crate::error::WorldError;
use bm_core::frame::{WORLD_X, WORLD_Y};
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
            if !(-limit..=limit).contains(&v) {
                return Err(bad(format!(
                    "{name} = {v} is not from -{limit} to {limit} degrees{}",
                    if limit == 180.0 {
                        "; across the date line give east less than west, such as 170 to -170"
                    } else {
                        ""
                    }
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
            return Err(bad(format!("south = {} must be less than north = {}", self.south, self.north)));
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
        for s in
            ["", "x", "100", "100x", "-1x50", "15x100", "100x16385", "16384x16384", "1e3x20", "9999999999x20"]
        {
            assert!(s.parse::<Size>().is_err(), "{s}");
        }
        assert_eq!(Size::fitting(&Window::WORLD, 2160).unwrap(), Size { width: 2160, height: 1080 });
    }
}
