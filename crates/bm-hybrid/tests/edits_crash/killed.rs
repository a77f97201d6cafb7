//! Real crashes: a process that edits a world from several threads, folds, ingests and compacts, is killed.

use crate::borders;
use crate::edits::{Op, durability, far, is_put, mark, plan, transaction};
use crate::model::{Made, Model};
use crate::tools::{Rng, assert_sound};
use bm_hybrid::{Retention, World, WorldError};
use bm_overlay::{Durability, StrategyKind};
use bm_store::StoreError;
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CHILD: &str = "BM_EDITS_KILL_CHILD";
const SEED: &str = "BM_EDITS_KILL_SEED";
/// Threads that commit edits.
const WRITERS: u64 = 3;
/// Edits of the largest transaction.
const MOST: i64 = 200;

/// Nothing may fail in the process that gets killed.
fn must<T, E: std::fmt::Debug>(what: &str, done: Result<T, E>) -> T {
    done.unwrap_or_else(|e| {
        eprintln!("{what}: {e:?}");
        std::process::exit(3)
    })
}

/// Not a test by itself: the process that gets killed. It says what it is about to do and what was acknowledged.
#[test]
fn child_that_edits() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let seed: u64 = std::env::var(SEED).unwrap().parse().unwrap();
    println!("\nstart 0");
    let mut world = must("open", World::open_or_create(&path));
    println!("open {}", world.view().version());
    if seed == 0 {
        // Only opening is to be interrupted.
        std::thread::sleep(Duration::from_secs(60));
    }
    let mut rng = Rng(seed);
    let commits = AtomicU64::new(0);
    world.set_budget(rng.range(512, 1500) as usize * 1024);
    loop {
        let strategy = StrategyKind::ALL[rng.range(0, 5) as usize];
        world.set_folding(strategy, 0.2, 0.5);
        let end = Instant::now() + Duration::from_millis(rng.range(15, 150) as u64);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for t in 0..WRITERS {
                let (world, stop, commits) = (&world, &stop, &commits);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let n = commits.fetch_add(1, Ordering::Relaxed);
                        edit(world, Rng(seed ^ n << 20 ^ t << 60).next());
                    }
                });
            }
            while Instant::now() < end {
                look_after(&world, &mut rng);
            }
            stop.store(true, Ordering::Relaxed);
        });
        if rng.range(0, 2) == 0 {
            must("compact", world.compact());
        }
    }
}

/// One commit.
fn edit(world: &World, seed: u64) {
    println!("try {seed:x}");
    let version = match plan(seed, MOST).as_slice() {
        [Op::Voxel(pos, m)] if is_put(seed) => {
            must("put", world.put(*pos, *m, durability(seed), &format!("put {seed:x}")))
        }
        _ => must("edit", world.edit_with(&transaction(seed, MOST), &borders::puts(seed))).version,
    };
    println!("ack {version} {seed:x}");
    if durability(seed) == Durability::Memory && seed.is_multiple_of(3) {
        // Otherwise those that need not wait for the disk make most commits.
        std::thread::sleep(Duration::from_micros(seed % 700));
    }
}

/// Whatever else happens to a world.
fn look_after(world: &World, rng: &mut Rng) {
    match rng.range(0, 12) {
        0..5 => {
            let kind = StrategyKind::ALL[rng.range(0, 5) as usize];
            must("consolidate", world.consolidate(kind, &|_, _| ()));
        }
        5 => {
            let versions = [1, 20, 100, 400, 1000][rng.range(0, 5) as usize];
            println!("keep {versions}");
            let retention = Retention { versions: Some(versions), age_ms: None };
            must("retention", world.set_retention(retention));
        }
        6 => {
            let n = rng.next() >> 8;
            println!("ingest {n}");
            let done = must("ingest", world.ingest_relief(&mark(n), &Default::default(), &|_| ()));
            println!("ingested {} {n}", done.version);
        }
        _ => std::thread::sleep(Duration::from_micros(rng.range(0, 15_000) as u64)),
    }
}

/// What the process said.
#[derive(Default)]
struct Said {
    tried: HashSet<u64>,
    acked: Vec<(u64, u64)>,
    /// The last ingest that was begun, and those that were acknowledged.
    ingesting: Option<u64>,
    ingested: Vec<(u64, u64)>,
    /// Versions that were to be kept, at least.
    kept: Option<u64>,
    opened: u64,
}

impl Said {
    fn hear(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let what = words.next()?;
        let mut number = |radix| u64::from_str_radix(words.next()?, radix).ok();
        match what {
            "open" => self.opened = number(10)?,
            "try" => drop(self.tried.insert(number(16)?)),
            "ack" => self.acked.push((number(10)?, number(16)?)),
            "keep" => {
                let n = number(10)?;
                self.kept = Some(self.kept.map_or(n, |k| k.min(n)));
            }
            "ingest" => self.ingesting = Some(number(10)?),
            "ingested" => self.ingested.push((number(10)?, number(10)?)),
            _ => {}
        }
        Some(())
    }
}

