//! Boundaries and versions.

use crate::support::{SAND, area, between, island, line, plain, put};
use bm_core::{ErrorKind, GeoPoint, MaterialId, Pos};
use bm_hybrid::{Retention, View, World, WorldError};
use bm_overlay::{Durability, StrategyKind, Transaction};
use bm_vector::set::Change;
use bm_vector::{Boundary, BoundaryId, Transition, Value};

fn ids(view: &View) -> Vec<String> {
    view.boundaries().iter().map(|b| b.id.to_string()).collect()
}

fn rock() -> Pos {
    Pos::from_geo(GeoPoint { lon: 10.0, lat: 10.0, alt: -50.0 }).unwrap()
}

fn body(id: &str, material: MaterialId) -> Boundary {
    Boundary {
        transition: Some(Transition { left: Some(material), ..Transition::default() }),
        ..plain(id, area(&[[9.0, 9.0], [11.0, 9.0], [11.0, 11.0], [9.0, 11.0]]))
    }
}

#[test]
fn edits_and_boundaries_are_one_version() {
    let world = World::in_memory().unwrap();
    let mut t = Transaction::new("test");
    t.set(rock().east(1), MaterialId::ORE);
    let made = world.edit_with(&t, &put(body("body", MaterialId::GRANITE))).unwrap();
    let (view, before) = (world.view(), world.at(made.version - 1).unwrap());
    assert_eq!(view.sample(rock()).unwrap().material, MaterialId::GRANITE);
    assert_eq!(view.sample(rock().east(1)).unwrap().material, MaterialId::ORE);
    assert_eq!(before.sample(rock()).unwrap().material, MaterialId::UPPER_CRUST);
    assert_eq!(before.sample(rock().east(1)).unwrap().material, MaterialId::UPPER_CRUST);
    // An expectation sees boundaries.
    let mut t = Transaction::new("test");
    t.expect(rock(), MaterialId::GRANITE);
    world.edit_with(&t, &put(body("body", MaterialId::BASALT))).unwrap();
    let mut t = Transaction::new("test");
    t.expect(rock(), MaterialId::GRANITE);
    assert_eq!(
        world.edit_with(&t, &put(body("other", MaterialId::ICE))).unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert_eq!(ids(&world.view()), ["body"]);
}

#[test]
fn refused_changes_change_nothing() {
    let world = World::in_memory().unwrap();
    world.change_boundaries(&put(body("body", MaterialId::GRANITE)), "t", Durability::Memory).unwrap();
    let version = world.view().version();
    let unknown = body("unknown", MaterialId(60_000));
    let gone = Change::Remove(BoundaryId::from("nobody"));
    let mut both = put(body("second", MaterialId::ICE));
    both.push(gone.clone());
    let mut t = Transaction::new("t");
    t.set(rock(), MaterialId::ORE);
    for changes in [put(unknown), vec![gone], both] {
        let e = world.edit_with(&t, &changes).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::BadInput, "{e}");
    }
    let unsound = [
        plain("point", line(&[[1.0, 1.0]])),
        plain("nowhere", line(&[[1.0, 1.0], [f64::NAN, 2.0]])),
        plain("bow tie", area(&[[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]])),
        Boundary { priority: f64::INFINITY, ..plain("first", line(&[[0.0, 0.0], [1.0, 1.0]])) },
        plain("", line(&[[0.0, 0.0], [1.0, 1.0]])),
    ];
    for boundary in unsound {
        let id = boundary.id.to_string();
        let changes = put(boundary);
        let e = world.edit_with(&t, &changes).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::BadInput, "{id}: {e}");
        assert!(e.to_string().contains(&id), "{id}: {e}");
        assert!(
            matches!(world.commit_boundaries(&changes, "t").unwrap_err(), WorldError::Unsound(_)),
            "{id}"
        );
        assert!(world.change_boundaries(&changes, "t", Durability::Memory).is_err(), "{id}");
    }
    assert_eq!(world.view().version(), version);
    assert_eq!(ids(&world.view()), ["body"]);
    assert_eq!(world.view().sample(rock()).unwrap().material, MaterialId::GRANITE);
}

