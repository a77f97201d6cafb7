//! Small reliefs, naive answers, and whole-store comparisons.

use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::{MaterialId, PageId};
use bm_hybrid::{ReliefIngest, Sea, View, World};
use bm_io::relief::ReliefOptions;
use bm_io::{Axis, GridGeoref, Relief};
use bm_store::{Batch, MemoryStore, PageRange, PageStore};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::OnceLock;

/// Ticks a degree on both axes.
pub(crate) const DEGREE: i64 = (WORLD_X / 360) as i64;

/// Splitmix64.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number of `from..to`.
    pub(crate) fn range(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from) as u64) as i64
    }
}

/// Where a relief's samples lie: `(origin + i · step) / den` degrees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lattice {
    pub(crate) lon: i64,
    pub(crate) lat: i64,
    pub(crate) step: i64,
    pub(crate) den: i64,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) wraps: bool,
}

/// A relief of whole metres; `None` where it has no data.
pub(crate) fn relief(at: Lattice, height: impl Fn(usize, usize) -> Option<i32>) -> Relief {
    static EMPTY: OnceLock<Relief> = OnceLock::new();
    let mut r = EMPTY.get_or_init(smallest).clone();
    let axis = |o| Axis { origin_num: o, step_num: at.step, den: at.den };
    r.georef = GridGeoref { x: axis(at.lon), y: axis(at.lat), wraps: at.wraps };
    (r.width, r.height) = (at.width, at.height);
    r.values = (0..at.height)
        .flat_map(|j| (0..at.width).map(move |i| (i, j)))
        .map(|(i, j)| height(i, j).unwrap_or(Relief::NODATA))
        .collect();
    r.nodata_count = r.values.iter().filter(|&&v| v == Relief::NODATA).count();
    r.unit_ticks = 4;
    r
}

/// The smallest file that is a relief, by hand: other reliefs are made from it.
fn smallest() -> Relief {
    let mut b: Vec<u8> = b"CDF\x01\0\0\0\0".to_vec();
    let word = |b: &mut Vec<u8>, v: u32| b.extend(v.to_be_bytes());
    let name = |b: &mut Vec<u8>, s: &str| {
        b.extend((s.len() as u32).to_be_bytes());
        b.extend(s.as_bytes());
        b.resize(b.len().next_multiple_of(4), 0);
    };
    word(&mut b, 10);
    word(&mut b, 2);
    for d in ["lat", "lon"] {
        name(&mut b, d);
        word(&mut b, 2);
    }
    word(&mut b, 0);
    word(&mut b, 0);
    word(&mut b, 11);
    word(&mut b, 3);
    // Each variable: name, dimensions, no attributes, type double, bytes, offset.
    let variables: [(&str, &[u32], u32); 3] = [("lat", &[0], 2), ("lon", &[1], 2), ("z", &[0, 1], 4)];
    let head: usize = b.len()
        + variables
            .iter()
            .map(|(n, d, _)| 4 + n.len().next_multiple_of(4) + 4 + 4 * d.len() + 8 + 12)
            .sum::<usize>();
    let mut offset = head as u32;
    for (n, dims, values) in variables {
        name(&mut b, n);
        word(&mut b, dims.len() as u32);
        dims.iter().for_each(|&d| word(&mut b, d));
        word(&mut b, 0);
        word(&mut b, 0);
        word(&mut b, 6);
        word(&mut b, values * 8);
        word(&mut b, offset);
        offset += values * 8;
    }
    assert_eq!(b.len(), head);
    for v in [1.0f64, 2.0, 1.0, 2.0, 0.0, 1.0, 2.0, 3.0] {
        b.extend(v.to_be_bytes());
    }
    bm_io::read_relief_bytes(&b, "smallest.nc", &ReliefOptions::default()).unwrap()
}

/// Plain ingest.
pub(crate) fn ingest(world: &World, relief: &Relief) {
    ingest_as(world, relief, ReliefIngest::default());
}

pub(crate) fn ingest_as(world: &World, relief: &Relief, how: ReliefIngest) {
    world.ingest_relief(relief, &how, &|_| ()).unwrap();
}

/// A coarse globe: a wavy land and sea floor, ten degrees a sample.
pub(crate) fn globe(seed: i64) -> Relief {
    let at = Lattice { lon: -180, lat: -90, step: 10, den: 1, width: 36, height: 19, wraps: true };
    relief(at, |i, j| Some(((i as i64 * 7919 + j as i64 * 104_729 + seed * 31_337) % 9001 - 5000) as i32))
}