/// Runs the process and kills it `wait` after it has begun.
fn run(path: &Path, seed: u64, wait: Duration) -> Said {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child_that_edits", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line != "start 0\n" {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it did not start");
    }
    let reader = std::thread::spawn(move || {
        let mut said = Said::default();
        loop {
            line.clear();
            // A line that the kill cut short does not count.
            match out.read_line(&mut line) {
                Ok(n) if n > 0 && line.ends_with('\n') => said.hear(line.trim_end()),
                _ => return said,
            };
        }
    });
    std::thread::sleep(wait);
    child.kill().unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(
        !out.status.success() && out.status.code().is_none(),
        "ended by itself: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    reader.join().unwrap()
}

#[derive(Default)]
struct Totals {
    commits: u64,
    unacknowledged: u64,
    memory_lost: u64,
    versions_read: u64,
    ingests: u64,
    unfinished: u64,
}

struct Campaign {
    model: Model,
    rng: Rng,
    totals: Totals,
    /// Number of the last ingest.
    ingest: Option<u64>,
    /// Versions from here on must be readable.
    floor: u64,
    keep: u64,
    /// Version when the round began.
    before: u64,
}

impl Campaign {
    /// Compares the world with what was said, and with everything before.
    fn check(&mut self, path: &Path, said: &Said) {
        let before = self.model.version();
        self.before = before;
        let world = match World::open(path) {
            Err(WorldError::Store(StoreError::NotFound { .. }) | WorldError::Unfinished(_)) => {
                assert!(
                    before == 0 && said.acked.is_empty() && said.ingested.is_empty(),
                    "the world is gone"
                );
                self.totals.unfinished += 1;
                return;
            }
            other => other.unwrap(),
        };
        let newest = world.view().version();
        self.commits(&world, newest, said);
        let kept = self.keep.min(said.kept.unwrap_or(u64::MAX));
        // Of several that were tried only the last may be in force, but each may have been for a while.
        self.floor = self.floor.max((newest + 1).saturating_sub(kept)).max(1);
        self.keep = world.retention().versions.unwrap();
        self.contents(&world, newest);
        if said.ingesting.is_some()
            && let Some(n) = self.ingest
        {
            let a = world.verify_against(&mark(n), &|_| ()).unwrap();
            assert_eq!((a.samples, a.wrong), (120, 0), "ingest {n}: {:?}", a.examples);
        }
        assert_sound(&world);
    }

    /// Which commits are there.
    fn commits(&mut self, world: &World, newest: u64, said: &Said) {
        let before = self.model.version();
        assert!(newest >= before, "version {newest} after {before}: what was there before is gone");
        assert!(said.opened == 0 || said.opened == before, "it opened version {}, not {before}", said.opened);
        let acked: HashMap<u64, u64> = said.acked.iter().copied().collect();
        assert_eq!(acked.len(), said.acked.len(), "two commits made the same version");
        for &(version, seed) in &said.acked {
            assert!(version > before);
            if version <= newest {
                continue;
            }
            // After what is lost nothing is there: versions up to the newest are compared below.
            assert_eq!(
                durability(seed),
                Durability::Memory,
                "version {version} is lost, {newest} is the newest"
            );
            self.totals.memory_lost += 1;
        }
        let ingested: HashMap<u64, u64> = said.ingested.iter().copied().collect();
        for version in ingested.keys() {
            assert!(*version <= newest, "ingest {version} is lost, {newest} is the newest");
        }
        let log = world.log().unwrap();
        let versions: Vec<u64> = log.iter().map(|e| e.version).collect();
        assert!(versions.windows(2).all(|w| w[0] < w[1]), "versions ascend");
        let log: HashMap<u64, _> = log.into_iter().map(|e| (e.version, e)).collect();
        let mut in_flight = 0;
        for version in before + 1..=newest {
            let entry = log.get(&version);
            let seed = entry.and_then(|e| {
                let word =
                    if e.origin == "crash" { Some(e.what.as_str()) } else { e.origin.strip_prefix("put ") };
                u64::from_str_radix(word?, 16).ok()
            });
            let made = match (seed, acked.get(&version)) {
                (Some(seed), Some(&acked)) => {
                    assert_eq!(seed, acked, "version {version} is another commit than was acknowledged");
                    Made::Edit(seed)
                }
                (Some(seed), None) => {
                    assert!(said.tried.contains(&seed), "version {version} was never tried");
                    in_flight += 1;
                    Made::Edit(seed)
                }
                (None, Some(seed)) => {
                    let oldest = world.overlay().oldest_version;
                    assert!(entry.is_none(), "version {version} is no edit: {entry:?}");
                    assert!(version <= oldest, "version {version} is not in the log, {oldest} is the oldest");
                    Made::Edit(*seed)
                }
                (None, None) => {
                    let entry = entry.unwrap_or_else(|| panic!("nothing is known of version {version}"));
                    if entry.what.starts_with("relief") {
                        self.totals.ingests += 1;
                        self.ingest = Some(match ingested.get(&version) {
                            Some(&n) => n,
                            None => {
                                in_flight += 1;
                                said.ingesting.unwrap()
                            }
                        });
                    } else {
                        assert_eq!((version, entry.what.as_str()), (1, "create"));
                    }
                    Made::Pages
                }
            };
            self.model.push(made);
        }
        assert!(in_flight <= WRITERS + 1, "{in_flight} commits are there that nobody was told of");
        self.totals.unacknowledged += in_flight;
        self.totals.commits += newest - before;
    }

