//! Erosion by water, the two documented ways.

use super::{LegacyError, Limit, Shape, not_negative, within};
use crate::ledger::Ledger;
use crate::workers;

/// Erosion in proportion to flow and to the drop to the lowest of eight neighbours, in metres whatever the distance:
/// 0.001 · drop · flow · dt goes from `elevation` (m) into `sediment` (m), and stays there.
///
/// The ledger counts both together, m³.
///
/// # Errors
/// [`LegacyError`]; [`Limit::Drop`] beyond a step of 1000 / flow seconds.
pub fn simple_erosion(
    shape: Shape,
    elevation: &mut [f32],
    flow: &[[f32; 2]],
    sediment: &mut [f32],
    dt: f64,
) -> Result<Ledger, LegacyError> {
    shape.layer("elevation", elevation)?;
    shape.layer("sediment", sediment)?;
    shape.size("flow", flow.len())?;
    let speed = |cell: usize| flow[cell][0].hypot(flow[cell][1]);
    let mut fastest = 0.0_f32;
    for cell in 0..flow.len() {
        if !speed(cell).is_finite() {
            return Err(LegacyError::Value { what: "flow", cell, value: f64::from(speed(cell)) });
        }
        fastest = fastest.max(speed(cell));
    }
    let most = if fastest > 0.0 { 1000.0 / f64::from(fastest) } else { f64::INFINITY };
    within(dt, &[(most, Limit::Drop)])?;

    let before = shape.volume(elevation) + shape.volume(sediment);
    let then = elevation.to_vec();
    let (width, height) = (shape.width, shape.height);
    let mut eroded = vec![0.0_f64; height];
    let tasks = (elevation.chunks_mut(width).zip(sediment.chunks_mut(width))).zip(&mut eroded).enumerate();
    workers::queue(0, tasks.collect(), |(row, ((elevation, sediment), eroded))| {
        for column in 0..width {
            let cell = row * width + column;
            let mut lowest = f32::INFINITY;
            for other in row.saturating_sub(1)..(row + 2).min(height) {
                for at in column.saturating_sub(1)..(column + 2).min(width) {
                    if (other, at) != (row, column) {
                        lowest = lowest.min(then[other * width + at]);
                    }
                }
            }
            let drop = (then[cell] - lowest).max(0.0);
            let removed = 0.001 * drop * speed(cell) * dt as f32;
            elevation[column] -= removed;
            sediment[column] += removed;
            *eroded += f64::from(removed);
        }
    });
    let after = shape.volume(elevation) + shape.volume(sediment);
    Ok(shape.ledger(before, after, eroded.iter().sum::<f64>() * shape.cell * shape.cell))
}

/// What water and ground are in hydraulic erosion.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Height of the ground, m.
    pub elevation: Vec<f32>,
    /// Depth of the water, m.
    pub depth: Vec<f32>,
    /// Its speed, m/s eastward and northward.
    pub velocity: Vec<[f32; 2]>,
    /// What it carries, m.
    pub sediment: Vec<f32>,
}

/// Parameters of hydraulic erosion.
#[derive(Clone, Debug, PartialEq)]
pub struct Hydraulic {
    /// Metres eroded a second at 1 m/s and resistance 1: 0.01.
    pub coefficient: f32,
    /// Metres a cell may lose in a step: 0.5.
    pub most: f32,
    /// Resistance of each cell, above 0; 1 if absent.
    pub resistance: Option<Vec<f32>>,
}

impl Default for Hydraulic {
    fn default() -> Self {
        Self { coefficient: 0.01, most: 0.5, resistance: None }
    }
}

/// What a step of hydraulic erosion did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FlowReport {
    /// Water, m³. The scheme loses and makes some, which stands under lost and gained.
    pub water: Ledger,
    /// Ground and sediment, m³.
    pub solid: Ledger,
}

impl Flow {
    /// The longest step in seconds, and what limits it.
    #[must_use]
    pub fn limit(&self, shape: Shape) -> (f64, Limit) {
        let depth = self.depth.iter().copied().fold(0.0, f32::max);
        let speed = self.velocity.iter().map(|v| v[0].hypot(v[1])).fold(0.0, f32::max);
        let fastest = f64::from(speed) + (9.81 * f64::from(depth)).sqrt();
        let courant = if fastest > 0.0 { 0.7 * shape.cell / fastest } else { f64::INFINITY };
        if courant < 2.0 { (courant, Limit::Courant) } else { (2.0, Limit::Deposition) }
    }
}

