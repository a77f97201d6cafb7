//! `bm ingest boundary`, `bm boundary`, and what boundaries do to the other commands.

use crate::support::{bm, bm_with, folder, folder_with_world};
use serde_json::Value;
use std::fs;

const ISLAND: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","id":"isle","properties":{"name":"Größe","n":3},"geometry":{"type":"Polygon","coordinates":[[[1,1],[1.001,1],[1.001,1.001],[1,1.001],[1,1]]]}},
 {"type":"Feature","id":"rock","properties":{},"geometry":{"type":"Polygon","coordinates":[[[1.01,1],[1.011,1],[1.011,1.001],[1.01,1.001],[1.01,1]]]}}]}"#;

#[test]
fn in_out_and_gone() {
    let (dir, world) = folder_with_world();
    fs::rename(world, dir.path().join("w.bm")).unwrap();
    fs::write(dir.path().join("isle.geojson"), ISLAND).unwrap();
    // The polygons of a coast are one boundary, and the sea is outside of all of them.
    bm(dir.path(), "ingest boundary isle.geojson --world one.bm --kind coastline").good();
    let one = bm(dir.path(), "boundary list one.bm --json").good().json();
    assert_eq!((&one["boundaries"][0]["id"], &one["boundaries"][0]["parts"]), (&"isle".into(), &2.into()));
    let made = "ingest boundary isle.geojson --world w.bm --kind coastline --separate --right none --json";
    let made = bm(dir.path(), made).good().json();
    assert_eq!(
        (&made["boundaries"], &made["vertices"], &made["version"]),
        (&2.into(), &10.into(), &2.into())
    );
    // Both sides, ten centimetres apart, in what the relief has as sea.
    let at = |lon: &str| {
        let a =
            bm(dir.path(), &format!("query w.bm --lon {lon} --lat 1.0005 --alt -0.3 --json")).good().json();
        (a["material"]["name"].clone(), a["source"].clone(), a["boundary"]["id"].clone())
    };
    assert_eq!(at("1.0000005"), ("sand".into(), "boundary".into(), "isle".into()));
    assert_eq!(at("0.9999995"), ("seawater".into(), "strata".into(), "isle".into()));
    let text = bm(dir.path(), "query w.bm --lon 1.0000005 --lat 1.0005 --alt -0.3").good().out;
    assert!(text.contains("boundary isle"), "{text}");
    let listed = bm(dir.path(), "boundary list w.bm --json").good().json();
    assert_eq!(listed["boundaries"].as_array().unwrap().len(), 2);
    let listed = bm(dir.path(), "boundary list w.bm --bbox 0,0,1.005,2 --kind coastline").good().out;
    assert!(listed.contains("isle") && !listed.contains("rock") && listed.contains("sand | -"), "{listed}");
    let shown = bm(dir.path(), "boundary show w.bm isle --json").good().json();
    assert_eq!((&shown["properties"]["name"], &shown["properties"]["n"]), (&"Größe".into(), &3.into()));
    assert_eq!(shown["bounds"], serde_json::json!([1.0, 1.0, 1.001, 1.001]));
    assert!(bm(dir.path(), "boundary show w.bm isle").good().out.contains("5 vertices"));
    // Out, in every format, and in again.
    for name in ["out.geojson", "out.wkb", "out.fgb"] {
        bm(dir.path(), &format!("boundary export w.bm isle -o {name}")).good();
        let again = format!("ingest boundary {name} --world again.bm --kind coastline --id {name}");
        bm(dir.path(), &again).good();
        let shown = bm(dir.path(), &format!("boundary show again.bm {name} --json")).good().json();
        assert_eq!((&shown["vertices"], &shown["shape"]), (&5.into(), &"area".into()), "{name}");
        assert_eq!(shown["bounds"], serde_json::json!([1.0, 1.0, 1.001, 1.001]), "{name}");
    }
    let info = bm(dir.path(), "info w.bm --json").good().json();
    assert_eq!(info["boundaries"], 2);
    // A picture has the island and its line.
    let picture = "render w.bm --bbox 0.999,0.999,1.002,1.002 --size 60x60 --surface";
    bm(dir.path(), &format!("{picture} -o with.png")).good();
    bm(dir.path(), &format!("{picture} --no-lines -o without.png")).good();
    assert_ne!(
        fs::read(dir.path().join("with.png")).unwrap(),
        fs::read(dir.path().join("without.png")).unwrap()
    );
    let removed = bm(dir.path(), "boundary remove w.bm isle --json").good().json();
    assert_eq!(removed["version"], 3);
    assert_eq!(at("1.0000005").0, "seawater", "as in the relief");
    let then =
        bm(dir.path(), "query w.bm --lon 1.0000005 --lat 1.0005 --alt -0.3 --at 2 --json").good().json();
    assert_eq!(then["material"]["name"], "sand");
    let log = bm(dir.path(), "log w.bm --json").good().out;
    assert!(log.contains("ingest 2 boundaries") && log.contains("remove boundary isle"), "{log}");
    assert_eq!(bm(dir.path(), "verify w.bm --json").good().json()["ok"], true);
}

