//! `bm simulate` and `bm grid`.

use crate::support::{bm, folder_with_world, png_size};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// On the island of the tiny relief.
const WHERE: &str = "--bbox 44,44,46,45.5 --cell 4000";
const SCENARIO: &str = r#"
years = 20_000
step = 100
checkpoint-every = 5

[[process]]
name = "roughen"
height = 100
wavelength = 50_000

[[process]]
name = "stream-power"
erodibility = 1e-4

[[process]]
name = "hillslope"
diffusivity = 1.0
"#;

fn world() -> (tempfile::TempDir, std::path::PathBuf) {
    let (dir, world) = folder_with_world();
    fs::rename(world, dir.path().join("w.bm")).expect("renamed");
    fs::write(dir.path().join("s.toml"), SCENARIO).expect("written");
    let path = dir.path().to_owned();
    (dir, path)
}

/// The newest checkpoint of a check-out.
fn newest(dir: &Path, name: &str) -> Option<(u64, Vec<u8>)> {
    let files = fs::read_dir(dir.join("w.bm.grids").join(name)).ok()?;
    let step = |name: &str| name.strip_prefix("checkpoint-")?.strip_suffix(".bmg")?.parse::<u64>().ok();
    let all = files.flatten().filter_map(|f| Some((step(f.file_name().to_str()?)?, f.path())));
    let (step, path) = all.max()?;
    Some((step, fs::read(path).ok()?))
}

#[test]
fn simulated_drawn_and_committed() {
    let (_dir, dir) = world();
    let command = format!(
        "simulate w.bm {WHERE} --scenario s.toml --name isle --pictures out --frames f --frame-every 50"
    );
    let j = bm(&dir, &format!("{command} --json")).good().json();
    assert_eq!((&j["steps"], &j["years"], &j["finished"]), (&200.into(), &20_000.0.into(), &true.into()));
    assert!(j["ledger"]["error"].as_f64().unwrap() < 1e-9, "{j}");
    assert!(j["ledger"]["solid"]["lost"].as_f64().unwrap() > 0.0);
    assert_eq!(j["pictures"].as_array().unwrap().len(), 5);
    for picture in j["pictures"].as_array().unwrap() {
        png_size(&dir.join(picture.as_str().unwrap()));
    }
    assert_eq!((j["frames"].as_u64(), fs::read_dir(dir.join("f")).unwrap().count()), (Some(5), 5));
    // The world is as it was, and knows of its check-out.
    let info = bm(&dir, "info w.bm --json").good().json();
    assert_eq!((&info["version"], &info["grids"]), (&1.into(), &1.into()));
    let listed = bm(&dir, "grid list w.bm --json").good().json();
    assert_eq!((&listed[0]["name"], &listed[0]["step"]), (&"isle".into(), &200.into()));
    assert!(bm(&dir, "grid list w.bm").good().out.contains("isle"));
    bm(&dir, &command).refused(2, &["isle", "take another name"]);
    let before = bm(&dir, "export w.bm --bbox 44.5,44.5,45.5,45 --heights --resolution 2000 -o before.tif");
    before.good();
    let done = bm(&dir, "grid commit w.bm isle --json").good().json();
    assert_eq!(done["version"], 2);
    assert!(done["cells_changed"].as_u64().unwrap() > 100, "{done}");
    bm(&dir, "export w.bm --bbox 44.5,44.5,45.5,45 --heights --resolution 2000 -o after.tif").good();
    let read = |name: &str| fs::read(dir.join(name)).unwrap();
    assert_ne!(read("before.tif"), read("after.tif"));
    // What was stays readable, and the log says what happened.
    assert!(
        bm(&dir, "log w.bm").good().out.contains("simulate 20000 years of roughen, stream-power, hillslope")
    );
    assert_eq!(bm(&dir, "verify w.bm --json").good().json()["ok"], true);
    assert!(bm(&dir, "grid list w.bm").good().out.contains("no check-outs"));
    bm(&dir, "grid commit w.bm isle").refused(2, &["none named", "isle"]);
}

#[test]
fn simulated_and_committed_at_once() {
    let (_dir, dir) = world();
    let command =
        format!("simulate w.bm {WHERE} --process stream-power hillslope --years 5000 --step 1000 --commit");
    let j = bm(&dir, &format!("{command} --json")).good().json();
    assert_eq!((&j["name"], &j["committed"]["version"]), (&"sim-1".into(), &2.into()));
    let text = bm(&dir, &command).good().out;
    assert!(text.contains("version 3") && text.contains("unaccounted for"), "{text}");
    assert_eq!(bm(&dir, "info w.bm --json").good().json()["grids"], 0);
}

