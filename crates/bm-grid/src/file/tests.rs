//! Every byte of a file: written as documented, believed only when it is right.

use super::*;
use crate::atomic::faulty::Ram;
use crate::bounds::Bounds;
use crate::layer::LayerKind;
use crate::region::Region;
use crate::{DVec2, GridError, TILE, TileRef, Window};
use bm_core::MaterialId;
use proptest::prelude::*;
use std::sync::Arc;

const HERE: &str = "here";

fn bytes_of(grid: &Grid, meta: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let n = write(grid, meta, &mut out, Path::new(HERE)).unwrap();
    assert_eq!(n, out.len() as u64);
    out
}

fn read_all(mut bytes: &[u8]) -> Result<(Grid, Vec<u8>), FileError> {
    let length = bytes.len() as u64;
    read(&mut bytes, length, Path::new(HERE), u64::MAX)
}

/// Whether two grids are the same in everything a file keeps.
fn same(a: &Grid, b: &Grid) -> bool {
    a == b && a.stale().eq(b.stale())
}

fn region(width: u32, height: u32, cell: f64) -> Region {
    let min = DVec2::new(1000.5, 7.25);
    let max = min + DVec2::new(width.into(), height.into()) * cell;
    Region::new(Bounds { min, max }, cell).unwrap()
}

/// A grid that has everything: dense, uniform, derived and stale tiles, layers of all kinds, ids.
fn everything(width: u32, height: u32) -> Grid {
    let part = region(width + 3, height + 5, 0.1).part(Window { x: 3, y: 5, width, height }).unwrap();
    let mut grid = Grid::from_fn(part, |x, y| MaterialId(if x < TILE { 5 } else { 1 + (x * y % 7) as u16 }));
    let grid = grid.as_mut().unwrap();
    grid.affected_mut().extend([Arc::from("coast"), Arc::from("fault ü")]);
    let mut derived = grid.materials(grid.tiling().window(0));
    derived[0] = MaterialId(77);
    grid.set_derived_tile(0, &derived).unwrap();
    let last = grid.tiling().len() - 1;
    let cells = grid.tiling().window(last).cells();
    grid.set_derived_tile(last, &vec![MaterialId(9); cells]).unwrap();
    grid.base_mut().set(width - 1, 0, MaterialId(3)).unwrap();
    let f64s = grid.get_or_create_layer("elevation", f64::NAN).unwrap();
    for (x, y) in (0..width).zip(0..height) {
        f64s.set(x, y, f64::from(x) * 0.3 - f64::from(y)).unwrap();
    }
    grid.get_or_create_layer("a f32", -0.0_f32).unwrap().set(0, 0, f32::INFINITY).unwrap();
    grid.get_or_create_layer("b u16", 7_u16).unwrap();
    grid.get_or_create_layer("c u8", 255_u8).unwrap().set(width - 1, height - 1, 1).unwrap();
    grid.get_or_create_layer(crate::layer::WATER_VELOCITY, [0.5_f32, 1.5])
        .unwrap()
        .set(0, 0, [3.0, 4.0])
        .unwrap();
    grid.clone().with_id("Zürich")
}

#[test]
fn a_grid_comes_back_from_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.grid");
    let grid = everything(300, 140);
    let bytes = save(&grid, b"meta", &path).unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());
    let (back, meta) = load(&path).unwrap();
    assert!(same(&grid, &back));
    assert_eq!((&meta[..], back.id(), back.affected()), (&b"meta"[..], "Zürich", grid.affected()));
    assert_eq!(back.stale().collect::<Vec<_>>(), [2]);
    assert_eq!(back.region().bounds(), grid.region().bounds());
    assert_eq!(back.material(299, 0), grid.material(299, 0));
    // Over an older one, and alone in its folder.
    let other = Grid::uniform(region(5, 5, 1.0), MaterialId::ROCK).unwrap();
    save(&other, b"", &path).unwrap();
    assert!(same(&load(&path).unwrap().0, &other));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    // A part of the world's frame keeps its frame.
    let b = Bounds { min: DVec2::new(1005.0, 77.0), max: DVec2::new(9100.0, 990.0) };
    let world = Grid::uniform(Region::aligned(b, 10.0).unwrap(), MaterialId::ROCK).unwrap();
    assert!(same(&read_all(&bytes_of(&world, b"")).unwrap().0, &world));
}

