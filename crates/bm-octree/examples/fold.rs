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

fn fold(first: &Commit, bottom: u32, edits: u32, threads: usize) -> Result<(), Box<dyn Error>> {
    let mut rng = Rng(7);
    let mut by_page: BTreeMap<PageId, BTreeMap<u32, MaterialId>> = BTreeMap::new();
    for _ in 0..edits {
        let at =
            Pos::new(CORNER[0] + rng.below(EDGE), CORNER[1] + rng.below(EDGE), bottom + rng.below(EDGE))?;
        let page = PageId::containing(at, 21).ok_or("a level of pages")?;
        let c = [at.x(), at.y(), at.z()].map(|v| (v & 127) as u16);
        let sub = bm_morton::encode3_u32(c[0], c[1], c[2]);
        by_page.entry(page).or_default().insert(sub, MaterialId(30 + rng.below(8) as u16));
    }
    let runs: Vec<(PageId, Vec<(u32, u32, Option<MaterialId>)>)> = by_page
        .into_iter()
        .map(|(page, cells)| (page, cells.into_iter().map(|(s, m)| (s, s + 1, Some(m))).collect()))
        .collect();
    let pages = MemoryPages::from(first.pages.clone());
    let tree = Tree::open(Context::default(), pages.into(), first.root_crc)?;
    let start = Instant::now();
    let mut draft = Draft::of(&tree);
    draft.threads(threads);
    for (page, runs) in &runs {
        draft.edit(*page, runs)?;
    }
    let taken = start.elapsed();
    let commit = draft.finish()?;
    let all = start.elapsed();
    let bytes =
        |level: u8| commit.pages.iter().filter(|p| p.0.level() == level).map(|p| p.1.len()).sum::<usize>();
    let above: usize = [0, 7, 14].into_iter().map(bytes).sum();
    println!(
        "{edits} edits, {} pages, {threads} threads: edit {:.3} s, with finish {:.3} s; {:.2} bytes an edit ({:.2} pages, {:.2} above)",
        commit.pages.len(),
        taken.as_secs_f64(),
        all.as_secs_f64(),
        (bytes(21) + above) as f64 / f64::from(edits),
        bytes(21) as f64 / f64::from(edits),
        above as f64 / f64::from(edits),
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let edits = args.next().map_or(Ok(100_000), |a| a.parse())?;
    let threads = args.next().map_or(Ok(2), |a| a.parse())?;
    let first = world()?;
    println!("deep in rock");
    fold(&first, SEA_LEVEL - 60_000 * 4 / 4, edits, threads)?;
    println!("across a surface");
    fold(&first, SEA_LEVEL - EDGE / 2, edits, threads)
}
