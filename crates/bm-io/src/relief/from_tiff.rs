//! A single-band GeoTIFF as relief.

use super::heights::{HeightRule, Sink};
use super::normalise::RawRelief;
use super::{ReliefOptions, ReliefSource, check_samples};
use crate::error::Fault;
use crate::geotiff::{GeoTags, tiff_fault};
use std::io::Cursor;
use tiff::ColorType;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

/// No method in use packs more than this many bytes into one (deflate reaches 1032, LZW 2700),
/// so a raster that claims more than the file could hold is refused before memory is asked for.
const MAX_RATIO: u64 = 4096;

pub(super) fn read<S: Sink>(bytes: &[u8], options: &ReliefOptions) -> Result<RawRelief<S>, Fault> {
    let fault = |place: &'static str| move |e| tiff_fault(place, &e);
    let mut d =
        Decoder::new(Cursor::new(bytes)).map_err(fault("first directory"))?.with_limits(limits(bytes));
    let (width, height) = d.dimensions().map_err(fault("image size"))?;
    let samples = check_samples(u64::from(width), u64::from(height), options)?;
    let bits = match d.colortype().map_err(fault("sample layout"))? {
        ColorType::Gray(bits @ (8 | 16 | 32 | 64)) => bits,
        other => {
            return Err(Fault::unsupported(
                "sample layout",
                format!("{other:?}, but a {} is one band of numbers", S::MEANT),
                "rewrite it with `gdal_translate -b 1 -ot Float32 in.tif out.tif`",
            ));
        }
    };
    let claimed = samples as u64 * u64::from(bits / 8);
    if claimed / MAX_RATIO > bytes.len() as u64 {
        return Err(Fault::damaged(
            "image size",
            format!("{width} by {height} samples cannot be in {} bytes", bytes.len()),
        ));
    }
    let tags = GeoTags::read(&mut d, width, height)?;
    let rule = HeightRule {
        scale: tags.scale,
        offset: tags.offset,
        unit_m: S::unit(&tags.units, "vertical units")?,
        missing: tags.nodata.into_iter().collect(),
        single: false,
        ..HeightRule::default()
    };
    let heights = read_chunks(&mut d, (width as usize, height as usize), rule)?;
    Ok(RawRelief {
        lon: tags.placement.lon,
        lat: tags.placement.lat,
        column_major: false,
        heights,
        source: ReliefSource {
            format: "GeoTIFF",
            variable: "band 1".into(),
            units: if tags.units.is_empty() { S::UNIT.into() } else { tags.units },
        },
    })
}

fn limits(bytes: &[u8]) -> Limits {
    let mut l = Limits::default();
    // Tags hold an offset a strip: never more than the file itself.
    l.ifd_value_size = bytes.len().clamp(1 << 10, 64 << 20);
    let most = usize::try_from((bytes.len() as u64).saturating_mul(MAX_RATIO)).unwrap_or(usize::MAX);
    l.decoding_buffer_size = l.decoding_buffer_size.min(most);
    l.intermediate_buffer_size = l.intermediate_buffer_size.min(most);
    l
}

/// Decodes strip by strip or tile by tile, so that only the heights are held whole.
fn read_chunks<S: Sink>(
    d: &mut Decoder<Cursor<&[u8]>>,
    (width, height): (usize, usize),
    mut rule: HeightRule,
) -> Result<S, Fault> {
    let (chunk_w, chunk_h) = chunk_size(d, width, height)?;
    let (across, down) = (width.div_ceil(chunk_w), height.div_ceil(chunk_h));
    // GDAL prints a nodata value with enough digits for f64; in f32 data it means the nearest f32.
    let format = d.find_tag_unsigned::<u16>(Tag::SampleFormat).ok().flatten().unwrap_or(1);
    let bits = d.find_tag_unsigned::<u16>(Tag::BitsPerSample).ok().flatten().unwrap_or(0);
    rule.single = format == 3 && bits == 32;
    let mut sink = S::new(rule, width * height)?;
    sink.kept().resize(width * height, S::NONE);
    for index in 0..across * down {
        let (left, top) = ((index % across) * chunk_w, (index / across) * chunk_h);
        let (w, h) = (chunk_w.min(width - left), chunk_h.min(height - top));
        let place = || format!("strip or tile {index} of {}", across * down);
        let id = u32::try_from(index).map_err(|e| Fault::damaged(place(), e.to_string()))?;
        let data = d.read_chunk(id).map_err(|e| tiff_fault(&place(), &e))?;
        let mut put = |i: usize, raw: f64| {
            let at = (top + i / w) * width + left + i % w;
            let kept = sink.convert(raw, at);
            sink.kept()[at] = kept;
        };
        macro_rules! all {
            ($v:expr, $f:expr) => {{
                if $v.len() != w * h {
                    return Err(Fault::damaged(
                        place(),
                        format!("{} samples where {} belong", $v.len(), w * h),
                    ));
                }
                $v.iter().enumerate().for_each(|(i, &x)| put(i, $f(x)))
            }};
        }
        match data {
            DecodingResult::U8(v) => all!(v, f64::from),
            DecodingResult::I8(v) => all!(v, f64::from),
            DecodingResult::U16(v) => all!(v, f64::from),
            DecodingResult::I16(v) => all!(v, f64::from),
            DecodingResult::U32(v) => all!(v, f64::from),
            DecodingResult::I32(v) => all!(v, f64::from),
            DecodingResult::U64(v) => all!(v, |x| x as f64),
            DecodingResult::I64(v) => all!(v, |x| x as f64),
            DecodingResult::F16(v) => all!(v, f64::from),
            DecodingResult::F32(v) => all!(v, f64::from),
            DecodingResult::F64(v) => all!(v, |x: f64| x),
        }
    }
    sink.finish(width, "band 1")
}

fn chunk_size(d: &mut Decoder<Cursor<&[u8]>>, width: usize, height: usize) -> Result<(usize, usize), Fault> {
    let mut tag = |t: Tag| d.find_tag_unsigned::<u32>(t).map_err(|e| tiff_fault("strip and tile size", &e));
    let tiled = (tag(Tag::TileWidth)?, tag(Tag::TileLength)?);
    let rows = tag(Tag::RowsPerStrip)?;
    let (w, h) = match (d.get_chunk_type(), tiled) {
        (ChunkType::Tile, (Some(w), Some(h))) => (w as usize, h as usize),
        (ChunkType::Strip, _) => (width, (rows.unwrap_or(u32::MAX) as usize).min(height)),
        _ => {
            return Err(Fault::damaged("strip and tile size", "tiles without a size"));
        }
    };
    if w == 0 || h == 0 {
        return Err(Fault::damaged("strip and tile size", "zero"));
    }
    Ok((w, h))
}
