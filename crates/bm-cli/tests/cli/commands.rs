//! Every command on a good world.

use crate::support::{bm, folder, folder_with_world, height, png_size, tiny};
use serde_json::json;

#[test]
fn help_names_every_command_and_gives_examples() {
    let help = bm(tiny(), "--help").good().out;
    let commands = [
        "demo", "ingest", "info", "verify", "query", "render", "export", "edit", "simulate", "grid", "log",
        "compact",
    ];
    for word in commands.into_iter().chain(["Examples:", "Exit codes"]) {
        assert!(help.contains(word), "{word}: {help}");
    }
    let shapes = ["cell", "box", "sphere", "cylinder", "polygon", "mask", "revert"];
    let below = shapes.into_iter().map(|s| format!("edit tiny.bm {s}"));
    let deeper = ["ingest relief", "ingest strata"].map(String::from).into_iter().chain(below);
    for command in commands.into_iter().map(String::from).chain(deeper) {
        let help = bm(tiny(), &format!("{command} --help")).good().out;
        assert!(help.contains("Usage: bm") && help.contains("--json"), "{help}");
    }
    assert!(bm(tiny(), "--version").good().out.starts_with("bm 0."));
    assert!(bm(tiny(), "query --help").good().out.contains("NDJSON"));
}

#[test]
fn ingest_reports_what_it_did() {
    let own = folder();
    let text = bm(own.path(), "ingest relief tiny.nc --world w.bm --threads 1").good().out;
    assert!(text.contains("648") && text.contains("version 1"), "{text}");
    let again = bm(
        own.path(),
        "ingest relief tiny.nc tiny.nc --world w.bm --var z --sea everywhere --nearest --json",
    );
    let j = again.good().json();
    assert_eq!(
        (&j["version"], &j["files"][1]["samples"], &j["files"][0]["holes"]),
        (&json!(3), &json!(648), &json!(0))
    );
    assert_eq!(j["bytes_on_disk"], std::fs::metadata(own.path().join("w.bm")).unwrap().len());
    assert!(j["files"][0]["pages"]["strata"].as_u64().unwrap() > 0);
}

#[test]
fn info_and_log() {
    let j = bm(tiny(), "info tiny.bm --json").good().json();
    assert_eq!(j["version"], 1);
    for counted in ["edits", "boundaries", "grids"] {
        assert_eq!(j[counted], 0);
    }
    assert!(j["bytes_on_disk"].as_u64().unwrap() > 1000);
    assert!(j["pages"]["strata"].as_u64().unwrap() > 0 && j["pages"]["procedural"] == 1);
    assert!(bm(tiny(), "info tiny.bm").good().out.contains("pages strata"));

    let j = bm(tiny(), "log tiny.bm --json").good().json();
    assert_eq!((&j["version"], &j["log"][0]["version"]), (&json!(1), &json!(1)));
    assert!(j["log"][0]["what"].as_str().unwrap().contains("relief 36×18"));
    assert!(bm(tiny(), "log tiny.bm").good().out.contains("relief 36×18"));
}

#[test]
fn verify_finds_the_world_sound_and_true_to_its_file() {
    let j = bm(tiny(), "verify tiny.bm --json").good().json();
    assert_eq!((&j["ok"], &j["problems"], &j["against"]), (&json!(true), &json!([]), &json!(null)));
    let j = bm(tiny(), "verify tiny.bm --against tiny.nc --var z --json").good().json();
    assert_eq!((&j["against"]["samples"], &j["against"]["wrong"]), (&json!(648), &json!(0)));
    assert!(bm(tiny(), "verify tiny.bm --against tiny.nc").good().out.contains("648 compared, 0 wrong"));
}

#[test]
fn verify_lists_what_is_wrong() {
    let (own, world) = folder_with_world();
    // Another relief: the samples differ.
    let mut other = std::fs::read(own.path().join("tiny.nc")).unwrap();
    let last = other.len() - 2;
    other[last..].copy_from_slice(&1234i16.to_be_bytes());
    std::fs::write(own.path().join("other.nc"), other).unwrap();
    let ran = bm(own.path(), "verify tiny.bm --against other.nc --json");
    assert_eq!(ran.code, 1);
    let j = ran.json();
    assert_eq!((&j["ok"], &j["against"]["wrong"]), (&json!(false), &json!(1)));
    assert_eq!(j["against"]["examples"][0][2], 1234.0);

    // Damage in the middle of the file.
    let mut bytes = std::fs::read(&world).unwrap();
    let half = bytes.len() / 2;
    bytes[4096..half].iter_mut().for_each(|b| *b ^= 0x55);
    std::fs::write(&world, bytes).unwrap();
    let ran = bm(own.path(), "verify tiny.bm --json");
    assert_eq!((ran.code, &ran.json()["ok"]), (1, &json!(false)));
    assert!(!ran.json()["problems"].as_array().unwrap().is_empty());
    assert!(bm(own.path(), "verify tiny.bm").out.contains("problem: "));
}

