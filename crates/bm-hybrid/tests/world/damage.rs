//! Damaged worlds: an error or the right answer, never another one, never a panic.

use crate::tools::*;
use bm_core::frame::SEA_LEVEL;
use bm_core::{Cell, ErrorKind, MaterialId, PageId, Pos};
use bm_hybrid::{World, WorldError};
use bm_io::Relief;
use bm_store::{Batch, FaultFile, FileOptions, PageStore, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn small_relief() -> Relief {
    let at =
        Lattice { lon: 8 * 1200, lat: 46 * 1200, step: 1, den: 1200, width: 24, height: 20, wraps: false };
    relief(at, |i, j| ((i, j) != (11, 9)).then_some(-40 + (i * 9 + j * j) as i32))
}

/// The smallest world with all there is in it: two tiers of relief, holes, shared columns, several commits.
fn small_world() -> Vec<u8> {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "small.bm").unwrap();
    let mut world = World::on(Box::new(store), Default::default()).unwrap();
    let at = Lattice { lon: 2 * 6, lat: 40 * 6, step: 1, den: 6, width: 100, height: 80, wraps: false };
    let rough = |i: usize, j: usize| (Rng((i * 91 + j) as u64).next() % 3000) as i32 - 900;
    ingest(&world, &relief(at, |i, j| Some(rough(i, j))));
    ingest(&world, &small_relief());
    world.compact().unwrap();
    drop(world);
    file.bytes()
}

fn open(bytes: Vec<u8>) -> Result<World, WorldError> {
    let file = Arc::new(FaultFile::with_bytes(bytes));
    let store = FileOptions::default().cache_bytes(1 << 20).open_on(file, "small.bm")?;
    World::on(Box::new(store), Default::default())
}

/// Two hundred places where something is, and some where nothing is.
fn places() -> Vec<Pos> {
    let r = small_relief();
    let mut rng = Rng(5);
    (0..200)
        .map(|k| {
            let (i, j) = (rng.range(0, 24) as usize, rng.range(0, 20) as usize);
            let ([x, xd], [y, yd]) = sample_at(&r, i, j);
            let far = [0, 300, 40_000, 3_000_000, 60_000_000][k % 5];
            let wiggle = |rng: &mut Rng| if far == 0 { 0 } else { rng.range(-far, far) };
            let x = (x.div_euclid(xd) as i64 + wiggle(&mut rng)).clamp(0, 160_000_000);
            let y = (y.div_euclid(yd) as i64 + wiggle(&mut rng)).clamp(0, 80_000_000);
            let z = i64::from(SEA_LEVEL) + rng.range(-800, 1400) * [1, 1, 50, 9000][k % 4];
            Pos::new(x as u32, y as u32, z as u32).unwrap()
        })
        .collect()
}

/// All answers, each by itself; and what the world says about itself.
#[derive(Debug, PartialEq)]
struct Answers {
    samples: Vec<Option<MaterialId>>,
    levels: Vec<Option<(MaterialId, bool)>>,
    surfaces: Vec<Option<Option<(u32, MaterialId)>>>,
    info: Option<bm_hybrid::view::Info>,
    log: Vec<(u64, String, u64)>,
    materials: usize,
    sound: bool,
}

fn ask(world: &World) -> (Answers, Vec<WorldError>) {
    let view = world.view();
    let mut errors = Vec::new();
    let mut keep = |e| errors.push(e);
    let places = places();
    let samples =
        places.iter().map(|&p| view.sample(p).map(|s| s.material).map_err(&mut keep).ok()).collect();
    let mut levels = Vec::new();
    for (k, &p) in places.iter().enumerate() {
        let level = [0, 3, 7, 10, 14, 18, 21, 25][k % 8];
        levels.push(view.sample_at_level(p, level).map(|s| (s.material, s.exact)).map_err(&mut keep).ok());
    }
    let surfaces =
        places.iter().step_by(3).map(|p| view.surface(p.x(), p.y()).map_err(&mut keep).ok()).collect();
    let info = world.info().map_err(&mut keep).ok();
    let log = told(&view);
    let materials = view.materials().all().len();
    let sound = match world.verify(&|_| ()) {
        Ok(v) => v.problems.is_empty(),
        Err(e) => {
            keep(e);
            false
        }
    };
    (Answers { samples, levels, surfaces, info, log, materials, sound }, errors)
}

