//! Bad input: a clear line, the right exit code, and nothing changed.

use crate::support::{bm, bm_with, folder, folder_with_world, tiny};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn usage() {
    for args in [
        "",
        "nothing",
        "info",
        "info tiny.bm --colour",
        "query tiny.bm",
        "query tiny.bm --lon 1",
        "query tiny.bm --lon 1 --lat 2",
        "query tiny.bm --lon 1 --lat 2 --alt x",
        "query tiny.bm --lon 1 --lat 2 --alt 3 --stdin",
        "query tiny.bm --lon 1 --lat 2 --alt 3 --level 29",
        "query tiny.bm --lon 1 --lat 2 --alt 3 --level 3 --resolution 3",
        "render tiny.bm -o p.png",
        "render tiny.bm --surface",
        "render tiny.bm --surface --bbox 1,2,3 -o p.png",
        "render tiny.bm --surface --size 0x0 -o p.png",
        "render tiny.bm --surface --size 99999x99999 -o p.png",
        "render tiny.bm --surface --section -o p.png",
        "export tiny.bm --bbox 0,0,1,1 --format vdb -o p",
        "ingest relief --world w.bm",
        "ingest relief tiny.nc",
        "ingest relief tiny.nc --world w.bm --sea some",
        "ingest strata tiny.nc --world w.bm --per-degree 99",
    ] {
        let ran = bm(tiny(), args);
        assert_eq!(ran.code, 2, "{args}: {}", ran.err);
        assert!(ran.out.is_empty() && !ran.err.contains("panicked"), "{args}: {}", ran.err);
    }
    assert!(!tiny().join("w.bm").exists() && !tiny().join("p.png").exists());
}

#[test]
fn values_that_make_no_sense() {
    let world = tiny().join("tiny.bm");
    let own = folder();
    for (args, words) in [
        ("query W --lon nan --lat 0 --alt 0", ["lon", "NaN"]),
        ("query W --lon 0 --lat 90 --alt 0", ["lat = 90", "outside the world"]),
        ("query W --lon 0 --lat 0 --alt -10000001", ["alt", "outside the world"]),
        ("query W --lon 0 --lat inf --alt 0", ["lat", "outside"]),
        ("query W --x 0 --y -1 --z 0", ["y = -1", "outside"]),
        ("query W --lon 0 --lat 0 --alt 0 --resolution -1", ["--resolution", "above 0"]),
        ("query W --lon 0 --lat 0 --alt 0 --at 7", ["version 7 does not exist", "newest is 1"]),
        ("render W --surface --bbox 0,10,5,5 -o p.png", ["south", "north"]),
        ("render W --surface --bbox nan,0,5,5 -o p.png", ["west", "degrees"]),
        ("render W --alt 1e9 -o p.png", ["alt", "outside"]),
        ("render W --section --alt 5 -o p.png", ["--alt", "lowest and highest"]),
        ("render W --alt 5,6 -o p.png", ["--alt", "--section"]),
        ("render W --line 0,0,0,0 -o p.png", ["same", "section"]),
        ("render W --surface -o none/p.png", ["none/p.png", "create the directory"]),
        ("render W --surface -o .", ["directory", "give a file name"]),
        ("export W --bbox 0,0,1,1 --alt 5,1 -o p.npy", ["altitudes", "lower"]),
        ("export W --bbox 0,0,1,1 -o p.npy", ["--alt", "needs"]),
        ("export W --bbox 0,0,1,1 --heights -o p.npy", ["--heights", "geotiff"]),
        ("export W --bbox 0,0,1,1 --alt 0,5 -o p.tif", ["--alt", "one altitude"]),
        ("export W --bbox 0,0,1,1 -o p.tif", ["--heights", "--alt"]),
        ("export W --bbox 0,0,1,1 --heights -o p.xyz", ["p.xyz", "--format"]),
        ("export W --bbox -180,-90,180,90 --alt -5000,5000 --level 28 -o p.npy", ["cells", "coarser"]),
        ("export W --bbox 0,0,9,9 --heights --resolution 1e-9 -o p.tif", ["pixels", "16384"]),
    ] {
        bm(own.path(), &args.replace('W', &world.display().to_string())).refused(2, &words);
    }
    let left: Vec<_> = fs::read_dir(own.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["tiny.nc"], "nothing was written");
}

#[test]
fn paths_that_are_no_world() {
    let own = folder();
    fs::create_dir(own.path().join("dir")).unwrap();
    fs::write(own.path().join("empty.bm"), b"").unwrap();
    let cases = [
        ("none.bm", ["none.bm", "no such world"]),
        ("dir", ["dir", "directory"]),
        ("tiny.nc", ["tiny.nc", "not a world"]),
        ("empty.bm", ["empty.bm", "not a world"]),
        ("s3://bucket/world", ["s3://bucket/world", "path of a file"]),
    ];
    for (path, words) in cases {
        for command in [
            "info",
            "log",
            "verify",
            "query --stdin",
            "render --surface -o p.png",
            "export --bbox 0,0,1,1 --heights -o p.tif",
        ] {
            let ran = bm(own.path(), &format!("{command} {path}")).refused(2, &words);
            assert_eq!(ran.out, "");
        }
        let j = bm(own.path(), &format!("info {path} --json")).refused(2, &words).json();
        assert!(j["error"].is_string() && j["exit_code"] == 2);
    }
    for (path, words) in &cases[1..] {
        bm(own.path(), &format!("ingest relief tiny.nc --world {path}")).refused(2, words);
    }
    bm(own.path(), "ingest relief tiny.nc --world no/such/folder/w.bm")
        .refused(2, &["no/such/folder", "create it first"]);
    assert!(!own.path().join("none.bm").exists());
}

