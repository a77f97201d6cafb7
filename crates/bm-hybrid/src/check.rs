//! Is the world sound, and does it still say what the file said?

use crate::error::WorldError;
use crate::ingest::{Progress, WorldGrid, sample_column};
use crate::view::{Info, View};
use crate::world::World;
use bm_codec::body::peek_kind;
use bm_codec::raster::Axis;
use bm_core::frame::{WORLD_X, WORLD_Y};
use bm_core::pos::tick_to_alt;
use bm_io::Relief;
use bm_octree::parallel;
use bm_store::PageRange;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Pages checked.
    pub pages_checked: u64,
    /// Pages by kind of base, and by form of exceptions.
    pub pages: BTreeMap<String, u64>,
    /// Everything that is wrong, each with its place.
    pub problems: Vec<String>,
}

/// How well a world's surface agrees with the samples of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Against {
    /// Samples compared.
    pub samples: u64,
    /// Samples whose height is further off than a quarter metre.
    pub wrong: u64,
    /// Largest difference in metres.
    pub worst_m: f64,
    /// The first wrong samples: longitude, latitude, height in the file, height in the world.
    pub examples: Vec<[f64; 4]>,
}

/// Wrong samples that are listed one by one.
const EXAMPLES: usize = 10;

/// Heights are kept to this.
const TOLERANCE_M: f64 = 0.25;

/// How far the world is off at a sample, in metres, and the height it has there.
///
/// Voxel columns have their centres up to half a voxel beside a sample, and on the rim of a relief or of a
/// hole in it the column next to the sample may be beyond its end: the slope over that bit is no error.
/// `None` where the sample is outside the world, or stands alone among holes.
fn difference(
    view: &View,
    relief: &Relief,
    grid: &WorldGrid,
    [i, j]: [usize; 2],
    want: f64,
) -> Result<Option<(f64, f64)>, WorldError> {
    let Some(own) = sample_column(grid, i, j) else { return Ok(None) };
    let height = |[x, y]: [u32; 2]| -> Result<f64, WorldError> {
        Ok(view.surface_of_pages(x, y)?.map_or(f64::NAN, |(top, _)| tick_to_alt(top)))
    };
    let got = height(own)?;
    let off = (got - want).abs();
    if off <= TOLERANCE_M {
        return Ok(Some((off, got)));
    }
    let mut best: Option<(f64, f64)> = None;
    for (column, [di, dj], [dx, dy]) in columns_beside(grid, i, j) {
        // The samples that the column leans on.
        let (mut ni, mut nj) = (i as i64 + di, j as i64 + dj);
        if grid.wraps {
            ni = ni.rem_euclid(relief.width as i64);
            nj = nj.clamp(0, relief.height as i64 - 1);
        }
        let at = |i: i64, j: i64| relief.height_m(usize::try_from(i).ok()?, usize::try_from(j).ok()?);
        let (i, j) = (i as i64, j as i64);
        let corners = [at(i, j), at(ni, j), at(i, nj), at(ni, nj)];
        if corners.iter().any(Option::is_none) {
            continue;
        }
        let known = corners.iter().flatten();
        let spread =
            known.clone().copied().fold(f64::MIN, f64::max) - known.copied().fold(f64::MAX, f64::min);
        let got = height(column)?;
        let off = (got - want).abs();
        // No ground at all is infinitely wrong.
        let off = if off.is_nan() { f64::INFINITY } else { (off - spread * (dx + dy)).max(0.0) };
        if best.is_none_or(|(o, _)| off < o) {
            best = Some((off, got));
        }
    }
    Ok(best)
}

/// The four voxel columns whose centres lie around a sample: each with the neighbouring sample it leans to
/// (−1, 0 or 1 along x and y) and how far it is from this one, as a share of the spacing.
fn columns_beside(
    grid: &WorldGrid,
    i: usize,
    j: usize,
) -> impl Iterator<Item = ([u32; 2], [i64; 2], [f64; 2])> + use<> {
    // Twice the position in ticks and the denominator: centres are at odd numbers of halves.
    let around = |a: Axis, k: usize| {
        let (num, one) = (2 * (a.origin + k as i64 * a.step), 2 * a.den);
        let first = (num - a.den).div_euclid(one);
        [first, first + 1].map(|tick| {
            let beyond = (2 * tick + 1) * a.den - num;
            (tick, beyond.signum(), beyond.abs() as f64 / (2 * a.step) as f64)
        })
    };
    let (xs, ys) = (around(grid.x, i), around(grid.y, j));
    ys.into_iter().flat_map(move |y| xs.map(move |x| (x, y))).filter_map(|((x, di, dx), (y, dj, dy))| {
        let y = u32::try_from(y).ok().filter(|&y| y < WORLD_Y)?;
        Some(([x.rem_euclid(WORLD_X.into()) as u32, y], [di, dj], [dx, dy]))
    })
}

