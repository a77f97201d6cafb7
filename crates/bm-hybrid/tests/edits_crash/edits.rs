//! Transactions that follow from a number, and the dense array they are compared in.

use crate::tools::{Lattice, Rng, relief};
use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y};
use bm_core::{Cell, MaterialId, Pos, TickBox};
use bm_hybrid::{View, World};
use bm_io::Relief;
use bm_overlay::{Durability, Transaction};
use std::sync::OnceLock;

/// Voxels along a side of the cube that most edits lie in.
pub(crate) const SIDE: u32 = 24;
/// Its middle: a corner of pages of all tiers, where the blank world's air meets its rock.
pub(crate) const MIDDLE: [u32; 3] = [6103 << 14, 2441 << 14, SEA_LEVEL];
/// Voxels elsewhere, each in pages of its own.
const FAR: usize = 48;

const PALETTE: [MaterialId; 10] = [
    MaterialId::AIR,
    MaterialId::ROCK,
    MaterialId::GRANITE,
    MaterialId::SANDSTONE,
    MaterialId::SHALE,
    MaterialId::LIMESTONE,
    MaterialId::BASALT,
    MaterialId::ICE,
    MaterialId::ORE,
    MaterialId::UNSET,
];

/// The cube.
pub(crate) fn cube() -> TickBox {
    TickBox { min: MIDDLE.map(|c| c - SIDE / 2), max: MIDDLE.map(|c| c + SIDE / 2) }
}

/// The voxels elsewhere.
pub(crate) fn far() -> &'static [Pos] {
    static PLACES: OnceLock<Vec<Pos>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let mut rng = Rng(77);
        let mut at = |from: u32, to: u32| rng.range(from.into(), to.into()) as u32;
        (0..FAR)
            .map(|_| {
                Pos::new(
                    at(WORLD_X / 8 * 5, WORLD_X),
                    at(0, WORLD_Y),
                    at(SEA_LEVEL - (1 << 20), SEA_LEVEL + (1 << 14)),
                )
                .unwrap()
            })
            .collect()
    })
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Voxel(Pos, MaterialId),
    Fill(TickBox, MaterialId),
}

/// How a seed's commit goes in.
pub(crate) fn durability(seed: u64) -> Durability {
    match Rng(seed ^ 0xd0).range(0, 10) {
        0..4 => Durability::Memory,
        4..8 => Durability::Group,
        _ => Durability::Sync,
    }
}

/// Whether a seed's commit is a single voxel that goes in by `World::put`.
pub(crate) fn is_put(seed: u64) -> bool {
    Rng(seed ^ 0xb17).range(0, 12) == 0
}

/// What a seed's commit writes: 1 to `most` edits, most of them voxels of the cube.
pub(crate) fn plan(seed: u64, most: i64) -> Vec<Op> {
    let mut rng = Rng(seed);
    let n = match rng.range(0, 5) {
        0..2 => rng.range(1, 9.min(most + 1)),
        _ => rng.range(1, most + 1),
    };
    let n = if is_put(seed) { 1 } else { n };
    let cube = cube();
    let inside = |rng: &mut Rng| [0, 1, 2].map(|a| rng.range(cube.min[a].into(), cube.max[a].into()) as u32);
    (0..n)
        .map(|_| {
            let material = PALETTE[rng.range(0, PALETTE.len() as i64) as usize];
            let kind = if is_put(seed) { rng.range(0, 90) } else { rng.range(0, 100) };
            match kind {
                0..84 => {
                    let [x, y, z] = inside(&mut rng);
                    Op::Voxel(Pos::new(x, y, z).unwrap(), material)
                }
                84..90 => Op::Voxel(far()[rng.range(0, FAR as i64) as usize], material),
                90..99 => {
                    let min = inside(&mut rng);
                    let max = min.map(|c| c + rng.range(1, 20) as u32);
                    Op::Fill(TickBox { min, max }, material)
                }
                _ => {
                    // Whole cells of 8 m to 128 m: they cover pages, or large parts of them.
                    let [x, y, z] = inside(&mut rng);
                    let level = rng.range(19, 24) as u8;
                    Op::Fill(Cell::containing(Pos::new(x, y, z).unwrap(), level).bounds(), material)
                }
            }
        })
        .collect()
}

/// The transaction of a seed; its note names the seed.
pub(crate) fn transaction(seed: u64, most: i64) -> Transaction {
    let mut t = Transaction::new("crash");
    t.note(format!("{seed:x}")).durability(durability(seed));
    for op in plan(seed, most) {
        match op {
            Op::Voxel(pos, m) => t.set(pos, m),
            Op::Fill(bounds, m) => t.fill(bounds, m).unwrap(),
        };
    }
    t
}

