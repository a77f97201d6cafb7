//! What the other files found once, each by itself.

use crate::disk::Disk;
use crate::edits::mark;
use bm_core::{MaterialId, PageId, Pos};
use bm_hybrid::{Retention, World};
use bm_overlay::{Durability, Need, PageSummary, Strategy};
use std::io::ErrorKind;

const SEA: u32 = 1 << 27;

fn pos(x: u32) -> Pos {
    Pos::new(x, 40_000_000, SEA).unwrap()
}

fn put(world: &World, x: u32, durability: Durability) -> u64 {
    world.put(pos(x), MaterialId::ORE, durability, "found").unwrap()
}

fn is_ore(world: &World, version: u64, x: u32) -> bool {
    world.at(version).unwrap().sample(pos(x)).unwrap().material == MaterialId::ORE
}

/// Folds the page of one voxel only.
struct Only(u32);

impl Strategy for Only {
    fn name(&self) -> &'static str {
        "only"
    }

    fn choose(&self, pages: &[PageSummary], _: &Need) -> Vec<PageId> {
        let of = |p: &PageSummary| p.page.cell().bounds();
        let here = |p: &&PageSummary| (of(p).min[0]..of(p).max[0]).contains(&self.0);
        pages.iter().filter(here).map(|p| p.page).collect()
    }
}

/// An older version whose pages left out some edits, which later pages hold.
#[test]
fn edits_that_one_fold_left_out_and_the_next_took() {
    let (disk, world) = Disk::create();
    let (near, far) = (100_000_000, 110_000_000);
    assert_eq!(put(&world, near, Durability::Group), 2);
    assert_eq!(put(&world, far, Durability::Group), 3);
    world.consolidate_by(&Only(near), u64::MAX, &|_, _| ()).unwrap();
    assert_eq!(world.overlay().pages, 1);
    assert_eq!(put(&world, near + 1, Durability::Group), 4);
    world.consolidate(bm_overlay::StrategyKind::All, &|_, _| ()).unwrap();
    for world in [world, disk.copy().open().unwrap()] {
        let seen: Vec<_> = (1..=4).map(|v| [near, far, near + 1].map(|x| is_ore(&world, v, x))).collect();
        let want = [[false; 3], [true, false, false], [true, true, false], [true; 3]];
        assert_eq!(seen, want);
    }
}

/// A commit of pages holds edits that were only in memory: the journal must have them first.
#[test]
fn pages_never_know_of_edits_that_the_journal_lost() {
    let (disk, world) = Disk::create();
    put(&world, 100_000_000, Durability::Sync);
    put(&world, 100_000_001, Durability::Memory);
    world.ingest_relief(&mark(1), &Default::default(), &|_| ()).unwrap();
    let killed = disk.copy().open().unwrap();
    let log: Vec<u64> = killed.log().unwrap().iter().map(|e| e.version).collect();
    assert_eq!(log, [1, 2, 3, 4]);
    assert!(is_ore(&killed, 3, 100_000_001) && !is_ore(&killed, 2, 100_000_001));
}

/// What could not be acknowledged is not seen later, whatever is tried.
#[test]
fn a_refused_edit_is_never_seen() {
    let (disk, world) = Disk::create();
    put(&world, 100_000_000, Durability::Sync);
    // The record's write works, its sync does not.
    disk.fail_from(disk.operations() + 2, ErrorKind::Other, false);
    world.put(pos(100_000_001), MaterialId::ORE, Durability::Sync, "found").unwrap_err();
    for _ in 0..3 {
        world.ingest_relief(&mark(1), &Default::default(), &|_| ()).unwrap_err();
        world.put(pos(100_000_002), MaterialId::ORE, Durability::Memory, "found").unwrap_err();
        assert_eq!(world.view().version(), 2);
        assert_ne!(world.view().sample(pos(100_000_001)).unwrap().material, MaterialId::ORE);
    }
}

/// The commit that names a new journal fails, perhaps after it reached the disk; then it is tried again.
#[test]
fn a_journal_that_was_named_by_a_failed_commit() {
    let (first, world) = Disk::create();
    drop(world);
    for n in 1..24 {
        let disk = first.copy();
        let world = disk.open().unwrap();
        disk.fail_from(disk.operations() + n, ErrorKind::Other, false);
        let tries: Vec<_> = (0..3)
            .map(|x| world.put(pos(100_000_000 + x), MaterialId::ORE, Durability::Sync, "found").is_ok())
            .collect();
        for left in
            [disk.copy(), Disk::new(disk.file.crash_image(|| false), disk.folder.crash_image(|_| 0, 512))]
        {
            let again = left.open().unwrap();
            let newest = again.view().version();
            for (x, acknowledged) in (0..3).zip(&tries) {
                assert!(!acknowledged || is_ore(&again, newest, 100_000_000 + x), "operation {n}, edit {x}");
            }
        }
    }
}

/// A commit of pages that failed may be on the disk all the same, and so is what was acknowledged after it.
#[test]
fn edits_after_an_ingest_that_failed() {
    let (first, world) = Disk::create();
    put(&world, 100_000_000, Durability::Sync);
    world.ingest_relief(&mark(1), &Default::default(), &|_| ()).unwrap();
    world.set_retention(Retention { versions: Some(1), age_ms: None }).unwrap();
    drop(world);
    let (mut failed, mut ahead) = (0, 0);
    for n in 1.. {
        let disk = first.copy();
        let world = disk.open().unwrap();
        let start = disk.operations();
        disk.fail_from(start + n, ErrorKind::Other, false);
        failed += u32::from(world.ingest_relief(&mark(2), &Default::default(), &|_| ()).is_err());
        if disk.operations() < start + n {
            break;
        }
        let version = put(&world, 100_000_001, Durability::Sync);
        assert!(is_ore(&world, version, 100_000_001), "operation {n}");
        // Killed; and without power.
        for left in
            [disk.copy(), Disk::new(disk.file.crash_image(|| false), disk.folder.crash_image(|_| 0, 512))]
        {
            let again = left.open().unwrap();
            assert_eq!(again.view().version(), version, "operation {n}");
            assert!(is_ore(&again, version, 100_000_000), "operation {n}");
            assert!(is_ore(&again, version, 100_000_001), "operation {n}: an acknowledged edit is lost");
            ahead += u32::from(again.verify_against(&mark(2), &|_| ()).unwrap().wrong == 0);
        }
    }
    assert!(failed > 5 && ahead > 0, "{failed} {ahead}");
}
