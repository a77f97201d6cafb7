//! Edits that are refused: with a reason, and nothing written.

use crate::model::*;
use bm_core::frame::{WORLD_X, WORLD_Z_MAX};
use bm_core::{Cell, ErrorKind, MaterialId, PageId, Pos, TickBox};
use bm_hybrid::{World, WorldError};
use bm_overlay::{EditError, OverlayError, Transaction};

#[test]
fn edits_that_cannot_be() {
    let mut t = Transaction::new("test");
    let at = first();
    let empty = TickBox { min: at, max: at };
    assert!(matches!(t.fill(empty, MaterialId(6)), Err(EditError::EmptyBox { .. })));
    let upside_down = TickBox { min: at.map(|c| c + 5), max: at };
    assert!(matches!(t.fill(upside_down, MaterialId(6)), Err(EditError::EmptyBox { .. })));
    let out = TickBox { min: [WORLD_X - 5, 0, at[2]], max: [WORLD_X + 1, 9, at[2] + 1] };
    assert!(matches!(t.fill(out, MaterialId(6)), Err(EditError::Outside { .. })));
    let high = TickBox { min: at, max: [at[0] + 1, at[1] + 1, WORLD_Z_MAX + 1] };
    assert!(matches!(t.clear(high), Err(EditError::Outside { .. })));
    assert!(matches!(t.set_cell(Cell::ROOT, MaterialId(6)), Err(EditError::Outside { .. })));
    let cut = TickBox { min: at.map(|c| c | 1), max: [at[0] + 4_000_001, at[1] + 4_000_001, at[2] + 4_001] };
    assert!(matches!(t.fill(cut, MaterialId(6)), Err(EditError::TooFine { .. })));
    let page = PageId::new(21, [5, 5, 1 << 20]).unwrap();
    assert!(matches!(t.set_run(page, 9, 9, MaterialId(6)), Err(EditError::EmptyRun { .. })));
    assert!(matches!(t.set_run(page, 0, 1 << 22, MaterialId(6)), Err(EditError::EmptyRun { .. })));
    assert!(t.is_empty(), "nothing of all that stays");

    let world = World::in_memory().unwrap();
    let p = Pos::new(at[0], at[1], at[2]).unwrap();
    t.set(p, MaterialId(6)).set(p.east(3), MaterialId(60_000));
    let e = world.edit(&t).unwrap_err();
    assert!(
        matches!(&e, WorldError::Overlay(OverlayError::Edit(EditError::UnknownMaterial(m))) if m.0 == 60_000)
    );
    assert_eq!(e.kind(), ErrorKind::BadInput);
    assert_eq!(world.view().version(), 1);
    assert_eq!(world.overlay().edits, 0);
}

#[test]
fn expectations_that_do_not_hold() {
    let world = World::in_memory().unwrap();
    let p = Pos::new(first()[0], first()[1], first()[2]).unwrap();
    let mut t = Transaction::new("a");
    t.set(p, MaterialId(9)).expect(p, under()).expect(p.east(1), under());
    assert_eq!(world.edit(&t).unwrap().version, 2);
    // The same again: one of the two has changed meanwhile.
    let e = world.edit(&t).unwrap_err();
    let WorldError::Overlay(OverlayError::Edit(EditError::Conflicts(conflicts))) = &e else {
        unreachable!("{e}")
    };
    assert_eq!(conflicts.len(), 1);
    assert_eq!((conflicts[0].pos, conflicts[0].expected, conflicts[0].found), (p, under(), MaterialId(9)));
    assert_eq!(e.kind(), ErrorKind::Conflict);
    assert_eq!(world.view().version(), 2);
    // Expectations alone, and nothing at all: no version.
    let mut t = Transaction::new("a");
    t.expect(p, MaterialId(9));
    assert_eq!(world.edit(&t).unwrap().version, 2);
    assert_eq!(world.edit(&Transaction::new("a")).unwrap().version, 2);
}

#[test]
fn a_world_without_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.bm");
    let world = World::create(&path).unwrap();
    let p = Pos::new(first()[0], first()[1], first()[2]).unwrap();
    assert!(!folder.path().join("w.bm.edits").exists(), "no edit yet");
    world.put(p, MaterialId(9), Default::default(), "a").unwrap();
    assert!(world.put(p, MaterialId(9), Default::default(), "a").is_ok());
    assert!(matches!(World::open(&path), Err(WorldError::Store(_))), "two writers");
    drop(world);
    let edits = folder.path().join("w.bm.edits");
    let aside = folder.path().join("aside");
    std::fs::rename(&edits, &aside).unwrap();
    for open in [World::open, World::open_read_only] {
        let e = open(&path).map(|_| ()).unwrap_err();
        assert!(matches!(e, WorldError::NoJournal(_)), "{e}");
        assert!(e.to_string().contains("w.bm.edits"), "{e}");
    }
    // Another world's journal is not taken for it.
    let other = World::create(folder.path().join("o.bm")).unwrap();
    other.put(p, MaterialId(6), Default::default(), "a").unwrap();
    drop(other);
    std::fs::remove_dir_all(&edits).ok();
    std::fs::rename(folder.path().join("o.bm.edits"), &edits).unwrap();
    assert!(World::open(&path).is_err());
    std::fs::remove_dir_all(&edits).unwrap();
    std::fs::rename(&aside, &edits).unwrap();
    let world = World::open(&path).unwrap();
    assert_eq!(world.view().sample(p).unwrap().material, MaterialId(9));
    // And a new world does not begin over a journal that lies there.
    std::fs::create_dir(folder.path().join("n.bm.edits")).unwrap();
    for file in std::fs::read_dir(&edits).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join("n.bm.edits").join(file.file_name())).unwrap();
    }
    let new = World::create(folder.path().join("n.bm")).unwrap();
    let e = new.put(p, MaterialId(6), Default::default(), "a").unwrap_err();
    assert!(matches!(e, WorldError::StrayJournal(_)), "{e}");
}
