//! Small files made in memory, in every dress and every kind of undress.

use super::*;
use crate::georef::Axis;
use crate::netcdf::testing::{NcBuilder, TestAttr, TestData};

fn even(first: f64, step: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| first + step * i as f64).collect()
}

/// The height in metres of the test world at a position: any two samples differ.
fn ground(lon: f64, lat: f64) -> f64 {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    (lon * 10.0).round() + (lat * 7.0).round() * 0.25
}

fn read(bytes: &[u8]) -> Result<Relief, IoError> {
    read_relief_bytes(bytes, "test.nc", &ReliefOptions::default())
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

/// A `height(lat, lon)` or, transposed, `height(lon, lat)` file of [`ground`].
fn file(lon: &[f64], lat: &[f64], transposed: bool) -> Vec<u8> {
    if !transposed {
        let data = lat
            .iter()
            .flat_map(|y| lon.iter().map(|x| ground(*x, *y)))
            .collect();
        return NcBuilder::relief(lon, lat, TestData::F64(data)).build();
    }
    let data: Vec<f64> = lon
        .iter()
        .flat_map(|x| lat.iter().map(|y| ground(*x, *y)))
        .collect();
    NcBuilder::new(2)
        .dim("lat", lat.len())
        .dim("lon", lon.len())
        .var(
            "lat",
            &[0],
            &[("units", TestAttr::Text("degrees_north"))],
            TestData::F64(lat.to_vec()),
        )
        .var(
            "lon",
            &[1],
            &[("units", TestAttr::Text("degrees_east"))],
            TestData::F64(lon.to_vec()),
        )
        .var(
            "height",
            &[1, 0],
            &[("units", TestAttr::Text("m"))],
            TestData::F64(data),
        )
        .build()
}

fn assert_ground(r: &Relief) {
    for row in 0..r.height {
        for column in 0..r.width {
            let want = ground(
                r.georef.x.degrees(column as i64),
                r.georef.y.degrees(row as i64),
            );
            assert_eq!(
                r.height_m(column, row),
                Some(want),
                "column {column}, row {row}"
            );
        }
    }
}

#[test]
fn every_order_of_a_global_grid_gives_the_same_relief() {
    let south_up = even(-90.0, 10.0, 19);
    let north_down: Vec<f64> = south_up.iter().rev().copied().collect();
    let first = read(&file(&even(-180.0, 10.0, 36), &south_up, false)).unwrap();
    assert_ground(&first);
    assert!(first.georef.wraps);
    assert_eq!(
        first.georef.x,
        Axis {
            origin_num: -18,
            step_num: 1,
            den: 1
        }
        .scaled(10)
    );
    for lons in [
        even(0.0, 10.0, 36),
        even(20.0, 10.0, 37),
        even(170.0, -10.0, 36),
        even(530.0, 10.0, 36),
    ] {
        for lats in [&south_up, &north_down] {
            for transposed in [false, true] {
                assert_eq!(read(&file(&lons, lats, transposed)).unwrap(), first);
            }
        }
    }
}

impl Axis {
    fn scaled(self, k: i64) -> Self {
        Self {
            origin_num: self.origin_num * k,
            step_num: self.step_num * k,
            den: self.den,
        }
    }
}

#[test]
fn local_grids_keep_their_place() {
    let r = read(&file(&even(178.0, 0.5, 9), &even(-10.25, 0.5, 5), false)).unwrap();
    assert!(!r.georef.wraps);
    assert_ground(&r);
    assert_eq!(r.nearest(-179.6, -9.3), Some((5, 2)));
    assert_eq!(r.nearest(-170.0, -9.3), None);
    let r = read(&file(&even(190.0, 0.5, 9), &even(0.0, 0.5, 5), false)).unwrap();
    assert_eq!(r.georef.x.degrees(0), -170.0);
}

#[test]
fn whole_metres_keep_metre_units_and_others_quarters() {
    let (lon, lat) = (even(0.0, 1.0, 3), even(0.0, 1.0, 2));
    let r = read(&NcBuilder::relief(&lon, &lat, TestData::I16(vec![1, -2, 3, 4, 5, 6])).build())
        .unwrap();
    assert_eq!(
        (r.unit_ticks, &r.values[..], r.max_rounding_m),
        (4, &[1, -2, 3, 4, 5, 6][..], 0.0)
    );
    let r = read(
        &NcBuilder::relief(
            &lon,
            &lat,
            TestData::F32(vec![0.25, 0.3125, -1.0, 1.0, 2.0, 3.0]),
        )
        .build(),
    )
    .unwrap();
    assert_eq!(
        (r.unit_ticks, &r.values[..], r.max_rounding_m),
        (1, &[1, 1, -4, 4, 8, 12][..], 0.0625)
    );
}

#[test]
fn packing_units_and_holes_are_understood() {
    let build = |attrs: &[(&str, TestAttr)], data| {
        NcBuilder::new(1)
            .dim("y", 2)
            .dim("x", 2)
            .var("x", &[1], &[], TestData::F64(vec![0.0, 1.0]))
            .var("y", &[0], &[], TestData::F64(vec![0.0, 1.0]))
            .var("z", &[0, 1], attrs, data)
            .build()
    };
    let attrs = [
        ("scale_factor", TestAttr::F64(0.5)),
        ("add_offset", TestAttr::F32(100.0)),
        ("_FillValue", TestAttr::I16(-9)),
        ("units", TestAttr::Text("meters")),
    ];
    let r = read(&build(&attrs, TestData::I16(vec![0, 1, -9, 3]))).unwrap();
    assert_eq!(
        (r.nodata_count, r.height_m(1, 0), r.height_m(0, 1)),
        (1, Some(100.5), None)
    );
    let r = read(&build(
        &[("units", TestAttr::Text("km"))],
        TestData::F32(vec![1.0, -4.5, f32::NAN, 0.0]),
    ))
    .unwrap();
    assert_eq!((r.height_m(1, 0), r.height_m(0, 1)), (Some(-4500.0), None));
    let r = read(&build(
        &[("units", TestAttr::Text("feet"))],
        TestData::I32(vec![10_000, 0, 0, 0]),
    ))
    .unwrap();
    assert_eq!(r.height_m(0, 0), Some(3048.0));
    let e = message(&build(
        &[("units", TestAttr::Text("hPa"))],
        TestData::I32(vec![0; 4]),
    ));
    assert!(e.contains("`hPa`") && e.contains("variable `z`"), "{e}");
    let e = message(&build(&[], TestData::F32(vec![1.0, 2.0, 3.0, 850_000.0])));
    assert!(
        e.contains("column 1 of row 1") && e.contains("units"),
        "{e}"
    );
    let e = message(&build(&[], TestData::F32(vec![f32::NAN; 4])));
    assert!(e.contains("without data"), "{e}");
}

#[test]
fn the_variable_is_found_or_the_candidates_are_named() {
    let two = |a: &str, b: &str| {
        NcBuilder::relief(&[0.0, 1.0], &[0.0, 1.0], TestData::I16(vec![1; 4]))
            .var(a, &[0, 1], &[], TestData::I16(vec![2; 4]))
            .var(b, &[0, 1], &[], TestData::I16(vec![3; 4]))
            .build()
    };
    let e = message(&two("bathymetry", "mask"));
    assert!(e.contains("height, bathymetry, mask"), "{e}");
    assert_eq!(read(&two("temperature", "mask")).unwrap().values, [1; 4]);
    let options = ReliefOptions::default().with_variable("mask");
    assert_eq!(
        read_relief_bytes(&two("t", "mask"), "f", &options)
            .unwrap()
            .values,
        [3; 4]
    );
    let options = ReliefOptions::default().with_variable("lat");
    let e = read_relief_bytes(&two("t", "mask"), "f", &options)
        .unwrap_err()
        .to_string();
    assert!(e.contains("candidates: height, t, mask"), "{e}");
}

#[test]
fn record_variables_and_every_version_read_alike() {
    for version in [1, 2, 5] {
        let mut b = NcBuilder::new(version)
            .dim("lat", 0)
            .dim("lon", 3)
            .var(
                "lon",
                &[1],
                &[("units", TestAttr::Text("degrees_E"))],
                TestData::F32(vec![0.0, 1.0, 2.0]),
            )
            .var("height", &[0, 1], &[], TestData::I16((0..6).collect()))
            .var("unused", &[], &[], TestData::F64(vec![0.0]));
        b.records = Some(2);
        // A lone record variable: its records of 6 bytes are not padded. Latitude is absent.
        let e = message(&b.build());
        assert!(
            e.contains("no variable over a longitude and a latitude axis"),
            "{e}"
        );
    }
    let u16s = NcBuilder::relief(&[0.0, 1.0], &[5.0, 4.0], TestData::U16(vec![1, 2, 3, 4]));
    assert!(
        read(&u16s.build()).is_err(),
        "unsigned types belong to CDF-5"
    );
}

#[test]
fn projected_and_impossible_axes_are_refused() {
    let metric = NcBuilder::new(1)
        .dim("y", 2)
        .dim("x", 2)
        .var(
            "x",
            &[1],
            &[("units", TestAttr::Text("m"))],
            TestData::F64(vec![5e5, 5e5 + 30.0]),
        )
        .var(
            "y",
            &[0],
            &[("units", TestAttr::Text("m"))],
            TestData::F64(vec![4e6, 4e6 + 30.0]),
        )
        .var("z", &[0, 1], &[], TestData::I16(vec![0; 4]))
        .build();
    assert!(
        message(&metric).contains("gdalwarp"),
        "{}",
        message(&metric)
    );
    let e = message(&file(&even(0.0, 10.0, 3), &even(80.0, 10.0, 3), false));
    assert!(
        e.contains("latitude axis") && e.contains("beyond the poles"),
        "{e}"
    );
    let e = message(&file(&[0.0, 1.0, 1.0], &[0.0, 1.0], false));
    assert!(
        e.contains("longitude axis, index 2") && e.contains("monotone"),
        "{e}"
    );
    let e = message(&file(&even(0.0, 10.0, 40), &[0.0, 1.0], false));
    assert!(e.contains("crop"), "{e}");
    let mut lon = even(0.0, 10.0, 37);
    let mut data: Vec<f64> = lon.iter().chain(&lon).map(|x| ground(*x, 0.0)).collect();
    data[36] += 1.0;
    let e = message(&NcBuilder::relief(&lon, &[0.0, 1.0], TestData::F64(data)).build());
    assert!(e.contains("same meridian") && e.contains("row 0"), "{e}");
    lon.truncate(1);
    let e = message(&NcBuilder::relief(&lon, &[0.0, 1.0], TestData::I16(vec![0; 2])).build());
    assert!(e.contains("at least 2"), "{e}");
    let e = message(&NcBuilder::relief(&[], &[], TestData::I16(vec![])).build());
    assert!(!e.is_empty());
}

#[test]
fn paths_and_foreign_files_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let o = ReliefOptions::default();
    let e = read_relief(dir.path(), &o).unwrap_err();
    assert!(
        e.is_bad_input() && e.to_string().contains("give the file itself"),
        "{e}"
    );
    let e = read_relief(dir.path().join("none.nc"), &o).unwrap_err();
    assert!(e.is_bad_input() && e.to_string().contains("none.nc"), "{e}");
    let empty = dir.path().join("empty.nc");
    std::fs::write(&empty, b"").unwrap();
    assert!(
        read_relief(&empty, &o)
            .unwrap_err()
            .to_string()
            .contains("empty")
    );
    assert!(message(b"\x89HDF\r\n\x1a\n....").contains("nccopy -k classic"));
    assert!(message(b"hello").contains("68 65 6c 6c"));
    assert!(message(b"CDF\x07....").contains("nccopy"));
}

