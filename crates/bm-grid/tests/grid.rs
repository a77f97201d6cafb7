//! Materials and layers of a grid.

use bm_core::MaterialId;
use bm_grid::{
    Bounds, DVec2, Grid, GridError, LayerKind, Plane, Region, SeedError, TILE, TileRef, Window, layer,
};
use proptest::prelude::*;

#[allow(clippy::unwrap_used, reason = "a helper of tests")]
fn region(width: u32, height: u32) -> Region {
    let max = DVec2::new(width.into(), height.into());
    Region::new(Bounds { min: DVec2::ZERO, max }, 1.0).unwrap()
}

fn at(x: u32, y: u32) -> MaterialId {
    MaterialId((1 + x + 100 * y) as u16)
}

const ROCK: MaterialId = MaterialId::ROCK;

#[test]
fn materials_are_found_where_they_were_put() {
    let mut grid = Grid::uniform(region(10, 10), ROCK).unwrap().with_id("here");
    grid.base_mut().set(5, 5, MaterialId(42)).unwrap();
    assert_eq!(grid.material_at(DVec2::new(5.5, 5.5)), Some(MaterialId(42)));
    assert_eq!(grid.material_at(DVec2::new(6.0, 5.5)), Some(ROCK));
    assert_eq!(grid.material_at(DVec2::new(10.0, 5.5)), None);
    assert_eq!((grid.id(), grid.material(10, 0)), ("here", None));
    assert_eq!(
        grid.base_mut().set(3, 10, ROCK),
        Err(GridError::OutOfGrid { x: 3, y: 10, width: 10, height: 10 })
    );
}

#[test]
fn a_region_of_materials_is_half_open() {
    let grid = Grid::from_fn(region(100, 100), at).unwrap();
    let b = |x0, y0, x1, y1| Bounds { min: DVec2::new(x0, y0), max: DVec2::new(x1, y1) };
    let (window, materials) = grid.material_region(b(10.0, 10.0, 20.0, 20.0)).unwrap();
    assert_eq!(window, Window { x: 10, y: 10, width: 10, height: 10 });
    assert_eq!((materials.len(), materials[0], materials[99]), (100, at(10, 10), at(19, 19)));
    let err = grid.material_region(b(90.0, 0.0, 100.5, 1.0)).unwrap_err();
    assert_eq!(err, GridError::OutOfGrid { x: 100, y: 0, width: 100, height: 100 });
    let err = grid.material_region(b(-0.5, 0.0, 2.0, 1.0)).unwrap_err();
    assert_eq!(err, GridError::OutOfGrid { x: -1, y: 0, width: 100, height: 100 });
    assert!(grid.material_region(b(5.0, 0.0, 5.0, 1.0)).is_err());
}

#[test]
fn a_grid_is_never_without_material() {
    let hole =
        Grid::from_fn(region(300, 300), |x, y| if (x, y) == (200, 250) { MaterialId::UNSET } else { ROCK });
    assert_eq!(hole.unwrap_err(), GridError::Unfilled { x: 200, y: 250 });
    assert!(Grid::uniform(region(3, 3), MaterialId::UNSET).is_err());
    let failed = Grid::seed(region(3, 3), |_, _, _| Err("the disk is gone"));
    assert_eq!(failed.unwrap_err(), SeedError::Source("the disk is gone"));
    // The seeder is given every cell once.
    let mut seen = 0;
    let grid = Grid::seed(region(200, 130), |region, window, out| {
        assert_eq!(region.width(), 200);
        seen += out.len();
        out.iter_mut()
            .zip(0..)
            .for_each(|(m, i)| *m = at(window.x + i % window.width, window.y + i / window.width));
        Ok::<_, ()>(())
    });
    let grid = grid.unwrap();
    assert_eq!(seen, 200 * 130);
    assert_eq!(grid.materials(grid.region().window()), grid.base().to_vec());
    assert_eq!(grid.material(199, 129), Some(at(199, 129)));
    assert_eq!(grid.stale().count(), 0);
}

