//! Changes that are refused: a clear line, the right exit code, and nothing written.

use crate::support::{bm, folder_with_world, npy};
use serde_json::json;
use std::fs;

#[test]
fn usage() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    for args in [
        "edit",
        "edit tiny.bm",
        "edit tiny.bm pyramid",
        "edit tiny.bm cell --lon 1 --lat 2 --alt 3",
        "edit tiny.bm cell --material air",
        "edit tiny.bm cell --lon 1 --lat 2 --material air",
        "edit tiny.bm cell --lon 1 --lat 2 --alt 3 --x 1 --y 2 --z 3 --material air",
        "edit tiny.bm cell --lon 1 --lat 2 --alt 3 --material air --clear",
        "edit tiny.bm cell --lon 1 --lat 2 --alt 3 --material air --level 29",
        "edit tiny.bm cell --lon 1 --lat 2 --alt 3 --material air --level 3 --resolution 2",
        "edit tiny.bm cell --lon 1 --lat 2 --alt 3 --material air --durability never",
        "edit tiny.bm cell --lon 1 --lat 2 --alt 3 --material air --budget 0",
        "edit tiny.bm box --bbox 1,2,3 --alt 0,1 --material air",
        "edit tiny.bm box --bbox 1,2,3,4 --alt 0 --material air",
        "edit tiny.bm sphere --lon 1 --lat 2 --alt 3 --material air",
        "edit tiny.bm sphere --lon 1 --lat 2 --alt 3 --radius big --material air",
        "edit tiny.bm cylinder --lon 1 --lat 2 --radius 3 --material air",
        "edit tiny.bm polygon --alt 0,1 --material air",
        "edit tiny.bm mask m.npy --material air",
        "edit tiny.bm revert",
        "edit tiny.bm revert --version first",
        "log tiny.bm --limit -1",
        "compact tiny.bm --strategy best",
        "compact tiny.bm --keep-versions 0",
        "compact tiny.bm --keep-versions 2 --keep-days 2",
    ] {
        let ran = bm(dir, args);
        assert_eq!(ran.code, 2, "{args}: {}", ran.err);
        assert!(ran.out.is_empty() && !ran.err.contains("panicked"), "{args}: {}", ran.err);
    }
    assert_eq!(bm(dir, "info tiny.bm --json").good().json()["version"], 1);
}

