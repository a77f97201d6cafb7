//! Edits in memory against a map of everything that was ever written.

use super::*;
use crate::transaction::{Transaction, voxel};
use proptest::prelude::*;

/// A position in a small region around a page corner, so that edits meet.
fn pos() -> impl Strategy<Value = Pos> {
    let base = 1u32 << 20;
    (0u32..6, 0u32..6, 0u32..6).prop_map(move |(x, y, z)| {
        Pos::new(base - 3 + x, base - 3 + y, bm_core::frame::SEA_LEVEL - 3 + z).unwrap()
    })
}

#[derive(Clone, Debug)]
enum Op {
    Voxel(Pos, u16),
    Cell(Pos, u8, u16),
    Box(Pos, [u32; 3], u16),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (pos(), 0u16..5).prop_map(|(p, m)| Op::Voxel(p, m)),
        2 => (pos(), 12u8..28, 0u16..5).prop_map(|(p, l, m)| Op::Cell(p, l, m)),
        2 => (pos(), [1u32..140, 1u32..140, 1u32..140], 0u16..5).prop_map(|(p, s, m)| Op::Box(p, s, m)),
    ]
}

fn add(t: &mut Transaction, op: &Op) {
    match *op {
        Op::Voxel(p, m) => {
            t.set(p, MaterialId(m));
        }
        Op::Cell(p, level, m) => {
            t.set_cell(Cell::containing(p, level), MaterialId(m)).unwrap();
        }
        Op::Box(p, size, m) => {
            t.fill(bounds(p, size), MaterialId(m)).unwrap();
        }
    }
}

fn bounds(p: Pos, size: [u32; 3]) -> TickBox {
    let min = [p.x(), p.y(), p.z()];
    TickBox { min, max: [0, 1, 2].map(|a| min[a] + size[a]) }
}

