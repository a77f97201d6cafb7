//! Columns against voxels, bounds against samples, pinned answers, and hostile parameters.

use super::*;
use crate::function::{ColumnFunction, ColumnRun};
use bm_core::TickBox;
use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use proptest::prelude::*;
use std::sync::Arc;

fn function(r: &GeneratorRef) -> Box<dyn ColumnFunction> {
    GeneratorRegistry::standard().instantiate(r).unwrap()
}

fn folded() -> WarpedBands {
    let band = |thickness, id| Band { thickness, material: MaterialId(id) };
    WarpedBands {
        bands: vec![band(40, 8), band(12, 9), band(100, 7), band(1, 29), band(60, 8)],
        datum: -300,
        amplitude: 600,
        cells: 4000,
        octaves: 5,
        dip_north: -1500,
    }
}

fn bands() -> impl Strategy<Value = (WarpedBands, u64)> {
    let band = (1..400u32, 5..9u16).prop_map(|(thickness, id)| Band { thickness, material: MaterialId(id) });
    let list = proptest::collection::vec(band, 1..7);
    (list, -5000..5000i32, 0..5000u32, 1..2_000_000u32, 0..6u8, -MAX..=MAX, any::<u64>()).prop_map(
        |(bands, datum, amplitude, cells, octaves, dip_north, seed)| {
            (WarpedBands { bands, datum, amplitude, cells, octaves, dip_north }, seed)
        },
    )
}

const MAX: i32 = 1 << 16;

fn shells() -> impl Strategy<Value = GeneratorRef> {
    let list = proptest::collection::btree_map(-3000..3000i32, 5..8u16, 0..8);
    (list, 1..4u16).prop_map(|(list, above)| {
        let shells = list.into_iter().map(|(top, id)| Shell { top, material: MaterialId(id) });
        PlanetShells::new(shells.collect(), MaterialId(above)).unwrap().to_ref()
    })
}

fn any_generator() -> impl Strategy<Value = GeneratorRef> {
    prop_oneof![
        shells(),
        Just(PlanetShells::earth()),
        bands().prop_map(|(b, seed)| b.to_ref(seed).unwrap()),
        any::<u64>().prop_map(|seed| folded().to_ref(seed).unwrap()),
    ]
}