#[test]
fn missing_files_and_folders_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let message = |e: FileError| e.to_string();
    let e = message(load(&dir.path().join("none")).unwrap_err());
    assert!(e.contains("none") && e.contains("open"), "{e}");
    let grid = everything(10, 10);
    let e = message(save(&grid, b"", &dir.path().join("no").join("folder")).unwrap_err());
    assert!(e.contains("folder") && e.contains("make a file"), "{e}");
    let e = message(save(&grid, b"", dir.path()).unwrap_err());
    assert!(e.contains("name"), "{e}");
    assert!(matches!(load(dir.path()), Err(FileError::Io { .. })));
}

#[test]
fn threads_make_no_difference() {
    let grid = everything(700, 600);
    let of = |threads| {
        let mut out = Vec::new();
        write::write(&grid, b"m", threads, &mut out).unwrap();
        out
    };
    let one = of(1);
    for threads in [2, 3, 8] {
        assert!(of(threads) == one, "{threads} threads");
        let back = read::read(&mut &one[..], one.len() as u64, threads, u64::MAX).unwrap();
        assert!(same(&back.0, &grid));
    }
}

#[test]
fn tiles_of_one_value_cost_that_value() {
    let mut grid = Grid::uniform(region(10_000, 10_000, 1.0), MaterialId::ROCK).unwrap();
    grid.get_or_create_layer("elevation", 3.5_f64).unwrap();
    let tiles = grid.tiling().len();
    // A byte of kind each for base, derived and layer, and the value.
    assert!(bytes_of(&grid, b"").len() < tiles * (3 + 2 + 8) + 20_000);
    // A tile that has become uniform is one again.
    let mut dense = Grid::uniform(region(128, 128, 1.0), MaterialId::ROCK).unwrap();
    dense.get_or_create_layer("elevation", 3.5_f64).unwrap().planes_mut()[0].tile_mut(0).fill(4.5);
    let back = read_all(&bytes_of(&dense, b"")).unwrap().0;
    assert_eq!(back.layer::<f64>("elevation").unwrap().planes()[0].tile(0), TileRef::Uniform(4.5));
}

fn hex(bytes: &[u8]) -> String {
    let line = |line: &[u8]| line.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    bytes.chunks(16).map(line).collect::<Vec<_>>().join("\n")
}

/// Small enough that no tile is worth compressing, so that the bytes are those of the description alone.
fn golden() -> Grid {
    let mut grid = Grid::from_fn(region(3, 2, 0.5), |x, y| MaterialId((1 + x + 2 * y) as u16)).unwrap();
    grid.affected_mut().insert(Arc::from("coast"));
    let derived: Vec<_> = [1, 2, 3, 4, 5, 6].map(MaterialId).into();
    grid.set_derived_tile(0, &derived).unwrap();
    grid.base_mut().set(0, 0, MaterialId(8)).unwrap();
    let layer = grid.get_or_create_layer("elevation", 0.0_f64).unwrap();
    layer.planes_mut()[0].set_tile(0, &[1.0, 1.5, -2.0, 0.25, 1e9, f64::NAN]).unwrap();
    grid.get_or_create_layer("wind", [1.0_f32, 2.0]).unwrap().set(1, 1, [1.0, -2.0]).unwrap();
    grid.with_id("g")
}

#[test]
fn the_bytes_are_the_documented_ones() {
    let bytes = bytes_of(&golden(), b"{}");
    insta::assert_snapshot!(hex(&bytes));
    assert!(same(&read_all(&bytes).unwrap().0, &golden()));
}

/// A file of version 1 whose tiles were compressed by zstd: whatever later versions of that write, this is read.
#[test]
fn compressed_tiles_of_old_are_read() {
    let mut grid =
        Grid::from_fn(region(100, 40, 2.0), |x, y| MaterialId(1 + (x / 50 + y / 20) as u16)).unwrap();
    let layer = grid.get_or_create_layer("elevation", 0.0_f64).unwrap();
    let heights: Vec<f64> = (0..4000).map(|i| f64::from(i % 100 / 10)).collect();
    layer.planes_mut()[0].set_tile(0, &heights).unwrap();
    let old = include_bytes!("compressed-v1.bmgrid");
    assert!(same(&read_all(old).unwrap().0, &grid));
    assert!(old.len() < 1000 && bytes_of(&grid, b"old").len() < 1000);
}

