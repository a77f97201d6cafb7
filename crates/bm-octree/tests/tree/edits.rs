//! Edits in any order and grouping: content against an oracle voxel by voxel, bytes against one build from scratch.

use crate::oracle::{Bodies, Oracle};
use crate::worlds::{Rng, World, anchor_sub, beside, open, worlds};
use bm_codec::body::{Base, Body};
use bm_codec::exceptions::Exceptions;
use bm_codec::raster::{Axis, Interpolation, Raster};
use bm_codec::shares::WHOLE;
use bm_codec::strata::{Mask, Strata};
use bm_core::frame::SEA_LEVEL;
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use bm_core::{Cell, MaterialId, PageId, Pos, TickBox};
use bm_octree::{Commit, Context, Draft, MemoryPages, Tree, TreeError};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Runs = Vec<(u32, u32, Option<MaterialId>)>;

/// One call of `Draft::edit`.
#[derive(Clone, Debug)]
struct Op {
    page: PageId,
    runs: Runs,
}

type Pages = BTreeMap<PageId, Vec<u8>>;

fn apply(pages: &mut Pages, commit: &Commit) {
    for id in &commit.removed {
        assert!(pages.remove(id).is_some(), "{id} is removed and was not there");
    }
    pages.extend(commit.pages.iter().cloned());
}

/// Bases only: a world as an ingest leaves it. Pages that inherit and hold nothing are not kept.
fn ingested(w: &World) -> Bodies {
    let mut out = w.bodies.clone();
    out.values_mut().for_each(|b| b.exceptions = Exceptions::None);
    loop {
        let idle = |id: &PageId, b: &Body| {
            b.base == Base::Inherit && *id != PageId::ROOT && !out.keys().any(|k| k.parent() == Some(*id))
        };
        let gone: Vec<PageId> = out.iter().filter(|(id, b)| idle(id, b)).map(|(id, _)| *id).collect();
        if gone.is_empty() {
            return out;
        }
        gone.iter().for_each(|id| {
            out.remove(id);
        });
    }
}

fn draft_of(bodies: &Bodies) -> Draft<'static> {
    let mut d = Draft::new(Context::default());
    for (&id, b) in bodies {
        d.put(id, b.clone());
    }
    d
}

/// The sub-cell of a page that holds a voxel of it.
fn sub_of(page: PageId, pos: Pos) -> u32 {
    let shift = 21 - page.level();
    let low = page.cell().origin();
    let c = [(pos.x(), low[0]), (pos.y(), low[1]), (pos.z(), low[2])].map(|(v, l)| ((v - l) >> shift) as u16);
    bm_morton::encode3_u32(c[0], c[1], c[2])
}

/// What edits make of a voxel: the last one that names it.
fn explicit(ops: &[Op], pos: Pos) -> Option<MaterialId> {
    for op in ops.iter().rev() {
        if PageId::containing(pos, op.page.level()) == Some(op.page) {
            let sub = sub_of(op.page, pos);
            if let Some(r) = op.runs.iter().find(|r| r.0 <= sub && sub < r.1) {
                return r.2;
            }
        }
    }
    None
}

/// One call a page, from coarse to fine, that comes to the same as all of them in order.
fn flattened(ops: &[Op]) -> Vec<Op> {
    let mut pages: Vec<PageId> = ops.iter().map(|o| o.page).collect();
    pages.sort_unstable();
    pages.dedup();
    let mut out = Vec::new();
    for page in pages {
        // When the last coarser edit took all of the page.
        let first = Cell::new(page.level(), page.cell().coords()).unwrap().origin();
        let wiped = ops.iter().rposition(|o| {
            let inside =
                o.page.level() < page.level() && page.cell().ancestor(o.page.level()) == Some(o.page.cell());
            inside && {
                let low = o.page.cell().origin();
                let shift = 21 - o.page.level();
                let c = [0, 1, 2].map(|a| ((first[a] - low[a]) >> shift) as u16);
                let sub = bm_morton::encode3_u32(c[0], c[1], c[2]);
                o.runs.iter().any(|r| r.0 <= sub && sub < r.1)
            }
        });
        let live: Vec<&Op> = ops[wiped.map_or(0, |t| t + 1)..].iter().filter(|o| o.page == page).collect();
        let mut cuts: Vec<u32> = live.iter().flat_map(|o| o.runs.iter().flat_map(|r| [r.0, r.1])).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut runs = Runs::new();
        for pair in cuts.windows(2) {
            let last =
                live.iter().rev().find_map(|o| o.runs.iter().find(|r| r.0 <= pair[0] && pair[0] < r.1));
            runs.extend(last.map(|r| (pair[0], pair[1], r.2)));
        }
        out.push(Op { page, runs });
    }
    out
}

