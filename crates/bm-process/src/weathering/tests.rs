use super::*;
use crate::field::Field;
use crate::process::Kernel;
use proptest::prelude::*;

const SAND: MaterialId = MaterialId(2);

fn noise(cell: usize, salt: u64) -> f64 {
    let mut z = (cell as u64 ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn frost_counts_crossings_and_not_hours() {
    let mut rules = Rules::default();
    rules.set(MaterialId::GRANITE, Rule::into(SAND).frost(0.25)).unwrap();
    let weathering = Weathering::new(rules).band(0.5).unwrap();
    let mut surface = Surface::new(vec![MaterialId::GRANITE; 2]);
    let mut turned = Turned::new();
    // The second flickers within the band: it breaks nothing.
    for (a, b) in [(1.0, 0.4), (-1.0, -0.4), (-20.0, 0.4), (-3.0, -0.3), (2.0, 0.1), (-2.0, -0.1), (5.0, 0.0)]
    {
        turned = weathering.advance(&mut surface, &[a, b], None, 3600.0).unwrap();
    }
    assert_eq!(surface.crossings, [4, 0]);
    assert_eq!(surface.material, [SAND, MaterialId::GRANITE]);
    assert_eq!(surface.damage, [0.0, 0.0]);
    assert_eq!(turned, Turned::from([((MaterialId::GRANITE, SAND), 1)]));
}

#[test]
fn chemistry_follows_arrhenius_and_takes_any_step() {
    let mut rules = Rules::default();
    rules.set(MaterialId::GRANITE, Rule::into(MaterialId::SHALE).chemistry(0.1)).unwrap();
    rules.set(MaterialId::SHALE, Rule::into(SAND).chemistry(0.5)).unwrap();
    let weathering = Weathering::new(rules);
    let run = |temperature: f64, wet: f64, years: f64, steps: usize| {
        let mut surface = Surface::new(vec![MaterialId::GRANITE]);
        for _ in 0..steps {
            let dt = years * YEAR / steps as f64;
            weathering.advance(&mut surface, &[temperature], Some(&[wet]), dt).unwrap();
        }
        (surface.material[0], surface.damage[0])
    };
    assert_eq!(run(15.0, 1.0, 5.0, 1), (MaterialId::GRANITE, 0.5));
    assert_eq!(run(15.0, 0.0, 5.0, 1), (MaterialId::GRANITE, 0.0));
    let warm = run(25.0, 1.0, 2.0, 1).1 / 0.2;
    assert!((warm - (60_000.0 / GAS * (1.0 / 288.15 - 1.0 / 298.15)).exp()).abs() < 1e-12, "{warm}");
    // 10 years of granite, half a year of shale, in one step as in many.
    for steps in [1, 7, 500] {
        let (material, damage) = run(15.0, 1.0, 10.5, steps);
        assert_eq!(material, MaterialId::SHALE);
        assert!((damage - 0.25).abs() < 1e-9, "{steps}: {damage}");
    }
    assert_eq!(run(15.0, 1.0, 1000.0, 1), (SAND, 0.0));
}

#[test]
fn rules_know_where_they_end() {
    let standard = Rules::standard();
    for material in bm_core::MaterialRegistry::standard().all() {
        let mut id = material.id;
        let mut ways = 0;
        while let Some(rule) = standard.get(id) {
            id = rule.product;
            ways += 1;
            assert!(ways < 10, "{id:?}");
        }
        assert!(bm_core::MaterialRegistry::standard().get(id).is_some());
    }
    let mut rules = Rules::default();
    rules.set(MaterialId::GRANITE, Rule::into(SAND)).unwrap();
    let circle = rules.set(SAND, Rule::into(MaterialId::GRANITE));
    assert_eq!(circle, Err(WeatheringError::Circle(SAND)));
    assert_eq!(rules.set(SAND, Rule::into(SAND)), Err(WeatheringError::Circle(SAND)));
    let negative = rules.set(SAND, Rule::into(MaterialId::ROCK).frost(-1.0));
    assert!(matches!(negative, Err(WeatheringError::Rule { what: "frost", .. })));
}

#[test]
fn weathering_threads_do_not_show() {
    let cells = 40_000;
    let all = [MaterialId::GRANITE, MaterialId::SHALE, MaterialId::LIMESTONE, SAND];
    let results = [1, 2, 8].map(|threads| {
        let weathering = Weathering::new(Rules::standard()).threads(threads);
        let mut surface = Surface::new((0..cells).map(|cell| all[cell % 4]).collect());
        let mut told = vec![];
        for step in 0..20 {
            let temperature: Vec<f64> = (0..cells).map(|cell| 30.0 * noise(cell, step) - 10.0).collect();
            told.push(weathering.advance(&mut surface, &temperature, None, 5e3 * YEAR).unwrap());
        }
        (surface, told)
    });
    assert!(results[0].1.iter().any(|told| !told.is_empty()));
    assert!(results[0] == results[1] && results[0] == results[2]);
}

#[test]
fn weathering_refuses_nonsense() {
    let weathering = Weathering::new(Rules::standard());
    let mut surface = Surface::new(vec![SAND; 3]);
    let mut go =
        |t: &[f64], w: Option<&[f64]>, dt: f64| weathering.advance(&mut surface, t, w, dt).unwrap_err();
    assert!(matches!(go(&[0.0; 2], None, 1.0), WeatheringError::Size { found: 2, .. }));
    assert!(matches!(go(&[0.0, f64::NAN, 0.0], None, 1.0), WeatheringError::Value { cell: 1, .. }));
    assert!(matches!(go(&[-300.0; 3], None, 1.0), WeatheringError::Value { cell: 0, .. }));
    assert!(matches!(go(&[0.0; 3], Some(&[2.0; 3]), 1.0), WeatheringError::Value { what: "wetness", .. }));
    assert_eq!(go(&[0.0; 3], None, f64::INFINITY), WeatheringError::Step(f64::INFINITY));
    assert!(Weathering::new(Rules::default()).band(-1.0).is_err());
}

fn heap(width: usize, height: usize) -> Slope {
    let mut values = vec![0.0; width * height];
    values[height / 2 * width + width / 2] = 60.0;
    let dx = (0..height).map(|row| 1.0 - 0.01 * row as f64).collect();
    Slope { surface: Field { width, height, dx, dy: 1.0, values }, loose: None }
}

fn steepest(slope: &Slope) -> f64 {
    let ground = &slope.surface;
    let mut most = 0.0_f64;
    for row in 0..ground.height {
        for column in 0..ground.width {
            let z = ground.values[row * ground.width + column];
            if column > 0 {
                most = most.max((z - ground.values[row * ground.width + column - 1]).abs() / ground.dx[row]);
            }
            if row > 0 {
                let below = &ground.values[(row - 1) * ground.width..][..ground.width];
                most = most.max((z - below[column]).abs() / ground.dy);
                let diagonal = ground.dy.hypot(0.5 * (ground.dx[row] + ground.dx[row - 1]));
                for other in [column.wrapping_sub(1), column + 1] {
                    most = most.max(below.get(other).map_or(0.0, |other| (z - other).abs() / diagonal));
                }
            }
        }
    }
    most
}

#[test]
fn a_heap_comes_to_rest_at_its_angle() {
    let mut slope = heap(31, 29);
    let mut slides = Slides::new(Rest::Uniform(0.6)).until(1e-4, 100_000);
    let ledger = slides.step(&mut slope, 1.0).unwrap();
    assert!(ledger.error() < 1e-12 && ledger.moved > 30.0, "{ledger:?}");
    let steep = steepest(&slope);
    assert!(steep < 0.6002 && steep > 0.5, "{steep}");
    // At rest it stays.
    let still = slides.step(&mut slope, 1.0).unwrap();
    assert!(slides.passes() <= 2 && still.moved < 1e-2, "{still:?}");
}

#[test]
fn rock_below_the_loose_ground_stays() {
    let mut slope = heap(21, 21);
    let middle = 10 * 21 + 10;
    let mut loose = vec![0.0; 21 * 21];
    loose[middle] = 7.0;
    slope.loose = Some(loose);
    let ledger = Slides::new(Rest::Uniform(0.6)).until(1e-6, 10_000).step(&mut slope, 1.0).unwrap();
    assert!((slope.surface.values[middle] - 53.0).abs() < 1e-6, "{}", slope.surface.values[middle]);
    assert!(ledger.error() < 1e-12);
    let loose: f64 = slope
        .loose
        .unwrap()
        .iter()
        .zip(0..)
        .map(|(l, i): (_, usize)| l * (1.0 - 0.01 * (i / 21) as f64))
        .sum();
    assert!((loose - 7.0 * 0.9).abs() < 1e-9, "{loose}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn slides_lose_nothing_and_threads_do_not_show(width in 1usize..30, height in 1usize..30, salt in 0u64..100) {
        let mut slope = heap(width, height);
        slope.surface.values.iter_mut().enumerate().for_each(|(cell, z)| *z += 20.0 * noise(cell, salt));
        slope.loose = Some((0..width * height).map(|cell| 5.0 * noise(cell, salt + 7)).collect());
        let rest = Rest::Cells((0..width * height).map(|cell| noise(cell, salt + 9)).collect());
        let [a, b, c] = [1, 2, 8].map(|threads| {
            let mut state = slope.clone();
            let ledger = Slides::new(rest.clone()).threads(threads).until(1e-3, 50).step(&mut state, 1.0).unwrap();
            (state, ledger)
        });
        prop_assert!(a == b && a == c);
        prop_assert!(a.1.error() < 1e-12, "{:?}", a.1);
    }
}

/// Every pair of neighbours from the definition, all rows in each pass.
fn naive(slope: &mut Slope, tangent: f64, passes: usize) {
    let Slope { surface, loose } = slope;
    let (w, h) = (surface.width as isize, surface.height as isize);
    for _ in 0..passes {
        let mut wants = vec![];
        for cell in 0..w * h {
            for (ox, oy) in [(1, 0), (-1, 1), (0, 1), (1, 1)] {
                let (x, y) = (cell % w, cell / w);
                let (nx, ny) = (x + ox, y + oy);
                if !(0..w).contains(&nx) || ny >= h {
                    continue;
                }
                let (a, b) = (cell as usize, (ny * w + nx) as usize);
                let (da, db) = (surface.dx[y as usize], surface.dx[ny as usize]);
                let distance = (0.5 * (da + db) * ox as f64).hypot(surface.dy * oy as f64);
                let drop = surface.values[a] - surface.values[b];
                let excess = drop.abs() - tangent * distance;
                if excess > 0.0 {
                    let (from, to) = if drop > 0.0 { (a, b) } else { (b, a) };
                    wants.push((from, to, excess / 16.0 * da.min(db) * surface.dy));
                }
            }
        }
        let area = |cell: usize| surface.dx[cell / w as usize] * surface.dy;
        let mut leaves = vec![0.0; (w * h) as usize];
        wants.iter().for_each(|(from, _, volume)| leaves[*from] += volume);
        let there = loose.clone();
        for (from, to, volume) in wants {
            let share = there.as_ref().map_or(1.0, |t| (t[from] * area(from) / leaves[from]).min(1.0));
            surface.values[from] -= volume * share / area(from);
            surface.values[to] += volume * share / area(to);
            if let Some(loose) = loose {
                loose[from] = (loose[from] - volume * share / area(from)).max(0.0);
                loose[to] += volume * share / area(to);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn slides_equal_the_definition(width in 1usize..12, height in 1usize..40, salt in 0u64..100, rock: bool) {
        let mut slope = heap(width, height);
        slope.surface.values.iter_mut().enumerate().for_each(|(cell, z)| *z += 2.0 * noise(cell, salt));
        if width > 2 {
            slope.surface.values[1] = f64::NAN;
        }
        slope.loose = rock.then(|| (0..width * height).map(|cell| 9.0 * noise(cell, salt + 7)).collect());
        let mut other = slope.clone();
        Slides::new(Rest::Uniform(0.7)).until(0.0, 40).step(&mut slope, 1.0).unwrap();
        naive(&mut other, 0.7, 40);
        for (a, b) in slope.surface.values.iter().zip(&other.surface.values) {
            prop_assert!((a - b).abs() < 1e-9 || a.is_nan() && b.is_nan(), "{a} {b}");
        }
    }
}

#[test]
fn slides_equal_the_definition_wherever_they_begin() {
    // Needles in a wide plain, one in a corner: most of it is never stirred, and slides pass from segment to segment.
    let mut slope = Slope { surface: Field::square(301, 40, 2.0, |x, _| x as f64 * 0.3), loose: None };
    for (column, row, high) in
        [(0, 0, 90.0), (63, 20, 200.0), (190, 39, 60.0), (256, 3, 40.0), (300, 17, 30.0)]
    {
        slope.surface.values[row * 301 + column] += high;
    }
    slope.surface.values[18 * 301 + 66] = f64::NAN;
    for loose in [None, Some((0..301 * 40).map(|cell| 9.0 * noise(cell, 4)).collect())] {
        let mut other = Slope { loose, ..slope.clone() };
        let mut quick = other.clone();
        let mut slides = Slides::new(Rest::Uniform(0.5)).until(0.0, 70);
        let ledger = slides.step(&mut quick, 1.0).unwrap();
        naive(&mut other, 0.5, 70);
        assert!(ledger.moved > 0.0 && slides.passes() == 70);
        for (a, b) in quick.surface.values.iter().zip(&other.surface.values) {
            assert!((a - b).abs() < 1e-9 || a.is_nan() && b.is_nan(), "{a} {b}");
        }
    }
}

#[test]
fn threads_do_not_show_in_large_slides() {
    let mut slope = heap(140, 130);
    slope.surface.dx.iter_mut().for_each(|dx| *dx = dx.max(0.5));
    slope.surface.values.iter_mut().enumerate().for_each(|(cell, z)| *z += 4.0 * noise(cell, 1));
    slope.loose = Some((0..140 * 130).map(|cell| 5.0 * noise(cell, 2)).collect());
    let [a, b, c] = [1, 2, 8].map(|threads| {
        let mut state = slope.clone();
        let ledger =
            Slides::new(Rest::Uniform(0.5)).threads(threads).until(1e-3, 60).step(&mut state, 1.0).unwrap();
        (state, ledger)
    });
    assert!(a == b && a == c && a.1.moved > 0.0);
}

#[test]
fn slides_refuse_nonsense() {
    let mut slides = Slides::new(Rest::Uniform(0.6));
    let mut slope = heap(3, 3);
    slope.surface.values[4] = f64::INFINITY;
    assert!(matches!(slides.step(&mut slope, 1.0), Err(SlideError::Value { cell: 4, .. })));
    slope.surface.values.pop();
    assert!(matches!(slides.step(&mut slope, 1.0), Err(SlideError::Size { found: 8, .. })));
    let mut steep = Slides::new(Rest::Cells(vec![-1.0; 9]));
    assert!(matches!(steep.step(&mut heap(3, 3), 1.0), Err(SlideError::Value { .. })));
    assert_eq!(slides.step(&mut heap(3, 3), -1.0), Err(SlideError::Step(-1.0)));
}

#[test]
fn weathering_as_a_process() {
    let (width, height) = (5, 4);
    let temperature =
        Field { width, height, dx: [4.0, 3.0, 2.0, 1.0].into(), dy: 2.0, values: vec![15.0; width * height] };
    let mut material = vec![SAND; 20];
    material[6] = MaterialId::LIMESTONE;
    let mut ground = Ground { surface: Surface::new(material), temperature, wetness: None };
    let mut weathering = Weathering::new(Rules::standard());
    let ledger = weathering.step(&mut ground, 1e5 * YEAR).unwrap();
    assert_eq!((ledger.before, ledger.moved), (100.0, 6.0));
    assert_eq!(ground.surface.material[6], MaterialId(3));
    ground.temperature.values.pop();
    assert!(matches!(weathering.step(&mut ground, 1.0), Err(WeatheringError::Size { .. })));
}