#[test]
fn limits_hold_before_memory_is_taken() {
    let bytes = file(&even(0.0, 1.0, 20), &even(0.0, 1.0, 20), false);
    let o = ReliefOptions {
        max_samples: 399,
        ..ReliefOptions::default()
    };
    assert!(
        read_relief_bytes(&bytes, "f", &o)
            .unwrap_err()
            .to_string()
            .contains("max_samples")
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.nc");
    std::fs::write(&path, &bytes).unwrap();
    let o = ReliefOptions {
        max_bytes: 100,
        ..ReliefOptions::default()
    };
    assert!(
        read_relief(&path, &o)
            .unwrap_err()
            .to_string()
            .contains("100 bytes")
    );
    #[cfg(feature = "zst")]
    {
        let packed = zstd::encode_all(&vec![0_u8; 1 << 20][..], 3).unwrap();
        assert!(
            read_relief_bytes(&packed, "f", &o)
                .unwrap_err()
                .to_string()
                .contains("more than the limit")
        );
        let packed = zstd::encode_all(&bytes[..], 3).unwrap();
        assert_eq!(read(&packed).unwrap(), read(&bytes).unwrap());
        for cut in 0..packed.len() {
            assert!(read(&packed[..cut]).is_err());
        }
    }
}

/// Cuts a file at every length and flips every byte three ways: errors or answers, no panics.
pub(super) fn torment(bytes: &[u8]) {
    for cut in 0..bytes.len() {
        let _ = read(&bytes[..cut]);
    }
    let mut b = bytes.to_vec();
    for i in 0..b.len() {
        for flip in [0x01, 0x80, 0xff] {
            b[i] ^= flip;
            let _ = read(&b);
            b[i] ^= flip;
        }
    }
}

#[test]
fn damaged_netcdf_never_panics() {
    for version in [1, 2, 5] {
        let lon = [0.0, 1.0, 2.0];
        let mut b = NcBuilder::new(version)
            .dim("time", 0)
            .dim("lat", 2)
            .dim("lon", 3)
            .var(
                "lon",
                &[2],
                &[("units", TestAttr::Text("degrees_east"))],
                TestData::F64(lon.to_vec()),
            )
            .var(
                "lat",
                &[1],
                &[("units", TestAttr::Text("degrees_north"))],
                TestData::F32(vec![1.0, 0.0]),
            )
            .var(
                "z",
                &[0, 1, 2],
                &[
                    ("units", TestAttr::Text("m")),
                    ("_FillValue", TestAttr::I16(-1)),
                ],
                TestData::I16((0..6).collect()),
            );
        b.records = Some(1);
        let bytes = b.build();
        let r = read(&bytes).unwrap();
        assert_eq!(r.values, [3, 4, 5, 0, 1, 2]);
        torment(&bytes);
        // Every header word as a huge count.
        let mut huge = bytes.clone();
        for at in (4..huge.len() - 3).step_by(4) {
            for word in [[0x7f, 0xff, 0xff, 0xff], [0xff; 4], [0, 0xff, 0xff, 0xff]] {
                let old: [u8; 4] = huge[at..at + 4].try_into().unwrap();
                huge[at..at + 4].copy_from_slice(&word);
                let _ = read(&huge);
                huge[at..at + 4].copy_from_slice(&old);
            }
        }
    }
}

#[test]
fn data_cut_short_names_the_variable() {
    let bytes = file(&even(0.0, 1.0, 5), &even(0.0, 1.0, 5), false);
    let e = message(&bytes[..bytes.len() - 1]);
    assert!(
        e.contains("variable `height`") && e.contains("beyond the end"),
        "{e}"
    );
    for cut in 0..bytes.len() {
        assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[cfg(feature = "geotiff")]
mod tiff_files {
    use super::*;
    use crate::geotiff::{GeoTiffRegion, TiffSamples, write_geotiff};
    use tiff::encoder::colortype::{Gray32Float, GrayI16, RGB8};
    use tiff::encoder::{Compression, TiffEncoder, TiffKindBig, TiffKindStandard};
    use tiff::tags::{Predictor, Tag};

    fn georef(width: usize, wraps: bool) -> crate::GridGeoref {
        let step = if wraps { 360 * 2 / width as i64 } else { 1 };
        crate::GridGeoref {
            x: Axis {
                origin_num: -360 + if wraps { 1 } else { 200 },
                step_num: step,
                den: 2,
            },
            y: Axis {
                origin_num: -21,
                step_num: 2,
                den: 24,
            },
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
                let region = GeoTiffRegion {
                    georef: &g,
                    width,
                    height,
                    samples,
                    nodata,
                };
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
        assert!(matches!(
            write_geotiff(&path, &short),
            Err(IoError::Argument { .. })
        ));
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
            t.write_tag(Tag::ModelPixelScaleTag, &self.scale[..])
                .unwrap();
            t.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, 10.0, 50.0, 0.0][..])
                .unwrap();
            t.write_tag(Tag::GeoKeyDirectoryTag, &self.keys[..])
                .unwrap();
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
        assert_eq!(
            (first.georef.x.degrees(0), first.georef.y.degrees(0)),
            (10.25, 49.25)
        );
        for compression in [
            Compression::Lzw,
            Compression::Packbits,
            Compression::Deflate(Default::default()),
        ] {
            for predictor in [Predictor::None, Predictor::Horizontal] {
                let m = Make {
                    compression,
                    predictor,
                    ..Make::default()
                };
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
        let with = |keys: &[u16]| {
            message(
                &Make {
                    keys: keys.to_vec(),
                    ..Make::default()
                }
                .build(false),
            )
        };
        let e = with(&[1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32633]);
        assert!(e.contains("EPSG:32633") && e.contains("gdalwarp"), "{e}");
        assert!(with(&[1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4277]).contains("EPSG:4277"));
        assert!(with(&[1, 1, 0, 0]).contains("no GeoKeys"));
        assert!(with(&[1, 1]).contains("shorter than its own header"));
        let flat = Make {
            scale: [0.0, 0.5, 0.0],
            ..Make::default()
        };
        assert!(message(&flat.build(false)).contains("pixel size"));
        let word = Make {
            nodata: "none",
            ..Make::default()
        };
        assert!(message(&word.build(false)).contains("`none`"));
        let mut out = std::io::Cursor::new(Vec::new());
        TiffEncoder::new(&mut out)
            .unwrap()
            .write_image::<RGB8>(2, 2, &[0; 12])
            .unwrap();
        assert!(message(out.get_ref()).contains("gdal_translate -b 1"));
        let mut out = std::io::Cursor::new(Vec::new());
        TiffEncoder::new(&mut out)
            .unwrap()
            .write_image::<Gray32Float>(2, 2, &[0.0; 4])
            .unwrap();
        assert!(message(out.get_ref()).contains("GeoKeys"));
    }

    #[test]
    fn damaged_tiff_never_panics() {
        for compression in [
            Compression::Uncompressed,
            Compression::Lzw,
            Compression::Deflate(Default::default()),
        ] {
            for big in [false, true] {
                torment(
                    &Make {
                        compression,
                        predictor: Predictor::Horizontal,
                        ..Make::default()
                    }
                    .build(big),
                );
            }
        }
    }
}

#[cfg(feature = "npz")]
mod npz_files {
    use super::*;
    use crate::npz::testing::archive;

    fn dem(elevation: (&[usize], &[f64])) -> Vec<u8> {
        let one: &[usize] = &[];
        archive(&[
            ("elevation", elevation.0, elevation.1),
            ("xmin", one, &[10.0]),
            ("xmax", one, &[11.5]),
            ("ymin", one, &[47.0]),
            ("ymax", one, &[46.0]),
        ])
    }

    #[test]
    fn sample_models_read_north_first() {
        let bytes = dem((&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]));
        let r = read(&bytes).unwrap();
        assert_eq!((r.width, r.height, r.unit_ticks), (3, 2, 1));
        assert_eq!((r.height_m(2, 0), r.height_m(0, 1)), (Some(6.5), Some(1.0)));
        assert_eq!(
            (r.georef.x.degrees(0), r.georef.y.degrees(0)),
            (10.25, 46.25)
        );
        torment(&bytes);
        let e = message(&dem((&[6], &[0.0; 6])));
        assert!(e.contains("shape [6]"), "{e}");
        let e = message(&archive(&[("height", &[1], &[0.0])]));
        assert!(
            e.contains("no array `elevation`") && e.contains("arrays: height"),
            "{e}"
        );
    }

    #[test]
    fn a_shape_larger_than_the_data_ends_in_an_error() {
        let e = message(&dem((&[20_000, 20_000], &[0.0; 6])));
        assert!(
            e.contains("array `elevation`") && e.contains("of 400000000 values"),
            "{e}"
        );
    }
}

#[cfg(feature = "bundled")]
#[test]
fn the_bundled_relief_is_the_earth() {
    let r = crate::bundled::bundled_etopo20().unwrap();
    assert_eq!(
        (r.width, r.height, r.nodata_count, r.unit_ticks),
        (1080, 540, 0, 1)
    );
    assert!(r.georef.wraps);
    assert_eq!(
        r.georef.x,
        Axis {
            origin_num: -1079,
            step_num: 2,
            den: 6
        }
    );
    assert_eq!(
        r.georef.y,
        Axis {
            origin_num: -539,
            step_num: 2,
            den: 6
        }
    );
    assert_eq!(r.max_rounding_m, 0.125);
    assert!(r.max_axis_shift_deg < 1e-4);
    assert_eq!(r.range_m(), Some((-9026.75, 6228.75)));
    let at = |lon, lat| {
        let (c, row) = r.nearest(lon, lat).unwrap();
        r.height_m(c, row).unwrap()
    };
    assert!(at(-150.0, 0.0) < -3000.0 && at(86.9, 28.0) > 4000.0 && at(0.0, -89.0) > 1500.0);
    // The Mariana trench, east of the Philippines, lies on the side of the date line it should.
    assert!(at(142.3, 11.4) < -6000.0);
}

/// Every sample of the bundled file against its own bytes, decoded by hand: the data are the last
/// 1081 · 540 big-endian f32 of the file.
#[cfg(feature = "bundled")]
#[test]
fn every_bundled_height_comes_back() {
    let raw = zstd::decode_all(crate::bundled::ETOPO20_CDF_ZST).unwrap();
    let r = crate::bundled::bundled_etopo20().unwrap();
    let data = &raw[raw.len() - 1081 * 540 * 4..];
    for (i, b) in data.as_chunks::<4>().0.iter().enumerate() {
        let (row, column) = (i / 1081, i % 1081);
        let (c, at) = r
            .nearest(
                20.1666667 + column as f64 / 3.0,
                -89.8333333 + row as f64 / 3.0,
            )
            .unwrap();
        assert_eq!(at, row);
        let want = f64::from(f32::from_be_bytes(*b));
        assert!((r.height_m(c, row).unwrap() - want).abs() <= 0.125);
    }
}