/// The same edit of one finer cell, said a tier below.
fn deeper(op: &Op, rng: &mut Rng) -> Vec<Op> {
    match op.runs[..] {
        [(from, to, m)] if to == from + 1 => match op.page.child(from) {
            Some(child) if rng.chance(2) => {
                let cut = rng.range(1, i64::from(SUBCELLS)) as u32;
                vec![
                    Op { page: child, runs: vec![(0, cut, m)] },
                    Op { page: child, runs: vec![(cut, SUBCELLS, m)] },
                ]
            }
            _ => vec![op.clone()],
        },
        _ => vec![op.clone()],
    }
}

fn some_op(anchor: Pos, rng: &mut Rng) -> Op {
    let level = [21, 21, 21, 14, 14, 7, 0][rng.range(0, 7) as usize];
    let id = PageId::containing(anchor, level).unwrap();
    let page = if rng.chance(3) {
        beside(id, [rng.range(-1, 2), rng.range(-1, 2), rng.range(-1, 2)]).unwrap_or(id)
    } else {
        id
    };
    let around = i64::from(anchor_sub(page, anchor));
    // Cells of 4 km and more may keep an exception that equals their base; so they get materials of their own.
    let own = |m: MaterialId| if level <= 7 { MaterialId(m.0 + 10) } else { m };
    let m = (!rng.chance(4)).then(|| own(rng.material()));
    let mut runs = Runs::new();
    let mut rng = Rng(rng.next());
    match rng.range(0, 6) {
        // Single cells near the anchor: often the very same ones.
        0..3 => {
            let mut cells: Vec<u32> = (0..rng.range(1, 6))
                .map(|_| (around ^ rng.range(0, 16)).clamp(0, i64::from(SUBCELLS) - 1) as u32)
                .collect();
            cells.sort_unstable();
            cells.dedup();
            runs.extend(
                cells
                    .into_iter()
                    .map(|c| (c, c + 1, if rng.chance(3) { Some(own(rng.material())) } else { m })),
            );
        }
        3 => runs.push((around as u32, around as u32 + 1, m)),
        4 => {
            // Cells of 32 m are compared voxel by voxel where bounds cannot tell: not too many of them.
            let reach = [8, 600, if level == 14 { 1000 } else { 200_000 }][rng.range(0, 3) as usize];
            let mut cuts: Vec<u32> = (0..4)
                .map(|_| (around + rng.range(-reach, reach)).clamp(0, SUBCELLS.into()) as u32)
                .collect();
            cuts.sort_unstable();
            cuts.dedup();
            for pair in cuts.chunks_exact(2) {
                runs.push((pair[0], pair[1], if rng.chance(4) { None } else { Some(own(rng.material())) }));
            }
        }
        _ if level == 21 => runs.push((0, SUBCELLS, m)),
        _ => {
            let block = 1 << (3 * rng.range(0, 5));
            let from = around as u32 / block * block;
            runs.push((from, from + block, m));
        }
    }
    if runs.is_empty() {
        runs.push((around as u32, around as u32 + 1, m));
    }
    Op { page, runs }
}

fn some_ops(anchor: Pos, rng: &mut Rng) -> Vec<Op> {
    (0..rng.range(1, 12)).map(|_| some_op(anchor, rng)).collect()
}

/// All ops in order, over several drafts.
fn in_steps(first: &Commit, ops: &[Op], rng: &mut Rng) -> (Pages, u32) {
    let (mut pages, mut crc) = (first.pages.iter().cloned().collect::<Pages>(), first.root_crc);
    let mut at = 0;
    while at < ops.len() {
        let to = (at + rng.range(1, 5) as usize).min(ops.len());
        let tree = Tree::open(Context::default(), MemoryPages(pages.clone()).into(), crc).unwrap();
        let mut draft = Draft::of(&tree);
        draft.threads(rng.range(1, 3) as usize);
        for op in ops[at..to].iter().flat_map(|o| deeper(o, rng)) {
            draft.edit(op.page, &op.runs).unwrap();
        }
        let commit = draft.finish().unwrap();
        apply(&mut pages, &commit);
        crc = commit.root_crc;
        at = to;
    }
    (pages, crc)
}

