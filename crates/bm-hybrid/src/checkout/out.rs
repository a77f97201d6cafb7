//! Layers of a check-out as files that other tools read.

use super::look::{Look, Values};
use crate::error::WorldError;
use crate::export::ExportReport;
use bm_grid::Region;
use bm_io::{Axis, GridGeoref};
use std::path::Path;
use std::time::Instant;

/// Half metres a degree, exactly.
const HALF_METRES: i64 =
    2 * (bm_core::frame::WORLD_X as i64) / (bm_core::frame::TICKS_PER_METRE as i64) / 360;
/// Parts of a half metre that positions are told in.
const PARTS: i64 = 1000;

/// What a layer is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// GeoTIFF of `f32` in EPSG:4326, north up; NaN where there is no number.
    GeoTiff,
    /// NumPy array in the layer's own precision, `[row south→north, column west→east]`.
    Npy,
    /// A map with a colour bar; of heights shaded relief with rivers.
    Png,
}

impl Format {
    /// By the end of a file's name.
    #[must_use]
    pub fn by_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "tif" | "tiff" => Some(Self::GeoTiff),
            "npy" => Some(Self::Npy),
            "png" => Some(Self::Png),
            _ => None,
        }
    }
}

/// Where the middles of a region's cells lie.
#[must_use]
pub fn georef(region: &Region) -> GridGeoref {
    let (corner, cell) = (region.bounds().min, region.cell_size());
    let parts = |metres: f64| (metres * 2.0 * PARTS as f64).round() as i64;
    let axis = |corner: f64, zero: i64| Axis {
        origin_num: parts(corner + cell / 2.0) - zero * HALF_METRES * PARTS,
        step_num: parts(cell),
        den: HALF_METRES * PARTS,
    };
    GridGeoref { x: axis(corner.x, 180), y: axis(corner.y, 90), wraps: false }
}

impl Look {
    /// Writes a layer; the file appears whole or not at all.
    ///
    /// # Errors
    /// [`WorldError::Data`] when there is no such layer, or the format is left out of this build; [`WorldError::Io`] when the file
    /// cannot be written.
    pub fn export(&self, layer: &str, format: Format, path: &Path) -> Result<ExportReport, WorldError> {
        let start = Instant::now();
        let bad = |detail: String| WorldError::Data { what: "layer", detail: format!("{layer}: {detail}") };
        let values = self.layer(layer).ok_or_else(|| {
            bad(format!("{} has none of this name; it has {}", self.name, self.layers().join(", ")))
        })?;
        let shape = vec![self.state.ground.height, self.state.ground.width];
        match format {
            Format::Npy => match values {
                Values::F64(values) => bm_io::npy::write_npy(path, &shape, values)?,
                Values::F32(values) => bm_io::npy::write_npy(path, &shape, values)?,
            },
            #[cfg(feature = "geotiff")]
            Format::GeoTiff => {
                use bm_io::geotiff::{GeoTiffRegion, TiffSamples, write_geotiff};
                let region = self.state.region.ok_or_else(|| bad("it lies nowhere".into()))?;
                let samples: Vec<f32> = values.iter().map(|value| value as f32).collect();
                let (georef, width, height) = (georef(&region), shape[1], shape[0]);
                let samples = TiffSamples::F32(&samples);
                let nodata = Some(f64::NAN);
                write_geotiff(path, &GeoTiffRegion { georef: &georef, width, height, samples, nodata })?;
            }
            #[cfg(feature = "render")]
            Format::Png => {
                let sheet = if layer == bm_grid::layer::ELEVATION {
                    super::picture::relief_sheet(
                        &self.state,
                        &format!("{} after {:.0} years", self.name, self.years()),
                    )?
                } else {
                    let unit = super::layers::unit(layer);
                    super::picture::layer_sheet(&self.state, layer, unit, values.iter().collect())?
                };
                bm_io::picture::write_png(path, &sheet)?;
            }
            #[allow(unreachable_patterns, reason = "some builds leave formats out")]
            _ => return Err(bad("files of this kind are left out of this build".into())),
        }
        let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
        Ok(ExportReport { path: path.to_owned(), sidecar: None, shape, bytes, elapsed: start.elapsed() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bm_grid::{Bounds, DVec2};

    #[test]
    fn cells_lie_where_the_region_says() {
        for (cell, x) in [(500.0, 2.0e7), (0.25, 1e6), (333.25, 4.0e7)] {
            let min = DVec2::new(x, 1.5e7);
            let region =
                Region::in_world(Bounds { min, max: min + DVec2::splat(40.0 * cell) }, cell).unwrap();
            let g = georef(&region);
            for k in [0, 17, 39] {
                let metres = |degrees: f64, zero: f64| (degrees + zero) * 111_319.5;
                let (lon, lat) = (g.x.degrees(k), g.y.degrees(k));
                assert!((metres(lon, 180.0) - region.center_x(k as u32)).abs() < 1e-5, "{lon}");
                assert!((metres(lat, 90.0) - region.center_y(k as u32)).abs() < 1e-5, "{lat}");
            }
        }
        assert_eq!(HALF_METRES, 222_639);
        assert_eq!(Format::by_name(Path::new("a/b.TIF")), Some(Format::GeoTiff));
        assert_eq!(Format::by_name(Path::new("tif")), None);
    }
}
