//! An island in memory: two pages, one over and one under sea level, that share its relief, in an Earth of
//! shells. Reads a point, a column, coarse cells.
//!
//! `cargo run -p bm-octree --example island`
#![allow(clippy::print_stdout, reason = "an example")]

use bm_codec::body::{Base, Body};
use bm_codec::procedural::PlanetShells;
use bm_codec::raster::{Axis, Interpolation, Raster};
use bm_codec::strata::{Fluid, Strata};
use bm_core::frame::{SEA_LEVEL, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::{GeoPoint, MaterialId, MaterialRegistry, PageId, Pos};
use bm_octree::{Context, Draft, MemoryPages, Tree};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Sea level is a boundary of pages: the sea floor belongs to the page below.
    let near = Pos::from_geo(GeoPoint { lon: -28.5, lat: 38.5, alt: 0.0 })?;
    let page = PageId::containing(near, 7).ok_or("7 is a page level")?;
    let [i, j, k] = page.cell().coords();
    let below = PageId::new(7, [i, j, k - 1]).ok_or("there is a page below")?;

    // A hill of 2 351 m on a sea floor 1 800 m deep, as 9 × 9 heights over the page's 524 km.
    let cell = page.cell();
    let axis = |from: u32| Axis { origin: from.into(), step: i64::from(cell.edge_ticks() / 8), den: 1 };
    let hill = |k: i32| 2351 - (k % 9 - 4).abs().max((k / 9 - 4).abs()) * 1037;
    let metres: Vec<i32> = (0..81).map(hill).collect();
    let [x0, y0, _] = cell.origin();
    let relief = Raster::new((axis(x0), axis(y0)), (9, 9), 4, Interpolation::Bilinear, &metres)?;
    let mut strata = Strata::new(relief, MaterialId::BASALT);
    strata.fluid = Some(Fluid { material: MaterialId::SEAWATER, level: 0 });

    let mut draft = Draft::new(Context::default());
    draft.put(PageId::ROOT, Body::new(Base::Procedural(PlanetShells::earth())));
    draft.put(page, Body::new(Base::Strata(strata.into())));
    draft.put(below, Body::new(Base::Shared(page)));
    let commit = draft.finish()?;
    println!("{} pages, {} bytes", commit.pages.len(), commit.pages.iter().map(|p| p.1.len()).sum::<usize>());

    let pages = MemoryPages::from(commit.pages);
    let tree = Tree::open(Context::default(), pages.into(), commit.root_crc)?;
    let names = MaterialRegistry::standard();
    let name = |m: MaterialId| names.get(m).map_or("unset", |m| m.name.as_str());

    // Off the western shore.
    let at = Pos::new(x0 + cell.edge_ticks() * 3 / 16, y0 + cell.edge_ticks() * 7 / 16, SEA_LEVEL + 40)?;
    println!("ten metres above the sea: {}", name(tree.sample(at)?.material));
    let mut runs = Vec::new();
    tree.column(at.x(), at.y(), WORLD_Z_MIN, WORLD_Z_MAX, &mut runs)?;
    for r in runs.iter().rev() {
        let alt = |z: u32| (f64::from(z) - f64::from(SEA_LEVEL)) / 4.0;
        println!("{:>13.2} m to {:>13.2} m  {}", alt(r.from), alt(r.to), name(r.material));
    }
    for level in [7, 12, 17, 26] {
        let s = tree.sample_at_level(at, level)?;
        println!("level {level}: {} {}", name(s.material), if s.exact { "throughout" } else { "mostly" });
    }
    Ok(())
}
