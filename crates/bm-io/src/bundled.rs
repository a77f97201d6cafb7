//! The data that come with the crate.

use crate::error::IoError;
use crate::relief::{Relief, ReliefOptions, read_relief_bytes};

/// The file itself: NetCDF classic, compressed with zstd. `data/README.md` says where from.
pub const ETOPO20_CDF_ZST: &[u8] = include_bytes!("../data/etopo20.cdf.zst");

/// Global relief of the land and the sea floor, 1080 × 540 samples 20 minutes of arc apart
/// (ETOPO, NOAA, public domain). Heights are kept to the quarter metre.
///
/// # Errors
/// None in practice: the data are checked by the crate's tests.
pub fn bundled_etopo20() -> Result<Relief, IoError> {
    read_relief_bytes(ETOPO20_CDF_ZST, "bundled etopo20.cdf.zst", &ReliefOptions::default())
}

/// The file itself: TopoJSON, compressed with zstd. `data/README.md` says where from.
#[cfg(feature = "vector")]
pub const LAND_10M_JSON_ZST: &[u8] = include_bytes!("../data/land-10m.json.zst");

/// The land of the Earth at 1:10 000 000 (Natural Earth, public domain): one multipolygon of 4 061 parts and 408 943
/// vertices on a grid of 0.0036° × 0.0017°, some 400 m × 190 m at the equator. What runs over the date line goes on beyond
/// ±180°, and Antarctica is closed over the pole.
///
/// # Errors
/// None in practice: the data are checked by the crate's tests.
#[cfg(feature = "vector")]
pub fn natural_earth_land() -> Result<crate::vector::Features, IoError> {
    use crate::vector::{DateLine, VectorOptions, read_features_bytes};
    let options = VectorOptions {
        layer: Some("land".into()),
        date_line: DateLine::Shortest,
        ..VectorOptions::default()
    };
    let mut land = read_features_bytes(LAND_10M_JSON_ZST, "bundled land-10m.json.zst", &options)?;
    land.features.iter_mut().for_each(|f| round(&mut f.geometry));
    Ok(land)
}

/// Rounds polygons to millionths of a degree, the tenth of a metre: beside the grid of the file it is nothing, and
/// whole numbers take a quarter of the room that fractions do.
#[cfg(feature = "vector")]
fn round(geometry: &mut geo_types::Geometry<f64>) {
    use geo_types::{Geometry, LineString};
    let each = |ring: &mut LineString<f64>| {
        for c in &mut ring.0 {
            (c.x, c.y) = ((c.x * 1e6).round() / 1e6, (c.y * 1e6).round() / 1e6);
        }
    };
    if let Geometry::MultiPolygon(all) = geometry {
        for p in all {
            p.exterior_mut(each);
            p.interiors_mut(|rings| rings.iter_mut().for_each(each));
        }
    }
}
