//! Folders of check-outs as a kill or a loss of power leaves them, at every operation on their files: each write is a file of
//! another name that is renamed, so what can be found is every prefix of the operations, with a part of a file at its end.
//!
//! `BM_CHECKOUT_CUTS=N` cuts files at every Nth byte.

use crate::support::region;
use bm_core::ErrorKind;
use bm_grid::Region;
use bm_hybrid::World;
use bm_hybrid::checkout::{Back, CheckOut, Seeding};
use bm_process::run::{Changes, Run, Unwatched, list};
use bm_process::scenario::Scenario;
use bm_process::state::State;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn world(path: &Path) -> World {
    let world = World::create(path).unwrap();
    let relief = bm_io::bundled::bundled_etopo20().unwrap();
    world.ingest_relief(&relief, &Default::default(), &|_| ()).unwrap();
    world
}

pub(crate) fn alps() -> Region {
    region(7.0, 45.5, 500.0, 20, 16)
}

pub(crate) fn scenario() -> Scenario {
    let text = "years = 600\nstep = 100\ncheckpoint-every = 1\n[[process]]\nname = 'uplift'\nrate = 0.01\n[[process]]\nname = \
                'stream-power'\nerodibility = 1e-4\n[[process]]\nname = 'hillslope'\ndiffusivity = 0.5\n";
    Scenario::parse("crash.toml", text).unwrap()
}

/// All that a simulation could tell two lands apart by.
pub(crate) fn bits(state: &State) -> Vec<u64> {
    let heights = state.ground.values.iter().map(|z| z.to_bits());
    let strata =
        state.strata.strata().iter().flat_map(|s| s.thickness.iter().map(|t| u64::from(t.to_bits())));
    let layers = state.layers().flat_map(|(_, layer)| (0..layer.len()).map(|k| layer.get(k).to_bits()));
    heights.chain(strata).chain(layers).chain([state.time.to_bits()]).collect()
}

pub(crate) fn begin(out: &CheckOut) -> Run {
    let mut run = Run::new(out.seed().clone(), scenario()).unwrap().checkpoints(out.folder()).unwrap();
    run.save().unwrap();
    run
}

fn files(folder: &Path) -> Files {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    all.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
}

/// Makes a folder hold these files and no others.
fn put(folder: &Path, files: &Files) {
    let _there_or_not = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// Where to cut a file of so many bytes.
fn cuts(len: usize) -> Vec<usize> {
    let stride = std::env::var("BM_CHECKOUT_CUTS").ok().and_then(|s| s.parse().ok()).unwrap_or(len / 6 + 1);
    (0..len).step_by(stride).chain([1, len.saturating_sub(1)]).collect()
}

struct Stage {
    _dir: tempfile::TempDir,
    world: World,
    folder: PathBuf,
    /// Whole: taken, and run for some steps.
    whole: Files,
    /// The land as it was taken.
    seed: Vec<u64>,
}

fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let world = world(&dir.path().join("w.bm"));
    let out = world.check_out("a", &alps(), &Seeding::default(), &|_| ()).unwrap();
    let (seed, folder) = (bits(out.seed()), out.folder().to_owned());
    let mut run = begin(&out);
    run.run(&mut Unwatched).unwrap();
    drop(out);
    let whole = files(&folder);
    let names: Vec<&str> = whole.keys().map(String::as_str).collect();
    assert_eq!(names, ["checkout.json", "checkpoint-5.bmg", "checkpoint-6.bmg", "lock", "seed.bmg"]);
    Stage { _dir: dir, world, folder, whole, seed }
}

