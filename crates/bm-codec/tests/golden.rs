//! The bytes of page bodies, pinned.
//!
//! A changed snapshot means that worlds written before can no longer be read, or that the same world no
//! longer gives the same bytes. Then `BODY_VERSION` must rise, and a reader of the old version stays. A
//! new zstd may change the packed parts' bytes: old worlds stay readable then, and only equality of worlds
//! built by different releases is lost, which is worth a version too.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use bm_codec::body::{Base, Body, Child, body_crc};
use bm_codec::exceptions::{Exceptions, ExceptionsKind};
use bm_codec::procedural::{Band, PlanetShells, WarpedBands};
use bm_codec::raster::{Axis, Interpolation, Raster};
use bm_codec::shares::{Shares, WHOLE};
use bm_codec::strata::{Datum, Field, Fluid, Layer, Mask, Strata, earth_layers};
use bm_core::page::SUBCELLS;
use bm_core::{MaterialId, PageId};
use insta::assert_snapshot;

/// Hex digits, 32 bytes a line; long bodies as their length, check sum and first lines.
fn hex(body: &Body) -> String {
    let bytes = body.encode();
    let back = Body::decode(&bytes).unwrap();
    assert_eq!(&back, body);
    assert_eq!(back.encode(), bytes);
    let shown = bytes.len().min(2048);
    let lines: Vec<String> =
        bytes[..shown].chunks(32).map(|line| line.iter().map(|b| format!("{b:02x}")).collect()).collect();
    format!("{} bytes, check sum {:08x}\n{}", bytes.len(), body_crc(&bytes), lines.join("\n"))
}

/// Hills and a plain, from integers alone: sums of triangle waves, with some noise.
fn relief(i: usize, j: usize) -> i32 {
    let wave = |v: usize, period: usize, height: i32| {
        let v = (v % period) as i32;
        let half = (period / 2) as i32;
        (half - (v - half).abs()) * height / half
    };
    let noise = (i * 7919 + j * 104_729 + (i * j) % 31) % 17;
    let land = wave(i + 2 * j, 90, 900) + wave(3 * i + j, 40, 250) - 500;
    if land < -300 { -300 } else { land + noise as i32 }
}

fn raster(w: usize, h: usize, value: impl Fn(usize, usize) -> i32) -> Raster {
    let x = Axis { origin: -37_106, step: 74_213, den: 2 };
    let y = Axis { origin: 5, step: 9000, den: 1 };
    let v: Vec<i32> = (0..w * h).map(|k| value(k % w, k / w)).collect();
    Raster::new((x, y), (w, h), 4, Interpolation::Bilinear, &v).unwrap()
}

/// A height rounded to hundreds of feet: what half of ETOPO5's land looks like.
fn feet(v: i32) -> i32 {
    let steps = (i64::from(v) * 100 + 1524).div_euclid(3048);
    ((steps * 3048 + 50).div_euclid(100)) as i32
}

fn strata(surface: Raster) -> Body {
    Body::new(Base::Strata(Strata::new(surface, MaterialId::GRANITE).into()))
}

#[test]
fn small_bases() {
    assert_snapshot!("inherit", hex(&Body::new(Base::Inherit)));
    assert_snapshot!("uniform", hex(&Body::new(Base::Uniform(MaterialId(300)))));
    let owner = PageId::new(14, [4000, 3000, 8192]).unwrap();
    assert_snapshot!("shared", hex(&Body::new(Base::Shared(owner))));
}

#[test]
fn procedural_bases() {
    assert_snapshot!("shells", hex(&Body::new(Base::Procedural(PlanetShells::earth()))));
    let bands = WarpedBands {
        bands: vec![
            Band { thickness: 40, material: MaterialId::SHALE },
            Band { thickness: 700, material: MaterialId::SANDSTONE },
        ],
        datum: -4000,
        amplitude: 900,
        cells: 3000,
        octaves: 5,
        dip_north: -1200,
    };
    assert_snapshot!(
        "bands",
        hex(&Body::new(Base::Procedural(bands.to_ref(0x1234_5678_9abc_def0).unwrap())))
    );
}

/// The range coder, the prior and the model in one: any change of them shows here.
#[test]
fn rasters() {
    assert_snapshot!("raster_constant", hex(&strata(raster(9, 4, |_, _| -17))));
    assert_snapshot!("raster_metres", hex(&strata(raster(58, 40, relief))));
    assert_snapshot!("raster_feet", hex(&strata(raster(40, 30, |i, j| feet(relief(i, j))))));
    let wild = |i: usize, j: usize| ((i * 2_654_435_761 + j * 40_503) % 60_000_000) as i32 - 30_000_000;
    let v: Vec<i32> = (0..12 * 9).map(|k| wild(k % 12, k / 12)).collect();
    let a = Axis { origin: 0, step: 3, den: 1 };
    let nearest = Raster::new((a, a), (12, 9), 1, Interpolation::Nearest, &v).unwrap();
    assert_snapshot!("raster_wild", hex(&strata(nearest)));
}

