//! Bytes that no writer wrote: refused or read, in bounded time, never a panic.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use bm_codec::DecodeError;
use bm_codec::body::{BODY_VERSION, Base, Body, Child};
use bm_codec::exceptions::Exceptions;
use bm_codec::function::ColumnFunction;
use bm_codec::procedural::{GeneratorRegistry, PlanetShells};
use bm_codec::raster::{Axis, Interpolation, MAX_SAMPLE, Raster};
use bm_codec::shares::Shares;
use bm_codec::strata::{Datum, Field, Fluid, Layer, MAX_LAYERS, Mask, Strata, earth_layers};
use bm_core::page::SUBCELLS;
use bm_core::{ErrorKind, MaterialId, PageId, TickBox};
use proptest::prelude::*;

fn surface(w: usize, h: usize) -> Raster {
    let a = Axis { origin: 3, step: 100, den: 2 };
    let v: Vec<i32> = (0..w * h).map(|k| (k * k) as i32 % 300 - 100).collect();
    Raster::new((a, a), (w, h), 4, Interpolation::Bilinear, &v).unwrap()
}

/// One body of every kind.
fn bodies() -> Vec<Body> {
    let strata = Strata {
        holes: Mask::new(80, |k| k == 9),
        dry: Mask::new(80, |k| k > 70),
        fluid: Some(Fluid { material: MaterialId::SEAWATER, level: 0 }),
        layers: vec![
            Layer { material: MaterialId::GRANITE, datum: Datum::Surface, top: Field::Constant(9) },
            Layer { material: MaterialId::MANTLE, datum: Datum::SeaLevel, top: Field::Raster(surface(3, 4)) },
        ],
        ..Strata::new(surface(10, 8), MaterialId::SEDIMENT)
    };
    let (ground, layers) = earth_layers();
    let earth = Strata { layers, ..Strata::new(surface(4, 4), ground) };
    let ore = Some(MaterialId::ORE);
    let runs = |n: u32| {
        (0..n).map(|k| (1 + k % 3, if k % 2 == 0 { ore } else { None })).chain([(SUBCELLS - 2 * n, ore)])
    };
    let directory = Body {
        children: (0..40)
            .map(|k| Child { sub: k * k, crc: k, shares: Shares::whole(MaterialId(1 + k as u16)) })
            .collect(),
        ..Body::new(Base::Uniform(MaterialId::ROCK))
    };
    vec![
        Body::new(Base::Inherit),
        Body::new(Base::Uniform(MaterialId(700))),
        Body::new(Base::Strata(strata.into())),
        Body::new(Base::Strata(earth.into())),
        Body::new(Base::Procedural(PlanetShells::earth())),
        Body::new(Base::Shared(PageId::new(7, [30, 20, 64]).unwrap())),
        Body {
            exceptions: Exceptions::from_runs([(5, ore), (SUBCELLS - 5, None)]).unwrap(),
            ..Body::new(Base::Inherit)
        },
        Body { exceptions: Exceptions::from_runs(runs(300)).unwrap(), ..Body::new(Base::Inherit) },
        directory,
    ]
}

/// Whatever was decoded can be asked anything, and is written as something that reads the same.
fn use_it(body: &Body) {
    let ask = |f: &dyn ColumnFunction| {
        let mut runs = Vec::new();
        for at in [[0; 3], [5, 7, 1 << 27], [900, 700, (1 << 27) - 40], [(1 << 28) - 1; 3]] {
            f.material(at);
            // Short columns: a generator's bands may be a tick thick.
            f.column(at[0], at[1], at[2].saturating_sub(50), at[2], &mut runs);
            f.uniform(&TickBox { min: at, max: at.map(|c| c + 9) });
        }
    };
    match &body.base {
        Base::Strata(s) => ask(&**s),
        Base::Procedural(g) => {
            if let Ok(f) = GeneratorRegistry::standard().instantiate(g) {
                ask(&*f);
            }
        }
        _ => {}
    }
    for sub in [0, 1, 77, SUBCELLS - 1] {
        let _ = body.exceptions.get(sub);
    }
    body.check().unwrap();
    assert_eq!(Body::decode(&body.encode()).as_ref(), Ok(body));
}

fn decode(bytes: &[u8]) {
    if let Ok(body) = Body::decode(bytes) {
        use_it(&body);
    }
}

#[test]
fn every_single_flip_is_harmless() {
    for body in bodies() {
        let good = body.encode();
        for k in 0..good.len() {
            for flip in (0..8).map(|b| 1 << b).chain([0xff]) {
                let mut bad = good.clone();
                bad[k] ^= flip;
                decode(&bad);
            }
        }
    }
}