/// A world in memory that holds this globe, sea everywhere below sea level. It is ingested once.
pub(crate) fn globe_world() -> World {
    static PAGES: OnceLock<Batch> = OnceLock::new();
    let batch = PAGES.get_or_init(|| {
        let world = World::in_memory().unwrap();
        ingest_as(&world, &globe(1), ReliefIngest::default().sea(Sea::Everywhere));
        copy(&world)
    });
    let store = MemoryStore::new();
    store.commit(batch.clone()).unwrap();
    World::on(Box::new(store), Default::default()).unwrap()
}

/// All that a world's store holds.
pub(crate) fn copy(world: &World) -> Batch {
    let mut batch = Batch::new();
    for (id, bytes) in pages(world) {
        batch.put(id, bytes);
    }
    let now = world.store().snapshot().unwrap();
    for name in now.meta_names().unwrap() {
        batch.put_meta(name.clone(), now.meta(&name).unwrap().unwrap());
    }
    batch
}

/// A sample's position in ticks, as a fraction.
pub(crate) fn sample_at(r: &Relief, i: usize, j: usize) -> ([i128; 2], [i128; 2]) {
    let of = |a: &Axis, k: usize, start: i128| {
        let num = i128::from(a.origin_num) + k as i128 * i128::from(a.step_num) + start * i128::from(a.den);
        [num * i128::from(DEGREE), i128::from(a.den)]
    };
    (of(&r.georef.x, i, 180), of(&r.georef.y, j, 90))
}

/// What a relief says at the centre of a column, by the book: the height in ticks above sea level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naive {
    pub(crate) height: f64,
    /// Largest difference of the samples around: weights are rounded to 1/65536 of it.
    pub(crate) spread: f64,
}

pub(crate) fn naive(r: &Relief, x: u32, y: u32, nearest: bool) -> Option<Naive> {
    // Positions in units of 1/(2·den) ticks from the first sample, so that everything is whole.
    let along = |a: &Axis, v: u32, start: i128| {
        let num = (2 * i128::from(v) + 1) * i128::from(a.den)
            - 2 * i128::from(DEGREE) * (i128::from(a.origin_num) + start * i128::from(a.den));
        (num, 2 * i128::from(DEGREE) * i128::from(a.step_num))
    };
    let split = |(num, step): (i128, i128)| {
        let k = num.div_euclid(step);
        // Weights are rounded down to 1/65536: a sample with less than that has no say.
        (k, (((num - k * step) << 16) / step) as f64 / 65536.0)
    };
    // Beyond the last sample there is nothing, however near.
    let beyond = |(num, step): (i128, i128), n: usize| !nearest && num > (n as i128 - 1) * step;
    let turn = if r.georef.wraps { 0 } else { i128::from(WORLD_X) * 2 * i128::from(r.georef.x.den) };
    let (ynum, ystep) = along(&r.georef.y, y, 90);
    let (mut j, mut wy) = split((ynum, ystep));
    let (h, w) = (r.height as i128, r.width as i128);
    if r.georef.wraps {
        // The outermost rows reach to the poles.
        if j < 0 {
            (j, wy) = (0, 0.0);
        }
        if j >= h - 1 {
            (j, wy) = (h - 1, 0.0);
        }
    }
    if !r.georef.wraps && beyond((ynum, ystep), r.height) {
        return None;
    }
    for t in [0, turn] {
        let (xnum, xstep) = along(&r.georef.x, x, 180);
        if !r.georef.wraps && beyond((xnum + t, xstep), r.width) {
            continue;
        }
        let (mut i, mut wx) = split((xnum + t, xstep));
        let mut jj = j;
        let mut wyy = wy;
        if nearest {
            (i, wx) = (i + i128::from(wx >= 0.5), 0.0);
            (jj, wyy) = (jj + i128::from(wyy >= 0.5), 0.0);
        }
        let mut values = Vec::new();
        let mut known = true;
        for (dj, fy) in [(0, 1.0 - wyy), (1, wyy)] {
            for (di, fx) in [(0, 1.0 - wx), (1, wx)] {
                if (dj == 1 && wyy == 0.0) || (di == 1 && wx == 0.0) {
                    continue;
                }
                let (mut ii, jj) = (i + di, jj + dj);
                if r.georef.wraps {
                    ii = ii.rem_euclid(w);
                }
                let inside = (0..w).contains(&ii) && (0..h).contains(&jj);
                match inside.then(|| r.height_ticks(ii as usize, jj as usize)).flatten() {
                    Some(v) => values.push((f64::from(v), fx * fy)),
                    None => known = false,
                }
            }
        }
        if known {
            let height = values.iter().map(|(v, f)| v * f).sum();
            let (lo, hi) =
                values.iter().fold((f64::MAX, f64::MIN), |(lo, hi), (v, _)| (lo.min(*v), hi.max(*v)));
            return Some(Naive { height, spread: hi - lo });
        }
        if turn == 0 {
            break;
        }
    }
    None
}

