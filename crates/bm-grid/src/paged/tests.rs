//! Planes beyond memory, beside arrays.

use super::manifest::{Entry, Manifest};
use super::*;
use crate::chunked::{Cache, ChunkError, ChunkStore, ChunkedConfig, Durability, MemoryStore};
use crate::halo::Edge;
use crate::{Bounds, DVec2, Grid, GridError, LayerKind, Plane, Region, Window, file};
use bm_core::MaterialId;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

fn region(width: u32, height: u32) -> Region {
    let max = DVec2::new(width.into(), height.into());
    Region::new(Bounds { min: DVec2::ZERO, max }, 1.0).unwrap()
}

/// A plane of tiles of 8×8 in a store in memory, with room for so many.
fn small(width: u32, height: u32, tiles: usize) -> Paged<f64> {
    let cache = Cache::new(tiles * (64 * 8 + 256), usize::MAX);
    let config = ChunkedConfig { side: 8, ..ChunkedConfig::default() };
    let store: Arc<dyn ChunkStore> = Arc::new(MemoryStore::default());
    Paged::new(width, height, 0.5, config, Some(store), cache).unwrap()
}

fn config(most_bytes: usize) -> StoreConfig {
    StoreConfig { most_bytes, side: 256, durability: Durability::OnFlush }
}

#[test]
fn a_thousand_million_cells_cost_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let budget = 8 * (256 * 256 * 8 + 256);
    let mut store =
        GridStore::create(dir.path(), region(40_000, 25_000), MaterialId::ROCK, &config(budget)).unwrap();
    assert_eq!(store.region().cells(), 1_000_000_000);
    store.get_or_create_layer("elevation", 100.0_f64).unwrap();
    store.get_or_create_layer("smooth", 0.0_f64).unwrap();
    assert_eq!(store.cache().bytes(), 0);
    let heights = &store.layer::<f64>("elevation").unwrap()[0];
    assert_eq!(heights.tiles(), 157 * 98);
    let hill = |x: u32, y: u32| f64::from(x % 1000) * 0.5 + f64::from(y % 300);
    // Over twelve tiles at the far corner, more than there is room for.
    let window = Window { x: 39_000, y: 24_400, width: 1000, height: 600 };
    let row = |y: u32| (window.x..window.end_x()).map(|x| hill(x, y)).collect::<Vec<_>>();
    for y in window.y..window.end_y() {
        heights.write_window(Window { y, height: 1, ..window }, &row(y)).unwrap();
        assert!(store.cache().bytes() <= budget);
    }
    assert!(store.cache().evicted() > 0);
    let smooth = &store.layer::<f64>("smooth").unwrap()[0];
    let tiles: Vec<usize> =
        [(39_999, 24_999), (39_500, 24_700), (5, 5)].map(|(x, y)| heights.tile_of(x, y).unwrap()).into();
    for_tiles_with_halo(heights, smooth, &tiles, 1, Edge::Clamp, 2, |around, out| {
        for (y, out) in out.chunks_exact_mut(around.width()).enumerate() {
            for (x, out) in out.iter_mut().enumerate() {
                let cell = |dx: usize, dy: usize| around.row(y + dy)[x + dx];
                *out = (cell(1, 0) + cell(0, 1) + cell(2, 1) + cell(1, 2)) / 4.0;
            }
        }
    })
    .unwrap();
    assert!(store.cache().bytes() <= budget);
    let (x, y) = (39_500, 24_700);
    let mean = (hill(x - 1, y) + hill(x + 1, y) + hill(x, y - 1) + hill(x, y + 1)) / 4.0;
    assert_eq!(smooth.get(x, y).unwrap(), mean);
    assert_eq!((smooth.get(5, 5).unwrap(), smooth.get(5, 5000).unwrap()), (100.0, 0.0));
    store.flush().unwrap();
    drop(store);

    let store = GridStore::open(dir.path(), &config(budget)).unwrap();
    let heights = &store.layer::<f64>("elevation").unwrap()[0];
    let mut back = vec![0.0; 1000];
    for y in (window.y..window.end_y()).step_by(37) {
        heights.read_window(Window { y, height: 1, ..window }, &mut back).unwrap();
        assert_eq!(back, row(y));
    }
    assert_eq!((heights.get(0, 0).unwrap(), store.material().get(7, 7).unwrap()), (100.0, MaterialId::ROCK));
    // A dozen tiles with values, three smooth ones of which one is uniform: the folder has no more.
    let kept = store.layer::<f64>("smooth").unwrap()[0].chunks().cached();
    assert_eq!(kept, 0);
}

