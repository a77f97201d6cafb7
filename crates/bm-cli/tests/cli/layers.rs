//! Layers into check-outs and out of them, disks that are full, and commits that landed before.

#![allow(clippy::unwrap_used, reason = "what fails here is to fail the test")]

use crate::support::{bm, folder_with_world, npy, png_size};
use std::fs;
use std::path::{Path, PathBuf};

/// 44 to 46 degrees by 44 to 45.5, in cells of 4 km.
const WHERE: &str = "--bbox 44,44,46,45.5 --cell 4000";
const SCENARIO: &str = "years = 2000\nstep = 100\ncheckpoint-every = 5\n[[process]]\nname = \"uplift\"\nsource = \"raster\"\n\
                        [[process]]\nname = \"stream-power\"\n[[process]]\nname = \"weathering\"\n";

fn world() -> (tempfile::TempDir, PathBuf) {
    let (dir, world) = folder_with_world();
    fs::rename(world, dir.path().join("w.bm")).unwrap();
    fs::write(dir.path().join("s.toml"), SCENARIO).unwrap();
    let path = dir.path().to_owned();
    (dir, path)
}

fn size(dir: &Path, name: &str) -> [usize; 2] {
    let j = bm(dir, &format!("grid show w.bm {name} --json")).good().json();
    ["width", "height"].map(|side| j[side].as_u64().unwrap() as usize)
}

/// Least, mean and greatest of a layer.
fn range(dir: &Path, name: &str, layer: &str) -> [f64; 3] {
    let j = bm(dir, &format!("grid show w.bm {name} --json")).good().json();
    let found = j["layers"].as_array().unwrap().iter().find(|l| l["name"] == layer).unwrap().clone();
    ["min", "mean", "max"].map(|key| found[key].as_f64().unwrap())
}

/// The newest checkpoint's file.
fn newest(dir: &Path, name: &str) -> (u64, Vec<u8>) {
    let folder = dir.join("w.bm.grids").join(name);
    let step = |name: &str| name.strip_prefix("checkpoint-")?.strip_suffix(".bmg")?.parse::<u64>().ok();
    let all = fs::read_dir(folder).unwrap().flatten();
    let (step, path) = all.filter_map(|f| Some((step(f.file_name().to_str()?)?, f.path()))).max().unwrap();
    (step, fs::read(path).unwrap())
}

fn layer_bits(dir: &Path, name: &str) -> Vec<u64> {
    let path = dir.join("w.bm.grids").join(name).join(format!("checkpoint-{}.bmg", newest(dir, name).0));
    let (grid, _) = bm_grid::file::load(&path).unwrap();
    grid.layer::<f64>("elevation").unwrap().planes()[0].to_vec().iter().map(|z| z.to_bits()).collect()
}

