//! Regions out of a world, for other programs: NumPy volumes, GeoTIFF rasters.

use crate::Progress;
use crate::error::WorldError;
use crate::render::{DEGREE, OnProgress, Window};
use crate::view::View;
use bm_core::frame::{MAX_ALT, MAX_LEVEL, MIN_ALT, TICKS_PER_METRE, WORLD_X, edge_metres};
use bm_core::pos::{alt_to_tick, tick_to_alt};
use bm_core::{MaterialId, TickBox};
use bm_octree::column::MAX_VOLUME;
use bm_octree::{TreeError, parallel};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportReport {
    /// The file.
    pub path: PathBuf,
    /// The description beside it, if there is one.
    pub sidecar: Option<PathBuf>,
    /// Extents, slowest axis first: `[z, y, x]` or `[y, x]`.
    pub shape: Vec<usize>,
    /// Bytes of the file.
    pub bytes: u64,
    /// Time taken.
    pub elapsed: Duration,
}

/// Rows of cells that are read at a time.
const BLOCK: usize = 32;

/// Writes all cells of `level` that touch a window between two altitudes (metres, the upper one
/// exclusive) as a NumPy array of material ids: `u16`, C order `[z][y][x]`, z upwards, y northwards,
/// x eastwards. Each cell has the material with the largest volume in it, as
/// [`View::sample_at_level`] answers.
///
/// Beside it, `PATH.json` says where the cells lie: `level`, `cell_m`, `shape`, `axes`, `bounds`
/// (degrees and metres of the cells written), `origin_cells` (x, y, z of the first cell),
/// `x_pieces` (first cell and count; two pieces where the window crosses the date line, since the
/// world's width is no whole number of coarse cells) and the `materials` that occur with their
/// counts.
///
/// # Errors
/// [`WorldError::Data`] for a bad window or altitudes, [`TreeError::TooLarge`] for more than 2^30
/// cells, [`WorldError::Tree`] when a page cannot be read, [`WorldError::Io`] when a file cannot
/// be written.
pub fn export_npy(
    view: &View,
    window: &Window,
    alt_m: [f64; 2],
    level: u8,
    path: impl AsRef<Path>,
    progress: OnProgress<'_>,
) -> Result<ExportReport, WorldError> {
    let start = Instant::now();
    let path = path.as_ref();
    let (pieces, [ny, nz], origin) = cells_of(window, alt_m, level)?;
    let shift = MAX_LEVEL - level;
    let nx: usize = pieces.iter().map(|p| p[1] as usize).sum();
    let cells = [nx, ny, nz].iter().map(|&n| n as u128).product::<u128>();
    if cells > MAX_VOLUME {
        return Err(TreeError::TooLarge { cells, limit: MAX_VOLUME }.into());
    }
    let mut out = vec![0u16; cells as usize];
    let blocks: Vec<(usize, usize)> = (0..ny).step_by(BLOCK).map(|a| (a, (a + BLOCK).min(ny))).collect();
    let total = blocks.len() as u64;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut done = 0;
    // A few blocks at a time: no more than they is in memory besides the array itself.
    for group in blocks.chunks(threads) {
        let read = parallel::map(group, 0, |&(from, to)| {
            let piece = |&[x, n]: &[u32; 2]| {
                let min = [x, origin[1] + from as u32, origin[2]];
                let last = [x + n, origin[1] + to as u32, origin[2] + nz as u32];
                // Beyond the world's edge a cell has no ticks; the box of the whole cells is cut there.
                view.volume(&TickBox { min: min.map(|c| c << shift), max: last.map(|c| c << shift) }, level)
            };
            pieces.iter().map(piece).collect::<Result<Vec<_>, _>>()
        });
        for (&(from, _), volumes) in group.iter().zip(read) {
            let mut x0 = 0;
            for v in volumes? {
                let [w, h, _] = v.size.map(|s| s as usize);
                for (k, row) in v.cells.chunks_exact(w).enumerate() {
                    let at = ((k / h) * ny + from + k % h) * nx + x0;
                    for (o, m) in out[at..at + w].iter_mut().zip(row) {
                        *o = m.0;
                    }
                }
                x0 += w;
            }
            done += 1;
            progress(&Progress { stage: "export", done, total });
        }
    }
    let shape = vec![nz, ny, nx];
    bm_io::npy::write_npy(path, &shape, &out)?;
    let sidecar = sidecar_of(path);
    let about = describe(view, level, &pieces, origin, &shape, &out);
    write_text(&sidecar, &about)?;
    Ok(ExportReport {
        path: path.to_owned(),
        sidecar: Some(sidecar),
        shape,
        bytes: size_of_file(path),
        elapsed: start.elapsed(),
    })
}

