//! Where cells lie: exactly, half open, whatever the numbers.

use bm_grid::{Bounds, DVec2, GridError, Ground, Region, Window};
use proptest::prelude::*;

fn bounds(min: (f64, f64), max: (f64, f64)) -> Bounds {
    Bounds { min: min.into(), max: max.into() }
}

#[allow(clippy::unwrap_used, reason = "a helper of tests")]
fn square(extent: f64, cell: f64) -> Region {
    Region::new(bounds((0.0, 0.0), (extent, extent)), cell).unwrap()
}

#[test]
fn whole_cells_cover_what_was_asked() {
    let region = square(1000.0, 1.0);
    assert_eq!((region.width(), region.height(), region.cell_size()), (1000, 1000, 1.0));
    assert_eq!(region.bounds(), bounds((0.0, 0.0), (1000.0, 1000.0)));
    let region = Region::new(bounds((0.0, 0.0), (105.5, 97.3)), 10.0).unwrap();
    assert_eq!((region.width(), region.height()), (11, 10));
    assert_eq!(region.bounds(), bounds((0.0, 0.0), (110.0, 100.0)));
    // Rounding makes no cell: 0.1 + 0.2 is a little more than three tenths.
    let region = Region::new(bounds((0.0, 0.0), (0.1 + 0.2, 0.7)), 0.1).unwrap();
    assert_eq!((region.width(), region.height()), (3, 7));
    assert_eq!(Region::new(bounds((0.0, 0.0), (0.2, 0.2)), 10.0).unwrap().cells(), 1);
}

#[test]
fn points_and_cells() {
    let region = square(1000.0, 1.0);
    for (p, cell) in [
        ((0.0, 0.0), (0, 0)),
        ((999.9, 999.9), (999, 999)),
        ((500.5, 500.5), (500, 500)),
        ((0.1, 0.1), (0, 0)),
    ] {
        assert_eq!(region.world_to_cell(p.into()), Some(cell));
    }
    let region = square(100.0, 1.0);
    assert_eq!(region.world_to_cell(DVec2::new(50.5, 75.3)), Some((50, 75)));
    for (p, nearest) in [((-10.0, -10.0), (0, 0)), ((110.0, 110.0), (99, 99)), ((100.0, 50.0), (99, 50))] {
        assert_eq!(region.world_to_cell(p.into()), None, "no silent clamp");
        assert_eq!(region.world_to_cell_clamped(p.into()), Some(nearest));
    }
    let inf = f64::INFINITY;
    assert_eq!(region.world_to_cell_clamped(DVec2::new(inf, -inf)), Some((99, 0)));
    assert_eq!(region.world_to_cell_clamped(DVec2::new(f64::NAN, 0.0)), None);
    assert_eq!(region.world_to_cell(DVec2::new(0.0, f64::NAN)), None);
    let region = square(100.0, 10.0);
    assert_eq!(region.cell_center(5, 5), Some(DVec2::new(55.0, 55.0)));
    assert_eq!(region.cell_bounds(5, 5), Some(bounds((50.0, 50.0), (60.0, 60.0))));
    assert_eq!((region.cell_center(10, 0), region.cell_bounds(0, 10)), (None, None));
}

#[test]
fn rectangles_end_before_the_edge() {
    let region = square(100.0, 10.0);
    let of = |b| region.overlapping(b);
    let window = |x, y, width, height| Some(Window { x, y, width, height });
    assert_eq!(of(bounds((10.0, 10.0), (20.0, 20.0))), window(1, 1, 1, 1));
    assert_eq!(of(bounds((10.0, 10.0), (20.1, 20.0))), window(1, 1, 2, 1));
    assert_eq!(of(bounds((-5.0, 95.0), (5.0, 500.0))), window(0, 9, 1, 1));
    assert_eq!(of(bounds((100.0, 0.0), (110.0, 10.0))), None);
    assert_eq!(of(bounds((20.0, 20.0), (10.0, 30.0))), None);
}

#[test]
fn bad_regions_are_refused() {
    let ok = bounds((0.0, 0.0), (10.0, 10.0));
    let nan = f64::NAN;
    assert!(matches!(
        Region::new(bounds((nan, 0.0), (1.0, 1.0)), 1.0),
        Err(GridError::NonFinite { what: "min.x", .. })
    ));
    assert!(matches!(
        Region::new(bounds((0.0, 0.0), (1.0, f64::INFINITY)), 1.0),
        Err(GridError::NonFinite { what: "max.y", .. })
    ));
    assert!(matches!(
        Region::new(bounds((0.0, 5.0), (1.0, 1.0)), 1.0),
        Err(GridError::InvalidBounds { axis: 'y', min: 5.0, max: 1.0 })
    ));
    assert!(matches!(
        Region::new(bounds((3.0, 0.0), (3.0, 1.0)), 1.0),
        Err(GridError::InvalidBounds { axis: 'x', .. })
    ));
    for cell in [0.0, -1.0, -0.0] {
        assert!(matches!(Region::new(ok, cell), Err(GridError::InvalidCellSize { .. })), "{cell}");
    }
    assert!(matches!(Region::new(ok, nan), Err(GridError::NonFinite { what: "cell size", .. })));
    assert!(matches!(Region::new(ok, 1e-9), Err(GridError::TooLarge { .. })));
    assert!(matches!(Region::new(bounds((-1e308, 0.0), (1e308, 1.0)), 1.0), Err(GridError::TooLarge { .. })));
    assert!(matches!(
        Region::new(bounds((1e17, 0.0), (1e17 + 1e3, 1.0)), 1.0),
        Err(GridError::InvalidCellSize { .. })
    ));
    let world = |min, max, cell| Region::in_world(bounds(min, max), cell);
    assert!(matches!(world((0.0, -10.0), (10.0, 10.0), 1.0), Err(GridError::OutOfWorld { axis: 'y', .. })));
    assert!(matches!(world((0.0, 2e7), (1e5, 2.1e7), 1e3), Err(GridError::OutOfWorld { axis: 'y', .. })));
    assert!(matches!(world((0.0, 0.0), (5e7, 1e7), 1e4), Err(GridError::OutOfWorld { axis: 'x', .. })));
}

