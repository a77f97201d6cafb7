//! Filled surfaces, receivers, orders and areas against the plain way of computing them.

mod common;

use bm_process::field::Field;
use bm_process::route::{
    Edge, Flow, Rim, RouteError, Router, Sinks, Spread, fill, fill_with_gradient, spread_area,
};
use common::{STEPS, all_drain, bits, hills, is_base, neighbours, relaxed, rough, steepest, terrain};
use proptest::prelude::*;

/// Donors before receivers, each cell once, areas the sum of what drains through.
fn check_flow(field: &Field, flow: &Flow) {
    let receivers = flow.receivers();
    let mut seen = vec![false; receivers.len()];
    let mut area: Vec<f64> = (0..receivers.len()).map(|cell| field.cell_area(cell / field.width)).collect();
    for cell in flow.downstream() {
        let receiver = receivers[cell as usize] as usize;
        assert!(!std::mem::replace(&mut seen[cell as usize], true), "cell {cell} is visited twice");
        if receiver != cell as usize {
            assert!(!seen[receiver], "cell {cell} comes after what it drains to");
            area[receiver] += area[cell as usize];
        }
    }
    for (cell, seen) in seen.into_iter().enumerate() {
        assert_eq!(seen, !field.values[cell].is_nan());
        if seen {
            assert!((flow.area[cell] / area[cell] - 1.0).abs() < 1e-12);
        } else {
            assert!(flow.area[cell].is_nan());
        }
    }
    let ground: f64 = (0..field.values.len())
        .filter(|&cell| !field.values[cell].is_nan())
        .map(|cell| field.cell_area(cell / field.width))
        .sum();
    let leaves: f64 = (0..receivers.len() as u32)
        .filter(|&cell| flow.is_base(cell) || flow.is_pit(cell))
        .map(|cell| flow.area[cell as usize])
        .sum();
    assert!((leaves - ground).abs() <= 1e-9 * ground, "{leaves} m² of {ground} leave");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn filled_as_by_relaxation((field, rim) in terrain()) {
        for gradient in [false, true] {
            let expected = relaxed(&field, &rim, &[], gradient);
            for threads in [1, 3] {
                let mut filled = field.clone();
                let result = if gradient {
                    fill_with_gradient(&mut filled, &rim, threads)
                } else {
                    fill(&mut filled, &rim, threads)
                };
                if all_drain(&field, &rim, &[]) {
                    prop_assert_eq!(result, Ok(()));
                    prop_assert_eq!(bits(&filled.values), bits(&expected), "gradient {}", gradient);
                } else {
                    let refused = matches!(result, Err(RouteError::NoOutlet { .. }));
                    prop_assert!(refused);
                    prop_assert_eq!(bits(&filled.values), bits(&field.values));
                }
            }
        }
    }

    #[test]
    fn receivers_as_by_trying((field, rim) in terrain(), outlet in 0u32..400) {
        let outlets: Vec<u32> = (outlet < field.values.len() as u32).then_some(outlet).into_iter().collect();
        let mut flow = Flow::default();
        let mut router = Router::new(rim).sinks(Sinks::Keep);
        router.outlets.clone_from(&outlets);
        router.route(&field, &mut flow).unwrap();
        prop_assert_eq!(flow.receivers(), steepest(&field, &field.values, &rim, &outlets));
        check_flow(&field, &flow);

        router.sinks = Sinks::Flood;
        let result = router.route(&field, &mut flow);
        if !all_drain(&field, &rim, &outlets) {
            let refused = matches!(result, Err(RouteError::NoOutlet { .. }));
            prop_assert!(refused);
            return Ok(());
        }
        let surface = relaxed(&field, &rim, &outlets, true);
        prop_assert_eq!(flow.receivers(), steepest(&field, &surface, &rim, &outlets));
        check_flow(&field, &flow);
    }

    #[test]
    fn carved_ways_leave_over_the_lowest_passes((field, rim) in terrain()) {
        let mut flow = Flow::default();
        if !all_drain(&field, &rim, &[]) {
            return Ok(());
        }
        Router::new(rim).sinks(Sinks::Carve).route(&field, &mut flow).unwrap();
        check_flow(&field, &flow);
        let water = relaxed(&field, &rim, &[], false);
        let receivers = flow.receivers();
        // The highest cell on each one's way down is as low as any way allows.
        let mut highest = field.values.clone();
        for cell in flow.downstream().rev() {
            let receiver = receivers[cell as usize] as usize;
            prop_assert!(receiver != cell as usize || flow.is_base(cell));
            highest[cell as usize] = field.values[cell as usize].max(highest[receiver]);
            prop_assert_eq!(highest[cell as usize], water[cell as usize]);
        }
    }

    #[test]
    fn any_number_of_threads((field, rim) in terrain(), seed in 0u64..1000) {
        for field in [field, hills(70, 90, seed)] {
            for sinks in [Sinks::Keep, Sinks::Flood, Sinks::Carve] {
                let route = |threads| {
                    let mut flow = Flow::default();
                    Router::new(rim).sinks(sinks).threads(threads).route(&field, &mut flow).map(|()| {
                        (flow.receivers(), bits(&flow.area))
                    })
                };
                let one = route(1);
                prop_assert_eq!(&route(2), &one);
                prop_assert_eq!(&route(8), &one);
            }
        }
    }
}