/// Pieces along x (first cell, count), counts along y and z, first cell.
type Cells = (Vec<[u32; 2]>, [usize; 2], [u32; 3]);

/// The cells of a level that a window and a range of altitudes touch.
fn cells_of(window: &Window, alt_m: [f64; 2], level: u8) -> Result<Cells, WorldError> {
    if level > MAX_LEVEL {
        let detail = format!("{level} is not from 0 to {MAX_LEVEL}");
        return Err(WorldError::Data { what: "level", detail });
    }
    let [[x, w], [y, h]] = window.ticks()?;
    let [lo, hi] = alt_m;
    if !(lo >= f64::from(MIN_ALT) && hi <= f64::from(MAX_ALT) && hi > lo) {
        let detail =
            format!("{lo} to {hi} m: give two altitudes from {MIN_ALT} to {MAX_ALT} m, the lower one first");
        return Err(WorldError::Data { what: "altitudes", detail });
    }
    let z0 = alt_to_tick(lo)?;
    // Exclusive at the top: an altitude on a tick's lower face leaves that tick out.
    let z1 = (z0 + 1)
        .max(((hi * f64::from(TICKS_PER_METRE)).ceil() + f64::from(bm_core::frame::SEA_LEVEL)) as u32);
    let shift = MAX_LEVEL - level;
    // First cell and count of the half-open ticks a..b, which lie in the root.
    let span = |a: i64, b: i64| [(a >> shift) as u32, (((b - 1) >> shift) - (a >> shift) + 1) as u32];
    let edge = i64::from(WORLD_X);
    let pieces = if x + w > edge { vec![span(x, edge), span(0, x + w - edge)] } else { vec![span(x, x + w)] };
    let ([y0, ny], [z0, nz]) = (span(y, y + h), span(z0.into(), z1.into()));
    let origin = [pieces[0][0], y0, z0];
    Ok((pieces, [ny as usize, nz as usize], origin))
}

fn describe(
    view: &View,
    level: u8,
    pieces: &[[u32; 2]],
    origin: [u32; 3],
    shape: &[usize],
    cells: &[u16],
) -> String {
    let shift = MAX_LEVEL - level;
    let degrees = |cell: u32, offset: f64| (i64::from(cell) << shift) as f64 / DEGREE as f64 - offset;
    let end = pieces[pieces.len() - 1];
    let turn = if pieces.len() > 1 { 360.0 } else { 0.0 };
    let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
    for run in cells.chunk_by(|a, b| a == b) {
        *counts.entry(run[0]).or_default() += run.len() as u64;
    }
    let materials: Vec<_> = counts
        .iter()
        .map(|(&id, n)| serde_json::json!({ "id": id, "name": view.material_name(MaterialId(id)), "cells": n }))
        .collect();
    let about = serde_json::json!({
        "world_version": view.version(),
        "dtype": "<u2",
        "order": "C",
        "axes": ["z up", "y north", "x east"],
        "shape": shape,
        "level": level,
        "cell_m": edge_metres(level),
        "origin_cells": origin,
        "x_pieces": pieces,
        "bounds": {
            "west": degrees(pieces[0][0], 180.0),
            "south": degrees(origin[1], 90.0),
            "east": degrees(end[0] + end[1], 180.0) + turn,
            "north": degrees(origin[1] + shape[1] as u32, 90.0),
            "bottom_m": tick_to_alt(origin[2] << shift),
            "top_m": tick_to_alt(origin[2] << shift) + shape[0] as f64 * edge_metres(level),
        },
        "materials": materials,
    });
    format!("{about:#}\n")
}

fn sidecar_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// A small text file, whole or not at all.
fn write_text(path: &Path, text: &str) -> Result<(), WorldError> {
    let os = |action, source| {
        let cure = "check the directory and the disk".to_owned();
        WorldError::Io(bm_io::IoError::Os { path: path.display().to_string(), action, source, cure })
    };
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temp = tempfile::Builder::new()
        .prefix(".bm-")
        .suffix(".part")
        .tempfile_in(dir)
        .map_err(|e| os("create a file", e))?;
    temp.write_all(text.as_bytes()).and_then(|()| temp.as_file().sync_all()).map_err(|e| os("write", e))?;
    temp.persist(path).map_err(|e| os("rename", e.error))?;
    Ok(())
}

