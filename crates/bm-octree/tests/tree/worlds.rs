//! Small page trees with everything in them: four tiers on one path, neighbours, all bases, all exceptions.

use crate::oracle::Bodies;
use bm_codec::body::{Base, Body};
use bm_codec::exceptions::Exceptions;
use bm_codec::procedural::{Band, PlanetShells, Shell, WarpedBands};
use bm_codec::raster::{Axis, Interpolation, Raster};
use bm_codec::strata::{Datum, Field, Fluid, Layer, Mask, Strata};
use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::page::SUBCELLS;
use bm_core::{MaterialId, PageId, Pos};
use bm_octree::{Commit, Context, Draft, MemoryPages, Tree};
use proptest::prelude::*;

/// Splitmix64: one seed from proptest, as many numbers as a world needs.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number of `from..to`.
    pub fn range(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from) as u64) as i64
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.next().is_multiple_of(one_in)
    }

    /// Few materials, so that neighbours are often equal.
    pub fn material(&mut self) -> MaterialId {
        MaterialId(self.range(1, 6) as u16)
    }
}

#[derive(Clone)]
pub struct World {
    pub anchor: Pos,
    pub bodies: Bodies,
    pub rng: Rng,
}

/// Places where something may go wrong: edges of the world, the date line, the middle of nowhere.
pub fn anchors() -> impl Strategy<Value = Pos> {
    let inside = (0..WORLD_X, 0..WORLD_Y, -4000i64..4000)
        .prop_map(|(x, y, z)| Pos::new(x, y, (i64::from(SEA_LEVEL) + z) as u32).unwrap());
    let edges = (0usize..3, 0usize..3, 0usize..4).prop_map(|(x, y, z)| {
        let xs = [0, WORLD_X / 2, WORLD_X - 1];
        let ys = [0, WORLD_Y / 2, WORLD_Y - 1];
        let zs = [WORLD_Z_MIN, SEA_LEVEL - 1, SEA_LEVEL, WORLD_Z_MAX - 1];
        Pos::new(xs[x], ys[y], zs[z]).unwrap()
    });
    prop_oneof![3 => inside, 2 => edges]
}

pub fn worlds() -> impl Strategy<Value = World> {
    (anchors(), any::<u64>()).prop_map(|(anchor, seed)| {
        let mut rng = Rng(seed);
        let bodies = bodies(anchor, &mut rng);
        World { anchor, bodies, rng }
    })
}

/// Bases only: whole bodies would fill screens.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "about {:?}", self.anchor)?;
        self.bodies.iter().try_for_each(|(id, b)| {
            let base = if let Base::Strata(_) = b.base { "Strata".into() } else { format!("{:?}", b.base) };
            writeln!(f, "{id}: {base}, exceptions {:?}", b.exceptions.kind())
        })
    }
}

impl World {
    pub fn draft(&self) -> Draft<'static> {
        let mut draft = Draft::new(Context::default());
        for (&id, body) in &self.bodies {
            draft.put(id, body.clone());
        }
        draft
    }

    pub fn commit(&self) -> Commit {
        self.draft().finish().unwrap()
    }

    pub fn tree(&self) -> Tree {
        open(&self.commit())
    }

    /// A voxel near the anchor, at one of the scales of the page tree.
    pub fn near(&mut self) -> Pos {
        let reach = [4, 40, 200, 20_000, 3_000_000][self.rng.range(0, 5) as usize];
        loop {
            let mut c = |v: u32| i64::from(v) + self.rng.range(-reach, reach + 1);
            let (x, y, z) = (c(self.anchor.x()), c(self.anchor.y()), c(self.anchor.z()));
            let x = x.rem_euclid(WORLD_X.into());
            if let (Ok(y), Ok(z)) = (u32::try_from(y), u32::try_from(z))
                && let Ok(pos) = Pos::new(x as u32, y, z)
            {
                return pos;
            }
        }
    }
}

pub fn open(commit: &Commit) -> Tree {
    let pages = MemoryPages::from(commit.pages.clone());
    Tree::open(Context::default(), pages.into(), commit.root_crc).unwrap()
}

/// A page moved by cells of its own level; `None` beyond the root cube.
pub fn beside(id: PageId, by: [i64; 3]) -> Option<PageId> {
    let at = id.cell().coords();
    let mut to = [0; 3];
    for a in 0..3 {
        to[a] = u32::try_from(i64::from(at[a]) + by[a]).ok()?;
    }
    PageId::new(id.level(), to)
}