fn scratch(bodies: &Bodies, ops: &[Op]) -> Commit {
    let mut draft = draft_of(bodies);
    for op in flattened(ops) {
        draft.edit(op.page, &op.runs).unwrap();
    }
    draft.finish().unwrap()
}

/// Voxels where something may go wrong: around the anchor at all scales, and in and beside what was edited.
fn probes(w: &mut World, ops: &[Op]) -> Vec<Pos> {
    let mut out: Vec<Pos> = (0..60).map(|_| w.near()).collect();
    for op in ops {
        let (low, shift) = (op.page.cell().origin(), 21 - op.page.level());
        for r in &op.runs {
            for sub in [r.0, r.1 - 1, r.0.saturating_sub(1), r.1.min(SUBCELLS - 1), (r.0 + r.1) / 2] {
                let c = bm_morton::decode3_u32(sub).map(u32::from);
                let inside = w.rng.range(0, 1 << shift) as u32;
                let at = [0, 1, 2].map(|a| low[a] + (c[a] << shift) + (inside >> a));
                out.extend(Pos::new(at[0], at[1], at[2]));
            }
        }
    }
    out
}

fn decoded(pages: &Pages) -> Bodies {
    pages.iter().map(|(id, b)| (*id, Body::decode(b).unwrap())).collect()
}

