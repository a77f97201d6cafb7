//! A process that takes land out, simulates, commits and drops, over and over, is killed at random moments: the world and the
//! check-out beside it are then what an undisturbed process would have had at some moment, to the bit.

use crate::crash::{alps, begin, bits, world};
use bm_hybrid::World;
use bm_hybrid::checkout::{Back, CheckOut, Seeding};
use bm_process::run::{Changes, Run, Unwatched, list};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CHILD: &str = "BM_CHECKOUT_CHILD";
const NAME: &str = "land";

/// The check-out, whoever took it, and its run, whoever began it.
fn on(world: &World) -> (CheckOut, Run) {
    let out = match world.open_check_out(NAME) {
        Ok(out) => out,
        Err(e) => {
            assert!(e.to_string().contains("there are none"), "{e}");
            world.check_out(NAME, &alps(), &Seeding::default(), &|_| ()).unwrap()
        }
    };
    let run = if list(out.folder()).unwrap().is_empty() {
        begin(&out)
    } else {
        let resumed = Run::resume(out.folder(), &Changes::default()).unwrap();
        assert_eq!(resumed.warnings, [] as [String; 0]);
        resumed.run
    };
    (out, run)
}

/// Goes on with what is there until it is committed and dropped.
fn round(world: &World) {
    let (out, mut run) = on(world);
    run.run(&mut Unwatched).unwrap();
    if out.landed(world, run.state()).unwrap().is_none() {
        out.commit(world, run.state(), &Back::default(), "killed", &|_| ()).unwrap();
    }
    out.drop_it().unwrap();
}

/// The process that is killed; without the variable it is no test.
#[test]
fn child_that_simulates() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let world = World::open(path).unwrap();
    println!("\nstart");
    for _ in 0..40 {
        round(&world);
    }
    println!("end");
}

/// Kills it `wait` after it has begun; whether it was not done by then.
fn kill(path: &Path, wait: Duration) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child_that_simulates", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line != "start\n" {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it did not start");
    }
    std::thread::sleep(wait);
    child.kill().unwrap();
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    !done.status.success()
}

#[derive(Debug, Default)]
struct Found {
    nothing: u64,
    untouched: u64,
    on_its_way: u64,
    finished: u64,
    landed: u64,
}

/// `BM_CHECKOUT_KILLS=500` for a long campaign.
#[test]
fn killed_at_any_moment() {
    let rounds: u64 = std::env::var("BM_CHECKOUT_KILLS").ok().and_then(|s| s.parse().ok()).unwrap_or(12);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("killed.bm");
    drop(world(&path));
    // The same without kills, and what each version of it says of the region.
    let reference = world(&dir.path().join("reference.bm"));
    let first = reference.view().version();
    let seen = |world: &World, version: u64| {
        let view = world.at(version).unwrap();
        let seed = view.seed(&alps(), &Seeding::default(), &|_| ()).unwrap();
        (seed.fingerprint, bits(&seed.state))
    };
    let mut known = vec![seen(&reference, first)];
    let (mut found, mut kills, mut random) = (Found::default(), 0, u64::from(std::process::id()) | 1);
    for n in 0..rounds {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        kills += u64::from(kill(&path, Duration::from_micros((random >> 33) % 120_000)));
        let world = World::open(&path).unwrap();
        let newest = world.view().version();
        while first + (known.len() as u64) <= newest {
            round(&reference);
            known.push(seen(&reference, first + known.len() as u64));
        }
        for version in [newest - 1, newest].into_iter().filter(|v| *v >= first) {
            assert!(
                seen(&world, version) == known[(version - first) as usize],
                "round {n}, version {version}"
            );
        }
        let all = world.check_outs().unwrap();
        assert!(all.len() <= 1 && all.iter().all(|e| e.name == NAME && e.damaged.is_none()), "{all:?}");
        if all.is_empty() {
            found.nothing += 1;
            continue;
        }
        let out = world.open_check_out(NAME).unwrap();
        let from = out.origin().version;
        let (fingerprint, land) = &known[(from - first) as usize];
        assert_eq!((out.origin().fingerprint, from), (*fingerprint, all[0].version), "round {n}");
        assert!(bits(out.seed()) == *land, "round {n}: it is not the land of version {from}");
        if list(out.folder()).unwrap().is_empty() {
            found.untouched += 1;
            assert_eq!(from, newest);
            continue;
        }
        let run = Run::resume(out.folder(), &Changes::default()).unwrap().run;
        let mut whole = Run::new(out.seed().clone(), crate::crash::scenario()).unwrap();
        while whole.steps_taken() < run.steps_taken() {
            whole.step().unwrap();
        }
        assert!(
            bits(whole.state()) == bits(run.state()),
            "round {n}: another land after {}",
            run.steps_taken()
        );
        match out.landed(&world, run.state()).unwrap() {
            Some(version) => {
                assert_eq!((version, from), (newest, newest - 1));
                found.landed += 1;
            }
            None => {
                assert_eq!(from, newest, "round {n}: taken of an older version, and not landed");
                *if run.finished() { &mut found.finished } else { &mut found.on_its_way } += 1;
            }
        }
    }
    let commits = known.len() as u64 - 1;
    println!("{kills} kills, {commits} commits; found {found:?}; lost, half there or wrong: 0");
    assert!(kills > rounds / 2 && (rounds < 30 || commits > 3), "{kills} {commits}");
}
