use super::tests::{c, rings_on_grid};
use super::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Points on vertices and edges, kept, removed and added ones, and rings that share edges.
    #[test]
    fn patches_answer_as_new_areas(
        rings in rings_on_grid(4), first in rings_on_grid(4), second in rings_on_grid(4),
        removed in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..3), twice in any::<bool>(),
    ) {
        let mut expected = rings.clone();
        let mut first = first;
        if twice {
            first.push(rings[0].clone());
        }
        let patch = |expected: &mut Vec<Vec<Coord<f64>>>, removed: &[prop::sample::Index], added: &[Vec<Coord<f64>>]| {
            let numbers: Vec<usize> = removed.iter().map(|i| i.index(expected.len())).collect();
            let mut at = 0..;
            expected.retain(|_| !numbers.contains(&at.next().unwrap()));
            expected.extend_from_slice(added);
            numbers
        };
        let numbers = patch(&mut expected, &removed, &first);
        let patched = Area::new(rings).unwrap().replace_rings(&numbers, &first).unwrap();
        let numbers = patch(&mut expected, &again, &second);
        let patched = patched.replace_rings(&numbers, &second).unwrap();
        prop_assert!(patched.rings().eq(expected.iter().cloned()));
        let whole = patched.compact().unwrap();
        let anew = Area::new(expected.clone()).unwrap();
        prop_assert_eq!(whole.as_bytes(), anew.as_bytes());
        for x in -9..=9 {
            for y in -9..=9 {
                let p = c(f64::from(x) / 2.0, f64::from(y) / 2.0);
                prop_assert_eq!(patched.locate(p), whole.locate(p), "{:?}", p);
            }
        }
        let rect = Rect::new(c(-1.0, -1.5), c(2.0, 1.0));
        type Each<'a> = &'a dyn Fn(&mut dyn FnMut(Coord<f64>, Coord<f64>));
        let edges = |each: Each<'_>| {
            use geo::Intersects;
            let mut all = Vec::new();
            each(&mut |a, b| if geo::Line::new(a, b).intersects(&rect) { all.push([a.x, a.y, b.x, b.y].map(f64::to_bits)) });
            all.sort_unstable();
            all
        };
        prop_assert_eq!(edges(&|f| patched.edges_in(rect, f)), edges(&|f| whole.edges_in(rect, f)));
    }
}

#[test]
fn unknown_rings_are_refused() {
    let area = Area::new(vec![vec![c(0.0, 0.0), c(1.0, 0.0), c(0.0, 1.0), c(0.0, 0.0)]]).unwrap();
    assert!(matches!(area.replace_rings(&[1], &[]), Err(AreaError::NoRing { ring: 1, rings: 1 })));
    let none = area.replace_rings(&[0], &[]).unwrap();
    assert!(matches!(none.replace_rings(&[0], &[]), Err(AreaError::NoRing { ring: 0, rings: 0 })));
    assert_eq!((none.rings().count(), none.locate(c(0.25, 0.25))), (0, Where::Outside));
}
