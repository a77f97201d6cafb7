//! GeoTIFF: the tags and keys that tie a raster to the globe, and the writer.
//!
//! Reading is in [`crate::relief`]; this module knows the georeferencing part of the format
//! (OGC 19-008) and nothing of heights.

mod keys;
mod write;

pub(crate) use keys::GeoTags;
pub use write::{GeoTiffRegion, TiffSamples, write_geotiff};

use crate::error::Fault;
use tiff::TiffError;

/// A TIFF library error as a finding. Its limits and gaps are not damage.
pub(crate) fn tiff_fault(place: &str, e: &TiffError) -> Fault {
    match e {
        TiffError::UnsupportedError(u) => Fault::unsupported(
            place,
            u.to_string(),
            "rewrite it with `gdal_translate -co COMPRESS=DEFLATE in.tif out.tif`",
        ),
        TiffError::LimitsExceeded => Fault::unsupported(
            place,
            "a strip, tile or tag larger than 256 MiB",
            "rewrite it with `gdal_translate -co TILED=YES in.tif out.tif`",
        ),
        other => Fault::damaged(place, other.to_string()),
    }
}
