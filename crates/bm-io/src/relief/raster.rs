//! Rasters of any numbers: rates, temperatures, velocities.

use super::heights::ValueSink;
use super::{ReliefOptions, ReliefSource, check_samples, normalise, read_raw};
use crate::error::{Fault, IoError};
use crate::georef::GridGeoref;
use crate::input;
use crate::npy::Header;
use std::path::Path;

/// Numbers on an even grid, in whatever unit the file has them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Raster {
    /// Where the samples lie; `None` for a plain array, which does not say.
    pub georef: Option<GridGeoref>,
    /// Columns (west to east).
    pub width: usize,
    /// Rows (south to north).
    pub height: usize,
    /// `width · height` numbers, row by row from the south-west corner; NaN where the file has none.
    pub values: Vec<f64>,
    /// Where in the file they were. Of plain arrays the unit is not known, and empty.
    pub source: ReliefSource,
}

impl Raster {
    /// The value at a place, bilinear between samples; a place less than half a sample beyond the outermost ones has theirs.
    /// `None` farther out, where a sample that counts has no data, and for plain arrays.
    #[must_use]
    pub fn at(&self, lon: f64, lat: f64) -> Option<f64> {
        let georef = self.georef.as_ref()?;
        let (w, h) = (self.width as f64, self.height as f64);
        // A hundredth of a sample beyond the half is still rounding of whoever wrote the axes.
        let inside = |v: f64, n: f64| (v >= -0.51 && v <= n - 0.49).then(|| v.clamp(0.0, n - 1.0));
        let y = inside(georef.y.index_of(lat), h)?;
        let turn = 360.0 / georef.x.step_degrees();
        let mut x = georef.x.index_of(lon);
        x -= ((x + 0.51) / turn).floor() * turn;
        let x = if georef.wraps { x.rem_euclid(w) } else { inside(x, w)? };
        let (i, j) = (x.floor(), y.floor());
        let (along, up) = (x - i, y - j);
        let (i, j) = (i as usize % self.width, j as usize);
        let (east, north) = ((i + 1) % self.width, (j + 1).min(self.height - 1));
        let (mut sum, mut whole) = (0.0, true);
        for (row, by_row) in [(j, 1.0 - up), (north, up)] {
            for (column, by_column) in [(i, 1.0 - along), (east, along)] {
                let weight = by_row * by_column;
                if weight > 0.0 {
                    let value = self.values[row * self.width + column];
                    whole &= !value.is_nan();
                    sum += weight * value;
                }
            }
        }
        whole.then_some(sum)
    }
}

/// Reads a raster from a NetCDF classic file, a GeoTIFF, a NumPy `.npz` with its edges, or a plain `.npy` array
/// `[row south→north, column west→east]`, told apart by their first bytes; each may be compressed with zstd as a whole.
///
/// # Errors
/// [`IoError`] naming the file, the place in it and the cure; see there for the kinds.
pub fn read_raster(path: impl AsRef<Path>, options: &ReliefOptions) -> Result<Raster, IoError> {
    let path = path.as_ref();
    let bytes = input::read_file(path, options.max_bytes)?;
    read_raster_bytes(&bytes, &path.display().to_string(), options)
}

/// The same for bytes already in memory; `name` stands for the file in messages.
///
/// # Errors
/// As [`read_raster`].
pub fn read_raster_bytes(bytes: &[u8], name: &str, options: &ReliefOptions) -> Result<Raster, IoError> {
    read_any(bytes, options).map_err(|fault| fault.at(name))
}

fn read_any(bytes: &[u8], options: &ReliefOptions) -> Result<Raster, Fault> {
    let bytes = input::unwrap_zstd(bytes, options.max_bytes)?;
    if bytes.starts_with(crate::npy::MAGIC) {
        return array(&bytes, options);
    }
    normalise::plain(read_raw::<ValueSink>(&bytes, options)?)
}