/// Every kind of boundary survives everything that can happen to a file, and every version says what it said.
#[test]
fn versions_survive_folds_and_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("w.bm");
    let world = World::create(&path).unwrap();
    let mut everything = body("a", MaterialId::GRANITE);
    everything.properties.insert("name".into(), Value::Text("Größe".into()));
    everything.properties.insert("n".into(), Value::Int(-7));
    everything.properties.insert("x".into(), Value::Float(0.1));
    everything.properties.insert("yes".into(), Value::Bool(true));
    let fault = Boundary {
        transition: between(MaterialId::ICE, SAND),
        priority: 3.5,
        precision: 0.25,
        ..plain("fault", line(&[[179.9, 1.0], [180.3, 1.1], [180.1, -0.123_456_789]]))
    };
    let mut said: Vec<(u64, Vec<Boundary>)> = Vec::new();
    let tell = |world: &World, said: &mut Vec<_>| {
        let view = world.view();
        said.push((view.version(), view.boundaries().iter().map(|b| Boundary::clone(b)).collect::<Vec<_>>()));
    };
    world.change_boundaries(&put(everything.clone()), "t", Durability::Group).unwrap();
    tell(&world, &mut said);
    world.change_boundaries(&put(fault), "t", Durability::Memory).unwrap();
    tell(&world, &mut said);
    let mut t = Transaction::new("t");
    t.set(rock(), MaterialId::ORE);
    world.edit_with(&t, &put(island("isle", &[[20.0, 20.0], [21.0, 20.0], [20.5, 21.0]]))).unwrap();
    tell(&world, &mut said);
    world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    world.change_boundaries(&[Change::Remove("fault".into())], "t", Durability::Sync).unwrap();
    tell(&world, &mut said);
    // A fold with nothing but boundaries to bring to the store.
    world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    world.change_boundaries(&put(body("a", MaterialId::SHALE)), "t", Durability::Group).unwrap();
    tell(&world, &mut said);
    let check = |world: &World, what: &str| {
        for (version, boundaries) in &said {
            let found = world.at(*version).unwrap();
            let found: Vec<_> = found.boundaries().iter().map(|b| Boundary::clone(b)).collect();
            assert_eq!(&found, boundaries, "{what}: version {version}");
        }
    };
    check(&world, "at once");
    drop(world);
    check(&World::open_read_only(&path).unwrap(), "read only");
    let mut world = World::open(&path).unwrap();
    check(&world, "reopened");
    world.compact().unwrap();
    check(&world, "compacted");
    assert!(world.verify(&|_| ()).unwrap().problems.is_empty());
    world
        .add_material(bm_core::Material {
            id: MaterialId(900),
            name: "moon cheese".into(),
            ..world.view().materials().get(MaterialId::ICE).unwrap().clone()
        })
        .unwrap();
    check(&world, "after a commit of records");
    drop(world);
    let mut world = World::open(&path).unwrap();
    check(&world, "reopened again");
    world.set_retention(Retention { versions: Some(1), age_ms: None }).unwrap();
    world.compact().unwrap();
    drop(world);
    let world = World::open(&path).unwrap();
    assert_eq!(ids(&world.view()), ["a", "isle"]);
    assert_eq!(world.view().sample(rock()).unwrap().material, MaterialId::ORE);
    assert_eq!(world.view().sample(rock().east(2)).unwrap().material, MaterialId::SHALE);
}

#[test]
fn reverting_brings_boundaries_back() {
    let world = World::in_memory().unwrap();
    // Only journals know what a version changed.
    assert!(world.change_boundaries(&put(body("a", MaterialId::GRANITE)), "t", Durability::Memory).is_ok());
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path().join("w.bm")).unwrap();
    world.change_boundaries(&put(body("a", MaterialId::GRANITE)), "t", Durability::Memory).unwrap();
    let mut t = Transaction::new("t");
    t.set(rock(), MaterialId::ORE);
    let mut changes = put(body("a", MaterialId::SHALE));
    changes.extend(put(body("b", MaterialId::ICE)));
    let made = world.edit_with(&t, &changes).unwrap();
    world.change_boundaries(&put(body("c", MaterialId::BASALT)), "t", Durability::Memory).unwrap();
    world.revert(made.version, "t").unwrap();
    let view = world.view();
    assert_eq!(ids(&view), ["a", "c"]);
    let left = view.boundaries().get(&"a".into()).unwrap().transition.unwrap().left;
    assert_eq!(left, Some(MaterialId::GRANITE));
    assert_eq!(view.sample(rock()).unwrap().material, MaterialId::GRANITE);
}

/// A reader never sees half of a commit, whoever commits meanwhile.
#[test]
fn readers_see_whole_commits() {
    let world = World::in_memory().unwrap();
    let materials = [MaterialId::GRANITE, MaterialId::SHALE, MaterialId::BASALT];
    let at = |k: i64| rock().east(4 * k);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for i in 0..300 {
                let m = materials[i % 3];
                let mut t = Transaction::new("w");
                t.durability(Durability::Memory).set(at(1), m);
                world.edit_with(&t, &put(body("body", m))).unwrap();
            }
        });
        let mut seen = 0;
        while !writer.is_finished() {
            let view = world.view();
            if view.version() > 1 {
                let edit = view.sample(at(1)).unwrap().material;
                let boundary = view.sample(at(2)).unwrap().material;
                assert_eq!(edit, boundary, "version {}", view.version());
                seen += 1;
            }
        }
        writer.join().unwrap();
        assert!(seen > 0);
    });
}
