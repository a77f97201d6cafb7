//! TIFF files made in memory: every kind reads alike, damage never panics.

#![allow(clippy::unwrap_used)] // the helpers of the tests, too

use super::tests::{message, read, torment};
use super::*;
use crate::georef::Axis;
use crate::geotiff::{GeoTiffRegion, TiffSamples, write_geotiff};
use tiff::encoder::colortype::{Gray32Float, GrayI16, RGB8};
use tiff::encoder::{Compression, TiffEncoder, TiffKindBig, TiffKindStandard};
use tiff::tags::{Predictor, Tag};

fn georef(width: usize, wraps: bool) -> crate::GridGeoref {
    let step = if wraps { 360 * 2 / width as i64 } else { 1 };
    crate::GridGeoref {
        x: Axis { origin_num: -360 + if wraps { 1 } else { 200 }, step_num: step, den: 2 },
        y: Axis { origin_num: -21, step_num: 2, den: 24 },
        wraps,
    }
}

#[test]
fn what_is_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.tif");
    for (width, wraps) in [(7, false), (360, true)] {
        let height = 5;
        let g = georef(width, wraps);
        let n = width * height;
        let i16s: Vec<i16> = (0..n).map(|i| (i * 37 % 9000) as i16 - 4000).collect();
        let f32s: Vec<f32> = i16s.iter().map(|v| f32::from(*v) / 8.0).collect();
        let u16s: Vec<u16> = (0..n).map(|i| (i % 5000) as u16).collect();
        let i32s: Vec<i32> = i16s.iter().map(|v| i32::from(*v) * 2).collect();
        let all = [
            TiffSamples::I16(&i16s),
            TiffSamples::F32(&f32s),
            TiffSamples::U16(&u16s),
            TiffSamples::I32(&i32s),
        ];
        for samples in all {
            let nodata = matches!(samples, TiffSamples::I16(_)).then_some(-4000.0);
            let region = GeoTiffRegion { georef: &g, width, height, samples, nodata };
            write_geotiff(&path, &region).unwrap();
            let r = read_relief(&path, &ReliefOptions::default()).unwrap();
            assert_eq!((r.width, r.height, r.georef.wraps), (width, height, wraps));
            for axis in [(g.x, r.georef.x), (g.y, r.georef.y)] {
                assert_eq!(axis.0.degrees(0), axis.1.degrees(0));
                assert_eq!(axis.0.step_degrees(), axis.1.step_degrees());
            }
            for i in 0..n {
                let want = match samples {
                    TiffSamples::I16(v) => f64::from(v[i]),
                    TiffSamples::U16(v) => f64::from(v[i]),
                    TiffSamples::I32(v) => f64::from(v[i]),
                    TiffSamples::F32(v) => f64::from(v[i]),
                };
                match r.height_m(i % width, i / width) {
                    None => assert_eq!(Some(want), nodata),
                    Some(got) => assert!((got - want).abs() <= 0.125, "{got} {want}"),
                }
            }
        }
    }
    let short = GeoTiffRegion {
        georef: &georef(7, false),
        width: 7,
        height: 2,
        samples: TiffSamples::U16(&[0]),
        nodata: None,
    };
    assert!(matches!(write_geotiff(&path, &short), Err(IoError::Argument { .. })));
}

struct Make {
    keys: Vec<u16>,
    compression: Compression,
    predictor: Predictor,
    scale: [f64; 3],
    nodata: &'static str,
}

impl Default for Make {
    fn default() -> Self {
        Self {
            keys: vec![1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326],
            compression: Compression::Uncompressed,
            predictor: Predictor::None,
            scale: [0.5, 0.5, 0.0],
            nodata: "-9999",
        }
    }
}

impl Make {
    fn tags<W: std::io::Write + std::io::Seek, K: tiff::encoder::TiffKind>(
        &self,
        t: &mut tiff::encoder::DirectoryEncoder<'_, W, K>,
    ) {
        t.write_tag(Tag::ModelPixelScaleTag, &self.scale[..]).unwrap();
        t.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, 10.0, 50.0, 0.0][..]).unwrap();
        t.write_tag(Tag::GeoKeyDirectoryTag, &self.keys[..]).unwrap();
        t.write_tag(Tag::GdalNodata, self.nodata).unwrap();
    }

    fn build(&self, big: bool) -> Vec<u8> {
        let mut out = std::io::Cursor::new(Vec::new());
        let data: Vec<i16> = vec![1, 2, 3, 4, -9999, 6];
        macro_rules! write {
            ($k:ty) => {{
                let mut e = TiffEncoder::<_, $k>::new_generic(&mut out)
                    .unwrap()
                    .with_compression(self.compression)
                    .with_predictor(self.predictor);
                let mut image = e.new_image::<GrayI16>(3, 2).unwrap();
                self.tags(image.encoder());
                image.write_data(&data).unwrap();
            }};
        }
        if big {
            write!(TiffKindBig)
        } else {
            write!(TiffKindStandard)
        }
        out.into_inner()
    }
}

#[test]
fn kinds_of_tiff_read_alike() {
    let first = read(&Make::default().build(false)).unwrap();
    assert_eq!(first.values, [4, Relief::NODATA, 6, 1, 2, 3]);
    assert_eq!((first.georef.x.degrees(0), first.georef.y.degrees(0)), (10.25, 49.25));
    for compression in [Compression::Lzw, Compression::Packbits, Compression::Deflate(Default::default())] {
        for predictor in [Predictor::None, Predictor::Horizontal] {
            let m = Make { compression, predictor, ..Make::default() };
            assert_eq!(read(&m.build(false)).unwrap(), first);
            assert_eq!(read(&m.build(true)).unwrap(), first);
        }
    }
    let mut point = Make::default();
    point.keys[11] = 2;
    let r = read(&point.build(false)).unwrap();
    assert_eq!((r.georef.x.degrees(0), r.georef.y.degrees(1)), (10.0, 50.0));
}

#[test]
fn what_does_not_serve_is_refused_with_a_cure() {
    let with = |keys: &[u16]| message(&Make { keys: keys.to_vec(), ..Make::default() }.build(false));
    let e = with(&[1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32633]);
    assert!(e.contains("EPSG:32633") && e.contains("gdalwarp"), "{e}");
    assert!(with(&[1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4277]).contains("EPSG:4277"));
    assert!(with(&[1, 1, 0, 0]).contains("no GeoKeys"));
    assert!(with(&[1, 1]).contains("shorter than its own header"));
    let flat = Make { scale: [0.0, 0.5, 0.0], ..Make::default() };
    assert!(message(&flat.build(false)).contains("pixel size"));
    let word = Make { nodata: "none", ..Make::default() };
    assert!(message(&word.build(false)).contains("`none`"));
    let mut out = std::io::Cursor::new(Vec::new());
    TiffEncoder::new(&mut out).unwrap().write_image::<RGB8>(2, 2, &[0; 12]).unwrap();
    assert!(message(out.get_ref()).contains("gdal_translate -b 1"));
    let mut out = std::io::Cursor::new(Vec::new());
    TiffEncoder::new(&mut out).unwrap().write_image::<Gray32Float>(2, 2, &[0.0; 4]).unwrap();
    assert!(message(out.get_ref()).contains("GeoKeys"));
}

#[test]
fn damaged_tiff_never_panics() {
    for compression in [Compression::Uncompressed, Compression::Lzw, Compression::Deflate(Default::default())]
    {
        for big in [false, true] {
            torment(&Make { compression, predictor: Predictor::Horizontal, ..Make::default() }.build(big));
        }
    }
}
