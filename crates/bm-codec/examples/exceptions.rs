//! A ball of ore in a page, as exceptions: which form is chosen, and what it takes at rest.
//!
//! `cargo run -p bm-codec --example exceptions`
#![allow(clippy::print_stdout, reason = "an example")]

use bm_codec::body::{Base, Body};
use bm_codec::exceptions::{Class, Footprint, build_exceptions};
use bm_core::frame::SEA_LEVEL;
use bm_core::page::SUBCELLS;
use bm_core::{Cell, GeoPoint, MaterialId, PageId, Pos};

/// All cells whose centre lies within a distance of a point.
struct Ball {
    centre: [i64; 3],
    radius: i64,
}

impl Ball {
    /// Squares of the smallest and the largest distance of a cell's points from the centre.
    fn reach(&self, cell: Cell) -> (i64, i64) {
        let b = cell.bounds();
        let (mut near, mut far) = (0, 0);
        for a in 0..3 {
            let (lo, hi) = (i64::from(b.min[a]) - self.centre[a], i64::from(b.max[a]) - self.centre[a]);
            let gap = lo.max(-hi).max(0);
            near += gap * gap;
            far += lo.abs().max(hi.abs()).pow(2);
        }
        (near, far)
    }
}

impl Footprint for Ball {
    fn classify(&self, cell: Cell) -> Class {
        let (near, far) = self.reach(cell);
        let r2 = self.radius * self.radius;
        if near > r2 {
            Class::Through
        } else if far <= r2 {
            Class::Uniform(MaterialId::ORE)
        } else {
            Class::Mixed
        }
    }

    fn at(&self, cell: Cell) -> Option<MaterialId> {
        let (near, far) = self.reach(cell);
        (near + far <= 2 * self.radius * self.radius).then_some(MaterialId::ORE)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let at = Pos::from_geo(GeoPoint { lon: 7.66, lat: 45.98, alt: -20.0 })?;
    let page = PageId::containing(at, 21).ok_or("21 is a page level")?;
    let [x, y, z] = page.cell().origin().map(|c| i64::from(c) + 64);
    // Ten metres about the middle of a page of 32 m.
    let exceptions = build_exceptions(page, &Ball { centre: [x, y, z], radius: 40 });
    let h = exceptions.homogeneity();
    println!("{page}, its middle {} m above sea level", (z - i64::from(SEA_LEVEL)) / 4);
    println!(
        "{:?}: {} runs of {} contents over {SUBCELLS} sub-cells",
        exceptions.kind(),
        h.morton_runs,
        h.distinct
    );
    let bytes = Body { exceptions, ..Body::new(Base::Inherit) }.encode();
    println!(
        "{} bytes at rest, {:.4} bits a sub-cell",
        bytes.len(),
        bytes.len() as f64 * 8.0 / f64::from(SUBCELLS)
    );
    Ok(())
}