impl Naive {
    /// Whether a surface (first tick above it, relative to sea level) is this height, rounding allowed.
    pub(crate) fn fits(&self, top: i64) -> bool {
        // A tick whose centre is below the height is ground.
        (top as f64 - self.height).abs() <= 0.5 + 1e-6 + self.spread * 2.0 / 65536.0
    }
}

/// Surface relative to sea level in ticks.
pub(crate) fn top(view: &View, x: u32, y: u32) -> i64 {
    let (z, _) = view.surface(x, y).unwrap().expect("there is ground everywhere");
    i64::from(z) - i64::from(SEA_LEVEL)
}

/// The whole column as (from, to, material), relative to sea level.
pub(crate) fn column(view: &View, x: u32, y: u32) -> Vec<(i64, i64, MaterialId)> {
    let rel = |z: u32| i64::from(z) - i64::from(SEA_LEVEL);
    let runs = view.column(x, y, WORLD_Z_MIN, WORLD_Z_MAX).unwrap();
    runs.iter().map(|r| (rel(r.from), rel(r.to), r.material)).collect()
}

/// A column of fresh relief over the Earth's shells, water where it is wet.
pub(crate) fn shells_under(top: i64, wet: bool) -> Vec<(i64, i64, MaterialId)> {
    let (bottom, sky) =
        (i64::from(WORLD_Z_MIN) - i64::from(SEA_LEVEL), i64::from(WORLD_Z_MAX) - i64::from(SEA_LEVEL));
    let shells = [
        (-5_150_000, MaterialId::INNER_CORE),
        (-2_891_000, MaterialId::OUTER_CORE),
        (-220_000, MaterialId::MANTLE),
        (-100_000, MaterialId::ASTHENOSPHERE),
        (-35_000, MaterialId::LITHOSPHERIC_MANTLE),
        (-15_000, MaterialId::LOWER_CRUST),
    ];
    let mut out: Vec<(i64, i64, MaterialId)> = Vec::new();
    let mut from = bottom;
    for (metres, m) in shells {
        let to = (metres * 4i64).min(top);
        if to > from {
            out.push((from, to, m));
            from = to;
        }
    }
    if top > from {
        out.push((from, top, MaterialId::UPPER_CRUST));
        from = top;
    }
    if wet && from < 0 {
        out.push((from, 0, MaterialId::SEAWATER));
        from = 0;
    }
    out.push((from, sky, MaterialId::AIR));
    out
}

/// Every page's bytes.
pub(crate) fn pages(world: &World) -> BTreeMap<PageId, Vec<u8>> {
    let mut out = BTreeMap::new();
    world
        .store()
        .snapshot()
        .unwrap()
        .scan(PageRange::ALL, &mut |id, bytes| {
            out.insert(id, bytes.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
    out
}

/// Says where two stores differ, without printing pages.
pub(crate) fn assert_same_pages(a: &World, b: &World) {
    let (a, b) = (pages(a), pages(b));
    let differ: Vec<_> = a.keys().chain(b.keys()).filter(|id| a.get(id) != b.get(id)).take(5).collect();
    assert!(differ.is_empty(), "pages differ: {differ:?}");
}

/// The world is sound, and has no page too many.
pub(crate) fn assert_sound(world: &World) {
    let v = world.verify(&|_| ()).unwrap();
    assert!(v.problems.is_empty(), "{:?}", v.problems);
}

/// What the commits of pages say, without their times.
pub(crate) fn told(view: &bm_hybrid::View) -> Vec<(u64, String, u64)> {
    view.log().iter().map(|e| (e.version, e.what.clone(), e.pages)).collect()
}
