use super::*;
use proptest::prelude::*;

pub(super) fn c(x: f64, y: f64) -> Coord<f64> {
    Coord { x, y }
}

/// Closes open rings.
fn close(mut ring: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    ring.push(ring[0]);
    ring
}

/// A box says what edges and points say.
fn box_agrees(area: &Area, rings: &[Vec<Coord<f64>>], a: Coord<f64>, b: Coord<f64>) {
    let rect = Rect::new(a, b);
    let (lo, hi) = (rect.min(), rect.max());
    let meets = |e: &[Coord<f64>]| {
        e[0].x.min(e[1].x) <= hi.x
            && e[0].x.max(e[1].x) >= lo.x
            && e[0].y.min(e[1].y) <= hi.y
            && e[0].y.max(e[1].y) >= lo.y
    };
    let mut found = Vec::new();
    area.edges_in(rect, |a, b| found.push((a, b)));
    // All that touch it, each once and in order; none whose own box does not.
    use geo::Intersects;
    let near = rings.iter().flat_map(|r| r.windows(2)).filter(|e| meets(e));
    let (mut rest, mut touched) = (found.as_slice(), false);
    for e in near {
        let touches = geo::Line::new(e[0], e[1]).intersects(&rect);
        touched |= touches;
        match rest.split_first() {
            Some((&first, others)) if first == (e[0], e[1]) => rest = others,
            _ => assert!(!touches, "{e:?} of {rect:?}"),
        }
    }
    assert!(rest.is_empty(), "{rest:?} of {rect:?}");
    let expected = match naive::locate(rings, lo) {
        _ if touched => Cover::Mixed,
        Where::Inside => Cover::Inside,
        _ => Cover::Outside,
    };
    assert_eq!(area.cover(rect), expected, "{rect:?}");
}

fn row_agrees(area: &Area, rings: &[Vec<Coord<f64>>], x: f64, y: f64, step: f64) {
    let mut row = [Where::On; 70];
    area.locate_row(x, y, step, &mut row);
    for (i, &found) in row.iter().enumerate() {
        let p = c(x + i as f64 * step, y);
        assert_eq!(found, naive::locate(rings, p), "{p:?}");
    }
}

fn agree(rings: &[Vec<Coord<f64>>], points: impl IntoIterator<Item = Coord<f64>>) {
    let area = Area::build(rings, None).unwrap();
    let again = Area::from_bytes(area.as_bytes().to_vec()).unwrap();
    assert_eq!(again.rings().collect::<Vec<_>>(), rings);
    for p in points {
        assert_eq!(again.locate(p), naive::locate(rings, p), "{p:?} of {rings:?}");
    }
}

/// A whole number of steps: points fall on vertices, edges, and sides and corners of cells.
fn on_grid(n: i32) -> impl Strategy<Value = Coord<f64>> {
    (-n..=n, -n..=n).prop_map(|(x, y)| c(x.into(), y.into()))
}

pub(super) fn rings_on_grid(n: i32) -> impl Strategy<Value = Vec<Vec<Coord<f64>>>> {
    prop::collection::vec(prop::collection::vec(on_grid(n), 3..12).prop_map(close), 1..6)
}

/// Rings around centres, jagged, of about so many vertices.
fn jagged(n: usize) -> impl Strategy<Value = Vec<Coord<f64>>> {
    (-170.0..170.0_f64, -80.0..80.0_f64, 0.001..10.0_f64, prop::collection::vec(0.3..1.0_f64, 3..n)).prop_map(
        |(x, y, size, radii)| {
            let turn = std::f64::consts::TAU / radii.len() as f64;
            close(
                radii
                    .iter()
                    .enumerate()
                    .map(|(i, r)| {
                        let angle = turn * i as f64;
                        c(x + size * r * angle.cos(), y + size * r * angle.sin())
                    })
                    .collect(),
            )
        },
    )
}