fn bodies(anchor: Pos, rng: &mut Rng) -> Bodies {
    let mut ids = vec![PageId::ROOT];
    let depth = rng.range(1, 4) as usize;
    let mut stacks = Vec::new();
    for &level in &[7, 14, 21][..depth] {
        let id = PageId::containing(anchor, level).unwrap();
        ids.push(id);
        for _ in 0..rng.range(0, 4) {
            let mut step = || rng.range(-1, 2);
            ids.extend(beside(id, [step(), step(), step()]));
        }
        // A stack of pages that may share columns.
        if let Some(owner) = beside(id, [0, 0, if rng.chance(2) { 1 } else { -1 }]) {
            ids.push(owner);
            if rng.chance(2) {
                stacks.push((id, owner));
            }
        }
    }
    let mut out = Bodies::new();
    crowd(&ids, anchor, rng, &mut out);
    for id in ids {
        let mut up = Some(id);
        while let Some(p) = up {
            out.entry(p).or_insert_with(|| body(p, anchor, rng));
            up = p.parent();
        }
    }
    for (page, owner) in stacks {
        let (page, owner) = if rng.chance(2) { (page, owner) } else { (owner, page) };
        if let Some(b) = out.get_mut(&owner)
            && !matches!(b.base, Base::Strata(_))
        {
            b.base = Base::Strata(strata(owner, anchor, rng).into());
        }
        if let Some(b) = out.get_mut(&page) {
            b.base = Base::Shared(owner);
        }
    }
    out
}

/// Many simple pages in one directory, in one layer or in a ball: directories are searched in several ways.
fn crowd(ids: &[PageId], anchor: Pos, rng: &mut Rng, out: &mut Bodies) {
    let parent = ids[rng.range(0, ids.len() as i64) as usize];
    let Some(middle) = parent.child(anchor_sub(parent, anchor)).filter(|_| rng.chance(2)) else { return };
    let high = if rng.chance(2) { 1 } else { 4 };
    for _ in 0..150 {
        let by = [rng.range(-5, 6), rng.range(-5, 6), rng.range(-high, high + 1)];
        if let Some(id) = beside(middle, by).filter(|id| id.parent() == Some(parent)) {
            let base = if rng.chance(3) { Base::Inherit } else { Base::Uniform(rng.material()) };
            out.insert(id, Body::new(base));
        }
    }
}

pub fn body(id: PageId, anchor: Pos, rng: &mut Rng) -> Body {
    let base = match rng.range(0, 8) {
        0..3 => Base::Inherit,
        3 => Base::Uniform(rng.material()),
        4..7 => Base::Strata(strata(id, anchor, rng).into()),
        _ if rng.chance(2) => Base::Procedural(shells(anchor, rng)),
        _ => Base::Procedural(bands(id, anchor, rng)),
    };
    // Nothing may be unset at the top.
    let base = if id == PageId::ROOT && base == Base::Inherit { Base::Uniform(rng.material()) } else { base };
    let exceptions = match rng.range(0, 6) {
        0..3 => Exceptions::None,
        3..5 => few_runs(id, anchor, rng),
        _ => noise(id, anchor, rng),
    };
    Body { exceptions, ..Body::new(base) }
}

/// Altitude of the anchor in ticks.
fn height(anchor: Pos) -> i64 {
    i64::from(anchor.z()) - i64::from(SEA_LEVEL)
}

pub fn strata(id: PageId, anchor: Pos, rng: &mut Rng) -> Strata {
    let surface = raster(id, anchor, 0, rng);
    let (w, h) = surface.size();
    let mask = |rng: &mut Rng| {
        let seed = rng.next();
        rng.chance(3).then(|| Mask::new(w * h, |i| Rng(seed ^ i as u64).chance(6))).flatten()
    };
    let mut s = Strata { holes: mask(rng), dry: mask(rng), ..Strata::new(surface, rng.material()) };
    s.above = rng.material();
    if rng.chance(2) {
        s.fluid =
            Some(Fluid { material: rng.material(), level: (height(anchor) + rng.range(-30, 30)) as i32 });
    }
    for _ in 0..rng.range(0, 4) {
        let datum = if rng.chance(2) { Datum::Surface } else { Datum::SeaLevel };
        let middle = if datum == Datum::Surface { 8 - height(anchor) } else { -8 };
        let top = if rng.chance(2) {
            let depth = rng.range(-12, 20);
            Field::Constant((if datum == Datum::Surface { depth } else { height(anchor) - depth }) as i32)
        } else {
            Field::Raster(raster(id, anchor, middle, rng))
        };
        s.layers.push(Layer { material: rng.material(), datum, top });
    }
    s
}