impl World {
    /// What the world holds.
    ///
    /// # Errors
    /// [`WorldError::Store`] when the store cannot be read.
    pub fn info(&self) -> Result<Info, WorldError> {
        let stats = self.store().stats()?;
        let mut pages: BTreeMap<String, u64> = BTreeMap::new();
        self.store().snapshot()?.scan(PageRange::ALL, &mut |_, bytes| {
            *pages.entry(peek_kind(&bytes).unwrap_or("damaged").to_owned()).or_default() += 1;
            ControlFlow::Continue(())
        })?;
        let overlay = self.overlay();
        Ok(Info {
            version: overlay.version,
            bytes_on_disk: stats.stored_bytes + overlay.journal_bytes + self.area_bytes(),
            page_bytes: stats.payload_bytes,
            history_bytes: stats.history_bytes,
            pages,
        })
    }

    /// Reads the whole world and checks every check sum, every page's format, every directory, and that no
    /// page is left over.
    ///
    /// # Errors
    /// Only what keeps the check from running; damage is in the result.
    pub fn verify(&self, progress: &(dyn Fn(&Progress) + Sync)) -> Result<Verification, WorldError> {
        let mut out = Verification::default();
        self.store().verify(&mut |p| out.problems.push(p.detail), &mut |done, total| {
            progress(&Progress { stage: "check sums", done, total })
        })?;
        let report = self
            .view()
            .tree()
            .validate(&mut |p| out.problems.push(p.error.to_string()), &mut |done, total| {
                progress(&Progress { stage: "pages", done, total })
            });
        out.pages_checked = report.pages;
        for (kind, n) in report.kinds.iter().chain(&report.exceptions) {
            out.pages.insert((*kind).to_owned(), *n);
        }
        let scanned = self.store().snapshot()?.scan(PageRange::ALL, &mut |id, _| {
            if !report.reachable.contains(&id) {
                out.problems.push(format!("page {id} is stored, but no page above it lists it"));
            }
            ControlFlow::Continue(())
        });
        // A page that cannot be scanned has been reported by the store's own check.
        if out.problems.is_empty() {
            scanned?;
        }
        Ok(out)
    }

    /// Compares the height of the ground at every sample of a relief with the sample.
    ///
    /// A sample on the north pole itself is compared with the last row of voxels below it, since the world
    /// ends there. The slope between a sample and the centre of the voxel column beside it counts as no
    /// difference. A sample that no four corners with data surround is passed over.
    ///
    /// # Errors
    /// [`WorldError::Tree`] when a page cannot be read.
    pub fn verify_against(
        &self,
        relief: &Relief,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Against, WorldError> {
        let grid = WorldGrid::new(&relief.georef, relief.width, relief.height);
        let view = self.view();
        let rows: Vec<usize> = (0..relief.height).collect();
        let done = AtomicU64::new(0);
        let total = rows.len() as u64;
        let parts = parallel::map(&rows, 0, |&j| -> Result<Against, WorldError> {
            let mut a = Against { samples: 0, wrong: 0, worst_m: 0.0, examples: Vec::new() };
            for i in 0..relief.width {
                let Some(want) = relief.height_m(i, j) else { continue };
                let Some((off, got)) = difference(&view, relief, &grid, [i, j], want)? else { continue };
                a.samples += 1;
                if off > TOLERANCE_M {
                    a.wrong += 1;
                    let (lon, lat) = (relief.georef.x.degrees(i as i64), relief.georef.y.degrees(j as i64));
                    a.examples.push([lon, lat, want, got]);
                    a.examples.truncate(EXAMPLES);
                }
                a.worst_m = a.worst_m.max(off);
            }
            progress(&Progress { stage: "compare", done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
            Ok(a)
        });
        let mut all = Against { samples: 0, wrong: 0, worst_m: 0.0, examples: Vec::new() };
        for p in parts {
            let p = p?;
            all.samples += p.samples;
            all.wrong += p.wrong;
            all.worst_m = all.worst_m.max(p.worst_m);
            all.examples.extend(p.examples);
        }
        all.examples.truncate(EXAMPLES);
        Ok(all)
    }
}
