use super::*;
use proptest::prelude::*;

fn field(width: usize, height: usize, cell: f64, z: impl Fn(f64, f64) -> f64) -> Field {
    let centre = |i: usize| (i as f64 + 0.5) * cell;
    let values = (0..width * height).map(|i| z(centre(i % width), centre(i / width))).collect();
    Field { width, height, dx: vec![cell; height].into(), dy: cell, values }
}

fn noise(cell: usize, salt: u64) -> f64 {
    let mut z = (cell as u64 ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 11) as f64 / (1u64 << 53) as f64
}

fn water(options: Options) -> Water {
    Water::new(options).unwrap()
}

/// Mean difference of depths along a channel from what they should be.
fn mean_error(sheet: &Sheet, wanted: impl Fn(f64) -> f64) -> f64 {
    let n = sheet.width().max(sheet.height());
    let cell = sheet.bed.dy;
    (0..n).map(|i| (sheet.depth[i] - wanted((i as f64 + 0.5) * cell)).abs()).sum::<f64>() / n as f64
}

/// A channel of 2000 m whose dam at 1000 m breaks, along x or along y.
fn dam(n: usize, right: f64, along_y: bool, seconds: f64) -> Sheet {
    let cell = 2000.0 / n as f64;
    let (width, height) = if along_y { (1, n) } else { (n, 1) };
    let mut sheet = Sheet::dry(field(width, height, cell, |_, _| 0.0));
    (0..n).for_each(|i| sheet.depth[i] = if i < n / 2 { 10.0 } else { right });
    let report = water(Options::default()).advance(&mut sheet, seconds).unwrap();
    assert!(report.water.error() < 1e-13, "{report:?}");
    sheet
}

const G: f64 = 9.81;

/// Ritter (1892): a dam breaks onto dry ground.
#[test]
fn dam_break_on_dry_ground() {
    let c = (G * 10.0).sqrt();
    let t = 40.0;
    let ritter = |x: f64| {
        let s = (x - 1000.0) / t;
        if s <= -c {
            10.0
        } else if s >= 2.0 * c {
            0.0
        } else {
            (2.0 * c - s).powi(2) / (9.0 * G)
        }
    };
    let errors = [200, 800].map(|n| mean_error(&dam(n, 0.0, false, t), ritter));
    assert!(errors[0] < 0.08 && errors[1] < 0.025, "{errors:?}");
    assert!(errors[0] / errors[1] > 2.2, "converges: {errors:?}");
    let (x, y) = (dam(100, 0.0, false, t), dam(100, 0.0, true, t));
    for (a, b) in x.depth.iter().zip(&y.depth).chain(x.momentum_x.iter().zip(&y.momentum_y)) {
        assert!((a - b).abs() < 1e-11, "the same along y: {a} {b}");
    }
}

/// Rows are done in strips, columns are not: a channel along either is the same.
#[test]
fn strips_do_not_show() {
    for n in [512, 513, 514, 1025] {
        let bed = |i: usize| 0.3 * noise(i, 7) + 0.002 * i as f64;
        let run = |along_y: bool| {
            let (width, height) = if along_y { (3, n) } else { (n, 3) };
            let mut sheet = Sheet::dry(field(width, height, 1.0, |_, _| 0.0));
            for cell in 0..3 * n {
                let i = if along_y { cell / 3 } else { cell % n };
                sheet.bed.values[cell] = bed(i);
                sheet.depth[cell] = 1.0 + noise(i, 8);
            }
            let edge = Edges { east: Edge::Open, north: Edge::Open, west: Edge::Wall, south: Edge::Wall };
            let edges = if along_y {
                Edges { east: Edge::Wall, ..edge }
            } else {
                Edges { north: Edge::Wall, ..edge }
            };
            let options = Options { edges, erosion: Some(Erosion::default()), ..Options::default() };
            water(options).advance(&mut sheet, 5.0).unwrap();
            sheet
        };
        let (x, y) = (run(false), run(true));
        for i in 0..n {
            for (a, b) in [
                (x.depth[n + i], y.depth[3 * i + 1]),
                (x.bed.values[n + i], y.bed.values[3 * i + 1]),
                (x.sediment[n + i], y.sediment[3 * i + 1]),
                (x.momentum_x[n + i], y.momentum_y[3 * i + 1]),
            ] {
                assert!((a - b).abs() < 1e-10, "{n} {i}: {a} {b}");
            }
        }
    }
}

