//! Regions out as GeoTIFF: EPSG:4326, north up, PixelIsArea, deflate.

use crate::error::IoError;
use crate::georef::GridGeoref;
use crate::output::write_atomic;
use std::io::{self, Cursor, Write};
use std::path::Path;
use tiff::TiffError;
use tiff::encoder::colortype::{ColorType, Gray16, Gray32Float, GrayI16, GrayI32};
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, TiffEncoder, TiffValue};
use tiff::tags::{Predictor, Tag};

/// The samples of a region; row 0 is the southernmost, as everywhere here.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum TiffSamples<'a> {
    /// Material ids.
    U16(&'a [u16]),
    /// Heights in whole metres.
    I16(&'a [i16]),
    /// Heights in any whole unit.
    I32(&'a [i32]),
    /// Heights in metres.
    F32(&'a [f32]),
}

impl TiffSamples<'_> {
    fn len(&self) -> usize {
        match self {
            Self::U16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
        }
    }
}

/// A 2-D region and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct GeoTiffRegion<'a> {
    /// Positions of the samples (the centres of the pixels written).
    pub georef: &'a GridGeoref,
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
    /// `width · height` samples, row 0 southernmost, columns west to east.
    pub samples: TiffSamples<'a>,
    /// The sample value that means "no data", if there is one.
    pub nodata: Option<f64>,
}

/// Writes a region as a one-band GeoTIFF: north up, `PixelIsArea`, WGS 84 (EPSG:4326), deflate
/// in strips of about a megabyte. The file appears whole or not at all.
///
/// # Errors
/// [`IoError::Argument`] if sizes do not fit, [`IoError::Os`] if the file cannot be written.
pub fn write_geotiff(path: impl AsRef<Path>, region: &GeoTiffRegion<'_>) -> Result<(), IoError> {
    let GeoTiffRegion { width, height, samples, .. } = *region;
    let n = width.checked_mul(height).filter(|n| *n > 0 && *n == samples.len());
    if n.is_none() {
        return Err(IoError::argument(
            "GeoTIFF region",
            format!("{} samples for {width} by {height}", samples.len()),
            "pass width times height samples",
        ));
    }
    let bytes = encode(region)
        .map_err(|e| IoError::argument("GeoTIFF region", e.to_string(), "write a smaller region"))?;
    write_atomic(path.as_ref(), |out| out.write_all(&bytes))
}

fn encode(region: &GeoTiffRegion<'_>) -> Result<Vec<u8>, TiffError> {
    let mut out = Cursor::new(Vec::new());
    match region.samples {
        TiffSamples::U16(v) => image::<Gray16>(&mut out, region, v, Predictor::Horizontal)?,
        TiffSamples::I16(v) => image::<GrayI16>(&mut out, region, v, Predictor::Horizontal)?,
        TiffSamples::I32(v) => image::<GrayI32>(&mut out, region, v, Predictor::Horizontal)?,
        // The encoder has no floating-point predictor, and the horizontal one is for integers.
        TiffSamples::F32(v) => image::<Gray32Float>(&mut out, region, v, Predictor::None)?,
    }
    Ok(out.into_inner())
}

fn image<C: ColorType>(
    out: &mut Cursor<Vec<u8>>,
    region: &GeoTiffRegion<'_>,
    samples: &[C::Inner],
    predictor: Predictor,
) -> Result<(), TiffError>
where
    C::Inner: Copy,
    [C::Inner]: TiffValue,
{
    let side = |n: usize| u32::try_from(n).map_err(io::Error::other);
    let mut encoder = TiffEncoder::new(out)?
        .with_compression(Compression::Deflate(DeflateLevel::Balanced))
        .with_predictor(predictor);
    let mut image = encoder.new_image::<C>(side(region.width)?, side(region.height)?)?;
    let (x, y) = (&region.georef.x, &region.georef.y);
    // Half a step outwards from the north-west sample's centre is the pixel's corner. Halving is
    // done on whole numbers, so that 1/12° cells get the same corners from any origin.
    let corner = |num: i128, den: i64| num as f64 / (2.0 * den as f64);
    let west = corner(2 * i128::from(x.origin_num) - i128::from(x.step_num), x.den);
    let rows = region.height as i128;
    let north = corner(2 * i128::from(y.origin_num) + (2 * rows - 1) * i128::from(y.step_num), y.den);
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, &[x.step_degrees(), y.step_degrees(), 0.0][..])?;
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, west, north, 0.0][..])?;
    #[rustfmt::skip]
    let keys: [u16; 20] = [
        1, 1, 0, 4,
        1024, 0, 1, 2,    // model: geographic
        1025, 0, 1, 1,    // raster: pixel is area
        2048, 0, 1, 4326, // WGS 84
        2054, 0, 1, 9102, // degrees
    ];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..])?;
    if let Some(v) = region.nodata {
        tags.write_tag(Tag::GdalNodata, v.to_string().as_str())?;
    }
    // One call with a flipped copy: the library's strip-by-strip path leaves the data
    // uncompressed under a tag that says deflate (tiff 0.11.3).
    let flipped: Vec<C::Inner> = samples.chunks_exact(region.width).rev().flatten().copied().collect();
    image.write_data(&flipped)
}