/// One step of hydraulic erosion: speed from the slope of the surface, depth from what flows apart, erosion with the
/// square of speed, sediment to the one cell ahead. Outermost cells keep speed, depth and what reaches them.
///
/// # Errors
/// [`LegacyError`]; [`Limit::Courant`], [`Limit::Friction`] and [`Limit::Deposition`], whichever comes first.
pub fn hydraulic(
    shape: Shape,
    flow: &mut Flow,
    parameters: &Hydraulic,
    dt: f64,
) -> Result<FlowReport, LegacyError> {
    shape.layer("elevation", &flow.elevation)?;
    shape.amount("depth", &flow.depth)?;
    shape.amount("sediment", &flow.sediment)?;
    shape.size("velocity", flow.velocity.len())?;
    if let Some(cell) = flow.velocity.iter().position(|v| !(v[0].is_finite() && v[1].is_finite())) {
        return Err(LegacyError::Value { what: "velocity", cell, value: f64::NAN });
    }
    not_negative("coefficient", f64::from(parameters.coefficient))?;
    not_negative("most", f64::from(parameters.most))?;
    if let Some(resistance) = &parameters.resistance {
        shape.amount("resistance", resistance)?;
        if let Some(cell) = resistance.iter().position(|r| *r == 0.0) {
            return Err(LegacyError::Value { what: "resistance", cell, value: 0.0 });
        }
    }
    within(dt, &[flow.limit(shape), (10.0, Limit::Friction), (2.0, Limit::Deposition)])?;

    let (width, height) = (shape.width, shape.height);
    let (dt, dx) = (dt as f32, shape.cell as f32);
    let inner = |cell: usize| {
        let (column, row) = (cell % width, cell / width);
        column > 0 && column + 1 < width && row > 0 && row + 1 < height
    };
    let solid = |flow: &Flow| shape.volume(&flow.elevation) + shape.volume(&flow.sediment);
    let (water_before, solid_before) = (shape.volume(&flow.depth), solid(flow));

    // 1. Speed.
    let level: Vec<f32> = flow.elevation.iter().zip(&flow.depth).map(|(z, h)| z + h).collect();
    for (cell, velocity) in flow.velocity.iter_mut().enumerate().filter(|(cell, _)| inner(*cell)) {
        velocity[0] -= 9.81 * (level[cell + 1] - level[cell - 1]) / (2.0 * dx) * dt;
        velocity[1] -= 9.81 * (level[cell + width] - level[cell - width]) / (2.0 * dx) * dt;
        velocity.iter_mut().for_each(|v| *v *= 1.0 - 0.1 * dt);
    }
    // 2. Depth. Speeds are the new ones; each cell's depth depends on its own alone.
    for (cell, depth) in flow.depth.iter_mut().enumerate().filter(|(cell, _)| inner(*cell)) {
        let u = (flow.velocity[cell + 1][0] - flow.velocity[cell - 1][0]) / (2.0 * dx);
        let v = (flow.velocity[cell + width][1] - flow.velocity[cell - width][1]) / (2.0 * dx);
        *depth = (*depth - *depth * (u + v) * dt).max(0.0);
    }
    // 3. Erosion.
    let mut moved = 0.0;
    for cell in 0..shape.cells() {
        let [u, v] = flow.velocity[cell];
        let resistance = parameters.resistance.as_ref().map_or(1.0, |resistance| resistance[cell]);
        let eroded = parameters.most.min(parameters.coefficient * (u * u + v * v) / resistance * dt);
        flow.elevation[cell] -= eroded;
        flow.sediment[cell] += eroded;
        moved += f64::from(eroded);
    }
    // 4. Sediment: what a cell gives, it gives to one of eight; they are added up in the order of cells.
    let carried = flow.sediment.clone();
    for cell in (0..shape.cells()).filter(|cell| inner(*cell)) {
        let [u, v] = flow.velocity[cell];
        let speed = u.hypot(v);
        let mut there = carried[cell];
        if speed < 0.1 {
            let deposited = there * 0.5 * dt;
            flow.elevation[cell] += deposited;
            flow.sediment[cell] -= deposited;
            there -= deposited;
            moved += f64::from(deposited);
        }
        if speed > 0.01 {
            let leaves = there.min(there * speed * dt / dx);
            let ahead = |part: f32| (part / speed).round() as isize;
            let other = cell as isize + ahead(u) + ahead(v) * width as isize;
            flow.sediment[cell] -= leaves;
            flow.sediment[other as usize] += leaves;
        }
    }
    Ok(FlowReport {
        water: shape.ledger(water_before, shape.volume(&flow.depth), 0.0),
        solid: shape.ledger(solid_before, solid(flow), moved * shape.cell * shape.cell),
    })
}