/// Columns near sea level, where things happen, and anywhere.
fn place() -> impl Strategy<Value = [u32; 3]> {
    let z = prop_oneof![SEA_LEVEL - 4000..SEA_LEVEL + 4000, WORLD_Z_MIN..WORLD_Z_MAX - 4000];
    (0..WORLD_X, 0..WORLD_Y, z).prop_map(|(x, y, z)| [x, y, z])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn columns_are_their_voxels(r in any_generator(), [x, y, z] in place(), height in 0..3000u32) {
        let f = function(&r);
        let mut runs = vec![ColumnRun { from: 1, to: 2, material: None }];
        f.column(x, y, z, z + height, &mut runs);
        let mut pos = z;
        for run in &runs[1..] {
            prop_assert!(run.from == pos && run.to > pos);
            for z in run.from..run.to {
                prop_assert_eq!(f.material([x, y, z]), run.material);
            }
            pos = run.to;
        }
        prop_assert_eq!(pos, z + height);
    }

    #[test]
    fn uniform_never_lies(
        r in any_generator(), min in place(), level in 0..20u32,
        samples in proptest::collection::vec(any::<[u32; 3]>(), 200)
    ) {
        let f = function(&r);
        let size = [0, 1, 2].map(|a| (1u32 << level).saturating_sub(a).max(1));
        let bounds = TickBox { min, max: [0, 1, 2].map(|a| min[a] + size[a]) };
        if let Some(material) = f.uniform(&bounds) {
            let corners = (0..8u32).map(|c| [0, 1, 2].map(|a| if c >> a & 1 == 0 { 0 } else { u32::MAX }));
            for s in corners.chain(samples) {
                let at = [0, 1, 2].map(|a| min[a] + if s[a] == u32::MAX { bounds.size()[a] - 1 } else { s[a] % bounds.size()[a] });
                prop_assert_eq!(f.material(at), Some(material), "{:?} of {:?}", at, bounds);
            }
        }
        prop_assert_eq!(f.uniform(&TickBox { min, max: min }), None);
    }

    #[test]
    fn noise_stays_within_its_bounds(
        (p, seed) in bands(), [x, y, _] in place(), w in 0..20_000u32, h in 0..20_000u32,
        samples in proptest::collection::vec((0..=20_000u32, 0..=20_000u32), 100)
    ) {
        let n = noise::Noise { seed, cells: p.cells, octaves: p.octaves, amplitude: p.amplitude };
        let b = n.bounds((x, x + w), (y, y + h));
        prop_assert!(b.min <= b.max && b.min >= -2 * i64::from(p.amplitude) - 16 && b.max <= 2 * i64::from(p.amplitude));
        for (dx, dy) in samples.into_iter().chain([(0, 0), (w, 0), (0, h), (w, h)]) {
            let v = n.at(x + dx.min(w), y + dy.min(h));
            prop_assert!((b.min..=b.max).contains(&v), "{} not in {:?}", v, b);
        }
        let one = n.bounds((x, x), (y, y));
        prop_assert_eq!((one.min, one.max), (n.at(x, y), n.at(x, y)));
    }

    #[test]
    fn noise_closes_around_the_world((p, seed) in bands(), dx in 0..5000u32, y in 0..WORLD_Y) {
        let n = noise::Noise { seed, cells: p.cells, octaves: p.octaves, amplitude: p.amplitude };
        // Exactly periodic …
        prop_assert_eq!(n.at(WORLD_X + dx, y), n.at(dx, y));
        // … and continuous: no step from tick to tick, the date line among them, beyond the steepest slope.
        let slope: i64 = (0..p.octaves).map(|o| {
            let rise = 2.0 * f64::from(p.amplitude >> o) * 1.5;
            (rise * f64::from(p.cells) * f64::from(1u32 << o) / f64::from(WORLD_X)).ceil() as i64 + 2
                + i64::from(p.amplitude >> o >> 13)
        }).sum();
        for (a, b) in [(WORLD_X - 1, 0), (WORLD_X - 2, WORLD_X - 1), (dx, dx + 1)] {
            prop_assert!((n.at(a, y) - n.at(b, y)).abs() <= slope, "{} {} {}", n.at(a, y), n.at(b, y), slope);
        }
    }

    #[test]
    fn hostile_parameters_are_refused_or_answer(
        id in 1..=2u32, seed: u64, noise in proptest::collection::vec(any::<u8>(), 0..80),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3), at in place()
    ) {
        let mut good = if id == 1 { PlanetShells::earth().params } else { folded().to_ref(0).unwrap().params };
        for (i, value) in flips {
            let i = i.index(good.len());
            good[i] = value;
        }
        for params in [good.clone(), noise, good[..good.len() - 1].to_vec()] {
            let r = GeneratorRef { id, version: 1, seed, params };
            if let Ok(f) = GeneratorRegistry::standard().instantiate(&r) {
                let answer = f.material(at);
                prop_assert!(answer.is_some_and(|m| m != MaterialId::UNSET));
                let mut runs = Vec::new();
                f.column(at[0], at[1], at[2], at[2] + 64, &mut runs);
                prop_assert_eq!(runs[0].material, answer);
                let voxel = TickBox { min: at, max: at.map(|c| c + 1) };
                prop_assert_eq!(f.uniform(&voxel), answer);
                let _ = f.uniform(&TickBox::ROOT);
                // Beyond the root there are no voxels, but a mistake must not end the program.
                let _ = f.material([u32::MAX; 3]);
                let _ = f.uniform(&TickBox { min: [0; 3], max: [u32::MAX; 3] });
            }
        }
    }

    #[test]
    fn references_round_trip(
        id: u32, version: u32, seed: u64, params in proptest::collection::vec(any::<u8>(), 0..100),
        flip in any::<prop::sample::Index>(), value: u8
    ) {
        let r = GeneratorRef { id, version, seed, params };
        let mut bytes = Vec::new();
        r.encode(&mut bytes);
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(GeneratorRef::decode(&mut reader).unwrap(), r);
        reader.finish().unwrap();
        for cut in 0..bytes.len() {
            prop_assert!(GeneratorRef::decode(&mut Reader::new(&bytes[..cut])).is_err());
        }
        let at = flip.index(bytes.len());
        bytes[at] = value;
        let _ = GeneratorRef::decode(&mut Reader::new(&bytes));
    }
}