/// A plain array: its numbers and its shape.
fn array(bytes: &[u8], options: &ReliefOptions) -> Result<Raster, Fault> {
    let place = "array";
    let mut rest = bytes;
    let header = Header::read(&mut rest, place)?;
    let [height, width] = header.shape[..] else {
        return Err(Fault::unsuitable(
            place,
            format!("has shape {:?}, not [rows, columns]", header.shape),
            "store a 2-D array, its first row southernmost",
        ));
    };
    let count = check_samples(width as u64, height as u64, options)?;
    let needed = count.checked_mul(header.size).filter(|&n| n <= rest.len());
    let Some(data) = needed.and_then(|n| rest.get(..n)) else {
        let problem = format!("{count} numbers of {} bytes cannot be in {} bytes", header.size, rest.len());
        return Err(Fault::damaged(place, problem));
    };
    let stored = |k: usize| header.decode(&data[k * header.size..(k + 1) * header.size]);
    let at = |k: usize| {
        let (row, column) = (k / width, k % width);
        let value = stored(if header.fortran_order { column * height + row } else { k });
        if value.is_finite() { value } else { f64::NAN }
    };
    let values = (0..count).map(at).collect();
    let source = ReliefSource { format: "NPY", variable: "array".into(), units: String::new() };
    Ok(Raster { georef: None, width, height, values, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::georef::Axis;
    use crate::npy::testing;

    fn raster(wraps: bool) -> Raster {
        let axis = |origin_num, step_num| Axis { origin_num, step_num, den: 1 };
        let georef = if wraps {
            GridGeoref { x: axis(-180, 90), y: axis(-45, 45), wraps }
        } else {
            GridGeoref { x: axis(10, 1), y: axis(40, 1), wraps }
        };
        let values = (0..12).map(|k| f64::from(k % 4) + 10.0 * f64::from(k / 4)).collect();
        let source = ReliefSource { format: "NPY", variable: String::new(), units: String::new() };
        Raster { georef: Some(georef), width: 4, height: 3, values, source }
    }

    #[test]
    fn places_between_samples_have_something_between_them() {
        let r = raster(false);
        assert_eq!(r.at(10.0, 40.0), Some(0.0));
        assert_eq!(r.at(11.5, 40.0), Some(1.5));
        assert_eq!(r.at(12.25, 41.5), Some(17.25));
        assert_eq!(r.at(12.25 - 360.0, 41.5), Some(17.25));
        // Half a sample beyond the outermost belongs to it.
        assert_eq!((r.at(9.5, 39.5), r.at(13.5, 42.5)), (Some(0.0), Some(23.0)));
        assert_eq!((r.at(9.4, 40.0), r.at(13.6, 40.0), r.at(10.0, 42.6)), (None, None, None));
        let mut holed = r.clone();
        holed.values[5] = f64::NAN;
        assert_eq!((holed.at(11.0, 40.5), holed.at(11.0, 40.0)), (None, Some(1.0)));
        let round = raster(true);
        assert_eq!((round.at(135.0, 0.0), round.at(-225.0, 0.0)), (Some(11.5), Some(11.5)));
        let [a, b] = [179.9, -180.1].map(|lon| round.at(lon, -45.0).unwrap());
        assert!((a - b).abs() < 1e-12 && a < 3.0, "{a} {b}");
        assert_eq!(round.at(180.0, 45.0), Some(20.0));
    }

    #[cfg(feature = "geotiff")]
    #[test]
    fn small_numbers_stay_what_they_are() {
        use crate::geotiff::{GeoTiffRegion, TiffSamples, write_geotiff};
        let r = raster(false);
        let samples: Vec<f32> = r.values.iter().map(|&v| v as f32 * 1e-5).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("uplift.tif");
        let georef = r.georef.as_ref().unwrap();
        let samples = TiffSamples::F32(&samples);
        write_geotiff(&path, &GeoTiffRegion { georef, width: 4, height: 3, samples, nodata: Some(0.0) })
            .unwrap();
        let read = read_raster(&path, &ReliefOptions::default()).unwrap();
        assert_eq!((read.georef, read.source.units.as_str()), (r.georef, ""));
        assert_eq!(read.values[5], f64::from(11.0_f32 * 1e-5));
        assert!(read.values[0].is_nan());
        // As heights they would all be 0.
        assert!(crate::read_relief(&path, &ReliefOptions::default()).unwrap().values.contains(&0));
    }

    #[test]
    fn plain_arrays_and_broken_ones() {
        let read = |bytes: &[u8]| read_raster_bytes(bytes, "a.npy", &ReliefOptions::default());
        let bytes = testing::bytes(&[2, 3], &[1.0, 2.5, f64::NAN, f64::INFINITY, -5.0, 1e-9]);
        let r = read(&bytes).unwrap();
        assert_eq!((r.width, r.height, r.georef), (3, 2, None));
        assert_eq!((r.values[1], r.values[5]), (2.5, 1e-9));
        assert!(r.values[2].is_nan() && r.values[3].is_nan());
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut]).is_err(), "{cut}");
        }
        let says = |bytes: &[u8], word: &str| {
            let e = read(bytes).unwrap_err().to_string();
            assert!(e.contains(word) && e.contains("a.npy"), "{e}");
        };
        says(&testing::bytes(&[6], &[0.0; 6]), "[rows, columns]");
        says(&testing::bytes(&[1 << 20, 1 << 20], &[]), "limit");
        says(&testing::bytes(&[1 << 14, 1 << 14], &[0.0]), "cannot be in");
        says(&testing::bytes(&[usize::MAX, 3], &[0.0]), "limit");
        for flip in 0..bytes.len().min(128) {
            let mut bytes = bytes.clone();
            bytes[flip] ^= 0x15;
            let _no_panic = read(&bytes);
        }
    }
}