#[test]
fn rasters_and_numbers_become_layers() {
    let (_dir, dir) = world();
    let run = |args: &str| bm(&dir, &format!("simulate w.bm {WHERE} --scenario s.toml {args}"));
    // A number.
    run("--name n --layer uplift=0.002 --layer temperature=3.5").good();
    assert_eq!(range(&dir, "n", "temperature"), [3.5; 3]);
    let up = f64::from(0.002_f32);
    assert_eq!(range(&dir, "n", "uplift"), [up; 3]);
    let text = bm(&dir, "grid show w.bm n").good().out;
    for word in ["m/year", "stratum.0", "2000 years", "name = \"weathering\"", "moved"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // Out as a GeoTIFF, and in again over the same cells.
    bm(&dir, "grid export w.bm n --layer uplift -o up.tif").good();
    run("--name t --layer uplift=up.tif --layer temperature=3.5").good();
    assert_eq!(layer_bits(&dir, "t"), layer_bits(&dir, "n"));
    // An array, from the south: what rises is in the north.
    let [w, h] = size(&dir, "n");
    let rows = (0..h).flat_map(|row| vec![if row < h / 2 { 0.0 } else { 0.01 }; w]);
    let bytes: Vec<u8> = rows.flat_map(f64::to_le_bytes).collect();
    fs::write(dir.join("up.npy"), npy("<f8", &format!("({h}, {w})"), &bytes)).unwrap();
    run("--name a --layer uplift=up.npy").good();
    bm(&dir, "grid export w.bm a -o after.npy").good();
    let array = fs::read(dir.join("after.npy")).unwrap();
    let values = array[array.len() - w * h * 8..].as_chunks::<8>().0;
    let height = |column: usize, row: usize| f64::from_le_bytes(values[row * w + column]);
    bm(&dir, "grid export w.bm n -o even.npy").good();
    assert!(height(w / 2, h - 3) > height(w / 2, 2) + 10.0, "{} {}", height(w / 2, h - 3), height(w / 2, 2));
    for (layer, file) in [("elevation", "e.png"), ("drainageArea", "d.png"), ("stratum.0", "s.png")] {
        bm(&dir, &format!("grid export w.bm a --layer {layer} -o {file}")).good();
        assert!(png_size(&dir.join(file))[0] > 300);
    }
    let j = bm(&dir, "grid export w.bm a --layer uplift -o u.tif --json").good().json();
    assert_eq!((&j["unit"], &j["shape"]), (&"m/year".into(), &vec![h, w].into()));
    bm(&dir, "grid export w.bm a --layer nothing -o u.tif").refused(2, &["nothing", "uplift", "elevation"]);
    bm(&dir, "grid export w.bm a -o u.xyz").refused(2, &["u.xyz", ".tif"]);
}

#[test]
fn layers_that_cannot_be_are_refused() {
    let (_dir, dir) = world();
    let run = |args: &str| bm(&dir, &format!("simulate w.bm {WHERE} --scenario s.toml {args}"));
    run("--layer uplif=1")
        .refused(2, &["uplif", "uplift (m/year) by uplift", "temperature (°C) by weathering"]);
    run("--layer drainageArea=1").refused(2, &["drainageArea", "stream-power computes it"]);
    run("--layer uplift=nan").refused(2, &["uplift", "nan"]);
    run("--layer uplift=1e300").refused(2, &["uplift", "no number"]);
    run("--layer uplift").refused(2, &["uplift", "NAME=FILE"]);
    run("--layer uplift=1 --layer uplift=2").refused(2, &["uplift", "twice"]);
    run("--layer uplift=nowhere.tif").refused(2, &["nowhere.tif"]);
    run("--layer uplift=s.toml").refused(2, &["s.toml", "not a format"]);
    run("--layer uplift=tiny.nc").refused(2, &["tiny.nc", "`m`", "m/year"]);
    fs::write(dir.join("u.npy"), npy("<f8", "(3, 2)", &[0; 48])).unwrap();
    let e = run("--layer uplift=u.npy").refused(2, &["u.npy", "3 rows of 2 columns", "southernmost"]);
    assert!(e.err.contains("the region"), "{}", e.err);
    // It covers a part only.
    bm(&dir, "export w.bm --bbox 44.8,44,46,45 --heights --resolution 5000 -o part.tif").good();
    run("--layer uplift=part.tif").refused(2, &["part.tif", "no number for", "column 0", "row 0", "° north"]);
    bm(&dir, &format!("simulate w.bm {WHERE} --process slides --years 10 --layer uplift=1"))
        .refused(2, &["uplift", "read none"]);
    assert!(bm(&dir, "grid list w.bm").good().out.contains("no check-outs"));
}

#[test]
fn what_a_newcomer_gets_wrong() {
    let (_dir, dir) = world();
    let run = |args: &str| bm(&dir, &format!("simulate w.bm {WHERE} --process slides {args}"));
    for (args, words) in [
        ("--years 1e300", &["steps", "never end"][..]),
        ("--years 10 --depth nan", &["--depth", "above 0"]),
        ("--years 10 --depth -1", &["--depth", "above 0"]),
        ("--years 10 --frame-every 3", &["--frame-every", "--animation"]),
        ("--years 10 --animation a.mp4", &["a.mp4", ".gif"]),
        ("--years 10 --animation no/a.gif", &["no/a.gif", "directory"]),
        ("--years 10 --pictures w.bm", &["w.bm", "cannot be made"]),
        ("--years nan", &["years", "NaN"]),
    ] {
        run(args).refused(2, words);
    }
    bm(&dir, "simulate w.bm --bbox 44,44,46,45.5 --cell 1e6 --process slides --years 10")
        .refused(2, &["2 × 2 cells", "smaller cells"]);
    assert!(bm(&dir, "grid list w.bm").good().out.contains("no check-outs"));
    // A run that has ended has nothing left to do, and says so.
    let film = run("--years 300 --step 100 --name done --animation a.gif --json").good().json();
    assert!(film["animation"]["bytes"].as_u64().unwrap() > 1000);
    assert_eq!(&fs::read(dir.join("a.gif")).unwrap()[..6], b"GIF89a");
    let again = bm(&dir, "grid resume w.bm done");
    assert!(again.code == 0 && again.err.contains("all 300 years have passed"), "{}{}", again.out, again.err);
    // A damaged one hides no other, and can be dropped.
    let folder = dir.join("w.bm.grids/broken");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("seed.bmg"), b"nonsense").unwrap();
    let text = bm(&dir, "grid list w.bm").good().out;
    assert!(text.contains("broken") && text.contains("cannot be read") && text.contains("done"), "{text}");
    bm(&dir, "grid resume w.bm broken").refused(2, &["seed.bmg"]);
    bm(&dir, "grid drop w.bm broken").good();
    // Held by another process.
    let held = dir.join("w.bm.grids/done/lock");
    let lock = fs::File::options().write(true).open(held).unwrap();
    lock.try_lock().unwrap();
    bm(&dir, "grid resume w.bm done").refused(2, &["another process"]);
    bm(&dir, "grid drop w.bm done").refused(2, &["another process"]);
    bm(&dir, "grid show w.bm done").good();
    bm(&dir, "grid export w.bm done -o e.tif").good();
}

