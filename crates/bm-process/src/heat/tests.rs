use super::*;
use proptest::prelude::*;

fn field(width: usize, height: usize, dx: impl Fn(usize) -> f64, t: impl Fn(usize, usize) -> f64) -> Field {
    let values = (0..width * height).map(|i| t(i % width, i / width)).collect();
    Field { width, height, dx: (0..height).map(dx).collect(), dy: 1.0, values }
}

/// Some number for a cell, the same every time.
fn noise(cell: usize, salt: u64) -> f64 {
    let mut z = (cell as u64 ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 11) as f64 / (1u64 << 53) as f64
}

fn media(cells: usize) -> [Medium; 3] {
    [
        Medium::Uniform(1.0),
        Medium::Diffusivity((0..cells).map(|c| noise(c, 1)).collect()),
        Medium::Conductivity {
            conductivity: (0..cells).map(|c| if noise(c, 2) < 0.1 { 0.0 } else { noise(c, 2) }).collect(),
            capacity: (0..cells).map(|c| 0.5 + noise(c, 3)).collect(),
        },
    ]
}

/// One sub-step at a time, cell by cell, all from the definition.
fn naive(ground: &Field, medium: &Medium, edges: Edges, dt: f64, steps: usize) -> Vec<f64> {
    let (w, h) = (ground.width as isize, ground.height as isize);
    let mut now = ground.values.clone();
    for _ in 0..steps {
        let mut next = now.clone();
        for y in 0..h {
            for x in 0..w {
                if edges.holds(x as usize, y as usize, w as usize, h as usize) {
                    continue;
                }
                let at = |x: isize, y: isize| (y * w + x) as usize;
                let here = at(x, y);
                let k = |cell: usize| match medium {
                    Medium::Uniform(a) => *a,
                    Medium::Diffusivity(a) => a[cell],
                    Medium::Conductivity { conductivity, .. } => conductivity[cell],
                };
                let mut flux = 0.0;
                for (ox, oy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                    let (mut nx, mut ny) = (x + ox, y + oy);
                    if edges.east == Edge::Periodic {
                        nx = nx.rem_euclid(w);
                    }
                    if edges.north == Edge::Periodic {
                        ny = ny.rem_euclid(h);
                    }
                    if nx < 0 || nx >= w || ny < 0 || ny >= h {
                        continue;
                    }
                    let there = at(nx, ny);
                    let (a, b) = (k(here), k(there));
                    let mean = if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 };
                    let (dx, dx2) = (ground.dx[y as usize], ground.dx[ny as usize]);
                    let shape = if oy == 0 { ground.dy / dx } else { 0.5 * (dx + dx2) / ground.dy };
                    flux += mean * shape * (now[there] - now[here]);
                }
                let c = match medium {
                    Medium::Conductivity { capacity, .. } => capacity[here],
                    _ => 1.0,
                };
                next[here] += dt * flux / (c * ground.dx[y as usize] * ground.dy);
            }
        }
        now = next;
    }
    now
}

