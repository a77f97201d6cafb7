//! Is the world sound, and does it still say what the file said?

use crate::error::WorldError;
use crate::ingest::{Progress, WorldGrid, sample_column};
use crate::view::Info;
use crate::world::World;
use bm_codec::body::peek_kind;
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
        let version = self.view().version();
        Ok(Info { version, bytes_on_disk: stats.stored_bytes, page_bytes: stats.payload_bytes, pages })
    }

    /// Reads the whole world and checks every check sum, every page's format, every directory, and that no
    /// page is left over.
    ///
    /// # Errors
    /// Only what keeps the check from running; damage is in the result.
    pub fn verify(&self, progress: &(dyn Fn(&Progress) + Sync)) -> Result<Verification, WorldError> {
        let mut out = Verification::default();
        self.store().verify(
            &mut |p| out.problems.push(p.detail),
            &mut |done, total| progress(&Progress { stage: "check sums", done, total }),
        )?;
        let report = self.view().tree().validate(
            &mut |p| out.problems.push(p.error.to_string()),
            &mut |done, total| progress(&Progress { stage: "pages", done, total }),
        );
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
    /// ends there.
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
                let Some([x, y]) = sample_column(&grid, i, j) else { continue };
                let got = view.surface(x, y)?.map_or(f64::NAN, |(top, _)| tick_to_alt(top));
                let off = (got - want).abs();
                a.samples += 1;
                // NaN (no ground at all) is wrong too.
                if off.is_nan() || off > 0.25 {
                    a.wrong += 1;
                    let (lon, lat) = (relief.georef.x.degrees(i as i64), relief.georef.y.degrees(j as i64));
                    a.examples.push([lon, lat, want, got]);
                    a.examples.truncate(EXAMPLES);
                }
                a.worst_m = a.worst_m.max(if off.is_nan() { f64::INFINITY } else { off });
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
