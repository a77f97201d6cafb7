use super::*;
use proptest::prelude::*;

fn lines(all: &[&[(f64, f64)]]) -> Vec<LineString<f64>> {
    all.iter().map(|l| l.iter().map(|&(x, y)| Coord { x, y }).collect()).collect()
}

fn fault() -> Boundary {
    Boundary {
        id: "San Andreas".into(),
        kind: Kind::Fault,
        shape: Shape::Lines(lines(&[
            &[(-120.5, 35.25), (-120.4, 35.2), (-120.375, 35.0)],
            &[(0.1 + 0.2, 1.0), (2.0, 3.0)],
        ])),
        transition: Some(Transition {
            left: Some(MaterialId(6)),
            right: None,
            style: Style::Smooth,
            width: 12.5,
        }),
        extent: Extent::Altitude { low: -5000.0, high: 100.0 },
        priority: 0.5,
        precision: 10.0,
        properties: [
            ("active".to_owned(), Value::Bool(true)),
            ("depth".to_owned(), Value::Float(1.5)),
            ("events".to_owned(), Value::Int(-3)),
            ("name".to_owned(), Value::Text("Störung".to_owned())),
        ]
        .into(),
    }
}

fn lake() -> Boundary {
    let rings = lines(&[
        &[(10.0, 10.0), (10.000_001, 10.0), (10.000_001, 10.000_002), (10.0, 10.0)],
        &[(10.5, 10.0), (10.6, 10.0), (10.6, 10.1), (10.5, 10.0)],
    ]);
    Boundary {
        id: "lake".into(),
        kind: Kind::Coastline,
        shape: Shape::Area(Arc::new(Area::new(rings.into_iter().map(|l| l.0).collect()).unwrap())),
        transition: None,
        extent: Extent::Shore { depth: 2.0 },
        properties: BTreeMap::new(),
        ..fault()
    }
}

fn none(_: &[u8]) -> Option<Arc<Area>> {
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|c| c.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n").collect()
}

#[test]
fn the_format_stands() {
    insta::assert_snapshot!(hex(&encode(&fault(), AreaBytes::Inline)), @r"
    010b53616e20416e6472656173005306000000000000002940000000000088b3
    c00000000000005940000000000000e03f000000000000244004066163746976
    650105646570746803000000000000f83f066576656e74730205046e616d6504
    085374c3b672756e6703020ce7da0ee4a604c80163328f030a343333333333d3
    3f000000000000f03f00000000000000400000000000000840
    ");
    insta::assert_snapshot!(hex(&encode(&lake(), AreaBytes::Inline)), @r"
    01046c616b6501a00000000000000040000000000000e03f0000000000002440
    000006020d80dac40980dac409020000040dbe843d03c09a0c0000c09a0c
    ");
    insta::assert_snapshot!(hex(&encode(&lake(), AreaBytes::External(&[0xab, 0xcd]))), @r"
    01046c616b6501a00000000000000040000000000000e03f0000000000002440
    000102abcd
    ");
}

#[test]
fn there_and_back() {
    for b in [fault(), lake()] {
        assert_eq!(decode(&encode(&b, AreaBytes::Inline), none), Ok(b));
    }
    let Shape::Area(area) = lake().shape else { panic!() };
    let bytes = encode(&lake(), AreaBytes::External(b"name"));
    let back = decode(&bytes, |name| (name == b"name").then(|| area.clone())).unwrap();
    assert!(matches!(&back.shape, Shape::Area(a) if Arc::ptr_eq(a, &area)));
    let missing = decode(&bytes, none).unwrap_err();
    assert_eq!(missing.to_string(), "boundary lake: its area 6e616d65 is missing");
}

#[test]
fn decimals_are_small() {
    let track: Vec<(f64, f64)> =
        (0..10_000).map(|i| (f64::from(17_000_000 + i * 7) / 1e6, f64::from(i * i % 900) / 1e6)).collect();
    let b = Boundary { shape: Shape::Lines(lines(&[&track])), ..fault() };
    let bytes = encode(&b, AreaBytes::Inline);
    assert!(bytes.len() < 10_000 * 4, "{}", bytes.len());
    assert_eq!(decode(&bytes, none), Ok(b));
}

#[test]
fn what_is_refused() {
    let good = encode(&fault(), AreaBytes::Inline);
    for n in 0..good.len() {
        assert!(decode(&good[..n], none).is_err(), "cut at {n}");
    }
    let mut long = good.clone();
    long.push(0);
    assert_eq!(decode(&long, none), Err(BytesError::Trailing(1)));
    let mut newer = good.clone();
    newer[0] = 2;
    assert_eq!(decode(&newer, none).unwrap_err().kind(), ErrorKind::Unsupported);
    let nan = Boundary { priority: f64::NAN, ..fault() };
    assert!(matches!(decode(&encode(&nan, AreaBytes::Inline), none), Err(BytesError::Refused(_))));
    let nowhere = Boundary { shape: Shape::Lines(lines(&[&[(f64::NAN, 0.0), (1.0, 1.0)]])), ..fault() };
    assert_eq!(
        decode(&encode(&nowhere, AreaBytes::Inline), none),
        Err(BytesError::Invalid("a coordinate", "not finite"))
    );
    // A count of a quintillion lines in twenty bytes.
    let empty = Boundary { shape: Shape::Lines(vec![]), ..fault() };
    let mut hostile = encode(&empty, AreaBytes::Inline);
    hostile.pop();
    put_varint(&mut hostile, 1 << 60);
    hostile.extend([0; 12]);
    assert_eq!(decode(&hostile, none), Err(BytesError::Truncated("the number of lines")));
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-180_000_000..180_000_000i64).prop_map(|v| v as f64 / 1e6),
        (-180_000..180_000i64).prop_map(|v| v as f64 / 1e3),
        (-540.0..540.0f64),
        Just(-0.0),
        Just(0.0),
        (-1e12..1e12f64),
        (0..1000u64).prop_map(f64::from_bits),
    ]
}

fn path() -> impl Strategy<Value = Vec<Coord<f64>>> {
    let coord = (number(), number()).prop_map(|(x, y)| Coord { x, y });
    let decimal = (-180_000_000..180_000_000i64, -90_000_000..90_000_000i64)
        .prop_map(|(x, y)| Coord { x: x as f64 / 1e6, y: y as f64 / 1e6 });
    (prop_oneof![prop::collection::vec(coord, 0..6), prop::collection::vec(decimal, 0..20)], any::<bool>())
        .prop_map(|(mut path, close)| {
            if close {
                path.extend(path.first().copied());
            }
            path
        })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-1e300..1e300f64).prop_map(Value::Float),
        ".{0,9}".prop_map(Value::Text),
    ]
}

