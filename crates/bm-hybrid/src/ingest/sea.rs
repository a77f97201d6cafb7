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
            let (i, j) = (k % w, k / w);
            area += sample_km2(grid, j);
            for nj in j.saturating_sub(1)..=(j + 1).min(h - 1) {
                for di in [w - 1, 0, 1] {
                    let ni = i + di;
                    // Columns wrap only where the raster does.
                    if !grid.wraps && (ni < w && di == w - 1 || ni >= w && di == 1) {
                        continue;
                    }
                    let n = nj * w + ni % w;
                    if label[n] == u32::MAX && below(n) {
                        label[n] = id;
                        stack.push(n);
                    }
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

/// Ground area a sample of row `j` stands for.
fn sample_km2(grid: &WorldGrid, j: usize) -> f64 {
    let metres = |a: bm_codec::raster::Axis| a.step as f64 / a.den as f64 / 4.0;
    let y = (grid.y.origin as f64 + j as f64 * grid.y.step as f64) / grid.y.den as f64;
    let lat = y / f64::from(bm_core::frame::WORLD_Y) * 180.0 - 90.0;
    metres(grid.x) * metres(grid.y) * lat.to_radians().cos().max(0.0) / 1e6
}