#[track_caller]
fn sound(tree: &Tree, pages: &Pages) {
    let mut problems = Vec::new();
    let report = tree.validate(&mut |p| problems.push(format!("{p:?}")), &mut |_, _| {});
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(report.reachable.len(), pages.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn content_is_the_oracles_and_bytes_those_from_scratch(mut w in worlds(), seed: u64) {
        let bodies = ingested(&w);
        let first = draft_of(&bodies).finish().unwrap();
        let mut rng = Rng(seed);
        let ops = some_ops(w.anchor, &mut rng);
        let (pages, crc) = in_steps(&first, &ops, &mut rng);
        let tree = Tree::open(Context::default(), MemoryPages(pages.clone()).into(), crc).unwrap();
        let oracle = Oracle::new(&bodies);
        for pos in probes(&mut w, &ops) {
            let want = explicit(&ops, pos).unwrap_or_else(|| oracle.material(pos));
            prop_assert_eq!(tree.sample(pos).unwrap().material, want, "at {:?} after {:?}", pos, &ops);
        }
        sound(&tree, &pages);
        let anew = scratch(&bodies, &ops);
        let after = decoded(&pages);
        let names = |b: &Bodies| b.keys().map(ToString::to_string).collect::<Vec<_>>();
        prop_assert_eq!(names(&after), names(&decoded(&anew.pages.iter().cloned().collect())), "after {:?}", &ops);
        for (id, bytes) in &anew.pages {
            prop_assert!(&pages[id] == bytes, "page {}: {:?} instead of {:?} after {:?}", id,
                after[id].exceptions, Body::decode(bytes).unwrap().exceptions, &ops);
        }
        prop_assert_eq!(crc, anew.root_crc);
        // What was put stays: bases, and pages with nothing but a base.
        for (id, b) in &bodies {
            prop_assert!(b.base == Base::Inherit || after.get(id).is_some_and(|a| a.base == b.base), "{}", id);
        }
    }

    #[test]
    fn cleared_edits_leave_the_bytes_from_before(w in worlds(), seed: u64) {
        let bodies = ingested(&w);
        let first = draft_of(&bodies).finish().unwrap();
        let mut rng = Rng(seed);
        let ops = some_ops(w.anchor, &mut rng);
        let (mut pages, crc) = in_steps(&first, &ops, &mut rng);
        let tree = Tree::open(Context::default(), MemoryPages(pages.clone()).into(), crc).unwrap();
        let mut draft = Draft::of(&tree);
        if rng.chance(2) {
            draft.edit(PageId::ROOT, &[(0, SUBCELLS, None)]).unwrap();
        } else {
            for op in flattened(&ops) {
                let clear: Runs = op.runs.iter().map(|r| (r.0, r.1, None)).collect();
                draft.edit(op.page, &clear).unwrap();
            }
        }
        let commit = draft.finish().unwrap();
        apply(&mut pages, &commit);
        prop_assert!(pages == first.pages.iter().cloned().collect::<Pages>(), "after {:?}", &ops);
        prop_assert_eq!(commit.root_crc, first.root_crc);
    }

    #[test]
    fn an_edit_to_what_is_there_changes_nothing(mut w in worlds(), seed: u64) {
        let bodies = ingested(&w);
        let first = draft_of(&bodies).finish().unwrap();
        let tree = open(&first);
        let mut rng = Rng(seed);
        let mut draft = Draft::of(&tree);
        for _ in 0..20 {
            let pos = w.near();
            let m = tree.sample(pos).unwrap().material;
            let page = PageId::containing(pos, 21).unwrap();
            let sub = sub_of(page, pos);
            draft.edit(page, &[(sub, sub + 1, Some(m))]).unwrap();
        }
        // Cells of 32 m are compared voxel by voxel if need be, larger ones by bounds.
        for _ in 0..4 {
            let pos = w.near();
            let level = if rng.chance(2) { 21 } else { 14 };
            let cell = Cell::containing(pos, level);
            if let Some(m) = tree.uniform(cell).unwrap() {
                let id = PageId::new(level, cell.coords()).unwrap();
                let (page, sub) = (id.parent().unwrap(), id.sub_index());
                draft.edit(page, &[(sub, sub + 1, Some(m))]).unwrap();
            }
        }
        let want = Commit { pages: vec![], removed: vec![], root_crc: first.root_crc };
        prop_assert_eq!(draft.finish().unwrap(), want);
    }

    #[test]
    fn bases_are_read_through_edits(mut w in worlds(), seed: u64) {
        let bodies = ingested(&w);
        let mut rng = Rng(seed);
        let ops = some_ops(w.anchor, &mut rng);
        let tree = open(&scratch(&bodies, &ops));
        let plain = open(&draft_of(&bodies).finish().unwrap());
        for pos in probes(&mut w, &ops) {
            let base = tree.base_at(pos).unwrap();
            let want = plain.sample(pos).unwrap();
            prop_assert_eq!(base.material, want.material);
            let top = Pos::new(pos.x(), pos.y(), pos.z() + rng.range(0, 3000) as u32).unwrap_or(pos);
            let (mut runs, mut want) = (Vec::new(), Vec::new());
            tree.base_column(pos.x(), pos.y(), pos.z(), top.z() + 1, &mut runs).unwrap();
            plain.column(pos.x(), pos.y(), pos.z(), top.z() + 1, &mut want).unwrap();
            let short = |r: &[bm_octree::Run]| r.iter().map(|r| (r.from, r.to, r.material)).collect::<Vec<_>>();
            prop_assert_eq!(short(&runs), short(&want));
        }
        for _ in 0..20 {
            let pos = w.near();
            let size = [1, 3, 200, 40_000][rng.range(0, 4) as usize];
            let min = [pos.x(), pos.y(), pos.z()];
            let b = TickBox { min, max: min.map(|c| c + rng.range(1, size + 1) as u32) };
            let Some(m) = tree.base_proven(&b).unwrap() else { continue };
            for _ in 0..20 {
                let at = [0, 1, 2].map(|a| rng.range(b.min[a].into(), b.max[a].into()) as u32);
                if let Ok(at) = Pos::new(at[0], at[1], at[2]) {
                    prop_assert_eq!(plain.sample(at).unwrap().material, m);
                }
            }
        }
    }
}

/// Voxels of a cell by material, in the order of the Morton curve.
fn dense(tree: &Tree, cell: Cell) -> Vec<(MaterialId, u64)> {
    let v = tree.volume(&cell.bounds(), 28).unwrap();
    let edge = cell.edge_ticks();
    let mut out: Vec<(MaterialId, u64)> = Vec::new();
    for k in 0..edge.pow(3) {
        let m = v.get(bm_morton::decode3_u32(k).map(u32::from));
        match out.iter_mut().find(|(o, _)| *o == m) {
            Some((_, n)) => *n += 1,
            None => out.push((m, 1)),
        }
    }
    let whole = u64::from(edge).pow(3);
    out.iter().map(|&(m, n)| (m, n * (WHOLE / whole))).collect()
}

/// A base of one material: every level is exact. A mixed one: cells of 8³ voxels and whole pages of voxels are.
#[test]
fn shares_count_voxels() {
    for mixed in [false, true] {
        let page = place();
        let [x, y, z] = page.cell().origin();
        let mut d = rock();
        if mixed {
            let axis = |low: u32| Axis { origin: i64::from(low) - 64, step: 64, den: 1 };
            let heights: Vec<i32> = (0..25).map(|k| z as i32 - SEA_LEVEL as i32 + k * 31 % 128).collect();
            let how = Interpolation::Bilinear;
            let r = Raster::new((axis(x), axis(y)), (5, 5), 1, how, &heights).unwrap();
            let mut s = Strata::new(r, MaterialId::ROCK);
            s.holes = Mask::new(25, |k| k == 13);
            d.put(page.parent().unwrap(), Body::new(Base::Strata(s.into())));
        }
        let mut rng = Rng(5);
        let mut subs: Vec<u32> = (0..400).map(|_| rng.range(0, SUBCELLS.into()) as u32).collect();
        subs.extend(4096..5000);
        subs.sort_unstable();
        subs.dedup();
        let runs: Runs = subs.iter().map(|&s| (s, s + 1, Some(rng.material()))).collect();
        d.edit(page, &runs).unwrap();
        d.edit(page, &[(800_000, 1_000_000, Some(MaterialId::ORE))]).unwrap();
        let tree = open(&d.finish().unwrap());
        for level in 21..=28 {
            if mixed && (22..25).contains(&level) {
                continue;
            }
            for _ in 0..if level == 21 { 1 } else { 20 } {
                let at = [x, y, z].map(|c| (c + rng.range(0, 128) as u32) >> (28 - level));
                let cell = Cell::new(level, at).unwrap();
                let mut got = tree.shares(cell).unwrap().list().to_vec();
                let mut want = dense(&tree, cell);
                if mixed && level == 21 {
                    got.sort_unstable();
                    want.sort_unstable();
                }
                assert_eq!(got, want, "{cell:?}, mixed {mixed}");
            }
        }
        // A coarser cell adds them up.
        let coarse = tree.shares(page.cell().ancestor(19).unwrap()).unwrap();
        let ore = |s: &[(MaterialId, u64)]| s.iter().find(|s| s.0 == MaterialId::ORE).map_or(0, |s| s.1);
        let one = ore(tree.shares(page.cell()).unwrap().list());
        assert!(ore(coarse.list()).abs_diff(one / 64) <= 2);
    }
}

fn rock() -> Draft<'static> {
    let mut d = Draft::new(Context::default());
    d.put(PageId::ROOT, Body::new(Base::Uniform(MaterialId::ROCK)));
    d
}

