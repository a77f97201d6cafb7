//! A million random voxel edits in a cube of one kilometre, folded into pages: time and bytes.
//!
//! `cargo run --release --example fold [edits] [threads]`
#![allow(clippy::print_stdout, reason = "an example prints")]

use bm_codec::body::{Base, Body};
use bm_codec::raster::{Axis, Interpolation, Raster};
use bm_codec::strata::Strata;
use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, PageId, Pos};
use bm_octree::{Commit, Context, Draft, MemoryPages, Tree};
use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

/// Edge of the cube in ticks.
const EDGE: u32 = 4000;
/// The corner of a page of level 14.
const CORNER: [u32; 2] = [300 << 14, 500 << 14];

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        (self.next() % u64::from(n)) as u32
    }
}

/// Rock everywhere, with a rugged surface at ten metre samples in the page of 4 km above and below sea level.
fn world() -> Result<Commit, Box<dyn Error>> {
    const N: usize = 412;
    let mut heights = vec![0i32; N * N];
    for (k, h) in heights.iter_mut().enumerate() {
        let (x, y) = ((k % N) as f64, (k / N) as f64);
        let wave = |f: f64| (x * f + y * f * 0.7).sin() * (y * f * 1.1 - x * f * 0.3).cos() / f;
        *h = ([0.02, 0.05, 0.13, 0.31, 0.8].into_iter().map(wave).sum::<f64>() * 8.0) as i32;
    }
    let axis = |low: u32| Axis { origin: i64::from(low) - 20, step: 40, den: 1 };
    let raster =
        Raster::new((axis(CORNER[0]), axis(CORNER[1])), (N, N), 1, Interpolation::Bilinear, &heights)?;
    let strata = Strata::new(raster, MaterialId::GRANITE);
    let mut draft = Draft::new(Context::default());
    draft.put(PageId::ROOT, Body::new(Base::Uniform(MaterialId::GRANITE)));
    for z in [SEA_LEVEL - 1, SEA_LEVEL] {
        let page = PageId::containing(Pos::new(CORNER[0], CORNER[1], z)?, 14).ok_or("a level of pages")?;
        draft.put(page, Body::new(Base::Strata(strata.clone().into())));
    }
    Ok(draft.finish()?)
}

type Edits = BTreeMap<PageId, BTreeMap<u32, MaterialId>>;

/// Uniformly random voxels of the cube, in eight materials.
fn random(seed: u64, bottom: u32, edits: u32) -> Result<Edits, Box<dyn Error>> {
    let mut rng = Rng(seed);
    let mut by_page = Edits::new();
    for _ in 0..edits {
        let at =
            Pos::new(CORNER[0] + rng.below(EDGE), CORNER[1] + rng.below(EDGE), bottom + rng.below(EDGE))?;
        let page = PageId::containing(at, 21).ok_or("a level of pages")?;
        let c = [at.x(), at.y(), at.z()].map(|v| (v & 127) as u16);
        let sub = bm_morton::encode3_u32(c[0], c[1], c[2]);
        by_page.entry(page).or_default().insert(sub, MaterialId(30 + rng.below(8) as u16));
    }
    Ok(by_page)
}

/// Folds edits into a world, or clears them, and says what it took. Returns the world after that.
fn fold(
    what: &str,
    world: &mut MemoryPages,
    root_crc: u32,
    edits: &Edits,
    (clear, threads): (bool, usize),
) -> Result<u32, Box<dyn Error>> {
    let run = |(&sub, &m): (&u32, &MaterialId)| (sub, sub + 1, (!clear).then_some(m));
    let edits: Vec<(PageId, Vec<_>)> =
        edits.iter().map(|(&page, cells)| (page, cells.iter().map(run).collect())).collect();
    let tree = Tree::open(Context::default(), world.clone().into(), root_crc)?;
    let start = Instant::now();
    let mut draft = Draft::of(&tree);
    draft.threads(threads);
    for (page, runs) in &edits {
        draft.edit(*page, runs)?;
    }
    let commit = draft.finish()?;
    let seconds = start.elapsed().as_secs_f64();
    let n = edits.iter().map(|e| e.1.len()).sum::<usize>() as f64;
    for id in &commit.removed {
        world.0.remove(id);
    }
    world.0.extend(commit.pages);
    let bytes = |finest: bool| {
        let of = world.0.iter().filter(|p| (p.0.level() == 21) == finest);
        of.map(|p| p.1.len()).sum::<usize>() as f64 / n
    };
    println!(
        "{what}: {seconds:.3} s; the world has {} pages, {:.2} bytes an edit ({:.2} in voxel pages, {:.2} above)",
        world.0.len(),
        bytes(true) + bytes(false),
        bytes(true),
        bytes(false),
    );
    Ok(commit.root_crc)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let edits = args.next().map_or(Ok(100_000), |a| a.parse())?;
    let threads = args.next().map_or(Ok(2), |a| a.parse())?;
    for (place, bottom) in [("deep in rock", SEA_LEVEL - 60_000), ("across a surface", SEA_LEVEL - EDGE / 2)]
    {
        println!("{place}, {edits} edits, {threads} threads");
        let first = world()?;
        let mut pages = MemoryPages::from(first.pages);
        let [a, b] = [random(7, bottom, edits)?, random(8, bottom, edits)?];
        let crc = fold("  folded", &mut pages, first.root_crc, &a, (false, threads))?;
        let crc = fold("  as many more", &mut pages, crc, &b, (false, threads))?;
        let crc = fold("  those cleared", &mut pages, crc, &b, (true, threads))?;
        let crc = fold("  all cleared", &mut pages, crc, &a, (true, threads))?;
        assert_eq!(crc, first.root_crc, "the bytes from before");
    }
    Ok(())
}
