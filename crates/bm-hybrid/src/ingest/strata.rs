//! LITHO1.0 into pages: ice, sediments, crust and lid under the relief.

use super::grid::{WorldGrid, footprint};
use super::stack;
use super::{IngestReport, Progress};
use crate::error::WorldError;
use crate::view::View;
use crate::world::World;
use bm_codec::raster::{Interpolation, Raster};
use bm_codec::strata::{Datum, Field, Fluid, Layer, Strata};
use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, PageId};
use bm_io::GridGeoref;
use bm_io::litho::{Litho, LithoGrid, LithoLayer};
use bm_octree::{Draft, parallel};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How strata become pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StrataIngest {
    /// Samples a degree of the grid that the model's irregular points are interpolated onto (1 to 12).
    pub per_degree: u8,
    /// The nearest point's value instead of barycentric interpolation.
    pub nearest: bool,
    /// Threads to use; 0 means as many as the machine has. The result does not depend on it.
    pub threads: usize,
}

impl Default for StrataIngest {
    /// One sample a degree, which is the spacing of the model's own points.
    fn default() -> Self {
        Self { per_degree: 1, nearest: false, threads: 0 }
    }
}

impl StrataIngest {
    /// Sets [`StrataIngest::per_degree`].
    #[must_use]
    pub const fn per_degree(mut self, n: u8) -> Self {
        self.per_degree = n;
        self
    }

    /// Sets [`StrataIngest::nearest`].
    #[must_use]
    pub const fn nearest(mut self, nearest: bool) -> Self {
        self.nearest = nearest;
        self
    }
}

/// Strata are global and coarse: they live in pages of this level.
const LEVEL: u8 = 7;
/// Top of the mantle below the asthenosphere, in ticks.
const MANTLE_TOP: i32 = -220_000 * 4;

