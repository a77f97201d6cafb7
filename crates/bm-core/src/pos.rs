//! Exact positions and the degrees people speak in.

use crate::frame::{
    MAX_ALT, MIN_ALT, SEA_LEVEL, TICKS_PER_METRE, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN,
};
use glam::DVec3;

/// A point of the globe: degrees east, degrees north, metres above sea level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeoPoint {
    /// Degrees east; any finite value, wrapped at the date line.
    pub lon: f64,
    /// Degrees north, −90 ≤ lat < 90 (boxes are half open; the north pole itself is the edge).
    pub lat: f64,
    /// Metres above sea level, −10 000 000 ≤ alt < 10 000 000.
    pub alt: f64,
}

/// A coordinate is outside the world box, or is not a number.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{axis} = {value} is outside the world ({min} ≤ {axis} < {max})")]
pub struct OutOfWorld {
    /// Name of the axis as the caller gave it (`lon`, `lat`, `alt`, `x`, `y`, `z`).
    pub axis: &'static str,
    /// The refused value.
    pub value: f64,
    /// Smallest value allowed.
    pub min: f64,
    /// First value no longer allowed.
    pub max: f64,
}

/// A quarter-metre voxel of the world, by its integer coordinates in ticks.
///
/// Always inside the world box: `x < WORLD_X`, `y < WORLD_Y`, `WORLD_Z_MIN ≤ z < WORLD_Z_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pos {
    x: u32,
    y: u32,
    z: u32,
}

impl Pos {
    /// The voxel at integer ticks.
    ///
    /// # Errors
    /// [`OutOfWorld`] when an axis is outside the world box (x is not wrapped here).
    #[inline]
    pub fn new(x: u32, y: u32, z: u32) -> Result<Self, OutOfWorld> {
        if x < WORLD_X && y < WORLD_Y && z.wrapping_sub(WORLD_Z_MIN) < WORLD_Z_MAX - WORLD_Z_MIN {
            Ok(Self { x, y, z })
        } else {
            Err(out_of_ticks(x, y, z))
        }
    }

    /// The voxel that holds a geographic point. Longitude wraps.
    ///
    /// # Errors
    /// [`OutOfWorld`] for latitudes and altitudes outside the world and for values that are not finite.
    pub fn from_geo(p: GeoPoint) -> Result<Self, OutOfWorld> {
        if !p.lon.is_finite() {
            return Err(OutOfWorld { axis: "lon", value: p.lon, min: -180.0, max: 180.0 });
        }
        if !(-90.0..90.0).contains(&p.lat) {
            return Err(OutOfWorld { axis: "lat", value: p.lat, min: -90.0, max: 90.0 });
        }
        let z = alt_to_tick(p.alt)?;
        let turns = ((p.lon + 180.0) / 360.0).rem_euclid(1.0);
        // rem_euclid may round up to 1.0, and the product to the edge: both are the date line again.
        let x = (turns * f64::from(WORLD_X)).floor() as u32 % WORLD_X;
        let y = ((p.lat + 90.0) / 180.0 * f64::from(WORLD_Y)).floor() as u32;
        Ok(Self { x, y: y.min(WORLD_Y - 1), z })
    }

    /// The voxel that holds a point in frame metres (x from the date line, y from the south pole,
    /// z from the root's floor, 33 554 432 m at sea level). x wraps.
    ///
    /// # Errors
    /// [`OutOfWorld`] for y or z outside the world and for values that are not finite.
    pub fn from_metres(p: DVec3) -> Result<Self, OutOfWorld> {
        let t = f64::from(TICKS_PER_METRE);
        let (wx, wy) = (f64::from(WORLD_X) / t, f64::from(WORLD_Y) / t);
        if !p.x.is_finite() {
            return Err(OutOfWorld { axis: "x", value: p.x, min: 0.0, max: wx });
        }
        if !(0.0..wy).contains(&p.y) {
            return Err(OutOfWorld { axis: "y", value: p.y, min: 0.0, max: wy });
        }
        let (z0, z1) = (f64::from(WORLD_Z_MIN) / t, f64::from(WORLD_Z_MAX) / t);
        if !(z0..z1).contains(&p.z) {
            return Err(OutOfWorld { axis: "z", value: p.z, min: z0, max: z1 });
        }
        let x = (p.x.rem_euclid(wx) * t).floor() as u32 % WORLD_X;
        Ok(Self { x, y: (p.y * t).floor() as u32, z: (p.z * t).floor() as u32 })
    }

    /// Ticks east of the date line.
    #[inline]
    #[must_use]
    pub const fn x(self) -> u32 {
        self.x
    }

    /// Ticks north of the south pole.
    #[inline]
    #[must_use]
    pub const fn y(self) -> u32 {
        self.y
    }

    /// Ticks above the root's floor.
    #[inline]
    #[must_use]
    pub const fn z(self) -> u32 {
        self.z
    }

    /// Centre of the voxel in degrees and metres.
    #[must_use]
    pub fn to_geo(self) -> GeoPoint {
        GeoPoint {
            lon: (f64::from(self.x) + 0.5) / f64::from(WORLD_X) * 360.0 - 180.0,
            lat: (f64::from(self.y) + 0.5) / f64::from(WORLD_Y) * 180.0 - 90.0,
            alt: (f64::from(self.z) - f64::from(SEA_LEVEL) + 0.5) / f64::from(TICKS_PER_METRE),
        }
    }

