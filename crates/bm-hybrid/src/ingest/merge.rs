//! Two reliefs in one page: sheets of one survey meet in the middle of pages, and holes show what was there.

use crate::error::WorldError;
use bm_codec::raster::{Axis, Interpolation, Raster};
use bm_codec::strata::{Fluid, Mask, Strata};
use bm_core::MaterialId;

/// The samples of one column of pages, before they become strata.
pub(crate) struct Sheet {
    pub(crate) axes: (Axis, Axis),
    pub(crate) size: (usize, usize),
    /// Ticks a unit of the heights.
    pub(crate) unit: i32,
    /// Row by row from the south-west; `None` where there is no data.
    pub(crate) heights: Vec<Option<i32>>,
    /// Samples over which no sea stands, however low they are.
    pub(crate) dry: Vec<bool>,
}

/// Where sample (0, 0) of `old` lies among the samples of `axes`, if both have their samples in the same places.
pub(crate) fn offset(axes: (Axis, Axis), old: &Strata, how: Interpolation) -> Option<[i64; 2]> {
    let old_axes = old.surface.axes();
    if old.surface.interpolation() != how {
        return None;
    }
    let along = |new: Axis, old: Axis| {
        let [n, o] = [new, old].map(|a| (i128::from(a.origin), i128::from(a.step), i128::from(a.den)));
        let (apart, step) = (o.0 * n.2 - n.0 * o.2, n.1 * o.2);
        let same = o.1 * n.2 == step && apart % step == 0;
        same.then(|| i64::try_from(apart / step).ok()).flatten()
    };
    Some([along(axes.0, old_axes.0)?, along(axes.1, old_axes.1)?])
}

impl Sheet {
    /// This sheet laid over older strata, whose sample (0, 0) lies at `offset` among these samples.
    pub(crate) fn over(&self, old: &Strata, [ox, oy]: [i64; 2]) -> Self {
        let (w, h) = (self.size.0 as i64, self.size.1 as i64);
        let (ow, oh) = old.surface.size();
        let (i0, j0) = (ox.min(0), oy.min(0));
        let (i1, j1) = ((ox + ow as i64).max(w), (oy + oh as i64).max(h));
        let old_unit = i32::from(old.surface.unit());
        let unit = if old_unit % self.unit == 0 {
            self.unit
        } else if self.unit % old_unit == 0 {
            old_unit
        } else {
            1
        };
        let mut made = Self {
            axes: (self.axes.0.from_sample(i0), self.axes.1.from_sample(j0)),
            size: ((i1 - i0) as usize, (j1 - j0) as usize),
            unit,
            heights: Vec::new(),
            dry: Vec::new(),
        };
        for j in j0..j1 {
            for i in i0..i1 {
                let mine = ((0..w).contains(&i) && (0..h).contains(&j)).then_some((j * w + i) as usize);
                let (x, y) = ((i - ox) as usize, (j - oy) as usize);
                let (height, dry) = match mine.and_then(|k| Some((self.heights[k]?, self.dry[k]))) {
                    Some((v, dry)) => (Some(v * (self.unit / unit)), dry),
                    None if i >= ox && j >= oy && x < ow && y < oh => {
                        let k = y * ow + x;
                        let hole = old.holes.as_ref().is_some_and(|m| m.get(k));
                        let dry = old.fluid.is_none() || old.dry.as_ref().is_some_and(|m| m.get(k));
                        ((!hole).then(|| old.surface.sample(x, y) * (old_unit / unit)), dry)
                    }
                    None => (None, false),
                };
                made.heights.push(height);
                made.dry.push(dry && height.is_some());
            }
        }
        made
    }

    /// Strata without layers. There must be one height at least.
    pub(crate) fn into_strata(self, how: Interpolation, fluid: Option<Fluid>) -> Result<Strata, WorldError> {
        let bad = |detail: String| WorldError::Data { what: "relief", detail };
        // Holes get their neighbour's height, which costs the least to store.
        let first = self.heights.iter().flatten().next();
        let mut last = *first.ok_or_else(|| bad("no sample has data".into()))?;
        let samples: Vec<i32> = self
            .heights
            .iter()
            .map(|h| {
                last = h.unwrap_or(last);
                last
            })
            .collect();
        let unit = u16::try_from(self.unit).map_err(|e| bad(e.to_string()))?;
        let surface =
            Raster::new(self.axes, self.size, unit, how, &samples).map_err(|e| bad(e.to_string()))?;
        let mut strata = Strata::new(surface, MaterialId::ROCK);
        strata.holes = Mask::new(samples.len(), |k| self.heights[k].is_none());
        if fluid.is_some() {
            strata.dry = Mask::new(samples.len(), |k| self.dry[k]);
        }
        strata.fluid = fluid;
        Ok(strata)
    }
}