#[test]
fn the_world_has_rows_of_its_own_width() {
    let (w, h) = (40_075_020.0, 20_037_510.0);
    let whole = Region::in_world(bounds((0.0, 0.0), (w, h)), h / 180.0).unwrap();
    assert_eq!((whole.width(), whole.height(), whole.ground()), (360, 180, Ground::World));
    assert!((whole.row_metric(90) - 0.5_f64.to_radians().cos()).abs() < 1e-12);
    assert!((whole.row_metric(150) - 60.5_f64.to_radians().cos()).abs() < 1e-12);
    assert_eq!(square(10.0, 1.0).row_metric(3), 1.0);
    // Over the date line.
    assert!(Region::in_world(bounds((w - 500.0, 0.0), (w + 500.0, 1e3)), 10.0).is_ok());
    let a = Region::aligned(bounds((1005.0, 77.0), (1100.0, 90.0)), 10.0).unwrap();
    assert_eq!(a.bounds(), bounds((1000.0, 70.0), (1100.0, 90.0)));
}

fn cell_sizes() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), Just(0.25), Just(10.0), 1e-3..1e4_f64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_cells_centre_lies_in_it(
        x0 in -4e7..4e7_f64, y0 in -4e7..4e7_f64, cell in cell_sizes(),
        (width, height) in (1_u32..3000, 1_u32..3000), u in 0.0..1.0_f64, v in 0.0..1.0_f64,
    ) {
        let max = (x0 + f64::from(width) * cell, y0 + f64::from(height) * cell);
        let region = Region::new(bounds((x0, y0), max), cell).unwrap();
        let b = region.bounds();
        let p = b.min + DVec2::new(u, v) * b.size();
        prop_assume!(b.contains(p));
        let (x, y) = region.world_to_cell(p).unwrap();
        let own = region.cell_bounds(x, y).unwrap();
        prop_assert!(own.contains(p));
        prop_assert_eq!(region.world_to_cell(region.cell_center(x, y).unwrap()), Some((x, y)));
        // Corners belong to the cell they begin.
        prop_assert_eq!(region.world_to_cell(own.min), Some((x, y)));
        let next = region.world_to_cell(own.max);
        prop_assert_eq!(next, region.has(x + 1, y + 1).then_some((x + 1, y + 1)));
    }

    #[test]
    fn neighbours_part_every_point_once(
        x0 in -4e7..4e7_f64, cell in cell_sizes(), n in 2_u32..500, cut in 1_u32..499, u in -0.1..1.1_f64,
        on_edge in any::<bool>(),
    ) {
        prop_assume!(cut < n);
        let whole = Region::new(bounds((x0, 0.0), (x0 + f64::from(n) * cell, cell)), cell).unwrap();
        prop_assume!(cut < whole.width());
        let height = whole.height();
        let left = whole.part(Window { x: 0, y: 0, width: cut, height }).unwrap();
        let right = whole.part(Window { x: cut, y: 0, width: whole.width() - cut, height }).unwrap();
        let edge = whole.cell_bounds(cut, 0).unwrap().min.x;
        prop_assert_eq!(left.bounds().max.x, edge);
        prop_assert_eq!(right.bounds().min.x, edge);
        let b = whole.bounds();
        let p = DVec2::new(if on_edge { edge } else { b.min.x + u * b.size().x }, cell / 2.0);
        let parts = [left.world_to_cell(p), right.world_to_cell(p).map(|(x, y)| (x + cut, y))];
        prop_assert_eq!(parts.iter().flatten().count(), usize::from(b.contains(p)));
        prop_assert_eq!(parts.into_iter().flatten().next(), whole.world_to_cell(p));
        // A region of its own that begins where the first ends is as good.
        let own = Region::new(Bounds { min: DVec2::new(edge, 0.0), ..b }, cell).unwrap();
        prop_assert_eq!(
            u8::from(left.bounds().contains(p)) + u8::from(own.bounds().contains(p)),
            u8::from(b.contains(p) || own.bounds().contains(p))
        );
    }
}

#[test]
fn regions_grow_as_far_as_the_world_goes() {
    let at = |x, y, w: f64, h: f64| Bounds { min: DVec2::new(x, y), max: DVec2::new(x + w, y + h) };
    let region = Region::in_world(at(1000.0, 300.0, 500.0, 400.0), 100.0).unwrap();
    let grown = region.grown([2, 9, 1, 4]);
    assert_eq!((grown.width(), grown.height()), (5 + 3, 4 + 3 + 4));
    assert_eq!(grown.bounds().min, DVec2::new(800.0, 0.0));
    let window = grown.window_of(&region).unwrap();
    assert_eq!((window.x, window.y, window.width, window.height), (2, 3, 5, 4));
    assert_eq!(grown.part(window), Some(region));
    assert_eq!(region.window_of(&grown), None);
    assert_eq!(region.grown([0; 4]), region);
    let flat = Region::new(at(0.0, 0.0, 10.0, 10.0), 1.0).unwrap().grown([3, 2, 1, 0]);
    assert_eq!((flat.bounds().min, flat.width(), flat.height()), (DVec2::new(-3.0, -2.0), 14, 12));
}