#[test]
fn parts_are_grids_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let small_tiles = StoreConfig { side: 64, ..config(1 << 20) };
    let mut store = GridStore::create(dir.path(), region(300, 200), MaterialId(3), &small_tiles).unwrap();
    store.set_id("land").unwrap();
    let part = region(150, 140);
    let mut grid = Grid::from_fn(part, |x, y| MaterialId(1 + (x * y % 5) as u16)).unwrap();
    grid.get_or_create_layer("h", 1.0_f64).unwrap().set(3, 4, f64::NAN).unwrap();
    grid.get_or_create_layer("wind", [1.0_f32, 2.0]).unwrap().set(149, 139, [7.0, 8.0]).unwrap();
    grid.get_or_create_layer("u8", 9_u8).unwrap();
    grid.get_or_create_layer("u16", 10_u16).unwrap().set(0, 0, 1).unwrap();
    grid.get_or_create_layer("f32", 0.0_f32).unwrap().set(9, 9, -0.0).unwrap();
    store.write_part(&grid, 120, 50).unwrap();
    assert!(matches!(store.write_part(&grid, 151, 0), Err(ChunkError::Grid(GridError::OutOfGrid { .. }))));
    store.flush().unwrap();
    drop(store);
    let store = GridStore::open(dir.path(), &small_tiles).unwrap();
    assert_eq!(store.id(), "land");
    let window = Window { x: 120, y: 50, width: 150, height: 140 };
    let back = store.read_part(window).unwrap();
    assert_eq!(back.region().bounds(), store.region().part(window).unwrap().bounds());
    assert!(back.base() == grid.base());
    assert_eq!(back.layers().collect::<Vec<_>>(), grid.layers().collect::<Vec<_>>());
    assert!(back.layer::<f64>("h").unwrap() == grid.layer::<f64>("h").unwrap());
    assert!(back.layer::<[f32; 2]>("wind").unwrap() == grid.layer::<[f32; 2]>("wind").unwrap());
    assert!(back.layer::<u8>("u8").unwrap() == grid.layer::<u8>("u8").unwrap());
    assert!(back.layer::<u16>("u16").unwrap() == grid.layer::<u16>("u16").unwrap());
    assert!(back.layer::<f32>("f32").unwrap() == grid.layer::<f32>("f32").unwrap());
    assert_eq!((back.stale().count(), back.id()), (0, "land"));
    let beyond = store.read_part(Window { x: 0, y: 0, width: 20, height: 20 }).unwrap();
    assert_eq!(
        (beyond.material(0, 0), beyond.layer::<f64>("h").unwrap().get(0, 0)),
        (Some(MaterialId(3)), Some(0.0))
    );
    assert!(store.read_part(Window { x: 0, y: 0, width: 301, height: 1 }).is_err());
    assert!(store.read_part(Window { x: 0, y: 0, width: 0, height: 1 }).is_err());
}

