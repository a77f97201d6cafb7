use super::*;

#[test]
fn what_rises_and_sinks_is_counted() {
    let mut ground = Field::square(6, 5, 10.0, |x, _| x as f64);
    ground.dx = (0..5).map(|row| 10.0 - row as f64).collect();
    ground.values[7] = f64::NAN;
    let rates: Vec<f64> = (0..30).map(|cell| if cell % 6 < 3 { 2.0 } else { -1.0 }).collect();
    let [a, b, c] = [1, 2, 8].map(|threads| {
        let mut ground = ground.clone();
        let ledger = lift(&mut ground, Rate::Cells(&rates), 0.5, threads);
        (ground.values.iter().map(|z| z.to_bits()).collect::<Vec<_>>(), ledger)
    });
    assert!(a == b && a == c);
    assert!(a.1.error() < 1e-14, "{:?}", a.1);
    let areas: f64 = ground.dx.iter().sum::<f64>() * 10.0;
    assert!((a.1.gained - (3.0 * areas - 90.0)).abs() < 1e-9 && (a.1.lost - 1.5 * areas).abs() < 1e-9);
    assert!(f64::from_bits(a.0[7]).is_nan());
}

#[test]
fn plates_that_converge_raise_mountains() {
    let crust = Crust { thickness: 35e3, density: 2800.0, mantle: 3300.0 };
    let like = Field::square(20, 10, 1e3, |_, _| 0.0);
    // Towards the middle, by 1 cm a year over 20 km.
    let east: Vec<f64> = (0..200).map(|cell| -5e-7 * 1e3 * ((cell % 20) as f64 - 9.5)).collect();
    let rates = crust.rates(&like, &east, &vec![0.0; 200], 2);
    let wanted = 35e3 * 5e-7 * (5.0 / 33.0);
    assert!(rates.iter().all(|rate| (rate / wanted - 1.0).abs() < 1e-9), "{} {wanted}", rates[0]);
    // What only drifts does not rise, and neither does a plate that turns.
    let turn = |column: usize, row: usize| (-(row as f64 - 4.5) * 1e-3, (column as f64 - 9.5) * 1e-3);
    let (east, north): (Vec<_>, Vec<_>) = (0..200).map(|cell| turn(cell % 20, cell / 20)).unzip();
    assert!(crust.rates(&like, &east, &north, 1).iter().all(|rate| rate.abs() < 1e-15));
    // Along meridians that come together the same speed is convergence.
    let narrow = Field { dx: (0..10).map(|row| 1e3 - 10.0 * row as f64).collect(), ..like };
    let rates = crust.rates(&narrow, &vec![0.0; 200], &vec![0.01; 200], 1);
    assert!(rates.iter().all(|rate| *rate > 0.0));
}