/// A run that is killed goes on to the same bits as one that was not.
#[test]
fn killed_and_resumed() {
    let (_dir, dir) = world();
    let command = format!("simulate w.bm {WHERE} --scenario s.toml --years 40000 --threads 2");
    bm(&dir, &format!("{command} --name whole")).good();
    let args: Vec<&str> = command.split_whitespace().chain(["--name", "killed"]).collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bm"))
        .args(args)
        .current_dir(&dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // As soon as it has something to resume from.
    let since = Instant::now();
    while newest(&dir, "killed").is_none() && since.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(newest(&dir, "killed").is_some());
    let j = bm(&dir, "grid resume w.bm killed --threads 1 --json").good().json();
    assert_eq!((&j["steps"], &j["finished"]), (&400.into(), &true.into()));
    let heights = |name: &str| {
        let (step, _) = newest(&dir, name).unwrap();
        let path = dir.join("w.bm.grids").join(name).join(format!("checkpoint-{step}.bmg"));
        let (grid, _) = bm_grid::file::load(&path).unwrap();
        let layer = grid.layer::<f64>("elevation").unwrap();
        (step, layer.planes()[0].to_vec().iter().map(|z| z.to_bits()).collect::<Vec<_>>())
    };
    assert_eq!(heights("whole"), heights("killed"));
    bm(&dir, "grid drop w.bm whole").good();
    // Further than was first meant.
    let j = bm(&dir, "grid resume w.bm killed --years 41000 --json").good().json();
    assert_eq!(j["years"], 41_000.0);
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let (_dir, dir) = world();
    let run = |args: &str| bm(&dir, &format!("simulate w.bm {args}"));
    run(&format!("{WHERE} --process stream-powr --years 10")).refused(2, &["did you mean", "stream-power"]);
    run(&format!("{WHERE} --process stream-power")).refused(2, &["how many years", "--years"]);
    run(&format!("{WHERE} --process stream-power --years -5")).refused(2, &["years"]);
    run("--bbox 44,44,44,45 --cell 100 --process stream-power --years 10").refused(2, &["no width"]);
    run("--bbox 44,44,46,99 --cell 100 --process stream-power --years 10").refused(2, &["99"]);
    run("--bbox 44,44,46,45 --cell 0 --process stream-power --years 10").refused(2, &["--cell 0"]);
    run("--bbox 44,44,46,45 --cell 0.25 --process stream-power --years 10").refused(2, &["cells"]);
    run(&format!("{WHERE} --scenario nowhere.toml")).refused(2, &["nowhere.toml"]);
    for (text, words) in [
        ("years = 10\n[[process]]\nname = \"stream-power\"\nspeed = 3\n", &["bad.toml", "4", "speed"][..]),
        ("years = -1\n[[process]]\nname = \"uplift\"\n", &["bad.toml", "years"]),
        ("years = 10\nsteps = 3\n[[process]]\nname = \"uplift\"\n", &["bad.toml", "2", "steps"]),
        ("years = 10\n", &["process"]),
        ("years = [", &["bad.toml"]),
    ] {
        fs::write(dir.join("bad.toml"), text).unwrap();
        run(&format!("{WHERE} --scenario bad.toml")).refused(2, words);
    }
    // None of it left anything behind.
    assert!(bm(&dir, "grid list w.bm").good().out.contains("no check-outs"));
    bm(&dir, "grid drop w.bm nobody").refused(2, &["nobody", "there are none"]);
}

#[test]
fn a_region_that_changed_meanwhile_is_a_conflict() {
    let (_dir, dir) = world();
    bm(&dir, &format!("simulate w.bm {WHERE} --scenario s.toml --years 500 --name a")).good();
    bm(&dir, &format!("simulate w.bm {WHERE} --scenario s.toml --years 2000 --commit")).good();
    bm(&dir, "grid commit w.bm a").refused(1, &["version 1", "nothing was written", "force"]);
    assert_eq!(bm(&dir, "info w.bm --json").good().json()["version"], 2);
    let done = bm(&dir, "grid commit w.bm a --force --keep --json").good().json();
    assert_eq!(done["version"], 3);
    assert!(bm(&dir, "grid list w.bm").good().out.contains("version 1"));
}
