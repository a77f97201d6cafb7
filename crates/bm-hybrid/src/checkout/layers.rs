//! Layers from outside: what a scenario's processes read besides the ground, from rasters or numbers.
//!
//! ```
//! # #[cfg(feature = "bundled")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bm_hybrid::checkout::{Layers, Seeding};
//! use bm_grid::{Bounds, DVec2, Region};
//! use bm_hybrid::World;
//! use bm_process::scenario::Scenario;
//!
//! let world = World::in_memory()?;
//! world.ingest_relief(&bm_io::bundled::bundled_etopo20()?, &Default::default(), &|_| ())?;
//! let scenario = Scenario::parse("s.toml", "years = 1\n[[process]]\nname = 'uplift'\nsource = 'raster'")?;
//! let bounds = Bounds { min: DVec2::new(2.1e7, 1.5e7), max: DVec2::new(2.11e7, 1.51e7) };
//! let region = Region::aligned(bounds, 5000.0)?;
//!
//! let layers = Layers::of(&scenario, world.view().materials());
//! assert_eq!((layers.all()[0].name, layers.all()[0].unit), ("uplift", "m/year"));
//! let uplift = layers.read("uplift", "0.002", &region)?;
//! let mut land = world.view().seed(&region, &Seeding::default(), &|_| ())?.state;
//! uplift.put(&mut land)?;
//! assert!(layers.read("rainfall", "rain.tif", &region).unwrap_err().to_string().contains("uplift"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "bundled"))]
//! # fn main() {}
//! ```

use crate::error::WorldError;
use bm_core::{MaterialId, MaterialRegistry};
use bm_grid::Region;
use bm_io::relief::{Raster, ReliefOptions, read_raster};
use bm_process::field::Field;
use bm_process::process::YEAR;
use bm_process::scenario::Scenario;
use bm_process::state::{Layer, State};
use std::path::Path;
use std::sync::Arc;

/// What is known of a layer by its name alone.
struct Known {
    name: &'static str,
    unit: &'static str,
    /// Written by its process in each step, whatever was there.
    computed: bool,
}

const fn known(name: &'static str, unit: &'static str) -> Known {
    Known { name, unit, computed: false }
}

const KNOWN: [Known; 16] = [
    known("elevation", "m"),
    known("uplift", "m/year"),
    known("plateVelocityX", "m/year"),
    known("plateVelocityY", "m/year"),
    known("temperature", "°C"),
    known("waterDepth", "m"),
    known("momentumX", "m²/s"),
    known("momentumY", "m²/s"),
    known("sediment", "m"),
    known("weatheringDamage", "share"),
    known("isostasySettled", "m"),
    known("waterFlowX", "m²/s"),
    known("waterFlowY", "m²/s"),
    known("waterVelocityX", "m/s"),
    known("waterVelocityY", "m/s"),
    Known { name: "drainageArea", unit: "m²", computed: true },
];

/// The unit of a layer; nothing when it is not known.
#[must_use]
pub fn unit(name: &str) -> &'static str {
    // Thicknesses of strata.
    let strata = if name.starts_with("stratum.") { "m" } else { "" };
    KNOWN.iter().find(|known| known.name == name).map_or(strata, |known| known.unit)
}

/// A layer that processes of a scenario read.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its name.
    pub name: &'static str,
    /// Its unit; empty when it is not known.
    pub unit: &'static str,
    /// What it holds if it is not given.
    pub default: f64,
    /// The processes, as scenarios name them.
    pub by: Vec<&'static str>,
    single: bool,
    computed: bool,
}

/// The layers that processes of a scenario read.
#[derive(Debug)]
pub struct Layers {
    all: Vec<Wanted>,
    /// Why a process could not be asked.
    failed: Option<String>,
}

/// A layer that was read, cell by cell.
#[derive(Clone, Debug)]
pub struct Given {
    wanted: Wanted,
    from: String,
    values: Vec<f64>,
}

fn bad(name: &str, detail: impl std::fmt::Display) -> WorldError {
    WorldError::Data { what: "layer", detail: format!("{name}: {detail}") }
}

