//! Every form against a dense array, and every decoder against hostile bytes.

use super::*;
use crate::wire::Reader;
use bm_core::{Cell, PageId};
use proptest::prelude::*;

const N: usize = SUBCELLS as usize;

type Dense = Vec<Option<MaterialId>>;

fn m(id: u16) -> Option<MaterialId> {
    (id != 0).then_some(MaterialId(id))
}

/// A small hash, so that noise needs no generator state.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn dense(f: impl Fn(u32) -> u16) -> Dense {
    (0..SUBCELLS).map(|i| m(f(i))).collect()
}

fn encoded(e: &Exceptions) -> Vec<u8> {
    let mut out = Vec::new();
    e.encode(&mut out);
    out
}

fn decoded(bytes: &[u8]) -> Result<Exceptions, crate::error::DecodeError> {
    let mut r = Reader::new(bytes);
    let out = Exceptions::decode(&mut r)?;
    r.finish()?;
    Ok(out)
}

/// Contents of every kind, named.
fn contents() -> Vec<(&'static str, Dense, ExceptionsKind)> {
    use ExceptionsKind::{None, Palette, Runs};
    let at = |i: u32| bm_morton::decode3_u64(u64::from(i));
    vec![
        ("all through", dense(|_| 0), None),
        ("uniform", dense(|_| 6), Runs),
        ("highest id", dense(|_| u16::MAX), Runs),
        ("one exception", dense(|i| if i == 777_777 { 29 } else { 0 }), Runs),
        ("last cell", dense(|i| u16::from(i == SUBCELLS - 1)), Runs),
        ("octants", dense(|i| [1, 0, 5, 5, 6, 7, 0, 0][(i >> 18) as usize]), Runs),
        (
            "layers",
            dense(|i| {
                let [x, y, z] = at(i);
                (z + x / 5 + y / 9) as u16 / 9
            }),
            Runs,
        ),
        (
            "checkerboard",
            dense(|i| {
                let [x, y, z] = at(i);
                ((x ^ y ^ z) & 1) as u16
            }),
            Palette,
        ),
        ("sparse noise", dense(|i| u16::from(mix(i.into()).is_multiple_of(1000))), Runs),
        ("noise 2", dense(|i| (mix(i.into()) % 2) as u16), Palette),
        ("noise 3 full", dense(|i| 1 + (mix(i.into()) % 3) as u16), Palette),
        ("noise 11", dense(|i| (mix(i.into()) % 11) as u16 * 1000), Palette),
        ("noise 200", dense(|i| (mix(i.into()) % 200) as u16), Palette),
        ("noise 65536", dense(|i| mix(i.into()) as u16), Palette),
        // Dense in one corner, empty elsewhere: the directory's blocks are very uneven.
        ("crowded corner", dense(|i| if i < 4096 { (i & 1) as u16 } else { 0 }), Runs),
        // Thin regular bands: small at rest as runs, small in memory as a palette.
        (
            "thin bands",
            dense(|i| {
                let [_, y, z] = at(i);
                ((z + y / 40) % 4) as u16
            }),
            Palette,
        ),
    ]
}

fn check(name: &str, cells: &Dense) -> Exceptions {
    let e = Exceptions::from_dense(cells).unwrap();
    for (i, &want) in cells.iter().enumerate() {
        assert_eq!(e.get(i as u32), want, "{name} at {i}");
    }
    assert_eq!(e.get(SUBCELLS), None);
    assert_eq!(e.get(u32::MAX), None);
    // Runs: maximal, in order, equal to the oracle's.
    let mut pos = 0;
    let mut before = None;
    for (from, to, content) in e.runs(0, u32::MAX) {
        assert!(from == pos && to > from && before != Some(content), "{name} at {from}");
        assert!(cells[from as usize..to as usize].iter().all(|&c| c == content), "{name} at {from}");
        (pos, before) = (to, Some(content));
    }
    assert_eq!(pos, SUBCELLS, "{name}");
    // Bytes: round trip; the decoded value is the same in every respect.
    let bytes = encoded(&e);
    let back = decoded(&bytes).unwrap();
    assert_eq!(back, e, "{name}");
    assert_eq!(encoded(&back), bytes, "{name}");
    assert!(bytes.len() <= 4 * N, "{name}");
    e
}

