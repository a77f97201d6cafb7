//! Isostasy: the ground sinks under what is laid on it and rises where it is taken away.
//!
//! Column by column (Airy), or through a thin elastic plate that spreads the load (D ∇⁴w + Δρ g w = q; Turcotte &
//! Schubert, ch. 3). The plate goes on beyond the raster without load, or is mirrored or continued at its sides.
//! Rows are taken to be as wide as the middle one: a plate bends over hundreds of kilometres of little change. Where cells are
//! much finer than the plate's reach, it is bent on coarser ones (within 10⁻³ of the deepest deflection).
//!
//! ```
//! use bm_process::field::Field;
//! use bm_process::flexure::{Beyond, Isostasy, Plate};
//!
//! let mut ground = Field { width: 64, height: 64, dx: vec![5e3; 64].into(), dy: 5e3, values: vec![0.0; 64 * 64] };
//! let mut isostasy = Isostasy::plate(&ground, Plate::of_thickness(20e3), Beyond::Unloaded)?;
//! ground.values[32 * 64 + 32] += 1000.0; // m of rock on one cell
//! let ledger = isostasy.compensate(&mut ground)?;
//! assert!(ground.values[32 * 64 + 32] < 1000.0 && ground.values[32 * 64 + 35] < 0.0);
//! assert!(ledger.error() < 1e-12);
//! # Ok::<(), bm_process::flexure::FlexureError>(())
//! ```

mod coarse;
mod spectral;
#[cfg(test)]
mod tests;

use rustfft::num_complex::Complex;

use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::Kernel;
use crate::sums::{self, Sum};
use coarse::Side;

/// Why the ground was not bent.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FlexureError {
    /// Something does not have as many numbers as the raster needs.
    #[error("{what}: {found} numbers where {expected} are needed")]
    Size {
        /// What it is.
        what: &'static str,
        /// Numbers needed.
        expected: usize,
        /// Numbers there.
        found: usize,
    },
    /// A number is not possible for what it stands for.
    #[error("{what} at {at} is {value}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Row · width + column, or 0.
        at: usize,
        /// The number.
        value: f64,
    },
    /// The plate reaches so far beyond the raster that it needs more than 2³¹ cells.
    #[error("a plate with a reach of {reach} m on cells of {cell} m needs too large a raster")]
    Reach {
        /// Its flexural parameter, m.
        reach: f64,
        /// Size of a cell, m.
        cell: f64,
    },
    /// The step is negative or not finite.
    #[error("a step of {0} s")]
    Step(f64),
}

/// A thin elastic plate on a fluid mantle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plate {
    /// Flexural rigidity D, N·m; 0 is Airy's isostasy.
    pub rigidity: f64,
    /// Density of what is laid on and taken away, kg/m³.
    pub load: f64,
    /// Density of the mantle that gives way, kg/m³.
    pub mantle: f64,
    /// Density of what fills the hollow, kg/m³: 0 for air, 1025 for the sea.
    pub fill: f64,
    /// m/s².
    pub gravity: f64,
}

impl Plate {
    /// A plate with an elastic thickness in metres: Young's modulus 70 GPa, Poisson's ratio 0.25, rock of 2700 kg/m³
    /// on a mantle of 3300 kg/m³, under air.
    #[must_use]
    pub fn of_thickness(metres: f64) -> Self {
        let rigidity = 70e9 * metres.powi(3) / (12.0 * (1.0 - 0.25 * 0.25));
        Self { rigidity, load: 2700.0, mantle: 3300.0, fill: 0.0, gravity: 9.81 }
    }

    /// The flexural parameter (D / Δρg)^¼ in metres: how far a point load is felt.
    #[must_use]
    pub fn reach(&self) -> f64 {
        (self.rigidity / ((self.mantle - self.fill) * self.gravity)).powf(0.25)
    }

    fn check(&self) -> Result<(), FlexureError> {
        let values = [
            ("rigidity", self.rigidity, self.rigidity >= 0.0),
            ("density of the load", self.load, self.load > 0.0),
            ("density of the fill", self.fill, self.fill >= 0.0),
            ("density of the mantle", self.mantle, self.mantle > self.fill),
            ("gravity", self.gravity, self.gravity > 0.0),
        ];
        match values.into_iter().find(|(_, value, fine)| !(value.is_finite() && *fine)) {
            Some((what, value, _)) => Err(FlexureError::Value { what, at: 0, value }),
            None => Ok(()),
        }
    }
}

