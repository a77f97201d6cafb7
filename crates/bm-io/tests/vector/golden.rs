//! What other programs wrote.

use crate::{bytes, file, read, settled, shore, three};
use bm_io::IoError;
use bm_io::vector::{
    Declared, Features, VectorFormat, VectorOptions, read_features, read_features_bytes, read_vector, wkb,
};
use geo_types::{Geometry, GeometryCollection, MultiLineString, MultiPoint, Point, line_string};
use serde_json::json;

#[track_caller]
fn check_three(read: &Features, format: VectorFormat) {
    assert_eq!(read.summary.format, format);
    assert_eq!((read.summary.features, read.summary.vertices), (3, 22));
    let found: Vec<_> = read.features.iter().map(|f| settled(&f.geometry)).collect();
    assert_eq!(found, three().each_ref().map(settled));
}

fn check_fields(read: &Features) {
    let properties = |name: &str, rank: i32, ratio: f64, wet: bool| {
        [("name", json!(name)), ("rank", json!(rank)), ("ratio", json!(ratio)), ("wet", json!(wet))]
            .map(|(k, v)| (k.to_owned(), v))
            .into()
    };
    let expected = [
        properties("lake", 1, 0.5, true),
        properties("isles", 2, -1.25, false),
        properties("shöre", 3, 1e9, true),
    ];
    for (feature, expected) in read.features.iter().zip(expected) {
        assert_eq!(feature.properties, expected);
    }
}

#[test]
fn geojson() {
    for name in ["three.geojson", "three.geojsonl"] {
        let read = read(name);
        check_three(&read, VectorFormat::GeoJson);
        check_fields(&read);
        assert_eq!(read.summary.crs, Declared::Unset);
        assert_eq!(read.summary.bytes_read, bytes(name).len() as u64);
    }
}

#[test]
fn topojson_plain_and_quantised() {
    let plain = read("three-plain.topojson");
    assert_eq!(plain.summary.format, VectorFormat::TopoJson);
    assert_eq!(plain.summary.layers, ["world", "spot"]);
    let ids: Vec<_> =
        plain.features.iter().map(|f| (f.layer.as_deref().unwrap(), f.id.as_deref().unwrap())).collect();
    assert_eq!(ids, [("world", "lake"), ("world", "isles"), ("world", "shore"), ("spot", "7")]);
    let found: Vec<_> = plain.features[..3].iter().map(|f| settled(&f.geometry)).collect();
    assert_eq!(found, three().each_ref().map(settled));
    assert_eq!(plain.features[3].geometry, Point::new(1.5, -2.0).into());
    assert_eq!(plain.features[1].properties["rank"], json!(1));

    // A grid of 1e5 over 14° × 53°.
    let coarse = read("three.topojson");
    for (a, b) in coarse.features.iter().zip(&plain.features) {
        let (Geometry::LineString(a), Geometry::LineString(b)) = (&a.geometry, &b.geometry) else { continue };
        assert_eq!(a.0.len(), b.0.len());
        for (a, b) in a.0.iter().zip(&b.0) {
            assert!((a.x - b.x).abs() < 1e-4 && (a.y - b.y).abs() < 3e-4, "{a:?} {b:?}");
        }
    }
    assert_eq!(coarse.summary.vertices, plain.summary.vertices);
}

#[test]
fn one_object_of_a_topology() {
    let options = VectorOptions { layer: Some("spot".into()), ..VectorOptions::default() };
    let read = read_features(&file("three.topojson"), &options).unwrap();
    assert_eq!((read.features.len(), &read.summary.layers[..]), (1, &["spot".to_owned()][..]));
    let options = VectorOptions { layer: Some("spots".into()), ..VectorOptions::default() };
    let said = read_features(&file("three.topojson"), &options).unwrap_err().to_string();
    assert!(said.contains("spots") && said.contains("world") && said.contains("--layer"), "{said}");
}

#[test]
fn every_type_in_wkb_of_either_byte_order() {
    let [lake, isles, _] = three();
    let shore = shore();
    let lines = MultiLineString(vec![shore.clone(), line_string![(x: 0., y: 0.), (x: 1., y: 1.)]]);
    let inner = Geometry::GeometryCollection(GeometryCollection(vec![shore.clone().into()]));
    let all = [
        Point::new(1.5, -2.0).into(),
        shore.into(),
        lake,
        MultiPoint(vec![Point::new(1.0, 2.0), Point::new(3.0, 4.0)]).into(),
        lines.into(),
        isles,
        Geometry::GeometryCollection(GeometryCollection(vec![Point::new(0.0, 0.0).into(), inner])),
    ];
    for name in ["every.wkb", "every-big-endian.wkb"] {
        let read = read(name);
        assert_eq!(read.summary.format, VectorFormat::Wkb);
        let found: Vec<_> = read.features.into_iter().map(|f| f.geometry).collect();
        assert_eq!(found, all);
        assert_eq!(read.summary.bytes_read, 688);
    }
    // And the encoder writes what GEOS wrote.
    assert_eq!(all.iter().flat_map(wkb::encode).collect::<Vec<u8>>(), bytes("every.wkb"));
    let three: Vec<u8> = three().iter().flat_map(|g| wkb::encode_ewkb(g, 4326)).collect();
    assert_eq!(three, bytes("three.ewkb"));
}

