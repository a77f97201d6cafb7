//! Which samples below sea level are sea, and which are dry basins.

use super::grid::WorldGrid;
use bm_io::Relief;

/// A basin that no sea reaches stays dry unless it is this large. The Black Sea and the Baltic have
/// straits that a coarse raster closes; the basins on land that lie below sea level are smaller.
const INLAND_SEA_KM2: f64 = 100_000.0;

/// Below-sea-level samples of a global relief that stay dry: basins cut off from the largest sea
/// (samples touching at sides or corners count as connected) and smaller than an inland sea.
///
/// The Caspian Sea is larger, so it is filled, though to sea level and not to its own, 28 m lower.
pub(super) fn dry_basins(relief: &Relief, grid: &WorldGrid) -> Vec<bool> {
    let (w, h) = (relief.width, relief.height);
    let below = |k: usize| relief.values[k] != Relief::NODATA && relief.values[k] < 0;
    let mut label = vec![u32::MAX; w * h];
    let mut areas: Vec<f64> = Vec::new();
    let mut stack = Vec::new();
    for start in 0..w * h {
        if !below(start) || label[start] != u32::MAX {
            continue;
        }
        let id = areas.len() as u32;
        let mut area = 0.0;
        label[start] = id;
        stack.push(start);
        while let Some(k) = stack.pop() {
            area += sample_km2(grid, k / w);
            for n in neighbours(grid, k) {
                if label[n] == u32::MAX && below(n) {
                    label[n] = id;
                    stack.push(n);
                }
            }
        }
        areas.push(area);
    }
    let ocean = (0..areas.len()).max_by(|&a, &b| areas[a].total_cmp(&areas[b]).then(b.cmp(&a)));
    let dry: Vec<bool> =
        areas.iter().enumerate().map(|(id, &a)| Some(id) != ocean && a < INLAND_SEA_KM2).collect();
    label.into_iter().map(|l| l != u32::MAX && dry[l as usize]).collect()
}

/// Dry samples, and the land samples around them that touch no sea: on the slope between the two the nearest
/// sample may be the land's, and the basin would get a rim of water.
pub(super) fn with_rims(dry: Vec<bool>, relief: &Relief, grid: &WorldGrid) -> Vec<bool> {
    let wet = |k: usize| relief.values[k] < 0 && relief.values[k] != Relief::NODATA && !dry[k];
    let rim = |k: usize| {
        relief.values[k] >= 0 && neighbours(grid, k).any(|n| dry[n]) && !neighbours(grid, k).any(wet)
    };
    (0..dry.len()).map(|k| dry[k] || rim(k)).collect()
}

/// The samples that touch sample `k`, at sides or corners (`k` itself among them).
fn neighbours(grid: &WorldGrid, k: usize) -> impl Iterator<Item = usize> + use<> {
    let (w, h, wraps) = (grid.width, grid.height, grid.wraps);
    let (i, j) = (k % w, k / w);
    (j.saturating_sub(1)..=(j + 1).min(h - 1)).flat_map(move |nj| {
        // Columns wrap only where the raster does.
        let west = (i > 0 || wraps).then(|| (i + w - 1) % w);
        let east = (i + 1 < w || wraps).then(|| (i + 1) % w);
        [west, Some(i), east].into_iter().flatten().map(move |ni| nj * w + ni)
    })
}

/// Ground area a sample of row `j` stands for.
fn sample_km2(grid: &WorldGrid, j: usize) -> f64 {
    let metres = |a: bm_codec::raster::Axis| a.step as f64 / a.den as f64 / 4.0;
    let y = (grid.y.origin as f64 + j as f64 * grid.y.step as f64) / grid.y.den as f64;
    let lat = y / f64::from(bm_core::frame::WORLD_Y) * 180.0 - 90.0;
    metres(grid.x) * metres(grid.y) * lat.to_radians().cos().max(0.0) / 1e6
}