fn place() -> PageId {
    PageId::new(21, [40 << 14 | 77, 20 << 14 | 3000, 1 << 20]).unwrap()
}

#[test]
fn a_box_of_pages_is_a_run_above() {
    let (page, above) = (place(), place().parent().unwrap());
    let mut d = rock();
    let sub = page.sub_index() / 64 * 64;
    for s in sub..sub + 64 {
        d.edit(above.child(s).unwrap(), &[(0, SUBCELLS, Some(MaterialId::ORE))]).unwrap();
    }
    let commit = d.finish().unwrap();
    assert_eq!(commit.pages.len(), 3, "root, level 7, level 14");
    let tree = open(&commit);
    let runs = tree.explicit(above, 0, SUBCELLS).unwrap();
    assert_eq!(runs, [(0, sub, None), (sub, sub + 64, Some(MaterialId::ORE)), (sub + 64, SUBCELLS, None)]);
    assert_eq!(tree.explicit(page, 0, SUBCELLS).unwrap(), []);
    // A voxel in it: its page says everything, and the run above makes room.
    let mut d = Draft::of(&tree);
    d.edit(page, &[(5, 6, Some(MaterialId::AIR))]).unwrap();
    let commit = d.finish().unwrap();
    let body = |id: PageId| Body::decode(&commit.pages.iter().find(|p| p.0 == id).unwrap().1).unwrap();
    assert_eq!(body(above).exceptions.get(page.sub_index()), None);
    assert_eq!(body(page).exceptions.get(4), Some(MaterialId::ORE));
    assert_eq!(body(page).exceptions.get(5), Some(MaterialId::AIR));
}

