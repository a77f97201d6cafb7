//! Windows and halos of planes, beside plain arrays.

use bm_grid::halo::{Edge, for_each_tile_with_halo};
use bm_grid::{GridError, Plane, TileRef, Window};
use proptest::prelude::*;

fn noise(n: usize, seed: u64, same: bool) -> Vec<f64> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if same { 1.5 } else { (state >> 40) as f64 }
    };
    (0..n).map(|_| next()).collect()
}

fn edges() -> impl Strategy<Value = Edge<f64>> {
    prop_oneof![Just(Edge::Clamp), Just(Edge::Reflect), Just(Edge::Periodic), Just(Edge::Value(-7.0))]
}

/// What is at a place, by the words of the documentation: a step at a time.
fn seen(values: &[f64], (w, h): (i64, i64), mut x: i64, mut y: i64, edge: Edge<f64>) -> f64 {
    for (i, n) in [(&mut x, w), (&mut y, h)] {
        while !(0..n).contains(i) {
            let beyond = if *i < 0 { -1 - *i } else { *i - n };
            *i = match edge {
                Edge::Clamp => {
                    if *i < 0 {
                        *i + 1
                    } else {
                        *i - 1
                    }
                }
                Edge::Periodic => {
                    if *i < 0 {
                        *i + n
                    } else {
                        *i - n
                    }
                }
                Edge::Reflect => {
                    if *i < 0 {
                        beyond
                    } else {
                        n - 1 - beyond
                    }
                }
                Edge::Value(value) => return value,
            };
        }
    }
    values[(y * w + x) as usize]
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let mut plane = Plane::uniform(300, 200, 0_u8);
    let w = |x, y, width, height| Window { x, y, width, height };
    for window in
        [w(300, 0, 1, 1), w(0, 200, 1, 1), w(299, 0, 2, 1), w(u32::MAX, 0, 2, 1), w(0, 5, 1, u32::MAX)]
    {
        let mut out = vec![0; 2];
        assert!(
            matches!(plane.read_window(window, &mut out), Err(GridError::OutOfGrid { .. })),
            "{window:?}"
        );
        assert!(matches!(plane.write_window(window, &out), Err(GridError::OutOfGrid { .. })));
        assert!(matches!(
            plane.read_halo(window, 1, Edge::Clamp, &mut out),
            Err(GridError::OutOfGrid { .. })
        ));
    }
    let err = Err(GridError::Length { given: 3, cells: 4 });
    assert_eq!(plane.read_window(w(0, 0, 2, 2), &mut [0; 3]), err);
    assert_eq!(plane.write_window(w(0, 0, 2, 2), &[0; 3]), err);
    assert_eq!(plane.read_all(&mut [0; 3], 2), Err(GridError::Length { given: 3, cells: 60_000 }));
    assert!(plane.write_all(&[0; 3], 2).is_err() && Plane::of_values(3, 2, &[1_u8; 5], 1).is_err());
    assert_eq!(plane.read_window(w(300, 200, 0, 0), &mut []), Ok(()));
    let mut other = Plane::uniform(200, 300, 0_u8);
    assert!(for_each_tile_with_halo(&plane, &mut other, 1, Edge::Clamp, 1, |_, _| ()).is_err());
}

#[test]
fn only_what_changes_counts_as_written() {
    let mut plane = Plane::uniform(300, 300, 1.0_f64);
    let all = vec![1.0; 90_000];
    let window = Window { x: 100, y: 100, width: 60, height: 60 };
    plane.write_window(window, &all[..3600]).unwrap();
    plane.write_all(&all, 2).unwrap();
    assert_eq!((plane.writes(), plane.uniform_tiles()), (0, 9));
    let mut changed = all.clone();
    changed[299] = 2.0;
    plane.write_all(&changed, 2).unwrap();
    assert_eq!(plane.changed_since(0).collect::<Vec<_>>(), [2]);
    let mark = plane.writes();
    plane.write_window(Window { x: 127, y: 0, width: 2, height: 1 }, &[1.0, 3.0]).unwrap();
    assert_eq!(plane.changed_since(mark).collect::<Vec<_>>(), [1]);
    plane.write_all(&all, 1).unwrap();
    assert_eq!(plane.uniform_tiles(), 9, "tiles become uniform again");
}

