//! Creep where opposite edges are joined: against elimination, shifts, many small steps.

mod common;

use bm_process::field::Field;
use bm_process::hillslope::{CriticalSlope, Diffusion, Diffusivity};
use bm_process::route::{Edge, Rim};
use common::{bits, closes, hills, solve, terrain};
use proptest::prelude::*;

/// What the faces along rows, or across them, do: minus the flow to each cell a metre of height, as shares of the cell in half a
/// unit of time.
fn matrix(field: &Field, rim: &Rim, d: &[f64], across: bool) -> Vec<Vec<f64>> {
    let (w, h, n) = (field.width, field.height, field.values.len());
    let mut a = vec![vec![0.0; n]; n];
    let mut face = |p: usize, q: usize| {
        let (y, v) = (p / w, q / w);
        let conductance = 0.5
            * (d[p] + d[q])
            * if across { 0.5 * (field.dx[y] + field.dx[v]) / field.dy } else { field.dy / field.dx[y] };
        if field.values[p].is_nan() || field.values[q].is_nan() {
            return;
        }
        for (cell, other) in [(p, q), (q, p)] {
            if !rim.is_fixed(w, h, cell % w, cell / w) {
                let share = 0.5 * conductance / field.cell_area(cell / w);
                a[cell][cell] += share;
                a[cell][other] -= share;
            }
        }
    };
    for cell in 0..n {
        let (x, y) = (cell % w, cell / w);
        if across && y + 1 < h {
            face(cell, cell + w);
        } else if across && rim.north == Edge::Looped && h > 2 {
            face(cell, x);
        } else if !across && x + 1 < w {
            face(cell, cell + 1);
        } else if !across && rim.east == Edge::Looped && w > 2 {
            face(cell, y * w);
        }
    }
    a
}

fn times(a: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    a.iter().map(|row| row.iter().zip(b).map(|(a, b)| a * b).sum()).collect()
}

/// (1 + s A)⁻¹ b.
fn implicit(a: &[Vec<f64>], s: f64, b: Vec<f64>) -> Vec<f64> {
    let with_one = |(n, row): (usize, &Vec<f64>)| {
        row.iter().enumerate().map(|(m, a)| s * a + if m == n { 1.0 } else { 0.0 }).collect()
    };
    solve(a.iter().enumerate().map(with_one).collect(), b)
}

fn joined() -> impl Strategy<Value = Rim> {
    let edge = || prop_oneof![Just(Edge::Fixed), Just(Edge::Closed)];
    (any::<bool>(), any::<bool>(), [edge(), edge(), edge(), edge()]).prop_map(
        |(x, y, [west, east, south, north])| {
            let or = |joined: bool, edge| if joined { Edge::Looped } else { edge };
            // At least one pair.
            let x = x || !y;
            Rim { west: or(x, west), east: or(x, east), south: or(y, south), north: or(y, north) }
        },
    )
}

fn diffusivities(field: &Field, d: f64, cells: bool) -> Vec<f64> {
    (0..field.values.len()).map(|n| if cells { d * (1.0 + (n % 7) as f64) } else { d }).collect()
}

fn given(all: &[f64], cells: bool) -> Diffusivity {
    if cells { Diffusivity::Cells(all.to_vec()) } else { Diffusivity::Uniform(all[0]) }
}

