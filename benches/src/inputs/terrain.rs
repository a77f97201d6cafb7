//! Rasters to erode: fractal mountains, and a window of the real relief.

use std::path::Path;

use bm_process::field::Field;

use super::{Random, relief};
use crate::harness::BenchError;

/// A raster and the constants of what happens to it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Heights in metres.
    pub ground: Field,
    /// The constants.
    pub law: Law,
}

/// Constants of rivers and creep; years and metres.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Erodibility.
    pub k: f64,
    /// Exponent of the area.
    pub m: f64,
    /// Exponent of the slope.
    pub n: f64,
    /// Diffusivity.
    pub d: f64,
    /// A step.
    pub dt: f64,
}

impl Default for Law {
    fn default() -> Self {
        Self { k: 1e-5, m: 0.4, n: 1.0, d: 0.01, dt: 1e4 }
    }
}

/// Fractal mountains of 1 km on cells of 100 m: octaves of value noise, each half as wide and 0.55 times as high as
/// the one before, down to single cells.
#[must_use]
pub fn fractal(size: usize, seed: u64) -> Field {
    octaves(size, size / 4, seed)
}

/// Land of any size whose mountains are alike: the widest octave is 256 cells.
#[must_use]
pub fn ranges(size: usize, seed: u64) -> Field {
    octaves(size, 256.min(size / 4), seed)
}

fn octaves(size: usize, widest: usize, seed: u64) -> Field {
    let mut values = vec![0.0; size * size];
    let mut random = Random::new(seed);
    let (mut step, mut height) = (widest, 1.0);
    while step >= 1 {
        let nodes = size / step + 3;
        let noise: Vec<f64> = (0..nodes * nodes).map(|_| random.unit() * height).collect();
        let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
        for y in 0..size {
            let (row, ty) = (y / step, smooth((y % step) as f64 / step as f64));
            for x in 0..size {
                let (column, tx) = (x / step, smooth((x % step) as f64 / step as f64));
                let at = |dx: usize, dy: usize| noise[(row + dy) * nodes + column + dx];
                let south = at(0, 0) + (at(1, 0) - at(0, 0)) * tx;
                let north = at(0, 1) + (at(1, 1) - at(0, 1)) * tx;
                values[y * size + x] += south + (north - south) * ty;
            }
        }
        step /= 2;
        height *= 0.55;
    }
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &z| (z.min(low), z.max(high)));
    values.iter_mut().for_each(|z| *z = (*z - low) / (high - low) * 1000.0);
    Field { width: size, height: size, dx: vec![100.0; size].into(), dy: 100.0, values }
}

/// Central Asia from the real relief: `size` × `size` samples, whole metres, taken as cells of 9 km; `None` when the
/// relief is not there.
///
/// # Errors
/// When the file is not what it should be.
pub fn asia(size: usize) -> Result<Option<Field>, BenchError> {
    let Some(path) = relief::etopo5_path() else { return Ok(None) };
    let found = relief::read(&path)?;
    let metres = relief::whole_metres(&found)?;
    let width = found.width;
    if width < size || metres.len() / width < size {
        return Ok(None);
    }
    let (left, bottom) = ((width - size) / 2, metres.len() / width - size - 100);
    // The relief has whole metres: within them heights are drawn, the same in every run. Over plateaus the peers' floods
    // raise some cells by more units in the last place than the least gradient takes, and water goes other ways there.
    let height = |x, y| {
        let k = (bottom + y) * width + left + x;
        let drawn = (k as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let drawn = (drawn ^ drawn >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        f64::from(metres[k]) + (drawn >> 11) as f64 / (1_u64 << 53) as f64
    };
    Ok(Some(Field::square(size, size, 9000.0, height)))
}

/// The same land so high up that all heights have the same unit in the last place: from 2¹⁴ m on, which must leave room for
/// the relief below 2¹⁵ m. Processes that know differences of heights alone do the same there.
///
/// Over a lake the least gradient is a unit in the last place. Where the sea is near, such units of heights are smaller than
/// those of the drops from shores, so of two cells of a lake beside a shore either may seem the steeper way: whether drops are
/// compared or quotients of them then decides. Here all drops are exact, and have bits to spare.
#[must_use]
pub fn lifted(mut ground: Field) -> Field {
    let low = ground.values.iter().copied().fold(f64::MAX, f64::min).floor();
    ground.values.iter_mut().for_each(|z| *z = *z - low + 16_384.0);
    ground
}

/// Writes floats as they are in memory.
///
/// # Errors
/// When the file cannot be written.
pub fn write_floats(path: &Path, values: &[f64]) -> Result<(), BenchError> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
    std::fs::write(path, bytes).map_err(|source| BenchError::File { path: path.to_owned(), source })
}

/// Reads them.
///
/// # Errors
/// When the file cannot be read.
pub fn floats(path: &Path) -> Result<Vec<f64>, BenchError> {
    let bytes = std::fs::read(path).map_err(|source| BenchError::File { path: path.to_owned(), source })?;
    let (values, _) = bytes.as_chunks::<8>();
    Ok(values.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::{fractal, lifted};

    #[test]
    fn lifted_land_has_one_last_place() {
        let field = lifted(fractal(32, 1));
        assert!(field.values.iter().all(|z| (16_384.0..32_768.0).contains(z)));
    }

    #[test]
    fn mountains_are_rough_and_bounded() {
        let field = fractal(64, 1);
        assert!(field.values.iter().all(|z| (0.0..=1000.0).contains(z)));
        let lower = |cell: usize| [1, 64].iter().all(|step| field.values[cell] < field.values[cell - step]);
        assert!((65..64 * 64).filter(|&cell| lower(cell)).count() > 100);
    }
}