#[test]
fn long_parameters_are_refused() {
    let mut bytes = Vec::new();
    GeneratorRef { id: 1, version: 1, seed: 0, params: vec![0; MAX_PARAMS + 1] }.encode(&mut bytes);
    assert!(matches!(GeneratorRef::decode(&mut Reader::new(&bytes)), Err(DecodeError::Invalid { .. })));
    // A length without bytes behind it takes no memory.
    assert!(GeneratorRef::decode(&mut Reader::new(&bytes[..20])).is_err());
    // The largest parameters that the constructors allow do fit.
    let band = Band { thickness: 1 << 27, material: MaterialId(u16::MAX) };
    let bands = WarpedBands { bands: vec![band; 256], ..folded() }.to_ref(1).unwrap();
    let shells = (0..256).map(|i| Shell { top: -(1 << 27) + i, material: MaterialId(1) }).collect();
    let shells = PlanetShells::new(shells, MaterialId(2)).unwrap().to_ref();
    for r in [bands, shells] {
        assert!(r.params.len() <= MAX_PARAMS);
        function(&r);
    }
}

#[test]
fn out_of_range_parameters_are_named() {
    let refused = |p: WarpedBands, why: &str| {
        let e = p.to_ref(0).unwrap_err();
        assert!(e.to_string().contains(why), "{e}");
        assert_eq!(e.kind(), ErrorKind::BadInput);
    };
    let band = |thickness, id| vec![Band { thickness, material: MaterialId(id) }];
    refused(WarpedBands { bands: vec![], ..folded() }, "0 bands");
    refused(WarpedBands { bands: band(0, 5), ..folded() }, "thickness 0");
    refused(WarpedBands { bands: band(1 << 28, 5), ..folded() }, "thickness");
    refused(WarpedBands { bands: band(9, 0), ..folded() }, "unset");
    refused(WarpedBands { datum: i32::MIN, ..folded() }, "datum");
    refused(WarpedBands { amplitude: u32::MAX, ..folded() }, "amplitude");
    refused(WarpedBands { octaves: 17, ..folded() }, "octaves");
    refused(WarpedBands { cells: 0, ..folded() }, "noise cells");
    refused(WarpedBands { cells: 1 << 26, octaves: 2, ..folded() }, "noise cells");
    refused(WarpedBands { dip_north: i32::MIN, ..folded() }, "dip");
    let shell = |top| Shell { top, material: MaterialId::ROCK };
    let new = |shells, above| PlanetShells::new(shells, above).unwrap_err().to_string();
    assert!(new(vec![shell(3), shell(3)], MaterialId::AIR).contains("ascend"));
    assert!(new(vec![shell(i32::MIN)], MaterialId::AIR).contains("sea level"));
    assert!(new(vec![shell(3)], MaterialId::UNSET).contains("unset"));
    assert!(new((0..257).map(shell).collect(), MaterialId::AIR).contains("257"));
}

#[test]
fn unknown_generators_are_typed_errors() {
    let mut registry = GeneratorRegistry::standard();
    for (id, version) in [(0, 1), (1, 2), (2, 0), (99, 1), (u32::MAX, u32::MAX)] {
        let want = DecodeError::UnknownGenerator { id, version };
        assert_eq!(registry.get(id, version).err(), Some(want.clone()));
        let r = GeneratorRef { id, version, seed: 0, params: vec![] };
        assert_eq!(registry.instantiate(&r).err(), Some(want.clone()));
        assert_eq!(want.kind(), ErrorKind::Unsupported);
    }
    let taken = registry.register(PlanetShells::generator()).unwrap_err();
    assert_eq!((taken.id, taken.version, taken.kind()), (1, 1, ErrorKind::BadInput));

    /// Somebody else's.
    struct Mine;
    impl Generator for Mine {
        fn id(&self) -> u32 {
            70_000
        }
        fn version(&self) -> u32 {
            3
        }
        fn name(&self) -> &'static str {
            "mine"
        }
        fn instantiate(&self, _: u64, _: &[u8]) -> Result<Box<dyn ColumnFunction>, DecodeError> {
            Ok(function_of(MaterialId::ORE))
        }
    }
    fn function_of(material: MaterialId) -> Box<dyn ColumnFunction> {
        function(&PlanetShells::new(vec![], material).unwrap().to_ref())
    }
    registry.register(Arc::new(Mine)).unwrap();
    let mine = GeneratorRef { id: 70_000, version: 3, seed: 0, params: vec![] };
    assert_eq!(registry.instantiate(&mine).unwrap().material([0; 3]), Some(MaterialId::ORE));
    assert_eq!(
        registry.iter().map(|g| g.name()).collect::<Vec<_>>(),
        ["planet shells", "warped bands", "mine"]
    );
    assert!(GeneratorRegistry::empty().get(1, 1).is_err());
}

