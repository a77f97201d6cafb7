//! A disk that fails at every moment of an ingest.

use crate::tools::*;
use crate::versions::mark;
use bm_hybrid::{World, WorldError};
use bm_store::{FaultFile, FileOptions, StoreError};
use std::io::ErrorKind;
use std::sync::Arc;

fn on(file: &Arc<FaultFile>) -> Result<World, WorldError> {
    let store = FileOptions::default().open_on(file.clone(), "full.bm")?;
    World::on(Box::new(store), Default::default())
}

#[test]
fn a_failed_ingest_leaves_the_old_world() {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "full.bm").unwrap();
    let world = World::on(Box::new(store), Default::default()).unwrap();
    ingest(&world, &mark(1));
    drop(world);
    let start = file.bytes();
    let old = on(&Arc::new(FaultFile::with_bytes(start.clone()))).unwrap();
    let whole = Arc::new(FaultFile::with_bytes(start.clone()));
    let new = on(&whole).unwrap();
    let opening = whole.operations();
    ingest(&new, &mark(2));
    let all = whole.operations();
    let (mut failed, mut ahead, mut later) = (0, 0, 0);
    let step = ((all - opening) / 40).max(1);
    for n in (opening + 1..=all + 1).step_by(step as usize).chain(all.saturating_sub(8)..=all) {
        let kind = if n % 2 == 0 { ErrorKind::StorageFull } else { ErrorKind::Other };
        let file = Arc::new(FaultFile::with_bytes(start.clone()));
        let world = on(&file).unwrap();
        assert_eq!(file.operations(), opening);
        file.fail_from(n, kind);
        let done = world.ingest_relief(&mark(2), &Default::default(), &|_| ());
        let want = if done.is_ok() { 3 } else { 2 };
        assert_eq!(world.view().version(), want, "operation {n}");
        // The world in this process goes on reading what it had.
        let held = if done.is_ok() { &new } else { &old };
        let pages_now = world.view();
        for at in [[135_000_000, 55_000_000], [125_700_000, 55_100_000], [5, 5]] {
            assert_eq!(column(&pages_now, at[0], at[1]), column(&held.view(), at[0], at[1]), "operation {n}");
        }
        if let Err(e) = &done {
            failed += 1;
            let said = matches!(
                e,
                WorldError::Store(
                    StoreError::Full { .. } | StoreError::Io { .. } | StoreError::Poisoned { .. }
                )
            );
            assert!(said, "operation {n}: {e:?}");
            if kind == ErrorKind::StorageFull {
                assert!(matches!(e, WorldError::Store(StoreError::Full { .. })), "operation {n}: {e:?}");
            }
            assert_eq!(e.kind(), bm_core::ErrorKind::Io);
            assert_eq!(e.kind().exit_code(), 1);
            // A second try in the same process says what to do, or succeeds when there is room again.
            file.fail_from(u64::MAX, kind);
            match world.ingest_relief(&mark(2), &Default::default(), &|_| ()) {
                Ok(_) => later += 1,
                Err(e) => assert!(e.to_string().contains("open it again"), "operation {n}: {e}"),
            }
        }
        drop(world);
        let again = on(&Arc::new(FaultFile::with_bytes(file.bytes()))).unwrap();
        let version = again.view().version();
        let reference = if version == 2 { &old } else { &new };
        if done.is_ok() {
            assert_eq!(version, 3);
        } else {
            assert!(version == 2 || version == 3, "operation {n}: version {version}");
            ahead += u32::from(version == 3);
        }
        assert_same_pages(&again, reference);
        assert_eq!(told(&again.view()), told(&reference.view()));
        assert_sound(&again);
        ingest(&again, &mark(3));
    }
    assert!(failed > 10, "{failed}");
    println!(
        "{failed} failures; {ahead} times the commit was there whole nevertheless; {later} times a second try worked"
    );
}

#[test]
fn a_new_world_on_a_full_disk() {
    for n in 1..40 {
        let file = Arc::new(FaultFile::new());
        file.fail_from(n, ErrorKind::StorageFull);
        let made = FileOptions::default()
            .create_on(file.clone(), "new.bm")
            .map_err(WorldError::from)
            .and_then(|store| World::on(Box::new(store), Default::default()));
        match made {
            Ok(_) => return assert!(n > 5),
            Err(e) => {
                let said =
                    matches!(e, WorldError::Store(StoreError::Full { .. } | StoreError::Poisoned { .. }));
                assert!(said, "operation {n}: {e:?}");
            }
        }
        file.fail_from(u64::MAX, ErrorKind::Other);
        // What is left is no world yet, or a blank one.
        if let Ok(w) = on(&Arc::new(FaultFile::with_bytes(file.bytes()))) {
            assert_sound(&w);
        }
    }
    panic!("creating a world takes few operations");
}