#[test]
fn ewkb_binary_and_hexadecimal() {
    let binary = read("three.ewkb");
    check_three(&binary, VectorFormat::Wkb);
    assert_eq!(binary.summary.crs, Declared::Wgs84("EPSG:4326".into()));
    let hex = read("three-hex.txt");
    check_three(&hex, VectorFormat::WkbHex);
    assert_eq!(hex.summary.crs, Declared::Wgs84("EPSG:4326".into()));
    assert_eq!(hex.summary.bytes_read, bytes("three-hex.txt").len() as u64);
    // As databases print it.
    let text = String::from_utf8(bytes("three-hex.txt")).unwrap();
    for text in [
        text.to_lowercase(),
        text.lines().map(|l| format!("\\x{l}\r\n")).collect(),
        text.lines().map(|l| format!("0x{l};\n")).collect(),
    ] {
        let read = read_features_bytes(text.as_bytes(), "in.csv", &VectorOptions::default()).unwrap();
        check_three(&read, VectorFormat::WkbHex);
    }
}

#[test]
fn heights_and_measures_are_dropped_and_counted() {
    for name in ["high.wkb", "high.ewkb"] {
        let read = read(name);
        check_three(&read, VectorFormat::Wkb);
        assert_eq!((read.summary.dropped_z, read.summary.dropped_m), (22, 0), "{name}");
    }
    let read = read("zm.wkb");
    assert_eq!(read.features[0].geometry, line_string![(x: 1., y: 2.), (x: 5., y: 6.)].into());
    assert_eq!((read.summary.dropped_z, read.summary.dropped_m), (2, 2));
    let text = r#"{"type":"LineString","coordinates":[[1,2,3],[4,5,6,7],[8,9]]}"#;
    let read = crate::read_text(text, &VectorOptions::default()).unwrap();
    assert_eq!((read.summary.dropped_z, read.summary.dropped_m), (2, 1));
}

#[test]
#[cfg(feature = "flatgeobuf")]
fn flatgeobuf() {
    for name in ["three.fgb", "three-plain.fgb"] {
        let mut read = read(name);
        // With an index, along a Hilbert curve.
        read.features.sort_by_key(|f| f.properties["rank"].as_i64());
        check_three(&read, VectorFormat::FlatGeobuf);
        check_fields(&read);
        assert_eq!(read.summary.crs, Declared::Wgs84("EPSG:4326".into()));
        assert_eq!(read.summary.dropped_z, 0);
        assert_eq!(read.summary.bytes_read, bytes(name).len() as u64);
    }
    let high = read("high.fgb");
    assert_eq!((high.summary.features, high.summary.vertices, high.summary.dropped_z), (1, 10, 10));
    assert_eq!(settled(&high.features[0].geometry), settled(&three()[0]));
    let said = read_features(&file("mercator.fgb"), &VectorOptions::default()).unwrap_err().to_string();
    assert!(said.contains("EPSG:3857") && said.contains("ogr2ogr -t_srs"), "{said}");
}

#[test]
#[cfg(feature = "gpkg")]
fn geopackage() {
    use bm_io::vector::VectorFormat::GeoPackage;
    let on_disk = read("three.gpkg");
    let in_memory = read_features_bytes(&bytes("three.gpkg"), "x", &VectorOptions::default()).unwrap();
    for read in [&on_disk, &in_memory] {
        check_three(read, GeoPackage);
        check_fields(read);
        assert_eq!(read.summary.crs, Declared::Wgs84("EPSG:4326".into()));
        assert_eq!(read.summary.layers, ["coast"]);
        let ids: Vec<_> = read.features.iter().map(|f| (f.layer.as_deref(), f.id.as_deref())).collect();
        assert_eq!(ids, ["1", "2", "3"].map(|id| (Some("coast"), Some(id))));
        assert_eq!(read.summary.bytes_read, bytes("three.gpkg").len() as u64);
    }
    let options = VectorOptions { layer: Some("coasts".into()), ..VectorOptions::default() };
    let said = read_features(&file("three.gpkg"), &options).unwrap_err().to_string();
    assert!(said.contains("\"coasts\"") && said.contains("\"coast\"") && said.contains("--layer"), "{said}");
    let options = VectorOptions { layer: Some("coast".into()), id_property: Some("name".into()), ..options };
    let named = read_features(&file("three.gpkg"), &options).unwrap();
    assert_eq!(named.features[0].id.as_deref(), Some("lake"));
}