#[test]
fn bounds_prove_what_they_can() {
    let thick = |thickness, id| Band { thickness, material: MaterialId(id) };
    // One 2 km band over another, folds of some 10 km and ±200 m.
    let p = WarpedBands {
        bands: vec![thick(8000, 8), thick(8000, 9)],
        datum: 0,
        amplitude: 800,
        cells: 4000,
        octaves: 4,
        dip_north: 0,
    };
    let f = function(&p.to_ref(5).unwrap());
    let cube = |z: u32, edge: u32| TickBox {
        min: [1 << 26, 1 << 25, z],
        max: [(1 << 26) + edge, (1 << 25) + edge, z + edge],
    };
    assert_eq!(f.uniform(&cube(SEA_LEVEL + 3000, 2000)), Some(MaterialId(8)));
    assert_eq!(f.uniform(&cube(SEA_LEVEL - 3000, 6000)), None);
    // A box as wide as the world, within the amplitude's reach of nothing.
    let wide = TickBox { min: [0, 0, SEA_LEVEL + 2000], max: [WORLD_X, WORLD_Y, SEA_LEVEL + 6000] };
    assert_eq!(f.uniform(&wide), Some(MaterialId(8)));
    // Close to the boundary small boxes are told apart: nearly all 4 m cubes of a column are uniform.
    let told = (0..1000).filter(|i| f.uniform(&cube(SEA_LEVEL - 8000 + 16 * i, 16)).is_some()).count();
    assert!(told >= 995, "{told} of 1000");
    let same = WarpedBands { bands: vec![thick(3, 8), thick(4, 8)], ..p };
    assert_eq!(function(&same.to_ref(5).unwrap()).uniform(&TickBox::ROOT), Some(MaterialId(8)));
}

/// Version 1 answers these for ever. If this fails, do not change the numbers: make a version 2.
#[test]
fn version_1_never_changes() {
    let shells = PlanetShells::earth();
    let bands = folded().to_ref(2024).unwrap();
    let hex = |r: &GeneratorRef| {
        let mut out = Vec::new();
        r.encode(&mut out);
        out.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    insta::assert_snapshot!(hex(&shells), @"010100000000000000002607ffd2d2131b00bfcf830b1a00ffb56b1900ffe9301800bf8b111700bfa90716000014000100");
    insta::assert_snapshot!(hex(&bands), @"0201e80700000000000019052808000c0900640700011d003c0800d704d804a01f05b717");

    // A column over New Zealand, where the date line is near, as (length, id).
    let f = function(&bands);
    let mut runs = Vec::new();
    f.column(WORLD_X - 1_000_000, WORLD_Y / 4, SEA_LEVEL - 200, SEA_LEVEL + 200, &mut runs);
    let runs: Vec<_> = runs.iter().map(|r| (r.to - r.from, r.material.map_or(0, |m| m.0))).collect();
    assert_eq!(runs, [(86, 7), (1, 29), (60, 8), (40, 8), (12, 9), (100, 7), (1, 29), (60, 8), (40, 8)]);
    let noise = noise::Noise { seed: 2024, cells: 4000, octaves: 5, amplitude: 600 };
    let along: Vec<_> = (0..8).map(|i| noise.at(i * (WORLD_X / 8), i * (WORLD_Y / 8) + 7)).collect();
    assert_eq!(along, [-317, 290, 489, 355, 300, -711, 562, -262]);

    // Ten thousand voxels each, spread by an odd stride, by checksum.
    let sum = |f: &dyn ColumnFunction, low: u32, height: u32| {
        let mut bytes = Vec::new();
        for i in 0..10_000u64 {
            let h = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let at =
                [(h >> 40) as u32 * 9, (h >> 16 & 0xff_ffff) as u32 * 4, low + (h & 0xffff) as u32 * height];
            bytes.extend(f.material(at).map_or(0, |m| m.0).to_le_bytes());
        }
        crc32fast::hash(&bytes)
    };
    let shells = function(&shells);
    assert_eq!(
        (sum(&*shells, SEA_LEVEL - 30_000_000, 500), sum(&*f, SEA_LEVEL - 2000, 1)),
        (835_618_402, 3_513_075_146)
    );
}