impl Layers {
    /// Those of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario, materials: &MaterialRegistry) -> Self {
        // Which layers a process reads does not depend on the land.
        let mut board = State::new(Field::square(4, 4, 1000.0, |_, _| 0.0), MaterialId::GRANITE);
        board.materials = Arc::new(materials.clone());
        let (mut all, mut failed): (Vec<Wanted>, _) = (Vec::new(), None);
        for entry in &scenario.processes {
            let process = match entry.recipe().build(&board) {
                Ok(process) => process,
                Err(e) => {
                    failed = Some(e.to_string());
                    continue;
                }
            };
            for need in process.layers() {
                let name = need.layer;
                let Some(wanted) = all.iter_mut().find(|wanted| wanted.name == name) else {
                    let computed = KNOWN.iter().any(|known| known.name == name && known.computed);
                    let by = vec![entry.name()];
                    let (default, single) = (need.default, need.single);
                    all.push(Wanted { name, unit: unit(name), default, by, single, computed });
                    continue;
                };
                wanted.single &= need.single;
                if !wanted.by.contains(&entry.name()) {
                    wanted.by.push(entry.name());
                }
            }
        }
        Self { all, failed }
    }

    /// All that can be given.
    #[must_use]
    pub fn all(&self) -> Vec<&Wanted> {
        self.all.iter().filter(|wanted| !wanted.computed).collect()
    }

    fn find(&self, name: &str) -> Result<&Wanted, WorldError> {
        let wanted = self.all.iter().find(|wanted| wanted.name == name);
        if let Some(wanted) = wanted.filter(|wanted| !wanted.computed) {
            return Ok(wanted);
        }
        if let Some(failed) = &self.failed {
            return Err(bad(name, failed));
        }
        let there = self.all();
        let list = there.iter().map(|w| {
            let unit = if w.unit.is_empty() { String::new() } else { format!(" ({})", w.unit) };
            format!("{}{unit} by {}", w.name, w.by.join(" and "))
        });
        let list = match there.is_empty() {
            true => "its processes read none (uplift does with source = \"raster\" or \"plates\")".to_owned(),
            false => format!("its processes read: {}", list.collect::<Vec<_>>().join(", ")),
        };
        Err(match wanted {
            Some(w) => {
                bad(name, format!("{} computes it, so it cannot be given; {list}", w.by.join(" and ")))
            }
            None => bad(name, format!("no process of the scenario reads it; {list}")),
        })
    }

    /// Reads a layer for the cells of a region. `from` is a number, the same everywhere, or a file that
    /// [`read_raster`] reads (with `#VARIABLE` behind it if it has several). Rasters that say where they lie are taken bilinearly at
    /// the cells' middles, and converted when their unit is another one that is known; plain arrays have the region's cells, from the
    /// south.
    ///
    /// # Errors
    /// [`WorldError::Data`] when no process reads a layer of this name, for numbers that are none, and for arrays of another shape;
    /// [`WorldError::Io`] when the file cannot be read.
    pub fn read(&self, name: &str, from: &str, region: &Region) -> Result<Given, WorldError> {
        let wanted = self.find(name)?.clone();
        let cells = region.cells() as usize;
        let from_name = from.to_owned();
        if let Ok(number) = from.parse::<f64>() {
            if !number.is_finite() {
                return Err(bad(name, format!("{from} is no number a cell could hold")));
            }
            return Ok(Given { wanted, from: from_name, values: vec![number; cells] });
        }
        let raster = open(name, from)?;
        let unit = raster.source.units.as_str();
        let Some([scale, offset]) = conversion(unit, wanted.unit) else {
            let problem = format!(
                "{from}: its unit is `{unit}`, which cannot be made {}; convert it, or leave the unit out",
                wanted.unit
            );
            return Err(bad(name, problem));
        };
        let mut values = if raster.georef.is_some() {
            spread(&raster, region)
        } else {
            let (rows, columns) = (region.height() as usize, region.width() as usize);
            if (raster.height, raster.width) != (rows, columns) {
                return Err(bad(
                    name,
                    format!(
                        "{from}: the array has {} rows of {} columns, the region {rows} rows of {columns}; an array has a number \
                         for each cell, its first row southernmost (a GeoTIFF or NetCDF file says itself where it lies)",
                        raster.height, raster.width
                    ),
                ));
            }
            raster.values
        };
        if [scale, offset] != [1.0, 0.0] {
            values.iter_mut().for_each(|value| *value = *value * scale + offset);
        }
        Ok(Given { wanted, from: from_name, values })
    }
}

impl Given {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.wanted.name
    }

    /// Lays it on a land of the region it was read for.
    ///
    /// # Errors
    /// [`WorldError::Data`] where there is land and the layer has no number.
    pub fn put(self, land: &mut State) -> Result<(), WorldError> {
        let Self { wanted, from, values } = self;
        let name = wanted.name;
        let kept = |value: f64| if wanted.single { f64::from(value as f32) } else { value };
        // Where NaN is what a layer holds to begin with, it means something.
        let hole = |(cell, value): (usize, &f64)| {
            !kept(*value).is_finite() && !land.ground.values.get(cell).is_some_and(|z| z.is_nan())
        };
        let holes = values.iter().enumerate().filter(|&cell| hole(cell)).count();
        if holes > 0 && !wanted.default.is_nan() {
            let first = values.iter().enumerate().position(hole).unwrap_or(0);
            let width = land.ground.width.max(1);
            let (column, row) = (first % width, first / width);
            let place = land.region.and_then(|r| r.cell_center(column as u32, row as u32));
            let place = place.map_or_else(String::new, |p| {
                let [lon, lat] = lon_lat(p.x, p.y);
                format!(", at {lon:.4}° east and {lat:.4}° north")
            });
            let problem = format!(
                "{from}: no number for {holes} of the {} cells; the first is in column {column} from the west and row {row} from \
                 the south{place}: fill the holes, or give a raster that covers the whole region",
                values.len()
            );
            return Err(bad(name, problem));
        }
        let layer = match wanted.single {
            true => Layer::F32(values.iter().map(|&value| value as f32).collect()),
            false => Layer::F64(values),
        };
        if land.set_layer(name, layer) { Ok(()) } else { Err(bad(name, "it was read for another region")) }
    }
}