#[test]
fn a_step_over_uniform_tiles_leaves_uniform_tiles() {
    let from = Plane::uniform(500, 300, 2.0_f32);
    let mut to = Plane::uniform(500, 300, 0.5_f32);
    for_each_tile_with_halo(&from, &mut to, 2, Edge::Clamp, 3, |around, out| {
        out.iter_mut().for_each(|v| *v += around.row(0)[0]);
    })
    .unwrap();
    assert!((0..to.tiling().len()).all(|t| to.tile(t) == TileRef::Uniform(2.5)));
    assert_eq!(to.changed_since(0).count(), to.tiling().len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn windows_are_parts_of_an_array(
        (width, height) in (1_u32..400, 1_u32..300), seed in any::<u64>(), threads in 1_usize..4,
        cuts in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64, 0.0..1.0_f64, 0.0..1.0_f64, any::<bool>()), 0..12),
    ) {
        let mut array = noise((width * height) as usize, seed, false);
        let mut plane = Plane::of_values(width, height, &array, threads).unwrap();
        for (x, y, u, v, same) in cuts {
            let part = |at: f64, n: u32| (at * f64::from(n + 1)) as u32;
            let (x, y) = (part(x, width), part(y, height));
            let window = Window { x, y, width: part(u, width - x), height: part(v, height - y) };
            let values = noise(window.cells(), seed ^ u64::from(x), same);
            plane.write_window(window, &values).unwrap();
            for (row, y) in values.chunks(window.width.max(1) as usize).zip(window.y..) {
                let from = (y * width + x) as usize;
                array[from..from + row.len()].copy_from_slice(row);
            }
            let mut back = vec![0.0; window.cells()];
            plane.read_window(window, &mut back).unwrap();
            prop_assert_eq!(back, values);
        }
        let mut all = vec![0.0; array.len()];
        plane.read_all(&mut all, threads).unwrap();
        prop_assert_eq!(&all, &array);
        prop_assert_eq!(plane.to_vec(), all);
        let mut other = Plane::uniform(width, height, 1.5);
        other.write_all(&array, threads).unwrap();
        prop_assert!(other == plane);
    }

    #[test]
    fn halos_are_what_lies_around(
        (width, height) in (1_u32..300, 1_u32..200), seed in any::<u64>(), radius in 0_usize..5, far in any::<bool>(),
        edge in edges(), (u, v) in (0.0..1.0_f64, 0.0..1.0_f64), same in any::<bool>(),
    ) {
        let array = noise((width * height) as usize, seed, same);
        let plane = Plane::of_values(width, height, &array, 1).unwrap();
        let radius = if far { radius * 97 } else { radius };
        let (x, y) = ((u * f64::from(width)) as u32, (v * f64::from(height)) as u32);
        let window = Window { x, y, width: (width - x).min(20), height: (height - y).min(10) };
        let mut buffer = vec![9.0; 3];
        let around = plane.read_halo(window, radius, edge, &mut buffer).unwrap();
        prop_assert_eq!(around.values.len(), around.stride() * (around.height() + 2 * radius));
        let r = radius as i64;
        for row in 0..around.height() + 2 * radius {
            for (i, &value) in around.row(row).iter().enumerate() {
                let (x, y) = (i64::from(x) + i as i64 - r, i64::from(y) + row as i64 - r);
                prop_assert_eq!(value, seen(&array, (width.into(), height.into()), x, y, edge));
            }
        }
    }

    #[test]
    fn steps_by_tiles_are_steps_of_the_whole(
        (width, height) in (1_u32..300, 1_u32..300), seed in any::<u64>(), radius in 1_usize..3, edge in edges(),
    ) {
        let array = noise((width * height) as usize, seed, false);
        let size = (i64::from(width), i64::from(height));
        let r = radius as i64;
        let wanted: Vec<f64> = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y))).map(|(x, y)| {
            let mut sum = 0.25 * array[(y * size.0 + x) as usize];
            for (dx, dy) in [(-r, 0), (r, 0), (0, -r), (0, r), (-1, -r), (r, r)] {
                sum += 0.1 * seen(&array, size, x + dx, y + dy, edge);
            }
            sum
        }).collect();
        let from = Plane::of_values(width, height, &array, 1).unwrap();
        for threads in [1, 2, 8] {
            // It reads what is there before.
            let mut to = from.clone();
            for_each_tile_with_halo(&from, &mut to, radius, edge, threads, |around, out| {
                let width = around.width();
                for (n, out) in out.iter_mut().enumerate() {
                    let (x, y) = ((n % width) as i64 + r, (n / width) as i64 + r);
                    let mut sum = 0.25 * *out;
                    for (dx, dy) in [(-r, 0), (r, 0), (0, -r), (0, r), (-1, -r), (r, r)] {
                        sum += 0.1 * around.row((y + dy) as usize)[(x + dx) as usize];
                    }
                    *out = sum;
                }
            }).unwrap();
            prop_assert_eq!(&to.to_vec(), &wanted, "{} threads", threads);
        }
    }
}