/// Stoker (1957): onto water 1 m deep, with a bore ahead.
#[test]
fn dam_break_on_water() {
    let (t, deep, shallow) = (60.0, 10.0_f64, 1.0_f64);
    let c = (G * deep).sqrt();
    // The middle depth, where what the rarefaction gives meets what the bore takes.
    let gap = |h: f64| {
        2.0 * (c - (G * h).sqrt()) - (h - shallow) * (0.5 * G * (h + shallow) / (h * shallow)).sqrt()
    };
    let (mut low, mut high) = (shallow, deep);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if gap(middle) > 0.0 { low = middle } else { high = middle }
    }
    let middle = low;
    let speed = 2.0 * (c - (G * middle).sqrt());
    let bore = middle * speed / (middle - shallow);
    let stoker = |x: f64| {
        let s = (x - 1000.0) / t;
        if s <= -c {
            deep
        } else if s <= speed - (G * middle).sqrt() {
            (2.0 * c - s).powi(2) / (9.0 * G)
        } else if s <= bore {
            middle
        } else {
            shallow
        }
    };
    let errors = [200, 800].map(|n| mean_error(&dam(n, shallow, false, t), stoker));
    assert!(errors[0] < 0.08 && errors[1] < 0.025, "{errors:?}");
    let sheet = dam(800, shallow, false, t);
    let front = (0..800).rfind(|&i| sheet.depth[i] > 0.5 * (middle + shallow)).unwrap() as f64 * 2.5;
    assert!((front - 1000.0 - bore * t).abs() < 10.0, "{front} {}", bore * t);
}

/// Thacker (1981): a plane surface going round in a bowl, wetting and drying its shore.
fn thacker(n: usize, turns: f64) -> (f64, f64) {
    let (a, h0, eta) = (1.0, 0.1, 0.5);
    let cell = 4.0 / n as f64;
    let bowl = |x: f64, y: f64| {
        let (x, y) = (x - 2.0, y - 2.0);
        -h0 * (1.0 - (x * x + y * y) / (a * a))
    };
    let omega = (2.0 * G * h0).sqrt() / a;
    let exact = |t: f64| {
        move |x: f64, y: f64| {
            let (px, py) = (x - 2.0, y - 2.0);
            let (cos, sin) = ((omega * t).cos(), (omega * t).sin());
            let level = eta * h0 / (a * a) * (2.0 * px * cos + 2.0 * py * sin - eta);
            (level - bowl(x, y)).max(0.0)
        }
    };
    let mut sheet = Sheet::dry(field(n, n, cell, bowl));
    sheet.depth = field(n, n, cell, exact(0.0)).values;
    for i in 0..n * n {
        // Everything moves with the same speed.
        sheet.momentum_y[i] = sheet.depth[i] * eta * omega;
    }
    let t = turns * 2.0 * std::f64::consts::PI / omega;
    let report = water(Options::default()).advance(&mut sheet, t).unwrap();
    assert!(report.water.error() < 1e-12, "{report:?}");
    let wanted = field(n, n, cell, exact(t)).values;
    let wrong: f64 = sheet.depth.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).sum();
    let slosh: f64 = sheet.depth.iter().enumerate().map(|(i, d)| d * ((i % n) as f64 + 0.5) * cell).sum();
    (
        wrong / wanted.iter().sum::<f64>(),
        slosh / sheet.depth.iter().sum::<f64>() - 2.0 - eta * (omega * t).cos(),
    )
}

#[test]
fn bowl_of_thacker() {
    let (coarse, fine) = (thacker(50, 0.25), thacker(100, 0.25));
    assert!(fine.0 < 0.02 && coarse.0 / fine.0 > 1.7, "{coarse:?} {fine:?}");
    let turn = thacker(64, 1.0);
    assert!(turn.0 < 0.04 && turn.1 < 0.0 && turn.1 > -0.02, "{turn:?}");
}