/// Reads a file: the variable named, else the one called like the layer, else the only one there is.
fn open(layer: &str, from: &str) -> Result<Raster, WorldError> {
    let options = ReliefOptions::default();
    if !Path::new(from).exists()
        && let Some((path, variable)) = from.rsplit_once('#')
    {
        return Ok(read_raster(path, &options.with_variable(variable))?);
    }
    match read_raster(from, &options.clone().with_variable(layer)) {
        Err(bm_io::IoError::Unsuitable { .. }) => Ok(read_raster(from, &options)?),
        other => Ok(other?),
    }
}

fn lon_lat(x: f64, y: f64) -> [f64; 2] {
    let per = f64::from(bm_core::frame::WORLD_X / bm_core::frame::TICKS_PER_METRE) / 360.0;
    [x / per - 180.0, y / per - 90.0]
}

fn spread(raster: &Raster, region: &Region) -> Vec<f64> {
    let mut values = Vec::with_capacity(region.cells() as usize);
    for row in 0..region.height() {
        for column in 0..region.width() {
            let [lon, lat] = lon_lat(region.center_x(column), region.center_y(row));
            values.push(raster.at(lon, lat).unwrap_or(f64::NAN));
        }
    }
    values
}

/// What makes numbers of one unit those of another: a factor and a summand.
fn conversion(from: &str, to: &str) -> Option<[f64; 2]> {
    let from: String = from.trim().to_lowercase().replace("**", "").replace('^', "");
    if from.is_empty() || to.is_empty() || from == to {
        return Some([1.0, 0.0]);
    }
    let length = |name: &str| match name {
        "m" | "meter" | "meters" | "metre" | "metres" => Some(1.0),
        "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => Some(1e-3),
        "cm" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => Some(1e-2),
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => Some(1e3),
        _ => None,
    };
    // Seconds.
    let time = |name: &str| match name {
        "s" | "sec" | "second" => Some(1.0),
        "year" | "yr" | "y" | "a" => Some(YEAR),
        "kyr" | "ka" => Some(1e3 * YEAR),
        "myr" | "ma" => Some(1e6 * YEAR),
        _ => None,
    };
    let speed = |text: &str| {
        let (way, per) = text.split_once('/').or_else(|| text.strip_suffix("-1")?.split_once([' ', '.']))?;
        Some(length(way.trim())? / time(per.trim())?)
    };
    let scale = match to {
        "m" => length(&from)?,
        "m/year" | "m/s" => speed(&from)? / speed(to)?,
        "°C" => {
            return match from.as_str() {
                "k" | "kelvin" | "kelvins" => Some([1.0, -273.15]),
                "c" | "°c" | "degc" | "deg_c" | "celsius" | "degree_celsius" | "degrees_celsius" => {
                    Some([1.0, 0.0])
                }
                _ => None,
            };
        }
        "share" => match from.as_str() {
            "1" => 1.0,
            "%" | "percent" => 0.01,
            _ => return None,
        },
        _ => return None,
    };
    Some([scale, 0.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted_or_refused() {
        assert_eq!(conversion("", "m/year"), Some([1.0, 0.0]));
        for (from, scale) in
            [("m/yr", 1.0), ("mm/yr", 1e-3), ("mm yr-1", 1e-3), ("cm a**-1", 1e-2), ("m s-1", YEAR)]
        {
            let [factor, summand] = conversion(from, "m/year").unwrap();
            assert!((factor / scale - 1.0).abs() < 1e-12 && summand == 0.0, "{from}: {factor}");
        }
        assert!((conversion("km/Myr", "m/year").unwrap()[0] / 1e-3 - 1.0).abs() < 1e-12);
        assert_eq!(conversion("K", "°C"), Some([1.0, -273.15]));
        assert_eq!(conversion("degC", "°C"), Some([1.0, 0.0]));
        assert_eq!(conversion("mm", "m"), Some([1e-3, 0.0]));
        for (from, to) in [("m", "m/year"), ("mm/yr", "m"), ("fathoms", "m"), ("F", "°C"), ("m", "m²/s")] {
            assert_eq!(conversion(from, to), None, "{from} {to}");
        }
    }
}