/// What was edited in the cube and elsewhere: unset where nothing was, or where it was cleared.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Dense {
    cube: Vec<MaterialId>,
    far: Vec<MaterialId>,
}

impl Dense {
    pub(crate) fn new() -> Self {
        Self { cube: vec![MaterialId::UNSET; SIDE.pow(3) as usize], far: vec![MaterialId::UNSET; FAR] }
    }

    pub(crate) fn apply(&mut self, op: &Op) {
        let (bounds, material) = match *op {
            Op::Fill(bounds, material) => (bounds, material),
            Op::Voxel(pos, material) => (voxel(pos), material),
        };
        for (m, at) in self.far.iter_mut().zip(far()) {
            if bounds.covers(&voxel(*at)) {
                *m = material;
            }
        }
        let cube = cube();
        let part = bounds.intersection(&cube);
        if part.is_empty() {
            return;
        }
        let [x, y, z] = [0, 1, 2].map(|a| part.min[a] - cube.min[a]..part.max[a] - cube.min[a]);
        for z in z {
            for y in y.clone() {
                let row = ((z * SIDE + y) * SIDE) as usize;
                self.cube[row + x.start as usize..row + x.end as usize].fill(material);
            }
        }
    }

    /// This, with everything that some edits wrote as it was before them.
    pub(crate) fn undone(&self, edits: &[Op], before: &Self) -> Self {
        let mut written = Self::new();
        for op in edits {
            written.apply(&match *op {
                Op::Voxel(pos, _) => Op::Voxel(pos, MaterialId::AIR),
                Op::Fill(bounds, _) => Op::Fill(bounds, MaterialId::AIR),
            });
        }
        let pick = |now: &[MaterialId], before: &[MaterialId], written: &[MaterialId]| {
            let all = now.iter().zip(before).zip(written);
            all.map(|((&n, &b), &w)| if w == MaterialId::AIR { b } else { n }).collect()
        };
        Self {
            cube: pick(&self.cube, &before.cube, &written.cube),
            far: pick(&self.far, &before.far, &written.far),
        }
    }

    /// Where a view says something else, if it does.
    pub(crate) fn differs(&self, view: &View) -> Option<String> {
        let (base_cube, base_far) = bare();
        let volume = view.volume(&cube(), 28).unwrap();
        for (i, &found) in volume.cells.iter().enumerate() {
            let want = if self.cube[i] == MaterialId::UNSET { base_cube[i] } else { self.cube[i] };
            if found != want {
                let i = i as u32;
                let at = [i % SIDE, i / SIDE % SIDE, i / SIDE / SIDE];
                let wrong = volume.cells.iter().zip(&self.cube).zip(base_cube);
                let wrong =
                    wrong.filter(|((f, w), b)| **f != if **w == MaterialId::UNSET { **b } else { **w });
                return Some(format!(
                    "{} voxels of the cube, the first at {at:?}: {found:?} instead of {want:?}",
                    wrong.count()
                ));
            }
        }
        for (i, pos) in far().iter().enumerate() {
            let found = view.sample(*pos).unwrap().material;
            let want = if self.far[i] == MaterialId::UNSET { base_far[i] } else { self.far[i] };
            if found != want {
                return Some(format!("far voxel {i}: {found:?} instead of {want:?}"));
            }
        }
        None
    }
}

fn voxel(pos: Pos) -> TickBox {
    let at = [pos.x(), pos.y(), pos.z()];
    TickBox { min: at, max: at.map(|c| c + 1) }
}

/// What the blank world says there.
fn bare() -> &'static (Vec<MaterialId>, Vec<MaterialId>) {
    static BARE: OnceLock<(Vec<MaterialId>, Vec<MaterialId>)> = OnceLock::new();
    BARE.get_or_init(|| {
        let view = World::in_memory().unwrap().view();
        let far = far().iter().map(|&p| view.sample(p).unwrap().material).collect();
        (view.volume(&cube(), 28).unwrap().cells, far)
    })
}

/// A small relief far from all edits, whose every sample tells its number.
pub(crate) fn mark(n: u64) -> Relief {
    let at = Lattice { lon: 100, lat: 400, step: 1, den: 12, width: 12, height: 10, wraps: false };
    relief(at, |i, j| Some((n % 9 * 1000) as i32 + (i * 3 + j * 5) as i32))
}
