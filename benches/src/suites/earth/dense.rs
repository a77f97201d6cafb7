//! The peer for answers: the whole raster as one array of heights, looked up directly.
//!
//! This is what one would write who has memory for all samples and no wish for edits, versions, or
//! anything that is not relief. It defines the surface as the world does, in a few lines that know
//! nothing of pages: heights between samples are bilinear at the middle of a voxel's column, with
//! weights of 16 bits rounded down, and a voxel is ground when its middle lies below the surface.

use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y};
use bm_core::{MaterialId, Pos};
use bm_io::Relief;

const ONE: i64 = 1 << 16;

/// All heights of a global raster, in memory.
#[derive(Clone, Debug)]
pub struct Dense {
    width: usize,
    height: usize,
    /// First sample and samples a tick, eastwards and northwards.
    x: (f64, f64),
    y: (f64, f64),
    /// Quarter metres a unit of `heights`.
    unit: i64,
    /// Row by row from the south, each row closed by its first sample; 16 bits, because half the
    /// memory is twice the cache.
    heights: Vec<i16>,
}

impl Dense {
    /// `None` unless the raster goes round the globe without holes, in heights of 16 bits.
    #[must_use]
    pub fn new(relief: &Relief) -> Option<Self> {
        if !relief.georef.wraps || relief.nodata_count > 0 {
            return None;
        }
        let heights: Option<Vec<i16>> = relief
            .values
            .chunks_exact(relief.width)
            .flat_map(|row| row.iter().chain(row.first()))
            .map(|&value| i16::try_from(value).ok())
            .collect();
        let ratio = |world: u32, degrees: f64, axis: bm_io::Axis| {
            let per_degree = f64::from(world) / degrees;
            let first = (axis.degrees(0) + degrees / 2.0) * per_degree;
            (first, 1.0 / (axis.step_degrees() * per_degree))
        };
        Some(Self {
            width: relief.width,
            height: relief.height,
            x: ratio(WORLD_X, 360.0, relief.georef.x),
            y: ratio(WORLD_Y, 180.0, relief.georef.y),
            unit: relief.unit_ticks.into(),
            heights: heights?,
        })
    }

    /// Bytes the array takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.heights[..])
    }

    /// Whether the voxel is below the surface; `None` beyond the first and the last row.
    #[inline]
    #[must_use]
    pub fn is_ground(&self, at: Pos) -> Option<bool> {
        let (i, wx) = spot(self.x, at.x(), self.width)?;
        let (j, wy) = spot(self.y, at.y(), self.height - 1)?;
        let row = self.width + 1;
        let corner = j * row + i;
        let sample = |k: usize| i64::from(self.heights[k]);
        let south = sample(corner) * (ONE - wx) + sample(corner + 1) * wx;
        let north = sample(corner + row) * (ONE - wx) + sample(corner + row + 1) * wx;
        let surface = self.unit * (south * (ONE - wy) + north * wy);
        let middle = 2 * (i64::from(at.z()) - i64::from(SEA_LEVEL)) + 1;
        Some(middle << 31 < surface)
    }
}

impl Dense {
    /// Rock below the surface; above it the sea up to its level, then air.
    #[inline]
    #[must_use]
    pub fn material(&self, at: Pos) -> Option<MaterialId> {
        Some(if self.is_ground(at)? {
            MaterialId::ROCK
        } else if at.z() < SEA_LEVEL {
            MaterialId::SEAWATER
        } else {
            MaterialId::AIR
        })
    }
}

/// Index of the sample before the middle of a voxel, and the weight of the next one.
#[inline]
fn spot((first, per_tick): (f64, f64), tick: u32, cells: usize) -> Option<(usize, i64)> {
    let place = (f64::from(tick) + 0.5 - first) * per_tick;
    // A raster that begins east of the date line begins with its last cell.
    let place = if place < 0.0 { place + cells as f64 } else { place };
    let scaled = (place * ONE as f64) as i64;
    let index = (scaled >> 16) as usize;
    (index < cells).then_some((index, scaled & (ONE - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_where_the_raster_has_them() {
        let mut relief = bm_io::bundled::bundled_etopo20().unwrap();
        // Its heights are averages, in quarter metres: too many for 16 bits.
        for height in &mut relief.values {
            *height = height.div_euclid(4);
        }
        relief.unit_ticks = 4;
        let dense = Dense::new(&relief).unwrap();
        assert_eq!(dense.bytes(), 2 * relief.height * (relief.width + 1));
        for (column, row) in [(0, 0), (5, 7), (700, 400), (relief.width - 1, relief.height - 2)] {
            let lon = relief.georef.x.degrees(column as i64);
            let lat = relief.georef.y.degrees(row as i64);
            let height = relief.height_m(column, row).unwrap();
            // The position is rounded to a voxel: a few metres of slope at most.
            for (alt, expected) in [(height - 5.0, true), (height + 5.0, false)] {
                let at = Pos::from_geo(bm_core::GeoPoint { lon, lat, alt }).unwrap();
                if let Some(found) = dense.is_ground(at) {
                    assert_eq!(found, expected, "column {column}, row {row}, {alt} m");
                }
            }
        }
        let sky = bm_core::GeoPoint { lon: 0.0, lat: 0.0, alt: 9000.0 };
        let at = Pos::from_geo(sky).unwrap();
        assert_eq!(dense.material(at), Some(MaterialId::AIR));
    }
}