/// Shares of a cell's water by neighbour's number, the plain way; heights without flats.
fn shares(
    field: &Field,
    heights: &[f64],
    rim: &Rim,
    cell: usize,
    spread: Spread,
) -> Vec<(usize, usize, f64)> {
    let around = neighbours(field, rim, cell);
    let (dx, dy) = (field.dx[cell / field.width], field.dy);
    let length = |k: usize| match STEPS[k] {
        (_, 0) => dx,
        (0, _) => dy,
        _ => dx.hypot(dy),
    };
    let find = |k: usize| around.iter().find(|n| n.0 == k).map(|n| n.1).filter(|&n| !heights[n].is_nan());
    let z = heights[cell];
    match spread {
        Spread::Multiple { exponent } => {
            let lower: Vec<_> = around.iter().filter(|n| heights[n.1] < z).collect();
            // Of the least floats there are the slopes would be none.
            let slope = |&&(k, n): &&(usize, usize)| (z - heights[n]) * 1e150 / length(k);
            let steepest = lower.iter().map(slope).fold(0.0, f64::max);
            let parts: Vec<f64> = lower.iter().map(|n| (slope(n) / steepest).powf(exponent)).collect();
            let all: f64 = parts.iter().sum();
            lower.iter().zip(parts).map(|(n, part)| (n.0, n.1, part / all)).collect()
        }
        Spread::Infinite => {
            // Tarboton's table: the angle of each facet's steepest line, cut to its sides.
            let mut best = (0.0, Vec::new());
            for (e1, e2) in [(4, 2), (1, 2), (1, 0), (3, 0), (3, 5), (6, 5), (6, 7), (4, 7)] {
                let (d1, d2) = if e1 == 3 || e1 == 4 { (dx, dy) } else { (dy, dx) };
                let most = (d2 / d1).atan();
                let (slope, angle) = match (find(e1), find(e2)) {
                    (Some(a), Some(b)) => {
                        let (s1, s2) = ((z - heights[a]) / d1, (heights[a] - heights[b]) / d2);
                        let r = s2.atan2(s1);
                        if r < 0.0 {
                            (s1, 0.0)
                        } else if r > most {
                            ((z - heights[b]) / d1.hypot(d2), most)
                        } else {
                            (s1.hypot(s2), r)
                        }
                    }
                    (Some(a), None) => ((z - heights[a]) / d1, 0.0),
                    (None, Some(b)) => ((z - heights[b]) / d1.hypot(d2), most),
                    (None, None) => (0.0, 0.0),
                };
                if slope > best.0 * (1.0 + 1e-12) {
                    let to = [(e1, 1.0 - angle / most), (e2, angle / most)];
                    let given = to.iter().filter(|to| to.1 > 1e-12);
                    let list = given.filter_map(|&(k, share)| Some((k, find(k)?, share)));
                    best = (slope, list.collect());
                }
            }
            best.1
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn spread_water_as_from_the_highest_down((field, rim) in terrain(), exponent in 0.0f64..4.0) {
        for (spread, exact) in [(Spread::Multiple { exponent }, true), (Spread::Multiple { exponent: 1.0 }, true), (Spread::Infinite, false)] {
            let result = spread_area(&field, &rim, &[], spread, 1);
            if !all_drain(&field, &rim, &[]) {
                let refused = matches!(result, Err(RouteError::NoOutlet { .. }));
                prop_assert!(refused);
                return Ok(());
            }
            let area = result.unwrap();
            for threads in [2, 8] {
                prop_assert_eq!(bits(&spread_area(&field, &rim, &[], spread, threads).unwrap()), bits(&area));
            }
            let heights = relaxed(&field, &rim, &[], true);
            let mut order: Vec<usize> = (0..heights.len()).filter(|&cell| !heights[cell].is_nan()).collect();
            order.sort_by(|&a, &b| heights[b].total_cmp(&heights[a]));
            let mut expected: Vec<f64> = (0..heights.len()).map(|cell| field.cell_area(cell / field.width)).collect();
            let ground: f64 = order.iter().map(|&cell| expected[cell]).sum();
            for &cell in order.iter().filter(|&&cell| !is_base(&field, &rim, &[], cell)) {
                for (_, other, share) in shares(&field, &heights, &rim, cell, spread) {
                    expected[other] += share * expected[cell];
                }
            }
            let mut leaves = 0.0;
            for cell in 0..heights.len() {
                prop_assert_eq!(area[cell].is_nan(), heights[cell].is_nan());
                if is_base(&field, &rim, &[], cell) {
                    leaves += area[cell];
                }
                // Facets that slope alike may be told apart by rounding: then only the whole is compared.
                if exact && !area[cell].is_nan() {
                    prop_assert!((area[cell] / expected[cell] - 1.0).abs() < 1e-9, "{} {} {:?}", area[cell], expected[cell], spread);
                }
            }
            prop_assert!((leaves - ground).abs() <= 1e-9 * ground);
        }
    }
}

#[test]
fn spread_water_on_slopes_of_all_directions() {
    for seed in 0..20 {
        // Rough ground has no two facets alike.
        let mut field = rough(40, 30, seed);
        (field.dy, field.dx[3]) = (21.0, 33.0);
        let area = spread_area(&field, &Rim::default(), &[], Spread::Infinite, 3).unwrap();
        let mut filled = field.clone();
        fill_with_gradient(&mut filled, &Rim::default(), 1).unwrap();
        let mut order: Vec<usize> = (0..1200).collect();
        order.sort_by(|&a, &b| filled.values[b].total_cmp(&filled.values[a]));
        let mut expected: Vec<f64> = (0..1200).map(|cell| field.cell_area(cell / 40)).collect();
        let mut lakes = 0;
        for &cell in order.iter().filter(|&&cell| !is_base(&field, &Rim::default(), &[], cell)) {
            lakes += usize::from(filled.values[cell] > field.values[cell]);
            for (_, other, share) in shares(&field, &filled.values, &Rim::default(), cell, Spread::Infinite) {
                expected[other] += share * expected[cell];
            }
        }
        let near = area.iter().zip(&expected).filter(|(a, b)| (*a / *b - 1.0).abs() < 1e-9).count();
        // Of the cells of lakes some lie as near to two of the least heights there are.
        assert!(near >= 1200 - 2 * lakes, "seed {seed}: {near} of 1200 equal, {lakes} under water");
    }
    // A plane that falls to the west-south-west: every cell of a row gives the same two shares.
    let plane = Field::square(60, 60, 10.0, |x, y| 2.0 * x as f64 + y as f64);
    let area = spread_area(&plane, &Rim::default(), &[], Spread::Infinite, 1).unwrap();
    let share = 0.5_f64.atan() / std::f64::consts::FRAC_PI_4;
    let (here, east, oblique) = (area[20 * 60 + 20], area[20 * 60 + 21], area[21 * 60 + 21]);
    assert!((here - 100.0 - (1.0 - share) * east - share * oblique).abs() < 1e-9 * here);
    let refused = spread_area(&plane, &Rim::default(), &[], Spread::Multiple { exponent: -1.0 }, 1);
    assert_eq!(refused, Err(RouteError::Exponent { exponent: -1.0 }));
}

#[test]
fn routers_are_used_again() {
    let mut router = Router::new(Rim::default()).threads(2);
    let mut flow = Flow::default();
    for (field, seed) in
        [(rough(40, 50, 1), 1), (hills(64, 64, 2), 2), (rough(3, 90, 3), 3), (hills(64, 64, 4), 4)]
    {
        router.route(&field, &mut flow).unwrap();
        let mut fresh = Flow::default();
        Router::new(Rim::default()).route(&field, &mut fresh).unwrap();
        assert_eq!(flow.receivers(), fresh.receivers(), "seed {seed}");
        assert_eq!(bits(&flow.area), bits(&fresh.area));
    }
}

#[test]
fn large_flats_and_nested_hollows() {
    // One step down to a plain, with a hollow in a hollow.
    let field = Field::square(200, 150, 10.0, |x, y| match (x, y) {
        (90..110, 60..90) => -40.0 + (x as f64 - 100.0).abs(),
        (70..130, 40..110) => -20.0,
        _ => 7.0,
    });
    let mut filled = field.clone();
    fill(&mut filled, &Rim::default(), 2).unwrap();
    assert!(filled.values.iter().all(|&z| z == 7.0));
    let mut sloped = field.clone();
    fill_with_gradient(&mut sloped, &Rim::default(), 2).unwrap();
    assert_eq!(bits(&sloped.values), bits(&relaxed(&field, &Rim::default(), &[], true)));
    for sinks in [Sinks::Flood, Sinks::Carve] {
        let mut flow = Flow::default();
        Router::new(Rim::default()).sinks(sinks).route(&field, &mut flow).unwrap();
        check_flow(&field, &flow);
    }
}

#[test]
fn what_cannot_be_routed_says_why() {
    let mut flow = Flow::default();
    let flat = Field::square(5, 4, 10.0, |_, _| 1.0);
    let mut route = |field: &Field, rim: Rim, outlets: &[u32]| {
        let mut router = Router::new(rim);
        router.outlets = outlets.to_vec();
        router.route(field, &mut flow)
    };
    let closed = Rim::all(Edge::Closed);
    let basin = Field::square(5, 4, 10.0, |x, y| if (x, y) == (3, 2) { 0.5 } else { 1.0 });
    assert_eq!(route(&basin, closed, &[]), Err(RouteError::NoOutlet { column: 3, row: 2 }));
    assert_eq!(route(&basin, closed, &[7]), Ok(()));
    assert_eq!(route(&basin, closed, &[20]), Err(RouteError::UnknownOutlet { cell: 20, cells: 20 }));
    assert_eq!(route(&flat, Rim { west: Edge::Looped, ..closed }, &[]), Err(RouteError::HalfLooped));
    let infinite = Field::square(5, 4, 10.0, |x, y| if (x, y) == (1, 2) { f64::INFINITY } else { 1.0 });
    assert_eq!(route(&infinite, Rim::default(), &[]), Err(RouteError::Infinite { column: 1, row: 2 }));
    let thin = Field { dx: vec![10.0, 10.0, 0.0, 10.0].into(), ..flat.clone() };
    assert_eq!(route(&thin, Rim::default(), &[]), Err(RouteError::CellSize { row: 2, dx: 0.0, dy: 10.0 }));
    let short = Field { values: vec![0.0; 19], ..flat.clone() };
    assert_eq!(
        route(&short, Rim::default(), &[]),
        Err(RouteError::Shape { width: 5, height: 4, rows: 4, values: 19 })
    );
    let none = Field::square(0, 0, 10.0, |_, _| 1.0);
    assert!(matches!(route(&none, Rim::default(), &[]), Err(RouteError::Shape { .. })));
    // An island in a lake of holes has no outlet; one with an outlet of its own has.
    let island = Field::square(9, 9, 1.0, |x, y| match (x, y) {
        (3..6, 3..6) => 4.0,
        (2..7, 2..7) => f64::NAN,
        _ => 1.0,
    });
    assert_eq!(route(&island, Rim::default(), &[]), Err(RouteError::NoOutlet { column: 3, row: 3 }));
    assert_eq!(route(&island, Rim::default(), &[4 * 9 + 4]), Ok(()));
    // Nothing but holes is nothing to do.
    let holes = Field::square(6, 6, 1.0, |_, _| f64::NAN);
    assert_eq!(route(&holes, Rim::default(), &[]), Ok(()));
}
