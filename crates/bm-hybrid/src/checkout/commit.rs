//! Land back into the world: what is committed, and when it conflicts.

use super::coast;
use super::land::{Land, ticks};
use super::seed::Seeding;
use crate::error::WorldError;
use crate::ingest::Progress;
use crate::view::View;
use crate::world::World;
use bm_grid::Region;
use bm_process::state::{State, layer};
use std::time::{Duration, Instant};

/// What land was taken from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Where.
    pub region: Region,
    /// Of which version.
    pub version: u64,
    /// How.
    pub seeding: Seeding,
    /// What was read, as a hash.
    pub fingerprint: u128,
    /// Heights it had, m; NaN where there was no ground.
    pub heights: Vec<f64>,
    /// Depths of the lakes it had, m; empty where there were none.
    pub lakes: Vec<f64>,
}

/// How land is laid back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Back {
    /// Also if the region has changed since it was taken: what was changed is then lost.
    pub force: bool,
    /// Threads to use; 0 means as many as the machine has. The result does not depend on it.
    pub threads: usize,
    /// Leave coastlines where they are, though the land's shores have moved.
    pub keep_coasts: bool,
    /// Leave lakes as they were, whatever water stands on the land.
    pub keep_lakes: bool,
}

impl Back {
    /// Sets [`Back::keep_coasts`].
    #[must_use]
    pub const fn keep_coasts(mut self, keep: bool) -> Self {
        self.keep_coasts = keep;
        self
    }

    /// Sets [`Back::keep_lakes`].
    #[must_use]
    pub const fn keep_lakes(mut self, keep: bool) -> Self {
        self.keep_lakes = keep;
        self
    }

    /// Sets [`Back::force`].
    #[must_use]
    pub const fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }
}

/// What a commit of land did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Landed {
    /// The new version.
    pub version: u64,
    /// Cells whose height changed by a quarter metre or more.
    pub changed: u64,
    /// Columns of pages laid, and pages that share them.
    pub pages: [u64; 2],
    /// Explicit cells that were given back to the ground function, as the land around them changed.
    pub cleared: u64,
    /// Coastlines that follow the land's shores now, and those beside shores that moved which could not: open lines, and what would
    /// cross itself.
    pub coasts: [u64; 2],
    /// Cells that a lake covers now, a quarter metre deep or more.
    pub lakes: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl World {
    /// Commits land that was taken from a region back: its surface and strata become the world's, in one commit.
    ///
    /// The region then has the land's resolution: the surface between cells' middles is bilinear. Deeper than what was looked at,
    /// layers stay where they are. Edits stay as well, but for those that lie where the ground was worn away or laid on. Cells that are no
    /// number stay as they were. Water that stands on the land a quarter metre deep or more becomes lakes of fresh water. Coastlines
    /// follow where its shores moved ([`coast`]).
    ///
    /// # Errors
    /// [`WorldError::Stale`] when the region says something else now than when it was taken: nothing is written.
    /// [`WorldError::Data`] when the land does not fit the region. Errors of the store; the world is then unchanged.
    pub fn commit_land(
        &self,
        origin: &Origin,
        land: &State,
        how: &Back,
        what: &str,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Landed, WorldError> {
        let start = Instant::now();
        let mut landed = Landed { changed: origin.changed(land)?, ..Landed::default() };
        let encoding = |done, total| progress(&Progress { stage: "compress", done, total });
        landed.version = self.commit_both(what, &encoding, |view, draft| {
            draft.threads(how.threads);
            if !how.force {
                origin.check(view, how.threads)?;
            }
            let rimmed = Land::new(origin, land, view, how)?;
            landed.lakes = rimmed.lakes();
            landed.pages = rimmed.lay(view, draft, how.threads, progress)?;
            landed.cleared = rimmed.clear(view, draft)?;
            if how.keep_coasts || landed.changed == 0 {
                return Ok(Vec::new());
            }
            let (changes, beyond) = coast::follow(view, origin, land)?;
            landed.coasts = [changes.len() as u64, beyond];
            Ok(changes)
        })?;
        landed.elapsed = start.elapsed();
        Ok(landed)
    }
}

impl Origin {
    /// What a seed of a region was taken from.
    #[must_use]
    pub fn new(region: Region, version: u64, seeding: Seeding, fingerprint: u128, seed: &State) -> Self {
        let heights = seed.ground.values.clone();
        Self { region, version, seeding, fingerprint, heights, lakes: lakes(seed) }
    }

    /// Cells whose height is another now.
    fn changed(&self, land: &State) -> Result<u64, WorldError> {
        let bad = |detail: String| WorldError::Data { what: "land", detail };
        let (w, h) = (self.region.width() as usize, self.region.height() as usize);
        if (land.ground.width, land.ground.height) != (w, h) || self.heights.len() != w * h {
            let (lw, lh) = (land.ground.width, land.ground.height);
            return Err(bad(format!("{lw} × {lh} cells do not fit a region of {w} × {h}")));
        }
        if let Some(z) = land.ground.values.iter().find(|z| z.abs() > 1e6) {
            return Err(bad(format!("a height of {z} m")));
        }
        let both = land.ground.values.iter().zip(&self.heights);
        Ok(both.filter(|(a, b)| a.is_nan() != b.is_nan() || ticks(**a) != ticks(**b)).count() as u64)
    }

    /// Whether the region still says what it said.
    fn check(&self, view: &View, threads: usize) -> Result<(), WorldError> {
        if view.version() == self.version {
            return Ok(());
        }
        let now = view.seed(&self.region, &Seeding { threads, ..self.seeding }, &|_| ())?;
        if now.fingerprint == self.fingerprint {
            return Ok(());
        }
        let moved = now.state.ground.values.iter().zip(&self.heights);
        let cells = moved.filter(|(a, b)| a.to_bits() != b.to_bits()).count() as u64;
        Err(WorldError::Stale { taken: self.version, newest: view.version(), cells })
    }
}

/// Depths of water on land; none if it is dry.
pub(super) fn lakes(land: &State) -> Vec<f64> {
    match land.layer(layer::WATER_DEPTH) {
        Some(depths) => (0..depths.len()).map(|cell| depths.get(cell)).collect(),
        None => Vec::new(),
    }
}
