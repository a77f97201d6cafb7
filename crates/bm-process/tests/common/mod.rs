//! Small terrains, and what the fast ways must equal, computed the plain way.

#![allow(dead_code, unreachable_pub, reason = "each file of tests takes what it needs")]

use bm_process::field::Field;
use bm_process::ledger::Ledger;
use bm_process::route::{Edge, Rim};
use proptest::prelude::*;

pub const STEPS: [(isize, isize); 8] = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];

/// A cell's neighbours by number.
pub fn neighbours(field: &Field, rim: &Rim, cell: usize) -> Vec<(usize, usize)> {
    let (width, height) = (field.width as isize, field.height as isize);
    let (x, y) = ((cell % field.width) as isize, (cell / field.width) as isize);
    STEPS
        .iter()
        .enumerate()
        .filter_map(|(k, &(dx, dy))| {
            let (mut x, mut y) = (x + dx, y + dy);
            if rim.west == Edge::Looped && width > 2 {
                x = x.rem_euclid(width);
            }
            if rim.south == Edge::Looped && height > 2 {
                y = y.rem_euclid(height);
            }
            ((0..width).contains(&x) && (0..height).contains(&y)).then(|| (k, (y * width + x) as usize))
        })
        .collect()
}

pub fn is_base(field: &Field, rim: &Rim, outlets: &[u32], cell: usize) -> bool {
    let (x, y) = (cell % field.width, cell / field.width);
    !field.values[cell].is_nan()
        && (rim.is_fixed(field.width, field.height, x, y) || outlets.contains(&(cell as u32)))
}

/// The least surface that drains, by relaxation from above; infinite where nothing drains.
pub fn relaxed(field: &Field, rim: &Rim, outlets: &[u32], gradient: bool) -> Vec<f64> {
    let mut water: Vec<f64> = (0..field.values.len())
        .map(|cell| match field.values[cell] {
            z if z.is_nan() => f64::NAN,
            z if is_base(field, rim, outlets, cell) => z,
            _ => f64::INFINITY,
        })
        .collect();
    loop {
        let mut changed = false;
        for cell in 0..water.len() {
            if is_base(field, rim, outlets, cell) || water[cell].is_nan() {
                continue;
            }
            let lowest =
                neighbours(field, rim, cell).iter().map(|&(_, n)| water[n]).fold(f64::INFINITY, f64::min);
            let least = if gradient && lowest.is_finite() { lowest.next_up() } else { lowest };
            let level = if field.values[cell] < least { least } else { field.values[cell] };
            if level < water[cell] {
                water[cell] = level;
                changed = true;
            }
        }
        if !changed {
            return water;
        }
    }
}

/// Receivers by trying all eight: of equally long ways the largest drop, then the steepest, then the first.
///
/// (Drops are compared, not quotients, where they can be: those of the least floats there are round to none.)
pub fn steepest(field: &Field, heights: &[f64], rim: &Rim, outlets: &[u32]) -> Vec<u32> {
    (0..heights.len())
        .map(|cell| {
            if is_base(field, rim, outlets, cell) {
                return cell as u32;
            }
            let (dx, dy) = (field.dx[cell / field.width], field.dy);
            let mut best: Option<(f64, usize, usize)> = None;
            for (kind, length) in [(0, dx), (1, dy), (2, (dx * dx + dy * dy).sqrt())] {
                let mut largest: Option<(f64, usize, usize)> = None;
                for (k, other) in neighbours(field, rim, cell) {
                    let drop = heights[cell] - heights[other];
                    let this = match STEPS[k] {
                        (_, 0) => 0,
                        (0, _) => 1,
                        _ => 2,
                    };
                    if this == kind && drop > largest.map_or(0.0, |largest| largest.0) {
                        largest = Some((drop, k, other));
                    }
                }
                let Some((drop, k, other)) = largest else { continue };
                let slope = drop / length;
                if best.is_none_or(|best| slope > best.0 || (slope == best.0 && k < best.1)) {
                    best = Some((slope, k, other));
                }
            }
            best.map_or(cell, |best| best.2) as u32
        })
        .collect()
}

