use super::*;

fn flat(width: usize, height: usize, cell: f64) -> Field {
    Field { width, height, dx: vec![cell; height].into(), dy: cell, values: vec![0.0; width * height] }
}

/// Kelvin's function kei, by its series (Abramowitz & Stegun 9.9.10 and 9.9.12).
fn kei(x: f64) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    let (mut ber, mut bei, mut psi_sum) = (0.0, 0.0, 0.0);
    let quarter = x * x / 4.0;
    // (x²/4)^n / (n!)², with the harmonic numbers.
    let (mut term, mut harmonic) = (1.0, 0.0);
    for n in 0..60 {
        let sign = if n / 2 % 2 == 0 { 1.0 } else { -1.0 };
        if n % 2 == 0 {
            ber += sign * term;
        } else {
            bei += sign * term;
            psi_sum += sign * (harmonic - EULER) * term;
        }
        harmonic += 1.0 / f64::from(n + 1);
        term *= quarter / f64::from((n + 1) * (n + 1));
    }
    -(x / 2.0).ln() * bei - std::f64::consts::FRAC_PI_4 * ber + psi_sum
}

#[test]
fn kei_is_kei() {
    // Abramowitz & Stegun, table 9.12.
    for (x, value) in
        [(0.1, -0.776_850_646), (1.0, -0.494_994_636_5), (2.0, -0.202_400_067_8), (5.0, 0.011_187_586_6)]
    {
        assert!((kei(x) - value).abs() < 1e-8, "{x} {}", kei(x));
    }
}

/// A load on one point of a plate without end: w = −P α² kei(r/α) / 2πD.
#[test]
fn point_load() {
    let plate = Plate::of_thickness(25e3);
    let alpha = plate.reach();
    let cell = alpha / 10.0;
    let (width, height) = (96, 80);
    let like = flat(width, height, cell);
    let force = 1e18;
    let mut load = vec![0.0; width * height];
    let (cx, cy) = (40, 37);
    load[cy * width + cx] = force / (cell * cell);
    let w = deflection(&like, &plate, Beyond::Unloaded, &load, 0).unwrap();
    let deepest = force * alpha * alpha / (8.0 * plate.rigidity);
    assert!((w[cy * width + cx] / deepest - 1.0).abs() < 2e-3, "{}", w[cy * width + cx] / deepest);
    let mut bulge = 0.0_f64;
    for row in 0..height {
        for column in 0..width {
            let (x, y) = (column as f64 - cx as f64, row as f64 - cy as f64);
            let r = cell * (x * x + y * y).sqrt();
            if r > 2.0 * cell {
                let wanted =
                    -force * alpha * alpha / (2.0 * std::f64::consts::PI * plate.rigidity) * kei(r / alpha);
                let got = w[row * width + column];
                assert!((got - wanted).abs() < 1e-3 * deepest, "{column} {row}: {got} {wanted}");
                bulge = bulge.min(got);
            }
        }
    }
    assert!(bulge < 0.0, "there is a bulge around");
}

/// On cells much finer than its reach the plate is bent on coarser ones: the same within a thousandth.
#[test]
fn fine_cells_bend_alike() {
    let plate = Plate::of_thickness(10e3);
    let (width, height) = (230, 190);
    let cell = plate.reach() / 60.0;
    let like = flat(width, height, cell);
    let mut load = vec![0.0; width * height];
    // A mountain, a lone peak near a corner, a canyon.
    for (i, load) in load.iter_mut().enumerate() {
        let (x, y) = ((i % width) as f64 - 90.0, (i / width) as f64 - 120.0);
        *load = 3e7 * (-(x * x + y * y) / 800.0).exp() - if i % width == 150 { 1e7 } else { 0.0 };
    }
    load[5 * width + 3] += 1e9;
    for beyond in [Beyond::Unloaded, Beyond::Mirrored, Beyond::Periodic] {
        let [a, b, c] = [1, 2, 8].map(|threads| deflection(&like, &plate, beyond, &load, threads).unwrap());
        assert!(a == b && a == c);
        let exact = solve(&load, (width, height), (cell, cell), &plate, beyond, 0).unwrap();
        assert!(a != exact, "it was bent on coarser cells");
        let deepest = exact.iter().copied().fold(0.0, f64::max);
        let worst = a.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1.5e-3 * deepest, "{beyond:?}: {worst} of {deepest}");
        let (sum, wanted): (f64, f64) = (a.iter().sum(), exact.iter().sum());
        assert!((sum / wanted - 1.0).abs() < 1e-3, "{sum} {wanted}");
    }
}