/// What a damaged world may say: nothing, or the same.
fn compare(found: &Answers, right: &Answers, errors: &[WorldError], what: &str) {
    fn same<T: PartialEq + std::fmt::Debug>(found: &[Option<T>], right: &[Option<T>], what: &str) {
        for (k, (f, r)) in found.iter().zip(right).enumerate() {
            assert!(f.is_none() || f == r, "{what}, answer {k}: {f:?}, not {r:?}");
        }
    }
    same(&found.samples, &right.samples, what);
    same(&found.levels, &right.levels, what);
    same(&found.surfaces, &right.surfaces, what);
    assert!(found.info.is_none() || found.info == right.info, "{what}: {:?}", found.info);
    assert_eq!((&found.log, found.materials), (&right.log, right.materials), "{what}");
    if let Some(e) = errors.first() {
        assert!(!found.sound, "{what}: verified, yet {e}");
        assert!(errors.iter().all(|e| e.kind() == ErrorKind::Corrupt), "{what}: {errors:?}");
    }
}

/// Asks many damaged copies: (error at opening, error later, harmless).
fn survey(cases: usize, copy: impl Fn(usize) -> (String, Vec<u8>) + Sync) -> [usize; 3] {
    let right = ask(&open(small_world()).unwrap());
    assert!(right.1.is_empty() && right.0.sound);
    let next = AtomicUsize::new(0);
    let tally: [AtomicUsize; 3] = Default::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= cases {
                        break;
                    }
                    let (what, bytes) = copy(n);
                    let outcome = catch_unwind(AssertUnwindSafe(|| match open(bytes) {
                        Err(e) => {
                            assert!(
                                matches!(
                                    e.kind(),
                                    ErrorKind::Corrupt | ErrorKind::BadInput | ErrorKind::Unsupported
                                ),
                                "{what}: {e:?}"
                            );
                            0
                        }
                        Ok(world) => {
                            let (found, errors) = ask(&world);
                            compare(&found, &right.0, &errors, &what);
                            if found.sound { 2 } else { 1 }
                        }
                    }));
                    match outcome {
                        Ok(k) => tally[k].fetch_add(1, Ordering::Relaxed),
                        Err(e) => panic!("{what}: panicked: {:?}", e.downcast_ref::<String>()),
                    };
                }
            });
        }
    });
    tally.map(AtomicUsize::into_inner)
}

/// `BM_FLIP_STEP=1` flips every byte; without it one of a hundred or two, spread evenly over the
/// file.
#[test]
fn flipped_bytes() {
    let bytes = small_world();
    let step = std::env::var("BM_FLIP_STEP").ok().and_then(|s| s.parse().ok()).unwrap_or(bytes.len() / 400);
    let cases = bytes.len() / step;
    let tally = survey(cases, |n| {
        let mut rng = Rng(n as u64);
        let at = n * step + if step > 1 { rng.range(0, step as i64) as usize } else { 0 };
        let mut damaged = bytes.clone();
        damaged[at] ^= if n % 3 == 0 { 1 << rng.range(0, 8) } else { rng.range(1, 256) as u8 };
        (format!("byte {at} of {}", bytes.len()), damaged)
    });
    println!("{} bytes, {cases} flips: {tally:?} found at opening, found later, harmless", bytes.len());
    assert!(tally[0] > 0 && tally[1] > 0 && tally[2] > 0, "{tally:?}");
}