fn rounded(ring: &[Coord<f64>], decimals: i32) -> Vec<Coord<f64>> {
    let power = 10_f64.powi(decimals);
    ring.iter().map(|p| c((p.x * power).round() / power + 0.0, (p.y * power).round() / power + 0.0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn small_grids_agree_everywhere(rings in rings_on_grid(5), shift in 0..4) {
        let shift = [0.0, 0.5, 1.0 / 3.0, 1e-7][shift as usize];
        let rings: Vec<Vec<_>> = rings.iter().map(|r| r.iter().map(|p| c(p.x + shift, p.y)).collect()).collect();
        let halves = -12..=12;
        let points = halves.clone().flat_map(|x| halves.clone().map(move |y| c(f64::from(x) / 2.0 + shift, f64::from(y) / 2.0)));
        agree(&rings, points);
        let area = Area::build(&rings, None).unwrap();
        for i in -12..=12 {
            row_agrees(&area, &rings, -7.0 + shift, f64::from(i) / 2.0, 0.25);
            box_agrees(&area, &rings, c(f64::from(i) / 2.0, -1.0), c(2.0, f64::from(i)));
        }
    }

    #[test]
    fn huge_edges_and_tiny_rings_agree(rings in rings_on_grid(40), tiny in rings_on_grid(3), points in prop::collection::vec(on_grid(41), 50)) {
        let mut all = rings;
        all.extend(tiny.iter().map(|r| r.iter().map(|p| c(p.x / 1024.0 + 7.0, p.y / 1024.0 - 3.0)).collect()));
        let near = all.iter().flatten().map(|p| c(p.x + 0.25, p.y)).collect::<Vec<_>>();
        let on = all.iter().flatten().copied().collect::<Vec<_>>();
        agree(&all, points.into_iter().chain(near).chain(on));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn jagged_rings_agree(
        rings in prop::collection::vec(jagged(400), 1..8), decimals in prop::option::of(2..8),
        offsets in prop::collection::vec((0..10_000_usize, -1.0..1.0_f64, -1.0..1.0_f64, 0..9), 200),
    ) {
        let rings: Vec<Vec<_>> = match decimals {
            Some(decimals) => rings.iter().map(|ring| rounded(ring, decimals)).collect(),
            None => rings,
        };
        let all: Vec<_> = rings.iter().flatten().copied().collect();
        let points: Vec<_> = offsets.iter().map(|&(i, dx, dy, scale)| {
            let v = all[i % all.len()];
            let scale = 10_f64.powi(1 - scale);
            let p = c(v.x + dx * scale, v.y + dy * scale);
            if i % 3 == 0 { rounded(&[p], decimals.unwrap_or(6))[0] } else { p }
        }).collect();
        // Middles of edges, as near as numbers come.
        let middles = rings.iter().flat_map(|r| r.windows(2)).step_by(7).map(|e| c((e[0].x + e[1].x) / 2.0, (e[0].y + e[1].y) / 2.0)).collect::<Vec<_>>();
        let area = Area::build(&rings, None).unwrap();
        for (a, b) in points.iter().zip(points.iter().skip(1)) {
            box_agrees(&area, &rings, *a, *b);
            box_agrees(&area, &rings, *a, c(a.x + 1e-3, a.y + 1e-3));
        }
        for p in &points {
            row_agrees(&area, &rings, p.x - 3.0, p.y, 0.1);
        }
        agree(&rings, points.into_iter().chain(middles).chain(all.iter().copied().step_by(5)));
    }
}

#[test]
fn nothing_and_nonsense() {
    let none = Area::new(Vec::new()).unwrap();
    assert_eq!((none.bounds(), none.locate(c(0.0, 0.0))), (None, Where::Outside));
    assert_eq!(Area::from_bytes(none.as_bytes().to_vec()).unwrap().rings().count(), 0);
    let square = [c(0.0, 0.0), c(1.0, 0.0), c(1.0, 1.0), c(0.0, 1.0), c(0.0, 0.0)];
    assert!(matches!(Area::build([&square[..4]], None), Err(AreaError::Open { ring: 0, last: 3 })));
    assert!(matches!(
        Area::build([&square[..], &square[..1]], None),
        Err(AreaError::Short { ring: 1, count: 1 })
    ));
    for nonsense in [f64::NAN, f64::INFINITY, 1e300, 1e-300] {
        let mut ring = square;
        ring[2].y = nonsense;
        assert!(matches!(Area::build([ring], None), Err(AreaError::Coordinate { ring: 0, vertex: 2, .. })));
    }
    let area = Area::build([square], None).unwrap();
    for nowhere in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(area.locate(c(nowhere, 0.5)), Where::Outside);
        assert_eq!(area.locate(c(0.5, nowhere)), Where::Outside);
    }
}

/// A ring with chunks, lists and nodes of every kind, and one of coordinates that are no decimals.
fn sample(decimal: bool) -> Area {
    let ring = |n: i32, size: f64, dx: f64| {
        let coord = |i: i32| {
            let angle = std::f64::consts::TAU * f64::from(i % n) / f64::from(n);
            let radius = size * (1.0 + f64::from(i % n % 5) / 10.0);
            let p = c(dx + radius * angle.cos(), radius * angle.sin());
            if decimal { rounded(&[p], 4)[0] } else { p }
        };
        (0..=n).map(coord).collect::<Vec<_>>()
    };
    // The dense one makes nodes below nodes.
    Area::new(vec![ring(300, 5.0, 0.0), ring(7, 0.3, 1.0), ring(3000, 0.02, 100.0)]).unwrap()
}

/// Makes all check sums right again, by the description of the format alone.
fn reseal(bytes: &mut [u8]) {
    let mut body = 320;
    while body < (256 + (bytes.len() - body).div_ceil(1 << 16) * 4).next_multiple_of(64) {
        body += 64;
    }
    let sums: Vec<u32> = bytes[body..].chunks(1 << 16).map(crc32fast::hash).collect();
    for (i, sum) in sums.iter().enumerate() {
        bytes[256 + 4 * i..260 + 4 * i].copy_from_slice(&sum.to_le_bytes());
    }
    let sum = crc32fast::hash(&bytes[16..body]);
    bytes[12..16].copy_from_slice(&sum.to_le_bytes());
}

/// Asks everything, whatever the answers are.
fn ask_everything(area: &Area) {
    let Some(own) = area.bounds() else { return };
    let points: Vec<_> = (0..400)
        .map(|i| {
            c(
                own.min().x + own.width() * f64::from(i % 20) / 19.0,
                own.min().y + own.height() * f64::from(i / 20) / 19.0,
            )
        })
        .collect();
    let mut out = vec![Where::On; points.len()];
    area.locate_batch(&points, &mut out);
    for (&p, &found) in points.iter().zip(&out) {
        assert_eq!(area.locate(p), found);
    }
    area.locate_row(own.min().x, own.min().y, own.width() / 300.0, &mut out);
    let mut edges = 0;
    area.edges_in(own, |_, _| edges += 1);
    area.edges_in(Rect::new(own.min(), points[210]), |_, _| edges += 1);
    let _ = area.cover(Rect::new(points[190], points[191]));
    assert!(area.rings().take(100).count() <= 100);
}

#[test]
fn every_damaged_byte_is_found() {
    let bytes = sample(true).as_bytes().to_vec();
    assert!(Area::from_bytes(&bytes[..]).is_ok());
    for at in (0..bytes.len()).step_by(41).chain(0..400) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        assert!(Area::from_bytes(bad).is_err(), "byte {at}");
    }
    for len in (0..bytes.len()).step_by(53) {
        assert!(Area::from_bytes(&bytes[..len]).is_err());
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(Area::from_bytes(longer), Err(AreaError::Format { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn hostile_bytes_never_panic(
        decimal in any::<bool>(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..6),
    ) {
        let mut bytes = sample(decimal).as_bytes().to_vec();
        let untouched = bytes.clone();
        for (at, value, part) in edits {
            // The head and the index behind it are what can mislead.
            let reach = [256, bytes.len().min(20_000), bytes.len()][part as usize];
            bytes[16 + at.index(reach - 16)] = value;
        }
        bytes[16..24].copy_from_slice(&untouched[16..24]);
        reseal(&mut bytes);
        if let Ok(area) = Area::from_bytes(bytes) {
            ask_everything(&area);
        }
    }
}

#[test]
fn the_bytes_are_the_documented_ones() {
    let ring = [(0.1, 0.2), (4.3, 0.2), (4.3, 3.0), (0.1, 0.2)].map(|(x, y)| c(x, y));
    let area = Area::new(vec![ring.to_vec()]).unwrap();
    let lines: Vec<String> = area
        .as_bytes()
        .chunks(16)
        .enumerate()
        .filter(|(_, line)| line.iter().any(|&byte| byte != 0))
        .map(|(i, line)| {
            format!("{:05x} {}", i * 16, line.iter().map(|b| format!("{b:02x}")).collect::<String>())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let mut again = area.as_bytes().to_vec();
    reseal(&mut again);
    assert_eq!(again, area.as_bytes());
}

#[test]
fn files_are_opened() {
    let area = sample(true);
    let folder = std::env::temp_dir().join(format!("bm-area-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.bma");
    std::fs::write(&path, area.as_bytes()).unwrap();
    let opened = Area::open(&path).unwrap();
    assert!(opened.rings().eq(area.rings()));
    drop(opened);
    assert!(matches!(Area::open(folder.join("none")), Err(AreaError::File { .. })));
    std::fs::remove_dir_all(&folder).unwrap();
}
