//! Real crashes: a process that ingests is killed at random moments.

use crate::tools::*;
use crate::versions::mark;
use bm_hybrid::{World, WorldError};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CHILD: &str = "BM_WORLD_KILL_CHILD";

/// Not a test by itself: the process that gets killed. It ingests and says so, over and over.
#[test]
fn child_that_ingests() {
    let Ok(path) = std::env::var(CHILD) else { return };
    println!("\nstart 0");
    let world = World::open_or_create(&path).unwrap();
    let from = world.view().version();
    println!("open {from}");
    for v in from + 1.. {
        let done = world.ingest_relief(&mark(v % 9), &Default::default(), &|_| ()).unwrap();
        assert_eq!(done.version, v);
        println!("ack {v}");
    }
}

/// Runs the child and kills it `wait` after it has begun; gives the last version it acknowledged.
fn round(path: &Path, wait: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child_that_ingests", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "start 0" {}
    let reader = std::thread::spawn(move || {
        let mut last = 0;
        for line in lines.map_while(Result::ok) {
            let mut words = line.split(' ');
            if let (Some("ack" | "open"), Some(v)) = (words.next(), words.next()) {
                // A line that the kill cut short does not count.
                last = v.parse().unwrap_or(last).max(last);
            }
        }
        last
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

/// The world must be one whole version: the last acknowledged one or the one after.
fn check(path: &Path, acked: u64) -> Option<u64> {
    let world = match World::open(path) {
        Err(WorldError::Store(bm_store::StoreError::NotFound { .. })) | Err(WorldError::Unfinished(_)) => {
            assert_eq!(acked, 0, "an acknowledged commit is gone");
            return None;
        }
        other => other.unwrap(),
    };
    let v = world.view().version();
    assert!(v == acked || v == acked + 1, "version {v} after {acked}");
    assert!(v > 0);
    assert_eq!(world.view().log().len() as u64, v);
    let a = world.verify_against(&mark(v % 9), &|_| ()).unwrap();
    assert_eq!((a.samples, a.wrong), (1200, 0), "version {v}: {:?}", a.examples);
    assert_sound(&world);
    Some(v)
}

/// `BM_KILL_ROUNDS=500` for a long campaign.
#[test]
fn killed_at_any_moment() {
    let rounds: u64 = std::env::var("BM_KILL_ROUNDS").ok().and_then(|s| s.parse().ok()).unwrap_or(12);
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng(std::process::id().into());
    let (mut unfinished, mut ahead, mut commits) = (0, 0, 0);
    let mut path = folder.path().join("0.bm");
    let mut acked = 0;
    for n in 0..rounds {
        // Every third round begins a new world, and is killed soon.
        let new = n % 3 == 0;
        if new {
            path = folder.path().join(format!("{n}.bm"));
            acked = 0;
        }
        let wait = Duration::from_micros(rng.range(0, if new { 60_000 } else { 250_000 }) as u64);
        let before = acked;
        acked = round(&path, wait).max(acked);
        match check(&path, acked) {
            None => unfinished += 1,
            Some(v) => {
                ahead += v - acked;
                acked = v;
            }
        }
        commits += acked - before;
    }
    println!(
        "{rounds} kills, {commits} commits, {unfinished} worlds not begun, {ahead} commits whole but not acknowledged"
    );
    // After all that the last world takes another ingest.
    let world = World::open_or_create(&path).unwrap();
    ingest(&world, &mark(4));
    let a = world.verify_against(&mark(4), &|_| ()).unwrap();
    assert_eq!((a.samples, a.wrong), (1200, 0));
}
