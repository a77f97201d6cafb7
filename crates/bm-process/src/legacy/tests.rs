use super::*;

fn shape() -> Shape {
    Shape::new(8, 6, 2.0).unwrap()
}

#[test]
fn simple_erosion_as_written() {
    let shape = shape();
    let mut z = vec![10.0_f32; 48];
    z[19] = 7.0; // column 3, row 2
    let flow = vec![[3.0, 4.0]; 48];
    let mut sediment = vec![0.0; 48];
    let ledger = simple_erosion(shape, &mut z, &flow, &mut sediment, 10.0).unwrap();
    // The eight around the hollow: 0.001 · 3 m · 5 · 10 s.
    assert!((z[20] - (10.0 - 0.15)).abs() < 1e-6 && (z[28] - 9.85).abs() < 1e-6);
    assert_eq!((z[19], z[21], z[0]), (7.0, 10.0, 10.0));
    assert!((sediment[20] - 0.15).abs() < 1e-6);
    assert!((ledger.moved - 8.0 * 0.15 * 4.0).abs() < 1e-5, "{ledger:?}");
    let refused = simple_erosion(shape, &mut z, &flow, &mut sediment, 201.0);
    assert_eq!(refused, Err(LegacyError::Unstable { dt: 201.0, most: 200.0, limit: Limit::Drop }));
}

#[test]
fn thermal_as_written() {
    let shape = shape();
    let mut t = vec![20.0_f32; 48];
    t[19] = 28.0;
    let ledger = thermal(shape, &mut t, &[0.5; 48], 1.0).unwrap();
    assert_eq!((t[19], t[20], t[27], t[28]), (24.0, 21.0, 21.0, 20.0));
    assert!(ledger.error() < 1e-12 && ledger.lost == 0.0);
    let refused = thermal(shape, &mut t, &[0.5; 48], 2.5);
    assert_eq!(refused, Err(LegacyError::Unstable { dt: 2.5, most: 2.0, limit: Limit::Diffusion }));
    assert!(refused.unwrap_err().to_string().contains("2 s, the limit of diffusion"));
}

#[test]
fn hydraulic_as_written() {
    let shape = shape();
    let mut flow = Flow {
        elevation: (0..48).map(|cell| 0.1 * (cell % 8) as f32).collect(),
        depth: vec![0.4; 48],
        velocity: vec![[0.0; 2]; 48],
        sediment: vec![0.0; 48],
    };
    let report = hydraulic(shape, &mut flow, &Hydraulic::default(), 0.1).unwrap();
    // Inside: u = −9.81 · 0.05 · 0.1 s, less a hundredth for friction.
    let u = -9.81 * 0.05 * 0.1 * 0.99_f32;
    assert!((flow.velocity[19][0] - u).abs() < 1e-6 && flow.velocity[19][1].abs() < 1e-6);
    assert_eq!(flow.velocity[0], [0.0; 2]);
    // Beside the edge, where what flows is not the same on both sides, water comes or goes.
    assert!((flow.depth[17] - (0.4 - 0.4 * (u / 4.0) * 0.1)).abs() < 1e-6);
    let eroded = 0.01 * u * u * 0.1;
    let total: f32 = flow.sediment.iter().sum::<f32>() + flow.elevation.iter().sum::<f32>();
    assert!((total - 48.0 * 0.35).abs() < 1e-4, "solids are only moved: {total}");
    assert!(report.solid.moved > 0.0 && eroded > 0.0);

    let step = |flow: &mut Flow, dt: f64| hydraulic(shape, flow, &Hydraulic::default(), dt);
    assert!(matches!(step(&mut flow, 1.0), Err(LegacyError::Unstable { limit: Limit::Courant, .. })));
    let mut dry = Flow { depth: vec![0.0; 48], velocity: vec![[0.0; 2]; 48], ..flow.clone() };
    assert!(matches!(step(&mut dry, 2.5), Err(LegacyError::Unstable { limit: Limit::Deposition, .. })));
    dry.velocity[3][1] = f32::NAN;
    assert!(matches!(step(&mut dry, 0.1), Err(LegacyError::Value { what: "velocity", cell: 3, .. })));
}

#[test]
fn frost_faults_and_waves_as_written() {
    let shape = Shape::new(4, 1, 1.0).unwrap();
    let mut rocks = vec![Rock::Granite, Rock::Limestone, Rock::Soil, Rock::Sandstone];
    let mut damage = vec![0.99, 0.0, 0.95, 0.0];
    let hour = 3600.0;
    let turned = freeze_thaw(shape, &[0.0, 4.9, -4.0, 5.0], &mut rocks, &mut damage, 1000.0 * hour).unwrap();
    assert_eq!(turned, 2);
    assert_eq!(rocks, [Rock::Limestone, Rock::Limestone, Rock::Soil, Rock::Sandstone]);
    assert_eq!((damage[0], damage[2], damage[3]), (0.0, 0.0, 0.0));
    assert!((damage[1] - 0.3).abs() < 1e-6);
    let long = freeze_thaw(shape, &[0.0; 4], &mut rocks, &mut damage, 2001.0 * hour);
    assert!(matches!(long, Err(LegacyError::Unstable { limit: Limit::Damage, .. })));

    let mut z = vec![0.0_f32; 4];
    let ledger = fault(shape, &mut z, &[5.0, -5.0, 10.0, 0.0], 2.0, 10.0).unwrap();
    assert_eq!(z, [1.0, -1.0, 0.0, -2.0]);
    assert_eq!((ledger.moved, ledger.lost), (4.0, 2.0));

    let mut z = vec![10.0_f32; 4];
    let rocks = [Rock::Soil, Rock::Granite, Rock::Granite, Rock::Granite];
    wave_erosion(shape, &mut z, &[0.0, 0.0, 100.0, 99.0], &rocks, Waves::default(), hour).unwrap();
    assert!((z[0] - 9.6).abs() < 1e-6 && (z[1] - 9.99).abs() < 1e-6, "{z:?}");
    assert_eq!((z[2], z[3]), (10.0, 10.0));
}

#[test]
fn nonsense_is_refused() {
    assert!(Shape::new(0, 4, 1.0).is_err() && Shape::new(4, 4, 0.0).is_err());
    assert!(Shape::new(usize::MAX, 2, 1.0).is_err());
    let mut z = vec![0.0_f32; 48];
    assert!(matches!(
        thermal(shape(), &mut z[..40], &[0.1; 48], 1.0),
        Err(LegacyError::Size { found: 40, .. })
    ));
    assert_eq!(thermal(shape(), &mut z, &[0.1; 48], -1.0), Err(LegacyError::Step(-1.0)));
    assert!(fault(shape(), &mut z, &[0.0; 48], 1.0, 0.0).is_err());
    let waves = Waves { height: f32::NAN, ..Waves::default() };
    assert!(wave_erosion(shape(), &mut z, &[0.0; 48], &[Rock::Soil; 48], waves, 1.0).is_err());
}