fn edge_sets() -> Vec<Edges> {
    use Edge::{Fixed, NoFlux, Periodic};
    let mut all = vec![];
    for (west, east) in [(NoFlux, NoFlux), (Fixed, NoFlux), (Fixed, Fixed), (Periodic, Periodic)] {
        for (south, north) in [(NoFlux, NoFlux), (NoFlux, Fixed), (Fixed, Fixed), (Periodic, Periodic)] {
            all.push(Edges { west, east, south, north });
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn equals_the_definition(width in 1usize..40, height in 1usize..40, steps in 1usize..30, salt in 0u64..99) {
        let ground = field(width, height, |y| 0.8 + 0.01 * y as f64, |x, y| 20.0 * noise(y * width + x, salt));
        for edges in edge_sets() {
            for medium in media(width * height) {
                let mut heat = Heat::<f64>::new(&ground, &medium, edges).unwrap();
                let stable = heat.stable_step();
                let dt = if stable.is_finite() { stable * (steps as f64 - 0.5) } else { 1.0 };
                let steps = heat.sub_steps(dt);
                let mut ours = ground.clone();
                let ledger = heat.step(&mut ours, dt).unwrap();
                let theirs = naive(&ground, &medium, edges, dt / steps as f64, steps);
                for (a, b) in ours.values.iter().zip(&theirs) {
                    prop_assert!((a - b).abs() < 1e-11, "{a} {b} {edges:?}");
                }
                prop_assert!(ledger.error() < 1e-12, "{ledger:?} {edges:?}");
            }
        }
    }
}

#[test]
fn threads_do_not_show() {
    let (width, height) = (257, 300);
    let ground = field(width, height, |y| 1.0 - 0.001 * y as f64, |x, y| noise(y * width + x, 5));
    for edges in [Edges::all(Edge::Fixed), Edges::all(Edge::NoFlux), Edges::all(Edge::Periodic)] {
        for medium in media(width * height) {
            let results: Vec<_> = [1, 2, 8]
                .map(|threads| {
                    let mut state = ground.clone();
                    let mut heat = Heat::<f64>::new(&ground, &medium, edges).unwrap().threads(threads);
                    let ledger = heat.step(&mut state, heat.stable_step() * 29.5).unwrap();
                    (state.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), ledger)
                })
                .into();
            assert!(results[0] == results[1] && results[0] == results[2]);
        }
    }
}

/// A Gaussian stays one: σ² grows by 2αt in each direction.
#[test]
fn a_gaussian_spreads() {
    let error = |n: usize| {
        let cell = 10.0 / n as f64;
        let gauss = |variance: f64| {
            move |x: usize, y: usize| {
                let (x, y) = ((x as f64 + 0.5) * cell - 5.0, (y as f64 + 0.5) * cell - 5.0);
                (-(x * x + y * y) / (2.0 * variance)).exp() / variance
            }
        };
        let mut ground = field(n, n, |_| cell, gauss(0.25));
        ground.dy = cell;
        let mut heat = Heat::new(&ground, &Medium::Uniform(0.5), Edges::all(Edge::NoFlux)).unwrap();
        let ledger = heat.step(&mut ground, 0.25).unwrap();
        assert!(ledger.error() < 1e-13, "{ledger:?}");
        let wanted = field(n, n, |_| cell, gauss(0.5));
        let worst = ground.values.iter().zip(&wanted.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        worst / 2.0
    };
    let (coarse, fine) = (error(50), error(100));
    assert!(coarse < 0.01, "{coarse}");
    assert!((3.5..4.6).contains(&(coarse / fine)), "second order in space: {coarse} {fine}");
}

/// Two rocks between held ends: in the end the same heat flows through both.
#[test]
fn two_rocks_in_a_row() {
    let (width, height) = (42, 3);
    let mut ground = field(width, height, |_| 1.0, |x, _| if x == 0 { 100.0 } else { 0.0 });
    let conductivity = (0..width * height).map(|c| if c % width < 21 { 1.0 } else { 4.0 }).collect();
    let medium = Medium::Conductivity { conductivity, capacity: vec![1.0; width * height] };
    let edges = Edges { west: Edge::Fixed, east: Edge::Fixed, ..Edges::default() };
    let mut heat = Heat::<f64>::new(&ground, &medium, edges).unwrap();
    let ledger = heat.step(&mut ground, 20_000.0).unwrap();
    // Resistances: 20 faces of 1, one of 5/8, 20 of 1/4.
    let flow = 100.0 / (20.0 + 0.625 + 5.0);
    assert!((ground.values[1] - (100.0 - flow)).abs() < 1e-9);
    assert!((ground.values[41 - 1] - flow / 4.0).abs() < 1e-9);
    assert!(ledger.error() < 1e-9, "{ledger:?}");
    assert!(ledger.gained > ledger.lost);
}

#[test]
fn ledger_closes_over_ten_thousand_sub_steps() {
    let (width, height) = (40, 30);
    let mut ground = field(width, height, |_| 1.0, |x, y| 273.0 + noise(y * width + x, 7));
    let medium = media(width * height)[2].clone();
    let mut heat = Heat::<f64>::new(&ground, &medium, Edges::all(Edge::Periodic)).unwrap();
    let ledger = heat.step(&mut ground, heat.stable_step() * 10_000.0).unwrap();
    assert!(ledger.error() < 1e-12, "{}", ledger.error());
}

#[test]
fn nonsense_is_refused() {
    let mut ground = field(4, 4, |_| 1.0, |_, _| 1.0);
    let make = |medium: Medium, edges| Heat::<f64>::new(&field(4, 4, |_| 1.0, |_, _| 1.0), &medium, edges);
    let periodic = Edges { west: Edge::Periodic, ..Edges::default() };
    assert_eq!(make(Medium::Uniform(1.0), periodic).unwrap_err(), HeatError::Periodic);
    assert!(matches!(make(Medium::Uniform(-1.0), Edges::default()), Err(HeatError::Value { .. })));
    assert!(matches!(make(Medium::Uniform(f64::NAN), Edges::default()), Err(HeatError::Value { .. })));
    assert!(matches!(
        make(Medium::Diffusivity(vec![1.0; 15]), Edges::default()),
        Err(HeatError::Size { .. })
    ));
    let mut heat = make(Medium::Uniform(1.0), Edges::default()).unwrap();
    assert_eq!(heat.step(&mut ground, -1.0), Err(HeatError::Step(-1.0)));
    assert!(matches!(heat.step(&mut ground, 1e9), Err(HeatError::Unstable { most: 250_000.0, .. })));
    ground.values[5] = f64::INFINITY;
    let refused = heat.step(&mut ground, 1.0);
    assert_eq!(refused, Err(HeatError::Value { what: "temperature", cell: 5, value: f64::INFINITY }));
    ground.values.pop();
    assert!(matches!(heat.step(&mut ground, 1.0), Err(HeatError::Size { .. })));
    let empty = Field { width: 0, height: 0, dx: [].into(), dy: 1.0, values: vec![] };
    assert!(Heat::<f64>::new(&empty, &Medium::Uniform(1.0), Edges::default()).is_err());
}

/// Alternating directions against the explicit scheme in many small steps, any edges and media; and whole.
#[test]
fn implicit_is_the_same_physics() {
    for (width, height) in [(1, 1), (1, 30), (30, 1), (70, 40)] {
        let ground = field(
            width,
            height,
            |y| 1.0 - 0.004 * y as f64,
            |x, y| 20.0 + (0.3 * x as f64).sin() * (0.2 * y as f64).cos(),
        );
        for edges in edge_sets() {
            for medium in media(width * height) {
                let heat = Heat::<f64>::new(&ground, &medium, edges).unwrap();
                let explicit = heat.clone();
                let implicit = heat.scheme(Scheme::Implicit);
                if [edges.east, edges.north].contains(&Edge::Periodic) {
                    assert_eq!(implicit.unwrap_err(), HeatError::PeriodicImplicit);
                    continue;
                }
                let mut fine = explicit.clone();
                let (mut a, mut b) = (ground.clone(), ground.clone());
                let t = if explicit.stable_step().is_finite() { explicit.stable_step() * 2.0 } else { 1.0 };
                for _ in 0..100 {
                    fine.step(&mut a, t / 100.0).unwrap();
                }
                let ledger = implicit.unwrap().step(&mut b, t).unwrap();
                assert!(ledger.error() < 1e-13, "{ledger:?} {edges:?}");
                let worst = a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 0.02, "{worst} {edges:?} {width}x{height}");
            }
        }
    }
}

#[test]
fn implicit_is_second_order_and_threads_do_not_show() {
    let (width, height) = (150, 130);
    let ground = field(width, height, |_| 1.0, |x, y| (0.1 * x as f64).sin() * (0.08 * y as f64).cos());
    let edges = Edges { west: Edge::Fixed, ..Edges::default() };
    let medium = media(width * height)[1].clone();
    let run = |steps: usize, threads: usize| {
        let mut state = ground.clone();
        let heat = Heat::<f64>::new(&ground, &medium, edges).unwrap().threads(threads);
        let mut heat = heat.scheme(Scheme::Implicit).unwrap();
        for _ in 0..steps {
            heat.step(&mut state, 20.0 / steps as f64).unwrap();
        }
        state.values
    };
    let exact = run(640, 0);
    let error = |steps: usize| {
        let values = run(steps, 0);
        values.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let (coarse, fine) = (error(20), error(40));
    assert!((3.0..5.0).contains(&(coarse / fine)), "{coarse} {fine}");
    assert!(run(3, 1) == run(3, 2) && run(3, 1) == run(3, 8));
}