#[test]
fn every_flipped_byte_is_noticed() {
    let bytes = bytes_of(&everything(130, 20), b"meta");
    assert!(bytes.len() < 60_000, "{}", bytes.len());
    let step = if bytes.len() > 8000 { 3 } else { 1 };
    let small = bytes_of(&golden(), b"{}");
    for (bytes, step) in [(bytes, step), (small, 1)] {
        let mut bad = bytes.clone();
        for at in (0..bytes.len()).step_by(step) {
            for bit in [1, 0x80] {
                bad[at] ^= bit;
                read_all(&bad).unwrap_err();
                bad[at] ^= bit;
            }
        }
        assert!(bad == bytes);
    }
}

#[test]
fn every_missing_end_is_noticed() {
    let bytes = bytes_of(&golden(), b"{}");
    for length in 0..bytes.len() {
        let e = read_all(&bytes[..length]).unwrap_err();
        assert!(matches!(e, FileError::Foreign { .. } | FileError::Damaged { .. }), "{e}");
        // Also if the system says it is longer than it is.
        let e = read(&mut &bytes[..length], bytes.len() as u64, Path::new(HERE), u64::MAX).unwrap_err();
        assert!(matches!(e, FileError::Foreign { .. } | FileError::Damaged { .. }), "{e}");
    }
    let more = [&bytes[..], &[0]].concat();
    assert!(read_all(&more).unwrap_err().to_string().contains("behind"));
}

/// Cuts a file into its blocks' bodies.
fn bodies(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &bytes[16..];
    let mut all = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<8>() {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        all.push(behind[..length].to_vec());
        rest = &behind[length..];
    }
    all
}

/// A file with right check sums of these blocks, the last of which (the end) is made anew.
fn sealed(blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = [&MAGIC[..], &VERSION.to_le_bytes(), &[0; 4]].concat();
    let mut end = Vec::new();
    for (number, body) in (0_u64..).zip(blocks) {
        let last = number + 1 == blocks.len() as u64;
        if last {
            end = [number.to_le_bytes(), (out.len() as u64 + 24).to_le_bytes()].concat();
        }
        let body = if last { &end } else { body };
        let length = (body.len() as u32).to_le_bytes();
        let sum = crc32fast::hash(&[&number.to_le_bytes()[..], &length, body].concat());
        out.extend([&length[..], &sum.to_le_bytes(), body].concat());
    }
    out
}