    /// Centre of the voxel in frame metres.
    #[must_use]
    pub fn to_metres(self) -> DVec3 {
        DVec3::new(f64::from(self.x), f64::from(self.y), f64::from(self.z)) / f64::from(TICKS_PER_METRE)
            + DVec3::splat(0.125)
    }

    /// This voxel moved east (or west, if negative) by `dx` ticks around the globe.
    #[must_use]
    pub fn east(self, dx: i64) -> Self {
        let x = (i64::from(self.x) + dx).rem_euclid(i64::from(WORLD_X));
        // Fits: the result is below WORLD_X, a u32.
        Self { x: x as u32, ..self }
    }
}

/// The z tick that holds an altitude in metres above sea level.
///
/// # Errors
/// [`OutOfWorld`] outside −10 000 000 ≤ alt < 10 000 000 m, and for NaN.
pub fn alt_to_tick(alt: f64) -> Result<u32, OutOfWorld> {
    let (min, max) = (f64::from(MIN_ALT), f64::from(MAX_ALT));
    if !(min..max).contains(&alt) {
        return Err(OutOfWorld { axis: "alt", value: alt, min, max });
    }
    let ticks = (alt * f64::from(TICKS_PER_METRE)).floor() + f64::from(SEA_LEVEL);
    Ok(ticks as u32)
}

/// Altitude of the lower face of tick `z`, in metres above sea level.
#[must_use]
pub fn tick_to_alt(z: u32) -> f64 {
    (f64::from(z) - f64::from(SEA_LEVEL)) / f64::from(TICKS_PER_METRE)
}

#[cold]
fn out_of_ticks(x: u32, y: u32, z: u32) -> OutOfWorld {
    let (axis, value, min, max) = if x >= WORLD_X {
        ("x", x, 0, WORLD_X)
    } else if y >= WORLD_Y {
        ("y", y, 0, WORLD_Y)
    } else {
        ("z", z, WORLD_Z_MIN, WORLD_Z_MAX)
    };
    OutOfWorld { axis, value: value.into(), min: min.into(), max: max.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_are_half_open() {
        assert!(Pos::new(WORLD_X - 1, WORLD_Y - 1, WORLD_Z_MAX - 1).is_ok());
        assert_eq!(Pos::new(WORLD_X, 0, SEA_LEVEL).unwrap_err().axis, "x");
        assert_eq!(Pos::new(0, WORLD_Y, SEA_LEVEL).unwrap_err().axis, "y");
        assert_eq!(Pos::new(0, 0, WORLD_Z_MAX).unwrap_err().axis, "z");
        assert_eq!(Pos::new(0, 0, WORLD_Z_MIN - 1).unwrap_err().axis, "z");
        let at = |lon, lat, alt| Pos::from_geo(GeoPoint { lon, lat, alt });
        assert!(at(0.0, 90.0, 0.0).is_err());
        assert!(at(0.0, -90.0, 0.0).is_ok());
        assert!(at(0.0, 0.0, 10_000_000.0).is_err());
        assert!(at(0.0, 0.0, -10_000_000.0).is_ok());
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(at(bad, 0.0, 0.0).is_err());
            assert!(at(0.0, bad, 0.0).is_err());
            assert!(at(0.0, 0.0, bad).is_err());
            assert!(Pos::from_metres(DVec3::new(bad, 0.0, 3e7)).is_err());
        }
    }

    #[test]
    fn sea_level_parts_the_ticks() {
        let at = |alt| Pos::from_geo(GeoPoint { lon: 0.0, lat: 0.0, alt }).unwrap().z();
        assert_eq!(at(0.0), SEA_LEVEL);
        assert_eq!(at(-0.01), SEA_LEVEL - 1);
        assert_eq!(at(0.249), SEA_LEVEL);
        assert_eq!(at(0.25), SEA_LEVEL + 1);
    }

    #[test]
    fn the_date_line_wraps() {
        let at = |lon| Pos::from_geo(GeoPoint { lon, lat: 10.0, alt: 0.0 }).unwrap().x();
        assert_eq!(at(180.0), 0);
        assert_eq!(at(-180.0), 0);
        assert_eq!(at(540.0), 0);
        assert_eq!(at(0.0), WORLD_X / 2);
        assert_eq!(at(-1e-18 - 180.0), 0);
        let p = Pos::new(0, 5, SEA_LEVEL).unwrap();
        assert_eq!(p.east(-1).x(), WORLD_X - 1);
        assert_eq!(p.east(-1).east(1), p);
    }

    proptest! {
        #[test]
        fn centre_of_a_voxel_is_in_it(x in 0..WORLD_X, y in 0..WORLD_Y, z in WORLD_Z_MIN..WORLD_Z_MAX) {
            let p = Pos::new(x, y, z).unwrap();
            prop_assert_eq!(Pos::from_geo(p.to_geo()).unwrap(), p);
            prop_assert_eq!(Pos::from_metres(p.to_metres()).unwrap(), p);
        }
    }
}
