//! Sound files whose content cannot serve: refused with place and cure, or left out and listed.

use crate::{bytes, read_text};
use bm_io::IoError;
use bm_io::vector::{DateLine, VectorOptions, read_features_bytes, wkb};
use geo_types::{Geometry, line_string};

#[track_caller]
fn refused(text: &str, words: &[&str]) {
    let said = read_text(text, &VectorOptions::default()).unwrap_err();
    assert!(said.is_bad_input());
    let said = said.to_string();
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

fn line(coordinates: &str) -> String {
    format!(
        r#"{{"type":"Feature","id":"n","properties":null,"geometry":{{"type":"LineString","coordinates":{coordinates}}}}}"#
    )
}

fn collection(features: &[String]) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(",\n"))
}

#[test]
fn coordinates() {
    refused(
        &line("[[1,2],[null,3]]"),
        &["in.json", "feature 0 (n)", "vertex 1", "NaN 3", "not finite", "--skip-invalid"],
    );
    refused(&line("[[1,2],[3]]"), &["vertex 1", "longitude and latitude"]);
    refused(&line("[[1,2],[1e400,3]]"), &["line 1", "out of range"]);
    refused(&line("[[1,2],[NaN,3]]"), &["line 1", "NaN"]);
    refused(&line("[[1,2],[100,91]]"), &["vertex 1", "latitude 91 is beyond 90"]);
    refused(&line("[[1,2],[600,3]]"), &["vertex 1", "longitude 600 is beyond 540"]);
    refused(&line("[[1113194.9,6446275.8],[3,3]]"), &["vertex 0", "metres", "ogr2ogr"]);
    let nan = Geometry::from(line_string![(x: 1., y: 2.), (x: f64::INFINITY, y: 2.)]);
    let said =
        read_features_bytes(&wkb::encode(&nan), "x.wkb", &VectorOptions::default()).unwrap_err().to_string();
    assert!(said.contains("vertex 1") && said.contains("inf"), "{said}");
}

#[test]
fn swapped_axes() {
    // Berlin to Tokyo, latitude first.
    let text = line("[[52.5,13.4],[35.7,139.7]]");
    refused(&text, &["vertex 1", "139.7", "look swapped", "--swap-xy"]);
    // Not to be cured by leaving features out.
    let skip = VectorOptions { skip_invalid: true, ..VectorOptions::default() };
    assert!(read_text(&text, &skip).is_err());
    let swap = VectorOptions { swap_xy: true, ..VectorOptions::default() };
    let read = read_text(&text, &swap).unwrap();
    assert_eq!(read.features[0].geometry, line_string![(x: 13.4, y: 52.5), (x: 139.7, y: 35.7)].into());
    // A longitude beyond 90 earlier in the file speaks against it.
    let text = collection(&[line("[[139,2],[1,3]]"), line("[[52.5,13.4],[35.7,139.7]]")]);
    refused(&text, &["before line 3", "feature 1 (n)", "latitude 139.7 is beyond 90"]);
}

#[test]
fn other_reference_systems() {
    let with = |crs: &str| format!(r#"{{"type":"Point","coordinates":[1,2],"crs":{crs}}}"#);
    refused(
        &with(r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::25832"}}"#),
        &["\"crs\"", "urn:ogc:def:crs:EPSG::25832", "ogr2ogr -t_srs EPSG:4326"],
    );
    refused(&with(r#"{"type":"EPSG","properties":{"code":3857}}"#), &["EPSG:3857"]);
    refused(&with("\"somewhere\""), &["somewhere"]);
    for good in [r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}"#, "null"] {
        assert_eq!(read_text(&with(good), &VectorOptions::default()).unwrap().features.len(), 1);
    }
    let point = Geometry::from(geo_types::Point::new(1.0, 2.0));
    let options = VectorOptions::default();
    let said = read_features_bytes(&wkb::encode_ewkb(&point, 3857), "x", &options).unwrap_err().to_string();
    assert!(said.contains("EPSG:3857") && said.contains("byte 5"), "{said}");
    // The older edition's member comes last in some files: then the features were already handed over.
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{}],"crs":{{"type":"name","properties":{{"name":"EPSG:2154"}}}}}}"#,
        line("[[1,2],[3,4]]")
    );
    refused(&text, &["EPSG:2154"]);
}

#[test]
fn open_rings() {
    refused(
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[0,0],[1,0],[1,1]]]]}"#,
        &["polygon 1, ring 0, vertex 2", "open", "0 0", "1 1"],
    );
    let topology =
        r#"{"type":"Topology","objects":{"a":{"type":"Polygon","arcs":[[0]]}},"arcs":[[[0,0],[1,0],[1,1]]]}"#;
    refused(topology, &["ring 0, vertex 2", "open"]);
    let mut bytes = wkb::encode(&crate::three()[0]);
    bytes[13] = 1; // A low bit of the first longitude.
    let said = read_features_bytes(&bytes, "x", &VectorOptions::default()).unwrap_err().to_string();
    assert!(said.contains("the ring is open"), "{said}");
    assert!(matches!(wkb::decode(&bytes, "x"), Err(IoError::Unsuitable { .. })));
}

