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

pub(super) fn read(bytes: &[u8]) -> Result<Relief, IoError> {
    read_relief_bytes(bytes, "test.nc", &ReliefOptions::default())
}

pub(super) fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

/// A `height(lat, lon)` or, transposed, `height(lon, lat)` file of [`ground`].
fn file(lon: &[f64], lat: &[f64], transposed: bool) -> Vec<u8> {
    if !transposed {
        let data = lat.iter().flat_map(|y| lon.iter().map(|x| ground(*x, *y))).collect();
        return NcBuilder::relief(lon, lat, TestData::F64(data)).build();
    }
    let data: Vec<f64> = lon.iter().flat_map(|x| lat.iter().map(|y| ground(*x, *y))).collect();
    NcBuilder::new(2)
        .dim("lat", lat.len())
        .dim("lon", lon.len())
        .var("lat", &[0], &[("units", TestAttr::Text("degrees_north"))], TestData::F64(lat.to_vec()))
        .var("lon", &[1], &[("units", TestAttr::Text("degrees_east"))], TestData::F64(lon.to_vec()))
        .var("height", &[1, 0], &[("units", TestAttr::Text("m"))], TestData::F64(data))
        .build()
}

fn assert_ground(r: &Relief) {
    for row in 0..r.height {
        for column in 0..r.width {
            let want = ground(r.georef.x.degrees(column as i64), r.georef.y.degrees(row as i64));
            assert_eq!(r.height_m(column, row), Some(want), "column {column}, row {row}");
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
    assert_eq!(first.georef.x, Axis { origin_num: -18, step_num: 1, den: 1 }.scaled(10));
    for lons in [even(0.0, 10.0, 36), even(20.0, 10.0, 37), even(170.0, -10.0, 36), even(530.0, 10.0, 36)] {
        for lats in [&south_up, &north_down] {
            for transposed in [false, true] {
                assert_eq!(read(&file(&lons, lats, transposed)).unwrap(), first);
            }
        }
    }
}

impl Axis {
    fn scaled(self, k: i64) -> Self {
        Self { origin_num: self.origin_num * k, step_num: self.step_num * k, den: self.den }
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
    let r = read(&NcBuilder::relief(&lon, &lat, TestData::I16(vec![1, -2, 3, 4, 5, 6])).build()).unwrap();
    assert_eq!((r.unit_ticks, &r.values[..], r.max_rounding_m), (4, &[1, -2, 3, 4, 5, 6][..], 0.0));
    let r =
        read(&NcBuilder::relief(&lon, &lat, TestData::F32(vec![0.25, 0.3125, -1.0, 1.0, 2.0, 3.0])).build())
            .unwrap();
    assert_eq!((r.unit_ticks, &r.values[..], r.max_rounding_m), (1, &[1, 1, -4, 4, 8, 12][..], 0.0625));
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
    assert_eq!((r.nodata_count, r.height_m(1, 0), r.height_m(0, 1)), (1, Some(100.5), None));
    let r = read(&build(&[("units", TestAttr::Text("km"))], TestData::F32(vec![1.0, -4.5, f32::NAN, 0.0])))
        .unwrap();
    assert_eq!((r.height_m(1, 0), r.height_m(0, 1)), (Some(-4500.0), None));
    let r = read(&build(&[("units", TestAttr::Text("feet"))], TestData::I32(vec![10_000, 0, 0, 0]))).unwrap();
    assert_eq!(r.height_m(0, 0), Some(3048.0));
    let e = message(&build(&[("units", TestAttr::Text("hPa"))], TestData::I32(vec![0; 4])));
    assert!(e.contains("`hPa`") && e.contains("variable `z`"), "{e}");
    let e = message(&build(&[], TestData::F32(vec![1.0, 2.0, 3.0, 850_000.0])));
    assert!(e.contains("column 1 of row 1") && e.contains("units"), "{e}");
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
    assert_eq!(read_relief_bytes(&two("t", "mask"), "f", &options).unwrap().values, [3; 4]);
    let options = ReliefOptions::default().with_variable("lat");
    let e = read_relief_bytes(&two("t", "mask"), "f", &options).unwrap_err().to_string();
    assert!(e.contains("candidates: height, t, mask"), "{e}");
}

/// Latitude is the record dimension: each record holds one latitude (8 bytes) and one row of three
/// shorts (6 bytes and 2 of padding), so the rows lie interleaved with the axis.
#[test]
fn interleaved_records_are_gathered() {
    let row = |v: [i16; 3]| {
        let b: Vec<u8> = v.iter().flat_map(|x| x.to_be_bytes()).chain([0, 0]).collect();
        f64::from_be_bytes(b.try_into().unwrap())
    };
    let interleaved = vec![5.0, row([1, 2, 3]), 4.0, row([-4, 5, 6])];
    let lon_units = [("units", TestAttr::Text("degrees_E"))];
    let lat_units = [("units", TestAttr::Text("degrees_north"))];
    for records in [2, u64::from(u32::MAX)] {
        let mut b = NcBuilder::new(1)
            .dim("lat", 0)
            .dim("lon", 3)
            .var("lon", &[1], &lon_units, TestData::F32(vec![0.0, 1.0, 2.0]))
            .var("lat", &[0], &lat_units, TestData::F64(interleaved.clone()))
            .var("height", &[0, 1], &[], TestData::I16(vec![]));
        b.records = Some(records);
        let mut bytes = b.build();
        // The last word of the header is the offset of `height`: 8 bytes into the first record.
        // Before the records lie the 12 bytes of `lon`.
        let records_at = bytes.len() - 32;
        let begin = records_at - 12 - 4;
        bytes[begin..begin + 4].copy_from_slice(&(records_at as u32 + 8).to_be_bytes());
        let r = read(&bytes).unwrap();
        assert_eq!(r.values, [-4, 5, 6, 1, 2, 3]);
        assert_eq!((r.georef.y.degrees(0), r.georef.y.degrees(1)), (4.0, 5.0));
        torment(&bytes);
    }
}

#[test]
fn unsigned_types_belong_to_cdf5() {
    let build = |version| {
        NcBuilder::new(version)
            .dim("lat", 2)
            .dim("lon", 2)
            .var("lon", &[1], &[], TestData::F64(vec![0.0, 1.0]))
            .var("lat", &[0], &[], TestData::F64(vec![5.0, 4.0]))
            .var("z", &[0, 1], &[], TestData::U16(vec![1, 2, 3, 65_535]))
            .build()
    };
    let r = read(&build(5)).unwrap();
    assert_eq!(r.values, [3, Relief::NODATA, 1, 2], "65535 is the type's own fill value");
    assert!(message(&build(1)).contains("unknown type code 8"));
}

#[test]
fn projected_and_impossible_axes_are_refused() {
    let metric = NcBuilder::new(1)
        .dim("y", 2)
        .dim("x", 2)
        .var("x", &[1], &[("units", TestAttr::Text("m"))], TestData::F64(vec![5e5, 5e5 + 30.0]))
        .var("y", &[0], &[("units", TestAttr::Text("m"))], TestData::F64(vec![4e6, 4e6 + 30.0]))
        .var("z", &[0, 1], &[], TestData::I16(vec![0; 4]))
        .build();
    assert!(message(&metric).contains("gdalwarp"), "{}", message(&metric));
    let e = message(&file(&even(0.0, 10.0, 3), &even(80.0, 10.0, 3), false));
    assert!(e.contains("latitude axis") && e.contains("beyond the poles"), "{e}");
    let e = message(&file(&[0.0, 1.0, 1.0], &[0.0, 1.0], false));
    assert!(e.contains("longitude axis, index 2") && e.contains("monotone"), "{e}");
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
    assert!(e.is_bad_input() && e.to_string().contains("give the file itself"), "{e}");
    let e = read_relief(dir.path().join("none.nc"), &o).unwrap_err();
    assert!(e.is_bad_input() && e.to_string().contains("none.nc"), "{e}");
    let empty = dir.path().join("empty.nc");
    std::fs::write(&empty, b"").unwrap();
    assert!(read_relief(&empty, &o).unwrap_err().to_string().contains("empty"));
    assert!(message(b"\x89HDF\r\n\x1a\n....").contains("nccopy -k classic"));
    assert!(message(b"hello").contains("68 65 6c 6c"));
    assert!(message(b"CDF\x07....").contains("nccopy"));
}

#[test]
fn limits_hold_before_memory_is_taken() {
    let bytes = file(&even(0.0, 1.0, 20), &even(0.0, 1.0, 20), false);
    let o = ReliefOptions { max_samples: 399, ..ReliefOptions::default() };
    assert!(read_relief_bytes(&bytes, "f", &o).unwrap_err().to_string().contains("max_samples"));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.nc");
    std::fs::write(&path, &bytes).unwrap();
    let o = ReliefOptions { max_bytes: 100, ..ReliefOptions::default() };
    assert!(read_relief(&path, &o).unwrap_err().to_string().contains("100 bytes"));
    #[cfg(feature = "zst")]
    {
        let packed = zstd::encode_all(&vec![0_u8; 1 << 20][..], 3).unwrap();
        assert!(read_relief_bytes(&packed, "f", &o).unwrap_err().to_string().contains("more than the limit"));
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
            .var("lon", &[2], &[("units", TestAttr::Text("degrees_east"))], TestData::F64(lon.to_vec()))
            .var("lat", &[1], &[("units", TestAttr::Text("degrees_north"))], TestData::F32(vec![1.0, 0.0]))
            .var(
                "z",
                &[0, 1, 2],
                &[("units", TestAttr::Text("m")), ("_FillValue", TestAttr::I16(-1))],
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
    assert!(e.contains("variable `height`") && e.contains("beyond the end"), "{e}");
    for cut in 0..bytes.len() {
        assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[cfg(feature = "bundled")]
#[test]
fn the_bundled_relief_is_the_earth() {
    let r = crate::bundled::bundled_etopo20().unwrap();
    assert_eq!((r.width, r.height, r.nodata_count, r.unit_ticks), (1080, 540, 0, 1));
    assert!(r.georef.wraps);
    assert_eq!(r.georef.x, Axis { origin_num: -1079, step_num: 2, den: 6 });
    assert_eq!(r.georef.y, Axis { origin_num: -539, step_num: 2, den: 6 });
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
        let (c, at) = r.nearest(20.1666667 + column as f64 / 3.0, -89.8333333 + row as f64 / 3.0).unwrap();
        assert_eq!(at, row);
        let want = f64::from(f32::from_be_bytes(*b));
        assert!((r.height_m(c, row).unwrap() - want).abs() <= 0.125);
    }
}