#[test]
fn shapes_materials_and_versions_that_make_no_sense() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    let polygon = |ring: &str| format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#);
    for (name, text) in [
        ("bow.geojson", polygon("[[0,0],[2,2],[2,0],[0,2],[0,0]]")),
        ("open.geojson", polygon("[[0,0],[2,0],[2,2],[0,2]]")),
        ("swapped.geojson", polygon("[[45,100],[45,101],[46,101],[45,100]]")),
        ("hole.geojson", polygon("[[0,0],[2,0],[2,2],[0,0]],[[5,5],[6,5],[6,6],[5,5]]")),
        ("big.geojson", polygon("[[0,0],[20,0],[20,20],[0,20],[0,0]]")),
        ("point.geojson", r#"{"type":"Point","coordinates":[1,2]}"#.into()),
        ("broken.geojson", "{".into()),
    ] {
        fs::write(dir.join(name), text).unwrap();
    }
    fs::write(dir.join("flat.npy"), npy("|b1", "(2, 3)", &[1; 6])).unwrap();
    fs::write(dir.join("floats.npy"), npy("<f4", "(1, 1, 1)", &[0; 4])).unwrap();
    fs::write(dir.join("short.npy"), npy("|u1", "(2, 2, 2)", &[1; 7])).unwrap();
    fs::write(dir.join("empty.npy"), npy("|u1", "(1, 1, 2)", &[0; 2])).unwrap();
    fs::write(dir.join("good.npy"), npy("|u1", "(2, 2, 2)", &[1; 8])).unwrap();
    let at = "--lon 45 --lat 45 --alt 1000";
    for (args, code, words) in [
        (format!("cell {at} --material cheese"), 2, ["no material \"cheese\"", "granite"]),
        (format!("cell {at} --material 60000"), 2, ["no material \"60000\"", "granite"]),
        (format!("cell {at} --material 0"), 2, ["no material \"0\"", "granite"]),
        (format!("cell {at} --material air --expect cheese"), 2, ["no material \"cheese\"", "granite"]),
        ("cell --lon 0 --lat 90 --alt 0 --material air".into(), 2, ["lat = 90", "outside the world"]),
        ("cell --lon 0 --lat 0 --alt 1e8 --material air".into(), 2, ["alt", "outside the world"]),
        ("cell --x 0 --y -5 --z 0 --material air".into(), 2, ["y = -5", "outside the world"]),
        (format!("cell {at} --material air --level 0"), 2, ["cell", "out of the world"]),
        (format!("cell {at} --material air --resolution nan"), 2, ["--resolution", "above 0"]),
        ("box --bbox 0,0,0,1 --alt 0,1 --material air".into(), 2, ["no width", "west"]),
        ("box --bbox 0,2,1,1 --alt 0,1 --material air".into(), 2, ["south", "north"]),
        ("box --bbox 0,0,1,1 --alt 1,1 --material air".into(), 2, ["empty", "lower altitude first"]),
        ("box --bbox 0,0,1,1 --alt 0,1e9 --material air".into(), 2, ["alt", "outside the world"]),
        ("box --bbox 0,0,20,20 --alt 0,5000 --material air".into(), 2, ["faces", "level of 21 or less"]),
        ("box --bbox 0,0,1e-5,1e-5 --alt 0,1 --material air --level 20".into(), 2, ["box", "finer level"]),
        (format!("sphere {at} --radius -3 --material air"), 2, ["radius = -3", "above 0"]),
        (format!("sphere {at} --radius 1e5 --material air"), 2, ["million runs", "use level"]),
        ("sphere --lon 0 --lat 89.9999 --alt 0 --radius 50 --material air".into(), 2, ["pole", "smaller"]),
        (
            "cylinder --lon 0 --lat 0 --radius 5 --alt 3,2 --material air".into(),
            2,
            ["cylinder", "lower altitude"],
        ),
        ("polygon bow.geojson --alt 0,1 --material air".into(), 2, ["bow.geojson", "vertex 0 (0, 0)"]),
        ("polygon open.geojson --alt 0,1 --material air".into(), 2, ["open.geojson", "close the ring"]),
        ("polygon swapped.geojson --alt 0,1 --material air".into(), 2, ["vertex 0", "swapped"]),
        ("polygon hole.geojson --alt 0,1 --material air".into(), 2, ["ring 1 (hole)", "outside the shell"]),
        ("polygon big.geojson --alt 0,100 --material air".into(), 2, ["million runs", "use level"]),
        ("polygon point.geojson --alt 0,1 --material air".into(), 2, ["Point", "Polygon"]),
        ("polygon broken.geojson --alt 0,1 --material air".into(), 2, ["broken.geojson", "understood"]),
        ("polygon none.geojson --alt 0,1 --material air".into(), 2, ["none.geojson", "cannot be read"]),
        (format!("mask flat.npy {at} --material air"), 2, ["flat.npy", "[z][y][x]"]),
        (format!("mask floats.npy {at} --material air"), 2, ["floats.npy", "type is <f4"]),
        (format!("mask short.npy {at} --material air"), 2, ["short.npy", "does not fit its 7 bytes"]),
        (format!("mask empty.npy {at} --material air"), 2, ["mask", "no cell"]),
        (format!("mask none.npy {at} --material air"), 2, ["none.npy", "cannot be read"]),
        (
            "mask good.npy --lon 0 --lat 89.9999999 --alt 0 --material air".into(),
            2,
            ["mask", "out of the world"],
        ),
        (format!("sphere {at} --radius 90 --material air --budget 1"), 2, ["budget", "split it"]),
        ("revert --version 9".into(), 2, ["version 9 does not exist", "newest is 1"]),
        ("revert --version 1".into(), 2, ["version 1", "version"]),
    ] {
        bm(dir, &format!("edit tiny.bm {args}")).refused(code, &words);
    }
    bm(dir, "edit none.bm cell --lon 1 --lat 2 --alt 3 --material air").refused(2, &["none.bm"]);
    bm(dir, "query tiny.bm --lon 0 --lat 0 --alt 0 --at 2").refused(2, &["version 2 does not exist"]);
    bm(dir, "query tiny.bm --lon 0 --lat 0 --alt 0 --at 0").refused(2, &["version 0"]);
    bm(dir, "compact tiny.bm --keep-days -1").refused(2, &["--keep-days", "from 0"]);
    bm(dir, "compact none.bm").refused(2, &["none.bm"]);
    bm(dir, "log none.bm").refused(2, &["none.bm"]);
    let log = bm(dir, "log tiny.bm --json").good().json();
    assert_eq!((log["log"].as_array().unwrap().len(), &log["version"]), (1, &json!(1)));
    assert!(!dir.join("none.bm").exists() && !dir.join("none.bm.edits").exists());
}

#[test]
fn only_one_writer_at_a_time() {
    let (own, path) = folder_with_world();
    let dir = own.path();
    let held = bm_hybrid::World::open(&path).unwrap();
    for args in [
        "edit tiny.bm cell --lon 45 --lat 45 --alt 1000 --material air",
        "edit tiny.bm revert --version 1",
        "compact tiny.bm",
    ] {
        bm(dir, args).refused(1, &["tiny.bm", "in use by another process"]);
    }
    drop(held);
    let j = bm(dir, "edit tiny.bm cell --lon 45 --lat 45 --alt 1000 --material air --json").good().json();
    assert_eq!(j["version"], 2);
}

#[test]
fn a_lost_journal_is_told() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    bm(dir, "edit tiny.bm cell --lon 45 --lat 45 --alt 1000 --material air").good();
    fs::rename(dir.join("tiny.bm.edits"), dir.join("elsewhere")).unwrap();
    bm(dir, "info tiny.bm").refused(2, &["tiny.bm.edits", "missing", "put it back"]);
    fs::rename(dir.join("elsewhere"), dir.join("tiny.bm.edits")).unwrap();
    assert_eq!(bm(dir, "info tiny.bm --json").good().json()["version"], 2);
}
