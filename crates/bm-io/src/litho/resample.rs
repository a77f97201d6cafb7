//! The model on an even grid.

use super::mesh::unit;
use super::{Interpolation, Litho, LithoLayer};
use crate::error::IoError;
use crate::georef::GridGeoref;

/// Layers of the model on an even grid, row 0 southernmost, columns west to east.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LithoGrid {
    /// Positions of the samples.
    pub georef: GridGeoref,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The layers asked for, in the order asked for.
    pub layers: Vec<LithoRaster>,
}

/// One layer on the grid, whole metres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LithoRaster {
    /// Which layer.
    pub layer: LithoLayer,
    /// Top above sea level, row by row.
    pub top_m: Vec<i32>,
    /// Top less the top of the next layer down, both rounded, so that tops and thicknesses add
    /// up; empty for the asthenosphere.
    pub thickness_m: Vec<i32>,
}

impl Litho {
    /// The given layers on a grid of `width` by `height` samples, for instance one from
    /// [`GridGeoref::global_points`] or that of a relief to lay them under.
    ///
    /// # Errors
    /// [`IoError::Argument`] if the grid leaves the globe or has more than 2^30 samples.
    pub fn resample(
        &self,
        georef: &GridGeoref,
        width: usize,
        height: usize,
        layers: &[LithoLayer],
        how: Interpolation,
    ) -> Result<LithoGrid, IoError> {
        let bad =
            |p: String| IoError::argument("grid", p, "give a grid within the poles, below 2^30 samples");
        let n = width.checked_mul(height).filter(|n| (1..=1 << 30).contains(n));
        let n = n.ok_or_else(|| bad(format!("{width} by {height} samples")))?;
        let north = georef.y.degrees(height as i64 - 1);
        if georef.y.degrees(0) < -90.0 || north > 90.0 {
            return Err(bad(format!("latitudes {} to {north}", georef.y.degrees(0))));
        }
        let mut out: Vec<LithoRaster> = layers
            .iter()
            .map(|&layer| LithoRaster {
                layer,
                top_m: Vec::with_capacity(n),
                thickness_m: Vec::with_capacity(n),
            })
            .collect();
        let mut hint = None;
        for row in 0..height {
            let lat = georef.y.degrees(row as i64);
            for column in 0..width {
                let p = unit(georef.x.degrees(column as i64), lat);
                let at = self.mesh.locate_near(&p, hint);
                hint = Some(at);
                // Rounding is monotone, so the layers stay in order.
                let tops = self.column(&at, how).tops_m.map(|t| t.round() as i32);
                for raster in &mut out {
                    let k = raster.layer as usize;
                    raster.top_m.push(tops[k]);
                    if let Some(below) = tops.get(k + 1) {
                        raster.thickness_m.push(tops[k] - below);
                    }
                }
            }
        }
        Ok(LithoGrid { georef: *georef, width, height, layers: out })
    }
}