fn holds(op: &Op, at: Pos) -> Option<MaterialId> {
    let c = [at.x(), at.y(), at.z()];
    match *op {
        Op::Voxel(p, m) => (p == at).then_some(MaterialId(m)),
        Op::Cell(p, level, m) => Cell::containing(p, level).bounds().contains(c).then_some(MaterialId(m)),
        Op::Box(p, size, m) => bounds(p, size).contains(c).then_some(MaterialId(m)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_version_reads_as_a_linear_scan_says(
        commits in prop::collection::vec(prop::collection::vec(op(), 1..12), 1..40),
        at in prop::collection::vec(pos(), 30),
    ) {
        let meter = Arc::new(Meter::default());
        let mut deltas = Deltas::new(&meter);
        for (seq, ops) in (1u64..).zip(&commits) {
            let mut t = Transaction::new("test");
            for op in ops {
                add(&mut t, op);
            }
            let edits = t.edits();
            prop_assert_eq!(edits.fault(), None);
            deltas.apply(&edits, seq).unwrap();
        }
        for version in 0..=commits.len() {
            for &p in &at {
                let oracle = commits[..version].iter().flatten().rev().find_map(|op| holds(op, p));
                let found = deltas.at(p, version as u64).map(|((_, m), _)| m);
                prop_assert_eq!(found, oracle, "{:?} at {}", p, version);
            }
        }
        // Resolved pages say the same, the finest tier winning where it speaks.
        let version = commits.len() as u64;
        for &p in &at {
            let (page, sub) = voxel(p);
            let oracle = commits.iter().flatten().rev().find_map(|op| holds(op, p));
            let mut found = None;
            let mut of = Some((page, sub));
            while let (None, Some((page, sub))) = (found, of) {
                let runs = deltas.resolve(page, version);
                prop_assert!(runs.is_sorted_by(|a, b| a.1 <= b.0 && (a.1 < b.0 || a.2 != b.2)));
                found = runs.iter().find(|r| r.0 <= sub && sub < r.1).map(|r| r.2.unwrap_or(MaterialId::UNSET));
                of = page.parent().map(|up| (up, page.sub_index()));
            }
            prop_assert_eq!(found, oracle);
        }
        drop(deltas);
        prop_assert_eq!(meter.bytes(), 0);
    }

    #[test]
    fn what_is_folded_goes_and_the_rest_stays(
        commits in prop::collection::vec(prop::collection::vec(op(), 1..8), 2..20),
        at in prop::collection::vec(pos(), 20),
        cut in 0usize..20,
    ) {
        let meter = Arc::new(Meter::default());
        let mut deltas = Deltas::new(&meter);
        for (seq, ops) in (1u64..).zip(&commits) {
            let mut t = Transaction::new("test");
            ops.iter().for_each(|op| add(&mut t, op));
            deltas.apply(&t.edits(), seq).unwrap();
        }
        let cut = cut.min(commits.len()) as u64;
        let old = deltas.clone();
        for shard in 0..SHARDS {
            if let Some(new) = deltas.without(shard, &|_| Some(cut)) {
                deltas = new;
            }
        }
        for &p in &at {
            let later = commits[cut as usize..].iter().flatten().rev().find_map(|op| holds(op, p));
            prop_assert_eq!(deltas.at(p, u64::MAX).map(|((_, m), _)| m), later);
            let all = commits.iter().flatten().rev().find_map(|op| holds(op, p));
            prop_assert_eq!(old.at(p, u64::MAX).map(|((_, m), _)| m), all);
        }
    }
}

#[test]
fn many_edits_of_one_page_and_many_pages() {
    let meter = Arc::new(Meter::default());
    let mut deltas = Deltas::new(&meter);
    let base = Pos::new(1 << 20, 1 << 20, bm_core::frame::SEA_LEVEL).unwrap();
    let (page, _) = voxel(base);
    let mut oracle = std::collections::HashMap::new();
    let mut random = 1u64;
    for seq in 1..=100_000u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let sub = (random >> 33) as u32 & 0xffff;
        let m = MaterialId((random >> 20) as u16 % 7 + 1);
        deltas.put(page, sub, 0, m, seq).unwrap();
        oracle.insert(sub, (seq, m));
    }
    let origin = page.cell().origin();
    for (&sub, &(seq, m)) in &oracle {
        let c = bm_morton::decode3_u32(sub).map(u32::from);
        let at = [0, 1, 2].map(|a| origin[a] + c[a]);
        assert_eq!(deltas.find(at, u64::MAX), Some(((seq, m), 21)));
        let before = deltas.find(at, seq - 1);
        assert!(before.is_none_or(|((s, _), _)| s < seq));
    }
    assert_eq!(deltas.summaries().len(), 1);
    for i in 0..50_000u32 {
        let p = Pos::new(i * 3_000, i * 1_500, bm_core::frame::SEA_LEVEL).unwrap();
        let (page, sub) = voxel(p);
        deltas.put(page, sub, 0, MaterialId(9), 200_000 + u64::from(i)).unwrap();
    }
    for i in (0..50_000u32).step_by(7) {
        let p = Pos::new(i * 3_000, i * 1_500, bm_core::frame::SEA_LEVEL).unwrap();
        assert_eq!(deltas.at(p, u64::MAX).map(|((_, m), _)| m), Some(MaterialId(9)));
        assert_eq!(deltas.at(p, 199_999), None);
    }
    let mut seen = 0;
    let all = TickBox { min: [0; 3], max: [bm_core::frame::ROOT_TICKS; 3] };
    deltas.within(&all, &mut |_| seen += 1);
    assert_eq!(seen, deltas.pages());
    assert_eq!(seen, deltas.summaries().len());
}

#[test]
fn boxes_become_runs() {
    let mut cells = 0;
    let mut last = 0;
    resolve::box_runs([3, 0, 17], [99, 127, 40], &mut |from, to| {
        assert!(from >= last && (from > last || last == 0));
        last = to;
        cells += to - from;
    });
    assert_eq!(cells, 97 * 128 * 24);
    let whole: Vec<_> = cubes(0, bm_core::page::SUBCELLS).collect();
    assert_eq!(whole, [(0, 7)]);
    assert_eq!(cubes(1, 18).map(|(_, s)| 1u32 << (3 * s)).sum::<u32>(), 17);
}