/// What the plate is beyond the raster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beyond {
    /// It goes on, and nothing lies on it.
    #[default]
    Unloaded,
    /// What lies inside lies outside as well, mirrored.
    Mirrored,
    /// Opposite sides are the same.
    Periodic,
}

/// How far the plate goes on without load, in flexural parameters; from there a point load is felt with less than 10⁻⁵.
const MARGIN: f64 = 16.0;

/// Downward deflection in metres under a load in Pa on each cell of a raster like `like`.
///
/// # Errors
/// [`FlexureError`] when sizes, densities or loads make no sense.
pub fn deflection(
    like: &Field,
    plate: &Plate,
    beyond: Beyond,
    load: &[f64],
    threads: usize,
) -> Result<Vec<f64>, FlexureError> {
    plate.check()?;
    let (width, height) = (like.width, like.height);
    check(like, "load", load)?;
    let stiffness = (plate.mantle - plate.fill) * plate.gravity;
    if plate.rigidity == 0.0 {
        return Ok(load.iter().map(|load| load / stiffness).collect());
    }
    let (dx, dy) = (like.dx[height / 2], like.dy);
    let reach = plate.reach();
    let (across, up) = (Side::new(width, dx, reach, beyond), Side::new(height, dy, reach, beyond));
    if across.is_none() && up.is_none() {
        return solve(load, (width, height), (dx, dy), plate, beyond, threads);
    }
    let sides =
        [across.unwrap_or_else(|| Side::own(width, beyond)), up.unwrap_or_else(|| Side::own(height, beyond))];
    let [x, y] = sides;
    let coarse = coarse::gather(load, sides);
    let cell = (dx * x.ratio(), dy * y.ratio());
    let down = solve(&coarse, (x.count(), y.count()), cell, plate, beyond, threads)?;
    Ok(coarse::spread(&down, sides, threads))
}

/// The deflection on a raster's own cells.
fn solve(
    load: &[f64],
    (width, height): (usize, usize),
    (dx, dy): (f64, f64),
    plate: &Plate,
    beyond: Beyond,
    threads: usize,
) -> Result<Vec<f64>, FlexureError> {
    let stiffness = (plate.mantle - plate.fill) * plate.gravity;
    let reach = plate.reach();
    let padded = |count: usize, cell: f64| -> Result<usize, FlexureError> {
        let size = match beyond {
            Beyond::Periodic => count as f64,
            Beyond::Mirrored => 2.0 * count as f64,
            Beyond::Unloaded => count as f64 + (MARGIN * reach / cell).ceil(),
        };
        if size > f64::from(1 << 24) {
            return Err(FlexureError::Reach { reach, cell });
        }
        // Beyond the margin a few more cells are free, and smooth sizes transform fast.
        Ok(if beyond == Beyond::Unloaded { smooth(size as usize) } else { size as usize })
    };
    let (wide, high) = (padded(width, dx)?, padded(height, dy)?);
    if wide.checked_mul(high).is_none_or(|cells| cells > 1 << 31) {
        return Err(FlexureError::Reach { reach, cell: dx.min(dy) });
    }
    let mut plane = vec![Complex::default(); wide * high];
    let mirror = |i: usize, count: usize| if i < count { Some(i) } else { (2 * count).checked_sub(i + 1) };
    let inside = |i: usize, count: usize| match beyond {
        Beyond::Mirrored => mirror(i, count),
        _ => Some(i).filter(|&i| i < count),
    };
    for (row, line) in plane.chunks_exact_mut(wide).enumerate() {
        let Some(row) = inside(row, height) else { continue };
        for (column, value) in line.iter_mut().enumerate() {
            if let Some(column) = inside(column, width) {
                value.re = load[row * width + column];
            }
        }
    }
    spectral::filter(&mut plane, (wide, high), (dx, dy), threads, |k2| {
        1.0 / (plate.rigidity * k2 * k2 + stiffness)
    });
    let rows = plane.chunks_exact(wide).take(height);
    Ok(rows.flat_map(|line| line[..width].iter().map(|value| value.re)).collect())
}

/// The next number with no prime factor above 5.
fn smooth(least: usize) -> usize {
    (least..)
        .find(|&size| {
            let mut rest = size;
            for prime in [2, 3, 5] {
                while rest % prime == 0 {
                    rest /= prime;
                }
            }
            rest == 1
        })
        .unwrap_or(least)
}