#[test]
fn a_lake_with_islands_is_exactly_still() {
    let (width, height) = (60, 50);
    let mut bed = field(width, height, 1.0, |x, y| 3000.0 + (x * 0.7).sin() + (y * 0.9).cos());
    bed.dx = (0..height).map(|row| 1.0 - 0.003 * row as f64).collect();
    let mut sheet = Sheet::dry(bed);
    // Terraces as well: bed higher than any water nearby.
    (0..height).for_each(|row| sheet.bed.values[row * width + 17] += 5.0);
    let level = 3000.6;
    for cell in 0..width * height {
        sheet.depth[cell] = (level - sheet.bed.values[cell]).max(0.0);
    }
    assert!(sheet.depth.iter().filter(|&&depth| depth == 0.0).count() > 300, "there are islands");
    let before = sheet.clone();
    for edges in [Edges::default(), Edges::all(Edge::Level(level)), Edges::all(Edge::Open)] {
        water(Options { edges, ..Options::default() }).advance(&mut sheet, 100.0).unwrap();
        if edges == Edges::all(Edge::Open) {
            // An open edge shows the lake its own water.
            assert!(before.depth.iter().zip(&sheet.depth).all(|(a, b)| a == b));
        }
        assert_eq!(sheet, before);
    }
}

fn hills(width: usize, height: usize) -> Sheet {
    let mut bed =
        field(width, height, 5.0, |x, y| 20.0 + 8.0 * (x * 0.05).sin() * (y * 0.04).cos() + 0.05 * x);
    bed.values.iter_mut().enumerate().for_each(|(cell, z)| *z += 0.3 * noise(cell, 1));
    bed.dx = (0..height).map(|row| 5.0 - 0.002 * row as f64).collect();
    let mut sheet = Sheet::dry(bed);
    (0..width * height).for_each(|cell| sheet.depth[cell] = noise(cell, 2) * noise(cell, 3));
    sheet
}

fn stormy(width: usize, height: usize) -> Options {
    Options {
        friction: Friction::Manning(0.03),
        rain: Supply::Cells((0..width * height).map(|cell| 1e-4 * noise(cell, 4)).collect()),
        evaporation: 1e-6,
        infiltration: Supply::Uniform(2e-5),
        edges: Edges { west: Edge::Open, south: Edge::Level(15.0), ..Edges::default() },
        erosion: Some(Erosion {
            erodibility: Some((0..width * height).map(|cell| noise(cell, 5)).collect()),
            ..Erosion::default()
        }),
        ..Options::default()
    }
}

#[test]
fn water_and_solids_are_accounted_for() {
    let (width, height) = (64, 48);
    let mut sheet = hills(width, height);
    let mut process = water(stormy(width, height));
    let mut steps = 0;
    let first = solid(&sheet);
    let [mut gained, mut lost, mut moved] = [0.0; 3];
    for _ in 0..10 {
        let report = process.advance(&mut sheet, 100.0).unwrap();
        assert!(report.water.error() < 1e-12, "{:?}", report.water);
        assert!(report.solid.error() < 1e-12, "{:?}", report.solid);
        assert!(report.water.gained > 0.0 && report.water.lost > 0.0 && report.solid.lost > 0.0);
        gained += report.solid.gained;
        lost += report.solid.lost;
        moved += report.solid.moved;
        steps += report.sub_steps;
    }
    assert!(steps > 2000, "{steps}");
    let open = (first + gained - lost - solid(&sheet)).abs();
    assert!(open < 1e-9 * moved, "even against what was moved: {open} of {moved}");
    assert!(sheet.depth.iter().all(|&depth| depth >= 0.0));
    assert!(sheet.sediment.iter().all(|&solid| solid > -1e-15));
}

#[test]
fn threads_do_not_show() {
    let (width, height) = (131, 140);
    let results = [1, 2, 8].map(|threads| {
        let mut sheet = hills(width, height);
        let mut process = water(Options { threads, ..stormy(width, height) });
        let report = process.advance(&mut sheet, 20.0).unwrap();
        (sheet, report)
    });
    assert!(results[0] == results[1] && results[0] == results[2]);
}

#[test]
fn one_step_or_many_conserve_alike() {
    let mut sheet = hills(40, 40);
    let whole = sheet.water();
    let mut process = water(Options::default());
    for _ in 0..200 {
        process.advance(&mut sheet, 0.37).unwrap();
    }
    assert!((sheet.water() / whole - 1.0).abs() < 1e-12);
}

