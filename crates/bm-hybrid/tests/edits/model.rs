//! A dense region around a corner of pages, and random transactions in it.

use bm_core::frame::SEA_LEVEL;
use bm_core::{Cell, MaterialId, Pos, TickBox};
use bm_hybrid::{View, World};
use bm_overlay::Transaction;
use std::collections::BTreeMap;

/// Edge of the region in ticks: it reaches over eight voxel pages.
pub(crate) const EDGE: u32 = 64;

/// First tick of the region: around a corner where pages of levels 14 and 21 meet, half under sea level.
pub(crate) fn first() -> [u32; 3] {
    let corner = 9_000 << 14;
    [corner - EDGE / 2, corner / 2 - EDGE / 2, SEA_LEVEL - EDGE / 2]
}

pub(crate) fn region() -> TickBox {
    let min = first();
    TickBox { min, max: min.map(|c| c + EDGE) }
}

/// xorshift64*.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    pub(crate) fn below(&mut self, n: u32) -> u32 {
        (self.next() % u64::from(n)) as u32
    }
}

/// One edit: a box and what fills it; `None` clears.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) bounds: TickBox,
    pub(crate) material: Option<MaterialId>,
}

const MATERIALS: [u16; 5] = [1, 2, 6, 7, 9];

pub(crate) fn op(rng: &mut Rng) -> Op {
    let at = first().map(|c| c + rng.below(EDGE));
    let bounds = match rng.below(10) {
        0..=4 => TickBox { min: at, max: at.map(|c| c + 1) },
        5..=6 => {
            let level = 22 + rng.below(6) as u8;
            Cell::containing(Pos::new(at[0], at[1], at[2]).unwrap(), level).bounds()
        }
        7 => Cell::containing(Pos::new(at[0], at[1], at[2]).unwrap(), 22).bounds(),
        _ => {
            let size = [1 + rng.below(30), 1 + rng.below(30), 1 + rng.below(30)];
            TickBox { min: at, max: [0, 1, 2].map(|a| at[a] + size[a]) }
        }
    };
    let material = match rng.below(6) {
        0 => None,
        _ => Some(MaterialId(MATERIALS[rng.below(5) as usize])),
    };
    Op { bounds, material }
}

pub(crate) fn transaction(ops: &[Op]) -> Transaction {
    let mut t = Transaction::new("test");
    for op in ops {
        let one = op.bounds.volume() == 1;
        match op.material {
            Some(m) if one => {
                let [x, y, z] = op.bounds.min;
                t.set(Pos::new(x, y, z).unwrap(), m);
            }
            m => {
                t.fill(op.bounds, m.unwrap_or(MaterialId::UNSET)).unwrap();
            }
        }
    }
    t
}

/// The region, dense; x fastest. `None` where nothing was edited.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Dense(pub(crate) Vec<Option<MaterialId>>);

impl Dense {
    pub(crate) fn new() -> Self {
        Self(vec![None; (EDGE * EDGE * EDGE) as usize])
    }

    pub(crate) fn apply(&mut self, ops: &[Op]) {
        let min = first();
        for op in ops {
            let b = op.bounds.intersection(&region());
            for z in b.min[2]..b.max[2] {
                for y in b.min[1]..b.max[1] {
                    for x in b.min[0]..b.max[0] {
                        let [i, j, k] = [x - min[0], y - min[1], z - min[2]];
                        self.0[((k * EDGE + j) * EDGE + i) as usize] = op.material;
                    }
                }
            }
        }
    }

    pub(crate) fn get(&self, [x, y, z]: [u32; 3]) -> MaterialId {
        let min = first();
        let i = ((z - min[2]) * EDGE + y - min[1]) * EDGE + x - min[0];
        self.0[i as usize].unwrap_or_else(|| base(z))
    }

    /// The answer for a cell inside the region: largest volume, ties to the first along the Morton curve.
    pub(crate) fn cell(&self, cell: Cell) -> (MaterialId, bool) {
        let (min, edge) = (cell.origin(), cell.edge_ticks());
        let mut counts: BTreeMap<MaterialId, (u32, u32)> = BTreeMap::new();
        for code in 0..edge * edge * edge {
            let c = bm_morton::decode3_u32(code).map(u32::from);
            let m = self.get([0, 1, 2].map(|a| min[a] + c[a]));
            counts.entry(m).or_insert((0, code)).0 += 1;
        }
        let best = counts.iter().max_by_key(|(_, (n, first))| (*n, u32::MAX - first)).unwrap();
        (*best.0, counts.len() == 1)
    }
}

/// What a blank world holds here.
pub(crate) fn base(z: u32) -> MaterialId {
    // The shells' top under sea level, air over it; checked against the world by `base_is_what_it_is`.
    if z >= SEA_LEVEL { MaterialId::AIR } else { under() }
}

pub(crate) fn under() -> MaterialId {
    static UNDER: std::sync::OnceLock<MaterialId> = std::sync::OnceLock::new();
    *UNDER.get_or_init(|| {
        let [x, y, z] = first();
        World::in_memory().unwrap().view().sample(Pos::new(x, y, z).unwrap()).unwrap().material
    })
}

/// Compares a view with the oracle: points, batches, a dense box, cells of every level inside the region.
pub(crate) fn check(view: &View, dense: &Dense, rng: &mut Rng, what: &str) {
    let volume = view.volume(&region(), 28).unwrap();
    let min = first();
    for (i, &m) in volume.cells.iter().enumerate() {
        let i = i as u32;
        let at = [min[0] + i % EDGE, min[1] + i / EDGE % EDGE, min[2] + i / EDGE / EDGE];
        assert_eq!(m, dense.get(at), "{what}: volume at {at:?}");
    }
    let places: Vec<Pos> = (0..400)
        .map(|_| {
            let [x, y, z] = min.map(|c| c + rng.below(EDGE));
            Pos::new(x, y, z).unwrap()
        })
        .collect();
    let mut batch = Vec::new();
    view.sample_batch(&places, &mut batch).unwrap();
    let pin = view.pin();
    let folded = view.folded().unwrap();
    for (&p, &m) in places.iter().zip(&batch) {
        let want = dense.get([p.x(), p.y(), p.z()]);
        assert_eq!(view.sample(p).unwrap().material, want, "{what}: {p:?}");
        assert_eq!((m, pin.sample(p).unwrap().material), (want, want), "{what}: {p:?}");
        assert_eq!(folded.sample(p).unwrap().material, want, "{what}, folded: {p:?}");
    }
    for &p in places.iter().take(60) {
        for level in 23..28 {
            let cell = Cell::containing(p, level);
            if !region().covers(&cell.bounds()) {
                continue;
            }
            let s = view.sample_at_level(p, level).unwrap();
            let (m, exact) = dense.cell(cell);
            assert_eq!(s.material, m, "{what}: level {level} at {p:?}");
            assert!(!s.exact || exact, "{what}: level {level} at {p:?} is not all {m:?}");
            if level >= 25 {
                assert_eq!(s.exact, exact, "{what}: level {level} at {p:?}");
            }
        }
    }
    for &p in places.iter().take(20) {
        let runs = view.column(p.x(), p.y(), min[2], min[2] + EDGE).unwrap();
        for z in min[2]..min[2] + EDGE {
            let run = runs.iter().find(|r| (r.from..r.to).contains(&z)).unwrap();
            assert_eq!(run.material, dense.get([p.x(), p.y(), z]), "{what}: column");
        }
    }
}