fn check(like: &Field, what: &'static str, values: &[f64]) -> Result<(), FlexureError> {
    let cells = like.width.checked_mul(like.height).unwrap_or(0);
    if cells == 0 || like.dx.len() != like.height {
        return Err(FlexureError::Size {
            what: "raster",
            expected: like.height.max(1),
            found: like.dx.len(),
        });
    }
    if values.len() != cells {
        return Err(FlexureError::Size { what, expected: cells, found: values.len() });
    }
    let metric = like.dx.iter().chain([&like.dy]);
    if let Some(value) = metric.copied().find(|size| !(size.is_finite() && *size > 0.0)) {
        return Err(FlexureError::Value { what: "width of a cell", at: 0, value });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(FlexureError::Value { what, at, value: values[at] }),
        None => Ok(()),
    }
}

/// Keeps the ground in balance: remembers what has been compensated, and compensates what was laid on or taken away
/// since.
#[derive(Clone, Debug)]
pub struct Isostasy {
    plate: Plate,
    beyond: Beyond,
    /// Height of the ground when it was last in balance.
    settled: Vec<f64>,
    threads: usize,
}

impl Isostasy {
    /// Through a plate; `ground` as it is now is in balance.
    ///
    /// # Errors
    /// [`FlexureError`] when sizes or densities make no sense, or heights are not finite.
    pub fn plate(ground: &Field, plate: Plate, beyond: Beyond) -> Result<Self, FlexureError> {
        plate.check()?;
        check(ground, "height", &ground.values)?;
        Ok(Self { plate, beyond, settled: ground.values.clone(), threads: 0 })
    }

    /// Column by column.
    ///
    /// # Errors
    /// As [`Isostasy::plate`].
    pub fn airy(ground: &Field) -> Result<Self, FlexureError> {
        Self::plate(ground, Plate { rigidity: 0.0, ..Plate::of_thickness(0.0) }, Beyond::default())
    }

    /// Uses this many threads (0: one for each processor). The result does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Lets the ground sink and rise under what has changed since the last time.
    ///
    /// In the ledger, volumes of ground above zero: raised is gained and sunk is lost.
    ///
    /// # Errors
    /// [`FlexureError`] when the ground has another size, or heights that are not finite.
    pub fn compensate(&mut self, ground: &mut Field) -> Result<Ledger, FlexureError> {
        check(ground, "height", &ground.values)?;
        if self.settled.len() != ground.values.len() {
            let (expected, found) = (self.settled.len(), ground.values.len());
            return Err(FlexureError::Size { what: "height", expected, found });
        }
        let weight = self.plate.load * self.plate.gravity;
        let load: Vec<f64> =
            ground.values.iter().zip(&self.settled).map(|(now, then)| (now - then) * weight).collect();
        let down = deflection(ground, &self.plate, self.beyond, &load, self.threads)?;
        let volume = |ground: &Field| -> f64 {
            let rows = ground.values.chunks_exact(ground.width).zip(&ground.dx);
            rows.map(|(row, dx)| sums::sum(row) * dx * ground.dy).collect::<Sum>().value()
        };
        let before = volume(ground);
        let [mut gained, mut lost] = [Sum::default(); 2];
        let width = ground.width;
        for (row, heights) in ground.values.chunks_exact_mut(width).enumerate() {
            let area = ground.dx[row] * ground.dy;
            for (height, down) in heights.iter_mut().zip(&down[row * width..]) {
                *height -= down;
                if *down > 0.0 { lost.add(down * area) } else { gained.add(-down * area) }
            }
        }
        self.settled.clone_from(&ground.values);
        let after = volume(ground);
        Ok(Ledger { before, after, gained: gained.value(), lost: lost.value(), moved: 0.0 })
    }
}

impl Kernel for Isostasy {
    type State = Field;
    type Error = FlexureError;

    fn name(&self) -> &'static str {
        "isostasy"
    }

    fn max_step(&self, _: &Field) -> f64 {
        f64::INFINITY
    }

    /// The mantle gives way within the step, however short: [`Isostasy::compensate`].
    fn step(&mut self, state: &mut Field, dt: f64) -> Result<Ledger, FlexureError> {
        if !(dt.is_finite() && dt >= 0.0) {
            return Err(FlexureError::Step(dt));
        }
        self.compensate(state)
    }
}