#[test]
fn committing_twice_is_harmless() {
    let (_dir, dir) = world();
    bm(&dir, &format!("simulate w.bm {WHERE} --scenario s.toml --layer uplift=0.01 --name a")).good();
    bm(&dir, "grid commit w.bm a --keep").good();
    let version = || bm(&dir, "info w.bm --json").good().json()["version"].clone();
    assert_eq!(version(), 2);
    // As after a kill between the commit and the removal of the check-out.
    let j = bm(&dir, "grid commit w.bm a --keep --json").good().json();
    assert_eq!((&j["version"], &j["landed_before"]), (&2.into(), &true.into()));
    // What was simulated since lies over its own commit.
    bm(&dir, "grid resume w.bm a --years 2500").good();
    bm(&dir, "grid commit w.bm a").refused(1, &["version 2 is this check-out's own commit", "--force"]);
    assert_eq!(version(), 2);
    bm(&dir, "grid commit w.bm a --force --keep").good();
    assert_eq!(version(), 3);
    let text = bm(&dir, "grid commit w.bm a").good().out;
    assert!(text.contains("before, as version 3"), "{text}");
    assert_eq!((version(), bm(&dir, "grid list w.bm --json").good().out.trim()), (3.into(), "[]"));
}

/// Runs `bm` where no file may be longer than so many blocks of 512 bytes.
#[cfg(unix)]
fn cramped(dir: &Path, blocks: u32, args: &str) -> (i32, String) {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {args}");
    let run = std::process::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_bm")])
        .current_dir(dir)
        .output()
        .unwrap();
    (run.status.code().unwrap(), String::from_utf8(run.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint() {
    let (_dir, dir) = world();
    let command = format!("simulate w.bm {WHERE} --scenario s.toml --layer uplift=0.01");
    bm(&dir, &format!("{command} --name whole --years 4000")).good();
    bm(&dir, &format!("{command} --name full")).good();
    let (step, before) = newest(&dir, "full");
    assert_eq!(step, 20);
    let (code, err) = cramped(&dir, 2, "grid resume w.bm full --years 4000");
    assert_eq!(code, 1, "{err}");
    for word in ["no checkpoint after step 25", "last checkpoint is", "checkpoint-20.bmg"] {
        assert!(err.contains(word), "{word}: {err}");
    }
    assert!(!err.contains("panicked"), "{err}");
    assert!(newest(&dir, "full") == (20, before));
    bm(&dir, "grid resume w.bm full --years 4000").good();
    assert_eq!(layer_bits(&dir, "full"), layer_bits(&dir, "whole"));
    // No room for the land itself: there is no check-out then, and the name is free.
    let (code, err) = cramped(&dir, 2, &format!("{command} --name none"));
    assert!(code == 1 && err.contains("none") && !err.contains("panicked"), "{code} {err}");
    let listed = bm(&dir, "grid list w.bm").good().out;
    assert!(!listed.contains("none "), "{listed}");
    bm(&dir, &format!("{command} --name none")).good();
}
