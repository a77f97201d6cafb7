//! Edits against a dense array, before and after folds, and against a build from scratch.

use crate::model::*;
use bm_core::{Cell, Pos};
use bm_hybrid::World;
use bm_overlay::StrategyKind;
use bm_store::PageRange;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

fn pages(world: &World) -> BTreeMap<u64, Vec<u8>> {
    let mut all = BTreeMap::new();
    let scan = world.store().snapshot().unwrap().scan(PageRange::ALL, &mut |id, bytes| {
        all.insert(id.raw(), bytes.to_vec());
        ControlFlow::Continue(())
    });
    scan.unwrap();
    all
}

#[test]
fn base_is_what_it_is() {
    let world = World::in_memory().unwrap();
    check(&world.view(), &Dense::new(), &mut Rng(5), "blank");
}

#[test]
fn every_read_sees_every_edit() {
    for seed in [3, 6] {
        let mut rng = Rng(seed * 0x9e37_79b9);
        let world = World::in_memory().unwrap();
        let mut dense = Dense::new();
        for round in 0..7 {
            let ops: Vec<Op> = (0..1 + rng.below(40)).map(|_| op(&mut rng)).collect();
            world.edit(&transaction(&ops)).unwrap();
            dense.apply(&ops);
            if rng.below(2) == 0 {
                check(&world.view(), &dense, &mut rng, &format!("seed {seed}, round {round}"));
            }
            if rng.below(3) == 0 {
                let kind = StrategyKind::ALL[rng.below(5) as usize];
                let before = world.view();
                world.consolidate(kind, &|_, _| ()).unwrap();
                let what = format!("seed {seed}, round {round}, after {}", kind.name());
                check(&world.view(), &dense, &mut rng, &what);
                check(&before, &dense, &mut rng, &format!("{what}, the view from before"));
            }
        }
        let shadow = world.view().folded().unwrap().root_crc();
        world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
        assert_eq!(world.view().tree().root_crc(), shadow, "a shadow is what a fold makes");
        assert_eq!(world.overlay().edits, 0);
        assert!(world.verify(&|_| ()).unwrap().problems.is_empty());

        // The same content, written at once: the same bytes.
        let fresh = World::in_memory().unwrap();
        let all: Vec<Op> = explicit(&world, &dense);
        fresh.edit(&transaction(&all)).unwrap();
        fresh.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
        let (a, b) = (pages(&world), pages(&fresh));
        let differ: Vec<_> = a.keys().chain(b.keys()).filter(|k| a.get(k) != b.get(k)).collect();
        assert!(differ.is_empty(), "seed {seed}: {differ:?}");
    }
}

/// Edits that make the content of a world's region, and what its random boxes left outside of it.
fn explicit(world: &World, dense: &Dense) -> Vec<Op> {
    let view = world.view();
    let reach = bm_core::TickBox {
        min: first().map(|c| (c - 128) >> 7 << 7),
        max: first().map(|c| ((c + EDGE + 128 + 127) >> 7) << 7),
    };
    let volume = view.volume(&reach, 28).unwrap();
    let mut out = Vec::new();
    for (i, &m) in volume.cells.iter().enumerate() {
        let i = i as u32;
        let [w, h, _] = volume.size;
        let at = [reach.min[0] + i % w, reach.min[1] + i / w % h, reach.min[2] + i / w / h];
        if m == base(at[2]) {
            continue;
        }
        match out.last_mut() {
            // Rows are enough to keep it small.
            Some(Op { bounds, material })
                if *material == Some(m)
                    && bounds.max == [at[0], at[1] + 1, at[2] + 1]
                    && bounds.min[1] == at[1] =>
            {
                bounds.max[0] += 1;
            }
            _ => {
                let bounds = bm_core::TickBox { min: at, max: at.map(|c| c + 1) };
                out.push(Op { bounds, material: Some(m) });
            }
        }
    }
    let inside = out.iter().filter(|o| region().covers(&o.bounds)).count();
    assert!(inside <= dense.0.len());
    out
}

#[test]
fn coarse_levels_agree_before_and_after_a_fold() {
    let mut rng = Rng(77);
    let world = World::in_memory().unwrap();
    let ops: Vec<Op> = (0..300).map(|_| op(&mut rng)).collect();
    world.edit(&transaction(&ops)).unwrap();
    let before = world.view();
    world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    let after = world.view();
    for _ in 0..40 {
        let [x, y, z] = first().map(|c| c + rng.below(EDGE));
        let p = Pos::new(x, y, z).unwrap();
        for level in 0..28 {
            let (a, b) =
                (before.sample_at_level(p, level).unwrap(), after.sample_at_level(p, level).unwrap());
            assert_eq!((a.material, a.exact), (b.material, b.exact), "level {level} at {p:?}");
        }
    }
    // A page of one material, and one that is half of another: known without an oracle.
    let p = Pos::new(first()[0], first()[1], first()[2]).unwrap().east(100_000);
    let cell = Cell::containing(p, 20);
    let mut t = bm_overlay::Transaction::new("test");
    t.set_cell(cell, bm_core::MaterialId(7)).unwrap();
    for octant in 0..5 {
        t.set_cell(cell.child(octant).unwrap(), bm_core::MaterialId(9)).unwrap();
    }
    world.edit(&t).unwrap();
    for _ in 0..2 {
        let s = world.view().sample_at_level(p, 20).unwrap();
        assert_eq!((s.material.0, s.exact), (9, false));
        world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    }
}

#[test]
fn edits_equal_to_the_base_vanish_and_boxes_cost_no_cells() {
    let world = World::in_memory().unwrap();
    let blank = pages(&world);
    let [x, y, z] = first();
    let cell = Cell::containing(Pos::new(x, y, z).unwrap(), 21);
    let mut t = bm_overlay::Transaction::new("test");
    t.fill(cell.bounds(), under()).unwrap();
    world.edit(&t).unwrap();
    world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    assert_eq!(pages(&world), blank, "it was that before");

    // 1 km³, aligned to 32 m: a few bytes in one page.
    let min = cell.origin();
    let bounds = bm_core::TickBox { min, max: [min[0] + 4096, min[1] + 4096, min[2] - 4096 + 4096] };
    let bounds = bm_core::TickBox { min: [bounds.min[0], bounds.min[1], bounds.min[2] - 4096], ..bounds };
    let mut t = bm_overlay::Transaction::new("test");
    t.fill(bounds, bm_core::MaterialId(9)).unwrap();
    assert!(t.edits().boxes.len() + t.edits().runs.len() <= 8);
    world.edit(&t).unwrap();
    let report = world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    assert!(report.pages_written <= 12 && report.bytes_written < 4_000, "{report:?}");
    assert!(world.view().sample(Pos::new(min[0], min[1], min[2] - 9).unwrap()).unwrap().material.0 == 9);

    // Cleared again, it is the blank world again.
    let mut t = bm_overlay::Transaction::new("test");
    t.clear(bounds).unwrap();
    world.edit(&t).unwrap();
    world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    assert_eq!(pages(&world), blank);
}
