//! A mountain range under rivers for 100 000 years.

use crate::checkout::folder::grids_path;
use crate::checkout::{Seeding, picture};
use crate::error::WorldError;
use crate::ingest::Progress;
use crate::world::World;
use bm_core::frame::{TICKS_PER_METRE, WORLD_X};
use bm_grid::{Bounds, DVec2, Region};
use bm_io::picture::{Image, write_png};
use bm_process::run::{self, Run};
use bm_process::scenario::Scenario;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const SCENARIO: &str = include_str!("alps.toml");
const NAME: &str = "alps";
/// West, south, east and north.
const BBOX: [f64; 4] = [6.0, 45.0, 9.0, 47.0];
/// Metres of a cell.
const CELL: f64 = 500.0;

/// What became of a mountain range.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Erosion {
    /// The check-out beside the world, to commit or to go on with.
    pub check_out: String,
    /// Cells of it.
    pub cells: u64,
    /// Steps of the run.
    pub steps: u64,
    /// Years that passed.
    pub years: f64,
    /// Seconds from the land in memory to the last checkpoint.
    pub seconds: f64,
    /// Rock that left over the edges, km³.
    pub lost_km3: f64,
    /// What the ledger of solids cannot account for, as a share of all.
    pub ledger_error: f64,
    /// The scenario, as `bm simulate` takes it.
    pub scenario: PathBuf,
}

/// Erodes the range on a check-out beside a world; its pictures are appended.
pub(super) fn erode(
    world: &World,
    folder: &Path,
    pictures: &mut Vec<PathBuf>,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<Erosion, WorldError> {
    if let Some(path) = world.path() {
        // Of an earlier demonstration: the world it was taken of is gone.
        let _not_there = std::fs::remove_dir_all(grids_path(path));
    }
    let per = f64::from(WORLD_X) / f64::from(TICKS_PER_METRE) / 360.0;
    let at = |lon: f64, lat: f64| DVec2::new((lon + 180.0) * per, (lat + 90.0) * per);
    let bounds = Bounds { min: at(BBOX[0], BBOX[1]), max: at(BBOX[2], BBOX[3]) };
    let region = Region::aligned(bounds, CELL)
        .map_err(|e| WorldError::Data { what: "region", detail: e.to_string() })?;
    let scenario = folder.join("alps.toml");
    std::fs::write(&scenario, SCENARIO).map_err(|e| super::refused(&scenario, "cannot write", e))?;
    let out = world.check_out(NAME, &region, &Seeding::default(), progress)?;
    let start = std::time::Instant::now();
    let parsed = Scenario::parse("alps.toml", SCENARIO).map_err(run::RunError::from)?;
    let mut run = Run::new(out.seed().clone(), parsed)?.checkpoints(out.folder())?;
    run.run(&mut |p: &run::Progress<'_>| {
        progress(&Progress { stage: "erode the Alps", done: p.step, total: p.steps });
        ControlFlow::Continue(())
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let mut put = |name: &str, image: Image| -> Result<(), WorldError> {
        let path = folder.join(name);
        write_png(&path, &image)?;
        pictures.push(path);
        Ok(())
    };
    let (before, after) = (out.seed(), run.state());
    put("alps-before.png", picture::relief_sheet(before, "The Alps as the bundled relief has them")?)?;
    put("alps-after.png", picture::relief_sheet(after, "After 100 000 years of rivers and uplift")?)?;
    put("alps-change.png", picture::difference_sheet(before, after, "What changed")?)?;
    put("alps-slope-area.png", picture::slope_area_chart(before, after)?)?;
    let totals = run.totals();
    Ok(Erosion {
        check_out: NAME.into(),
        cells: region.cells(),
        steps: run.steps_taken(),
        years: run.years(),
        seconds,
        lost_km3: totals
            .processes
            .iter()
            .filter(|(name, _)| name != "roughen")
            .map(|(_, a)| a.solid.lost())
            .sum::<f64>()
            / 1e9,
        ledger_error: totals.solid.error(),
        scenario,
    })
}