#[test]
fn cut_off_files() {
    let bytes = small_world();
    let mut cuts: Vec<usize> = (0..60).map(|k| k * bytes.len() / 60).collect();
    cuts.extend([1, 7, 8, 511, 4095, 4096, 4097, bytes.len() - 1, bytes.len() - 4100]);
    let tally = survey(cuts.len(), |n| (format!("cut at {}", cuts[n]), bytes[..cuts[n]].to_vec()));
    assert_eq!(tally[0], cuts.len(), "{tally:?}");
}

#[test]
fn a_missing_page_is_named() {
    let world = open(small_world()).unwrap();
    let all: Vec<PageId> = pages(&world).into_keys().collect();
    let right = ask(&world);
    drop(world);
    let mut met = 0;
    for &id in &all {
        let world = open(small_world()).unwrap();
        world.store().commit(Batch::new().delete(id).clone()).unwrap();
        if id == PageId::ROOT {
            let e = world.store().snapshot().map(|_| open_again(&world)).unwrap().err().unwrap();
            assert!(e.to_string().contains(&id.to_string()), "{e}");
            continue;
        }
        let world = open_again(&world).unwrap();
        let (found, errors) = ask(&world);
        // The log has no new line: the store was changed behind the world's back.
        compare(&Answers { info: None, ..found }, &right.0, &errors, &format!("without {id}"));
        let v = world.verify(&|_| ()).unwrap();
        assert!(v.problems.iter().any(|p| p.contains(&id.to_string())), "{id}: {:?}", v.problems);
        for e in &errors {
            assert!(e.to_string().contains(&id.to_string()), "{id}: {e}");
        }
        let [x, y, z] = id.cell().origin();
        if let Ok(p) = Pos::new(x, y, z)
            && PageId::containing(p, id.level()) == Some(id)
        {
            let e = world.view().sample(p).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Corrupt);
            assert!(e.to_string().contains(&id.to_string()), "{id}: {e}");
            assert!(Cell::containing(p, id.level()) == id.cell());
            met += 1;
        }
    }
    assert!(met > 5, "{met}");
}

/// The same store as a new world, as a new process would see it.
fn open_again(world: &World) -> Result<World, WorldError> {
    let store = bm_store::MemoryStore::new();
    store.commit(copy(world))?;
    World::on(Box::new(store), Default::default())
}

#[test]
fn a_page_too_many_is_reported() {
    let world = open(small_world()).unwrap();
    let extra = PageId::new(14, [3, 4, 5]).unwrap();
    world.store().commit(Batch::new().put(extra, vec![1, 0, 0, 0]).clone()).unwrap();
    let world = open_again(&world).unwrap();
    let v = world.verify(&|_| ()).unwrap();
    assert!(matches!(&v.problems[..], [p] if p.contains(&extra.to_string())), "{:?}", v.problems);
}

#[test]
fn a_swapped_page_is_found_out() {
    let world = open(small_world()).unwrap();
    let all = pages(&world);
    let fine: Vec<_> = all.iter().filter(|(id, _)| id.level() == 14).collect();
    let (a, b) = (fine[0], fine[fine.len() - 1]);
    assert_ne!(a.1, b.1);
    let mut batch = Batch::new();
    batch.put(*a.0, b.1.clone()).put(*b.0, a.1.clone());
    world.store().commit(batch).unwrap();
    let world = open_again(&world).unwrap();
    let v = world.verify(&|_| ()).unwrap();
    for id in [a.0, b.0] {
        assert!(v.problems.iter().any(|p| p.contains(&id.to_string())), "{:?}", v.problems);
    }
}

