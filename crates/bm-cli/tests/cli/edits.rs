//! Changing a world and reading its history.

use crate::support::{bm, bm_with, folder_with_world, npy, png_size};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A place deep in the tiny island, and what lies there.
const AT: &str = "--lon 45 --lat 45 --alt 1000";

const LAKE: &str = r#"{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[
    [[45,45],[45.003,45],[45.003,45.002],[45,45.002],[45,45]],
    [[45.001,45.0005],[45.001,45.0015],[45.002,45.0015],[45.002,45.0005],[45.001,45.0005]]]}}"#;

fn edit(folder: &Path, rest: &str) -> Value {
    bm(folder, &format!("edit tiny.bm {rest} --json")).good().json()
}

fn material(folder: &Path, rest: &str) -> String {
    let j = bm(folder, &format!("query tiny.bm {rest} --json")).good().json();
    j["material"]["name"].as_str().expect("a name").to_owned()
}

#[test]
fn every_shape_sets_its_cells() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    fs::write(dir.join("lake.geojson"), LAKE).unwrap();
    fs::write(dir.join("m.npy"), npy("|b1", "(2, 1, 3)", &[1, 0, 1, 1, 1, 0])).unwrap();
    assert_eq!(material(dir, AT), "upper crust");

    let j = edit(dir, &format!("cell {AT} --material granite"));
    assert_eq!((&j["version"], &j["cells"], &j["level"]), (&json!(2), &json!(1), &json!(28)));
    assert_eq!(j["material"], json!({ "id": 6, "name": "granite" }));
    assert!(j["seconds"].is_f64());
    let b = &j["box"];
    assert!(b["bbox"][0].as_f64().unwrap() <= 45.0 && 45.0 < b["bbox"][2].as_f64().unwrap());
    assert_eq!(b["alt"], json!([1000.0, 1000.25]));
    let j = bm(dir, &format!("query tiny.bm {AT} --json")).good().json();
    assert_eq!((&j["material"]["name"], &j["source"]), (&json!("granite"), &json!("edit")));
    assert_eq!((&j["version"], &j["exact"]), (&json!(2), &json!(true)));

    let j = edit(dir, &format!("sphere {AT} --radius 20 -m air"));
    let volume = 4.0 / 3.0 * std::f64::consts::PI * 8000.0 * 64.0 / 45f64.to_radians().cos();
    assert!((j["cells"].as_f64().unwrap() / volume - 1.0).abs() < 0.01, "{j}");
    assert_eq!(material(dir, "--lon 45 --lat 45 --alt 1019"), "air");
    assert_eq!(material(dir, "--lon 45 --lat 45 --alt 1021"), "upper crust");

    let j = edit(dir, "cylinder --lon 45 --lat 45 --radius 2 --alt -50,50 --material 10");
    assert_eq!(j["material"]["name"], "basalt");
    assert_eq!(material(dir, "--lon 45 --lat 45 --alt 49.9"), "basalt");
    assert_eq!(material(dir, "--lon 45 --lat 45 --alt 50"), "upper crust");

    let j = edit(dir, "polygon lake.geojson --alt 400,420 --material freshwater --resolution 1");
    assert_eq!(j["level"], 26);
    assert_eq!(material(dir, "--lon 45.0005 --lat 45.001 --alt 419.9"), "freshwater");
    assert_eq!(material(dir, "--lon 45.0015 --lat 45.001 --alt 410"), "upper crust");

    let j = edit(dir, "box --bbox 179.9999,10,-179.9999,10.0001 --alt -10,-9 --material ice");
    assert!(j["cells"].as_u64().unwrap() > 100);
    for lon in ["179.99995", "-179.99995"] {
        assert_eq!(material(dir, &format!("--lon {lon} --lat 10.00005 --alt -9.5")), "ice");
    }

    let j = edit(dir, "mask m.npy --lon 45.01 --lat 45 --alt 500 --material ore --resolution 1");
    assert_eq!((&j["cells"], &j["version"]), (&json!(4), &json!(7)));
    assert_eq!(material(dir, "--lon 45.01 --lat 45 --alt 500.5"), "ore");

    let j = edit(dir, &format!("sphere {AT} --radius 30 --clear"));
    assert_eq!((&j["material"], &j["version"]), (&Value::Null, &json!(8)));
    assert_eq!(material(dir, AT), "upper crust");

    let text = bm(dir, &format!("edit tiny.bm cell {AT} --material ice --level 21")).good().out;
    for line in ["material       ice", "1 of 32 m (level 21)", "992 m to 1 024 m", "version 9"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(bm(dir, "verify tiny.bm --json").good().json()["ok"], true);
}