#[test]
fn query_answers_with_the_promised_shape() {
    let j = bm(tiny(), "query tiny.bm --lon 45 --lat 45 --alt 1000 --json").good().json();
    assert_eq!(j["material"], json!({ "id": 20, "name": "upper crust" }));
    assert_eq!((&j["level"], &j["exact"], &j["source"]), (&json!(28), &json!(true), &json!("strata")));
    assert_eq!((&j["version"], &j["page_level"], &j["cell_m"]), (&json!(1), &json!(7), &json!(0.25)));
    assert_eq!(j["ground"]["alt"], f64::from(height(22, 13)));

    // Negative numbers, and the same place in frame metres.
    let sea = bm(tiny(), "query tiny.bm --lon -150 --lat -30.5 --alt -2000 --json").good().json();
    assert_eq!(sea["material"]["name"], "seawater");
    let x = (180.0 - 150.0) / 360.0 * 40_075_020.0;
    let y = (90.0 - 30.5) / 180.0 * 20_037_510.0;
    let same =
        bm(tiny(), &format!("query tiny.bm --x {x} --y {y} --z {} --json", 33_554_432 - 2000)).good().json();
    assert_eq!(same["material"], sea["material"]);
    assert!((same["lat"].as_f64().unwrap() + 30.5).abs() < 1e-9);

    let coarse = bm(tiny(), "query tiny.bm --lon 0 --lat 0 --alt 0 --level 0 --json").good().json();
    assert_eq!((&coarse["level"], &coarse["exact"]), (&json!(0), &json!(false)));
    let metre =
        bm(tiny(), "query tiny.bm --lon 0 --lat 0 --alt 9000 --resolution 1.5 --at 1 --json").good().json();
    assert_eq!((&metre["level"], &metre["material"]["name"]), (&json!(26), &json!("air")));

    let text = bm(tiny(), "query tiny.bm --lon 45 --lat 45 --alt 1000").good().out;
    for line in ["material       upper crust (id 20)", "level 28, 0.25 m", "3 000 m above sea level"] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn pictures_have_their_size() {
    let own = folder();
    let world = tiny().join("tiny.bm");
    let render = |rest: &str| {
        let ran = bm(own.path(), &format!("render {} {rest} -o p.png --json", world.display())).good().json();
        let size = png_size(&own.path().join("p.png"));
        assert_eq!([&ran["width"], &ran["height"]], [&json!(size[0]), &json!(size[1])]);
        size
    };
    assert_eq!(render("--surface --size 200x100"), [200, 100]);
    assert_eq!(render("--surface --bbox -10,-20,30,0 --size 120x60"), [120, 60]);
    assert_eq!(render("--surface --bbox 170,-20,-170,-10 --size 64x32"), [64, 32]);
    for plot in [
        "--surface --frame",
        "--alt -2000",
        "--section --bbox -10,40,100,50",
        "--section --alt -9000,5000",
        "--line -10,-45,100,50",
    ] {
        let [w, h] = render(&format!("{plot} --size 320x160"));
        assert!((321..800).contains(&w) && (161..500).contains(&h), "{plot}: {w} × {h}");
    }
    assert_eq!(render("--surface --bbox 0,0,20,10"), [1600, 800]);
}

#[test]
fn exports_can_be_read() {
    let own = folder();
    let world = tiny().join("tiny.bm");
    let export =
        |rest: &str| bm(own.path(), &format!("export {} {rest} --json", world.display())).good().json();
    let j = export("--bbox 44,44,46,46 --alt -2000,2000 --level 14 -o v.npy");
    let npy = std::fs::read(own.path().join("v.npy")).unwrap();
    assert_eq!(&npy[..6], b"\x93NUMPY");
    let shape: Vec<u64> = j["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    assert_eq!(j["bytes"], npy.len());
    assert!(shape.len() == 3 && npy.len() as u64 >= shape.iter().product::<u64>() * 2);
    let about: serde_json::Value =
        serde_json::from_slice(&std::fs::read(own.path().join("v.npy.json")).unwrap()).unwrap();
    assert_eq!(about["level"], 14);
    assert!(export("--bbox -1,-1,1,1 --alt -500 -o auto.npy")["shape"].as_array().unwrap().len() == 3);

    let j = export("--bbox -10,30,80,60 --heights --resolution 50000 -o h.tif");
    assert_eq!(j["shape"].as_array().unwrap().len(), 2);
    let back = bm_io::read_relief(own.path().join("h.tif"), &bm_io::ReliefOptions::default()).unwrap();
    assert!((back.range_m().unwrap().1 - 3000.0).abs() < 300.0);
    let ids = bm(
        own.path(),
        &format!("export {} --bbox -10,30,80,60 --alt -100 --format geotiff -o ids", world.display()),
    );
    assert!(ids.good().out.contains("1024"));
}

#[test]
fn the_demonstration_keeps_its_promise() {
    let own = folder();
    let j = bm(own.path(), "demo here --json --no-serve").good().json();
    assert!(j["ingest_seconds"].as_f64().unwrap() > 0.0 && j["bytes_on_disk"].as_u64().unwrap() > 0);
    assert_eq!(j["pictures"].as_array().unwrap().len(), 6);
    assert_eq!(png_size(&own.path().join("here/surface.png")), [2160, 1080]);
    for picture in j["pictures"].as_array().unwrap() {
        png_size(&own.path().join(picture.as_str().unwrap()));
    }
    let erosion = &j["erosion"];
    assert_eq!((&erosion["years"], &erosion["check_out"]), (&100_000.0.into(), &"alps".into()));
    assert!(erosion["ledger_error"].as_f64().unwrap() < 1e-9 && erosion["lost_km3"].as_f64().unwrap() > 0.0);
    assert_eq!(j["rates"].as_array().unwrap().len(), 7);
    let places = j["places"].as_array().unwrap();
    assert!(places.iter().all(|p| p["name"].is_string() && p["lon"].is_number() && p["lat"].is_number()));
    assert!(
        places
            .iter()
            .all(|p| p["alt"].is_number() && p["material"]["id"].is_u64() && p["source"].is_string())
    );
    let world = j["world"].as_str().unwrap();
    assert_eq!(bm(own.path(), &format!("verify {world} --json")).good().json()["ok"], true);
}