#[test]
fn streams_say_who_answered() {
    let (dir, _) = folder_with_world();
    fs::write(dir.path().join("isle.geojson"), ISLAND).unwrap();
    bm(dir.path(), "ingest boundary isle.geojson --world tiny.bm --kind coastline").good();
    let ran =
        bm_with(dir.path(), "query tiny.bm --stdin --stats", b"1.0005,1.0005,-0.3\n1.0005,1.0005,-3000\n");
    let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines[0]["boundary"], serde_json::json!({ "id": "isle", "side": "left" }));
    assert!(lines[1].get("boundary").is_none());
    assert!(ran.err.contains("boundary") && ran.err.contains("needed an edge"), "{}", ran.err);
}

#[test]
fn bad_boundaries_are_refused_with_their_place() {
    let dir = folder();
    let ring = |coords: &str| {
        format!(
            r#"{{"type":"Feature","id":"bad","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[[{coords}]]}}}}"#
        )
    };
    let good = r#"{"type":"Feature","id":"good","properties":{},"geometry":{"type":"LineString","coordinates":[[0,0],[1,1]]}}"#;
    let cases = [
        (ring("[0,0],[1,1],[1,0],[0,1],[0,0]"), "cross"),
        (ring("[0,0],[1,1],[0,0]"), "ring"),
        (ring("[0,0],[1,0],[1,1],[0,1]"), "open"),
        (r#"{"type":"Feature","id":"bad","properties":{},"geometry":{"type":"LineString","coordinates":[[3,3],[3,3]]}}"#.into(), "distinct"),
        (r#"{"type":"Feature","id":"bad","properties":{},"geometry":{"type":"LineString","coordinates":[[48,120],[49,130]]}}"#.into(), "swap"),
    ];
    for (bad, why) in &cases {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{good},{bad}]}}"#);
        fs::write(dir.path().join("bad.geojson"), &text).unwrap();
        bm(dir.path(), "ingest boundary bad.geojson --world w.bm").refused(2, &[why, "bad"]);
        assert!(!dir.path().join("w.bm").exists(), "{why}: whole or not at all");
        if *why == "swap" {
            // Nothing in such a file can be trusted.
            bm(dir.path(), "ingest boundary bad.geojson --world skip.bm --skip-invalid").refused(2, &[why]);
            continue;
        }
        let ran =
            bm(dir.path(), "ingest boundary bad.geojson --world skip.bm --skip-invalid --json").good().json();
        assert_eq!(ran["boundaries"], 1, "{why}");
        assert_eq!(ran["skipped"].as_array().unwrap().len(), 1, "{why}");
    }
    fs::write(dir.path().join("utm.geojson"), format!(r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"EPSG:32632"}}}},"features":[{good}]}}"#)).unwrap();
    bm(dir.path(), "ingest boundary utm.geojson --world w.bm").refused(2, &["32632"]);
    fs::write(
        dir.path().join("two.geojson"),
        format!(r#"{{"type":"FeatureCollection","features":[{good},{good}]}}"#),
    )
    .unwrap();
    bm(dir.path(), "ingest boundary two.geojson --world w.bm").refused(2, &["same name"]);
    fs::write(dir.path().join("good.geojson"), good).unwrap();
    for (args, why) in [
        ("--left cheese", "cheese"),
        ("--width -1", "width"),
        ("--precision 0", "precision"),
        ("--extent up,down", "ground or shore"),
    ] {
        bm(dir.path(), &format!("ingest boundary good.geojson --world w.bm {args}")).refused(2, &[why]);
    }
    bm(dir.path(), "ingest boundary good.geojson --world w.bm").good();
    bm(dir.path(), "boundary remove w.bm nobody").refused(2, &["nobody"]);
    bm(dir.path(), "boundary export w.bm -o out.shp").refused(2, &[".geojson"]);
}