#[test]
fn lies_with_right_check_sums_are_refused() {
    let bytes = bytes_of(&golden(), b"{}");
    let good = bodies(&bytes);
    assert!(sealed(&good) == bytes);
    // Block, offset, bytes put there, what is said.
    let f = |v: f64| v.to_le_bytes().to_vec();
    let n = |v: u32| v.to_le_bytes().to_vec();
    let i = |v: i64| v.to_le_bytes().to_vec();
    let cases: &[(usize, usize, Vec<u8>, &str)] = &[
        (0, 0, f(f64::NAN), "finite"),
        (0, 0, f(1e308), "coordinates of this size"),
        (0, 16, f(0.0), "positive"),
        (0, 16, f(-1.0), "positive"),
        (0, 16, f(f64::INFINITY), "finite"),
        (0, 24, i(i64::MIN), "coordinates"),
        (0, 24, i(i64::MAX), "coordinates"),
        (0, 40, n(0), "cells"),
        (0, 40, n(u32::MAX), "cell"),
        (0, 40, n(300), "unknown kind"),
        (0, 44, n(1), "longer than plain"),
        (0, 48, vec![2], "kind of plane"),
        (0, 49, vec![8], "another size"),
        (0, 50, vec![1], "another size"),
        (0, 52, n(u32::MAX), "head ends"),
        (0, 56, vec![0xff], "no text"),
        (0, 57, n(u32::MAX), "head ends"),
        (0, 70, n(1), "behind the head"),
        (0, 70, n(3), "head ends"),
        (0, 74, vec![9], "kind of layer"),
        (0, 79, b"xx".to_vec(), "not in order"),
        (2, 0, vec![0], "unknown kind"),
        (2, 0, vec![3], "unknown kind"),
        (2, 0, vec![1], "behind the values"),
        (2, 1, n(u32::MAX), "longer than plain"),
        (2, 1, n(3), "unpacked"),
        (2, 5, vec![0, 0], "a cell has no material"),
        (3, 0, vec![0x82], "unknown kind"),
        (3, 5, vec![0, 0], "a cell has no material"),
        (4, 0, vec![0], "unknown kind"),
        (4, 0, vec![0x82], "unknown kind"),
    ];
    let mut wrong = Vec::new();
    for (block, at, put, says) in cases {
        let mut blocks = good.clone();
        blocks[*block][*at..*at + put.len()].copy_from_slice(put);
        let e = read_all(&sealed(&blocks)).map(|_| "believed").map_err(|e| e.to_string());
        if !e.as_ref().is_err_and(|e| e.starts_with(HERE) && e.contains(says)) {
            wrong.push(format!("{block} {at} {put:?}: {e:?}, not {says:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (block, body) in [(2, vec![1, 0, 0]), (3, vec![1, 0, 0])] {
        let mut blocks = good.clone();
        blocks[block] = body;
        let e = read_all(&sealed(&blocks)).unwrap_err().to_string();
        assert!(e.contains("a cell has no material"), "{e}");
    }
    let mut blocks = good.clone();
    blocks[0][48] = 1;
    assert_eq!(read_all(&sealed(&blocks)).unwrap().0.region().ground(), crate::Ground::World);
    blocks[0][8..16].copy_from_slice(&f(-30.0));
    let e = read_all(&sealed(&blocks)).unwrap_err().to_string();
    assert!(e.contains("leaves the world"), "{e}");
    // Blocks too long, too short, too many, too few, in another order.
    for block in 0..good.len() - 1 {
        let mut blocks = good.clone();
        blocks[block].push(0);
        assert!(block == 1 || read_all(&sealed(&blocks)).is_err());
        blocks[block].truncate(good[block].len() / 2);
        assert!(block == 1 || read_all(&sealed(&blocks)).is_err());
        let mut blocks = good.clone();
        blocks.remove(block);
        read_all(&sealed(&blocks)).unwrap_err();
        let mut blocks = good.clone();
        blocks.insert(block, good[block].clone());
        read_all(&sealed(&blocks)).unwrap_err();
    }
}

#[test]
fn a_small_file_cannot_take_much_memory() {
    // A region of 2^32 cells and nothing behind it: refused at the first missing block.
    let mut blocks = bodies(&bytes_of(&golden(), b""));
    blocks[0][40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    blocks[0][44..48].copy_from_slice(&1_u32.to_le_bytes());
    read_all(&sealed(&blocks)).unwrap_err();
    // A grid that says nothing in few bytes, honestly: as much as the caller allows.
    let mut grid = Grid::uniform(region(1024, 1024, 1.0), MaterialId::ROCK).unwrap();
    let plane = &mut grid.get_or_create_layer("elevation", 0.0_f64).unwrap().planes_mut()[0];
    for tile in 0..plane.tiling().len() {
        plane.tile_mut(tile)[7] = 1.0;
    }
    let bytes = bytes_of(&grid, b"");
    assert!(bytes.len() < 10_000, "{}", bytes.len());
    let within = |most| read(&mut &bytes[..], bytes.len() as u64, Path::new(HERE), most);
    assert!(matches!(within(8_000_000), Err(FileError::TooLarge { most: 8_000_000, .. })));
    let (back, _) = within(8_500_000).unwrap();
    assert!(same(&back, &grid) && back.memory_bytes() <= 8_500_000);
    assert!(matches!(within(0), Err(FileError::TooLarge { .. })));
}

#[test]
fn other_files_are_told_apart() {
    for other in [&b""[..], b"BMgrids", b"BMareas\n\x01\0\0\0\0\0\0\0", &[0; 100]] {
        assert!(matches!(read_all(other), Err(FileError::Foreign { .. })));
    }
    let mut newer = bytes_of(&golden(), b"");
    newer[8] = 2;
    assert!(matches!(read_all(&newer), Err(FileError::Version { version: 2, known: 1, .. })));
    newer[8] = 0;
    assert!(matches!(read_all(&newer), Err(FileError::Damaged { at: 8, .. })));
}

#[test]
fn a_failure_at_any_step_leaves_the_old_file() {
    let disk = Ram::default();
    let path = Path::new("folder/a.grid");
    let (old, new) = (everything(140, 30), everything(300, 140));
    save_on(&disk, &old, b"old", path).unwrap();
    let (old_bytes, new_bytes) = (bytes_of(&old, b"old"), bytes_of(&new, b"new"));
    assert_eq!(disk.read(path).unwrap(), old_bytes);
    disk.fail_at(None, false);
    save_on(&disk, &new, b"new", path).unwrap();
    let steps = disk.steps();
    assert!(steps >= 5, "made, written, synced, renamed, folder synced: {steps}");
    for for_good in [false, true] {
        for step in 1..=steps {
            let disk = Ram::default();
            save_on(&disk, &old, b"old", path).unwrap();
            disk.fail_at(Some(step), for_good);
            let failed = save_on(&disk, &new, b"new", path).unwrap_err();
            assert!(matches!(failed, FileError::Io { .. }), "{failed}");
            // The very last step is the folder's sync: the new file is there, whole.
            let renamed = step == steps;
            let there = if renamed { &new_bytes } else { &old_bytes };
            assert_eq!(&disk.read(path).unwrap(), there, "step {step}");
            for names_kept in [false, true] {
                let left = disk.after_power_loss(path, names_kept).unwrap();
                assert!(left == old_bytes || left == new_bytes, "step {step}");
                assert!(renamed || left == old_bytes);
            }
            // No rubbish, unless nothing could be removed either.
            assert_eq!(disk.names().len(), 1 + usize::from(for_good && !renamed && step > 1), "step {step}");
            disk.fail_at(None, false);
            save_on(&disk, &new, b"new", path).unwrap();
            assert_eq!(disk.after_power_loss(path, false).unwrap(), new_bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_grid_comes_back(
        (width, height) in (1_u32..400, 1_u32..300), cell in 1e-3..1e3_f64, seed in any::<u32>(),
        writes in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u64>(), 0_u8..8), 0..60),
        meta in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let mixed = |x: u32, y: u32| MaterialId(1 + ((x ^ y ^ seed) % 5) as u16);
        let mut grid = Grid::from_fn(region(width, height, cell), mixed).unwrap();
        for (x, y, bits, kind) in writes {
            let (x, y) = (x % grid.region().width(), y % grid.region().height());
            match kind {
                0 => grid.base_mut().set(x, y, MaterialId(1 + (bits % 60_000) as u16)).unwrap(),
                1 => grid.mark_synced(),
                2 => grid.get_or_create_layer("a", 0.0_f64).unwrap().set(x, y, f64::from_bits(bits)).unwrap(),
                3 => grid.get_or_create_layer("b", 0.0_f32).unwrap().set(x, y, f32::from_bits(bits as u32)).unwrap(),
                4 => grid.get_or_create_layer("c", 0_u8).unwrap().set(x, y, bits as u8).unwrap(),
                5 => grid.get_or_create_layer("d", 0_u16).unwrap().set(x, y, bits as u16).unwrap(),
                6 => {
                    let pair = [bits as f32, (bits >> 32) as f32];
                    grid.get_or_create_layer("e", [0.0_f32; 2]).unwrap().set(x, y, pair).unwrap();
                }
                _ => {
                    let tile = bits as usize % grid.tiling().len();
                    let mut values = grid.materials(grid.tiling().window(tile));
                    values[0] = MaterialId(1 + bits as u16 % 9);
                    grid.set_derived_tile(tile, &values).unwrap();
                }
            }
        }
        let bytes = bytes_of(&grid, &meta);
        let (back, back_meta) = read_all(&bytes).unwrap();
        prop_assert!(same(&grid, &back));
        prop_assert_eq!(meta, back_meta);
        prop_assert!(bytes_of(&back, &back_meta_of(&bytes)) == bytes, "the same grid gives the same bytes");
        for (name, kind) in grid.layers() {
            prop_assert!(back.layers().any(|l| l == (name, kind)));
            prop_assert!(LayerKind::U8 != kind || back.layer::<u8>(name).is_ok());
        }
    }

    #[test]
    fn noise_is_never_believed(mut bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
        prop_assert!(read_all(&bytes).is_err());
        // Right check sums over anything.
        bytes.truncate(400);
        let cut = cut.min(bytes.len());
        let blocks = [bytes[..cut].to_vec(), bytes[cut..].to_vec(), Vec::new()];
        prop_assert!(read_all(&sealed(&blocks)).is_err());
        let mut good = bodies(&bytes_of(&golden(), b""));
        let block = 2 + cut % (good.len() - 2);
        good[block] = bytes;
        let _ = read_all(&sealed(&good));
    }
}

fn back_meta_of(bytes: &[u8]) -> Vec<u8> {
    bodies(bytes)[1].clone()
}

#[test]
fn errors_of_regions_name_the_file() {
    let mut blocks = bodies(&bytes_of(&golden(), b""));
    blocks[0][16..24].copy_from_slice(&(-1.0_f64).to_le_bytes());
    let e = read_all(&sealed(&blocks)).unwrap_err();
    assert!(matches!(e, FileError::Region { source: GridError::InvalidCellSize { .. }, .. }));
}
