//! Relief: a raster of heights above (and depths below) sea level.
//!
//! Whatever a file's order, the result has **row 0 southernmost, columns west to east**, sample
//! positions as exact fractions of a degree, and heights as whole multiples of a quarter metre.
//!
//! | A file says | What comes out |
//! |---|---|
//! | rows north to south, columns east to west, `(lon, lat)` order | flipped or transposed |
//! | longitudes 0…360, −180…180, or starting anywhere | first column in [−180°, 180°); a global grid is rotated to start at the date line |
//! | a last column that repeats the first | dropped, if it really repeats it |
//! | `scale_factor`, `add_offset`, `units` of m, km, feet | metres |
//! | `_FillValue`, `missing_value`, `valid_range`, NaN, GDAL nodata | [`Relief::NODATA`] |
//! | GeoTIFF `PixelIsArea` | positions of the pixel centres |

mod from_netcdf;
#[cfg(feature = "npz")]
mod from_npz;
#[cfg(feature = "geotiff")]
mod from_tiff;
mod heights;
mod normalise;
mod raster;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "npz"))]
mod tests_npz;
#[cfg(all(test, feature = "geotiff"))]
mod tests_tiff;

pub use raster::{Raster, read_raster, read_raster_bytes};

use crate::error::{Fault, IoError};
use crate::georef::GridGeoref;
use crate::input::{self, Magic};
use std::path::Path;

/// Heights on an even grid of longitudes and latitudes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Relief {
    /// Where the samples lie.
    pub georef: GridGeoref,
    /// Columns (west to east).
    pub width: usize,
    /// Rows (south to north).
    pub height: usize,
    /// `width · height` heights above sea level, row by row from the south-west corner, in
    /// multiples of `unit_ticks` quarter metres; [`Relief::NODATA`] where the file has none.
    pub values: Vec<i32>,
    /// Quarter metres a unit of `values`: 4 if every height in the file is a whole metre, else 1.
    pub unit_ticks: i32,
    /// The largest difference between a height in the file and the one kept, metres (0 when all
    /// are whole or quarter metres; at most 0.125).
    pub max_rounding_m: f64,
    /// The largest difference between a position in the file and the fraction kept, degrees.
    pub max_axis_shift_deg: f64,
    /// How many samples are [`Relief::NODATA`].
    pub nodata_count: usize,
    /// Where in the file the heights were, and in which unit.
    pub source: ReliefSource,
}

/// What a [`Relief`] was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReliefSource {
    /// "NetCDF classic", "GeoTIFF" or "NPZ".
    pub format: &'static str,
    /// Name of the variable, array or band.
    pub variable: String,
    /// The unit of the heights in the file, "m" where it names none.
    pub units: String,
}

impl Relief {
    /// Marks a sample without a height in [`Relief::values`].
    pub const NODATA: i32 = i32::MIN;

    /// Height of a sample in quarter metres above sea level; `None` outside the raster and
    /// where the file has no data.
    #[must_use]
    pub fn height_ticks(&self, column: usize, row: usize) -> Option<i32> {
        if column >= self.width || row >= self.height {
            return None;
        }
        let v = *self.values.get(row * self.width + column)?;
        (v != Self::NODATA).then(|| v * self.unit_ticks)
    }

    /// Height of a sample in metres above sea level.
    #[must_use]
    pub fn height_m(&self, column: usize, row: usize) -> Option<f64> {
        self.height_ticks(column, row).map(|t| f64::from(t) / 4.0)
    }

    /// The sample nearest to a position, if the position is within half a sample of the raster.
    /// Longitudes may be given in any turn.
    #[must_use]
    pub fn nearest(&self, lon: f64, lat: f64) -> Option<(usize, usize)> {
        let row = self.georef.y.index_of(lat).round();
        let x = &self.georef.x;
        let turn = 360.0 / x.step_degrees();
        let mut column = x.index_of(lon);
        column -= ((column + 0.5) / turn).floor() * turn;
        let mut column = column.round();
        if self.georef.wraps && column >= self.width as f64 {
            column = 0.0;
        }
        let inside = |v: f64, n: usize| (v >= 0.0 && v < n as f64).then_some(v as usize);
        Some((inside(column, self.width)?, inside(row, self.height)?))
    }

