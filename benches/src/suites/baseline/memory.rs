//! What the structures take.

use bm_core::MaterialId;
use bm_grid::{Grid, layer};
use bm_io::vector::wkb;
use geo::{BoundingRect, Contains};
use geo_types::{Coord, Geometry, Polygon};

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::Random;
use crate::memory::retained;
use crate::peers::structures::merged::{merged, regions};
use crate::peers::structures::{CellPolygons, OctreeLeaves, Square, Structure};
use crate::suites::grid::{OTHERS, full, square};

/// What is known of a cell: 26 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    height: f64,
    others: [f32; 4],
    material: u16,
}

/// Bytes of it in a table without gaps.
const KNOWN: usize = 26;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let edge: u32 = if bench.is_quick() { 256 } else { 1024 };
    all_layers(bench, edge)?;
    regions_of_materials(bench, if bench.is_quick() { 256 } else { 512 })
}

fn ours(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

fn known(grid: &Grid) -> Result<Vec<Known>, BenchError> {
    let heights = grid.layer::<f64>(layer::ELEVATION).map_err(ours)?.planes()[0].to_vec();
    let mut others = Vec::new();
    for name in OTHERS {
        others.push(grid.layer::<f32>(name).map_err(ours)?.planes()[0].to_vec());
    }
    let cells = heights.into_iter().zip(grid.base().to_vec()).enumerate();
    let known = |(n, (height, material)): (usize, (f64, MaterialId))| {
        let others = std::array::from_fn(|k| others[k][n]);
        Known { height, material: material.0, others }
    };
    Ok(cells.map(known).collect())
}

fn all_layers(bench: &mut Bench<'_>, edge: u32) -> Result<(), BenchError> {
    let (grid, bytes) = retained(|| full(edge));
    let grid = grid?;
    let known = known(&grid)?;
    let cells = known.len();
    let heights: Vec<f64> = known.iter().map(|known| known.height).collect();
    let land = Square { edge, cell: 128.0, heights: &heights };
    let place = |column: u32, row: u32| (row * edge + column) as usize;
    let value = |column, row, _| known[place(column, row)];
    let same = |structure: &dyn Structure<Known>| {
        (0..edge).flat_map(|row| (0..edge).map(move |column| (column, row))).all(|(column, row)| {
            structure.at(column, row).map(|cell| structure.get(cell)) == Some(&known[place(column, row)])
        })
    };
    let a_cell = |bytes: f64| Measure::constant(bytes / cells as f64);
    let mut case = Case::new("memory", Unit::Factor("bytes / cell"), a_cell(bytes)).rounds(1);
    {
        let (tree, bytes) = retained(|| OctreeLeaves::new(&land, value));
        case = case.peer("octree leaves", a_cell(bytes), same(&tree));
    }
    let (features, bytes) = retained(|| CellPolygons::new(&land, value));
    let equal = same(&features);
    case = case.peer_with(
        "cell polygons (rstar 0.12)",
        a_cell(bytes),
        equal,
        // The requirements' own words: 60 to 80 % less.
        Targets::new(2.5, 5.0),
    );
    let (mut bytes, mut read) = (0, equal);
    for cell in 0..cells as u32 {
        let polygon = Geometry::Polygon(features.polygon(cell).clone());
        let binary = wkb::encode(&polygon);
        bytes += binary.len() + KNOWN;
        read &= wkb::decode(&binary, "a cell").map_err(ours)?.geometry == Some(polygon);
    }
    bench.run(case.peer_with("cell polygons as WKB", a_cell(bytes as f64), read, Targets::new(2.5, 5.0)))
}

/// Materials in Voronoi cells of so many cells in the mean, row by row.
fn patches(edge: usize, size: usize) -> Vec<u16> {
    let mut random = Random::new(size as u64);
    // One point in each square of this many cells; the nearest one is among those of the squares around.
    let square = (size as f64).sqrt();
    let count = (edge as f64 / square).ceil() as usize + 1;
    let points: Vec<(f64, f64, u16)> = (0..count * count)
        .map(|n| {
            let [x, y] = [n % count, n / count].map(|at| (at as f64 + random.unit()) * square);
            (x, y, random.below(8) as u16 + 1)
        })
        .collect();
    let material = |cell: usize| {
        let [x, y] = [cell % edge, cell / edge].map(|at| at as f64 + 0.5);
        let around = |at: f64| {
            let middle = (at / square) as usize;
            middle.saturating_sub(2)..(middle + 3).min(count)
        };
        let near = around(y).flat_map(|row| around(x).map(move |column| row * count + column));
        let away = |n: &usize| (points[*n].0 - x).powi(2) + (points[*n].1 - y).powi(2);
        near.min_by(|a, b| away(a).total_cmp(&away(b))).map_or(0, |n| points[n].2)
    };
    (0..edge * edge).map(material).collect()
}

/// What polygons say of each cell.
fn painted(polygons: &[(u16, Polygon<f64>)], edge: usize) -> Vec<u16> {
    let mut materials = vec![0; edge * edge];
    for (material, polygon) in polygons {
        let Some(rect) = polygon.bounding_rect() else { continue };
        for y in rect.min().y as usize..rect.max().y as usize {
            for x in rect.min().x as usize..rect.max().x as usize {
                if polygon.contains(&Coord { x: x as f64 + 0.5, y: y as f64 + 0.5 }) {
                    materials[y * edge + x] = *material;
                }
            }
        }
    }
    materials
}

fn regions_of_materials(bench: &mut Bench<'_>, edge: u32) -> Result<(), BenchError> {
    let width = edge as usize;
    // Mean size, and how many times larger than ours: in memory, as WKB.
    let mut found: Vec<(f64, [f64; 2])> = Vec::new();
    let mut all_same = true;
    for size in [1, 4, 16, 64, 256, 1024, 4096] {
        let materials = patches(width, size);
        let place = |x: u32, y: u32| MaterialId(materials[y as usize * width + x as usize]);
        let (grid, own) = retained(|| Grid::from_fn(square(edge)?, place).map_err(ours));
        let (polygons, memory) = retained(|| merged(&materials, width, 1.0));
        let encode =
            |(_, polygon): &(u16, Polygon<f64>)| wkb::encode(&Geometry::Polygon(polygon.clone())).len() + 2;
        let binary: usize = polygons.iter().map(encode).sum();
        let same = painted(&polygons, width) == materials
            && grid?.base().to_vec().iter().map(|material| material.0).eq(materials.iter().copied());
        let count = regions(&materials, width).into_iter().max().unwrap_or(0) + 1;
        found.push((materials.len() as f64 / f64::from(count), [memory / own, binary as f64 / own]));
        all_same &= same;
        let case = Case::new(format!("merged-{size}"), Unit::Bytes, Measure::constant(own))
            .peer("merged polygons", Measure::constant(memory), same)
            .peer("merged polygons as WKB", Measure::constant(binary as f64), same);
        bench.run(case.rounds(1))?;
    }
    for (n, name) in ["memory", "wkb"].into_iter().enumerate() {
        let Some(size) = crossover(&found, n) else {
            bench.leave_out(&format!("crossover-{name}"), "polygons are never smaller here")?;
            continue;
        };
        let case =
            Case::new(format!("crossover-{name}"), Unit::Factor("cells / region"), Measure::constant(size));
        bench.run(case.checked(all_same).rounds(1))?;
    }
    Ok(())
}

/// Where the ratio falls below 1, on a straight line between logarithms.
fn crossover(found: &[(f64, [f64; 2])], n: usize) -> Option<f64> {
    found.windows(2).find(|pair| pair[0].1[n] >= 1.0 && pair[1].1[n] < 1.0).map(|pair| {
        let [(a, p), (b, q)] = [pair[0], pair[1]].map(|(size, ratio)| (size.ln(), ratio[n].ln()));
        (a + (b - a) * p / (p - q)).exp()
    })
}