#[test]
fn layers_are_typed_and_cost_what_is_written() {
    let mut grid = Grid::uniform(region(1000, 1000), ROCK).unwrap();
    let bare = grid.memory_bytes();
    assert!(bare < 8192, "a uniform grid is a few tiles' words, not {bare}");
    grid.get_or_create_layer(layer::ELEVATION, 1.0_f32).unwrap();
    grid.get_or_create_layer(layer::WATER_VELOCITY, [0.0_f32, -1.0]).unwrap();
    assert!(grid.memory_bytes() < bare + 8192);
    assert_eq!(grid.layer::<f32>(layer::ELEVATION).unwrap().get(999, 999), Some(1.0));
    assert_eq!(grid.layer::<f32>(layer::ELEVATION).unwrap().get(1000, 0), None);
    let wind = grid.layer_mut::<[f32; 2]>(layer::WATER_VELOCITY).unwrap();
    wind.set(3, 4, [5.0, 6.0]).unwrap();
    assert_eq!((wind.get(3, 4), wind.get(4, 3)), (Some([5.0, 6.0]), Some([0.0, -1.0])));
    assert_eq!((wind.planes().len(), wind.planes()[1].get(3, 4)), (2, Some(6.0)));
    let tile = (TILE * TILE) as usize;
    assert!(grid.memory_bytes() >= bare + 2 * 4 * tile);
    assert_eq!(
        grid.get_or_create_layer(layer::ELEVATION, 0_u8).unwrap_err(),
        GridError::LayerType { name: "elevation".into(), is: LayerKind::F32, asked: LayerKind::U8 }
    );
    assert_eq!(grid.layer::<f64>("x").unwrap_err(), GridError::LayerMissing { name: "x".into() });
    assert_eq!(
        grid.layers().collect::<Vec<_>>(),
        [("elevation", LayerKind::F32), ("waterVelocity", LayerKind::F32x2)]
    );
    for tile in 0..grid.tiling().len() {
        grid.layer_mut::<f32>(layer::ELEVATION).unwrap().planes_mut()[0].tile_mut(tile).fill(2.0);
    }
    assert!(grid.memory_bytes() > 4_000_000, "four bytes a cell, once written");
    grid.layer_mut::<f32>(layer::ELEVATION).unwrap().planes_mut()[0].compact();
    assert!(grid.memory_bytes() < 500_000);
    assert!(grid.remove_layer(layer::ELEVATION) && !grid.remove_layer(layer::ELEVATION));
}

#[test]
fn derived_materials_lie_over_the_base() {
    let mut grid = Grid::uniform(region(300, 300), ROCK).unwrap();
    let cells = grid.tiling().window(0).cells();
    let mut values = vec![ROCK; cells];
    grid.set_derived_tile(0, &values).unwrap();
    assert_eq!(grid.stats().derived_tiles, 0, "what is the base is not kept");
    values[TILE as usize + 2] = MaterialId(42);
    grid.set_derived_tile(0, &values).unwrap();
    assert_eq!((grid.material(2, 1), grid.base().get(2, 1)), (Some(MaterialId(42)), Some(ROCK)));
    assert_eq!(grid.stats().derived_tiles, 1);
    grid.base_mut().set(299, 299, MaterialId(7)).unwrap();
    assert_eq!(grid.stale().collect::<Vec<_>>(), [grid.tiling().len() - 1]);
    grid.mark_synced();
    assert_eq!(grid.stale().count(), 0);
    grid.clear_derived_tile(0);
    assert_eq!(grid.material(2, 1), Some(ROCK));
    assert!(grid.set_derived_tile(0, &values[1..]).is_err());
}

#[test]
fn writes_are_remembered_by_tile() {
    let mut plane = Plane::uniform(300, 300, 0.0_f32);
    let before = plane.writes();
    plane.set(0, 0, 0.0).unwrap();
    assert_eq!(plane.changed_since(before).count(), 0, "the same value again is no change");
    plane.set(299, 0, f32::NAN).unwrap();
    let mark = plane.writes();
    assert_eq!(plane.changed_since(before).collect::<Vec<_>>(), [2]);
    plane.set(299, 0, f32::NAN).unwrap();
    plane.set(0, 299, 1.0).unwrap();
    assert_eq!(plane.changed_since(mark).collect::<Vec<_>>(), [6]);
    assert!(plane.read_row(290, 0, &mut [0.0; 11]).is_err());
    assert_eq!(plane.tile(0), TileRef::Uniform(0.0));
    assert_eq!(plane.set_tile(0, &[1.0]), Err(GridError::Length { given: 1, cells: 128 * 128 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A plane is an array, whatever is written to it.
    #[test]
    fn a_plane_is_an_array(
        (width, height) in (1_u32..300, 1_u32..300),
        writes in prop::collection::vec((0_u32..300, 0_u32..300, 0_u16..3, 0_u8..10), 0..200),
    ) {
        let mut plane = Plane::uniform(width, height, 7_u16);
        let mut array = vec![7_u16; (width * height) as usize];
        for (x, y, value, how) in writes {
            let tile = (x as usize + y as usize) % plane.tiling().len();
            let w = plane.tiling().window(tile);
            match how {
                0 => plane.compact(),
                1 => {
                    plane.set_tile(tile, &vec![value; w.cells()]).unwrap();
                    for y in w.y..w.end_y() {
                        let from = (y * width + w.x) as usize;
                        array[from..from + w.width as usize].fill(value);
                    }
                }
                _ if x < width && y < height => {
                    plane.set(x, y, value).unwrap();
                    array[(y * width + x) as usize] = value;
                }
                _ => prop_assert!(plane.set(x, y, value).is_err()),
            }
        }
        prop_assert_eq!(&plane.to_vec(), &array);
        let (x, y) = (width / 3, height / 2);
        let mut row = vec![0; (width - x) as usize];
        plane.read_row(x, y, &mut row).unwrap();
        let from = (y * width + x) as usize;
        prop_assert_eq!(&row, &array[from..from + row.len()]);
        for (i, &value) in array.iter().enumerate() {
            prop_assert_eq!(plane.get(i as u32 % width, i as u32 / width), Some(value));
        }
    }
}