#[test]
fn every_prefix_is_refused() {
    for body in bodies() {
        let good = body.encode();
        for k in 0..good.len() {
            let e = Body::decode(&good[..k]).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Corrupt, "{k}: {e}");
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert_eq!(Body::decode(&longer), Err(DecodeError::Trailing(1)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn noise_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode(&bytes);
        // Behind a valid start it gets further.
        for base in 0..5u8 {
            decode(&[&[BODY_VERSION, base], bytes.as_slice()].concat());
        }
        for start in [&[0, 1, 1, 5, 0][..], &[0, 2], &[0, 3], &[0, 0x81], &[0, 0, 9], &[0, 0, 2, 9, 0], &[2, 7, 1, 2, 3, 4]] {
            decode(&[&[BODY_VERSION], start, bytes.as_slice()].concat());
        }
    }

    #[test]
    fn spliced_bodies_are_read_or_refused(a in 0usize..9, b in 0usize..9, cut: prop::sample::Index, from: prop::sample::Index) {
        let all = bodies();
        let (a, b) = (all[a].encode(), all[b].encode());
        decode(&[&a[..cut.index(a.len())], &b[from.index(b.len())..]].concat());
    }
}

/// LEB128, as the format writes numbers.
fn varint(mut v: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
    out
}

fn zigzag(v: i64) -> Vec<u8> {
    varint(((v << 1) ^ (v >> 63)) as u64)
}

/// A bare strata body with a raster of these header fields, and nothing behind the header.
fn raster_header(origin: i64, step: u64, den: u64, unit: u64, w: u64, h: u64) -> Vec<u8> {
    let axis = [zigzag(origin), varint(step), varint(den)].concat();
    let head =
        [vec![BODY_VERSION, 2, 0, 1, 6], axis.clone(), axis, varint(unit), vec![1], varint(w), varint(h)];
    head.concat()
}

#[test]
fn extreme_numbers_are_refused() {
    let end = [0, 10, 0, 0, 0]; // constant 5, no layers, no exceptions, no directory
    let whole = |head: Vec<u8>| Body::decode(&[head.as_slice(), &end].concat());
    assert!(whole(raster_header(0, 100, 1, 4, 2, 2)).is_ok());
    for (origin, step, den, unit, w, h) in [
        (i64::MIN, 100, 1, 4, 2, 2),
        (i64::MAX, 100, 1, 4, 2, 2),
        (0, 0, 1, 4, 2, 2),
        (0, u64::MAX, 1, 4, 2, 2),
        (0, i64::MAX as u64, 1 << 26, 4, 2, 2),
        (0, 100, 0, 4, 2, 2),
        (0, 100, u64::MAX, 4, 2, 2),
        (0, 100, (1 << 26) + 1, 4, 2, 2),
        (0, 100, 1, 0, 2, 2),
        (0, 100, 1, 1 << 16, 2, 2),
        (0, 100, 1, 4, 0, 2),
        (0, 100, 1, 4, 4097, 1),
        (0, 100, 1, 4, 4096, 4096),
        (0, 100, 1, 4, u64::MAX, u64::MAX),
    ] {
        let e = whole(raster_header(origin, step, den, unit, w, h)).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Corrupt, "{origin} {step} {den} {unit} {w} {h}: {e}");
    }
    // Constants and heights at the ends of their integers.
    for v in [i64::MIN, i64::from(i32::MIN), i64::from(MAX_SAMPLE), i64::MAX] {
        let constant = [raster_header(0, 100, 1, 1, 2, 2), vec![0], zigzag(v), vec![0, 0, 0]].concat();
        assert!(Body::decode(&constant).is_err(), "{v}");
        let layer = [raster_header(0, 100, 1, 4, 2, 2), vec![0, 10, 1, 6, 0], zigzag(v), vec![0, 0]].concat();
        assert!(Body::decode(&layer).is_err(), "{v}");
    }
    // Counts that lie.
    for n in [SUBCELLS.into(), u64::from(SUBCELLS) + 1, u64::MAX] {
        assert!(
            Body::decode(
                &[vec![BODY_VERSION, 0, 0], varint(n), varint(64 << 20), varint(3), vec![0; 40]].concat()
            )
            .is_err()
        );
        assert!(Body::decode(&[vec![BODY_VERSION, 0, 1, 1, 5, 0], varint(n), vec![1; 40]].concat()).is_err());
    }
}

#[test]
fn newer_versions_and_unknown_generators_say_so() {
    let e = Body::decode(&[BODY_VERSION + 1, 0, 0, 0]).unwrap_err();
    assert!(matches!(e, DecodeError::Newer { .. }) && e.kind() == ErrorKind::Unsupported);
    for old in 0..BODY_VERSION {
        let e = Body::decode(&[old, 0, 0, 0]).unwrap_err();
        assert!(matches!(e, DecodeError::Older { .. }) && e.kind() == ErrorKind::Unsupported);
        assert!(e.to_string().contains(&format!("version {old}")) && e.to_string().contains("anew"), "{e}");
    }
    let mut unknown = PlanetShells::earth();
    unknown.version = 9;
    let body = Body::decode(&Body::new(Base::Procedural(unknown)).encode()).unwrap();
    let Base::Procedural(g) = &body.base else { unreachable!() };
    let e = GeneratorRegistry::standard().instantiate(g).err().unwrap();
    assert_eq!(e, DecodeError::UnknownGenerator { id: 1, version: 9 });
}

/// A page of a few bytes must not cost its reader minutes.
#[test]
fn small_pages_do_not_ask_for_endless_work() {
    let one =
        [zigzag(0), varint(100), varint(1), zigzag(0), varint(100), varint(1), varint(1), vec![0]].concat();
    let big = [one, varint(1024), varint(1024), vec![0, 10]].concat(); // constant: cheap to read
    let layers = |n: usize| {
        let mut b = [vec![BODY_VERSION, 2, 0, 1, 6], big.clone(), varint(n as u64)].concat();
        for _ in 0..n {
            b.extend([6, 2]);
            b.extend(&big);
        }
        b.extend([0, 0]);
        b
    };
    assert!(Body::decode(&layers(3)).is_ok());
    let e = Body::decode(&layers(4)).unwrap_err();
    assert!(e.to_string().contains("samples"), "{e}");
    assert!(Body::decode(&layers(MAX_LAYERS + 1)).is_err());
}
