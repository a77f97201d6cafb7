//! What a grid says it weighs is what the allocator gave.

use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region, file, layer};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// Bytes this thread holds.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn add(bytes: isize) {
    HELD.with(|held| held.set(held.get() + bytes));
}

// SAFETY: all is left to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        // SAFETY: as of the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        add(-(layout.size() as isize));
        // SAFETY: as of the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn held() -> isize {
    HELD.with(Cell::get)
}

const WORN: [&str; 4] = [layer::WATER_DEPTH, layer::SEDIMENT, layer::TEMPERATURE, layer::WEATHERING_DAMAGE];

/// Materials, heights in double precision and four more layers, none of them uniform anywhere.
#[allow(clippy::unwrap_used, reason = "a helper of tests")]
fn full(edge: u32) -> Grid {
    let max = DVec2::splat(edge.into());
    let region = Region::new(Bounds { min: DVec2::ZERO, max }, 1.0).unwrap();
    let mut grid =
        Grid::from_fn(region, |x, y| MaterialId(1 + ((x ^ y) & 7) as u16)).unwrap().with_id("full");
    let values: Vec<f64> = (0..edge * edge).map(f64::from).collect();
    grid.get_or_create_layer(layer::ELEVATION, 0.0_f64).unwrap().planes_mut()[0]
        .write_all(&values, 1)
        .unwrap();
    let values: Vec<f32> = (0..edge * edge).map(|n| n as f32).collect();
    for name in WORN {
        grid.get_or_create_layer(name, 0.0_f32).unwrap().planes_mut()[0].write_all(&values, 1).unwrap();
    }
    grid
}

#[test]
fn bytes_are_counted_exactly() {
    let before = held();
    let grid = full(1000);
    let used = (held() - before) as usize + size_of::<Grid>();
    assert_eq!(grid.memory_bytes(), used);
    let a_cell = used as f64 / 1e6;
    assert!((26.0..26.1).contains(&a_cell), "2 + 8 + 4·4 bytes a cell and little more, not {a_cell}");

    // Boundaries that touch every tile cost a material more.
    let mut grid = grid;
    for tile in 0..grid.tiling().len() {
        let mut values = grid.materials(grid.tiling().window(tile));
        values[0] = MaterialId(99);
        grid.set_derived_tile(tile, &values).unwrap();
    }
    let used = (held() - before) as usize + size_of::<Grid>();
    assert_eq!(grid.memory_bytes(), used);
    assert!(used as f64 / 1e6 <= 30.0);

    assert!(grid.remove_layer(WORN[2]));
    grid.layer_mut::<f32>(WORN[0]).unwrap().planes_mut()[0].fill(1.0);
    assert_eq!(grid.memory_bytes(), (held() - before) as usize + size_of::<Grid>());
    drop(grid);
    assert_eq!(held(), before);
}

#[test]
fn a_loaded_grid_weighs_what_the_saved_one_did() {
    let grid = full(300);
    let mut bytes = Vec::new();
    file::write(&grid, b"", &mut bytes, "memory".as_ref()).unwrap();
    let (back, _) = file::read(&mut &bytes[..], bytes.len() as u64, "memory".as_ref(), u64::MAX).unwrap();
    assert_eq!(back.memory_bytes(), grid.memory_bytes());
}
