use super::*;
use crate::area::{Area, Where};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// A wavy ring around a pole, named from any start and either way, covers the pole and nothing beyond the wave.
    #[test]
    fn a_ring_around_a_pole_covers_it(ys in prop::collection::vec(50..80i32, 5..40), start in 0..1000i32, south in any::<bool>(), back in any::<bool>()) {
        let n = ys.len();
        let sign = if south { -1.0 } else { 1.0 };
        // Every second ring has a vertex on the date line itself.
        let from = f64::from(start) - 500.0;
        let from = if start % 2 == 0 { -180.0 } else { from };
        let mut ring: Vec<Coord<f64>> = (0..n).map(|i| {
            let x = from + 360.0 * i as f64 / n as f64;
            Coord { x: (x + 180.0).rem_euclid(360.0) - 180.0, y: sign * f64::from(ys[i]) }
        }).collect();
        ring.rotate_left(start as usize % n);
        ring.push(ring[0]);
        if back {
            ring.reverse();
        }
        let given = ring.clone();
        let Lap::Around(lap) = unwrap(&mut ring, Frame::Geographic) else { panic!("{given:?}") };
        prop_assert_eq!(lap, if back { -360.0 } else { 360.0 });
        over_pole(&mut ring, lap);
        prop_assert_eq!(ring.first(), ring.last());
        prop_assert_eq!(span(&ring), (-180.0, 180.0));
        prop_assert!(ring.windows(2).all(|e| e[0] != e[1]));
        let area = Area::new(vec![ring.clone()]).unwrap();
        for x in [-179.999, -100.0, -33.3, 0.1, 77.7, 179.999] {
            prop_assert_eq!(area.locate(Coord { x, y: sign * 81.0 }), Where::Inside);
            prop_assert_eq!(area.locate(Coord { x, y: sign * 49.0 }), Where::Outside);
        }
        // Every vertex it had is there, but for what rounding does.
        for c in &given {
            let same = |o: &Coord<f64>| o.y == c.y && ((o.x - c.x) / 360.0 - ((o.x - c.x) / 360.0).round()).abs() < 1e-12;
            prop_assert!(ring.iter().any(same));
        }
    }
}