    /// How the world came to where it is.
    fn story(&self, world: &World) -> String {
        let s = world.overlay();
        let edits = |v: u64| match self.model.made(v) {
            Made::Edit(seed) => {
                let plan = plan(seed, MOST);
                let far = plan.iter().filter(|op| matches!(op, Op::Voxel(p, _) if far().contains(p)));
                format!("{v}: {} edits {:?}, far {:?}", plan.len(), durability(seed), far.collect::<Vec<_>>())
            }
            Made::Pages => format!("{v}: pages"),
        };
        let last: Vec<_> = (self.before.max(1)..=self.model.version()).map(edits).collect();
        format!(
            "pages of {}, oldest {}, {} edits in {} pages over them, {} bytes of journal, {} when the round began; {last:#?}",
            s.folded_version, s.oldest_version, s.edits, s.pages, s.journal_bytes, self.before
        )
    }

    /// What the world says, now and then.
    fn contents(&mut self, world: &World, newest: u64) {
        let differs = self.model.at(newest).differs(&world.view());
        assert_eq!(differs, None, "version {newest}, the newest; {}", self.story(world));
        let stats = world.overlay();
        let oldest = stats.oldest_version;
        assert!(oldest <= self.floor, "{oldest} is the oldest version, {} was to be kept", self.floor);
        let mut ask = vec![oldest, (newest - 1).max(1), stats.folded_version, self.floor];
        ask.extend((0..4).map(|_| self.rng.range(oldest as i64, newest as i64 + 1) as u64));
        for version in ask {
            let view = match world.at(version) {
                Err(WorldError::Retired { .. }) if version < oldest => continue,
                other => other.unwrap(),
            };
            assert_eq!(view.version(), version);
            let differs = self.model.at(version).differs(&view);
            assert_eq!(differs, None, "version {version} of {newest}; {}", self.story(world));
            self.totals.versions_read += 1;
        }
        if oldest > 1 {
            let gone = world.at(oldest - 1);
            assert!(matches!(gone, Err(WorldError::Retired { .. })), "version {} is too old", oldest - 1);
        }
        assert!(matches!(world.at(newest + 1), Err(WorldError::NoSuchVersion { .. })));
    }
}

/// `BM_EDITS_KILL_ROUNDS=1000` for a long campaign.
#[test]
fn killed_at_any_moment() {
    let rounds: u64 = std::env::var("BM_EDITS_KILL_ROUNDS").ok().and_then(|s| s.parse().ok()).unwrap_or(50);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.bm");
    let first = u64::from(std::process::id());
    let mut campaign = Campaign {
        model: Model::new(MOST),
        rng: Rng(first),
        totals: Totals::default(),
        ingest: None,
        floor: 1,
        before: 0,
        keep: Retention::default().versions.unwrap(),
    };
    let mut recoveries = 0;
    for n in 0..rounds {
        let rng = &mut campaign.rng;
        let longest = if rng.range(0, 4) == 0 { 12_000 } else { 400_000 };
        let wait = Duration::from_micros(rng.range(0, longest) as u64);
        let said = run(&path, rng.next() | 1, wait);
        if said.opened > 0 && rng.range(0, 3) == 0 {
            // Killed again while it recovers.
            let wait = Duration::from_micros(rng.range(0, 15_000) as u64);
            let again = run(&path, 0, wait);
            assert!(again.acked.is_empty());
            recoveries += 1;
        }
        campaign.check(&path, &said);
        if n % 100 == 99 {
            println!("{} rounds, version {}", n + 1, campaign.model.version());
        }
    }
    let t = &campaign.totals;
    assert!(rounds < 20 || (t.commits > rounds && t.versions_read > rounds), "hardly anything happened");
    println!(
        "{rounds} kills and {recoveries} more during recovery: {} commits there, {} of them ingests, {} whole though \
         not yet acknowledged; {} in memory only were lost, none with anything after it; {} older versions read; \
         {} times no world yet; lost or half there: 0",
        t.commits, t.ingests, t.unacknowledged, t.memory_lost, t.versions_read, t.unfinished
    );
}