#[test]
fn the_content_counts_not_the_name() {
    let options = VectorOptions::default();
    for (name, features) in
        [("three.geojson", 3), ("three.topojson", 4), ("three.ewkb", 3), ("three-hex.txt", 3)]
    {
        for as_name in ["x", "x.gpkg", "x.wkb", "x.json"] {
            assert_eq!(
                read_features_bytes(&bytes(name), as_name, &options).unwrap().features.len(),
                features
            );
        }
    }
    let with_mark = [b"\xef\xbb\xbf \n", &bytes("three.geojson")[..]].concat();
    assert_eq!(read_features_bytes(&with_mark, "x", &options).unwrap().features.len(), 3);
    let sequence: Vec<u8> = String::from_utf8(bytes("three.geojsonl"))
        .unwrap()
        .lines()
        .flat_map(|l| format!("\u{1e}{l}\n").into_bytes())
        .collect();
    assert_eq!(read_features_bytes(&sequence, "x", &options).unwrap().features.len(), 3);
}

#[test]
#[cfg(feature = "zst")]
fn any_of_them_may_be_compressed() {
    for name in ["three.geojson", "three.topojson", "three.ewkb", "three-hex.txt"] {
        let packed = zstd_of(&bytes(name));
        let options = VectorOptions::default();
        let unpacked = read_features_bytes(&packed, "x.zst", &options).unwrap();
        assert_eq!(unpacked.features, read(name).features);
        let small = VectorOptions { max_bytes: 100, ..options };
        let said = read_features_bytes(&packed, "x.zst", &small).unwrap_err().to_string();
        assert!(said.contains("100 bytes"), "{said}");
    }
}

/// zstd with one raw block, so that the tests need no compressor.
#[cfg(feature = "zst")]
fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    let size = u32::try_from(bytes.len()).unwrap();
    let block = size << 3 | 1;
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    out.extend(size.to_le_bytes());
    out.extend(&block.to_le_bytes()[..3]);
    out.extend(bytes);
    out
}

#[test]
fn progress_reaches_the_end_and_errors_of_the_caller_come_back() {
    let mut seen = (0, 0);
    let options = VectorOptions::default();
    read_vector(&file("three.geojson"), &options, &mut |done, all| seen = (done, all), |_| {
        Ok::<(), IoError>(())
    })
    .unwrap();
    assert_eq!(seen, (884, 884));

    #[derive(Debug)]
    enum Mine {
        Enough(u32),
        #[expect(dead_code, reason = "for the message")]
        Io(IoError),
    }
    impl From<IoError> for Mine {
        fn from(e: IoError) -> Self {
            Self::Io(e)
        }
    }
    for name in ["three.geojson", "three.topojson", "three.ewkb"] {
        let mut n = 0;
        let error = read_vector(&file(name), &options, &mut |_, _| {}, |_| {
            n += 1;
            if n == 2 { Err(Mine::Enough(n)) } else { Ok(()) }
        });
        assert!(matches!(error, Err(Mine::Enough(2))), "{error:?}");
    }
}

#[test]
#[cfg(feature = "bundled")]
fn the_bundled_land() {
    let land = bm_io::bundled::natural_earth_land().unwrap();
    assert_eq!((land.features.len(), land.summary.long_edges, land.summary.vertices), (1, 0, 408_943));
    let Geometry::MultiPolygon(parts) = &land.features[0].geometry else { panic!("no multipolygon") };
    assert_eq!(parts.0.len(), 4061);
    let bounds: Vec<(f64, f64)> = parts
        .iter()
        .map(|p| p.exterior().0.iter().fold((f64::MAX, f64::MIN), |(w, e), c| (w.min(c.x), e.max(c.x))))
        .collect();
    let inside = |lon: f64, lat: f64| {
        [-360.0, 0.0, 360.0].iter().any(|turn| {
            let x = lon + turn;
            let near = parts.iter().zip(&bounds).filter(|(_, (w, e))| (*w..=*e).contains(&x));
            let rings = near.flat_map(|(p, _)| std::iter::once(p.exterior()).chain(p.interiors()));
            rings.flat_map(|r| r.0.windows(2)).fold(false, |odd, e| {
                let (a, b) = (e[0], e[1]);
                odd ^ ((a.y > lat) != (b.y > lat) && x < (b.x - a.x) * ((lat - a.y) / (b.y - a.y)) + a.x)
            })
        })
    };
    let on_land = [
        ("Moscow", 37.6, 55.75),
        ("the South Pole", 0.0, -89.99),
        ("Antarctica by the date line", 179.99, -85.0),
        ("Antarctica by the date line, west", -179.99, -85.0),
        ("Chukotka, west of the date line", 179.0, 67.5),
        ("Chukotka, east of it", -175.0, 67.0),
        ("Chukotka, on it", 180.0, 68.0),
        ("Wrangel Island", 179.99, 71.2),
        ("Vanua Levu", 179.3, -16.6),
        ("Tasmania", 146.5, -42.0),
    ];
    let at_sea = [
        ("the Pacific on the date line", 180.0, 0.0),
        ("the Pacific", -150.0, 10.0),
        ("the North Pole", 0.0, 89.9),
        ("the Southern Ocean", 90.0, -60.0),
        ("the Caspian Sea", 51.0, 42.0),
        ("the Bering Strait", -169.0, 66.0),
    ];
    for (name, lon, lat) in on_land {
        assert!(inside(lon, lat), "{name}");
    }
    for (name, lon, lat) in at_sea {
        assert!(!inside(lon, lat), "{name}");
    }
}