#[test]
fn strata_with_everything() {
    let surface = raster(20, 16, relief);
    let (w, h) = surface.size();
    let s = Strata {
        surface,
        holes: Mask::new(w * h, |k| k % 61 == 3),
        above: MaterialId::AIR,
        fluid: Some(Fluid { material: MaterialId::SEAWATER, level: -12 }),
        dry: Mask::new(w * h, |k| k / w < 4),
        ground: MaterialId::SEDIMENT,
        layers: vec![
            Layer {
                material: MaterialId::SANDSTONE,
                datum: Datum::Surface,
                top: Field::Raster(raster(7, 5, |i, j| (i * j) as i32 * 3)),
            },
            Layer { material: MaterialId::GRANITE, datum: Datum::Surface, top: Field::Constant(900) },
            Layer {
                material: MaterialId::LOWER_CRUST,
                datum: Datum::SeaLevel,
                top: Field::Raster(raster(3, 3, |i, _| -20_000 - i as i32)),
            },
            Layer { material: MaterialId::MANTLE, datum: Datum::SeaLevel, top: Field::Constant(-140_000) },
        ],
    };
    assert_snapshot!("strata", hex(&Body::new(Base::Strata(s.into()))));
}

/// The Earth's layers are named, not listed: what they are is part of the format.
#[test]
fn strata_of_the_earth() {
    let (ground, layers) = earth_layers();
    assert_snapshot!("earth_layers", format!("{ground:?}\n{layers:#?}"));
    let mut s = Strata::new(raster(4, 4, |i, j| (i * 5 + j) as i32), ground);
    s.fluid = Some(Fluid { material: MaterialId::SEAWATER, level: 0 });
    s.layers = layers;
    assert_snapshot!("strata_earth", hex(&Body::new(Base::Strata(s.into()))));
}

fn with(exceptions: Exceptions) -> Body {
    Body { exceptions, ..Body::new(Base::Inherit) }
}

#[test]
fn exceptions() {
    let (a, b) = (Some(MaterialId::ORE), Some(MaterialId(40_000)));
    let few = [(1000, None), (1, a), (64, b), (7, a), (SUBCELLS - 1072, None)];
    assert_snapshot!("runs", hex(&with(Exceptions::from_runs(few).unwrap())));
    assert_snapshot!("runs_one", hex(&with(Exceptions::from_runs([(SUBCELLS, a)]).unwrap())));
    // Scattered cells: forty of two materials over through.
    let scattered =
        (0..40).flat_map(|k: u32| [(k * k % 997 * 50, None), (1, if k.is_multiple_of(3) { b } else { a })]);
    let filled: u32 = scattered.clone().map(|r| r.0).sum();
    let scattered = scattered.chain([(SUBCELLS - filled, None)]);
    assert_snapshot!("scattered", hex(&with(Exceptions::from_runs(scattered).unwrap())));
    // Layers: many runs with an order that zstd finds.
    let mut layers: Vec<(u32, Option<MaterialId>)> =
        (0..4000).map(|k| (8 + k % 3, if k % 2 == 0 { a } else { None })).collect();
    let rest = SUBCELLS - layers.iter().map(|r| r.0).sum::<u32>();
    layers.push((rest, None));
    assert_snapshot!("runs_packed", hex(&with(Exceptions::from_runs(layers).unwrap())));
    // Without order: a palette.
    let mut state = 1u32;
    let noise: Vec<Option<MaterialId>> = (0..SUBCELLS)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            [None, a, b][(state >> 24) as usize % 3]
        })
        .collect();
    let noise = Exceptions::from_dense(&noise).unwrap();
    assert_eq!(noise.kind(), ExceptionsKind::Palette);
    assert_snapshot!("palette", hex(&with(noise)));
}

#[test]
fn directory() {
    let mut mixed = Shares::default();
    mixed.add(MaterialId::AIR, WHOLE / 2);
    mixed.add(MaterialId::SEAWATER, 1_234_567);
    mixed.add(MaterialId(65_535), 1);
    let child = |sub, crc, shares: &Shares| Child { sub, crc, shares: shares.clone() };
    let body = Body {
        children: vec![
            child(0, 0xdead_beef, &Shares::whole(MaterialId::ROCK)),
            child(1, 1, &mixed),
            child(70_000, 2, &Shares::default()),
            child(SUBCELLS - 1, u32::MAX, &mixed),
        ],
        ..Body::new(Base::Uniform(MaterialId::MANTLE))
    };
    assert_snapshot!("directory", hex(&body));
}
