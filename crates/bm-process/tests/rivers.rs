//! Rivers: against direct solutions, in balance, with sediment; ledgers; numbers of threads.

mod common;

use bm_process::field::Field;
use bm_process::hillslope::{Diffusion, Diffusivity};
use bm_process::route::{Edge, Flow, Rim, Router, Sinks};
use bm_process::stream_power::{Erodibility, StreamPower};
use common::{all_drain, bits, hills, rough, solve, terrain};
use proptest::prelude::*;

fn distance(field: &Field, a: usize, b: usize) -> f64 {
    let w = field.width;
    let dx = field.dx[a / w];
    match (a / w == b / w, a % w == b % w) {
        (true, _) => dx,
        (_, true) => field.dy,
        _ => (dx * dx + field.dy * field.dy).sqrt(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rivers_as_by_elimination((field, rim) in terrain(), k in 1e-6f64..1e-2, m in 0.2f64..0.8, threads in 1usize..4) {
        if !all_drain(&field, &rim, &[]) {
            return Ok(());
        }
        let mut flow = Flow::default();
        Router::new(rim).threads(threads).route(&field, &mut flow).unwrap();
        let receivers = flow.receivers();
        let (n, dt) = (field.values.len(), 500.0);
        // (1 + f) z − f z_r = z before; cells under water and at base level stay.
        let mut a = vec![vec![0.0; n]; n];
        let mut b = field.values.clone();
        for cell in 0..n {
            let receiver = receivers[cell] as usize;
            a[cell][cell] = 1.0;
            if b[cell].is_nan() {
                b[cell] = 0.0;
            } else if receiver != cell && field.values[cell] > field.values[receiver] {
                let f = k * dt * flow.area[cell].powf(m) / distance(&field, cell, receiver);
                a[cell][cell] += f;
                a[cell][receiver] = -f;
            }
        }
        let expected = solve(a, b);
        let mut cut = field.clone();
        let mut rivers = StreamPower::new(Erodibility::Uniform(k), m, 1.0);
        rivers.threads = threads;
        let ledger = rivers.erode(&mut cut, &flow, dt).unwrap();
        prop_assert!(ledger.error() < 1e-12);
        for ((z, was), expected) in cut.values.iter().zip(&field.values).zip(&expected) {
            prop_assert_eq!(z.is_nan(), was.is_nan());
            prop_assert!(z.is_nan() || (z - expected).abs() <= 1e-9 * (1.0 + was.abs()));
        }
    }

    #[test]
    fn sediment_as_by_elimination((field, rim) in terrain(), k in 1e-6f64..1e-2, m in 0.2f64..0.8, g in 0.01f64..5.0) {
        if !all_drain(&field, &rim, &[]) {
            return Ok(());
        }
        let mut flow = Flow::default();
        Router::new(rim).route(&field, &mut flow).unwrap();
        let receivers = flow.receivers();
        let (n, dt) = (field.values.len(), 500.0);
        let mut rivers = StreamPower::new(Erodibility::Uniform(k), m, 1.0);
        rivers.deposition = g;
        let mut after = field.clone();
        let ledger = rivers.erode(&mut after, &flow, dt).unwrap();
        prop_assert!(ledger.error() < 1e-11, "{:?}", ledger);
        for threads in [2, 8] {
            rivers.threads = threads;
            let mut again = field.clone();
            prop_assert_eq!(rivers.erode(&mut again, &flow, dt).unwrap(), ledger);
            prop_assert_eq!(bits(&again.values), bits(&after.values));
        }
        // u is by how much a cell is lowered: u = f (drop − u + u below) − G/A (what all cells above and it lose); nothing is
        // cut under water nor where what is dropped below would make the river run backwards.
        let cut = |cell: usize| {
            let below = receivers[cell] as usize;
            field.values[cell] > field.values[below] && after.values[cell] >= after.values[below]
        };
        let mut a = vec![vec![0.0; n]; n];
        let mut b = vec![0.0; n];
        for cell in 0..n {
            a[cell][cell] = 1.0;
            let below = receivers[cell] as usize;
            if below == cell || field.values[cell].is_nan() {
                continue;
            }
            if cut(cell) {
                let f = k * dt * flow.area[cell].powf(m) / distance(&field, cell, below);
                a[cell][cell] += f;
                a[cell][below] -= f;
                b[cell] = f * (field.values[cell] - field.values[below]);
            }
        }
        for above in (0..n).filter(|&cell| !field.values[cell].is_nan()) {
            let mut cell = above;
            while receivers[cell] as usize != cell {
                a[cell][above] += g / flow.area[cell] * field.cell_area(above / field.width);
                cell = receivers[cell] as usize;
            }
        }
        let lowered = solve(a, b);
        for cell in (0..n).filter(|&cell| !field.values[cell].is_nan()) {
            let (is, was) = (after.values[cell], field.values[cell]);
            prop_assert!(((was - is) - lowered[cell]).abs() <= 1e-9 * (1.0 + was.abs()), "{cell}: {} {}", was - is, lowered[cell]);
        }
        // What is cut is dropped or leaves.
        let volume = |sign: f64| -> f64 {
            let changes = field.values.iter().zip(&after.values).enumerate();
            changes.map(|(cell, (a, b))| if a.is_nan() { 0.0 } else { (sign * (a - b)).max(0.0) * field.cell_area(cell / field.width) }).sum()
        };
        let (eroded, dropped) = (volume(1.0), volume(-1.0));
        // The books know what is cut, heights only what is left of it after rounding: on level land nothing may be.
        let all = |n: usize| if field.values[n].is_nan() { 0.0 } else { field.values[n].abs() * field.cell_area(n / field.width) };
        let rounding = f64::EPSILON * (0..n).map(all).sum::<f64>();
        let slack = 1e-9 * ledger.moved + 2.0 * rounding;
        prop_assert!((eroded - dropped - ledger.lost).abs() <= slack, "{eroded} {dropped} {:?}", ledger);
        prop_assert!((ledger.moved - eroded).abs() <= slack, "{eroded} {:?}", ledger);
        prop_assert!(ledger.lost >= -1e-9 * ledger.moved);
    }
}

#[test]
fn rivers_in_balance_have_the_slopes_of_their_areas() {
    // Uplift U is cut away where K Aᵐ Sⁿ = U: S = (U/K)^(1/n) A^(−m/n).
    for (m, n) in [(0.5, 1.0), (0.6, 1.5)] {
        let (uplift, k, cell, dt) = (1e-3, 1e-5, 100.0, 2e4);
        let mut ground = rough(64, 48, 7);
        ground.dx.fill(cell);
        ground.dy = cell;
        let rim = Rim::default();
        let (mut router, mut flow) = (Router::new(rim), Flow::default());
        let mut rivers = StreamPower::new(Erodibility::Uniform(k), m, n);
        for cell in 0..ground.values.len() {
            if rim.is_fixed(64, 48, cell % 64, cell / 64) {
                ground.values[cell] = 0.0;
            }
        }
        for _ in 0..400 {
            for cell in 0..ground.values.len() {
                if !rim.is_fixed(64, 48, cell % 64, cell / 64) {
                    ground.values[cell] += uplift * dt;
                }
            }
            router.route(&ground, &mut flow).unwrap();
            assert!(rivers.erode(&mut ground, &flow, dt).unwrap().error() < 1e-12);
        }
        // Least squares through log S and log A.
        let receivers = flow.receivers();
        let points: Vec<(f64, f64)> = (0..ground.values.len())
            .filter(|&cell| receivers[cell] as usize != cell)
            .map(|cell| {
                let other = receivers[cell] as usize;
                let slope = (ground.values[cell] - ground.values[other]) / distance(&ground, cell, other);
                (flow.area[cell].ln(), slope.ln())
            })
            .collect();
        let count = points.len() as f64;
        let mean = points.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0 / count, s.1 + p.1 / count));
        let exponent = points.iter().map(|p| (p.0 - mean.0) * (p.1 - mean.1)).sum::<f64>()
            / points.iter().map(|p| (p.0 - mean.0).powi(2)).sum::<f64>();
        assert!((exponent + m / n).abs() < 0.01, "m {m} n {n}: slopes go with A^{exponent}");
    }
}