prop_compose! {
    fn boundary()(
        id in "[a-zé]{1,12}",
        kind in prop::sample::select(vec![Kind::Fault, Kind::Coastline, Kind::Layer, Kind::Political, Kind::Formation, Kind::Custom]),
        paths in prop::collection::vec(path(), 0..4),
        is_area in any::<bool>(),
        transition in prop::option::of((prop::option::of(1..=u16::MAX), prop::option::of(1..=u16::MAX),
            prop::sample::select(vec![Style::Sharp, Style::Linear, Style::Smooth]), 0.0..1e5f64)),
        extent in prop_oneof![Just(Extent::Ground), (0.1..9.0f64).prop_map(|depth| Extent::Shore { depth }),
            (-9.0..0.0f64).prop_map(|low| Extent::Altitude { low, high: 1.5 })],
        priority in -1e3..1e3f64,
        precision in 1e-3..1e3f64,
        properties in prop::collection::btree_map("[a-z]{1,6}", value(), 0..4),
    ) -> Boundary {
        // What makes no area makes lines.
        let area = is_area.then(|| Area::new(paths.iter().filter(|p| p.len() > 3).cloned().collect()).ok()).flatten();
        let lines = || Shape::Lines(paths.iter().cloned().map(LineString).collect());
        let shape = area.map_or_else(lines, |area| Shape::Area(Arc::new(area)));
        let transition = transition.map(|(left, right, style, width)| {
            Transition { left: left.map(MaterialId), right: right.map(MaterialId), style, width }
        });
        Boundary { id: id.into(), kind, shape, transition, extent, priority, precision, properties }
    }
}

/// As text, where −0 differs from 0.
fn bits(b: &Boundary) -> String {
    format!("{b:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_boundary_comes_back(b in boundary()) {
        let bytes = encode(&b, AreaBytes::Inline);
        let back = decode(&bytes, none).unwrap();
        prop_assert_eq!(&back, &b);
        prop_assert_eq!(bits(&back), bits(&b));
        prop_assert_eq!(encode(&back, AreaBytes::Inline), bytes);
    }

    /// Damage is an error or another boundary, which then is written and read as itself; never a panic.
    #[test]
    fn damaged_bytes_are_read_with_suspicion(b in boundary(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5), cut in any::<prop::sample::Index>(), cuts in any::<bool>()) {
        let mut bytes = encode(&b, AreaBytes::Inline);
        for (at, to) in hits {
            let i = at.index(bytes.len());
            bytes[i] = to;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(other) = decode(&bytes, none) {
            let again = encode(&other, AreaBytes::Inline);
            prop_assert_eq!(decode(&again, none), Ok(other));
        }
    }

    #[test]
    fn noise_is_no_boundary(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = vec![VERSION];
        bytes.extend(noise);
        let _ = decode(&bytes, none);
    }
}
