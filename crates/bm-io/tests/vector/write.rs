//! What is written here is read again, here, the same.

use crate::{read_text, three};
use bm_io::IoError;
use bm_io::vector::{
    Feature, GeoJsonStyle, VectorOptions, geojson_to, read_features, read_features_bytes, wkb, write_geojson,
};
use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiPolygon, Point, Polygon, line_string, polygon,
};
use proptest::prelude::*;
use serde_json::json;

fn features() -> Vec<Feature> {
    let mut features: Vec<Feature> = three().into_iter().map(Feature::new).collect();
    features[0].id = Some("lake \"of\"\n".into());
    features[0].properties =
        [("b", json!([1, null])), ("a", json!({"y": "ü"}))].map(|(k, v)| (k.into(), v)).into();
    features.push(Feature::new(Point::new(0.1 + 0.2, -0.0)));
    features
}

fn text(features: &[Feature], style: GeoJsonStyle) -> String {
    let mut out = Vec::new();
    geojson_to(&mut out, features, style).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn geojson_text() {
    insta::assert_snapshot!(text(&features(), GeoJsonStyle::default()), @r#"
    {"type":"FeatureCollection","features":[
    {"type":"Feature","id":"lake \"of\"\n","properties":{"a":{"y":"ü"},"b":[1,null]},"geometry":{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[1,2],[2,2],[2,1],[1,1]]]}},
    {"type":"Feature","properties":null,"geometry":{"type":"MultiPolygon","coordinates":[[[[4,0],[8,0],[8,4],[4,4],[4,0]]],[[[10.5,0.25],[11,0],[11,1],[10.5,0.25]]]]}},
    {"type":"Feature","properties":null,"geometry":{"type":"LineString","coordinates":[[-3.125,50.0625],[-2,51],[-1,50.5]]}},
    {"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[0.30000000000000004,0]}}
    ]}
    "#);
}

#[test]
fn geojson_there_and_back() {
    let written = text(&features(), GeoJsonStyle::default());
    let read = read_text(&written, &VectorOptions::default()).unwrap().features;
    assert_eq!(text(&read, GeoJsonStyle::default()), written);
    // The writer winds shells anticlockwise, as these are, and holes clockwise.
    assert_eq!(read, features());
}

#[test]
fn geojson_over_the_date_line() {
    let over = Feature::new(polygon![(x: 179., y: 0.), (x: 181., y: 0.), (x: 181., y: 1.), (x: 179., y: 1.)]);
    let cut = text(std::slice::from_ref(&over), GeoJsonStyle::default());
    assert!(
        cut.contains(
            r#"{"type":"MultiPolygon","coordinates":[[[[180,1],[179,1],[179,0],[180,0],[180,1]]],[[[-180,0],"#
        ),
        "{cut}"
    );
    let whole = text(&[over], GeoJsonStyle { split: false });
    assert!(whole.contains("[181,1]"), "{whole}");
}

#[test]
fn files_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.geojson");
    write_geojson(&path, &features(), GeoJsonStyle::default()).unwrap();
    let before = std::fs::read(&path).unwrap();
    let mut bad = features();
    bad.push(Feature::new(line_string![(x: 0., y: 0.), (x: f64::NAN, y: 1.)]));
    let said = write_geojson(&path, &bad, GeoJsonStyle::default()).unwrap_err();
    assert!(matches!(said, IoError::Argument { .. }) && said.to_string().contains("not finite"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let path = folder.path().join("out.wkb");
    for with_srid in [false, true] {
        wkb::write_wkb(&path, &features(), with_srid).unwrap();
        let read = read_features(&path, &VectorOptions::default()).unwrap();
        let (read, wrote): (Vec<_>, Vec<_>) = (
            read.features.into_iter().map(|f| f.geometry).collect(),
            features().into_iter().map(|f| f.geometry).collect(),
        );
        assert_eq!(read, wrote);
    }
}

/// Bytes that GDAL reads (checked by hand when they were made).
#[test]
#[cfg(feature = "flatgeobuf")]
fn flatgeobuf_bytes() {
    let mut out = Vec::new();
    bm_io::vector::flatgeobuf_to(&mut out, "coast", &features()).unwrap();
    let path = crate::file("written.fgb");
    if std::env::var_os("BM_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &out).unwrap();
    }
    assert!(out == std::fs::read(path).unwrap(), "the bytes of FlatGeobuf have changed");
}

#[test]
#[cfg(feature = "flatgeobuf")]
fn flatgeobuf_there_and_back() {
    use bm_io::vector::{flatgeobuf_to, write_flatgeobuf};
    let sort = |mut features: Vec<Feature>| {
        features.sort_by_key(|f| format!("{:?}", f.geometry));
        features
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.fgb");
    let mut wrote = features();
    for (i, f) in wrote.iter_mut().enumerate() {
        f.id = Some(format!("n{i}"));
        f.properties.insert("rank".into(), json!(i));
        f.properties.insert("mixed".into(), if i == 1 { json!("one") } else { json!(i) });
        f.properties.insert("depth".into(), if i == 2 { json!(7) } else { json!(0.5) });
        f.properties.insert("large".into(), json!(u64::MAX));
        f.properties.insert("wet".into(), json!(i % 2 == 0));
    }
    write_flatgeobuf(&path, "coast", &wrote).unwrap();
    let options = VectorOptions { id_property: Some("id".into()), ..VectorOptions::default() };
    let mut read = read_features(&path, &options).unwrap();
    assert_eq!(read.summary.layers, ["coast"]);
    for f in &mut read.features {
        assert_eq!(f.layer.take().as_deref(), Some("coast"));
        assert!(f.properties.remove("id").is_some());
    }
    assert_eq!(sort(read.features.clone()), sort(wrote.clone()));
    // Once more, and in any order of the features, the same bytes.
    let bytes_of = |features: &[Feature]| {
        let mut out = Vec::new();
        flatgeobuf_to(&mut out, "coast", features).unwrap();
        out
    };
    assert_eq!(bytes_of(&wrote), std::fs::read(&path).unwrap());
    // Nothing, too.
    let empty = read_features_bytes(&bytes_of(&[]), "x", &VectorOptions::default()).unwrap();
    assert_eq!(empty.features.len(), 0);
    wrote.push(Feature::new(Point::new(f64::NAN, 0.0)));
    let said = write_flatgeobuf(&path, "coast", &wrote).unwrap_err().to_string();
    assert!(said.contains("not finite"), "{said}");
    assert_eq!(read_features(&path, &options).unwrap().features.len(), 4);
}

fn coord() -> impl Strategy<Value = Coord<f64>> {
    (-540.0..540.0_f64, -90.0..90.0_f64).prop_map(|(x, y)| Coord { x, y })
}

fn run(n: std::ops::Range<usize>) -> impl Strategy<Value = LineString<f64>> {
    proptest::collection::vec(coord(), n).prop_map(LineString)
}

fn shape() -> impl Strategy<Value = Polygon<f64>> {
    (run(3..8), proptest::collection::vec(run(3..6), 0..3))
        .prop_map(|(shell, holes)| Polygon::new(shell, holes))
}

pub(crate) fn geometry() -> impl Strategy<Value = Geometry<f64>> {
    let flat = prop_oneof![
        coord().prop_map(|c| Geometry::Point(c.into())),
        run(2..9).prop_map(Geometry::LineString),
        shape().prop_map(Geometry::Polygon),
        run(1..5).prop_map(|l| Geometry::MultiPoint(l.0.into_iter().map(Point).collect())),
        proptest::collection::vec(run(2..5), 1..4)
            .prop_map(|l| Geometry::MultiLineString(geo_types::MultiLineString(l))),
        proptest::collection::vec(shape(), 1..4).prop_map(|p| Geometry::MultiPolygon(MultiPolygon(p))),
    ];
    flat.prop_recursive(3, 12, 4, |inner| {
        proptest::collection::vec(inner, 1..4)
            .prop_map(|g| Geometry::GeometryCollection(GeometryCollection(g)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn wkb_there_and_back(g in geometry(), srid in any::<u32>()) {
        let bytes = wkb::encode(&g);
        prop_assert_eq!(&wkb::decode(&bytes, "x").unwrap().geometry, &Some(g.clone()));
        let decoded = wkb::decode(&wkb::encode_ewkb(&g, srid), "x").unwrap();
        prop_assert_eq!((decoded.geometry.as_ref(), decoded.srid), (Some(&g), srid));
        let read = read_features_bytes(&bytes, "x", &VectorOptions::default()).unwrap();
        prop_assert_eq!(&read.features[0].geometry, &g);
        let hex: String = bytes.iter().map(|b| format!("{b:02X}")).collect();
        let read = read_text(&hex, &VectorOptions::default()).unwrap();
        prop_assert_eq!(&read.features[0].geometry, &g);
    }

    #[test]
    #[cfg(feature = "flatgeobuf")]
    fn flatgeobuf_keeps_every_bit(list in proptest::collection::vec(geometry(), 1..5)) {
        let features: Vec<Feature> = list.into_iter().map(Feature::new).collect();
        let mut bytes = Vec::new();
        bm_io::vector::flatgeobuf_to(&mut bytes, "", &features).unwrap();
        let read = read_features_bytes(&bytes, "x", &VectorOptions::default()).unwrap().features;
        let text = |f: &Feature| format!("{f:?}");
        let (mut a, mut b): (Vec<_>, Vec<_>) = (features.iter().map(text).collect(), read.iter().map(text).collect());
        a.sort();
        b.sort();
        prop_assert_eq!(a, b);
    }

    #[test]
    fn geojson_keeps_every_bit(g in geometry()) {
        // Rings of chance are wound either way: once written, they stay.
        let style = GeoJsonStyle { split: false };
        let once = read_text(&text(&[Feature::new(g.clone())], style), &VectorOptions::default()).unwrap().features;
        let twice = read_text(&text(&once, style), &VectorOptions::default()).unwrap().features;
        prop_assert_eq!(&once, &twice);
        let mut wrote: Vec<_> = bits(&g);
        let mut read: Vec<_> = bits(&once[0].geometry);
        wrote.sort_unstable();
        read.sort_unstable();
        prop_assert_eq!(wrote, read);
    }
}

fn bits(g: &Geometry<f64>) -> Vec<(u64, u64)> {
    let run = |l: &[Coord<f64>]| l.iter().map(|c| (c.x.to_bits(), c.y.to_bits())).collect::<Vec<_>>();
    let rings = |p: &Polygon<f64>| -> Vec<(u64, u64)> {
        std::iter::once(p.exterior()).chain(p.interiors()).flat_map(|r| run(&r.0)).collect()
    };
    match g {
        Geometry::Point(p) => run(&[p.0]),
        Geometry::LineString(l) => run(&l.0),
        Geometry::Polygon(p) => rings(p),
        Geometry::MultiPoint(m) => m.0.iter().flat_map(|p| run(&[p.0])).collect(),
        Geometry::MultiLineString(m) => m.0.iter().flat_map(|l| run(&l.0)).collect(),
        Geometry::MultiPolygon(m) => m.0.iter().flat_map(rings).collect(),
        Geometry::GeometryCollection(c) => c.0.iter().flat_map(bits).collect(),
        _ => Vec::new(),
    }
}
