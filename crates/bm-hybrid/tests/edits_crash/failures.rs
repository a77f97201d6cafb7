//! Disks that fail: every operation of a run in turn, once or for good, as an error or as a lack of space.

use crate::disk::Disk;
use crate::script::{Expect, Step, is_stopped, steps, take};
use bm_overlay::journal::FaultFolder;
use std::io::ErrorKind;

/// Runs the script on a disk of which operation `n` fails. Returns what was promised, and how many steps failed.
fn run(disk: &Disk, n: u64, kind: ErrorKind, forever: bool) -> (Expect, u32) {
    let mut world = disk.open().unwrap();
    let mut expect = Expect::new();
    disk.fail_from(disk.operations() + n, kind, forever);
    let (mut failed, mut stopped) = (0, false);
    for (i, step) in steps(9).into_iter().enumerate() {
        let what = format!("operation {n}, {kind:?}, step {i} {step:?}");
        if let Step::Revert(back) = step
            && (expect.newest() <= back || !expect.is_edit(expect.newest() - back))
        {
            continue;
        }
        match take(&mut world, step, &mut expect, &mut |_| ()) {
            Ok(()) => {
                let edits = matches!(step, Step::Edit(..) | Step::Revert(_) | Step::Ingest(_));
                assert!(!stopped || !edits, "{what}: acknowledged though the journal has stopped");
            }
            Err(e) => {
                failed += 1;
                stopped |= is_stopped(&e);
            }
        }
        // Readers see what was acknowledged, and nothing else.
        let view = world.view();
        assert_eq!(view.version(), expect.newest(), "{what}");
        let differs = expect.seen[view.version() as usize].differs(&view);
        assert_eq!(differs, None, "{what}");
    }
    (expect, failed)
}

#[test]
fn nothing_acknowledged_is_lost_when_operations_fail() {
    let (first, world) = Disk::create();
    drop(world);
    let start = first.file.bytes();
    let begin = || Disk::new(start.clone(), FaultFolder::new());
    let whole = begin();
    let (_, failed) = run(&whole, u64::MAX / 2, ErrorKind::Other, true);
    assert_eq!(failed, 0);
    let all = whole.operations();
    let (mut runs, mut failures) = (0, 0);
    // Every moment in a long run, a spread of them otherwise.
    let step = std::env::var("BM_EDITS_FAILURES").ok().and_then(|s| s.parse().ok()).unwrap_or(all / 60);
    for n in (1..=all).step_by(step.max(1) as usize) {
        let (kind, forever) = [
            (ErrorKind::Other, false),
            (ErrorKind::StorageFull, true),
            (ErrorKind::Other, true),
            (ErrorKind::StorageFull, false),
        ][(n / step.max(1)) as usize % 4];
        let disk = begin();
        let (mut expect, failed) = run(&disk, n, kind, forever);
        disk.heal();
        runs += 1;
        failures += failed;
        let what = format!("operation {n}, {kind:?}, for good: {forever}");
        // The process ended: what it had handed to the system is there, what was in its memory is not.
        let found = disk.copy().open().unwrap_or_else(|e| panic!("{what}: {e:?}"));
        expect.check(&found, true, &what);
        drop(found);
        // The power failed as well.
        let lost = Disk::new(disk.file.crash_image(|| false), disk.folder.crash_image(|_| 0, 512));
        let found = lost.open().unwrap_or_else(|e| panic!("{what}: {e:?}"));
        expect.durable = expect.durable.max(1);
        expect.check(&found, false, &what);
    }
    println!("{runs} runs with {failures} failed steps, of {all} operations");
    assert!(failures > runs / 2);
}
