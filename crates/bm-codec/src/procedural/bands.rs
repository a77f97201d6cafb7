//! Generator 2, warped bands: a stack of strata that repeats, folded by noise and tilted.

use super::noise::{Bounds, MAX_PERIOD, Noise};
use super::{Generator, GeneratorRef, MAX_ALTITUDE, ParamsError, check_material, read_i32, read_u32};
use crate::error::DecodeError;
use crate::function::{ColumnFunction, ColumnRun};
use crate::wire::{Reader, put_signed, put_varint};
use bm_core::frame::{SEA_LEVEL, WORLD_Y};
use bm_core::{MaterialId, TickBox};
use std::sync::Arc;

const WHAT: &str = "warped bands";

const MAX_BANDS: usize = 256;
const MAX_OCTAVES: u8 = 16;
/// Most ticks of a band, of the amplitude, and of the datum's distance from sea level.
const MAX_TICKS: u32 = MAX_ALTITUDE as u32;
/// Steepest dip: 45 degrees, 2^16 being one tick up for one tick north.
const MAX_DIP: i32 = 1 << 16;

/// One stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Thickness in ticks, at least 1.
    pub thickness: u32,
    /// What it is made of.
    pub material: MaterialId,
}

/// Parameters of generator 2: bands stacked from the datum up, repeated up and down without end, lifted at
/// each place by noise and by a dip.
///
/// A band's top is exact to the tick everywhere. The noise closes around the world at the date line; a dip
/// along x could not, so strata dip north or south only, and any other large-scale tilt is a matter of the
/// noise's first octave.
///
/// Parameters, version 1: varint number of bands; for each, bottom up, varint thickness and u16 material;
/// signed varint datum; varint amplitude; varint cells; u8 octaves; signed varint dip.
///
/// A column has about height ÷ thickness runs: ask for no more height than needed where bands are thin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarpedBands {
    /// From the datum up; 1 to 256.
    pub bands: Vec<Band>,
    /// Where the first band starts without noise and dip: ticks above sea level.
    pub datum: i32,
    /// Amplitude of the first octave in ticks; each further octave has half. Together below twice this.
    pub amplitude: u32,
    /// Noise cells around the world in the first octave (40 075 020 m divided by this is a fold's width);
    /// each further octave has twice as many, the last at most 2^26.
    pub cells: u32,
    /// Octaves of noise, 0 (flat) to 16.
    pub octaves: u8,
    /// Rise towards north in ticks per 65 536 ticks, about the middle of the world's y; ±65 536 is 45°.
    pub dip_north: i32,
}

impl WarpedBands {
    /// Id of the generator.
    pub const ID: u32 = 2;
    /// Version described here.
    pub const VERSION: u32 = 1;

    /// What a page stores.
    ///
    /// # Errors
    /// When a parameter is out of its documented range.
    pub fn to_ref(&self, seed: u64) -> Result<GeneratorRef, ParamsError> {
        self.check()?;
        let mut params = Vec::new();
        put_varint(&mut params, self.bands.len() as u64);
        for band in &self.bands {
            put_varint(&mut params, band.thickness.into());
            params.extend_from_slice(&band.material.0.to_le_bytes());
        }
        put_signed(&mut params, self.datum.into());
        put_varint(&mut params, self.amplitude.into());
        put_varint(&mut params, self.cells.into());
        params.push(self.octaves);
        put_signed(&mut params, self.dip_north.into());
        Ok(GeneratorRef { id: Self::ID, version: Self::VERSION, seed, params })
    }

    /// The generator, for a registry.
    #[must_use]
    pub fn generator() -> Arc<dyn Generator> {
        Arc::new(BandsV1)
    }

    fn from_params(params: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(params);
        let n = r.count(MAX_BANDS as u64, WHAT)?;
        let mut bands = Vec::with_capacity(n);
        for _ in 0..n {
            let thickness = read_u32(&mut r, WHAT)?;
            bands.push(Band { thickness, material: MaterialId(r.u16(WHAT)?) });
        }
        let out = Self {
            bands,
            datum: read_i32(&mut r, WHAT)?,
            amplitude: read_u32(&mut r, WHAT)?,
            cells: read_u32(&mut r, WHAT)?,
            octaves: r.u8(WHAT)?,
            dip_north: read_i32(&mut r, WHAT)?,
        };
        r.finish()?;
        out.check()?;
        Ok(out)
    }

    fn check(&self) -> Result<(), ParamsError> {
        let fail = |detail: String| Err(ParamsError::new(WHAT, detail));
        if self.bands.is_empty() || self.bands.len() > MAX_BANDS {
            return fail(format!("{} bands, 1 to {MAX_BANDS} are possible", self.bands.len()));
        }
        for band in &self.bands {
            check_material(band.material, WHAT)?;
            if band.thickness == 0 || band.thickness > MAX_TICKS {
                return fail(format!("thickness {} is not in 1..={MAX_TICKS}", band.thickness));
            }
        }
        if self.datum.unsigned_abs() > MAX_TICKS || self.amplitude > MAX_TICKS {
            return fail(format!("the datum or the amplitude exceeds {MAX_TICKS} ticks"));
        }
        if self.octaves > MAX_OCTAVES {
            return fail(format!("{} octaves, {MAX_OCTAVES} are the most", self.octaves));
        }
        let finest = u64::from(self.cells) << self.octaves.saturating_sub(1);
        if self.cells == 0 || finest > MAX_PERIOD {
            return fail(format!("{finest} noise cells in the last octave, 1 to {MAX_PERIOD} are possible"));
        }
        if self.dip_north.unsigned_abs() > MAX_DIP.unsigned_abs() {
            return fail(format!("a dip of {} exceeds {MAX_DIP}", self.dip_north));
        }
        Ok(())
    }
}

