//! Heat, weathering, faults and waves, as documented.

use super::{LegacyError, Limit, Shape, not_negative, positive, within};
use crate::ledger::Ledger;
use crate::sums::Sum;

/// Diffusion of heat with each cell's own diffusivity (m²/s): T += α·(T_N + T_S + T_E + T_W − 4T)/dx²·dt inside;
/// outermost cells keep their temperature. Where α varies this makes and loses heat; the ledger counts K·m².
///
/// # Errors
/// [`LegacyError`]; [`Limit::Diffusion`] beyond dx²/4α.
pub fn thermal(
    shape: Shape,
    temperature: &mut [f32],
    diffusivity: &[f32],
    dt: f64,
) -> Result<Ledger, LegacyError> {
    shape.layer("temperature", temperature)?;
    shape.amount("diffusivity", diffusivity)?;
    let fastest = f64::from(diffusivity.iter().copied().fold(0.0, f32::max));
    let most = if fastest > 0.0 { 0.25 * shape.cell * shape.cell / fastest } else { f64::INFINITY };
    within(dt, &[(most, Limit::Diffusion)])?;

    let before = shape.volume(temperature);
    let then = temperature.to_vec();
    let (width, factor) = (shape.width, (dt / (shape.cell * shape.cell)) as f32);
    for row in 1..shape.height.saturating_sub(1) {
        for column in 1..width.saturating_sub(1) {
            let cell = row * width + column;
            let around = then[cell + width] + then[cell - width] + then[cell + 1] + then[cell - 1];
            temperature[cell] = then[cell] + diffusivity[cell] * (around - 4.0 * then[cell]) * factor;
        }
    }
    Ok(shape.ledger(before, shape.volume(temperature), 0.0))
}

/// The five materials that the documented formulas number. They are no ids of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rock {
    /// 1.
    Soil,
    /// 2.
    Clay,
    /// 3.
    Sandstone,
    /// 4.
    Limestone,
    /// 5.
    Granite,
}

impl Rock {
    /// Resistance to water.
    #[must_use]
    pub const fn hydraulic(self) -> f32 {
        match self {
            Self::Soil => 1.0,
            Self::Clay => 2.0,
            Self::Sandstone => 5.0,
            Self::Limestone => 10.0,
            Self::Granite => 50.0,
        }
    }

    /// Resistance to waves.
    #[must_use]
    pub const fn coastal(self) -> f32 {
        match self {
            Self::Soil => 0.5,
            Self::Clay => 1.0,
            Self::Sandstone => 3.0,
            Self::Limestone => 5.0,
            Self::Granite => 20.0,
        }
    }

    /// Susceptibility to frost.
    #[must_use]
    pub const fn frost(self) -> f32 {
        match self {
            Self::Soil | Self::Clay => 0.1,
            Self::Sandstone => 0.5,
            Self::Limestone => 0.3,
            Self::Granite => 0.05,
        }
    }

    /// What it weathers to: the material numbered one less.
    #[must_use]
    pub const fn weathered(self) -> Self {
        match self {
            Self::Soil | Self::Clay => Self::Soil,
            Self::Sandstone => Self::Clay,
            Self::Limestone => Self::Sandstone,
            Self::Granite => Self::Limestone,
        }
    }
}

/// Frost by hours between −5 and 5 °C: damage += susceptibility·hours·0.001; beyond 1 the material becomes the next
/// and damage 0. How many did.
///
/// # Errors
/// [`LegacyError`]; [`Limit::Damage`] where a cell could turn more than once.
pub fn freeze_thaw(
    shape: Shape,
    temperature: &[f32],
    material: &mut [Rock],
    damage: &mut [f32],
    dt: f64,
) -> Result<usize, LegacyError> {
    shape.layer("temperature", temperature)?;
    shape.amount("damage", damage)?;
    shape.size("material", material.len())?;
    let softest = material.iter().map(|rock| rock.frost()).fold(0.0, f32::max);
    within(dt, &[(3600.0 * 1000.0 / f64::from(softest), Limit::Damage)])?;
    let hours = (dt / 3600.0) as f32;
    let mut turned = 0;
    for ((temperature, material), damage) in temperature.iter().zip(material).zip(damage) {
        if *temperature > -5.0 && *temperature < 5.0 {
            *damage += material.frost() * hours * 0.001;
            if *damage > 1.0 {
                *material = material.weathered();
                *damage = 0.0;
                turned += 1;
            }
        }
    }
    Ok(turned)
}

/// A fault's throw, all of it at once: `displacement`·(1 − d/`reach`) up on the left, where `distance` (m) is positive,
/// and as much down on the right. The ledger is of m³ above zero; moved is the sum of both.
///
/// # Errors
/// [`LegacyError`] for sizes and numbers that make no sense.
pub fn fault(
    shape: Shape,
    elevation: &mut [f32],
    distance: &[f32],
    displacement: f32,
    reach: f32,
) -> Result<Ledger, LegacyError> {
    shape.layer("elevation", elevation)?;
    shape.layer("distance", distance)?;
    positive("reach", f64::from(reach))?;
    not_negative("displacement", f64::from(displacement.abs()))?;
    let before = shape.volume(elevation);
    let mut moved = Sum::default();
    for (elevation, distance) in elevation.iter_mut().zip(distance) {
        if distance.abs() < reach {
            let throw = displacement * (1.0 - distance.abs() / reach);
            *elevation += if *distance > 0.0 { throw } else { -throw };
            moved.add(f64::from(throw.abs()));
        }
    }
    let moved = moved.value() * shape.cell * shape.cell;
    Ok(shape.ledger(before, shape.volume(elevation), moved))
}

/// Parameters of wave erosion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waves {
    /// Height of the waves, m: 2.
    pub height: f32,
    /// Their power: 1.
    pub power: f32,
    /// How far from the coastline they work, m: 100.
    pub reach: f32,
}

impl Default for Waves {
    fn default() -> Self {
        Self { height: 2.0, power: 1.0, reach: 100.0 }
    }
}

/// Waves wear the ground on both sides of a coastline, by `distance` from it (m): height·power·e^(−3·d/reach) over
/// resistance, hours and 0.1, where that is more than a millimetre. The ground is gone: in the ledger it is lost.
///
/// # Errors
/// [`LegacyError`] for sizes and numbers that make no sense. No step is too long.
pub fn wave_erosion(
    shape: Shape,
    elevation: &mut [f32],
    distance: &[f32],
    material: &[Rock],
    waves: Waves,
    dt: f64,
) -> Result<Ledger, LegacyError> {
    shape.layer("elevation", elevation)?;
    shape.layer("distance", distance)?;
    shape.size("material", material.len())?;
    positive("reach", f64::from(waves.reach))?;
    not_negative("wave height", f64::from(waves.height))?;
    not_negative("wave power", f64::from(waves.power))?;
    within(dt, &[])?;
    let hours = (dt / 3600.0) as f32;
    let before = shape.volume(elevation);
    for ((elevation, distance), material) in elevation.iter_mut().zip(distance).zip(material) {
        let distance = distance.abs();
        if distance < waves.reach {
            let energy = waves.height * waves.power * (-3.0 * distance / waves.reach).exp();
            let eroded = energy / material.coastal() * hours * 0.1;
            if eroded > 0.001 {
                *elevation -= eroded;
            }
        }
    }
    let after = shape.volume(elevation);
    Ok(shape.ledger(before, after, (before - after).max(0.0)))
}
