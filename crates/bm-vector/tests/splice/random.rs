//! Random coasts, random land.

use crate::support::{Ring, applied, area, check, heights, region, rings, spliced};
use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region, layer};
use bm_vector::extract::shorelines;
use bm_vector::{Boundary, Frame};
use proptest::prelude::*;

/// Bumps and hollows of random places, widths and heights.
type Bumps = Vec<(f64, f64, f64, f64)>;

fn bumps(least: usize, most: usize) -> impl Strategy<Value = Bumps> {
    proptest::collection::vec((-4.0..20.0, -4.0..20.0, 0.6..5.0, -9.0..10.0), least..most)
}

fn height(bumps: &Bumps, x: f64, y: f64) -> f64 {
    let one = |&(bx, by, width, high): &(f64, f64, f64, f64)| {
        let d = ((x - bx) / width).powi(2) + ((y - by) / width).powi(2);
        high * (-d).exp()
    };
    bumps.iter().map(one).sum::<f64>() - 0.7
}

/// The shores of a surface that is sea all around, as found on a grid of so many cells a metre; with `flat` every height
/// counts alike, so that vertices lie on middles of edges.
fn coast(bumps: &Bumps, cells: f64, offset: f64, flat: bool) -> Vec<Ring> {
    let min = DVec2::splat(-8.0 + offset);
    let region = Region::new(Bounds { min, max: min + DVec2::splat(32.0) }, 1.0 / cells).unwrap();
    let mut grid = Grid::uniform(region, MaterialId::ROCK).unwrap();
    let layer = grid.get_or_create_layer(layer::ELEVATION, 0.0_f64).unwrap();
    let (w, h) = (region.width(), region.height());
    for (x, y) in (0..h).flat_map(|y| (0..w).map(move |x| (x, y))) {
        let rim = x == 0 || y == 0 || x + 1 == w || y + 1 == h;
        let z = height(bumps, region.center_x(x), region.center_y(y));
        let z = if rim {
            -1.0
        } else if flat {
            z.signum()
        } else {
            z
        };
        layer.set(x, y, z).unwrap();
    }
    let mut found: Vec<Ring> =
        shorelines(&grid, layer::ELEVATION, 0.0).unwrap().into_iter().map(|l| l.0).collect();
    // Coarser where it has to be, so that corners lie anywhere.
    found.retain(|r| r.len() > 3);
    found
}

fn tried(coast: Vec<Ring>, bumps: &Bumps, strength: f64) -> Result<(), TestCaseError> {
    prop_assume!(!coast.is_empty());
    let old = [area("coast", coast)];
    prop_assume!(old[0].check(Frame::Plane).is_ok());
    let region = region(16, 15);
    let before = heights(&region, &old);
    let cells = (0..region.height()).flat_map(|y| (0..region.width()).map(move |x| (x, y)));
    let after: Vec<f64> = cells
        .zip(&before)
        .map(|((x, y), z)| z + strength * height(bumps, region.center_x(x), region.center_y(y)))
        .collect();
    let exact = spliced(&region, &old, &before, &after, 0.0);
    check(&region, &old, &before, &after, &exact);
    // With fewer vertices all of it holds as well.
    let coarse = spliced(&region, &old, &before, &after, 0.25);
    check(&region, &old, &before, &after, &coarse);
    let count = |all: &[Boundary]| all.iter().flat_map(rings).map(|r| r.len()).sum::<usize>();
    prop_assert!(count(&applied(&old, &coarse.changes)) <= count(&applied(&old, &exact.changes)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Coasts finer than cells.
    #[test]
    fn fine_coasts(old in bumps(1, 14), offset in 0.0..1.0, new in bumps(1, 6), strength in 0.5..3.0) {
        tried(coast(&old, 2.3, offset, false), &new, strength)?;
    }

    /// Coasts coarser than cells.
    #[test]
    fn coarse_coasts(old in bumps(1, 14), offset in 0.0..1.0, new in bumps(1, 6), strength in 0.5..3.0) {
        tried(coast(&old, 0.6, offset, false), &new, strength)?;
    }

    /// Coasts whose vertices and edges lie on the lines between middles of cells.
    #[test]
    fn aligned_coasts(old in bumps(1, 14), half in 0..4, new in bumps(1, 6), strength in 0.5..3.0) {
        tried(coast(&old, 1.0, f64::from(half) * 0.25, true), &new, strength)?;
        tried(coast(&old, 0.5, f64::from(half) * 0.5, true), &new, strength)?;
    }
}