#[test]
fn every_content_is_kept() {
    for (name, cells, kind) in contents() {
        let e = check(name, &cells);
        assert_eq!(e.kind(), kind, "{name}");
        assert_eq!(e.is_empty(), kind == ExceptionsKind::None, "{name}");
        if let Exceptions::Runs(r) = &e {
            assert!(!r.is_empty() && e.heap_bytes() > 6 * r.len());
        }
        // Truncated anywhere: an error. Only a few places, each decode may unpack a page.
        let bytes = encoded(&e);
        for cut in [0, 1, 2, 3, bytes.len() / 2, bytes.len() - 1] {
            assert!(decoded(&bytes[..cut.min(bytes.len() - 1)]).is_err(), "{name} cut at {cut}");
        }
    }
}

#[test]
fn octants_are_intervals() {
    for (name, cells, _) in contents().into_iter().step_by(2) {
        let e = Exceptions::from_dense(&cells).unwrap();
        for level in 0..=7u32 {
            let size = SUBCELLS >> (3 * level);
            // Some octants of each level, spread over the page.
            for k in (0..8u32.pow(level)).step_by((8usize.pow(level) / 97).max(1)) {
                let (from, to) = (k * size, (k + 1) * size);
                let part = &cells[from as usize..to as usize];
                let want = part.iter().all(|c| *c == part[0]).then_some(part[0]);
                assert_eq!(e.range_uniform(from, to), want, "{name} {from}..{to}");
            }
        }
        assert_eq!(e.range_uniform(5, 5), None);
        assert_eq!(e.range_uniform(6, 5), None);
        assert_eq!(e.range_uniform(0, SUBCELLS + 1), None);
        assert_eq!(e.runs(9, 9).count() + e.runs(9, 3).count() + e.runs(SUBCELLS, u32::MAX).count(), 0);
    }
}

#[test]
fn homogeneity_weighs_volumes() {
    let h = |cells: &Dense| Exceptions::from_dense(cells).unwrap().homogeneity();
    let all = h(&dense(|_| 6));
    assert_eq!((all.dominant, all.dominant_share, all.distinct, all.morton_runs), (m(6), 1.0, 1, 1));
    assert_eq!(all.entropy_bits, 0.0);
    // Half and half: the lower id wins the tie, "through" is lowest; one bit; many runs do not weigh more.
    let tie = h(&dense(|i| if i < SUBCELLS / 2 { 9 } else { 5 }));
    assert_eq!((tie.dominant, tie.distinct, tie.morton_runs, tie.entropy_bits), (m(5), 2, 2, 1.0));
    let through = h(&dense(|i| (i & 1) as u16));
    assert_eq!((through.dominant, through.morton_runs), (None, SUBCELLS));
    let flakes = h(&dense(|i| if i < 1_000_000 { (1 + i % 2) as u16 } else { 7 }));
    assert_eq!(flakes.dominant, m(7));
    assert_eq!(Homogeneity::of([]).dominant_share, 0.0);
}

#[test]
fn runs_that_are_no_page_are_refused() {
    let from = |runs: Vec<(u32, Option<MaterialId>)>| Exceptions::from_runs(runs);
    assert_eq!(from(vec![]), Err(ExceptionsError::Length(0)));
    assert_eq!(from(vec![(SUBCELLS - 1, m(5))]), Err(ExceptionsError::Length(u64::from(SUBCELLS) - 1)));
    assert_eq!(
        from(vec![(SUBCELLS, m(5)), (1, None)]),
        Err(ExceptionsError::Length(u64::from(SUBCELLS) + 1))
    );
    assert!(from(vec![(u32::MAX, m(5)), (u32::MAX, m(5))]).is_err());
    let unset = from(vec![(7, m(5)), (SUBCELLS - 7, Some(MaterialId::UNSET))]);
    assert_eq!(unset, Err(ExceptionsError::Unset(7)));
    // Empty runs and equal neighbours are the caller's to write; they leave no trace.
    let odd =
        from(vec![(0, m(9)), (5, m(5)), (0, None), (0, m(7)), (6, m(5)), (SUBCELLS - 11, None), (0, m(5))]);
    assert_eq!(odd, from(vec![(11, m(5)), (SUBCELLS - 11, None)]));
}