#[test]
fn damaged_and_newer_records() {
    let with = |name: &str, value: Option<&str>| {
        let world = open(small_world()).unwrap();
        let mut batch = Batch::new();
        match value {
            Some(v) => batch.put_meta(name, v.as_bytes().to_vec()),
            None => batch.delete_meta(name),
        };
        world.store().commit(batch).unwrap();
        open_again(&world).map(|_| ()).unwrap_err()
    };
    let newer = with("world", Some(r#"{"format":4,"root_crc":7,"planet":"moon"}"#));
    assert_eq!(newer.kind(), ErrorKind::Unsupported);
    assert!(newer.to_string().contains("newer"), "{newer}");
    // A newer format may have other fields, or lack those known here.
    let newer = with("world", Some(r#"{"format":9,"tree":[1,2,3]}"#));
    assert_eq!(newer.kind(), ErrorKind::Unsupported, "{newer}");
    for name in ["world", "materials", "log"] {
        for value in [None, Some(""), Some("{}"), Some("[1]"), Some("null"), Some("\u{0}\u{7f}")] {
            let e = with(name, value);
            assert_eq!(e.kind(), ErrorKind::Corrupt, "{name} {value:?}: {e}");
            assert!(e.to_string().contains(name), "{e}");
        }
    }
    let older = with("world", Some(r#"{"format":1,"root_crc":7}"#));
    assert_eq!(older.kind(), ErrorKind::Unsupported);
    let head = r#"{"format":3,"root_crc":7,"version":2,"unfolded":3,"journal":null,"bases":[],"retention":{"versions":9,"age_ms":null}}"#;
    let e = with("world", Some(head));
    assert_eq!(e.kind(), ErrorKind::Corrupt);
    assert!(e.to_string().contains("L0(0,0,0)"), "{e}");
}

#[test]
fn what_is_no_world() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng(3);
    let noise: Vec<u8> = (0..50_000).map(|_| rng.next() as u8).collect();
    let files: [(&str, Vec<u8>); 4] = [
        ("noise.bm", noise),
        ("empty.bm", Vec::new()),
        ("text.bm", b"lon,lat,alt\n7,46,12\n".repeat(400)),
        ("zeros.bm", vec![0; 9000]),
    ];
    type Opener = fn(&std::path::Path) -> Result<World, WorldError>;
    let openers: [Opener; 3] =
        [|p| World::open(p), |p| World::open_read_only(p), |p| World::open_or_create(p)];
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        for open in openers {
            let e = open(&path).map(|_| ()).unwrap_err();
            assert_eq!((e.kind(), e.kind().exit_code()), (ErrorKind::BadInput, 2), "{name}: {e}");
            assert!(matches!(e, WorldError::Store(StoreError::NotAStore { .. })), "{name}: {e:?}");
            assert!(e.to_string().contains(name), "{e}");
        }
        let e = World::create(&path).map(|_| ()).unwrap_err();
        assert!(matches!(e, WorldError::Store(StoreError::AlreadyExists { .. })), "{e:?}");
        assert_eq!(&std::fs::read(&path).unwrap(), bytes, "left as it was");
    }
    for open in openers {
        let e = open(folder.path()).map(|_| ()).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::BadInput);
        assert!(e.to_string().contains("directory"), "{e}");
    }
    for open in &openers[..2] {
        let e = open(&folder.path().join("none.bm")).map(|_| ()).unwrap_err();
        assert_eq!((e.kind(), e.kind().exit_code()), (ErrorKind::NotFound, 2));
        assert!(e.to_string().contains("none.bm"), "{e}");
    }
    let e = World::create(folder.path().join("no/such/folder.bm")).map(|_| ()).unwrap_err();
    assert!(e.to_string().contains("folder.bm"), "{e}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), files.len(), "nothing left behind");
}

#[test]
fn one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.bm");
    let world = World::create(&path).unwrap();
    for open in [World::open(&path), World::open_read_only(&path), World::open_or_create(&path)] {
        let e = open.map(|_| ()).unwrap_err();
        assert_eq!((e.kind(), e.kind().exit_code()), (ErrorKind::Conflict, 1), "{e}");
    }
    drop(world);
    let readers = [World::open_read_only(&path).unwrap(), World::open_read_only(&path).unwrap()];
    assert!(World::open(&path).is_err());
    let e = readers[0].ingest_relief(&small_relief(), &Default::default(), &|_| ()).unwrap_err();
    assert!(matches!(e, WorldError::Store(StoreError::ReadOnly { .. })), "{e:?}");
    assert_eq!(readers[0].view().version(), 1);
}