#[test]
fn half_taken_and_half_dropped_is_no_check_out() {
    let stage = stage();
    let Stage { world, folder, whole, seed, .. } = &stage;
    // Taken up to here: the land is the last that is written.
    let mut states: Vec<Files> = vec![Files::new()];
    let lock = Files::from([("lock".to_owned(), Vec::new())]);
    states.push(lock.clone());
    let with = |files: &Files, name: &str, bytes: &[u8]| {
        let mut files = files.clone();
        files.insert(name.to_owned(), bytes.to_owned());
        files
    };
    for cut in cuts(whole["checkout.json"].len()) {
        states.push(with(&lock, ".tmpA1b2C3", &whole["checkout.json"][..cut]));
    }
    let told = with(&lock, "checkout.json", &whole["checkout.json"]);
    for cut in cuts(whole["seed.bmg"].len()) {
        states.push(with(&told, ".seed.bmg.77-0.part", &whole["seed.bmg"][..cut]));
    }
    states.push(told);
    // Dropped up to here: the land is the first that goes, the others in any order.
    let rest: Vec<&String> = whole.keys().filter(|name| *name != "seed.bmg").collect();
    for left in 0..1u32 << rest.len() {
        let left = rest.iter().enumerate().filter(|(n, _)| left >> n & 1 == 1);
        states.push(left.map(|(_, name)| ((*name).clone(), whole[*name].clone())).collect());
    }
    let all = states.len();
    for state in states {
        put(folder, &state);
        let what = format!("{:?}", state.keys());
        assert!(world.check_outs().unwrap().is_empty(), "{what}");
        assert_eq!(world.open_check_out("a").unwrap_err().kind(), ErrorKind::BadInput, "{what}");
        assert!(world.look_at_check_out("a").is_err(), "{what}");
        // The name is free, and nothing of what lay there is taken for the new one's.
        let out = world.check_out("a", &alps(), &Seeding::default(), &|_| ()).unwrap();
        assert_eq!(bits(out.seed()), *seed, "{what}");
        assert!(list(folder).unwrap().is_empty(), "{what}");
        assert_eq!(files(folder).keys().collect::<Vec<_>>(), ["checkout.json", "lock", "seed.bmg"], "{what}");
        begin(&out);
        out.drop_it().unwrap();
        assert!(!folder.exists());
    }
    println!("{all} states that are no check-out");
}

#[test]
fn what_is_told_twice_may_be_lost_once() {
    let stage = stage();
    let Stage { world, folder, whole, seed, .. } = &stage;
    let told = &whole["checkout.json"];
    let before = world.open_check_out("a").unwrap().origin().fingerprint;
    let torn = cuts(told.len()).into_iter().map(|cut| Some(told[..cut].to_owned()));
    for bytes in torn.chain([None, Some(b"{}".to_vec()), Some(vec![0; told.len()])]) {
        let mut state = whole.clone();
        state.remove("checkout.json");
        if let Some(bytes) = bytes {
            state.insert("checkout.json".to_owned(), bytes);
        }
        put(folder, &state);
        let out = world.open_check_out("a").unwrap();
        assert_eq!((bits(out.seed()), out.origin().fingerprint), (seed.clone(), before));
        let all = world.check_outs().unwrap();
        assert_eq!((all.len(), all[0].size, &all[0].damaged), (1, [20, 16], &None));
    }
    // Both: that is told, hides no other, and can be dropped.
    let other = world.check_out("b", &alps(), &Seeding::default(), &|_| ()).unwrap();
    let land = &whole["seed.bmg"];
    for cut in cuts(land.len()) {
        let mut state = whole.clone();
        state.insert("seed.bmg".to_owned(), land[..cut].to_owned());
        put(folder, &state);
        let e = world.open_check_out("a").unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Corrupt, "cut at {cut}: {e}");
        assert!(e.to_string().contains("seed.bmg"), "{e}");
        state.remove("checkout.json");
        put(folder, &state);
        let all = world.check_outs().unwrap();
        assert_eq!(all.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(all[0].damaged.is_some() && all[1].damaged.is_none());
        world.drop_check_out("a").unwrap();
        assert!(!folder.exists());
    }
    other.drop_it().unwrap();
}