impl World {
    /// Lays the layers of LITHO1.0 under the world's relief, as one commit.
    ///
    /// Ice, sediments and the top of the upper crust are kept as depths below the ground's surface, so they
    /// follow the relief's detail; the middle and lower crust, the lid and the asthenosphere keep their
    /// heights. Ice is laid only where the ground is above sea level. Without relief the model's own
    /// surface is the ground. Finer relief that is there already gets the layers too.
    ///
    /// # Errors
    /// [`WorldError`]; the world is then unchanged.
    pub fn ingest_strata(
        &self,
        litho: &Litho,
        how: &StrataIngest,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<IngestReport, WorldError> {
        let start = Instant::now();
        if !(1..=12).contains(&how.per_degree) {
            let detail = format!("{} samples a degree: give 1 to 12", how.per_degree);
            return Err(WorldError::Data { what: "strata", detail });
        }
        progress(&Progress { stage: "interpolate", done: 0, total: 1 });
        let (georef, width, height) = GridGeoref::global_points(1, how.per_degree.into())?;
        let method = if how.nearest {
            bm_io::litho::Interpolation::Nearest
        } else {
            bm_io::litho::Interpolation::Linear
        };
        let model = litho.resample(&georef, width, height, &LithoLayer::ALL, method)?;
        let grid = WorldGrid::new(&georef, width, height);
        let columns = grid.page_columns(LEVEL);
        let mut counts = [0u64; 2];
        let encoding = |done, total| progress(&Progress { stage: "compress", done, total });
        let version = self.commit_with("strata LITHO1.0", &encoding, |view, draft| {
            draft.threads(how.threads);
            let tops = Tops::new(view, &model, &grid)?;
            let (done, total) = (AtomicU64::new(0), columns.len() as u64);
            let built = {
                let draft = &*draft;
                parallel::map(&columns, how.threads, |&at| {
                    let made = column(view, draft, &grid, &tops, at);
                    progress(&Progress {
                        stage: "columns",
                        done: done.fetch_add(1, Ordering::Relaxed) + 1,
                        total,
                    });
                    made
                })
            };
            for (at, made) in columns.iter().zip(built) {
                let Some(strata) = made? else { continue };
                let top = stack::surface_range(&strata)[1].max(0);
                // Layers reach below every surface: the page just under sea level always carries them.
                let bottom = i64::from(MANTLE_TOP);
                counts[0] += 1;
                counts[1] += stack::put(view, draft, LEVEL, *at, Arc::new(strata), [bottom, top])?;
            }
            refit_finer(view, draft, &columns)
        })?;
        Ok(IngestReport {
            version,
            samples: (litho.len() * LithoLayer::ALL.len()) as u64,
            holes: 0,
            dry: 0,
            page_level: LEVEL,
            pages: counts,
            elapsed: start.elapsed(),
        })
    }
}

/// Relief in finer pages keeps its surface and gets the new layers below it.
fn refit_finer(view: &View, draft: &mut Draft<'_>, columns: &[[u32; 2]]) -> Result<(), WorldError> {
    for &at in columns {
        let mut finer = BTreeSet::new();
        let mut coarse = None;
        for tz in stack::existing(view, LEVEL, at)? {
            let Some(page) = PageId::new(LEVEL, [at[0], at[1], tz]) else { continue };
            let mut queue = view.tree().pages_below(page)?;
            if !queue.is_empty() && coarse.is_none() {
                coarse = stack::carried(draft, page)?;
            }
            while let Some(id) = queue.pop() {
                queue.extend(view.tree().pages_below(id)?);
                let [x, y, _] = id.cell().coords();
                finer.insert((id.level(), [x, y]));
            }
        }
        let Some(coarse) = coarse else { continue };
        for (level, at) in finer {
            let Some(s) = stack::ground(view, draft, level, at)? else { continue };
            let (xs, ys) = footprint(level, at);
            let mut s = Strata::clone(&s);
            s.ground = coarse.ground;
            s.layers = super::relief::crop_layers(&coarse, xs, ys)?;
            let reach = stack::reach(view, draft, level, at, &s)?;
            stack::put(view, draft, level, at, Arc::new(s), reach)?;
        }
    }
    Ok(())
}

/// The model as fields over the grid, in metres.
struct Tops {
    /// Highest solid.
    surface: Vec<i32>,
    /// Depths below the surface: of the ice's bottom, of the loose sediments' and of all sediments'.
    depths: [Vec<i32>; 3],
    /// Heights of the tops of the middle crust, the lower crust, the lid and the asthenosphere.
    heights: [Vec<i32>; 4],
}

impl Tops {
    fn new(view: &View, model: &LithoGrid, grid: &WorldGrid) -> Result<Self, WorldError> {
        let raster = |l: LithoLayer| model.layers.iter().find(|r| r.layer == l);
        let missing = || WorldError::Data { what: "strata", detail: "a layer is missing".into() };
        let thickness = |l| raster(l).map(|r| r.thickness_m.as_slice()).ok_or_else(missing);
        let top = |l| raster(l).map(|r| r.top_m.as_slice()).ok_or_else(missing);
        let (water, model_ice) = (thickness(LithoLayer::Water)?, thickness(LithoLayer::Ice)?);
        let [s1, s2, s3] = [
            thickness(LithoLayer::Sediment1)?,
            thickness(LithoLayer::Sediment2)?,
            thickness(LithoLayer::Sediment3)?,
        ];
        let bed = top(LithoLayer::Sediment1)?;
        let n = bed.len();
        let mut ice = vec![0; n];
        for (k, ice) in ice.iter_mut().enumerate() {
            if model_ice[k] <= 0 || water[k] > 0 {
                continue;
            }
            // The relief knows the coast better than the model: no ice on the sea's floor.
            let at = super::relief::sample_column(grid, k % grid.width, k / grid.width);
            let under_sea = match at {
                Some([x, y]) => {
                    view.surface(x, y)?.is_some_and(|(t, _)| t <= SEA_LEVEL && has_relief(view, [x, y]))
                }
                None => true,
            };
            *ice = if under_sea { 0 } else { model_ice[k] };
        }
        let surface = (0..n).map(|k| bed[k] + ice[k]).collect();
        let loose: Vec<i32> = (0..n).map(|k| ice[k] + s1[k].max(0) + s2[k].max(0)).collect();
        let all: Vec<i32> = (0..n).map(|k| loose[k] + s3[k].max(0)).collect();
        let h = |l| top(l).map(<[i32]>::to_vec);
        Ok(Self {
            surface,
            depths: [ice, loose, all],
            heights: [
                h(LithoLayer::Crust2)?,
                h(LithoLayer::Crust3)?,
                h(LithoLayer::Lid)?,
                h(LithoLayer::Asthenosphere)?,
            ],
        })
    }
}

fn has_relief(view: &View, at: [u32; 2]) -> bool {
    let column = at.map(|c| c >> (bm_core::frame::MAX_LEVEL - LEVEL));
    stack::existing(view, LEVEL, column).is_ok_and(|pages| !pages.is_empty())
}

/// The strata of one column of pages: its own relief, or the model's, with the model's layers.
fn column(
    view: &View,
    draft: &Draft<'_>,
    grid: &WorldGrid,
    tops: &Tops,
    at: [u32; 2],
) -> Result<Option<Strata>, WorldError> {
    let (xs, ys) = footprint(LEVEL, at);
    let Some(w) = grid.window(xs, ys) else { return Ok(None) };
    let index: Vec<usize> = grid.indices(&w).collect();
    let raster = |field: &[i32]| {
        let samples: Vec<i32> = index.iter().map(|&k| field[k]).collect();
        Raster::new(w.axes, (w.width, w.height), 4, Interpolation::Bilinear, &samples)
            .map_err(|e| WorldError::Data { what: "strata", detail: e.to_string() })
    };
    let mut strata = match stack::ground(view, draft, LEVEL, at)? {
        Some(s) => Strata::clone(&s),
        None => {
            let mut s = Strata::new(raster(&tops.surface)?, MaterialId::UPPER_CRUST);
            s.fluid = Some(Fluid { material: MaterialId::SEAWATER, level: 0 });
            s
        }
    };
    // From the top down; what is nowhere thicker than zero here is left out.
    let [ice, loose, all] = &tops.depths;
    let absent = |upper: Option<&Vec<i32>>, lower: &Vec<i32>| {
        index.iter().all(|&k| lower[k] == upper.map_or(0, |u| u[k]))
    };
    let mut down: Vec<(MaterialId, Option<&Vec<i32>>)> = Vec::new();
    let mut upper = None;
    for (material, depth) in
        [(MaterialId::ICE, ice), (MaterialId::SEDIMENT, loose), (MaterialId::SEDIMENTARY_ROCK, all)]
    {
        if !absent(upper, depth) {
            down.push((material, upper));
        }
        upper = Some(depth);
    }
    down.push((MaterialId::UPPER_CRUST, upper));
    strata.ground = down[0].0;
    strata.layers.clear();
    for &(material, depth) in &down[1..] {
        let Some(depth) = depth else { continue };
        strata.layers.push(Layer { material, datum: Datum::Surface, top: Field::Raster(raster(depth)?) });
    }
    let deep = [
        MaterialId::MIDDLE_CRUST,
        MaterialId::LOWER_CRUST,
        MaterialId::LITHOSPHERIC_MANTLE,
        MaterialId::ASTHENOSPHERE,
    ];
    for (material, heights) in deep.into_iter().zip(&tops.heights) {
        strata.layers.push(Layer { material, datum: Datum::SeaLevel, top: Field::Raster(raster(heights)?) });
    }
    strata.layers.push(Layer {
        material: MaterialId::MANTLE,
        datum: Datum::SeaLevel,
        top: Field::Constant(MANTLE_TOP),
    });
    Ok(Some(strata))
}