#[test]
fn types() {
    refused(r#"{"type":"Curve","coordinates":[1,2]}"#, &["no type of geometry \"Curve\""]);
    refused(r#"{"type":"Polygon","coordinates":[[1,2],[3,4]]}"#, &["nested 2 deep", "not 1"]);
    refused(r#"{"type":"Point"}"#, &["\"Point\""]);
    refused(
        r#"{"type":"Feature","properties":{},"geometry":{"type":"Point"}}"#,
        &["Point without \"coordinates\""],
    );
    refused(r#"{"a":1}"#, &["without \"type\""]);
    refused(r#"{"type":"FeatureCollection"}"#, &["without \"features\""]);
    refused(r#"{"type":"Topology","objects":{}}"#, &["without \"arcs\""]);
    refused(
        r#"{"type":"FeatureCollection","features":[{"type":"Point","coordinates":[1,2]}]}"#,
        &["feature 0", "\"Point\""],
    );
    refused(r#"{"type":"LineString","coordinates":[[1,2],[[3,4]]]}"#, &["line 1, column 50", "unlike depth"]);
    refused(
        r#"{"type":"Topology","objects":{"a":{"type":"LineString","arcs":[3]}},"arcs":[[[0,0],[1,1]]]}"#,
        &["arc 3 is used, but there are 1 arcs"],
    );
    let curve = [&[1, 8, 0, 0, 0][..], &[0; 20]].concat();
    let said = read_features_bytes(&curve, "x.wkb", &VectorOptions::default()).unwrap_err().to_string();
    assert!(
        said.contains("CircularString") && said.contains("byte 0") && said.contains("CONVERT_TO_LINEAR"),
        "{said}"
    );
    for (head, word) in [
        (&b"PK\x03\x04"[..], "zip"),
        (b"POINT(1 2)", "well-known text"),
        (b"<kml>", "XML"),
        (b"\0\0\x27\x0a", "shapefile"),
        (b"\x1f\x8b\x08", "gunzip"),
        (b"[1]", "FeatureCollection"),
        (b"what?", "77 68 61 74"),
        (b"", "empty"),
    ] {
        let said = read_features_bytes(head, "x", &VectorOptions::default()).unwrap_err().to_string();
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn skipped_features_are_listed() {
    let features = [
        line("[[1,2],[null,3]]"),
        line("[[1,2],[2,3]]"),
        r#"{"type":"Feature","properties":{},"geometry":null}"#.to_owned(),
        line("[]"),
        r#"{"type":"Feature","id":9,"properties":{},"geometry":{"type":"Blob","coordinates":[]}}"#.to_owned(),
        line("[[100,2],[2,93]]"),
    ];
    let options = VectorOptions { skip_invalid: true, ..VectorOptions::default() };
    let read = read_text(&collection(&features), &options).unwrap();
    assert_eq!((read.summary.features, read.summary.skipped, read.summary.without_geometry), (1, 3, 2));
    let list: Vec<_> = read.summary.skipped_list.iter().map(|s| (s.index, s.id.as_deref())).collect();
    assert_eq!(list, [(0, Some("n")), (4, Some("9")), (5, Some("n"))]);
    assert!(read.summary.skipped_list[2].reason.contains("vertex 1: latitude 93"));
    // What is cut off is not skipped.
    assert!(read_text(&collection(&features)[..150], &options).is_err());
}

#[test]
fn ids_from_a_property() {
    let options = |name: &str| VectorOptions { id_property: Some(name.into()), ..VectorOptions::default() };
    let read = read_features_bytes(&bytes("three.geojson"), "x", &options("name")).unwrap();
    let ids: Vec<_> = read.features.iter().filter_map(|f| f.id.as_deref()).collect();
    assert_eq!(ids, ["lake", "isles", "shöre"]);
    let read = read_features_bytes(&bytes("three.geojson"), "x", &options("rank")).unwrap();
    assert_eq!(read.features[2].id.as_deref(), Some("3"));
    let said = read_features_bytes(&bytes("three.geojson"), "x", &options("nom")).unwrap_err().to_string();
    assert!(said.contains("feature 0") && said.contains("\"nom\"") && said.contains("\"name\""), "{said}");
}

#[test]
fn layers_where_there_are_none() {
    let options = VectorOptions { layer: Some("coast".into()), ..VectorOptions::default() };
    for name in ["three.geojson", "three.geojsonl", "three.ewkb"] {
        let said = read_features_bytes(&bytes(name), name, &options).unwrap_err().to_string();
        assert!(said.contains("no layers") && said.contains("--layer"), "{said}");
    }
}

#[test]
fn jumps_over_the_date_line_are_told_and_cured() {
    let text = line("[[179,0],[-179,1]]");
    let read = read_text(&text, &VectorOptions::default()).unwrap();
    assert_eq!(read.summary.long_edges, 1);
    let options = VectorOptions { date_line: DateLine::Shortest, ..VectorOptions::default() };
    let read = read_text(&text, &options).unwrap();
    assert_eq!(read.summary.long_edges, 0);
    assert_eq!(read.features[0].geometry, line_string![(x: 179., y: 0.), (x: 181., y: 1.)].into());
    let read = read_text(&line("[[-180,-90],[180,-90],[-180,-90]]"), &VectorOptions::default()).unwrap();
    assert_eq!(read.summary.long_edges, 0);
}