#[test]
fn whole_pages_rise_to_the_root() {
    let (mut d, page) = (rock(), place().parent().unwrap().parent().unwrap());
    d.edit(page, &[(0, 9, Some(MaterialId::ORE)), (9, SUBCELLS, Some(MaterialId::ORE))]).unwrap();
    let commit = d.finish().unwrap();
    assert_eq!(commit.pages.len(), 1);
    let root = Body::decode(&commit.pages[0].1).unwrap();
    assert_eq!(root.exceptions.get(page.sub_index()), Some(MaterialId::ORE));
    assert_eq!(root.exceptions.get(page.sub_index() + 1), None);
}

#[test]
fn bases_of_their_own_are_never_lost() {
    let (page, sand) = (place(), MaterialId::AIR);
    let above = page.parent().unwrap();
    let mut d = rock();
    d.put(page, Body::new(Base::Uniform(MaterialId::ORE)));
    let first = d.finish().unwrap();
    let tree = open(&first);
    let mut d = Draft::of(&tree);
    d.edit(above, &[(0, SUBCELLS, Some(sand))]).unwrap();
    let commit = d.finish().unwrap();
    let edited = open(&commit);
    let [x, y, z] = page.cell().origin();
    let pos = Pos::new(x + 9, y, z).unwrap();
    assert_eq!(edited.sample(pos).unwrap().material, sand);
    assert_eq!(edited.base_at(pos).unwrap().material, MaterialId::ORE);
    let body = Body::decode(&commit.pages.iter().find(|p| p.0 == page).unwrap().1).unwrap();
    assert_eq!((body.base, body.exceptions.get(77)), (Base::Uniform(MaterialId::ORE), Some(sand)));
    let mut d = Draft::of(&edited);
    d.edit(above, &[(0, SUBCELLS, None)]).unwrap();
    assert_eq!(d.finish().unwrap(), first);
}

#[test]
fn what_is_put_or_removed_after_an_edit_wins() {
    let page = place();
    let mut d = rock();
    d.edit(page, &[(0, 1, Some(MaterialId::ORE))]).unwrap();
    d.put(page, Body::new(Base::Uniform(MaterialId::AIR)));
    d.edit(page.parent().unwrap(), &[(3, 4, Some(MaterialId::ORE))]).unwrap();
    d.remove(page.parent().unwrap());
    let commit = d.finish().unwrap();
    assert_eq!(commit.pages.len(), 4);
    assert!(commit.pages.iter().all(|(_, b)| Body::decode(b).unwrap().exceptions.is_empty()));
}

#[test]
fn what_lies_beyond_the_world_leaves_nothing() {
    let beyond = PageId::new(7, [77, 0, 45]).unwrap();
    for whole in [true, false] {
        let mut d = rock();
        if whole {
            d.edit(PageId::ROOT, &[(beyond.sub_index(), beyond.sub_index() + 1, Some(MaterialId::ORE))])
                .unwrap();
        } else {
            d.edit(beyond, &[(0, SUBCELLS, Some(MaterialId::ORE))]).unwrap();
        }
        assert_eq!(d.finish().unwrap(), rock().finish().unwrap());
    }
}

#[test]
fn bad_runs_are_refused() {
    let ore = Some(MaterialId::ORE);
    for runs in
        [vec![(3, 3, ore)], vec![(4, 3, ore)], vec![(0, SUBCELLS + 1, ore)], vec![(0, 5, ore), (4, 6, ore)]]
    {
        let mut d = rock();
        match d.edit(place(), &runs) {
            Err(TreeError::Structure { page, .. }) => assert_eq!(page, place()),
            other => panic!("{other:?}"),
        }
        assert_eq!(d.finish().unwrap(), rock().finish().unwrap(), "nothing was taken");
    }
    let mut d = rock();
    d.edit(place(), &[]).unwrap();
    d.edit(place(), &[(0, 5, Some(MaterialId::UNSET))]).unwrap();
    assert_eq!(d.finish().unwrap(), rock().finish().unwrap());
    assert_eq!(u32::from(PAGE_SPAN) * 3, SUBCELLS.ilog2());
}