#[test]
fn rivers_for_any_number_of_threads() {
    let start = hills(90, 200, 3);
    for (n, threshold) in [(1.0, 0.0), (1.0, 1e-4), (1.5, 0.0), (0.7, 1e-4)] {
        for sinks in [Sinks::Flood, Sinks::Carve] {
            let run = |threads: usize| {
                let mut ground = start.clone();
                let (mut router, mut flow) =
                    (Router::new(Rim::default()).sinks(sinks).threads(threads), Flow::default());
                let mut rivers = StreamPower::new(
                    Erodibility::Cells((0..18_000).map(|n| 1e-4 * (1 + n % 5) as f64).collect()),
                    0.45,
                    n,
                );
                (rivers.threads, rivers.threshold) = (threads, threshold);
                let mut creep = Diffusion::new(Diffusivity::Uniform(0.01), Rim::default());
                creep.threads = threads;
                let mut books = Vec::new();
                for _ in 0..5 {
                    router.route(&ground, &mut flow).unwrap();
                    books.push(rivers.erode(&mut ground, &flow, 1e3).unwrap());
                    books.push(creep.step(&mut ground, 1e3).unwrap());
                }
                assert!(books.iter().all(|ledger| ledger.error() < 1e-12));
                (bits(&ground.values), books)
            };
            let one = run(1);
            assert_eq!(run(2), one);
            assert_eq!(run(8), one);
            // Nothing rises, and something was cut.
            assert!(one.1[0].lost > 0.0);
        }
    }
}