fn size_of_file(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

#[cfg(feature = "geotiff")]
pub use raster::{export_geotiff_heights, export_geotiff_materials};

#[cfg(feature = "geotiff")]
mod raster {
    use super::{ExportReport, size_of_file};
    use crate::Progress;
    use crate::error::WorldError;
    use crate::render::{Frame, OnProgress, Size, Window};
    use crate::view::View;
    use bm_core::Pos;
    use bm_core::pos::{alt_to_tick, tick_to_alt};
    use bm_io::geotiff::{GeoTiffRegion, TiffSamples, write_geotiff};
    use bm_octree::parallel;
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Instant;

    /// Writes the height of the ground (metres above sea level, `f32`) at the middle of each pixel
    /// as a GeoTIFF in EPSG:4326, north up. Columns without ground are NaN, which is the file's
    /// "no data".
    ///
    /// # Errors
    /// [`WorldError::Data`] for a bad window or size, [`WorldError::Tree`] when a page cannot be
    /// read, [`WorldError::Io`] when the file cannot be written.
    pub fn export_geotiff_heights(
        view: &View,
        window: &Window,
        size: Size,
        path: impl AsRef<Path>,
        progress: OnProgress<'_>,
    ) -> Result<ExportReport, WorldError> {
        let start = Instant::now();
        let frame = Frame::new(window, size)?;
        frame.load_pages(view)?;
        let heights = cells(&frame, progress, |[x, y]| {
            Ok(view.surface(x, y)?.map_or(f32::NAN, |(top, _)| tick_to_alt(top) as f32))
        })?;
        finish(&frame, TiffSamples::F32(&heights), Some(f64::NAN), path.as_ref(), start)
    }

    /// Writes the materials at one altitude (metres above sea level) as a GeoTIFF of `u16` ids in
    /// EPSG:4326, north up: the voxel at the middle of each pixel.
    ///
    /// # Errors
    /// As [`export_geotiff_heights`], and [`WorldError::OutOfWorld`] for a bad altitude.
    pub fn export_geotiff_materials(
        view: &View,
        window: &Window,
        size: Size,
        alt_m: f64,
        path: impl AsRef<Path>,
        progress: OnProgress<'_>,
    ) -> Result<ExportReport, WorldError> {
        let start = Instant::now();
        let frame = Frame::new(window, size)?;
        let z = alt_to_tick(alt_m)?;
        let ids = cells(&frame, progress, |[x, y]| Ok(view.sample(Pos::new(x, y, z)?)?.material.0))?;
        finish(&frame, TiffSamples::U16(&ids), None, path.as_ref(), start)
    }

    /// A value for each pixel, southernmost row first.
    fn cells<T: Send>(
        frame: &Frame,
        progress: OnProgress<'_>,
        value: impl Fn([u32; 2]) -> Result<T, WorldError> + Sync,
    ) -> Result<Vec<T>, WorldError> {
        let rows: Vec<usize> = (0..frame.height).collect();
        let (done, total) = (AtomicU64::new(0), rows.len() as u64);
        let read = parallel::map(&rows, 0, |&j| {
            let y = frame.y(j as i64, 1);
            let row: Result<Vec<T>, WorldError> =
                (0..frame.width).map(|i| value([frame.x(i as i64, 1), y])).collect();
            progress(&Progress { stage: "export", done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
            row
        });
        let mut out = Vec::with_capacity(frame.width * frame.height);
        for row in read {
            out.extend(row?);
        }
        Ok(out)
    }

    fn finish(
        frame: &Frame,
        samples: TiffSamples<'_>,
        nodata: Option<f64>,
        path: &Path,
        start: Instant,
    ) -> Result<ExportReport, WorldError> {
        let (width, height) = (frame.width, frame.height);
        let georef = frame.georef();
        write_geotiff(path, &GeoTiffRegion { georef: &georef, width, height, samples, nodata })?;
        Ok(ExportReport {
            path: path.to_owned(),
            sidecar: None,
            shape: vec![height, width],
            bytes: size_of_file(path),
            elapsed: start.elapsed(),
        })
    }
}