    /// All heights as f32 metres in the same order, NaN where there are none: what
    /// [`shade`](crate::picture::shade) and the array writers take.
    #[must_use]
    pub fn to_metres_f32(&self) -> Vec<f32> {
        let unit = self.unit_ticks as f32 / 4.0;
        self.values.iter().map(|&v| if v == Self::NODATA { f32::NAN } else { v as f32 * unit }).collect()
    }

    /// Lowest and highest height in metres; `None` if there is no data at all.
    #[must_use]
    pub fn range_m(&self) -> Option<(f64, f64)> {
        let known = self.values.iter().filter(|&&v| v != Self::NODATA);
        let (lo, hi) = known.fold((i32::MAX, i32::MIN), |(lo, hi), &v| (lo.min(v), hi.max(v)));
        let m = |v: i32| f64::from(v) * f64::from(self.unit_ticks) / 4.0;
        (lo <= hi).then(|| (m(lo), m(hi)))
    }
}

/// How to read relief.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReliefOptions {
    /// The variable (NetCDF) or array (NPZ) that holds the heights; needed only if a file has
    /// several candidates.
    pub variable: Option<String>,
    /// Refuse files, and zstd content, above this many bytes (default 8 GiB).
    pub max_bytes: u64,
    /// Refuse rasters above this many samples (default 2^30; each takes 4 bytes).
    pub max_samples: u64,
}

impl Default for ReliefOptions {
    fn default() -> Self {
        Self { variable: None, max_bytes: 8 << 30, max_samples: 1 << 30 }
    }
}

impl ReliefOptions {
    /// Names the variable to read.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>) -> Self {
        self.variable = Some(name.into());
        self
    }
}

/// Reads relief from a NetCDF classic file, a GeoTIFF, or a NumPy `.npz` elevation model, told
/// apart by their first bytes; each may be compressed with zstd as a whole.
///
/// # Errors
/// [`IoError`] naming the file, the place in it and the cure; see there for the kinds.
pub fn read_relief(path: impl AsRef<Path>, options: &ReliefOptions) -> Result<Relief, IoError> {
    let path = path.as_ref();
    let bytes = input::read_file(path, options.max_bytes)?;
    read_relief_bytes(&bytes, &path.display().to_string(), options)
}

/// The same for bytes already in memory; `name` stands for the file in messages.
///
/// # Errors
/// As [`read_relief`].
pub fn read_relief_bytes(bytes: &[u8], name: &str, options: &ReliefOptions) -> Result<Relief, IoError> {
    read_any(bytes, options).map_err(|fault| fault.at(name))
}

fn read_any(bytes: &[u8], options: &ReliefOptions) -> Result<Relief, Fault> {
    let bytes = input::unwrap_zstd(bytes, options.max_bytes)?;
    normalise::normalise(read_raw(&bytes, options)?)
}

fn read_raw<S: heights::Sink>(
    bytes: &[u8],
    options: &ReliefOptions,
) -> Result<normalise::RawRelief<S>, Fault> {
    match input::sniff(bytes)? {
        Magic::NetCdf => from_netcdf::read(bytes, options),
        #[cfg(feature = "geotiff")]
        Magic::Tiff => from_tiff::read(bytes, options),
        #[cfg(feature = "npz")]
        Magic::Zip => from_npz::read(bytes, options),
        #[allow(unreachable_patterns)]
        other => Err(Fault::unsupported(
            "first bytes",
            format!("{other:?} files are left out of this build"),
            "build with the `geotiff` and `npz` features",
        )),
    }
}

/// Refuses rasters too large to hold before any memory is asked for.
fn check_samples(columns: u64, rows: u64, options: &ReliefOptions) -> Result<usize, Fault> {
    let too_many = || {
        Fault::unsuitable(
            "raster size",
            format!("{columns} by {rows} samples are more than the limit of {}", options.max_samples),
            "crop or coarsen the raster, or raise `max_samples`",
        )
    };
    if columns < 2 || rows < 2 {
        return Err(Fault::unsuitable(
            "raster size",
            format!("{columns} by {rows} samples"),
            "give a raster with at least 2 by 2 samples",
        ));
    }
    let n = columns.checked_mul(rows).filter(|n| *n <= options.max_samples).ok_or_else(too_many)?;
    usize::try_from(n).map_err(|_e| too_many())
}