#[test]
fn rivers_with_sediment_are_steeper_in_balance() {
    // In balance all of U A passes each cell: K Aᵐ Sⁿ = U (1 + G), with the exponent −m/n as without sediment.
    for (m, n, g) in [(0.5, 1.0, 1.0), (0.5, 1.0, 3.0), (0.6, 1.5, 0.7), (0.4, 0.8, 0.5)] {
        let (uplift, k, dt) = (1e-3, 1e-5, 1e5);
        let mut ground = rough(40, 32, 3);
        let rim = Rim::default();
        let fixed = |cell: usize| rim.is_fixed(40, 32, cell % 40, cell / 40);
        (0..1280).filter(|&cell| fixed(cell)).for_each(|cell| ground.values[cell] = 0.0);
        let (mut router, mut flow) = (Router::new(rim), Flow::default());
        let mut rivers = StreamPower::new(Erodibility::Uniform(k), m, n);
        rivers.deposition = g;
        let mut ledger = None;
        for _ in 0..400 {
            (0..1280).filter(|&cell| !fixed(cell)).for_each(|cell| ground.values[cell] += uplift * dt);
            router.route(&ground, &mut flow).unwrap();
            let done = rivers.erode(&mut ground, &flow, dt).unwrap();
            assert!(done.error() < 1e-11, "{done:?}");
            ledger = Some(done);
        }
        let came = (0..1280).filter(|&cell| !fixed(cell)).map(|_| uplift * dt * 900.0).sum::<f64>();
        assert!((ledger.unwrap().lost / came - 1.0).abs() < 1e-6);
        let receivers = flow.receivers();
        for cell in (0..1280).filter(|&cell| !fixed(cell)) {
            let below = receivers[cell] as usize;
            let slope = (ground.values[cell] - ground.values[below]) / distance(&ground, cell, below);
            let expected = (uplift * (1.0 + g) / (k * flow.area[cell].powf(m))).powf(1.0 / n);
            assert!((slope / expected - 1.0).abs() < 1e-4, "n {n} G {g}: {slope} {expected}");
        }
    }
}

#[test]
fn sediment_is_dropped_where_slopes_end() {
    // A steep slope above a plain: a fan grows on the plain.
    let rim = Rim { west: Edge::Fixed, ..Rim::all(Edge::Closed) };
    let start = Field::square(80, 20, 100.0, |x, y| {
        let ripple = ((x * 7 + y * 13) % 5) as f64 * 0.01;
        if x < 40 { x as f64 * 0.05 + ripple } else { 2.0 + (x - 40) as f64 * 20.0 + ripple }
    });
    let mut ground = start.clone();
    let (mut router, mut flow) = (Router::new(rim), Flow::default());
    let mut rivers = StreamPower::new(Erodibility::Uniform(2e-5), 0.4, 1.0);
    rivers.deposition = 2.0;
    let mut lost = 0.0;
    for _ in 0..50 {
        router.route(&ground, &mut flow).unwrap();
        let done = rivers.erode(&mut ground, &flow, 500.0).unwrap();
        assert!(done.error() < 1e-11);
        lost += done.lost;
    }
    let change = |columns: std::ops::Range<usize>| {
        columns
            .flat_map(|x| (0..20).map(move |y| y * 80 + x))
            .map(|n| ground.values[n] - start.values[n])
            .sum::<f64>()
    };
    assert!(change(20..40) > 100.0 && change(45..80) < -1000.0, "{} {}", change(20..40), change(45..80));
    assert!((change(0..80) * 1e4 + lost).abs() < 1e-9 * start.volume());
}

#[test]
fn pits_that_are_kept_fill_with_what_comes_down() {
    for (n, g) in [(1.0, 0.8), (1.4, 0.8), (1.0, 1e-3)] {
        let start = hills(50, 40, 6);
        let mut ground = start.clone();
        let mut flow = Flow::default();
        Router::new(Rim::all(Edge::Closed)).sinks(Sinks::Keep).route(&ground, &mut flow).unwrap();
        let mut rivers = StreamPower::new(Erodibility::Uniform(1e-4), 0.4, n);
        rivers.deposition = g;
        let ledger = rivers.erode(&mut ground, &flow, 300.0).unwrap();
        // Nothing leaves, whatever is cut is in a pit or on the way to it.
        assert!(ledger.lost == 0.0 && ledger.moved > 0.0 && ledger.error() < 1e-12, "{ledger:?}");
        for cell in (0..2000).filter(|&cell| flow.is_pit(cell as u32)) {
            assert!(ground.values[cell] >= start.values[cell]);
        }
    }
}

#[test]
fn a_threshold_spares_slow_water() {
    let start = Field::square(30, 5, 100.0, |x, _| x as f64 * 0.5);
    let rim = Rim { west: Edge::Fixed, ..Rim::all(Edge::Closed) };
    let mut flow = Flow::default();
    Router::new(rim).route(&start, &mut flow).unwrap();
    let cut = |threshold: f64| {
        let mut ground = start.clone();
        let mut rivers = StreamPower::new(Erodibility::Uniform(1e-5), 0.5, 1.0);
        rivers.threshold = threshold;
        rivers.erode(&mut ground, &flow, 1e4).unwrap().lost
    };
    assert!(cut(0.0) > cut(1e-6) && cut(1e-6) > cut(1e-5));
    assert_eq!(cut(1.0), 0.0);
}