#[test]
fn metres_of_the_frame_name_the_same_cell() {
    let (own, _) = folder_with_world();
    let x = 225.0 / 360.0 * 40_075_020.0 + 0.1;
    let y = 135.0 / 180.0 * 20_037_510.0 + 0.1;
    edit(own.path(), &format!("cell --x {x} --y {y} --z {} --material ore", 33_554_432 + 1000));
    assert_eq!(material(own.path(), AT), "ore");
}

#[test]
fn an_expectation_holds_or_nothing_changes() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    let cell = format!("edit tiny.bm cell {AT} --material air");
    bm(dir, &format!("{cell} --expect ice"))
        .refused(1, &["45.0", "1000.125 m", "holds upper crust, not ice", "nothing was changed"]);
    let j = bm(dir, &format!("{cell} --expect ice --json"));
    assert_eq!((j.code, &j.json()["exit_code"]), (1, &json!(1)));
    assert_eq!(material(dir, AT), "upper crust");
    assert_eq!(edit(dir, &format!("cell {AT} --material air --expect 20"))["version"], 2);
    bm(dir, &format!("{cell} --expect 20")).refused(1, &["holds air, not upper crust"]);
}

#[test]
fn history_can_be_read_and_undone() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    edit(dir, &format!("sphere {AT} --radius 3 --material granite --origin ann --note cave"));
    edit(dir, &format!("cell {AT} --material air --origin bob --durability memory"));
    edit(dir, &format!("cell {AT} --material ice --durability group"));

    let j = bm(dir, "log tiny.bm --json").good().json();
    assert_eq!((&j["version"], &j["oldest_version"]), (&json!(4), &json!(1)));
    let log = j["log"].as_array().unwrap();
    assert_eq!(log.len(), 4);
    assert_eq!(
        (&log[1]["version"], &log[1]["origin"], &log[1]["what"]),
        (&json!(2), &json!("ann"), &json!("cave"))
    );
    assert!(log[1]["cells"].as_u64().unwrap() > 1000 && log[1]["pages"].is_u64());
    assert!(
        log[1]["time"].as_str().unwrap().ends_with('Z')
            && log[1]["time_ms"].as_u64().unwrap() > 1_700_000_000_000
    );
    assert_eq!(log[1]["box"]["alt"], json!([997.0, 1003.0]));
    assert_eq!((&log[2]["what"], &log[2]["cells"]), (&json!("cell: air"), &json!(1)));
    assert_eq!((&log[0]["box"], log[0]["pages"].as_u64() > Some(0)), (&Value::Null, true));
    let versions = |args: &str| {
        let j = bm(dir, &format!("log tiny.bm {args} --json")).good().json();
        j["log"].as_array().unwrap().iter().map(|e| e["version"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(versions("--limit 2"), [3, 4]);
    assert_eq!(versions("--since 3"), [3, 4]);
    assert_eq!(versions("--since 2 -n 1"), [4]);
    assert_eq!(versions("--since 9"), [0; 0]);
    let text = bm(dir, "log tiny.bm").good().out;
    assert!(text.contains("ann") && text.contains("cave (44.9999") && text.lines().count() == 5, "{text}");

    let at = |v: u64| material(dir, &format!("{AT} --at {v}"));
    assert_eq!([1, 2, 3, 4].map(at), ["upper crust", "granite", "air", "ice"]);
    let lines = bm_with(dir, "query tiny.bm --stdin --at 2", b"45,45,1000\n").good().json_lines();
    assert_eq!((&lines[0]["material"]["name"], &lines[0]["version"]), (&json!("granite"), &json!(2)));

    let j = edit(dir, "revert --version 4 --origin carl");
    assert_eq!((&j["version"], &j["reverted"], &j["cells"]), (&json!(5), &json!(4), &json!(1)));
    assert_eq!(material(dir, AT), "air");
    edit(dir, "revert --version 2");
    assert_eq!(material(dir, AT), "upper crust", "later edits of the same voxels go with it");
    assert_eq!(at(5), "air");
    let j = bm(dir, "log tiny.bm --since 5 -n 1 --json").good().json();
    assert_eq!(j["log"][0]["what"], "revert version 2");

    let render = |v: u64| {
        let picture = dir.join("p.png");
        let bbox = "44.9999,44.9999,45.0001,45.0001";
        let j = bm(
            dir,
            &format!("render tiny.bm --bbox {bbox} --alt 1000 --size 64x64 --at {v} -o p.png --json"),
        );
        assert_eq!(j.good().json()["version"], v);
        png_size(&picture);
        fs::read(picture).unwrap()
    };
    assert!(render(1) != render(2) && render(1) == render(6));
    let export = |v: u64| {
        let args = "--bbox 44.9999,44.9999,45.0001,45.0001 --alt 1000 --level 28 -o v.npy --json";
        assert_eq!(bm(dir, &format!("export tiny.bm {args} --at {v}")).good().json()["version"], v);
        fs::read(dir.join("v.npy")).unwrap()
    };
    assert!(export(1) != export(2) && export(1) == export(6));
}

#[test]
fn compacting_keeps_the_newest_version_and_says_what_it_freed() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    edit(dir, &format!("sphere {AT} --radius 8 --material granite"));
    edit(dir, &format!("sphere {AT} --radius 4 --material air"));
    let info = bm(dir, "info tiny.bm --json").good().json();
    assert!(info["edits"].as_u64().unwrap() > 100 && info["version"] == 3);
    for field in ["edits", "pages", "bytes", "budget", "journal_bytes", "journal_segments"] {
        assert!(info["overlay"][field].as_u64().unwrap() > 0, "{field}: {info}");
    }
    assert_eq!((&info["oldest_version"], &info["overlay"]["folded_version"]), (&json!(1), &json!(1)));
    let text = bm(dir, "info tiny.bm --materials").good().out;
    assert!(text.contains("1 to 3 can be read") && text.contains("    6  granite"), "{text}");

    for strategy in ["lazy", "time", "adaptive", "spatial"] {
        let j = bm(dir, &format!("compact tiny.bm --strategy {strategy} --json")).good().json();
        assert_eq!(j["version"], 3);
        assert!(j["after"]["edits"].as_u64() <= j["before"]["edits"].as_u64());
    }
    let j = bm(dir, "compact tiny.bm --json").good().json();
    assert_eq!(
        (&j["after"]["edits"], &j["version"], &j["oldest_version"]),
        (&json!(0), &json!(3), &json!(1))
    );
    for field in ["bytes_on_disk", "page_bytes", "history_bytes", "journal_bytes"] {
        assert!(j["before"][field].is_u64() && j["after"][field].is_u64(), "{field}");
    }
    let at = |v: u64| material(dir, &format!("{AT} --at {v}"));
    assert_eq!([1, 2, 3].map(at), ["upper crust", "granite", "air"]);
    let j = bm(dir, &format!("query tiny.bm {AT} --json")).good().json();
    assert!(j["material"]["name"] == "air" && j["source"] != "edit", "{j}");

    let text = bm(dir, "compact tiny.bm --keep-versions 1").good().out;
    assert!(text.contains("3 to 3 can be read") && text.contains("on disk"), "{text}");
    bm(dir, &format!("query tiny.bm {AT} --at 2")).refused(2, &["version 2 is no longer kept", "is 3"]);
    bm(dir, "edit tiny.bm revert --version 2").refused(2, &["version"]);
    assert_eq!(material(dir, AT), "air");
    bm(dir, "compact tiny.bm --keep-days 1.5").good();
    edit(dir, &format!("cell {AT} --material ice"));
    bm(dir, "compact tiny.bm").good();
    assert_eq!([at(3), at(4)], ["air", "ice"]);
    assert_eq!(bm(dir, "verify tiny.bm --json").good().json()["ok"], true);
    assert_eq!(bm(dir, "info tiny.bm --json").good().json()["edits"], 0);
}

#[test]
fn an_interrupted_edit_is_there_whole_or_not_at_all() {
    let (own, _) = folder_with_world();
    let dir = own.path();
    edit(dir, &format!("cell {AT} --material ore"));
    for wait in [1, 30, 200] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bm"))
            .args(["edit", "tiny.bm", "sphere", "--lon", "45", "--lat", "45", "--alt", "1000"])
            .args(["--radius", "60", "--material", "air"])
            .current_dir(dir)
            .stdout(Stdio::null())
            .spawn()
            .expect("bm runs");
        std::thread::sleep(Duration::from_millis(wait));
        let pid = child.id().to_string();
        // It may have finished already.
        let _ = Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status();
        child.wait().expect("ends");
        let found = material(dir, AT);
        let other = material(dir, "--lon 45 --lat 45 --alt 1059");
        assert!(
            (found == "ore" && other == "upper crust") || (found == "air" && other == "air"),
            "{found}, {other}"
        );
    }
    assert_eq!(bm(dir, "verify tiny.bm --json").good().json()["ok"], true);
}