#[test]
fn layers_are_made_and_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = GridStore::create(dir.path(), region(50, 50), MaterialId(3), &config(1 << 21)).unwrap();
    assert!(GridStore::create(dir.path(), region(50, 50), MaterialId(3), &config(1 << 21)).is_err());
    let in_use = GridStore::open(dir.path(), &config(1 << 21)).unwrap_err();
    assert!(in_use.to_string().contains("another process"), "{in_use}");
    store.get_or_create_layer("b", 2.0_f32).unwrap()[0].set(1, 1, 5.0).unwrap();
    store.get_or_create_layer("a", [1.0_f32, 3.0]).unwrap()[1].set(1, 1, 6.0).unwrap();
    assert_eq!(store.layers().collect::<Vec<_>>(), [("a", LayerKind::F32x2), ("b", LayerKind::F32)]);
    assert!(matches!(store.layer::<f32>("a"), Err(GridError::LayerType { is: LayerKind::F32x2, .. })));
    assert!(matches!(store.layer::<f64>("b"), Err(GridError::LayerType { .. })));
    assert!(matches!(store.layer::<f64>("c"), Err(GridError::LayerMissing { .. })));
    assert!(store.get_or_create_layer("b", 2_u8).is_err());
    store.flush().unwrap();
    assert!(store.remove_layer("b").unwrap() && !store.remove_layer("b").unwrap());
    // One made anew finds nothing of the old one.
    assert_eq!(store.get_or_create_layer("b", 1.0_f32).unwrap()[0].get(1, 1).unwrap(), 1.0);
    drop(store);
    let store = GridStore::open(dir.path(), &config(1 << 21)).unwrap();
    let a = store.layer::<[f32; 2]>("a").unwrap();
    assert_eq!((a[0].get(1, 1).unwrap(), a[1].get(1, 1).unwrap(), a[1].get(2, 1).unwrap()), (1.0, 6.0, 3.0));
    assert!(
        GridStore::create(&dir.path().join("x"), region(5, 5), MaterialId::UNSET, &config(1 << 21)).is_err()
    );
    for side in [0, 3, 2, 8192] {
        let bad = StoreConfig { side, ..config(1 << 30) };
        assert!(
            GridStore::create(&dir.path().join("y"), region(5, 5), MaterialId(1), &bad).is_err(),
            "{side}"
        );
    }
    assert!(matches!(GridStore::open(&dir.path().join("z"), &config(1 << 21)), Err(ChunkError::File(_))));
}