/// The function of checked parameters.
struct Bands {
    noise: Noise,
    /// Altitude of the datum.
    datum: i64,
    dip_north: i64,
    /// Top of each band within a cycle, ascending; the last is the cycle's height.
    tops: Vec<i64>,
    materials: Vec<MaterialId>,
    cycle: i64,
}

impl Bands {
    fn new(seed: u64, p: &WarpedBands) -> Self {
        let mut cycle = 0;
        let tops = p.bands.iter().map(|b| {
            cycle += i64::from(b.thickness);
            cycle
        });
        Self {
            tops: tops.collect(),
            cycle,
            noise: Noise { seed, cells: p.cells, octaves: p.octaves, amplitude: p.amplitude },
            datum: i64::from(p.datum),
            dip_north: i64::from(p.dip_north),
            materials: p.bands.iter().map(|b| b.material).collect(),
        }
    }

    fn dip(&self, y: u32) -> i64 {
        ((i64::from(y) - i64::from(WORLD_Y / 2)) * self.dip_north) >> 16
    }

    /// The tick on which the datum lies at a place; may be outside the root cube.
    fn datum_tick(&self, x: u32, y: u32) -> i64 {
        i64::from(SEA_LEVEL) + self.datum + self.noise.at(x, y) + self.dip(y)
    }

    /// Which band holds a height above the datum, and how far above its bottom cycle's start that is.
    fn band(&self, height: i64) -> (usize, i64) {
        let phase = height.rem_euclid(self.cycle);
        (self.tops.partition_point(|&top| top <= phase), phase)
    }
}

impl ColumnFunction for Bands {
    fn material(&self, [x, y, z]: [u32; 3]) -> Option<MaterialId> {
        let (band, _) = self.band(i64::from(z) - self.datum_tick(x, y));
        Some(self.materials[band])
    }

    fn column(&self, x: u32, y: u32, z0: u32, z1: u32, out: &mut Vec<ColumnRun>) {
        if z0 >= z1 {
            return;
        }
        if let [material] = self.materials[..] {
            out.push(ColumnRun { from: z0, to: z1, material: Some(material) });
            return;
        }
        let (mut band, phase) = self.band(i64::from(z0) - self.datum_tick(x, y));
        let mut left = self.tops[band] - phase;
        let mut from = z0;
        while from < z1 {
            // `left` is positive, so this ends; the minimum is a tick.
            let to = (i64::from(from) + left).min(i64::from(z1)) as u32;
            out.push(ColumnRun { from, to, material: Some(self.materials[band]) });
            from = to;
            band = (band + 1) % self.tops.len();
            left = self.tops[band] - if band == 0 { 0 } else { self.tops[band - 1] };
        }
    }

    fn uniform(&self, bounds: &TickBox) -> Option<MaterialId> {
        if bounds.is_empty() {
            return None;
        }
        let ([x0, y0, z0], [x1, y1, z1]) = (bounds.min, bounds.max.map(|c| c - 1));
        let noise = self.noise.bounds((x0, x1), (y0, y1));
        let dips = [self.dip(y0), self.dip(y1)];
        let datum = Bounds {
            min: i64::from(SEA_LEVEL) + self.datum + noise.min + dips[0].min(dips[1]),
            max: i64::from(SEA_LEVEL) + self.datum + noise.max + dips[0].max(dips[1]),
        };
        let (low, high) = (i64::from(z0) - datum.max, i64::from(z1) - datum.min);
        // Walk up from the lowest band that the box may touch while the material stays the same.
        let (mut band, phase) = self.band(low);
        let material = self.materials[band];
        let mut reached = low - phase + self.tops[band];
        for _ in 0..self.tops.len() {
            if reached > high {
                return Some(material);
            }
            band = (band + 1) % self.tops.len();
            if self.materials[band] != material {
                return None;
            }
            reached += self.tops[band] - if band == 0 { 0 } else { self.tops[band - 1] };
        }
        // A whole cycle of one material.
        Some(material)
    }
}

/// Version 1.
struct BandsV1;

impl Generator for BandsV1 {
    fn id(&self) -> u32 {
        WarpedBands::ID
    }

    fn version(&self) -> u32 {
        WarpedBands::VERSION
    }

    fn name(&self) -> &'static str {
        WHAT
    }

    fn instantiate(&self, seed: u64, params: &[u8]) -> Result<Box<dyn ColumnFunction>, DecodeError> {
        Ok(Box::new(Bands::new(seed, &WarpedBands::from_params(params)?)))
    }
}