fn near(a: &[f64], b: &[f64], field: &Field, share: f64) -> Result<(), TestCaseError> {
    let scale = field.values.iter().filter(|z| !z.is_nan()).fold(1.0, |most: f64, z| most.max(z.abs()));
    for (cell, (a, b)) in a.iter().zip(b).enumerate() {
        let hole = field.values[cell].is_nan();
        prop_assert!(if hole { a.is_nan() } else { (a - b).abs() <= share * scale }, "{cell}: {a} {b}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn creep_as_by_elimination((field, _) in terrain(), rim in joined(), d in 0.0f64..100.0, cells: bool, threads in 1usize..5) {
        let all = diffusivities(&field, d, cells);
        let (x, y) = (matrix(&field, &rim, &all, false), matrix(&field, &rim, &all, true));
        let dt = 30.0;
        let solid: Vec<f64> = field.values.iter().map(|z| if z.is_nan() { 0.0 } else { *z }).collect();
        let explicit = |a: &[Vec<f64>], z: &[f64]| -> Vec<f64> {
            z.iter().zip(times(a, z)).map(|(z, out)| z - dt * out).collect()
        };
        let half = implicit(&x, dt, explicit(&y, &solid));
        let expected = implicit(&y, dt, explicit(&x, &half));
        let mut after = field.clone();
        let mut creep = Diffusion::new(given(&all, cells), rim);
        creep.threads = threads;
        let ledger = creep.step(&mut after, dt).unwrap();
        near(&after.values, &expected, &field, 1e-9)?;
        prop_assert!(closes(&ledger, &field), "{ledger:?}");
    }

    #[test]
    fn gentle_slopes_as_by_elimination((field, _) in terrain(), rim in joined(), d in 0.0f64..10.0, cells: bool, threads in 1usize..5) {
        // Far from the critical slope the law is that of creep: (1 − dt X) (1 − dt Y) δ = dt ∇·q.
        let all = diffusivities(&field, d, cells);
        let (x, y) = (matrix(&field, &rim, &all, false), matrix(&field, &rim, &all, true));
        let dt = 30.0;
        let solid: Vec<f64> = field.values.iter().map(|z| if z.is_nan() { 0.0 } else { *z }).collect();
        let gain = times(&x, &solid).iter().zip(times(&y, &solid)).map(|(a, b)| -2.0 * dt * (a + b)).collect();
        let change = implicit(&y, 2.0 * dt, implicit(&x, 2.0 * dt, gain));
        let expected: Vec<f64> = (0..solid.len())
            .map(|n| solid[n] + if rim.is_fixed(field.width, field.height, n % field.width, n / field.width) { 0.0 } else { change[n] })
            .collect();
        let mut after = field.clone();
        let mut slopes = CriticalSlope::new(given(&all, cells), 1e9, rim);
        slopes.threads = threads;
        let ledger = slopes.step(&mut after, dt).unwrap();
        prop_assert_eq!(slopes.parts, 1);
        near(&after.values, &expected, &field, 1e-9)?;
        prop_assert!(closes(&ledger, &field), "{ledger:?}");
    }

    #[test]
    fn where_a_ring_begins_does_not_show(seed in 0u64..1000, by in (0usize..23, 0usize..9), critical in 0.5f64..3.0, cells: bool) {
        let (w, h) = (23, 9);
        let rim = Rim::all(Edge::Looped);
        let shift = |values: &[f64]| -> Vec<f64> {
            (0..w * h).map(|n| values[(n / w + by.1) % h * w + (n % w + by.0) % w]).collect()
        };
        let field = hills(w, h, seed);
        let all = diffusivities(&field, 0.5, cells);
        let moved = Field { values: shift(&field.values), ..field.clone() };
        let [one, two] = [(&field, all.clone()), (&moved, shift(&all))].map(|(field, d)| {
            let (mut creep, mut steep) = (field.clone(), field.clone());
            let d = given(&d, cells);
            let a = Diffusion::new(d.clone(), rim).step(&mut creep, 500.0).unwrap();
            let b = CriticalSlope::new(d, critical, rim).step(&mut steep, 500.0).unwrap();
            (creep.values, steep.values, [a.error(), b.error()])
        });
        near(&two.0, &shift(&one.0), &moved, 1e-11)?;
        near(&two.1, &shift(&one.1), &moved, 1e-9)?;
        prop_assert!(one.2.iter().all(|error| *error < 1e-12), "{:?}", one.2);
    }
}

#[test]
fn a_long_ring_of_steep_ground_keeps_its_volume_on_any_threads() {
    let mut start = hills(150, 140, 3);
    start.values.iter_mut().for_each(|z| *z *= 6.0);
    start.dx = (0..140).map(|y| 30.0 - f64::from(y) * 0.1).collect();
    for rim in [Rim::all(Edge::Looped), Rim { west: Edge::Looped, east: Edge::Looped, ..Rim::default() }] {
        let all = diffusivities(&start, 0.02, true);
        let run = |threads: usize| {
            let (mut creep, mut steep) = (start.clone(), start.clone());
            let mut linear = Diffusion::new(given(&all, true), rim);
            let mut slopes = CriticalSlope::new(given(&all, true), 1.1, rim);
            (linear.threads, slopes.threads) = (threads, threads);
            for _ in 0..5 {
                let errors = [linear.step(&mut creep, 1e4).unwrap(), slopes.step(&mut steep, 1e3).unwrap()];
                assert!(errors.iter().all(|ledger| ledger.error() < 1e-12), "{errors:?}");
            }
            [bits(&creep.values), bits(&steep.values)]
        };
        let one = run(1);
        assert!(one == run(2) && one == run(8));
    }
    // Level ground in the end, all round.
    let mut creep = start.clone();
    creep.dx.fill(30.0);
    let mean = creep.values.iter().sum::<f64>() / creep.values.len() as f64;
    Diffusion::new(Diffusivity::Uniform(1.0), Rim::all(Edge::Looped)).step(&mut creep, 1e3).unwrap();
    let volume = creep.values.iter().sum::<f64>() / creep.values.len() as f64;
    assert!((volume - mean).abs() < 1e-10);
}
