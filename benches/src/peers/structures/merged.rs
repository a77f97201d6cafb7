//! Cells of one material joined to polygons.

use std::collections::HashMap;

use geo_types::{Coord, LineString, Polygon};

/// The polygons of a square of materials, row by row: one for each region of cells of one material that hang together over
/// their sides, with its holes. Rings have their corners only. Columns and rows are the coordinates, times `cell`.
#[must_use]
pub fn merged(materials: &[u16], edge: usize, cell: f64) -> Vec<(u16, Polygon<f64>)> {
    let regions = regions(materials, edge);
    let count = regions.iter().max().map_or(0, |&last| last as usize + 1);
    let mut outer: Vec<Vec<LineString<f64>>> = vec![Vec::new(); count];
    let mut holes = outer.clone();
    for (region, ring) in rings(&regions, edge) {
        let line = |ring: Vec<[usize; 2]>| {
            ring.into_iter().map(|[x, y]| Coord { x: x as f64 * cell, y: y as f64 * cell }).collect()
        };
        let list = if turns_left(&ring) { &mut outer } else { &mut holes };
        list[region as usize].push(line(ring));
    }
    let mut material = vec![0; count];
    regions.iter().zip(materials).for_each(|(&region, &found)| material[region as usize] = found);
    let polygons = outer.into_iter().zip(holes).zip(material);
    let polygons = polygons.filter_map(|((mut outer, mut holes), material)| {
        holes.shrink_to_fit();
        outer.pop().map(|outer| (material, Polygon::new(outer, holes)))
    });
    polygons.collect()
}

/// The number of each cell's region.
#[must_use]
pub fn regions(materials: &[u16], edge: usize) -> Vec<u32> {
    let mut regions = vec![u32::MAX; materials.len()];
    let mut count = 0;
    for start in 0..materials.len() {
        if regions[start] != u32::MAX {
            continue;
        }
        let mut waiting = vec![start];
        regions[start] = count;
        while let Some(cell) = waiting.pop() {
            let (x, y) = (cell % edge, cell / edge);
            let beside = [
                (x > 0).then(|| cell - 1),
                (x + 1 < edge).then(|| cell + 1),
                (y > 0).then(|| cell - edge),
                (y + 1 < edge).then(|| cell + edge),
            ];
            for other in beside.into_iter().flatten() {
                if regions[other] == u32::MAX && materials[other] == materials[cell] {
                    regions[other] = count;
                    waiting.push(other);
                }
            }
        }
        count += 1;
    }
    regions
}

/// Steps east, north, west, south.
const AHEAD: [[isize; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

/// Closed rings around all regions, each with its region on the left.
fn rings(regions: &[u32], edge: usize) -> Vec<(u32, Vec<[usize; 2]>)> {
    let of = |x: isize, y: isize| {
        let inside = (0..edge as isize).contains(&x) && (0..edge as isize).contains(&y);
        inside.then(|| regions[y as usize * edge + x as usize])
    };
    // The cell on the left of a side that leads away from a corner, and the one on its right.
    let beside = |[x, y]: [usize; 2], way: usize| {
        let (x, y) = (x as isize, y as isize);
        match way {
            0 => (of(x, y), of(x, y - 1)),
            1 => (of(x - 1, y), of(x, y)),
            2 => (of(x - 1, y - 1), of(x - 1, y)),
            _ => (of(x, y - 1), of(x - 1, y - 1)),
        }
    };
    let mut open: HashMap<([usize; 2], usize), u32> = HashMap::new();
    let mut starts = Vec::new();
    for at in (0..=edge).flat_map(|y| (0..=edge).map(move |x| [x, y])) {
        for way in 0..4 {
            if let (Some(region), right) = beside(at, way)
                && right != Some(region)
            {
                open.insert((at, way), region);
                starts.push((at, way));
            }
        }
    }
    let mut rings = Vec::new();
    for start in starts {
        let Some(region) = open.remove(&start) else { continue };
        let (mut at, mut way) = start;
        let mut ring = Vec::new();
        loop {
            let [dx, dy] = AHEAD[way];
            at = [at[0].wrapping_add_signed(dx), at[1].wrapping_add_signed(dy)];
            // Left first: cells that only touch at a corner do not hang together.
            let turns = [(way + 1) % 4, way, (way + 3) % 4];
            let closes = (
                at,
                turns.into_iter().find(|&turn| (at, turn) == start || open.get(&(at, turn)) == Some(&region)),
            );
            let (_, Some(turn)) = closes else { break };
            if turn != way {
                ring.push(at);
            }
            if (at, turn) == start {
                break;
            }
            open.remove(&(at, turn));
            way = turn;
        }
        if let Some(&first) = ring.first() {
            ring.push(first);
        }
        ring.shrink_to_fit();
        rings.push((region, ring));
    }
    rings
}

/// Whether a closed ring runs anticlockwise.
fn turns_left(ring: &[[usize; 2]]) -> bool {
    let twice = |w: &[[usize; 2]]| {
        let [[ax, ay], [bx, by]] = [w[0], w[1]].map(|at| at.map(|n| n as i64));
        ax * by - bx * ay
    };
    ring.windows(2).map(twice).sum::<i64>() > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Random;
    use geo::{Area, Contains};

    #[test]
    fn polygons_hold_what_the_cells_hold() {
        let mut random = Random::new(3);
        for edge in [1, 2, 9, 24] {
            let materials: Vec<u16> = (0..edge * edge).map(|_| random.below(3) as u16).collect();
            let polygons = merged(&materials, edge, 2.0);
            let area: f64 = polygons.iter().map(|(_, polygon)| polygon.unsigned_area()).sum();
            assert_eq!(area, 4.0 * (edge * edge) as f64);
            for (cell, &material) in materials.iter().enumerate() {
                let middle =
                    Coord { x: (cell % edge) as f64 * 2.0 + 1.0, y: (cell / edge) as f64 * 2.0 + 1.0 };
                let found: Vec<u16> =
                    polygons.iter().filter(|(_, polygon)| polygon.contains(&middle)).map(|p| p.0).collect();
                assert_eq!(found, [material]);
            }
        }
    }
}