#[test]
fn files_that_are_no_relief() {
    let own = folder();
    let good = fs::read(own.path().join("tiny.nc")).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(own.path().join(name), bytes).unwrap();
    write("cut.nc", &good[..good.len() / 2]);
    write("head.nc", &good[..20]);
    write("text.nc", b"these are not the heights you are looking for");
    write("none.nc", b"");
    write("cut.tif", b"II*\0\x08\0\0\0\xff");
    fs::create_dir(own.path().join("dir")).unwrap();
    for file in ["cut.nc", "head.nc", "text.nc", "none.nc", "cut.tif", "dir", "missing.nc"] {
        bm(own.path(), &format!("ingest relief {file} --world w.bm")).refused(2, &[file]);
        bm(own.path(), &format!("ingest strata {file} --world w.bm")).refused(2, &[file]);
        assert!(!own.path().join("w.bm").exists(), "{file}");
    }
    bm(own.path(), "ingest relief tiny.nc --var q --world w.bm").refused(2, &["tiny.nc", "q"]);
    assert!(!own.path().join("w.bm").exists());

    // The first file is in, the second is refused: the world has the first one.
    bm(own.path(), "ingest relief tiny.nc cut.nc --world w.bm").refused(2, &["cut.nc", "1 of 2"]);
    assert_eq!(bm(own.path(), "info w.bm --json").good().json()["version"], 1);
}

#[test]
fn newer_and_damaged_worlds() {
    let (own, world) = folder_with_world();
    let good = fs::read(&world).unwrap();
    let mut newer = good.clone();
    newer[8..12].copy_from_slice(&99u32.to_le_bytes());
    let crc = crc32fast::hash(&newer[..16]);
    newer[16..20].copy_from_slice(&crc.to_le_bytes());
    fs::write(&world, &newer).unwrap();
    bm(own.path(), "info tiny.bm").refused(2, &["tiny.bm", "99", "newer"]);
    bm(own.path(), "ingest relief tiny.nc --world tiny.bm").refused(2, &["tiny.bm", "99", "newer"]);
    assert_eq!(fs::read(&world).unwrap(), newer, "untouched");

    for cut in [10, 4096, good.len() / 2] {
        fs::write(&world, &good[..cut]).unwrap();
        bm(own.path(), "info tiny.bm").refused(2, &["tiny.bm"]);
    }
}

#[test]
fn a_world_that_somebody_else_has_open() {
    let (own, world) = folder_with_world();
    // All but the file's size, which the engine's own book-keeping may change when a writer closes it.
    let content = || {
        let mut info = bm(own.path(), "info tiny.bm --json").good().json();
        info.as_object_mut().unwrap().remove("bytes_on_disk").unwrap();
        info
    };
    let before = content();
    let held = bm_hybrid::World::open(&world).unwrap();
    for command in
        ["info tiny.bm", "query tiny.bm --stdin", "ingest relief tiny.nc --world tiny.bm", "verify tiny.bm"]
    {
        bm(own.path(), command).refused(1, &["tiny.bm", "in use by another process"]);
    }
    drop(held);
    assert_eq!(content(), before);
    assert_eq!(before["version"], 1);
    bm(own.path(), "verify tiny.bm --against tiny.nc").good();
}

#[test]
fn the_demonstration_overwrites_nothing_of_others() {
    let own = folder();
    fs::write(own.path().join("earth.bm"), b"notes").unwrap();
    bm(own.path(), "demo").refused(2, &["earth.bm", "not a world"]);
    bm(own.path(), "demo tiny.nc").refused(2, &["tiny.nc", "give a folder"]);
    assert_eq!(fs::read(own.path().join("earth.bm")).unwrap(), b"notes");
}

#[test]
fn a_killed_ingest_leaves_a_world_that_goes_on() {
    let (own, world) = folder_with_world();
    // Killed at several moments; what the moment hits depends on the machine, what must hold does not.
    for wait in [0, 5, 20, 60] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bm"))
            .args(["ingest", "relief", "tiny.nc", "--world", "tiny.bm"])
            .current_dir(own.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        let j = bm(own.path(), "verify tiny.bm --against tiny.nc --json");
        assert_eq!((j.code, &j.json()["ok"]), (0, &serde_json::json!(true)), "{}{}", j.out, j.err);
    }
    // A file that never got its first commit is taken up by the next ingest.
    fs::remove_file(&world).unwrap();
    bm(own.path(), "ingest relief tiny.nc --world tiny.bm").good();
}

#[test]
fn binary_noise_on_standard_input() {
    let mut noise = Vec::new();
    for i in 0..4096u32 {
        noise.write_all(&i.wrapping_mul(2_654_435_761).to_le_bytes()).unwrap();
    }
    let ran = bm_with(tiny(), "query tiny.bm --stdin", &noise);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.json_lines().iter().all(|l| l["error"].is_string()));
}