/// A wave of load: all of it is borne by a short one, none by a long one.
#[test]
fn waves_of_load() {
    let (width, height, cell) = (64, 40, 10e3);
    let like = flat(width, height, cell);
    let plate = Plate { fill: 1025.0, ..Plate::of_thickness(15e3) };
    for waves in [1, 3, 20] {
        let k = std::f64::consts::TAU * f64::from(waves) / (width as f64 * cell);
        let load: Vec<f64> =
            (0..width * height).map(|i| 1e6 * (k * (i % width) as f64 * cell).cos()).collect();
        let w = deflection(&like, &plate, Beyond::Periodic, &load, 0).unwrap();
        let factor = 1.0 / (plate.rigidity * k.powi(4) + (3300.0 - 1025.0) * 9.81);
        for (w, load) in w.iter().zip(&load) {
            assert!((w - load * factor).abs() < 1e-12 * 1e6 * factor.max(1e-12) + 1e-9);
        }
    }
    // Mirrored, an even load is an even load up to the edges.
    let w = deflection(&like, &plate, Beyond::Mirrored, &vec![1e7; width * height], 0).unwrap();
    let airy = 1e7 / ((3300.0 - 1025.0) * 9.81);
    assert!(w.iter().all(|w| (w / airy - 1.0).abs() < 1e-12));
}

#[test]
fn mountains_have_roots() {
    let mut ground = flat(20, 10, 1e4);
    ground.values = (0..200).map(|i| f64::from(i % 7) * 100.0).collect();
    let mut airy = Isostasy::airy(&ground).unwrap();
    let first = ground.clone();
    ground.values.iter_mut().for_each(|z| *z += 1000.0);
    let ledger = airy.step(&mut ground, 1.0).unwrap();
    let stays = 1000.0 * (1.0 - 2700.0 / 3300.0);
    assert!(ground.values.iter().zip(&first.values).all(|(a, b)| (a - b - stays).abs() < 1e-9));
    assert!(ledger.error() < 1e-13, "{ledger:?}");
    // In balance nothing moves any more.
    let settled = ground.clone();
    airy.compensate(&mut ground).unwrap();
    assert_eq!(ground, settled);
}

#[test]
fn threads_do_not_show() {
    let like = flat(75, 61, 8e3);
    let load: Vec<f64> = (0..75 * 61).map(|i| f64::from(i * 7919 % 1000) * 1e4).collect();
    for beyond in [Beyond::Unloaded, Beyond::Mirrored, Beyond::Periodic] {
        let [a, b, c] = [1, 2, 8]
            .map(|threads| deflection(&like, &Plate::of_thickness(2e4), beyond, &load, threads).unwrap());
        assert!(a == b && a == c);
    }
}

#[test]
fn nonsense_is_refused() {
    let like = flat(4, 4, 1e3);
    let plate = Plate::of_thickness(1e4);
    let go = |plate: Plate, load: &[f64]| deflection(&like, &plate, Beyond::Unloaded, load, 0);
    assert!(matches!(go(plate, &[0.0; 15]), Err(FlexureError::Size { found: 15, .. })));
    let mut load = [0.0; 16];
    load[7] = f64::NAN;
    assert!(matches!(go(plate, &load), Err(FlexureError::Value { at: 7, .. })));
    assert!(go(Plate { mantle: 1.0, fill: 2.0, ..plate }, &[0.0; 16]).is_err());
    assert!(go(Plate { rigidity: f64::INFINITY, ..plate }, &[0.0; 16]).is_err());
    assert!(matches!(go(Plate { rigidity: 1e60, ..plate }, &[0.0; 16]), Err(FlexureError::Reach { .. })));
    let empty = Field { width: 0, height: 0, dx: [].into(), dy: 1.0, values: vec![] };
    assert!(Isostasy::airy(&empty).is_err());
}