#[test]
fn the_list_of_layers_is_checked() {
    let entry =
        |name: &str, kind, folder, fill: &[u64]| Entry { name: name.into(), kind, folder, fill: fill.into() };
    let manifest = Manifest {
        region: region(3, 2),
        id: "id".into(),
        log2: 8,
        material: 5,
        next: 4,
        layers: vec![entry("a", LayerKind::F32x2, 1, &[1, 2]), entry("b", LayerKind::F64, 0, &[3])],
    };
    let bytes = manifest.bytes().unwrap();
    assert_eq!(Manifest::of_bytes(&bytes).unwrap(), manifest);
    let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    insta::assert_snapshot!(hex.chunks(16).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n"));
    for at in 0..bytes.len() {
        assert!(Manifest::of_bytes(&bytes[..at]).is_err());
        let mut bad = bytes.clone();
        bad[at] ^= 4;
        assert!(Manifest::of_bytes(&bad).is_err(), "byte {at}");
    }
    for bad in [
        Manifest { log2: 1, ..manifest.clone() },
        Manifest { log2: 40, ..manifest.clone() },
        Manifest { material: 0, ..manifest.clone() },
        Manifest { next: 2, ..manifest.clone() },
        Manifest {
            layers: vec![entry("a", LayerKind::F32x2, 0, &[1, 2]), entry("b", LayerKind::F64, 1, &[3])],
            ..manifest.clone()
        },
        Manifest { layers: vec![entry("a", LayerKind::F64, u32::MAX, &[1])], ..manifest.clone() },
        Manifest { layers: vec![entry("a", LayerKind::F64, 0, &[])], ..manifest.clone() },
        Manifest { layers: vec![entry("a", LayerKind::F64, 0, &[1, 2])], ..manifest.clone() },
    ] {
        assert!(Manifest::of_bytes(&bad.bytes().unwrap()).is_err());
    }
    let grid = Grid::uniform(region(3, 2), MaterialId(5)).unwrap();
    let mut other = Vec::new();
    file::write(&grid, b"", &mut other, Path::new("x")).unwrap();
    assert!(Manifest::of_bytes(&other).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    let plane = small(30, 20, 4);
    let outside = |r: Result<(), ChunkError>| matches!(r, Err(ChunkError::Grid(GridError::OutOfGrid { .. })));
    assert!(outside(plane.get(30, 0).map(drop)) && outside(plane.set(0, 20, 1.0)));
    let w = |x, y, width, height| Window { x, y, width, height };
    for window in [w(29, 0, 2, 1), w(u32::MAX, 0, 2, 1), w(0, 1, 1, 20)] {
        assert!(
            outside(plane.read_window(window, &mut [0.0; 2]))
                && outside(plane.write_window(window, &[0.0; 2]))
        );
        assert!(outside(plane.read_halo(window, 1, Edge::Clamp, &mut Vec::new()).map(drop)));
    }
    assert!(matches!(plane.read_window(w(0, 0, 2, 2), &mut [0.0; 2]), Err(ChunkError::Length { .. })));
    assert!(
        plane.tile_window(12).is_err()
            && plane.tile_window(usize::MAX).is_err()
            && plane.tile_of(0, 20).is_err()
    );
    assert_eq!(plane.tile_window(11).unwrap(), w(24, 16, 6, 4));
    let other = small(30, 21, 4);
    assert!(for_tiles_with_halo(&plane, &other, &[0], 1, Edge::Clamp, 1, |_, _| ()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_paged_plane_is_a_plane(
        (width, height) in (1_u32..60, 1_u32..60), tiles in 4_usize..12, seed in any::<u32>(), radius in 0_usize..12,
        edge in prop_oneof![Just(Edge::Clamp), Just(Edge::Reflect), Just(Edge::Periodic), Just(Edge::Value(-1.0))],
        writes in prop::collection::vec((0_u32..60, 0_u32..60, 0_u32..30, 0_u32..30, any::<bool>()), 0..30),
    ) {
        let (from, to) = (small(width, height, tiles), small(width, height, tiles));
        let mut plane = Plane::uniform(width, height, 0.5);
        for (x, y, w, h, same) in writes {
            let (x, y) = (x % width, y % height);
            let window = Window { x, y, width: w.min(width - x), height: h.min(height - y) };
            let value = |n: u32| if same { 3.0 } else { f64::from(n.wrapping_mul(seed | 1) >> 9) };
            let values: Vec<f64> = (0..window.cells() as u32).map(value).collect();
            plane.write_window(window, &values).unwrap();
            from.write_window(window, &values).unwrap();
            let cache = from.chunks().cache();
            prop_assert!(cache.bytes() <= cache.most_bytes());
        }
        let whole = Window { x: 0, y: 0, width, height };
        let mut all = vec![0.0; whole.cells()];
        from.read_window(whole, &mut all).unwrap();
        prop_assert_eq!(&all, &plane.to_vec());
        let middle = Window { x: width / 2, y: height / 3, width: width - width / 2, height: 1 };
        let (mut a, mut b) = (Vec::new(), Vec::new());
        from.read_halo(middle, radius, edge, &mut a).unwrap();
        plane.read_halo(middle, radius, edge, &mut b).unwrap();
        prop_assert_eq!(&a, &b);
        let tiles: Vec<usize> = (0..from.tiles()).collect();
        for threads in [1, 3] {
            for_tiles_with_halo(&from, &to, &tiles, 1, edge, threads, |around, out| {
                let width = around.width();
                for (n, out) in out.iter_mut().enumerate() {
                    let (x, y) = (n % width, n / width);
                    *out = around.row(y)[x + 1] + around.row(y + 1)[x] - around.row(y + 2)[x + 2];
                }
            }).unwrap();
            plane.read_halo(whole, 1, edge, &mut b).unwrap();
            let stride = width as usize + 2;
            for (n, &value) in all.iter().enumerate() {
                let (x, y) = (n % width as usize, n / width as usize);
                let wanted = b[y * stride + x + 1] + b[(y + 1) * stride + x] - b[(y + 2) * stride + x + 2];
                prop_assert_eq!(to.get(x as u32, y as u32).unwrap(), wanted);
                prop_assert_eq!(from.get(x as u32, y as u32).unwrap(), value);
            }
        }
    }
}