/// Solves a dense system by elimination with pivots.
pub fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let p = (i..n).max_by(|&p, &q| a[p][i].abs().total_cmp(&a[q][i].abs())).unwrap_or(i);
        a.swap(i, p);
        b.swap(i, p);
        let pivot = a[i].clone();
        for (r, line) in a.iter_mut().enumerate().skip(i + 1) {
            let f = line[i] / pivot[i];
            if f != 0.0 {
                line.iter_mut().zip(&pivot).skip(i).for_each(|(value, pivot)| *value -= f * pivot);
                b[r] -= f * b[i];
            }
        }
    }
    for i in (0..n).rev() {
        for c in i + 1..n {
            b[i] -= a[i][c] * b[c];
        }
        b[i] /= a[i][i];
    }
    b
}

/// Rough ground without structure.
pub fn rough(width: usize, height: usize, seed: u64) -> Field {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let values: Vec<f64> = (0..width * height).map(|_| next() * 100.0).collect();
    Field { width, height, dx: vec![30.0; height].into(), dy: 30.0, values }
}

/// Rough ground smoothed into hills and hollows several cells wide.
pub fn hills(width: usize, height: usize, seed: u64) -> Field {
    let mut field = rough(width, height, seed);
    for _ in 0..6 {
        let before = field.values.clone();
        for y in 0..height {
            for x in 0..width {
                let at = |x: usize, y: usize| before[y.min(height - 1) * width + x.min(width - 1)];
                field.values[y * width + x] = (at(x, y)
                    + at(x + 1, y)
                    + at(x.saturating_sub(1), y)
                    + at(x, y + 1)
                    + at(x, y.saturating_sub(1)))
                    / 5.0;
            }
        }
    }
    field
}

/// Terrains of all kinds: ties, flats, negative heights, holes, rows of different widths, all edges.
pub fn terrain() -> impl Strategy<Value = (Field, Rim)> {
    (1usize..18, 1usize..18, 0usize..5, 0u8..4, 0u8..6, any::<bool>())
        .prop_flat_map(|(width, height, kind, holes, edges, uneven)| {
            let cell = (0u32..10_000, 0u8..20);
            (
                proptest::collection::vec(cell, width * height),
                Just((width, height, kind, holes, edges, uneven)),
            )
        })
        .prop_map(|(cells, (width, height, kind, holes, edges, uneven))| {
            let values = cells
                .iter()
                .map(|&(value, hole)| {
                    let z = f64::from(value);
                    match kind {
                        _ if hole < holes => f64::NAN,
                        0 => z / 7.0,
                        1 => (z / 2500.0).floor() - 2.0,
                        2 => 5.0,
                        3 => (z / 1000.0).floor(),
                        // A few units in the last place apart: lakes and shores mix.
                        _ => f64::from_bits(1000f64.to_bits() + u64::from(value % 12)),
                    }
                })
                .collect();
            let dx: Vec<f64> =
                (0..height).map(|y| if uneven { 30.0 - y as f64 * 0.7 } else { 30.0 }).collect();
            let rim = match edges {
                0 => Rim { west: Edge::Closed, ..Rim::default() },
                1 => Rim { west: Edge::Looped, east: Edge::Looped, ..Rim::default() },
                2 => Rim { south: Edge::Looped, north: Edge::Looped, ..Rim::default() },
                3 => Rim { west: Edge::Closed, east: Edge::Closed, south: Edge::Closed, north: Edge::Fixed },
                _ => Rim::default(),
            };
            (Field { width, height, dx: dx.into(), dy: 25.0, values }, rim)
        })
}

/// Whether every cell of the terrain can drain.
pub fn all_drain(field: &Field, rim: &Rim, outlets: &[u32]) -> bool {
    relaxed(field, rim, outlets, false).iter().all(|level| *level != f64::INFINITY)
}

/// Whether books close to rounding: of what there is and what moves, as volumes over and under height 0 may cancel.
pub fn closes(ledger: &Ledger, field: &Field) -> bool {
    let cells = field.values.iter().enumerate().filter(|(_, z)| !z.is_nan());
    let gross: f64 = cells.map(|(cell, z)| z.abs() * field.cell_area(cell / field.width)).sum();
    let open = ledger.before + ledger.gained - ledger.lost - ledger.after;
    open.abs() <= 1e-12 * gross.max(ledger.moved)
}

pub fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}
