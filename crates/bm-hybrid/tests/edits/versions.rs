//! Every version stays readable: from memory, from folded pages, after a restart; until it is retired.

use crate::model::*;
use bm_core::{MaterialId, Pos};
use bm_hybrid::{Retention, World, WorldError};
use bm_overlay::{Durability, StrategyKind, Transaction};

fn everything_at(world: &World, history: &[Dense], from: u64, rng: &mut Rng, what: &str) {
    for (v, dense) in (1u64..).zip(history) {
        if v < from {
            assert!(matches!(world.at(v), Err(WorldError::Retired { .. })), "{what}: version {v}");
            continue;
        }
        let view = world.at(v).unwrap();
        assert_eq!(view.version(), v);
        check(&view, dense, rng, &format!("{what}: version {v}"));
    }
    let beyond = history.len() as u64 + 1;
    assert!(
        matches!(world.at(beyond), Err(WorldError::NoSuchVersion { newest, .. }) if newest == beyond - 1)
    );
    assert!(matches!(world.at(0), Err(WorldError::NoSuchVersion { .. })));
}

#[test]
fn every_version_can_be_read_until_it_is_retired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.bm");
    let mut rng = Rng(4711);
    let mut world = World::create(&path).unwrap();
    // Version 1 is the blank world.
    let mut history = vec![Dense::new()];
    for round in 0..14 {
        let ops: Vec<Op> = (0..1 + rng.below(12)).map(|_| op(&mut rng)).collect();
        let mut t = transaction(&ops);
        t.durability([Durability::Memory, Durability::Group, Durability::Sync][round % 3]);
        let done = world.edit(&t).unwrap();
        let mut dense = history.last().unwrap().clone();
        dense.apply(&ops);
        history.push(dense);
        assert_eq!(done.version, history.len() as u64);
        if round % 4 == 2 {
            world.consolidate(StrategyKind::ALL[round % 5], &|_, _| ()).unwrap();
        }
        if round % 5 == 4 {
            drop(world);
            world = World::open(&path).unwrap();
        }
    }
    everything_at(&world, &history, 1, &mut rng, "as written");
    drop(world);
    let mut world = World::open(&path).unwrap();
    everything_at(&world, &history, 1, &mut rng, "reopened");
    world.compact().unwrap();
    everything_at(&world, &history, 1, &mut rng, "compacted");
    let log = world.log().unwrap();
    assert_eq!(log.iter().map(|e| e.version).collect::<Vec<_>>(), (1..=15).collect::<Vec<_>>());
    assert!(log[1..].iter().all(|e| e.origin == "test" && e.cells > 0 && e.bounds.is_some()));
    drop(world);

    let read = World::open_read_only(&path).unwrap();
    everything_at(&read, &history, 1, &mut rng, "read only");
    assert!(read.put(Pos::new(1, 1, 1 << 27).unwrap(), MaterialId(6), Durability::Group, "x").is_err());
    drop(read);

    let mut world = World::open(&path).unwrap();
    world.set_retention(Retention { versions: Some(1), age_ms: None }).unwrap();
    world.compact().unwrap();
    let oldest = world.overlay().oldest_version;
    assert_eq!(oldest, 15, "everything is folded, and nothing older is kept");
    everything_at(&world, &history, oldest, &mut rng, "retired");
    drop(world);
    let world = World::open(&path).unwrap();
    everything_at(&world, &history, oldest, &mut rng, "retired and reopened");
}

#[test]
fn a_commit_is_undone_by_another() {
    let world = World::in_memory().unwrap();
    assert!(world.revert(1, "x").is_err(), "there is no journal");
    let folder = tempfile::tempdir().unwrap();
    let world = World::create(folder.path().join("w.bm")).unwrap();
    let mut rng = Rng(99);
    let mut history = vec![Dense::new()];
    for round in 0..6 {
        let ops: Vec<Op> = (0..1 + rng.below(6)).map(|_| op(&mut rng)).collect();
        world.edit(&transaction(&ops)).unwrap();
        let mut dense = history.last().unwrap().clone();
        dense.apply(&ops);
        history.push(dense);
        if round == 3 {
            world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
        }
    }
    // Undone one after the other, from the last: each world of before comes back.
    for v in (2..=7).rev() {
        world.revert(v, "undo").unwrap();
        check(&world.view(), &history[v as usize - 2], &mut rng, &format!("without {v}"));
    }
    world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    let blank = World::in_memory().unwrap();
    assert_eq!(world.view().tree().root_crc(), blank.view().tree().root_crc(), "and nothing is left of it");
    assert!(world.revert(1, "undo").is_err(), "creating the world is no edit");
    assert!(world.revert(400, "undo").is_err());
}

#[test]
fn commits_of_pages_and_of_edits_take_turns() {
    let world = World::in_memory().unwrap();
    let p = Pos::new(first()[0], first()[1], first()[2]).unwrap();
    world.put(p, MaterialId(9), Durability::Group, "a").unwrap();
    let rock = bm_core::Material {
        id: MaterialId(4_000),
        name: "unobtainium".into(),
        ..world.view().materials().all()[5].clone()
    };
    assert!(world.put(p, MaterialId(4_000), Durability::Group, "a").is_err(), "nobody knows it yet");
    world.add_material(rock).unwrap();
    assert_eq!(world.view().version(), 3);
    world.put(p.east(1), MaterialId(4_000), Durability::Group, "a").unwrap();
    let view = world.view();
    assert_eq!(view.version(), 4);
    assert_eq!(view.sample(p).unwrap().material.0, 9);
    assert_eq!(view.sample(p.east(1)).unwrap().material.0, 4_000);
    assert_eq!(world.at(2).unwrap().sample(p).unwrap().material.0, 9);
    assert_eq!(world.at(1).unwrap().sample(p).unwrap().material, under());
}

#[test]
fn writers_wait_for_room_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::create(folder.path().join("w.bm")).unwrap();
    world.set_budget(400_000);
    let (mut rng, mut dense) = (Rng(3), Dense::new());
    let most = std::sync::atomic::AtomicU64::new(0);
    for _ in 0..60 {
        let ops: Vec<Op> = (0..120)
            .map(|_| {
                let at = first().map(|c| c + rng.below(EDGE));
                let bounds = bm_core::TickBox { min: at, max: at.map(|c| c + 1) };
                Op { bounds, material: Some(MaterialId(6 + rng.below(3) as u16)) }
            })
            .collect();
        let mut t = transaction(&ops);
        t.durability(Durability::Memory);
        world.edit(&t).unwrap();
        dense.apply(&ops);
        most.fetch_max(world.overlay().bytes, std::sync::atomic::Ordering::Relaxed);
    }
    assert!(most.into_inner() <= 400_000);
    assert!(world.overlay().folds > 0);
    check(&world.view(), &dense, &mut rng, "after back-pressure");
    let mut t = Transaction::new("too much");
    for i in 0..10_000 {
        t.set(Pos::new(i, 5, 1 << 27).unwrap(), MaterialId(6));
    }
    let version = world.view().version();
    let e = world.edit(&t).unwrap_err();
    assert!(e.to_string().contains("budget"), "{e}");
    assert_eq!(world.view().version(), version);
}