#[test]
fn the_last_whole_checkpoint_is_gone_on_from() {
    let stage = stage();
    let Stage { world, folder, whole, .. } = &stage;
    // Every file that there was at any moment, and the land after each step.
    let mut start = whole.clone();
    start.retain(|name, _| !name.starts_with("checkpoint"));
    put(folder, &start);
    let mut run = begin(&world.open_check_out("a").unwrap());
    let (mut saved, mut lands) = (vec![], vec![bits(run.state())]);
    let mut folders = vec![files(folder)];
    saved.push(folders[0]["checkpoint-0.bmg"].clone());
    while run.step().unwrap().is_some() {
        run.save().unwrap();
        lands.push(bits(run.state()));
        folders.push(files(folder));
        let name = format!("checkpoint-{}.bmg", lands.len() - 1);
        saved.push(folders[folders.len() - 1][&name].clone());
    }
    let end = lands.len() - 1;
    assert_eq!(end, 6);
    let mut tried = 0;
    // What a folder in such a state goes on from; then on to the end.
    let mut resumes = |state: &Files, from: usize, warned: usize, whole_way: bool, what: &str| {
        put(folder, state);
        let out = world.open_check_out("a").unwrap();
        let look = world.look_at_check_out("a").unwrap();
        assert_eq!((look.step, bits(&look.state)), (Some(from as u64), lands[from].clone()), "{what}");
        let mut resumed = Run::resume(out.folder(), &Changes::default()).unwrap();
        assert_eq!((resumed.run.steps_taken(), resumed.warnings.len()), (from as u64, warned), "{what}");
        assert_eq!(bits(resumed.run.state()), lands[from], "{what}");
        if whole_way {
            resumed.run.run(&mut Unwatched).unwrap();
            assert_eq!(bits(resumed.run.state()), lands[end], "{what}");
            assert!(!files(out.folder()).keys().any(|name| name.ends_with(".part")), "{what}");
        }
        tried += 1;
    };
    for (step, now) in folders.iter().enumerate() {
        resumes(now, step, 0, true, &format!("after step {step}"));
        if let Some(next) = saved.get(step + 1) {
            let name = format!("checkpoint-{}.bmg", step + 1);
            for (n, cut) in cuts(next.len()).into_iter().enumerate() {
                let what = format!("step {}, {cut} bytes of {}", step + 1, next.len());
                // Killed while it is written.
                let mut part = now.clone();
                part.insert(format!(".{name}.77-3.part"), next[..cut].to_owned());
                resumes(&part, step, 0, n == 0, &what);
                // Its name is there and its bytes are not: what no sync would let happen.
                let mut torn = now.clone();
                torn.insert(name.clone(), next[..cut].to_owned());
                resumes(&torn, step, 1, n == 0, &what);
            }
            // Killed before the oldest of three is removed.
            let mut three = now.clone();
            three.insert(name, next.clone());
            resumes(&three, step + 1, 0, true, &format!("three at step {step}"));
        }
    }
    println!("{tried} states that are gone on from");
    // None is whole.
    let mut state = whole.clone();
    for name in ["checkpoint-5.bmg", "checkpoint-6.bmg"] {
        state.get_mut(name).unwrap().truncate(100);
    }
    put(folder, &state);
    let e = Run::resume(folder, &Changes::default()).err().unwrap().to_string();
    assert!(e.contains("checkpoint-5.bmg") && e.contains("checkpoint-6.bmg"), "{e}");
    assert!(world.look_at_check_out("a").is_err());
}

#[test]
fn killed_between_the_commit_and_the_drop() {
    let stage = stage();
    let Stage { world, folder, whole, .. } = &stage;
    let out = world.open_check_out("a").unwrap();
    let land = Run::resume(folder, &Changes::default()).unwrap().run.into_state();
    assert_eq!(out.landed(world, &land).unwrap(), None);
    let version = out.commit(world, &land, &Back::default(), "test", &|_| ()).unwrap().version;
    drop(out);
    // The folder is as it was.
    assert_eq!(files(folder), *whole);
    let out = world.open_check_out("a").unwrap();
    assert_eq!(out.landed(world, &land).unwrap(), Some(version));
    // To be blind to that would be to write over whatever came after it.
    let e = out.commit(world, &land, &Back::default(), "test", &|_| ()).unwrap_err();
    assert_eq!((e.kind(), world.view().version()), (ErrorKind::Conflict, version));
    // Another land of it has not landed, nor has this land of another check-out.
    let mut other = land.clone();
    other.ground.values[7] += 1.0;
    assert_eq!(out.landed(world, &other).unwrap(), None);
    assert_eq!(out.landed_before(world).unwrap(), Some(version));
    let second = world.check_out("b", &alps(), &Seeding::default(), &|_| ()).unwrap();
    assert_eq!((second.landed(world, &land).unwrap(), second.landed_before(world).unwrap()), (None, None));
    out.drop_it().unwrap();
    let again = world.check_out("a", &alps(), &Seeding::default(), &|_| ()).unwrap();
    assert_eq!((again.landed(world, &land).unwrap(), again.landed_before(world).unwrap()), (None, None));
}