/// Runs of a few lengths that favour octants, and a few contents.
fn run_lists() -> impl Strategy<Value = Vec<(u32, Option<MaterialId>)>> {
    let len = prop_oneof![0..20u32, Just(8), Just(64), Just(512), Just(1 << 15), 0..300_000u32];
    proptest::collection::vec((len, (0..6u16).prop_map(m)), 0..60).prop_map(|mut runs| {
        let mut left = SUBCELLS;
        for (len, _) in &mut runs {
            *len = left.min(*len);
            left -= *len;
        }
        runs.push((left, m(2)));
        runs
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn random_runs_match_the_oracle(
        runs in run_lists(), ranges in proptest::collection::vec((0..=SUBCELLS, 0..=SUBCELLS), 30)
    ) {
        let cells: Dense = runs.iter().flat_map(|&(len, c)| std::iter::repeat_n(c, len as usize)).collect();
        let e = check("random", &cells);
        // The same content by another path is the same value and the same bytes.
        let split = runs.iter().flat_map(|&(len, c)| [(len / 3, c), (0, m(3)), (len - len / 3, c)]);
        let other = Exceptions::from_runs(split).unwrap();
        prop_assert_eq!(&other, &e);
        prop_assert_eq!(encoded(&other), encoded(&e));
        for (from, to) in ranges {
            let got: Vec<_> = e.runs(from, to).collect();
            let mut want: Vec<(u32, u32, Option<MaterialId>)> = Vec::new();
            for i in from..to {
                match want.last_mut() {
                    Some(last) if last.2 == cells[i as usize] => last.1 = i + 1,
                    _ => want.push((i, i + 1, cells[i as usize])),
                }
            }
            prop_assert_eq!(e.range_uniform(from, to), (want.len() == 1).then(|| want[0].2));
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn packed_cells_match_the_oracle(
        entries in prop_oneof![2..20u64, 250..260u64], seed: u64, from in 0..SUBCELLS, len in 1..5000u32
    ) {
        // Short runs of changing length exercise every alignment within words.
        let cells = dense(|i| (mix(seed ^ u64::from(i / (1 + (i >> 16) % 3))) % entries) as u16);
        let e = Exceptions::from_dense(&cells).unwrap();
        prop_assert_eq!(e.kind(), ExceptionsKind::Palette);
        let to = (from + len).min(SUBCELLS);
        let mut pos = from;
        for (a, b, content) in e.runs(from, to) {
            prop_assert!(a == pos && (b == to || cells[b as usize] != content));
            prop_assert!(cells[a as usize..b as usize].iter().all(|&c| c == content));
            pos = b;
        }
        prop_assert_eq!(pos, to);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scattered_cells_come_back(
        cells in proptest::collection::btree_map(prop_oneof![0..SUBCELLS, 0..500u32], 0..20u16, 1..200),
        rest in 0..20u16, ids in prop_oneof![Just(1u16), Just(3), Just(4), Just(9), Just(3000)],
    ) {
        // As many materials as there are different ids, "through" among them or not.
        let code = |id: u16| m(id % ids.min(17) * (ids / 17).max(1));
        let mut runs = Vec::new();
        let mut next = 0;
        for (&at, &id) in &cells {
            runs.extend([(at - next, code(rest)), (1, code(id))]);
            next = at + 1;
        }
        runs.push((SUBCELLS - next, code(rest)));
        let e = Exceptions::from_runs(runs).unwrap();
        let bytes = encoded(&e);
        prop_assert_eq!(decoded(&bytes).unwrap(), e.clone());
        prop_assert_eq!(encoded(&decoded(&bytes).unwrap()), bytes.clone());
        for cut in 0..bytes.len() {
            prop_assert!(decoded(&bytes[..cut]).is_err());
        }
        for (&at, &id) in &cells {
            prop_assert_eq!(e.get(at), code(id));
        }
        // About what their entropy is: a gap of 21 bits at most, and the contents.
        prop_assert!(bytes.len() <= 12 + 3 * cells.len() + 6 * ids.min(17) as usize);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn hostile_bytes_are_an_error_or_a_page(
        runs in run_lists(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        noise in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = encoded(&Exceptions::from_runs(runs).unwrap());
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        for bytes in [bytes, noise.clone(), [&[1][..], &noise[..]].concat(), [&[3, 0, 3, 5, 9, 0, 7][..], &noise[..]].concat(), [&[0x81, 40][..], &noise[..]].concat()] {
            if let Ok(e) = decoded(&bytes) {
                // Whatever is accepted is canonical in memory and survives a round trip.
                prop_assert_eq!(decoded(&encoded(&e)).unwrap(), e);
            }
        }
    }
}

#[test]
fn spellings_no_writer_uses_are_refused() {
    let full: &[u8] = &[0x80, 0x80, 0x80, 0x01]; // 2^21
    let refused = |parts: &[&[u8]], why: &str| {
        let got = decoded(&parts.concat());
        assert!(got.as_ref().is_err_and(|e| e.to_string().contains(why)), "{why}: {got:?}");
    };
    assert!(decoded(&[&[1, 1, 6, 0, 1][..], full, &[0]].concat()).is_ok());
    refused(&[&[4]], "form 4");
    refused(&[&[0, 0]], "left over");
    refused(&[&[1, 0]], "empty or not ascending");
    refused(&[&[1, 2, 6, 0, 6, 0, 1], full, &[0]], "empty or not ascending");
    refused(&[&[1, 2, 6, 0, 5, 0, 1], full, &[0]], "empty or not ascending");
    refused(&[&[1, 2, 5, 0, 6, 0, 1], full, &[0]], "nothing uses");
    refused(&[&[1, 1, 0, 0, 1], full, &[0]], "not written as none");
    refused(&[&[1, 1, 6, 0, 0]], "0 runs");
    refused(&[&[1, 1, 6, 0, 0x80, 0x80, 0x80, 0x01]], "2097152 runs");
    refused(&[&[1, 1, 6, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]], "is more than");
    refused(&[&[1, 1, 6, 0, 1, 5, 0]], "5 sub-cells");
    refused(&[&[1, 2, 0, 0, 6, 0, 2, 0], full, &[0, 0]], "an empty run");
    refused(&[&[1, 2, 0, 0, 6, 0, 2, 1], full, &[0, 0]], "more than a page holds");
    // A step of K − 1 would be "the same again".
    refused(&[&[1, 2, 0, 0, 6, 0, 2, 1, 0xff, 0xff, 0x7f, 0, 1]], "index or step 1 of 1");
    refused(&[&[1, 1, 6, 0, 1], full, &[1]], "index or step 1 of 1");
    refused(&[&[2, 1, 6, 0]], "one content alone");
    refused(&[&[2, 2, 5, 0, 6, 0], &vec![0; N / 8]], "nothing uses");
    refused(&[&[2, 3, 5, 0, 6, 0, 7, 0], &vec![0xff; N / 4]], "index 3 of 3");
    refused(&[&[2, 2, 5, 0, 6, 0], &vec![0; N / 8 - 1]], "end inside");
    // Scattered cells: cell 5 is 29, the rest through.
    let sparse: &[u8] = &[3, 0, 1, 29, 1, 2, 0b0110];
    let one = Exceptions::from_dense(&dense(|i| if i == 5 { 29 } else { 0 })).unwrap();
    assert_eq!(decoded(sparse).unwrap(), one);
    refused(&[&[3, 29, 1, 29, 1, 2, 0b0110]], "or the rest");
    refused(&[&[3, 0, 2, 0xff, 0xff, 3, 0, 1, 2, 0b0110]], "beyond the last");
    refused(&[&[3, 0, 0, 1, 2, 0b0110]], "cannot be");
    refused(&[&[3, 0, 1, 29, 0, 2, 0b0110]], "cannot be");
    refused(&[&[3, 0, 1, 29, 1, 21, 0b0110]], "cannot be");
    refused(&[&[3, 0, 1, 29, 0x80, 0x80, 0x40, 0, 1]], "cannot be");
    refused(&[&[3, 0, 1, 29, 0x81, 0x80, 0x40, 0, 1]], "is more than");
    refused(&[&[3, 0, 1, 29, 2, 2, 0b0110]], "end inside");
    refused(&[&[3, 0, 1, 29, 1, 2, 0b1_0110]], "bits are left over");
    refused(&[&[3, 0, 2, 29, 0, 1, 2, 0b0110]], "nothing uses");
    refused(&[&[3, 0, 1, 29, 1, 20, 0b100]], "end inside");
    refused(&[&[3, 0, 1, 29, 1, 20, 0b1000, 0, 0]], "beyond the last sub-cell");
    refused(&[&[3, 0, 1, 29, 1, 0], &[0; 1 << 18], &[1]], "beyond the last sub-cell");
    refused(&[&[0x83, 6, 5, 0, 0, 0, 0, 0]], "zstd frame");
    let frame = zstd::bulk::compress(&[[0, 1, 29, 40, 0].as_slice(), &[0xff; 5]].concat(), 3).unwrap();
    assert!(decoded(&[&[3, 0, 1, 29, 40, 0][..], &[0xff; 5]].concat()).is_ok());
    refused(&[&[0x83, 40, frame.len() as u8], &frame], "10 bytes unpacked");
    // Packed lengths: too long to be a body, longer than the body, and a body of another length.
    refused(&[&[0x81, 0xff, 0xff, 0xff, 0x7f, 1, 0]], "is more than");
    refused(&[&[0x81, 5, 6, 0, 0, 0, 0, 0, 0]], "5 bytes packed into 6");
    refused(&[&[0x80, 0, 0]], "0 bytes packed into 0");
    let frame = zstd::bulk::compress(&[0; 100], 3).unwrap();
    refused(&[&[0x81, 99, frame.len() as u8], &frame], "zstd frame");
    refused(&[&[0x81, 101, frame.len() as u8], &frame], "100 bytes unpacked");
}

/// Hex, sixteen bytes a line.
fn hex(bytes: &[u8]) -> String {
    bytes.chunks(16).map(|l| l.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n").collect()
}

#[test]
fn golden_bytes() {
    let bytes = |cells: Dense| encoded(&Exceptions::from_dense(&cells).unwrap());
    insta::assert_snapshot!(hex(&bytes(dense(|_| 0))), @"00");
    insta::assert_snapshot!(hex(&bytes(dense(|_| 6))), @"01010600018080800100");
    insta::assert_snapshot!(hex(&bytes(dense(|i| if i == 777_777 { 29 } else { 0 }))), @"0300011d01128cf11e");
    insta::assert_snapshot!(hex(&bytes(dense(|i| [1, 0, 5, 5, 6, 7, 0, 0][(i >> 18) as usize]))), @r"
    01050000010005000600070006808010
    80801080802080801080801080802001
    0301000000
    ");
    // Scattered cells, of one material over through and of three over another.
    insta::assert_snapshot!(hex(&bytes(dense(|i| if i % 100_003 == 7 { 29 } else { 0 }))), @r"
    0300011d15100f00143554d450514345
    0d153554d4505143450d153554d45051
    43450d153554d4505143450d153554d4
    505143450d01
    ");
    insta::assert_snapshot!(hex(&bytes(dense(|i| if i % 200_003 == 7 { [0, 5, 300][i as usize % 3] } else { 6 }))), @r"
    0306030004a6020b110f00a450430a35
    5ca18629d490420d57a8610a35a450c3
    156a98420d01
    ");
    // Packed bytes belong to zstd, so what is pinned is that old ones are read, not that the same are written.
    let packed = "828580102628b52ffda005000400740000300200000100aa0100f7ff392802020010aa290000aaaaaaaaaa";
    let packed: Vec<u8> =
        (0..packed.len() / 2).map(|i| u8::from_str_radix(&packed[2 * i..2 * i + 2], 16).unwrap()).collect();
    assert_eq!(decoded(&packed).unwrap(), Exceptions::from_dense(&dense(|i| (i & 1) as u16)).unwrap());
    // A long palette body, unpacked, by its checksum.
    let plain = bytes(dense(|i| mix(i.into()) as u16));
    assert_eq!((plain[0], plain.len(), crc32fast::hash(&plain)), (2, 4_325_380, 1_930_619_022));
}

/// A ball of granite with a through core, and one cell of ore.
struct Ball {
    centre: [i64; 3],
    radius: i64,
    calls: std::cell::Cell<u32>,
}

impl Footprint for Ball {
    fn classify(&self, cell: Cell) -> Class {
        self.calls.set(self.calls.get() + 1);
        let (min, max) = (cell.origin().map(i64::from), i64::from(cell.edge_ticks()) - 1);
        let (mut near, mut far) = (0, 0);
        for (lo, centre) in min.into_iter().zip(self.centre) {
            let (lo, hi) = (lo - centre, lo - centre + max);
            far += lo.pow(2).max(hi.pow(2));
            near += if lo <= 0 && hi >= 0 { 0 } else { lo.pow(2).min(hi.pow(2)) };
        }
        let (inner, outer) = ((self.radius / 2).pow(2), self.radius.pow(2));
        if near > outer || far < inner {
            Class::Through
        } else if near >= inner && far <= outer {
            Class::Uniform(MaterialId::GRANITE)
        } else {
            Class::Mixed
        }
    }

    fn at(&self, cell: Cell) -> Option<MaterialId> {
        let half = i64::from(cell.edge_ticks()) / 2;
        let d2: i64 = (0..3).map(|a| (i64::from(cell.origin()[a]) + half - self.centre[a]).pow(2)).sum();
        (d2 >= (self.radius / 2).pow(2) && d2 <= self.radius.pow(2)).then_some(MaterialId::GRANITE)
    }
}

#[test]
fn footprints_follow_their_surface() {
    for (level, at) in [(21, [900_000, 700_000, 1_048_576]), (14, [5000, 4000, 8192]), (0, [0; 3])] {
        let page = PageId::new(level, at).unwrap();
        let (origin, edge) = (page.cell().origin().map(i64::from), i64::from(page.cell().edge_ticks()));
        let ball = Ball { centre: origin.map(|o| o + edge * 2 / 5), radius: edge / 3, calls: 0.into() };
        let built = build_exceptions(page, &ball);
        let calls = ball.calls.get();
        assert!(calls < SUBCELLS / 8, "{calls} cells were looked at");
        let cells: Dense = (0..SUBCELLS)
            .map(|i| {
                let c = bm_morton::decode3_u64(u64::from(i));
                let base = page.cell().coords();
                let cell = Cell::new(level + 7, [0, 1, 2].map(|a| (base[a] << 7) + c[a])).unwrap();
                match ball.classify(cell) {
                    Class::Through => None,
                    Class::Uniform(material) => Some(material),
                    Class::Mixed => ball.at(cell),
                }
            })
            .collect();
        assert_eq!(built, Exceptions::from_dense(&cells).unwrap());
        assert!(!built.is_empty());
        // A page the shape does not reach.
        let away = Ball { centre: [-edge * 4; 3], radius: edge / 3, calls: 0.into() };
        assert!(build_exceptions(page, &away).is_empty());
        assert_eq!(away.calls.get(), 1);
    }
}