/// A raster over a part of a page, with samples about the anchor's height plus `shift`.
fn raster(id: PageId, anchor: Pos, shift: i64, rng: &mut Rng) -> Raster {
    let edge = i64::from(id.cell().edge_ticks());
    let [x0, y0, _] = id.cell().origin().map(i64::from);
    let mut axis = |low: i64, n: i64| {
        let den = rng.range(1, 4);
        // From a fraction of the page to more than all of it, anywhere about it.
        let step = (edge * den * rng.range(2, 14) / (8 * n)).max(1);
        Axis { origin: low * den + rng.range(-step, edge * den / 2), step, den }
    };
    let (w, h) = (5, 4);
    let axes = (axis(x0, w), axis(y0, h));
    let swing = if rng.chance(2) { 30 } else { 8 + edge / 2 };
    let v: Vec<i32> = (0..w * h)
        .map(|_| (height(anchor) + shift + rng.range(-swing, swing)).clamp(-99_000_000, 99_000_000) as i32)
        .collect();
    let how = if rng.chance(3) { Interpolation::Nearest } else { Interpolation::Bilinear };
    Raster::new(axes, (w as usize, h as usize), 1, how, &v).unwrap()
}

fn shells(anchor: Pos, rng: &mut Rng) -> bm_codec::procedural::GeneratorRef {
    let mut top = height(anchor) - 40;
    let shells = (0..4).map(|_| {
        top += rng.range(1, 30);
        Shell { top: top as i32, material: rng.material() }
    });
    let shells = shells.collect();
    PlanetShells::new(shells, rng.material()).unwrap().to_ref()
}

fn bands(id: PageId, anchor: Pos, rng: &mut Rng) -> bm_codec::procedural::GeneratorRef {
    // Thin bands in a page thousands of kilometres high would be millions of runs a column.
    let thin = i64::from(id.cell().edge_ticks() >> 9).max(1);
    let bands =
        (0..3).map(|_| Band { thickness: rng.range(thin, 16 * thin + 4) as u32, material: rng.material() });
    WarpedBands {
        bands: bands.collect(),
        datum: height(anchor) as i32,
        amplitude: rng.range(0, 3000) as u32,
        cells: rng.range(1, 5000) as u32,
        octaves: rng.range(0, 4) as u8,
        dip_north: rng.range(-65_536, 65_537) as i32,
    }
    .to_ref(rng.next())
    .unwrap()
}

/// Morton index of the sub-cell of a page that is nearest to the anchor.
pub fn anchor_sub(id: PageId, anchor: Pos) -> u32 {
    let shift = 21 - u32::from(id.level());
    let low = id.cell().origin();
    let at = [anchor.x(), anchor.y(), anchor.z()];
    let c = [0, 1, 2].map(|a| (at[a].saturating_sub(low[a]) >> shift).min(127) as u16);
    bm_morton::encode3_u32(c[0], c[1], c[2])
}

fn few_runs(id: PageId, anchor: Pos, rng: &mut Rng) -> Exceptions {
    let around = i64::from(anchor_sub(id, anchor));
    let mut cuts: Vec<u32> = (0..rng.range(1, 7))
        .map(|_| {
            let reach = [8, 600, 200_000][rng.range(0, 3) as usize];
            (around + rng.range(-reach, reach)).clamp(0, SUBCELLS.into()) as u32
        })
        .collect();
    cuts.push(SUBCELLS);
    cuts.sort_unstable();
    let mut from = 0;
    let runs = cuts.into_iter().map(|to| {
        let len = to - from;
        from = to;
        (len, (!rng.chance(2)).then(|| rng.material()))
    });
    Exceptions::from_runs(runs).unwrap()
}

fn noise(id: PageId, anchor: Pos, rng: &mut Rng) -> Exceptions {
    // Two materials and much of it make a palette; little of it stays runs.
    let palette = rng.chance(3);
    let reach: u32 = if palette { 1 << 17 } else { 500 };
    let from = anchor_sub(id, anchor).saturating_sub(reach / 2).min(SUBCELLS - reach);
    let pair = [Some(MaterialId(1)), Some(MaterialId(2))];
    let outside = if palette { pair[0] } else { None };
    let mut runs = vec![(from, outside)];
    runs.extend((0..reach).map(|_| match palette {
        true => (1, pair[rng.range(0, 2) as usize]),
        false => (1, (!rng.chance(3)).then(|| rng.material())),
    }));
    runs.push((SUBCELLS - from - reach, outside));
    Exceptions::from_runs(runs).unwrap()
}
