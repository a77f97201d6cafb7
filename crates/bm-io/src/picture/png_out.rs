//! PNG files.

use super::{Image, Rgb};
use crate::error::IoError;
use crate::output::write_atomic;
use std::io::Write;
use std::path::Path;

fn encode(width: usize, height: usize, data: &[u8], palette: Option<&[Rgb]>) -> Result<Vec<u8>, IoError> {
    let bad = |p: String| {
        IoError::argument("picture", p, "pass width times height pixels, and at most 256 colours")
    };
    let side = |n: usize| u32::try_from(n).map_err(|e| bad(e.to_string()));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side(width)?, side(height)?);
    encoder.set_depth(png::BitDepth::Eight);
    match palette {
        None => encoder.set_color(png::ColorType::Rgb),
        Some(p) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(p.as_flattened());
        }
    }
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().map_err(|e| bad(e.to_string()))?;
    writer.write_image_data(data).map_err(|e| bad(e.to_string()))?;
    writer.finish().map_err(|e| bad(e.to_string()))?;
    Ok(out)
}

/// A picture as the bytes of a PNG file.
///
/// # Errors
/// [`IoError::Argument`] if the picture's bytes do not fit its size.
pub fn encode_png(image: &Image) -> Result<Vec<u8>, IoError> {
    encode(image.width, image.height, &image.rgb, None)
}

/// The same with a palette: one byte a pixel, row 0 at the top, at most 256 colours. A picture
/// of few materials is several times smaller this way.
///
/// # Errors
/// [`IoError::Argument`] if sizes do not fit or a pixel is beyond the palette.
pub fn encode_png_palette(
    width: usize,
    height: usize,
    pixels: &[u8],
    palette: &[Rgb],
) -> Result<Vec<u8>, IoError> {
    let beyond = pixels.iter().any(|&p| usize::from(p) >= palette.len());
    if palette.len() > 256 || beyond {
        return Err(IoError::argument(
            "palette",
            "a pixel is beyond it, or it is too long",
            "use 1 to 256 colours",
        ));
    }
    encode(width, height, pixels, Some(palette))
}

/// Writes a picture; the file appears whole or not at all.
///
/// # Errors
/// As [`encode_png`], and [`IoError::Os`] if the file cannot be written.
pub fn write_png(path: impl AsRef<Path>, image: &Image) -> Result<(), IoError> {
    let bytes = encode_png(image)?;
    write_atomic(path.as_ref(), |out| out.write_all(&bytes))
}

/// Writes a picture with a palette; the file appears whole or not at all.
///
/// # Errors
/// As [`encode_png_palette`], and [`IoError::Os`] if the file cannot be written.
pub fn write_png_palette(
    path: impl AsRef<Path>,
    width: usize,
    height: usize,
    pixels: &[u8],
    palette: &[Rgb],
) -> Result<(), IoError> {
    let bytes = encode_png_palette(width, height, pixels, palette)?;
    write_atomic(path.as_ref(), |out| out.write_all(&bytes))
}