/// On a plane under steady rain, what runs off in the end is what falls: q = rain · length, with Manning's depth.
#[test]
fn steady_runoff() {
    let (n, slope, rain, manning) = (100, 0.05, 1e-5, 0.05);
    let mut sheet = Sheet::dry(field(n, 3, 1.0, |x, _| slope * (100.0 - x)));
    let options = Options {
        friction: Friction::Manning(manning),
        rain: Supply::Uniform(rain),
        edges: Edges { east: Edge::Open, ..Edges::default() },
        ..Options::default()
    };
    water(options).advance(&mut sheet, 2000.0).unwrap();
    let cell = n + 80;
    let flow = rain * 80.5;
    assert!((sheet.momentum_x[cell] / flow - 1.0).abs() < 0.02, "{}", sheet.momentum_x[cell] / flow);
    let depth = (flow * manning / slope.sqrt()).powf(0.6);
    assert!((sheet.depth[cell] / depth - 1.0).abs() < 0.05, "{} {depth}", sheet.depth[cell]);
}

#[test]
fn all_dries_in_the_end() {
    let mut sheet = hills(30, 30);
    let options = Options { evaporation: 1e-2, erosion: Some(Erosion::default()), ..Options::default() };
    let report = water(options).advance(&mut sheet, 300.0).unwrap();
    assert_eq!(sheet.water(), 0.0);
    assert_eq!(sheet.suspended(), 0.0);
    assert!(report.water.error() < 1e-12 && report.solid.error() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_flood_stays_whole(width in 1usize..24, height in 1usize..24, salt in 0u64..1000, rough in 0.0f64..50.0) {
        let mut sheet = Sheet::dry(field(width, height, 1.0, |_, _| 0.0));
        for cell in 0..width * height {
            sheet.bed.values[cell] = rough * noise(cell, salt);
            sheet.depth[cell] = if noise(cell, salt + 1) < 0.5 { 0.0 } else { 3.0 * noise(cell, salt + 2) };
            sheet.momentum_x[cell] = sheet.depth[cell] * 4.0 * (noise(cell, salt + 3) - 0.5);
        }
        let report = water(Options::default()).advance(&mut sheet, 5.0).unwrap();
        prop_assert!(sheet.depth.iter().all(|&depth| depth >= 0.0));
        prop_assert!(report.water.error() < 1e-12, "{report:?}");
        prop_assert!(sheet.momentum_x.iter().chain(&sheet.momentum_y).all(|q| q.is_finite()));
    }
}

#[test]
fn nonsense_is_refused() {
    let options = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        Water::new(options)
    };
    assert!(matches!(options(|o| o.courant = 0.7), Err(WaterError::Option { what: "courant", .. })));
    assert!(matches!(
        options(|o| o.rain = Supply::Uniform(-1.0)),
        Err(WaterError::Option { what: "rain", .. })
    ));
    assert!(options(|o| o.friction = Friction::Manning(f64::NAN)).is_err());
    assert!(options(|o| o.edges.west = Edge::Level(f64::INFINITY)).is_err());
    let mut process = options(|_| ()).unwrap();
    let sound = Sheet::dry(field(4, 4, 1.0, |_, _| 1.0));
    let mut try_with = |change: fn(&mut Sheet), dt: f64| {
        let mut sheet = sound.clone();
        change(&mut sheet);
        process.advance(&mut sheet, dt).unwrap_err()
    };
    assert!(matches!(try_with(|s| s.depth[3] = -0.1, 1.0), WaterError::Value { what: "depth", cell: 3, .. }));
    assert!(matches!(try_with(|s| s.bed.values[5] = f64::NAN, 1.0), WaterError::Value { cell: 5, .. }));
    assert!(matches!(try_with(|s| s.momentum_x.clear(), 1.0), WaterError::Size { found: 0, .. }));
    assert_eq!(try_with(|_| (), f64::INFINITY), WaterError::Step(f64::INFINITY));
    assert!(matches!(try_with(|s| s.depth[0] = 1.0, 1e12), WaterError::TooLong { .. }));
}
